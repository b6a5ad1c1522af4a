//! H1b: no controller writes and nothing is done to the infrastructure on behalf of a side that
//! does not own the cluster.
//!
//! The condition `Paused` and finalizers are no effects: barriers ask for exactly these. Neither is
//! a write to the status of a template: templates are never paused, and nothing follows from it. A
//! controller that was at work when the pause landed is waited for by a good mover, so its write
//! counts once its object has shown `Paused=True`, or once no later write of the mover carries it.

use super::{Checker, Scene, Verdict, count, line_of_action};
use crate::history::change::Change;
use crate::history::moves::Move;
use crate::history::objects::{Step, Track};
use crate::history::{InfrastructureAction, Side, Write};
use crate::verdict::Line;

pub(super) const CHECKER: Checker = Checker {
    id: "checker/one-owner-effect",
    rule: "H1b",
    claim: "No controller acts on behalf of a side that does not own the cluster.",
    judge,
};

fn judge(scene: &Scene<'_>, one: &Move<'_>) -> Verdict {
    let mut found = Found::default();
    for side in Side::BOTH {
        for track in members(scene, one, side) {
            for step in track.steps.iter().filter(|step| acts(one, side, step)) {
                match disowned(scene, one, track, step) {
                    Some(Weight::Effect) => found.effects.push(scene.line(step)),
                    Some(Weight::InFlight) => found.in_flight.push(scene.line(step)),
                    Some(Weight::Untold) => found.untold.push(scene.line(step)),
                    Some(Weight::None) => found.harmless += 1,
                    None => {}
                }
            }
        }
    }
    found.effects.extend(infrastructure(scene, one));
    // What one log shows by itself needs no other.
    if found.effects.is_empty()
        && let Some(unknown) = scene.lacks(&Side::BOTH).or_else(|| scene.knows_no_source_of(one))
    {
        return unknown;
    }
    found.verdict()
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
    harmless: usize,
}

impl Found {
    fn verdict(mut self) -> Verdict {
        self.effects.sort_by_key(|line| line.at);
        if let Some(first) = self.effects.first() {
            return Verdict::failed(format!(
                "{} at the {} {} at {:.3}, when that side did not own the cluster{}.",
                actor(first),
                first.cluster,
                first.what,
                first.at,
                more(self.effects.len())
            ))
            .with(self.effects);
        }
        if let Some(first) = self.in_flight.first() {
            return Verdict::unknown(format!(
                "{} at the {} {} after the pause and before it was copied{}: at work when the \
                 pause landed, or acting in spite of it; the logs do not tell.",
                actor(first),
                first.cluster,
                first.what,
                more(self.in_flight.len())
            ))
            .with(self.in_flight);
        }
        if !self.untold.is_empty() {
            let writes = count(self.untold.len(), "write");
            return Verdict::unknown(format!(
                "{writes} of controllers came from a side that is not seen to own the cluster, \
                 and the log does not hold what they wrote, or whether it owned."
            ))
            .with(self.untold);
        }
        Verdict::passed(match self.harmless {
            0 => "No controller wrote for a side that did not own the cluster.".into(),
            some => format!(
                "Controllers of a side that did not own the cluster made {} without effect: the \
                 condition Paused, finalizers, the status of a template, or what was there.",
                count(some, "write")
            ),
        })
    }
}

fn actor(line: &Line) -> &str {
    if line.actor.is_empty() { "somebody" } else { &line.actor }
}

fn more(all: usize) -> String {
    match all.saturating_sub(1) {
        0 => String::new(),
        more => format!(" (and {})", count(more, "more such act")),
    }
}

/// The objects of the cluster at one side, copied or not.
fn members<'s, 'h>(
    scene: &'s Scene<'h>,
    one: &'s Move<'h>,
    side: Side,
) -> impl Iterator<Item = &'s Track<'h>> {
    scene
        .objects
        .of_side(side)
        .filter(move |track| scene.objects.cluster_of(side, &track.key) == Some(&one.cluster))
}

/// Whether a step is a controller's. Users do not write to `status`, so who does is one, too.
fn acts(one: &Move<'_>, side: Side, step: &Step<'_>) -> bool {
    let actor = &step.write.actor;
    let controls = actor.is_controller() || step.write.subresource == "status";
    controls && !actor.is_kubernetes() && !one.is_mover(side, actor)
}

