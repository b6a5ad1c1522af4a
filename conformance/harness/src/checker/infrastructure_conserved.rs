//! C1, the machines: none is made or removed by a move, and later only by the owner.

mod surplus;

use super::{Checker, Scene, Verdict, count, done, line_of_action, names, plural};
use crate::history::change::Change;
use crate::history::moves::Move;
use crate::history::objects::Track;
use crate::history::{InfrastructureAction, InfrastructureVerb, Side};
use jiff::Timestamp;
use std::collections::BTreeSet;

pub(super) const CHECKER: Checker = Checker {
    id: "checker/infrastructure-conserved",
    rule: "C1",
    claim: "No machine is made or removed by a move.",
    judge,
};

fn judge(scene: &Scene<'_>, one: &Move<'_>) -> Verdict {
    if let Some(failed) = by_objects(scene, one) {
        return failed;
    }
    if !scene.history().records().infrastructure {
        return Verdict::unknown(format!(
            "There is no record of the infrastructure. By the objects nothing changed: {}.",
            kept(one, scene)
        ));
    }
    if let Some(unknown) = scene.lacks(&Side::BOTH).or_else(|| scene.doubts_clocks()) {
        return unknown;
    }
    let Some(window) = window(one) else {
        return Verdict::unknown("When nobody owned is not in the logs.".into());
    };
    by_record(scene, one, window)
}

/// From when to when certainly nobody owned.
fn window(one: &Move<'_>) -> Option<(Timestamp, Timestamp)> {
    Some((one.source_pause?.completed, one.target_unpause?.received))
}

/// What the objects of the target alone show.
fn by_objects(scene: &Scene<'_>, one: &Move<'_>) -> Option<Verdict> {
    if let Some(doubled) = surplus::machine(scene, one) {
        return Some(doubled);
    }
    one.copies.keys().find_map(|key| {
        let track = scene.objects.track(Side::Target, key)?;
        let known = |side: Side| scene.objects.track(side, key);
        let first = [known(Side::Source), Some(track)].into_iter().flatten().find_map(|track| {
            track.steps.iter().find_map(|step| step.state.facts.provider_id.as_ref())
        })?;
        // Another object of that name that the owner makes later may stand for another machine.
        let created = one.copies[key].created;
        let life = track.steps.iter().skip_while(|step| !std::ptr::eq(step.write, created));
        let changed = life
            .take_while(|step| step.exists)
            .find(|step| step.state.facts.provider_id.as_ref().is_some_and(|id| id != first))?;
        let now = changed.state.facts.provider_id.as_deref().unwrap_or_default();
        let name = scene.objects.name(key);
        let says = format!("{name} stands for {now}; it stood for {first} before the move.");
        Some(Verdict::failed(says).with([scene.line(changed)]))
    })
}

fn kept(one: &Move<'_>, scene: &Scene<'_>) -> String {
    let ids: BTreeSet<&String> = one
        .copies
        .keys()
        .filter_map(|key| scene.objects.track(Side::Target, key))
        .flat_map(|track| &track.steps)
        .filter_map(|step| step.state.facts.provider_id.as_ref())
        .collect();
    match ids.len() {
        0 => "no provider id is in the logs".into(),
        some => format!(
            "{} stayed with {}",
            count(some, "provider id"),
            plural(some, "its machine", "their machines")
        ),
    }
}

/// What the record of the infrastructure shows.
fn by_record(scene: &Scene<'_>, one: &Move<'_>, window: (Timestamp, Timestamp)) -> Verdict {
    let (from, to) = window;
    let mut wrong = Vec::new();
    let mut unplaced = Vec::new();
    let mut unexplained = Vec::new();
    let mut later = 0;
    let end = scene.end(Side::Target);
    for action in scene.history().infrastructure().filter(|action| counts(action)) {
        let ours = scene.is_of(action, one);
        let within = from <= action.at && action.at <= to;
        let disowned = within || (action.at > to && action.on_behalf_of == Some(Side::Source));
        match ours {
            Some(false) => {}
            Some(true) if disowned => wrong.push(action),
            None if disowned => unplaced.push(action),
            _ if action.at <= to || Some(action.at) > end => {}
            _ => {
                later += 1;
                let owner = ours.is_some() && action.on_behalf_of == Some(Side::Target);
                if !owner && !asked_for(scene, one, action) {
                    unexplained.push(action);
                }
            }
        }
    }
    if !wrong.is_empty() {
        return disowned(&wrong, window);
    }
    if !unplaced.is_empty() {
        return nameless(&unplaced, window);
    }
    if !unexplained.is_empty() {
        return unasked(&unexplained);
    }
    let afterwards = match later {
        0 => String::new(),
        1 => " 1 such act came later, asked for by the owner.".into(),
        some => format!(" {} came later, each asked for by the owner.", count(some, "such act")),
    };
    Verdict::passed(format!(
        "No machine was made or removed between {from:.3} and {to:.3}.{afterwards}"
    ))
}

