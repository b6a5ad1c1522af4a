//! Explores the hand-over: `fulcrum-explore --help`.

#![allow(clippy::print_stdout, reason = "a program that prints")]

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
    let chosen: Vec<_> = all().into_iter().filter(|it| options.wants(it)).collect();
    if chosen.is_empty() {
        println!("no scenario has such a name; --list shows them all");
        return ExitCode::FAILURE;
    }
    let complaints = chosen.iter().filter(|it| !explore(it, &options)).count();
    if complaints == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn explore(exploration: &Exploration, options: &Options) -> bool {
    let scenario = &exploration.scenario;
    println!("{}: {}", scenario.name, scenario.claim);
    if options.list {
        return true;
    }
    let report = exploration.explore(options.limit);
    println!("    {report}");
    let complaint = exploration.complain(&report);
    match (&complaint, &report.story) {
        (Some(complaint), _) => println!("{complaint}"),
        (None, Some(story)) if options.story => println!("{story}"),
        _ => {}
    }
    complaint.is_none()
}