/// The weight of a controller's step, when its side did not own the cluster at the time.
fn disowned(
    scene: &Scene<'_>,
    one: &Move<'_>,
    track: &Track<'_>,
    step: &Step<'_>,
) -> Option<Weight> {
    let write = step.write;
    if !not_owning(scene, one, write) {
        return None;
    }
    let template = track.key.resource.ends_with("templates");
    Some(match &step.change {
        Change::Nothing | Change::PausedCondition | Change::Finalizers | Change::Pause => {
            Weight::None
        }
        Change::Status if template => Weight::None,
        Change::Unknown => Weight::Untold,
        _ if write.side == Side::Target && !unpause_is_told(scene, one) => Weight::Untold,
        change if write.side == Side::Source && in_flight(scene, one, track, write) => {
            if *change == Change::Status { Weight::None } else { Weight::InFlight }
        }
        _ => Weight::Effect,
    })
}

/// Whether the write came when its side certainly did not own: at the target from its first copy to
/// its unpause, at the source from its pause on, unless it was unpaused again.
fn not_owning(scene: &Scene<'_>, one: &Move<'_>, write: &Write) -> bool {
    match write.side {
        Side::Target => {
            let begun = one.first_copy().is_some_and(|copy| copy.received <= write.received);
            begun && one.target_unpause.is_none_or(|unpause| write.completed < unpause.received)
        }
        Side::Source => {
            let unpause = one.target_unpause.filter(|_| scene.clocks.doubt().is_none());
            let released = one.source_pause.or(unpause);
            released.is_some_and(|since| since.completed < write.received)
                && !resumed(scene, one, write)
        }
    }
}

/// Whether the target's log tells when it came to own, or that it did not.
fn unpause_is_told(scene: &Scene<'_>, one: &Move<'_>) -> bool {
    one.target_unpause.is_some() || scene.stays_paused(one)
}

/// Whether the source had been unpaused again, as after an abort.
fn resumed(scene: &Scene<'_>, one: &Move<'_>, write: &Write) -> bool {
    let Some(pause) = one.source_pause else {
        return false;
    };
    let cluster = scene.objects.track(Side::Source, &one.cluster);
    let last = cluster.and_then(|cluster| cluster.before(write.received));
    last.is_some_and(|step| {
        step.exists
            && step.write.received > pause.received
            && step.state.facts.spec_paused == Some(false)
    })
}

/// Whether a controller was still at work on an object when the pause landed: it has not shown
/// `Paused=True` since, and the mover wrote its copy later.
fn in_flight(scene: &Scene<'_>, one: &Move<'_>, track: &Track<'_>, write: &Write) -> bool {
    let Some(pause) = one.source_pause else {
        return false;
    };
    let shown = track.steps.iter().any(|step| {
        let within = pause.received < step.write.received && step.write.received < write.received;
        within && step.write.told.paused_condition == Some(true)
    });
    let copy = scene.objects.track(Side::Target, &track.key);
    let carried = copy.is_some_and(|copy| {
        copy.steps.iter().any(|step| {
            one.is_mover(Side::Target, &step.write.actor) && step.write.received > write.received
        })
    });
    !shown && carried
}

/// What was done to the infrastructure on behalf of a side that did not own.
fn infrastructure(scene: &Scene<'_>, one: &Move<'_>) -> Vec<Line> {
    let of_cluster = |action: &&InfrastructureAction| {
        action.belongs_to.as_ref().is_none_or(|name| *name == one.cluster.name)
    };
    let disowned = |action: &&InfrastructureAction| match action.on_behalf_of {
        Some(Side::Source) => {
            let released = one.source_pause.or(one.target_unpause);
            released.is_some_and(|since| since.completed < action.at)
        }
        Some(Side::Target) => {
            let early = one.target_unpause.is_none_or(|unpause| action.at < unpause.received);
            early && unpause_is_told(scene, one)
        }
        None => false,
    };
    let actions = scene.history().infrastructure().filter(of_cluster).filter(disowned);
    actions.map(line_of_action).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::tests::judged;
    use crate::history::InfrastructureVerb;
    use crate::history::build::{CONTROLLER, MOVER, pivot};
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

    #[test]
    fn bodies_that_are_not_logged_are_unknown() {
        let story = pivot()
            .changed(|write| write.subresource == "status", |write| write.told.touched = None);
        assert_eq!(judged(&CHECKER, story).outcome, Outcome::Unknown);
    }
}
