//! Judges a history: every checker, unasked, and what happened in plain words.

mod possible;
mod prepare;
mod timeline;

pub use crate::evidence::{Evidence, EvidenceError};
pub use crate::input::Input;

use crate::checker::{self, Scene};
use crate::history::{History, Level, Side};
use crate::verdict::{Finding, Judgement, Measurement};
use std::sync::LazyLock;

/// A case that a checker is: what the contract names at its rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Case {
    /// Its id, such as `checker/one-owner-intent`.
    pub id: &'static str,
    /// The rules that it judges.
    pub rules: &'static [&'static str],
    /// What it claims, in one sentence.
    pub claim: &'static str,
}

/// Every checker as a case.
#[must_use]
pub fn cases() -> &'static [Case] {
    static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
        let case = |checker: &'static checker::Checker| Case {
            id: checker.id,
            rules: std::slice::from_ref(&checker.rule),
            claim: checker.claim,
        };
        checker::all().iter().map(case).collect()
    });
    &CASES
}

/// Judges a history. The same history is always judged the same.
///
/// Only what holds however the records are read is passed or failed: with clocks that differ by as
/// much as they may, see [`History::clock_error`], and whatever was lost.
#[must_use]
pub fn judge(history: &History) -> Judgement {
    let (history, done) = prepare::prepared(history);
    let scene = Scene::of(&history);
    let Found { findings, measurements } = possible::weigh(&scene, found(&scene));
    let notes = [notes(&scene), done].concat();
    Judgement { findings, measurements, timeline: timeline::of(&scene), notes }
}

/// What the checkers say.
struct Found {
    findings: Vec<Finding>,
    measurements: Vec<Measurement>,
}

fn found(scene: &Scene<'_>) -> Found {
    let mut found = Found { findings: Vec::new(), measurements: Vec::new() };
    for checker in checker::all() {
        let (finding, mut measurements) = checker.judge(scene);
        found.findings.push(finding);
        found.measurements.append(&mut measurements);
    }
    found
}

/// What the logs do not say, once each.
fn notes(scene: &Scene<'_>) -> Vec<String> {
    let history = scene.history();
    let mut notes = history.notes().to_vec();
    for side in Side::BOTH.into_iter().filter(|side| !history.has(*side)) {
        notes.push(format!("There is no log of the {side}."));
    }
    if !history.records().infrastructure {
        notes.push("There is no record of the infrastructure.".into());
    }
    if !history.records().connections {
        notes.push("There is no record of connections.".into());
    }
    notes.extend(scene.clocks.doubt().map(str::to_owned));
    notes.extend(clock_error(scene));
    for side in Side::BOTH {
        notes.extend(without_bodies(history, side));
    }
    notes.extend(ends_early(scene));
    notes
}

/// How far the clocks are believed.
fn clock_error(scene: &Scene<'_>) -> Option<String> {
    let most = scene.history().clock_error();
    let believed = !most.is_zero() && scene.clocks.doubt().is_none();
    believed.then(|| {
        format!(
            "The clocks of the servers are taken to be at most {} s from each other.",
            most.as_secs_f64()
        )
    })
}

/// Kinds of which the log holds no body.
fn without_bodies(history: &History, side: Side) -> Option<String> {
    let writes = || history.writes().filter(|write| write.side == side && write.took_effect());
    let of_secrets = || writes().filter(|write| write.object.is_secret());
    let bare = |level: Level| level == Level::Metadata;
    if writes().next().is_some() && writes().all(|write| bare(write.level)) {
        return Some(format!("The {side}'s log holds no bodies (level Metadata)."));
    }
    let secrets = of_secrets().next().is_some() && of_secrets().all(|write| bare(write.level));
    secrets.then(|| format!("The {side}'s log holds no bodies of Secrets, as is right."))
}

/// A log that stops while the other goes on.
fn ends_early(scene: &Scene<'_>) -> Option<String> {
    let (_, source) = scene.history().span(Side::Source)?;
    let (_, target) = scene.history().span(Side::Target)?;
    let trusted = scene.clocks.doubt().is_none();
    (trusted && source < target).then(|| {
        format!(
            "The source's log ends at {source:.3}, the target's at {target:.3}: what happened at \
             the source in between is not judged."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::build::{Story, pivot};
    use crate::verdict::Outcome;

    #[test]
    fn a_pivot_breaks_no_rule() {
        let judgement = judge(&pivot().history());
        let failed: Vec<_> =
            judgement.findings.iter().filter(|one| one.outcome == Outcome::Failed).collect();
        assert!(failed.is_empty(), "{failed:?}");
        assert_eq!(judgement.findings.len(), cases().len());
        assert!(judgement.timeline.len() > 4, "{:?}", judgement.timeline);
    }

    #[test]
    fn witnesses_and_timelines_are_short() {
        let judgement = judge(&pivot().history());
        assert!(judgement.findings.iter().all(|finding| finding.witness.len() < 10));
        assert!(judgement.timeline.len() <= 25);
    }

    #[test]
    fn nothing_is_judged_as_unknown() {
        let judgement = judge(&Story::new().history());
        assert!(judgement.findings.iter().all(|one| one.outcome == Outcome::Unknown));
    }
}
