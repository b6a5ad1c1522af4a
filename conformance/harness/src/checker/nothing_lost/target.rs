//! What the target alone shows to be lost.

use super::content::{CARRIED, at, part_of};
use super::{Loss, keeps};
use crate::checker::{Scene, line};
use crate::history::change::Change;
use crate::history::facts::Leaves;
use crate::history::moves::{Copied, Move};
use crate::history::objects::{Step, Track};
use crate::history::owned::cluster_of_secret;
use crate::history::{Key, Side};
use jiff::Timestamp;

/// Copies that went again, writes to staged copies that went, credentials that were made anew.
pub(super) fn losses(scene: &Scene<'_>, one: &Move<'_>) -> Vec<Loss> {
    let mut lost = Vec::new();
    for (key, copy) in &one.copies {
        if let Some(track) = scene.objects.track(Side::Target, key) {
            lost.extend(removed(scene, one, track, copy));
            lost.extend(overwritten(scene, one, track));
        }
    }
    for track in scene.members(Side::Target, one) {
        if !one.copies.contains_key(&track.key) {
            lost.extend(made_anew(scene, one, track));
        }
    }
    lost.sort_by_key(|(_, lines)| lines.last().map(|line| line.at));
    lost
}

/// The steps of a copy while it was staged, that are not the mover's, each with the one before it.
fn staged<'t, 'h>(
    scene: &'t Scene<'h>,
    one: &'t Move<'h>,
    track: &'t Track<'h>,
    since: Timestamp,
) -> impl Iterator<Item = (&'t Step<'h>, &'t Step<'h>)> {
    let never_owned = scene.stays_paused(one);
    track.steps.iter().zip(track.steps.iter().skip(1)).filter(move |(_, step)| {
        let write = step.write;
        let before = one.target_unpause.map_or(never_owned, |end| write.received < end.received);
        let later = write.received >= since;
        later && before && !one.is_mover(Side::Target, &write.actor)
    })
}

/// A copy that went from the target again, without the mover's doing.
fn removed(
    scene: &Scene<'_>,
    one: &Move<'_>,
    track: &Track<'_>,
    copy: &Copied<'_>,
) -> Option<Loss> {
    let original = scene.objects.track(Side::Source, &track.key);
    if original.is_some_and(|original| keeps(one, original)) {
        return None;
    }
    let ends = |step: &Step<'_>| matches!(step.change, Change::Death | Change::DeletionAsked);
    let since = copy.created.received;
    let (_, gone) = staged(scene, one, track, since).find(|(_, step)| ends(step))?;
    let name = scene.objects.name(&track.key);
    let actor = &gone.write.actor;
    let at = gone.write.received;
    let says = format!("The copy of {name} was deleted on the target by {actor} at {at:.3}");
    let created = line(copy.created, format!("created the copy of {name}"));
    Some((says, vec![created, scene.line(gone)]))
}

/// The mover's write with which a copy went, when it is not there when the target owns.
fn taken_away<'t, 'h>(one: &Move<'h>, track: &'t Track<'h>) -> Option<&'t Step<'h>> {
    let end = one.taken_over();
    let early = |step: &&Step<'h>| end.is_none_or(|end| step.write.received < end);
    let gone = track.steps.iter().rev().find(early).filter(|step| !step.exists)?;
    one.is_mover(Side::Target, &gone.write.actor).then_some(gone)
}

/// Whether the target owned without this copy, since the mover had taken it away again.
pub(super) fn is_missing(scene: &Scene<'_>, one: &Move<'_>, key: &Key) -> bool {
    let track = scene.objects.track(Side::Target, key).filter(|_| one.target_unpause.is_some());
    track.is_some_and(|track| taken_away(one, track).is_some())
}

/// A write of a user to a staged copy, of which something is gone when the target owns. What was
/// written to the copy of an earlier attempt counts.
fn overwritten(scene: &Scene<'_>, one: &Move<'_>, track: &Track<'_>) -> Option<Loss> {
    let by_mover = |birth: &&Step<'_>| one.is_mover(Side::Target, &birth.write.actor);
    let since = track.births().find(by_mover)?.write.received;
    let last = at(track, one.taken_over())?;
    let gone = taken_away(one, track);
    let nothing = Leaves::none();
    staged(scene, one, track, since).find_map(|(before, step)| {
        let actor = &step.write.actor;
        if actor.is_controller() || actor.is_kubernetes() {
            return None;
        }
        let area = CARRIED.into_iter().find(|area| {
            let then = part_of(&before.state.facts, *area);
            let written = part_of(&step.state.facts, *area);
            let there = part_of(&last.state.facts, *area);
            let now = if gone.is_some() { Some(&nothing) } else { there };
            then.zip(written)
                .zip(now)
                .is_some_and(|((then, written), now)| !now.covers(&written.added_to(then)))
        })?;
        let name = scene.objects.name(&track.key);
        let did = if gone.is_some() { "removed" } else { "overwrote" };
        let says = format!(
            "{actor} changed {area} of the copy of {name} on the target at {:.3}, and the mover \
             {did} it",
            step.write.received
        );
        Some((says, vec![scene.line(step), scene.line(gone.unwrap_or(last))]))
    })
}

/// A credential that was not copied, so that the target made a new one: a new CA is not the one
/// that the cluster trusts.
fn made_anew(scene: &Scene<'_>, one: &Move<'_>, track: &Track<'_>) -> Option<Loss> {
    let (cluster, _) = cluster_of_secret(&track.key)?;
    let ours = cluster == one.cluster.name && track.key.namespace == one.cluster.namespace;
    let unpause = one.target_unpause.filter(|_| ours)?;
    let made = track.births().find(|step| step.write.received >= unpause.received)?;
    let name = scene.objects.name(&track.key);
    let says = format!("{name} was not copied, and the target made a new one");
    Some((says, vec![scene.line(made)]))
}
