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
use std::time::Duration;

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
    /// How many seconds the clocks of the machines may be from each other.
    ///
    /// Acts of different servers that lie nearer than this are of unknown order, and a verdict that
    /// rests on one is unknown. A time daemon keeps clocks within a tenth of a second with ease, but
    /// no log shows that one ran: state 5 for clocks that nobody keeps, which lose that in some
    /// days, and 0 where both API servers ran on one machine. Several API servers of one side need
    /// nothing stated: there resourceVersions tell what came first.
    #[arg(long, value_name = "SECONDS", default_value = "0.1", value_parser = seconds)]
    clock_error: Duration,
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
            clock_error: self.clock_error,
        }
    }

    /// How many bytes there are to read; what is not there counts nothing, and fails later.
    fn bytes(&self) -> u64 {
        let files = self.source.iter().chain(&self.target);
        let sizes = files.filter_map(|file| fs::metadata(file).ok());
        sizes.map(|metadata| metadata.len()).sum()
    }
}

/// No clocks that are further apart can be compared at all.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    let duration = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    if duration > DAY { Err("expected at most a day".to_owned()) } else { Ok(duration) }
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

#[cfg(test)]
mod tests {
    use super::*;
    use fulcrum_harness::evidence::CLOCK_ERROR;

    #[test]
    fn a_clock_error_is_a_number_of_seconds() {
        assert_eq!(seconds("0.1"), Ok(CLOCK_ERROR), "the default of the harness");
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        for wrong in ["-1", "NaN", "inf", "1e9", "5s", ""] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
