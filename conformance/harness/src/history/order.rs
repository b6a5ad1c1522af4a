//! In which order the API servers of one side made the writes to an object.

use super::{Verb, Write};

/// Orders the writes to one object: by time, and where the clocks of two API servers may have
/// exchanged them by their resourceVersions. A write that has none, as a deletion has not, comes
/// last in the life of the object: what is gone cannot be written to.
pub(super) fn in_server_order(writes: &mut [&Write]) {
    writes.sort_by_key(|write| write.received);
    for end in 1..writes.len() {
        let place = place(&writes[..end], writes[end]);
        writes[place..=end].rotate_right(1);
    }
}

/// Where a write belongs among those that were received before it.
fn place(earlier: &[&Write], write: &Write) -> usize {
    let mut place = earlier.len();
    for (index, other) in earlier.iter().enumerate().rev() {
        if !other.is_near(write) {
            break;
        }
        if came_later(other, write) {
            place = index;
        } else if other.creates() {
            // What lies before belongs to another life of the object.
            break;
        }
    }
    place
}

/// Whether the first of two writes, as they were received, was made after the second.
fn came_later(first: &Write, second: &Write) -> bool {
    match first.resource_version.zip(second.resource_version) {
        Some((first, second)) => first > second,
        None => ends(first) && needs_it(second) && !ends(second),
    }
}

/// Whether a write can only be made to an object that is there.
fn needs_it(write: &Write) -> bool {
    !write.creates() && write.verb != Verb::DeleteCollection
}

/// Whether the object is gone after it, by what the write itself tells.
fn ends(write: &Write) -> bool {
    let told = &write.told;
    let none_left = told.finalizers.as_ref().is_some_and(Vec::is_empty);
    match write.verb {
        Verb::Delete => write.subresource.is_empty() && (told.gone || none_left),
        Verb::DeleteCollection => false,
        _ => told.deleting == Some(true) && none_left,
    }
}

#[cfg(test)]
mod tests {
    use crate::history::build::{CONTROLLER, Story};
    use crate::history::objects::Objects;
    use crate::history::{Side, build};
    use jiff::SignedDuration;

    const SET: &str = "MachineSet ms";

    /// A MachineSet that is made, changed at two API servers and deleted; its changes are logged
    /// so many milliseconds later than they were made.
    fn skewed(milliseconds: i64) -> Story {
        let late = SignedDuration::from_millis(milliseconds);
        Story::new()
            .at(0)
            .create(Side::Source, "user", SET, &[])
            .at(5_000)
            .edit(Side::Source, CONTROLLER, SET)
            .at(5_020)
            .delete(Side::Source, "user", SET)
            .changed(
                |write| write.actor.user == CONTROLLER,
                |write| {
                    write.received += late;
                    write.completed += late;
                },
            )
    }

    fn exists_at_end(story: Story) -> bool {
        let history = story.history();
        let objects = Objects::of(&history);
        objects.track(Side::Source, &build::key(SET)).expect("written to").exists_at_end()
    }

    #[test]
    fn a_write_that_is_logged_late_revives_nothing() {
        for versions in [true, false] {
            for late in [40, 1_000] {
                let story = skewed(late).changed(
                    |write| !versions || write.told.gone,
                    |write| write.resource_version = None,
                );
                assert!(!exists_at_end(story), "{late} ms late, versions: {versions}");
            }
        }
    }

    #[test]
    fn a_write_that_comes_much_later_shows_that_it_is_there() {
        assert!(exists_at_end(skewed(60_000)));
    }

    #[test]
    fn what_is_made_again_at_once_is_another_life() {
        let story = skewed(0)
            .at(5_040)
            .create(Side::Source, "user", SET, &[])
            .at(5_060)
            .edit(Side::Source, CONTROLLER, SET)
            .changed(|_| true, |write| write.resource_version = None);
        assert!(exists_at_end(story));
    }

    #[test]
    fn versions_order_what_clocks_exchange() {
        let early = SignedDuration::from_millis(-30);
        let story = Story::new()
            .at(0)
            .create(Side::Source, "user", SET, &[])
            .at(20)
            .edit(Side::Source, CONTROLLER, SET)
            .changed(|write| !write.creates(), |write| write.received += early);
        let history = story.history();
        let objects = Objects::of(&history);
        let track = objects.track(Side::Source, &build::key(SET)).expect("written to");
        assert!(!track.older_than_log(), "its creation came first");
    }
}
