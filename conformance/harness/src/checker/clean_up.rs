//! C1, the order of the clean-up: the source's copies go after the target has come to own, in
//! reverse order of their owners, each by a deletion that names what it means.

use super::{Checker, Scene, Verdict, count, line};
use crate::history::change::Change;
use crate::history::facts::Owner;
use crate::history::moves::Move;
use crate::history::objects::{Step, Track};
use crate::history::{Key, Side, Verb, Write};
use crate::verdict::Line;
use jiff::Timestamp;

pub(super) const CHECKER: Checker = Checker {
    id: "checker/clean-up",
    rule: "C1",
    claim: "The source's copies go after the target owns, owners last, with preconditions.",
    judge,
};

fn judge(scene: &Scene<'_>, one: &Move<'_>) -> Verdict {
    if let Some(unknown) = scene.lacks(&Side::BOTH).or_else(|| scene.doubts_clocks()) {
        return unknown;
    }
    let mut deletions: Vec<&Step<'_>> = one
        .copies
        .keys()
        .filter_map(|key| scene.objects.track(Side::Source, key))
        .filter_map(|track| deletion(one, track))
        .collect();
    deletions.sort_by_key(|step| step.write.received);
    if deletions.is_empty() {
        if let Some(unknown) = scene.knows_no_source_of(one) {
            return unknown;
        }
        return Verdict::passed("No copy was deleted at the source in its log.".into());
    }
    let known = one.target_unpause.is_some() || scene.stays_paused(one);
    if !known || ends_before(scene, one, deletions[0]) {
        return Verdict::unknown(
            "Whether the target owned before the source's copies were deleted is not in its log."
                .into(),
        );
    }
    let wrongs: Vec<(String, Vec<Line>)> = [
        too_early(scene, one, &deletions),
        owner_before_owned(scene, one),
        unguarded(scene, &deletions),
    ]
    .into_iter()
    .flatten()
    .collect();
    if wrongs.is_empty() {
        return Verdict::passed(format!(
            "{} were deleted at the source, after the target was unpaused and owners last.",
            count(deletions.len(), "object")
        ));
    }
    let says: Vec<&str> = wrongs.iter().map(|(says, _)| says.as_str()).collect();
    let says = says.join(" ");
    Verdict::failed(says).with(wrongs.into_iter().flat_map(|(_, lines)| lines))
}

/// Until when the target is known not to own: its unpause, or the end of its log without one.
fn unowned_until(scene: &Scene<'_>, one: &Move<'_>) -> Option<Timestamp> {
    let end = || scene.history().span(Side::Target).map(|(_, end)| end);
    one.target_unpause.map(|unpause| unpause.received).or_else(end)
}

/// Whether the target's log ends before the first deletion, and without its unpause.
fn ends_before(scene: &Scene<'_>, one: &Move<'_>, first: &Step<'_>) -> bool {
    one.target_unpause.is_none() && unowned_until(scene, one) <= Some(first.write.completed)
}

/// The mover's deletion of an original.
fn deletion<'t, 'h>(one: &Move<'h>, track: &'t Track<'h>) -> Option<&'t Step<'h>> {
    let began = one.source_pause.map(|pause| pause.received).or(one.began())?;
    track.steps.iter().find(|step| {
        let ends = matches!(step.change, Change::Death | Change::DeletionAsked);
        let by_mover = one.is_mover(Side::Source, &step.write.actor);
        ends && by_mover && step.write.received >= began
    })
}

type Wrong = Option<(String, Vec<Line>)>;

fn too_early(scene: &Scene<'_>, one: &Move<'_>, deletions: &[&Step<'_>]) -> Wrong {
    let owned = one.target_unpause;
    let end = unowned_until(scene, one)?;
    let early = |step: &&&Step<'_>| step.write.completed < end;
    let number = deletions.iter().filter(early).count();
    let first = deletions.first().filter(|_| number > 0)?;
    let then = owned.map_or_else(
        || "the target never came to own".to_owned(),
        |unpause| format!("the target was unpaused at {:.3}", unpause.received),
    );
    let says = format!(
        "{number} of {} deletions at the source came before the target owned, the first at {:.3}; \
         {then}. Expected none before the target's first reconcile was verified.",
        deletions.len(),
        first.write.received
    );
    let unpaused = owned.map(|unpause| line(unpause, "unpaused the target".into()));
    Some((says, [scene.line(first)].into_iter().chain(unpaused).collect()))
}

/// The write with which it went.
fn death<'h>(track: &Track<'h>) -> Option<&'h Write> {
    track.deaths().last().map(|step| step.write)
}

