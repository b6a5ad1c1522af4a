//! H1b: no controller writes and nothing is done to the infrastructure on behalf of a side that
//! does not own the cluster.
//!
//! The condition `Paused` and finalizers are no effects: barriers ask for exactly these. Neither is
//! a write to the status of a template: templates are never paused, and nothing follows from it. A
//! controller that was at work when the pause landed is waited for by a good mover, so its write
//! counts once its object has shown `Paused=True`, or once no later write of the mover carries it.

mod owning;

use super::{Checker, Scene, Verdict, count, line_of_action};
use crate::history::change::Change;
use crate::history::moves::Move;
use crate::history::objects::{Step, Track};
use crate::history::{Side, Write};
use crate::verdict::Line;
use jiff::Timestamp;
use owning::{Owning, Owns};

pub(super) const CHECKER: Checker = Checker {
    id: "checker/one-owner-effect",
    rule: "H1b",
    claim: "No controller acts on behalf of a side that does not own the cluster.",
    judge,
};

fn judge(scene: &Scene<'_>, one: &Move<'_>) -> Verdict {
    let mut found = Found::default();
    let owning = Owning::of(scene, one);
    for side in Side::BOTH {
        for track in scene.members(side, one) {
            let flight = Flight::of(scene, one, side, track);
            for step in track.steps.iter().filter(|step| acts(one, side, step)) {
                match disowned(&owning, &flight, track, step) {
                    Some(Weight::Effect) => found.effects.push(scene.line(step)),
                    Some(Weight::InFlight) => found.in_flight.push(scene.line(step)),
                    Some(Weight::Untold) => found.untold.push(scene.line(step)),
                    Some(Weight::None) => found.harmless += 1,
                    None => {}
                }
            }
        }
    }
    found.infrastructure(scene, one, &owning);
    // What one log shows by itself needs no other.
    if found.effects.is_empty()
        && let Some(unknown) = scene.lacks(&Side::BOTH).or_else(|| scene.knows_no_source_of(one))
    {
        return unknown;
    }
    found.verdict(scene.history().records().infrastructure)
}

/// What an act by a side that does not own weighs.
enum Weight {
    None,
    Effect,
    InFlight,
    Untold,
}

#[derive(Default)]
struct Found {
    effects: Vec<Line>,
    in_flight: Vec<Line>,
    untold: Vec<Line>,
    unplaced: Vec<Line>,
    harmless: usize,
}

impl Found {
    /// What was done to the infrastructure on behalf of a side that did not own.
    fn infrastructure(&mut self, scene: &Scene<'_>, one: &Move<'_>, owning: &Owning<'_, '_>) {
        for action in scene.history().infrastructure() {
            let Some(side) = action.on_behalf_of else {
                continue;
            };
            match (scene.is_of(action, one), owning.at(side, action.at, action.at)) {
                (Some(false), _) | (_, Owns::Yes) => {}
                (Some(true), Owns::No) => self.effects.push(line_of_action(action)),
                _ => self.unplaced.push(line_of_action(action)),
            }
        }
    }

    fn verdict(mut self, recorded: bool) -> Verdict {
        self.effects.sort_by_key(|line| line.at);
        if let Some(first) = self.effects.first() {
            return Verdict::failed(format!(
                "{}, when that side did not own the cluster{}.",
                told(first),
                more(self.effects.len())
            ))
            .with(self.effects);
        }
        if let Some(first) = self.in_flight.first() {
            return Verdict::unknown(format!(
                "{}, after the pause and before it was copied{}: at work when the pause landed, or \
                 acting in spite of it; the logs do not tell.",
                told(first),
                more(self.in_flight.len())
            ))
            .with(self.in_flight);
        }
        if let Some(first) = self.unplaced.first() {
            return Verdict::unknown(format!(
                "{}{}: of which cluster that is, or whether that side owned it then, is not on \
                 record.",
                told(first),
                more(self.unplaced.len())
            ))
            .with(self.unplaced);
        }
        if !self.untold.is_empty() {
            let writes = count(self.untold.len(), "write");
            return Verdict::unknown(format!(
                "{writes} of controllers came from a side that is not seen to own the cluster, \
                 and the log does not hold what they wrote, or whether it owned."
            ))
            .with(self.untold);
        }
        let unrecorded =
            if recorded { "" } else { " What was done to the infrastructure is not on record." };
        let controllers = match self.harmless {
            0 => "No controller wrote for a side that did not own the cluster.".into(),
            some => format!(
                "Controllers of a side that did not own the cluster made {} without effect: the \
                 condition Paused, finalizers, the status of a template, or what was there.",
                count(some, "write")
            ),
        };
        Verdict::passed(format!("{controllers}{unrecorded}"))
    }
}

