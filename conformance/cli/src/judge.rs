//! `fulcrum judge`: verdicts on a move, from what its two API servers wrote down.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::{output, progress};
use clap::Args;
use fulcrum_harness::judge::{self, Evidence, Input};
use fulcrum_harness::report::{self, ReportError};
use fulcrum_harness::tell::{Style, tell};
use std::fs;
use std::path::PathBuf;

/// Judge a move by the audit logs of its two sides.
#[derive(Args, Debug)]
pub(crate) struct JudgeArgs {
    /// Audit logs of the API server that gives the objects away.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    source: Vec<PathBuf>,
    /// Audit logs of the API server that takes them.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    target: Vec<PathBuf>,
    /// What happened to the machines, outside both clusters.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    infrastructure: Vec<PathBuf>,
    /// Leave report.yaml, junit.xml and history.jsonl in this folder.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Rules in full, and the witnesses of rules that were kept.
    #[arg(long, short)]
    verbose: bool,
}

impl JudgeArgs {
    fn evidence(&self) -> Evidence {
        let inputs = |files: &[PathBuf]| files.iter().cloned().map(Input::File).collect();
        Evidence {
            source: inputs(&self.source),
            target: inputs(&self.target),
            infrastructure: inputs(&self.infrastructure),
        }
    }

    /// How many bytes there are to read; what is not there counts nothing, and fails later.
    fn bytes(&self) -> u64 {
        let files = self.source.iter().chain(&self.target);
        let sizes = files.filter_map(|file| fs::metadata(file).ok());
        sizes.map(|metadata| metadata.len()).sum()
    }
}

/// Reads, judges, tells and reports.
pub(crate) fn run(args: &JudgeArgs) -> Result<Exit, Failure> {
    let evidence = args.evidence();
    let history = progress::reading(args.bytes(), || evidence.read());
    let history = history.map_err(|error| {
        Failure::bad_input(error).hint("fulcrum judge --help: what the logs have to be")
    })?;
    let judgement = judge::judge(&history);
    let style = Style { colour: output::colour(), verbose: args.verbose };
    output::print(&tell(&judgement, style))?;
    if let Some(folder) = &args.report {
        report::write(folder, &judgement, &history, &evidence).map_err(unwritten)?;
        output::print(&format!("\nReport: {}\n", folder.display()))?;
    }
    Ok(judgement.outcome().into())
}

fn unwritten(error: ReportError) -> Failure {
    match error {
        ReportError::Digest { .. } => Failure::bad_input(error),
        ReportError::Folder { .. } | ReportError::Write { .. } => Failure::usage(error),
    }
}
