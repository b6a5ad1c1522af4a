//! What judging says: outcomes, findings with their witness, measurements and a timeline.

use jiff::Timestamp;
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// How a rule came out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The history shows that the rule was kept.
    Passed,
    /// The history shows that the rule was broken.
    Failed,
    /// The history does not show either; the finding says what is missing.
    Unknown,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        })
    }
}

/// The id of a rule of the contract, such as `H1a`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub struct RuleId(
    /// The id as the contract writes it.
    pub &'static str,
);

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

/// What one checker says about one rule.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// The id of the rule.
    pub rule: &'static str,
    /// The case id of the checker, such as `checker/one-owner-intent`.
    pub checker: &'static str,
    /// How it came out.
    pub outcome: Outcome,
    /// One or two plain sentences: what was expected and observed, naming objects and fields.
    pub summary: String,
    /// The events that show it, in order, under ten.
    pub witness: Vec<Line>,
}

/// Something that happened, as one line of a witness or a row of the timeline.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Line {
    /// When it was received.
    pub at: Timestamp,
    /// Where: `source`, `target` or `infrastructure`.
    pub cluster: String,
    /// Who: a program, a user, or empty where nobody is named.
    pub actor: String,
    /// What, in plain words.
    pub what: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} {:<14} ", self.at, self.cluster)?;
        if !self.actor.is_empty() {
            write!(f, "{}: ", self.actor)?;
        }
        f.write_str(&self.what)
    }
}

/// A duration that was measured, with its error bar.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Measurement {
    /// What was measured, such as `unowned window`.
    pub name: &'static str,
    /// The middle of what it can have been.
    pub value: Duration,
    /// Plus or minus.
    pub error: Duration,
    /// From what to what it was measured, and what the number does not say.
    pub note: String,
}

/// Everything that judging one history says.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Judgement {
    /// One for each rule that a checker judges, in the checkers' order.
    pub findings: Vec<Finding>,
    /// What was measured.
    pub measurements: Vec<Measurement>,
    /// The move in plain words, in order.
    pub timeline: Vec<Line>,
    /// What the logs do not say, once each.
    pub notes: Vec<String>,
}
