//! `fulcrum graph`: what a move would carry, in which order, and what it would leave.

mod dot;
mod json;
mod plan;
mod svg;
mod text;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::output;
use clap::Args;
use fulcrum_reference::graph::{self, GraphReport, PlanError};
use std::path::PathBuf;

/// Show which objects a move would carry, in which order, and what it would leave.
#[derive(Args, Debug)]
pub(crate) struct GraphArgs {
    /// Files or folders with kubectl's JSON or YAML; `-` is standard input. Of a folder, every
    /// .json, .yaml and .yml file in it and below.
    #[arg(required = true, value_name = "FILE|DIR")]
    inputs: Vec<PathBuf>,
    /// Plan this Cluster alone. Say it again for each further one.
    #[arg(long = "cluster", value_name = "NAMESPACE/NAME")]
    clusters: Vec<String>,
    /// Draw the graph for Graphviz.
    #[arg(long, group = "format")]
    dot: bool,
    /// Draw the graph as a picture for a browser; nothing else is needed.
    #[arg(long, group = "format")]
    svg: bool,
    /// Print the plan for a program.
    #[arg(long, group = "format")]
    json: bool,
    /// Show the order of deletion: the exact reverse.
    #[arg(long)]
    reverse: bool,
    /// Write to this file in place of standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The order in which objects are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Direction {
    Import,
    Deletion,
}

/// Reads, orders and shows.
pub(crate) fn run(args: &GraphArgs) -> Result<Exit, Failure> {
    let sources = input::read(&args.inputs)?;
    let mut report = graph::plan(sources, &args.clusters).map_err(no_plan)?;
    let direction = if args.reverse {
        reverse(&mut report);
        Direction::Deletion
    } else {
        Direction::Import
    };
    output::write(args.output.as_deref(), &render(args, &report, direction)?)?;
    match report.problems.is_empty() {
        true => Ok(Exit::Fine),
        false => Err(no_plan(PlanError::Unplaceable { problems: report.problems })),
    }
}

/// Why a Cluster has no plan; others may have one, which was shown.
pub(crate) fn no_plan(error: PlanError) -> Failure {
    match error {
        PlanError::NotThere { .. } => Failure::usage(error),
        _ => Failure::bad_input(error)
            .hint("fulcrum graph --help: how to take a dump of your objects"),
    }
}

fn render(args: &GraphArgs, report: &GraphReport, order: Direction) -> Result<String, Failure> {
    match args {
        GraphArgs { json: true, .. } => json::render(report),
        GraphArgs { dot: true, .. } => Ok(dot::render(report)),
        GraphArgs { svg: true, .. } => Ok(svg::render(report)),
        _ => Ok(text::render(report, order)),
    }
}

/// Deletion is the exact reverse of import: last level first, last object of a level first.
fn reverse(report: &mut GraphReport) {
    for cluster in &mut report.clusters {
        cluster.levels.reverse();
        for level in &mut cluster.levels {
            level.reverse();
        }
    }
}
