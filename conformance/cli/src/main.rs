//! The `fulcrum` program: judges a move by the logs of its two sides, orders real objects,
//! rehearses their move, and serves a Kubernetes API from memory.
//!
//! Each command is a file: `demonstration` (no command), `judge`, `graph`, `rehearse`, `apiserver`. What they
//! say is made by the rooms below; here are arguments, files, exit codes and the one place where an
//! error is printed.

mod apiserver;
mod arguments;
mod demonstration;
mod exit;
mod failure;
mod graph;
mod input;
mod judge;
mod output;
mod progress;
mod rehearse;

use arguments::{Arguments, Command};
use clap::Parser;
use exit::Exit;
use failure::Failure;
use std::io::Write;
use std::panic;
use std::process::ExitCode;

/// Said after a panic, which has said where it was.
const OWN_FAULT: &str = "\
error: this is a fault of fulcrum itself
  try: report it with the lines above, and the input if you may share it";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let exit = match panic::catch_unwind(|| run(&arguments)) {
        Ok(Ok(exit)) => exit,
        Ok(Err(failure)) => {
            complain(&failure.to_string());
            failure.exit()
        }
        Err(_) => {
            complain(OWN_FAULT);
            Exit::OwnFault
        }
    };
    exit.into()
}

fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    match &arguments.command {
        None => demonstration::run(),
        Some(Command::Judge(arguments)) => judge::run(arguments),
        Some(Command::Graph(arguments)) => graph::run(arguments),
        Some(Command::Rehearse(arguments)) => rehearse::run(arguments),
        Some(Command::Apiserver(arguments)) => apiserver::run(arguments),
    }
}

/// Writes to standard error; when that is gone there is nobody left to tell.
fn complain(words: &str) {
    let _gone = writeln!(std::io::stderr().lock(), "{words}");
}
