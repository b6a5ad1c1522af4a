//! The checkers: each judges one claim on *every* history, unasked.
//!
//! A checker states a property of what happened and computes no order or state of its own that a
//! mover would have to compute, too. It passes only what the history shows; what the history does
//! not show is unknown, with the reason. Each file holds one checker, and beside it a history
//! written by hand that it fails and one that it passes.
//!
//! To add one: a file with a `CHECKER`, a line in [`all`], and its id at the rule in the contract.

mod clean_up;
mod clocks;
mod index;
mod infrastructure_conserved;
mod kept_pause;
mod no_credential_left;
mod no_dial_in;
mod nothing_lost;
mod one_owner_effect;
mod one_owner_intent;
mod owners;
mod owners_first;
mod re_observation;
mod undisturbed;
mod unowned_window;
mod words;

pub use clocks::Clocks;
pub(crate) use words::{count, names, plural, seconds};

use crate::history::moves::{self, Move};
use crate::history::objects::{Objects, Step};
use crate::history::{History, InfrastructureAction, InfrastructureVerb, Side, Write};
use crate::verdict::{Finding, Line, Measurement, Outcome};
use index::Index;
use std::time::Duration;

/// How many events a witness has at most.
const WITNESS: usize = 9;

/// One checker.
#[derive(Debug)]
pub struct Checker {
    /// Its case id, such as `checker/one-owner-intent`.
    pub id: &'static str,
    /// The rule that it judges.
    pub rule: &'static str,
    /// What it claims, in one sentence.
    pub claim: &'static str,
    judge: fn(&Scene<'_>, &Move<'_>) -> Verdict,
}

/// All checkers, in the order in which they are reported.
#[must_use]
pub fn all() -> &'static [Checker] {
    const ALL: &[Checker] = &[
        one_owner_intent::CHECKER,
        one_owner_effect::CHECKER,
        nothing_lost::CHECKER,
        owners_first::CHECKER,
        infrastructure_conserved::CHECKER,
        clean_up::CHECKER,
        no_dial_in::CHECKER,
        no_credential_left::CHECKER,
        undisturbed::CHECKER,
        unowned_window::CHECKER,
        re_observation::CHECKER,
    ];
    ALL
}

/// A history with what was found in it.
#[derive(Debug)]
pub struct Scene<'h> {
    /// The objects.
    pub objects: Objects<'h>,
    /// The hand-overs.
    pub moves: Vec<Move<'h>>,
    /// Whether the clocks of the two logs agree.
    pub clocks: Clocks,
    index: Index,
}

impl<'h> Scene<'h> {
    /// Finds out what a history shows.
    #[must_use]
    pub fn of(history: &'h History) -> Self {
        let objects = Objects::of(history);
        let moves = moves::recognise(&objects);
        let clocks = Clocks::of(&objects, &moves);
        let index = Index::of(&objects, &moves);
        Self { objects, moves, clocks, index }
    }

    /// The history.
    #[must_use]
    pub fn history(&self) -> &'h History {
        self.objects.history()
    }

    /// An unknown that names the log which is not there.
    pub(crate) fn lacks(&self, sides: &[Side]) -> Option<Verdict> {
        let missing = sides.iter().find(|side| !self.history().has(**side))?;
        Some(Verdict::unknown(format!("There is no log of the {missing}.")))
    }

    /// An unknown that says that the source's log does not speak of the Cluster that moved.
    pub(crate) fn knows_no_source_of(&self, one: &Move<'_>) -> Option<Verdict> {
        self.objects.track(Side::Source, &one.cluster).is_none().then(|| {
            let name = self.objects.name(&one.cluster);
            Verdict::unknown(format!("The source's log has no write to {name}."))
        })
    }

    /// Whether the target's Cluster is known to be paused to the end of its log.
    pub(crate) fn stays_paused(&self, one: &Move<'_>) -> bool {
        let cluster = self.objects.track(Side::Target, &one.cluster);
        let last = cluster.and_then(|cluster| cluster.steps.last());
        last.is_some_and(|last| last.state.facts.spec_paused == Some(true))
    }

    /// An unknown that says why the clocks of the two logs cannot be compared.
    pub(crate) fn doubts_clocks(&self) -> Option<Verdict> {
        self.clocks.doubt().map(|doubt| Verdict::unknown(doubt.to_owned()))
    }

    /// One step as a line of a witness.
    pub(crate) fn line(&self, step: &Step<'_>) -> Line {
        let name = self.objects.name(&step.write.object);
        line(step.write, format!("{} {name}", step.change.describe()))
    }
}

/// What one checker says about one move.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) outcome: Outcome,
    pub(crate) summary: String,
    pub(crate) witness: Vec<Line>,
    pub(crate) measurements: Vec<Measurement>,
}

impl Verdict {
    fn new(outcome: Outcome, summary: String) -> Self {
        Self { outcome, summary, witness: Vec::new(), measurements: Vec::new() }
    }

    pub(crate) fn passed(summary: String) -> Self {
        Self::new(Outcome::Passed, summary)
    }

    pub(crate) fn failed(summary: String) -> Self {
        Self::new(Outcome::Failed, summary)
    }

    pub(crate) fn unknown(summary: String) -> Self {
        Self::new(Outcome::Unknown, summary)
    }

    /// With the events that show it; of too many the first ones.
    pub(crate) fn with(mut self, witness: impl IntoIterator<Item = Line>) -> Self {
        self.witness.extend(witness);
        self.witness.sort_by_key(|line| line.at);
        self.witness.truncate(WITNESS);
        self
    }

