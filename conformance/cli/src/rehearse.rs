//! `fulcrum rehearse`: somebody's real objects, moved in a simulation before anyone touches them.

mod text;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::{graph, input, output};
use clap::Args;
use fulcrum_reference::rehearse::{self, RehearsalError};
use std::path::PathBuf;

/// Move the real objects of a cluster between two simulated API servers.
#[derive(Args, Debug)]
pub(crate) struct RehearseArgs {
    /// Files or folders with kubectl's JSON or YAML; `-` is standard input. Of a folder, every
    /// .json, .yaml and .yml file in it and below.
    #[arg(required = true, value_name = "FILE|DIR")]
    inputs: Vec<PathBuf>,
    /// Rehearse the move of this Cluster alone. Say it again for each further one.
    #[arg(long = "cluster", value_name = "NAMESPACE/NAME")]
    clusters: Vec<String>,
    /// Print what came of it for a program.
    #[arg(long)]
    json: bool,
    /// Write to this file in place of standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Reads, rehearses and tells.
pub(crate) fn run(args: &RehearseArgs) -> Result<Exit, Failure> {
    let sources = input::read(&args.inputs)?;
    let rehearsal = rehearse::rehearse(sources, &args.clusters).map_err(|error| match error {
        RehearsalError::Plan(error) => graph::no_plan(error),
        error @ RehearsalError::World { .. } => Failure::bad_input(error),
        error @ (RehearsalError::Runtime(_) | RehearsalError::Pair(_)) => Failure::own_fault(error),
    })?;
    let told = if args.json {
        let mut text = serde_json::to_string_pretty(&rehearsal).map_err(Failure::own_fault)?;
        text.push('\n');
        text
    } else {
        text::render(&rehearsal)
    };
    output::write(args.output.as_deref(), &told)?;
    let fine = rehearsal.refused.is_empty() && rehearsal.clusters.iter().all(|c| c.is_fine());
    Ok(if fine { Exit::Fine } else { Exit::RuleFailed })
}
