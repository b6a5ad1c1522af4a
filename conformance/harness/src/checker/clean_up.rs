//! C1, the order of the clean-up: the source's copies go after the target has come to own, in
//! reverse order of their owners, each by a deletion that names what it means.

use super::kept_pause::kept;
use super::owners::Owners;
use super::{Checker, Scene, Verdict, count, line, plural};
use crate::history::change::Change;
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
    let Some(first) = deletions.first() else {
        return none(scene, one);
    };
    let kept = kept(scene, one);
    let known = one.target_unpause.is_some() || scene.stays_paused(one);
    if kept.is_none() && (!known || ends_before(scene, one, first)) {
        return Verdict::unknown(
            "Whether the target owned before the source's copies were deleted is not in its log."
                .into(),
        );
    }
    let wrongs: Vec<(String, Vec<Line>)> = [
        if kept.is_none() { too_early(scene, one, &deletions) } else { None },
        owner_before_owned(scene, one),
        unguarded(scene, &deletions),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !wrongs.is_empty() {
        let says: Vec<&str> = wrongs.iter().map(|(says, _)| says.as_str()).collect();
        let says = says.join(" ");
        return Verdict::failed(says).with(wrongs.into_iter().flat_map(|(_, lines)| lines));
    }
    if let Some(kept) = kept {
        return Verdict::unknown(kept);
    }
    in_order(&deletions)
}

/// No deletion shows: right for a move that was given up, else it may come after the log.
fn none(scene: &Scene<'_>, one: &Move<'_>) -> Verdict {
    scene.knows_no_source_of(one).unwrap_or_else(|| match one.target_unpause {
        Some(_) => Verdict::unknown(
            "The target owns, and the source's log holds no deletion of a copy by the mover."
                .into(),
        ),
        None => Verdict::passed("No copy was deleted at the source in its log.".into()),
    })
}

/// Nothing is wrong with the deletions, as far as the log holds what they ask for.
fn in_order(deletions: &[&Step<'_>]) -> Verdict {
    let all = deletions.len();
    let bare = deletions.iter().filter(|step| step.write.told.guarded.is_none()).count();
    let says = format!(
        "{} {} deleted at the source, after the target was unpaused and owners last",
        count(all, "object"),
        plural(all, "was", "were")
    );
    match bare {
        0 => Verdict::passed(format!("{says}, each with preconditions.")),
        bare if bare == all => Verdict::unknown(format!(
            "{says}; whether with preconditions is not in the log, which holds no body of a \
             deletion."
        )),
        bare => Verdict::passed(format!(
            "{says}, with preconditions; the bodies of {} are not in the log.",
            count(bare, "deletion")
        )),
    }
}

/// Until when the target is known not to own: its unpause, or the end of its log without one.
fn unowned_until(scene: &Scene<'_>, one: &Move<'_>) -> Option<Timestamp> {
    one.target_unpause.map(|unpause| unpause.received).or_else(|| scene.end(Side::Target))
}

/// Whether the target's log ends before the first deletion, and without its unpause.
fn ends_before(scene: &Scene<'_>, one: &Move<'_>, first: &Step<'_>) -> bool {
    one.target_unpause.is_none() && unowned_until(scene, one) <= Some(first.write.completed)
}

/// When the source's part of the move began.
fn began(one: &Move<'_>) -> Option<Timestamp> {
    one.source_pause.map(|pause| pause.received).or(one.began())
}

/// The mover's deletion of an original.
fn deletion<'t, 'h>(one: &Move<'h>, track: &'t Track<'h>) -> Option<&'t Step<'h>> {
    let began = began(one)?;
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
        "{number} of {} at the source came before the target owned, the first at {:.3}; {then}. \
         Expected none before the target's first reconcile was verified.",
        count(deletions.len(), "deletion"),
        first.write.received
    );
    let unpaused = owned.map(|unpause| line(unpause, "unpaused the target".into()));
    Some((says, [scene.line(first)].into_iter().chain(unpaused).collect()))
}