/// An act as the beginning of a sentence.
fn told(line: &Line) -> String {
    let Line { at, cluster, actor, what } = line;
    match (cluster.as_str(), actor.as_str()) {
        ("infrastructure", "") => format!("The {what} at {at:.3}"),
        ("infrastructure", side) => format!("The {what} {side} at {at:.3}"),
        (_, "") => format!("Somebody at the {cluster} {what} at {at:.3}"),
        (_, actor) => format!("{actor} at the {cluster} {what} at {at:.3}"),
    }
}

fn more(all: usize) -> String {
    match all.saturating_sub(1) {
        0 => String::new(),
        more => format!(" (and {})", count(more, "more such act")),
    }
}

/// Whether a step is a controller's. Users do not write to `status`, so who does is one, too.
fn acts(one: &Move<'_>, side: Side, step: &Step<'_>) -> bool {
    let actor = &step.write.actor;
    let controls = actor.is_controller() || step.write.subresource == "status";
    controls && !actor.is_kubernetes() && !one.is_mover(side, actor)
}

/// The weight of a controller's step, when its side did not own the cluster at the time.
fn disowned(
    owning: &Owning<'_, '_>,
    flight: &Flight,
    track: &Track<'_>,
    step: &Step<'_>,
) -> Option<Weight> {
    let write = step.write;
    let owns = owning.at(write.side, write.received, write.completed);
    if owns == Owns::Yes {
        return None;
    }
    let template = track.key.resource.ends_with("templates");
    Some(match &step.change {
        Change::Nothing | Change::PausedCondition | Change::Finalizers | Change::Pause => {
            Weight::None
        }
        Change::Status if template => Weight::None,
        Change::Unknown => Weight::Untold,
        _ if owns == Owns::Untold => Weight::Untold,
        change if flight.lasts(write) => {
            if *change == Change::Status {
                Weight::None
            } else {
                Weight::InFlight
            }
        }
        _ => Weight::Effect,
    })
}

/// Until when a controller of the source may still have been at work on an object when the pause
/// landed: it has not shown `Paused=True` since, and the mover wrote its copy later.
#[derive(Default)]
struct Flight {
    shown: Option<Timestamp>,
    carried: Option<Timestamp>,
}