/// Acts that would be wrong if they were of the cluster that moved.
fn nameless(unplaced: &[&InfrastructureAction], window: (Timestamp, Timestamp)) -> Verdict {
    let acts: Vec<String> = unplaced.iter().map(|action| told(action)).collect();
    let (from, to) = window;
    Verdict::unknown(format!(
        "Machine {}; nobody owned from {from:.3} to {to:.3}, and the record does not say of which \
         cluster {} part.",
        names(&acts),
        plural(unplaced.len(), "that is a", "these are")
    ))
    .with(unplaced.iter().map(|action| line_of_action(action)))
}

/// Acts on behalf of nobody who owned.
fn disowned(wrong: &[&InfrastructureAction], (from, to): (Timestamp, Timestamp)) -> Verdict {
    let acts: Vec<String> = wrong.iter().map(|action| told(action)).collect();
    Verdict::failed(format!(
        "Machine {}; nobody owned from {from:.3} to {to:.3}, and the source does not own \
         afterwards.",
        names(&acts)
    ))
    .with(wrong.iter().map(|action| line_of_action(action)))
}

/// Acts of which it is not known who asked for them.
fn unasked(unexplained: &[&InfrastructureAction]) -> Verdict {
    let acts: Vec<String> = unexplained.iter().map(|action| told(action)).collect();
    Verdict::unknown(format!(
        "After the move machine {}, though no object of the target asks for it, and the record \
         does not say on whose behalf.",
        names(&acts)
    ))
    .with(unexplained.iter().map(|action| line_of_action(action)))
}

fn told(action: &InfrastructureAction) -> String {
    let whose = match action.on_behalf_of {
        Some(side) => format!(" for the {side}"),
        None => String::new(),
    };
    format!("{} was {} at {:.3}{whose}", action.name, done(action.action), action.at)
}

/// Whether the action makes or removes a machine.
fn counts(action: &InfrastructureAction) -> bool {
    let counts = matches!(action.action, InfrastructureVerb::Create | InfrastructureVerb::Delete);
    counts && action.kind == "machine"
}

