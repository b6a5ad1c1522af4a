//! `report.yaml`: a typed conformance report.

use super::InputReport;
use crate::rule;
use crate::verdict::{Finding, Judgement, Line, Measurement, Outcome};
use serde::Serialize;
use std::io;

/// The version of the report's format.
pub const API_VERSION: &str = "fulcrum.dev/v1alpha1";

/// What one subject did, rule by rule.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConformanceReport {
    /// Always [`API_VERSION`].
    pub api_version: &'static str,
    /// Always `ConformanceReport`.
    pub kind: &'static str,
    /// The version of the program that judged.
    pub fulcrum: &'static str,
    /// Failed when a rule failed; else unknown when one is unknown; else passed.
    pub outcome: Outcome,
    /// How many checks came out how.
    pub counts: Counts,
    /// The files that were judged.
    pub inputs: Vec<InputReport>,
    /// An entry for each check, in the checkers' order.
    pub rules: Vec<RuleReport>,
    /// The rules of the contract that no checker of this judge looks at.
    pub not_judged: Vec<&'static str>,
    /// What was measured.
    pub measurements: Vec<MeasurementReport>,
    /// The move in plain words, in order.
    pub timeline: Vec<EventReport>,
    /// What the inputs do not say.
    pub notes: Vec<String>,
}

/// How many checks came out how.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Kept.
    pub passed: usize,
    /// Broken.
    pub failed: usize,
    /// Not to be told from the inputs.
    pub unknown: usize,
    /// Rules that no checker of this judge looks at.
    pub not_judged: usize,
}

/// What one checker says about its rule.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleReport {
    /// Its id in the contract.
    pub id: String,
    /// Whether it belongs to the core-safety profile.
    pub core: bool,
    /// Its words.
    pub text: String,
    /// The case id of the checker.
    pub checker: String,
    /// How it came out.
    pub outcome: Outcome,
    /// What was expected and what was seen.
    pub summary: String,
    /// The events that show it.
    pub witness: Vec<EventReport>,
}

/// One event of a witness or of the timeline.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventReport {
    /// When, in UTC, as RFC 3339.
    pub at: String,
    /// Where.
    pub cluster: String,
    /// Who.
    pub actor: String,
    /// What.
    pub what: String,
}

/// A measured duration.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MeasurementReport {
    /// What was measured.
    pub name: String,
    /// Its value.
    pub seconds: f64,
    /// Its error bar, up and down.
    pub plus_or_minus_seconds: f64,
    /// From what to what.
    pub note: String,
}

impl Judgement {
    /// Failed when a rule failed; else unknown when one is, or none was judged; else passed.
    pub fn outcome(&self) -> Outcome {
        let has = |outcome: Outcome| self.findings.iter().any(|found| found.outcome == outcome);
        if has(Outcome::Failed) {
            Outcome::Failed
        } else if has(Outcome::Unknown) || self.findings.is_empty() {
            Outcome::Unknown
        } else {
            Outcome::Passed
        }
    }
}

impl ConformanceReport {
    /// The report of a judgement over those inputs.
    pub fn new(judgement: &Judgement, inputs: Vec<InputReport>) -> Self {
        let not_judged: Vec<&'static str> = rule::all()
            .iter()
            .map(|rule| rule.id.as_str())
            .filter(|id| judgement.findings.iter().all(|finding| finding.rule != *id))
            .collect();
        Self {
            api_version: API_VERSION,
            kind: "ConformanceReport",
            fulcrum: env!("CARGO_PKG_VERSION"),
            outcome: judgement.outcome(),
            counts: Counts::of(judgement, not_judged.len()),
            inputs,
            rules: judgement.findings.iter().map(RuleReport::from).collect(),
            not_judged,
            measurements: judgement.measurements.iter().map(MeasurementReport::from).collect(),
            timeline: judgement.timeline.iter().map(EventReport::from).collect(),
            notes: judgement.notes.clone(),
        }
    }

    /// Writes the report as YAML.
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub(super) fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let yaml = serde_saphyr::to_string(self).map_err(io::Error::other)?;
        out.write_all(yaml.as_bytes())
    }
}

impl Counts {
    fn of(judgement: &Judgement, not_judged: usize) -> Self {
        let count = |outcome: Outcome| {
            let findings = judgement.findings.iter();
            findings.filter(|finding| finding.outcome == outcome).count()
        };
        Self {
            passed: count(Outcome::Passed),
            failed: count(Outcome::Failed),
            unknown: count(Outcome::Unknown),
            not_judged,
        }
    }
}

impl From<&Finding> for RuleReport {
    fn from(finding: &Finding) -> Self {
        let rule = rule::find(finding.rule);
        Self {
            id: finding.rule.to_owned(),
            core: rule.is_some_and(|rule| rule.core),
            text: rule.map(rule::Rule::plain_text).unwrap_or_default(),
            checker: finding.checker.to_owned(),
            outcome: finding.outcome,
            summary: finding.summary.clone(),
            witness: finding.witness.iter().map(EventReport::from).collect(),
        }
    }
}

impl From<&Line> for EventReport {
    fn from(line: &Line) -> Self {
        Self {
            at: line.at.to_string(),
            cluster: line.cluster.clone(),
            actor: line.actor.clone(),
            what: line.what.clone(),
        }
    }
}

impl From<&Measurement> for MeasurementReport {
    fn from(measurement: &Measurement) -> Self {
        Self {
            name: measurement.name.to_owned(),
            seconds: measurement.value.as_secs_f64(),
            plus_or_minus_seconds: measurement.error.as_secs_f64(),
            note: measurement.note.clone(),
        }
    }
}
