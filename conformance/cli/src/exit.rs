//! The exit codes, by kind of outcome.

use fulcrum_harness::verdict::Outcome;
use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// Nothing is wrong: what was asked for is done, and no rule failed or stayed unknown.
    Fine = 0,
    /// A rule failed, or a rehearsed cluster would not move whole.
    RuleFailed = 1,
    /// The arguments are wrong, or name a place that cannot be written.
    Usage = 2,
    /// An input cannot be read, or is not what it is said to be.
    BadInput = 3,
    /// No rule failed, but the logs do not show whether every rule was kept.
    Unknown = 4,
    /// The program itself is at fault.
    OwnFault = 70,
}

/// What `--help` says about the exit codes.
pub(crate) const HELP: &str = "\
Exit codes:
  0   nothing is wrong
  1   judge: a rule failed; rehearse: a cluster would not move whole
  2   the arguments are wrong, or name a place that cannot be written
  3   an input cannot be read, or is not what it should be
  4   judge: no rule failed, but the logs do not show whether every rule was kept
  70  the program itself is at fault";

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Passed => Self::Fine,
            Outcome::Failed => Self::RuleFailed,
            Outcome::Unknown => Self::Unknown,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_help() {
        let all = [
            Exit::Fine,
            Exit::RuleFailed,
            Exit::Usage,
            Exit::BadInput,
            Exit::Unknown,
            Exit::OwnFault,
        ];
        for exit in all {
            let start = format!("  {:<4}", exit as u8);
            assert!(HELP.lines().any(|line| line.starts_with(&start)), "{exit:?}");
        }
        assert_eq!(HELP.lines().count(), all.len() + 1);
    }
}
