//! What an original held last, in the parts that a move carries.

use crate::history::Side;
use crate::history::change::Change;
use crate::history::facts::{Area, Facts, Leaves};
use crate::history::moves::Move;
use crate::history::objects::{Step, Track};
use jiff::Timestamp;

/// The parts that a move carries.
pub(super) const CARRIED: [Area; 3] = [Area::Spec, Area::Labels, Area::Annotations];

/// One part of an original.
pub(super) struct Part<'t> {
    /// Which.
    pub(super) area: Area,
    /// What it held last; unknown where the log does not tell.
    pub(super) held: Option<&'t Leaves>,
    /// The write that made it so, when it is in the log.
    pub(super) written: Option<&'t Step<'t>>,
}

impl<'t> Part<'t> {
    /// All parts of an original.
    pub(super) fn all(track: &'t Track<'_>, one: &Move<'_>) -> [Self; 3] {
        CARRIED.map(|area| Self::last(area, track, one))
    }

    /// Follows one part through the writes. What the mover does to it is its own affair (a mark
    /// may replace all annotations), until somebody else writes there again.
    fn last(area: Area, track: &'t Track<'_>, one: &Move<'_>) -> Self {
        let mut part = Self { area, held: None, written: None };
        let mut marked = false;
        // Somebody's write that the log does not answer: what comes to light later is its doing.
        let mut unanswered = None;
        let began = one.began();
        for step in life(track, one) {
            let write = step.write;
            let touches = write.creates() || write.told.touches(area);
            let moves = began.is_none_or(|began| began <= write.received);
            // A mover has no business in the spec of an original.
            let by_mover = moves
                && area != Area::Spec
                && one.is_mover(Side::Source, &write.actor)
                && !write.creates();
            marked = if touches { by_mover } else { marked };
            let Some(held) = part_of(&step.state.facts, area).filter(|_| !marked) else {
                if touches && !by_mover {
                    unanswered = unanswered.or(Some(step));
                }
                continue;
            };
            let cause = unanswered.take().unwrap_or(step);
            if part.held.is_some_and(|before| before != held) {
                part.written = Some(cause);
            }
            part.held = Some(held);
        }
        part
    }
}

/// What happened to an original up to its removal by the move: what is made again under its name
/// later is another object, as after a move back.
pub(super) fn life<'t, 'h>(track: &'t Track<'h>, one: &Move<'_>) -> &'t [Step<'h>] {
    let began = one.source_pause.map(|pause| pause.received).or_else(|| one.began());
    let ends = |step: &Step<'_>| {
        step.change == Change::Death && Some(step.write.received) >= began && began.is_some()
    };
    let end = track.steps.iter().position(ends).map_or(track.steps.len(), |last| last + 1);
    &track.steps[..end]
}

/// What is known of a part.
pub(super) fn part_of(facts: &Facts, area: Area) -> Option<&Leaves> {
    match area {
        Area::Labels => facts.labels.as_ref(),
        Area::Annotations => facts.annotations.as_ref(),
        _ => facts.spec.as_ref(),
    }
}

/// The last step before `end` after which the object exists.
pub(super) fn at<'t, 'h>(track: &'t Track<'h>, end: Option<Timestamp>) -> Option<&'t Step<'h>> {
    let early = |step: &Step<'h>| end.is_none_or(|end| step.write.received < end);
    track.steps.iter().rev().find(|step| step.exists && early(step))
}
