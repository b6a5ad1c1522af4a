//! Explores the hand-over: `fulcrum-explore --help`.

#![allow(clippy::print_stderr, reason = "a program that says what went wrong")]

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use fulcrum_explore::catalogue::{Exploration, all};

/// Explores every interleaving of a hand-over of one cluster.
///
/// Each scenario says what may go wrong and how often; it is explored to the end. Some scenarios
/// have a rule of the contract taken out: those must find the story that the rule prevents.
#[derive(Parser)]
#[command(name = "fulcrum-explore", version)]
#[command(after_help = "Examples:
  fulcrum-explore                     what the tests explore
  fulcrum-explore --deep              what takes minutes as well
  fulcrum-explore --story pause-late  tell the story that is found
  fulcrum-explore --list              names and claims

Exit codes: 0 all as it must be, 1 not.")]
struct Options {
    /// Only scenarios whose name contains one of these.
    names: Vec<String>,
    /// Explore the long ones as well.
    #[arg(long)]
    deep: bool,
    /// Give up on a scenario after so many states.
    #[arg(long, default_value_t = 40_000_000)]
    limit: usize,
    /// Tell each story that is found, step by step.
    #[arg(long)]
    story: bool,
    /// List the scenarios and stop.
    #[arg(long)]
    list: bool,
}

impl Options {
    fn wants(&self, exploration: &Exploration) -> bool {
        let name = exploration.scenario.name;
        let named = self.names.iter().any(|part| name.contains(part.as_str()));
        named || self.names.is_empty() && (self.deep || self.list || !exploration.deep)
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options, &mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: writing to standard output: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all is as it must be.
fn run(options: &Options, out: &mut impl Write) -> io::Result<bool> {
    let chosen: Vec<_> = all().into_iter().filter(|it| options.wants(it)).collect();
    if chosen.is_empty() {
        writeln!(out, "no scenario has such a name; --list shows them all")?;
        return Ok(false);
    }
    let mut good = true;
    for exploration in &chosen {
        good &= explore(exploration, options, out)?;
    }
    Ok(good)
}

fn explore(exploration: &Exploration, options: &Options, out: &mut impl Write) -> io::Result<bool> {
    let scenario = &exploration.scenario;
    writeln!(out, "{}: {}", scenario.name, scenario.claim)?;
    if options.list {
        return Ok(true);
    }
    let report = exploration.explore(options.limit);
    writeln!(out, "    {report}")?;
    let complaint = exploration.complain(&report);
    match (&complaint, &report.story) {
        (Some(complaint), _) => writeln!(out, "{complaint}")?,
        (None, Some(story)) if options.story => writeln!(out, "{story}")?,
        _ => {}
    }
    Ok(complaint.is_none())
}