/// The write with which it went for this move.
fn death<'h>(one: &Move<'_>, track: &Track<'h>) -> Option<&'h Write> {
    let began = began(one)?;
    track.deaths().map(|step| step.write).find(|write| write.received >= began)
}

fn owner_before_owned(scene: &Scene<'_>, one: &Move<'_>) -> Wrong {
    let owners_of = Owners::of(scene, one);
    let went = |key: &Key| {
        let track = scene.objects.track(Side::Source, key)?;
        Some((track, death(one, track)?))
    };
    one.copies.keys().find_map(|key| {
        let (owned, gone) = went(key)?;
        let mut before =
            owned.steps.iter().rev().filter(|step| step.write.received <= gone.received);
        let owners = before.find_map(|step| step.state.facts.owners.as_ref())?;
        owners.iter().find_map(|owner| {
            let owner = owners_of.find(owner, key)?;
            let (_, first) = went(owner)?;
            (first.completed < gone.received).then(|| {
                let (owner, owned) = (scene.objects.name(owner), scene.objects.name(key));
                let says = format!("{owner} was deleted before {owned}, which it owns.");
                let removed = |name: &str| format!("removed {name}");
                (says, vec![line(first, removed(&owner)), line(gone, removed(&owned))])
            })
        })
    })
}

/// Deletions that do not say which object they mean. One of a whole collection cannot.
fn unguarded(scene: &Scene<'_>, deletions: &[&Step<'_>]) -> Wrong {
    let bare = |step: &&&Step<'_>| match step.write.verb {
        Verb::Delete => step.write.told.guarded == Some(false),
        verb => verb == Verb::DeleteCollection,
    };
    let number = deletions.iter().filter(bare).count();
    let first = deletions.iter().find(bare)?;
    let says = format!(
        "{number} of {} {} neither UID nor resourceVersion of what {}, or not both; expected \
         preconditions on each.",
        count(deletions.len(), "deletion"),
        plural(number, "names", "name"),
        plural(number, "it means", "they mean")
    );
    Some((says, vec![scene.line(first)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::tests::judged;
    use crate::history::build::{MOVER, Story, key, pivot};
    use crate::history::facts::Area;
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
    fn a_pause_of_somebody_else_that_stays_is_unknown() {
        let kept = || {
            let story = never_unpaused().at(9_000).observe(Side::Target, "Cluster c1", true, 0);
            story.changed(
                |write| write.side == Side::Source && write.told.touches(Area::Pause),
                |write| write.actor.user = if write.creates() { "user" } else { "alice" }.into(),
            )
        };
        let finding = judged(&CHECKER, kept());
        assert_eq!(finding.outcome, Outcome::Unknown, "{finding:?}");
        assert!(finding.summary.contains("was paused by alice"), "{}", finding.summary);
        let bare = kept().changed(|write| write.told.gone, |write| write.told.guarded = None);
        assert_eq!(judged(&CHECKER, bare).outcome, Outcome::Unknown);
        let bad = kept().changed(|write| write.told.gone, |write| write.told.guarded = Some(false));
        let finding = judged(&CHECKER, bad);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(!finding.summary.contains("before the target owned"), "{}", finding.summary);
    }

    #[test]
    fn a_target_that_owns_and_a_source_that_was_not_cleaned_up_is_unknown() {
        let story = pivot().without(|write| write.side == Side::Source && write.told.gone);
        assert_eq!(judged(&CHECKER, story).outcome, Outcome::Unknown);
    }

    #[test]
    fn preconditions_that_are_not_logged_are_said() {
        let bare = |of: fn(&Write) -> bool| {
            pivot().changed(
                move |write| write.told.gone && of(write),
                |write| write.told.guarded = None,
            )
        };
        let finding = judged(&CHECKER, bare(|write| write.object.is_secret()));
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
        assert!(finding.summary.contains("the bodies of 2 deletions"), "{}", finding.summary);
        assert_eq!(judged(&CHECKER, bare(|_| true)).outcome, Outcome::Unknown);
    }

    #[test]
    fn a_deletion_without_preconditions_fails() {
        let story =
            pivot().changed(|write| write.told.gone, |write| write.told.guarded = Some(false));
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
    }
}
