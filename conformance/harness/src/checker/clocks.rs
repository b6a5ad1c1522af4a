//! Whether times of the two logs can be compared.
//!
//! Nothing in two audit logs measures the difference of their clocks, so the logs are believed
//! until they contradict themselves: a copy before its original, or parts of one move that lie
//! further apart than a mover waits between them.

use crate::history::moves::Move;
use crate::history::objects::Objects;
use crate::history::{Side, Write};
use jiff::Timestamp;

/// No mover waits longer between its work at one side and at the other: a slow barrier takes
/// seconds, a bootstrap token lives 15 minutes. In nanoseconds.
pub(super) const LONGEST_WAIT: i128 = 5 * 60 * 1_000_000_000;

/// What is known of the clocks of the two logs.
#[derive(Clone, Debug, Default)]
pub struct Clocks {
    doubt: Option<String>,
}

impl Clocks {
    /// Compares the two logs.
    #[must_use]
    pub fn of(objects: &Objects<'_>, moves: &[Move<'_>]) -> Self {
        let doubt = apart(objects)
            .or_else(|| moves.iter().find_map(|one| copy_before_original(objects, one)))
            .or_else(|| moves.iter().find_map(parts_apart));
        Self { doubt }
    }

    /// Why times of the two logs cannot be compared, as a sentence.
    #[must_use]
    pub fn doubt(&self) -> Option<&str> {
        self.doubt.as_deref()
    }
}

/// Two logs that have no moment in common cannot both tell of one move.
fn apart(objects: &Objects<'_>) -> Option<String> {
    let source = objects.history().span(Side::Source)?;
    let target = objects.history().span(Side::Target)?;
    let gap = gap(source, target).filter(|gap| *gap > LONGEST_WAIT)?;
    Some(format!(
        "The clocks of the two logs cannot be reconciled: the source's log lasts from {:.0} to \
         {:.0}, the target's from {:.0} to {:.0}, {} apart, though both tell of one move.",
        source.0,
        source.1,
        target.0,
        target.1,
        length(gap)
    ))
}

fn copy_before_original(objects: &Objects<'_>, one: &Move<'_>) -> Option<String> {
    one.copies.iter().find_map(|(key, copy)| {
        let original = objects.track(Side::Source, key)?;
        let born = original.births().next()?.write;
        let early = !original.older_than_log() && copy.created.completed < born.received;
        early.then(|| {
            format!(
                "The clocks of the two logs cannot be reconciled: the copy of {} was created on \
                 the target at {:.3}, before the source created the original at {:.3}.",
                objects.name(key),
                copy.created.received,
                born.received
            )
        })
    })
}

/// The source's part of a move, from pause to last deletion, and the target's, from first copy to
/// unpause, belong together: a long gap is a difference of the clocks, or cannot be told from one.
fn parts_apart(one: &Move<'_>) -> Option<String> {
    let source = extent(one.source_pause.into_iter().chain(one.removals.iter().copied()))?;
    let target =
        extent(one.first_copy().into_iter().chain(one.last_copy()).chain(one.target_unpause))?;
    let gap = gap(source, target).filter(|gap| *gap > LONGEST_WAIT)?;
    Some(format!(
        "The clocks of the two logs cannot be reconciled: the source's part of the move lasts \
             from {:.3} to {:.3}, the target's from {:.3} to {:.3}, {} apart.",
        source.0,
        source.1,
        target.0,
        target.1,
        length(gap)
    ))
}

type Extent = (Timestamp, Timestamp);

fn extent<'h>(writes: impl Iterator<Item = &'h Write>) -> Option<Extent> {
    let both = |write: &Write| (write.received, write.completed);
    writes.map(both).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

/// The nanoseconds between two extents that have no moment in common.
fn gap(one: Extent, other: Extent) -> Option<i128> {
    let (first, second) = if one.0 <= other.0 { (one, other) } else { (other, one) };
    Some(second.0.as_nanosecond() - first.1.as_nanosecond()).filter(|gap| *gap > 0)
}

fn length(nanoseconds: i128) -> String {
    let seconds = nanoseconds / 1_000_000_000;
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use crate::checker::Scene;
    use crate::history::Side;
    use crate::history::build::pivot;
    use jiff::SignedDuration;

    fn doubt_when_target_runs(seconds: i64) -> Option<String> {
        let shift = SignedDuration::from_secs(seconds);
        let story = pivot().changed(
            |write| write.side == Side::Target,
            |write| {
                write.received += shift;
                write.completed += shift;
            },
        );
        let history = story.history();
        Scene::of(&history).clocks.doubt().map(str::to_owned)
    }

    #[test]
    fn an_hour_apart_is_named() {
        for seconds in [3_600, -3_600] {
            let doubt = doubt_when_target_runs(seconds).expect("a doubt");
            assert!(doubt.contains("clocks of the two logs cannot be reconciled"), "{doubt}");
            assert!(doubt.contains("59 min"), "{doubt}");
        }
    }

    #[test]
    fn logs_that_agree_are_believed() {
        assert_eq!(doubt_when_target_runs(0), None);
    }

    #[test]
    fn a_copy_before_its_original_is_named() {
        let doubt = doubt_when_target_runs(-2).expect("a doubt");
        assert!(doubt.contains("before the source created the original"), "{doubt}");
    }
}
