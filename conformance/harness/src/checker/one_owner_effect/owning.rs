//! Which side owned the cluster when something was done.

use crate::checker::Scene;
use crate::history::Side;
use crate::history::moves::Move;
use crate::history::objects::{Step, Track};
use jiff::Timestamp;

/// Whether a side owned the cluster, or its turn had not come yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Owns {
    Yes,
    No,
    Untold,
}

/// Who owned the cluster in the course of one move.
pub(super) struct Owning<'m, 'h> {
    one: &'m Move<'h>,
    /// When the first copy was made: before, the target is not judged.
    first_copy: Option<Timestamp>,
    /// Since when the source was seen unpaused again or not, from its pause on.
    source: Vec<(Timestamp, bool)>,
    /// Since when the target was unpaused or not, from its unpause on.
    target: Vec<(Timestamp, bool)>,
    /// Whether the times of the two sides can be compared.
    comparable: bool,
    /// Whether the target's Cluster is known to be paused to the end of its log.
    stays_paused: bool,
    ends: [Option<Timestamp>; 2],
}

impl<'m, 'h> Owning<'m, 'h> {
    pub(super) fn of(scene: &Scene<'h>, one: &'m Move<'h>) -> Self {
        let pause = one.source_pause.map(|pause| pause.received);
        let unpause = one.target_unpause.map(|unpause| unpause.received);
        let cluster = |side: Side| scene.objects.track(side, &one.cluster);
        let unpaused = |step: &Step<'_>| step.state.facts.spec_paused == Some(false);
        let not_paused = |step: &Step<'_>| step.state.facts.spec_paused != Some(true);
        Self {
            one,
            first_copy: one.first_copy().map(|copy| copy.received),
            source: turns(cluster(Side::Source), pause, unpaused),
            target: turns(cluster(Side::Target), unpause, not_paused),
            comparable: scene.clocks.doubt().is_none(),
            stays_paused: scene.stays_paused(one),
            ends: Side::BOTH.map(|side| scene.end(side)),
        }
    }

    /// Whether a side owned all the time from `from` to `to`, by its own clock.
    pub(super) fn at(&self, side: Side, from: Timestamp, to: Timestamp) -> Owns {
        match side {
            Side::Source => self.source_at(from),
            Side::Target => self.target_at(from, to),
        }
    }

    /// The source owns until its pause, and again when it is unpaused and the target does not own:
    /// after a move that was given up, or when the cluster was given back.
    fn source_at(&self, from: Timestamp) -> Owns {
        let resumed = last_turn(&self.source, from);
        let taken = self.one.target_unpause.is_some_and(|unpause| unpause.completed < from);
        if self.one.target_unpause.is_some() && !self.comparable {
            // By the source's clock alone.
            return if resumed { Owns::Untold } else { self.paused_at(from) };
        }
        if taken && last_turn(&self.target, from) {
            return Owns::No;
        }
        if resumed { Owns::Yes } else { self.paused_at(from) }
    }

    /// The pause of the move holds to the end of the source's log, as far as that reaches.
    fn paused_at(&self, from: Timestamp) -> Owns {
        let [end, _] = self.ends;
        match self.one.source_pause {
            Some(pause) if pause.completed < from && end < Some(from) => Owns::Untold,
            Some(pause) if pause.completed < from => Owns::No,
            _ => Owns::Yes,
        }
    }

    fn target_at(&self, from: Timestamp, to: Timestamp) -> Owns {
        let [_, end] = self.ends;
        match self.one.target_unpause {
            _ if self.first_copy.is_none_or(|first| from < first) => Owns::Yes,
            Some(unpause) if to < unpause.received => Owns::No,
            Some(_) => Owns::Yes,
            None if self.stays_paused && Some(from) <= end => Owns::No,
            None => Owns::Untold,
        }
    }
}

/// When what holds of an object turned, after `since`. An object that is gone holds nothing.
fn turns(
    track: Option<&Track<'_>>,
    since: Option<Timestamp>,
    holds: impl Fn(&Step<'_>) -> bool,
) -> Vec<(Timestamp, bool)> {
    let mut turns: Vec<(Timestamp, bool)> = Vec::new();
    let Some(since) = since else {
        return turns;
    };
    let steps = track.into_iter().flat_map(|track| &track.steps);
    for step in steps.filter(|step| step.write.received >= since) {
        let now = step.exists && holds(step);
        if turns.last().is_none_or(|(_, last)| *last != now) {
            turns.push((step.write.received, now));
        }
    }
    turns
}

/// What holds just before a moment.
fn last_turn(turns: &[(Timestamp, bool)], moment: Timestamp) -> bool {
    turns.iter().rev().find(|(at, _)| *at < moment).is_some_and(|(_, holds)| *holds)
}