impl Flight {
    fn of(scene: &Scene<'_>, one: &Move<'_>, side: Side, track: &Track<'_>) -> Self {
        let Some(pause) = one.source_pause.filter(|_| side == Side::Source) else {
            return Self::default();
        };
        let shows = |step: &&Step<'_>| {
            pause.received < step.write.received && step.write.told.paused_condition == Some(true)
        };
        let copy = scene.objects.track(Side::Target, &track.key);
        let copied = copy.into_iter().flat_map(|copy| &copy.steps).map(|step| step.write);
        let carries = copied.filter(|write| one.is_mover(Side::Target, &write.actor));
        Self {
            shown: track.steps.iter().find(shows).map(|step| step.write.received),
            carried: carries.map(|write| write.received).max(),
        }
    }

    fn lasts(&self, write: &Write) -> bool {
        let shown = self.shown.is_some_and(|shown| shown < write.received);
        !shown && self.carried.is_some_and(|carried| carried > write.received)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::tests::{judged, judged_history, with_acts};
    use crate::history::build::{CONTROLLER, MOVER, Story, pivot};
    use crate::history::{History, InfrastructureVerb, Records};
    use crate::verdict::Outcome;

    #[test]
    fn a_pivot_whose_controllers_only_show_the_pause_passes() {
        let finding = judged(&CHECKER, pivot());
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
    }

    #[test]
    fn a_write_after_the_pause_was_shown_fails() {
        let story = pivot().at(2_500).edit(Side::Source, CONTROLLER, "MachineSet ms");
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("MachineSet default/ms"), "{}", finding.summary);
    }

    #[test]
    fn a_machine_made_by_the_paused_target_fails() {
        let story =
            pivot().at(2_500).create(Side::Target, CONTROLLER, "Machine m2", &["MachineSet ms"]);
        assert_eq!(judged(&CHECKER, story).outcome, Outcome::Failed);
    }

    #[test]
    fn the_log_of_the_target_shows_by_itself_what_it_did() {
        let alone = || pivot().without_log_of(Side::Source);
        assert_eq!(judged(&CHECKER, alone()).outcome, Outcome::Unknown);
        let story =
            alone().at(2_500).create(Side::Target, CONTROLLER, "Machine m2", &["MachineSet ms"]);
        assert_eq!(judged(&CHECKER, story).outcome, Outcome::Failed);
    }

    #[test]
    fn work_that_was_in_flight_is_told_apart() {
        let story = pivot()
            .at(2_050)
            .edit(Side::Source, CONTROLLER, "MachineSet ms")
            .at(2_800)
            .edit(Side::Target, MOVER, "MachineSet ms");
        assert_eq!(judged(&CHECKER, story).outcome, Outcome::Unknown);
    }

    #[test]
    fn a_machine_killed_for_the_source_fails() {
        let story = pivot().at(4_000).machine(InfrastructureVerb::Delete, "m1", Some(Side::Source));
        assert_eq!(judged(&CHECKER, story).outcome, Outcome::Failed);
    }

    /// A pivot that is given up: the source is unpaused again, and nothing is deleted.
    fn given_up() -> Story {
        pivot()
            .without(|write| {
                let unpauses = write.told.spec_paused == Some(false)
                    || write.told.paused_condition == Some(false);
                write.side == Side::Target && unpauses || write.told.gone
            })
            .at(3_500)
            .pause(Side::Source, MOVER, false)
    }

    #[test]
    fn what_the_source_does_after_a_move_that_was_given_up_passes() {
        let story = given_up()
            .at(4_000)
            .edit(Side::Source, CONTROLLER, "MachineSet ms")
            .machine(InfrastructureVerb::Create, "m2", Some(Side::Source))
            .at(4_100)
            .edit(Side::Source, CONTROLLER, "MachineSet ms");
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
    }

    #[test]
    fn a_source_that_resumes_when_the_target_owns_is_a_second_owner() {
        let story = pivot()
            .without(|write| write.told.gone)
            .at(4_500)
            .pause(Side::Source, MOVER, false)
            .at(5_000)
            .machine(InfrastructureVerb::Create, "m2", Some(Side::Source));
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        let says = "The machine m2 was made for the source at";
        assert!(finding.summary.starts_with(says), "{}", finding.summary);
    }

    #[test]
    fn what_the_source_does_after_its_log_ends_is_unknown() {
        let story = given_up()
            .without(|write| write.told.spec_paused == Some(false) && !write.creates())
            .at(60_000)
            .machine(InfrastructureVerb::Create, "m2", Some(Side::Source));
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Unknown, "{finding:?}");
    }

    #[test]
    fn an_act_of_which_the_record_names_no_cluster_is_unknown_unless_an_object_knows_it() {
        let act = |name: &str| {
            let late = pivot().at(4_000);
            let story = late.machine(InfrastructureVerb::Delete, name, Some(Side::Source));
            with_acts(&story.history(), |act| act.belongs_to = None)
        };
        let finding = judged_history(&CHECKER, &act("elsewhere"));
        assert_eq!(finding.outcome, Outcome::Unknown, "{finding:?}");
        assert!(finding.summary.contains("elsewhere"), "{}", finding.summary);
        assert_eq!(judged_history(&CHECKER, &act("m1")).outcome, Outcome::Failed);
    }

    #[test]
    fn an_act_before_the_first_copy_is_nobodys_fault() {
        let made = pivot().at(10).machine(InfrastructureVerb::Create, "m1", Some(Side::Target));
        assert_eq!(judged(&CHECKER, made).outcome, Outcome::Passed);
    }

    #[test]
    fn without_a_record_of_the_infrastructure_it_says_so() {
        let history = pivot().history();
        let records = Records { infrastructure: false, ..history.records().clone() };
        let history = History::new(history.entries().to_vec(), records, Vec::new());
        let finding = judged_history(&CHECKER, &history);
        assert!(finding.summary.ends_with("is not on record."), "{}", finding.summary);
    }

    #[test]
    fn bodies_that_are_not_logged_are_unknown() {
        let story = pivot()
            .changed(|write| write.subresource == "status", |write| write.told.touched = None);
        assert_eq!(judged(&CHECKER, story).outcome, Outcome::Unknown);
    }
}