/// Whether the target's objects ask for it: an object that stands for the machine, by its name or
/// its provider id, was created before the machine, or its deletion was asked for before it went.
fn asked_for(scene: &Scene<'_>, one: &Move<'_>, action: &InfrastructureAction) -> bool {
    let stands_for = |track: &&Track<'_>| {
        let mut ids = track.steps.iter().filter_map(|step| step.state.facts.provider_id.as_ref());
        let named = track.key.name == action.name;
        let identified = action.provider_id.as_ref().is_some_and(|id| ids.any(|it| it == id));
        track.key.is_cluster_api() && (named || identified)
    };
    let tracks = scene.members(Side::Target, one).filter(stands_for);
    let mut steps = tracks.flat_map(|track| &track.steps);
    steps.any(|step| {
        let asks = match action.action {
            InfrastructureVerb::Create => step.change == Change::Birth,
            _ => matches!(step.change, Change::DeletionAsked | Change::Death),
        };
        asks && step.write.received <= action.at
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::tests::{judged, judged_history, with_acts};
    use crate::history::Verb;
    use crate::history::build::{CONTROLLER, Story, key, pivot, touching};
    use crate::history::facts::{Area, Facts};
    use crate::verdict::Outcome;

    #[test]
    fn a_pivot_passes() {
        let finding = judged(&CHECKER, pivot());
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
    }

    #[test]
    fn a_machine_removed_in_the_window_fails() {
        let story = pivot().at(2_400).machine(InfrastructureVerb::Delete, "m1", None);
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("Machine m1 was removed"), "{}", finding.summary);
    }

    #[test]
    fn a_machine_removed_for_the_source_later_fails() {
        let story = pivot().at(5_200).machine(InfrastructureVerb::Delete, "m1", Some(Side::Source));
        assert_eq!(judged(&CHECKER, story).outcome, Outcome::Failed);
    }

    #[test]
    fn a_machine_of_which_no_cluster_is_known_is_unknown() {
        let made = |cluster: Option<&str>| {
            let story = pivot().at(2_400).machine(InfrastructureVerb::Create, "other", None);
            let history =
                with_acts(&story.history(), |act| act.belongs_to = cluster.map(str::to_owned));
            judged_history(&CHECKER, &history)
        };
        let finding = made(None);
        assert_eq!(finding.outcome, Outcome::Unknown, "{finding:?}");
        assert!(finding.summary.contains("of which cluster"), "{}", finding.summary);
        assert_eq!(made(Some("c1")).outcome, Outcome::Failed);
        assert_eq!(made(Some("c2")).outcome, Outcome::Passed);
    }

    #[test]
    fn a_machine_that_another_cluster_knows_is_no_part_of_the_move() {
        let other = key("Machine m9");
        let story = pivot()
            .at(500)
            .create(Side::Source, "user", "Cluster c2", &[])
            .create(Side::Source, "user", "Machine m9", &["Cluster c2"])
            .changed(
                |write| write.object == other,
                |write| write.told.cluster_name = Some("c2".into()),
            )
            .at(2_400)
            .machine(InfrastructureVerb::Create, "m9", None);
        let history = with_acts(&story.history(), |act| act.belongs_to = None);
        let finding = judged_history(&CHECKER, &history);
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
    }

    #[test]
    fn a_machine_that_is_known_by_its_provider_id_is_asked_for() {
        let story = pivot()
            .at(6_000)
            .delete(Side::Target, CONTROLLER, "DockerMachine m1")
            .at(6_500)
            .machine(InfrastructureVerb::Delete, "i-0123", None)
            .at(7_000)
            .observe(Side::Target, "Cluster c1", false, 2);
        let history = with_acts(&story.history(), |act| {
            act.provider_id = Some("docker:////m1".into());
        });
        let finding = judged_history(&CHECKER, &history);
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
        assert!(finding.summary.contains(" 1 such act came later"), "{}", finding.summary);
    }

    #[test]
    fn a_machine_that_the_owner_removes_passes() {
        let story = pivot()
            .at(6_000)
            .delete(Side::Target, CONTROLLER, "DockerMachine m1")
            .at(6_500)
            .machine(InfrastructureVerb::Delete, "m1", None)
            .at(7_000)
            .observe(Side::Target, "Cluster c1", false, 2);
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
    }

    #[test]
    fn a_machine_removed_by_nobody_knows_whom_is_unknown() {
        let story = pivot()
            .at(6_500)
            .machine(InfrastructureVerb::Delete, "m1", None)
            .at(7_000)
            .observe(Side::Target, "Cluster c1", false, 2);
        assert_eq!(judged(&CHECKER, story).outcome, Outcome::Unknown);
    }

    #[test]
    fn another_provider_id_fails() {
        let other = Facts { provider_id: Some("docker:////m9".into()), ..touching(Area::Spec) };
        let story =
            pivot().at(3_500).write(Side::Target, CONTROLLER, Verb::Patch, "Machine m1", other);
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
    }

    /// A pivot of a MachineDeployment that asks for one Machine.
    fn of_one_replica() -> Story {
        pivot().changed(
            |write| write.creates() && write.object == key("MachineDeployment md"),
            |write| write.told.replicas = Some(1),
        )
    }

    #[test]
    fn a_machine_beyond_the_replicas_fails() {
        let double = of_one_replica().at(3_900).create(
            Side::Target,
            CONTROLLER,
            "Machine m2",
            &["MachineSet ms"],
        );
        let finding = judged(&CHECKER, double);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("Machine default/m2"), "{}", finding.summary);
    }

    #[test]
    fn a_machine_that_somebody_asked_for_passes() {
        let scale = Facts { replicas: Some(2), ..touching(Area::Spec) };
        let scaled = of_one_replica()
            .at(3_800)
            .write(Side::Target, "user", Verb::Patch, "MachineDeployment md", scale)
            .at(3_900)
            .create(Side::Target, CONTROLLER, "Machine m2", &["MachineSet ms"]);
        assert_eq!(judged(&CHECKER, scaled).outcome, Outcome::Passed);
    }
}
