//! Every exploration as a trial: `holds/…` to the end of its bounds, `finds/…` until its story is found.

#![allow(clippy::print_stdout, reason = "a trial tells how much it explored")]

use std::process::ExitCode;

use fulcrum_explore::catalogue::{Exploration, all};
use libtest_mimic::{Arguments, Failed, Trial};

/// More than any exploration of the tests needs: whoever reaches it is not complete.
const LIMIT: usize = 6_000_000;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = all().into_iter().map(trial).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(exploration: Exploration) -> Trial {
    let kind = if exploration.finds.is_empty() { "holds" } else { "finds" };
    let name = format!("{kind}/{}", exploration.scenario.name);
    let deep = exploration.deep;
    Trial::test(name, move || explore(&exploration)).with_ignored_flag(deep)
}

fn explore(exploration: &Exploration) -> Result<(), Failed> {
    let report = exploration.explore(LIMIT);
    println!("{}: {report}", exploration.scenario.name);
    exploration.complain(&report).map_or(Ok(()), |complaint| Err(Failed::from(complaint)))
}