fn owner_before_owned(scene: &Scene<'_>, one: &Move<'_>) -> Wrong {
    one.copies.keys().find_map(|key| {
        let owned = scene.objects.track(Side::Source, key)?;
        let gone = death(owned)?;
        let owners = owned.steps.iter().rev().find_map(|step| step.state.facts.owners.as_ref())?;
        owners.iter().find_map(|owner| {
            let owner = original(scene, one, owner, key)?;
            let first = death(scene.objects.track(Side::Source, owner)?)?;
            (first.completed < gone.received).then(|| {
                let (owner, owned) = (scene.objects.name(owner), scene.objects.name(key));
                let says = format!("{owner} was deleted before {owned}, which it owns.");
                let removed = |name: &str| format!("removed {name}");
                (says, vec![line(first, removed(&owner)), line(gone, removed(&owned))])
            })
        })
    })
}

/// The object of the source that an owner reference of `owned` names.
fn original<'m>(
    scene: &Scene<'_>,
    one: &'m Move<'_>,
    owner: &Owner,
    owned: &Key,
) -> Option<&'m Key> {
    one.copies.keys().find(|key| {
        let track = scene.objects.track(Side::Source, key);
        let kind = track.and_then(|track| track.kind);
        kind == Some(owner.kind.as_str())
            && key.name == owner.name
            && key.namespace == owned.namespace
    })
}

fn unguarded(scene: &Scene<'_>, deletions: &[&Step<'_>]) -> Wrong {
    let bare = |step: &&&Step<'_>| {
        step.write.verb == Verb::Delete && step.write.told.guarded == Some(false)
    };
    let number = deletions.iter().filter(bare).count();
    let first = deletions.iter().find(bare)?;
    let says = format!(
        "{number} of {} deletions name neither UID nor resourceVersion of what they mean, or not \
         both; expected preconditions on each.",
        deletions.len()
    );
    Some((says, vec![scene.line(first)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::tests::judged;
    use crate::history::build::{MOVER, Story, key, pivot};
    use crate::verdict::Outcome;

    #[test]
    fn a_pivot_passes() {
        let finding = judged(&CHECKER, pivot());
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
    }

    #[test]
    fn deleting_before_the_target_owns_fails() {
        let early = key("Secret c1-ca");
        let story = pivot()
            .without(|write| write.object == early && write.told.gone)
            .at(2_800)
            .delete(Side::Source, MOVER, "Secret c1-ca");
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.starts_with("1 of 8 deletions"), "{}", finding.summary);
    }

    /// A pivot whose target is never unpaused, and of which nothing is logged after that.
    fn never_unpaused() -> Story {
        pivot().without(|write| {
            let unpauses = write.told.spec_paused == Some(false);
            let observes = write.told.paused_condition == Some(false);
            write.side == Side::Target && (unpauses || observes)
        })
    }

    #[test]
    fn deleting_while_the_target_stays_paused_fails() {
        let story = never_unpaused().at(9_000).observe(Side::Target, "Cluster c1", true, 0);
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("never came to own"), "{}", finding.summary);
    }

    #[test]
    fn a_log_of_the_target_that_ends_before_is_unknown() {
        let finding = judged(&CHECKER, never_unpaused());
        assert_eq!(finding.outcome, Outcome::Unknown, "{finding:?}");
    }

    #[test]
    fn an_owner_before_what_it_owns_fails() {
        let owner = key("MachineSet ms");
        let story = pivot()
            .without(|write| write.object == owner && write.told.gone)
            .at(4_900)
            .delete(Side::Source, MOVER, "MachineSet ms");
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("which it owns"), "{}", finding.summary);
    }

    #[test]
    fn a_deletion_without_preconditions_fails() {
        let story =
            pivot().changed(|write| write.told.gone, |write| write.told.guarded = Some(false));
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
    }
}