    pub(crate) fn measuring(mut self, measurement: Measurement) -> Self {
        self.measurements.push(measurement);
        self
    }
}

impl Checker {
    /// Judges a history: one finding over all moves in it, and what was measured.
    #[must_use]
    pub fn judge(&self, scene: &Scene<'_>) -> (Finding, Vec<Measurement>) {
        let verdicts: Vec<Verdict> =
            scene.moves.iter().map(|one| self.judge_named(scene, one)).collect();
        let mut measurements = Vec::new();
        let mut worst = None;
        for mut verdict in verdicts {
            measurements.append(&mut verdict.measurements);
            worst = Some(worse(worst, verdict));
        }
        let verdict = worst.unwrap_or_else(|| no_move(scene));
        let finding = Finding {
            rule: self.rule,
            checker: self.id,
            outcome: verdict.outcome,
            summary: verdict.summary,
            witness: verdict.witness,
        };
        (finding, measurements)
    }

    /// With several moves each summary says of which it speaks.
    fn judge_named(&self, scene: &Scene<'_>, one: &Move<'_>) -> Verdict {
        let mut verdict = (self.judge)(scene, one);
        if scene.moves.len() > 1 {
            let name = scene.objects.name(&one.cluster);
            verdict.summary = format!("{name}: {}", verdict.summary);
            for measurement in &mut verdict.measurements {
                measurement.note = format!("{name}: {}", measurement.note);
            }
        }
        verdict
    }
}

fn worse(worst: Option<Verdict>, verdict: Verdict) -> Verdict {
    match worst {
        Some(worst) if rank(worst.outcome) >= rank(verdict.outcome) => worst,
        _ => verdict,
    }
}

fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Passed => 0,
        Outcome::Unknown => 1,
        Outcome::Failed => 2,
    }
}

fn no_move(scene: &Scene<'_>) -> Verdict {
    scene.lacks(&[Side::Target]).unwrap_or_else(|| {
        let clusters = scene.objects.of_side(Side::Target).any(|track| track.key.is_cluster());
        let shared = moves::of_one_server(&scene.objects);
        Verdict::unknown(if let Some(cluster) = shared {
            format!(
                "No hand-over shows: both logs are of one API server, for {} has one UID in both.",
                scene.objects.name(cluster)
            )
        } else if moves::goes_back(&scene.objects) {
            "No hand-over shows from source to target, but one the other way round: the two logs \
             may be exchanged."
                .into()
        } else if clusters {
            "No hand-over shows: no Cluster of the target was created there as a copy.".into()
        } else {
            "No hand-over shows: the target's log has no write to a Cluster of Cluster API.".into()
        })
    })
}

/// One write as a line.
pub(crate) fn line(write: &Write, what: String) -> Line {
    Line {
        at: write.received,
        cluster: write.side.to_string(),
        actor: write.actor.to_string(),
        what,
    }
}

/// One act on the infrastructure as a line.
pub(crate) fn line_of_action(action: &InfrastructureAction) -> Line {
    Line {
        at: action.at,
        cluster: "infrastructure".into(),
        actor: action.on_behalf_of.map(|side| format!("for the {side}")).unwrap_or_default(),
        what: format!("{} {} was {}", action.kind, action.name, done(action.action)),
    }
}

/// What an act did to its machine, as a participle.
pub(crate) fn done(action: InfrastructureVerb) -> &'static str {
    match action {
        InfrastructureVerb::Create => "made",
        InfrastructureVerb::Delete => "removed",
        InfrastructureVerb::Start => "started",
        InfrastructureVerb::Stop => "stopped",
        InfrastructureVerb::Kill => "killed",
    }
}

/// From one write to another: the middle of what it can have been, and plus or minus how much.
pub(crate) fn between(from: &Write, to: &Write) -> (Duration, Duration) {
    let longest = to.completed.as_nanosecond() - from.received.as_nanosecond();
    let shortest = to.received.as_nanosecond() - from.completed.as_nanosecond();
    (nanoseconds((longest + shortest) / 2), nanoseconds((longest - shortest) / 2))
}

fn nanoseconds(amount: i128) -> Duration {
    Duration::from_nanos(u64::try_from(amount).unwrap_or_default())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::history::Entry;
    use crate::history::build::Story;

    /// What one checker says about a story.
    pub(crate) fn judged(checker: &Checker, story: Story) -> Finding {
        judged_history(checker, &story.history())
    }

    /// What one checker says about a history.
    pub(crate) fn judged_history(checker: &Checker, history: &History) -> Finding {
        checker.judge(&Scene::of(history)).0
    }

    /// The same history with each act on the infrastructure changed.
    pub(crate) fn with_acts(
        history: &History,
        change: impl Fn(&mut InfrastructureAction),
    ) -> History {
        let mut entries = history.entries().to_vec();
        for entry in &mut entries {
            if let Entry::Infrastructure(action) = entry {
                change(action);
            }
        }
        History::new(entries, history.records().clone(), Vec::new())
    }

    #[test]
    fn ids_are_distinct_and_say_what_they_are() {
        let mut ids: Vec<&str> = all().iter().map(|checker| checker.id).collect();
        assert!(ids.iter().all(|id| id.starts_with("checker/")), "{ids:?}");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all().len(), "two checkers share an id");
    }

    #[test]
    fn without_a_move_nothing_is_known() {
        for checker in all() {
            let finding = judged(checker, Story::new());
            assert_eq!(finding.outcome, Outcome::Unknown, "{}", checker.id);
            assert!(finding.summary.contains("No hand-over shows"), "{}", finding.summary);
        }
    }
}
