//! A pause that is not the mover's: one that was there before stays as it was, on both sides (A1).
//!
//! The target's Cluster is then never unpaused, and its log does not show when the target came to
//! own. Nobody can be blamed for that.

use super::Scene;
use crate::history::moves::Move;
use crate::history::{Side, Write};

/// What `kubectl apply` notes on an object is no mark.
const NOTES: &str = "kubectl.kubernetes.io/";

/// Whether the target's Cluster may be paused to the end because the source's was, by somebody
/// else than the mover. Says whose pause it seems to be.
pub(super) fn kept(scene: &Scene<'_>, one: &Move<'_>) -> Option<String> {
    if one.target_unpause.is_some() {
        return None;
    }
    let name = scene.objects.name(&one.cluster);
    let unknown = || {
        format!(
            "Who paused the source's {name} is not in its log: a pause that is not the mover's \
             stays on both sides, and hides when the target came to own."
        )
    };
    match one.source_pause {
        Some(pause) if pause.inferred => Some(unknown()),
        Some(pause) if is_movers_own(one, pause) => None,
        Some(pause) => Some(format!(
            "The source's {name} was paused by {} at {:.3}, who is not seen to have moved it: a \
             pause that is not the mover's stays on both sides, and hides when the target came to \
             own.",
            pause.actor, pause.received
        )),
        None => was_paused(scene, one).then(unknown),
    }
}

/// A mover marks its pause, or is seen to create copies or to delete.
fn is_movers_own(one: &Move<'_>, pause: &Write) -> bool {
    let marked = pause.told.sets_annotations.iter().any(|key| !key.starts_with(NOTES));
    let copies = one.copies.values().map(|copy| copy.created);
    marked
        || copies.chain(one.removals.iter().copied()).any(|write| write.actor.is_same(&pause.actor))
}

/// Whether the source's Cluster was paused at any time, as far as its log does not deny it.
fn was_paused(scene: &Scene<'_>, one: &Move<'_>) -> bool {
    let cluster = scene.objects.track(Side::Source, &one.cluster);
    let mut steps = cluster.into_iter().flat_map(|cluster| &cluster.steps);
    steps.any(|step| step.exists && step.state.facts.spec_paused != Some(false))
}
