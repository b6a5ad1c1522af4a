//! Writes that a log has lost, as when one of its files is missing.
//!
//! A body that shows a Cluster unpaused, after another one showed it paused, proves that it was
//! unpaused in between, by a write that is in no log. That write is put back, with all the time in
//! between as its own: what the times of a write leave open is not known. So is the pause that was
//! lost, and the unpause of a Cluster of whose creation the log has no body.

use super::facts::{Area, Facts};
use super::objects::{Objects, Step, Track};
use super::{Actor, Entry, Side, Verb, Write};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// One moment, so that what was lost neither begins with what comes before nor ends with what
/// shows it.
const MOMENT: SignedDuration = SignedDuration::from_nanos(1);

/// Where in its time a lost write lay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// As early as can be.
    Earliest,
    /// As late as can be.
    Latest,
}

/// Every pause and unpause of a Cluster that is in no log though one shows it.
pub(crate) fn writes(objects: &Objects<'_>) -> Vec<Write> {
    let tracks = Side::BOTH.iter().flat_map(|side| objects.of_side(*side));
    tracks.filter(|track| track.key.is_cluster()).flat_map(of_cluster).collect()
}

/// Puts a lost write to one end of its time.
pub(crate) fn settle(entry: &mut Entry, end: End) {
    if let Entry::Write(write) = entry
        && write.inferred
    {
        match end {
            End::Earliest => write.completed = write.received,
            End::Latest => write.received = write.completed,
        }
    }
}

/// What the last write that tells anything told of the pause.
#[derive(Clone, Copy)]
struct Shown<'t, 'h> {
    by: &'t Step<'h>,
    /// `spec.paused`; unknown of an object that was made without a body in the log.
    paused: Option<bool>,
}

fn of_cluster(track: &Track<'_>) -> Vec<Write> {
    let mut lost = Vec::new();
    let mut before: Option<Shown<'_, '_>> = None;
    for step in &track.steps {
        let told = &step.write.told;
        if !step.exists {
            before = None;
        } else if step.write.creates() {
            before = Some(Shown { by: step, paused: told.spec_paused });
        } else if let Some(paused) = told.spec_paused {
            let turned = before.filter(|_| !told.touches(Area::Pause));
            lost.extend(turned.and_then(|before| between(before, step.write, paused)));
            before = Some(Shown { by: step, paused: Some(paused) });
        }
    }
    lost
}

/// The write that must lie between what was shown before and a write that shows otherwise.
fn between(before: Shown<'_, '_>, shows: &Write, paused: bool) -> Option<Write> {
    let turned = match before.paused {
        Some(before) => before != paused,
        None => !paused,
    };
    let from = after(before.by.write.received, MOMENT);
    turned.then(|| Write {
        received: from,
        completed: after(shows.received, -MOMENT).max(from),
        actor: Actor::default(),
        address: None,
        verb: Verb::Patch,
        subresource: String::new(),
        named_uid: None,
        resource_version: None,
        inferred: true,
        told: Facts {
            spec_paused: Some(paused),
            touched: Some(BTreeSet::from([Area::Pause])),
            ..Facts::default()
        },
        ..shows.clone()
    })
}

fn after(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.checked_add(by).unwrap_or(moment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::build::{CONTROLLER, Story, pivot, touching};

    /// A pivot in which the unpause of the target is lost, and a body shows it at 4,500.
    fn gap() -> Story {
        let unpauses =
            |write: &Write| write.side == Side::Target && write.told.spec_paused == Some(false);
        let shows = Facts { spec_paused: Some(false), ..touching(Area::Conditions) };
        pivot().without(unpauses).at(4_500).write(
            Side::Target,
            CONTROLLER,
            Verb::Patch,
            "Cluster c1",
            shows,
        )
    }

    fn lost(story: Story) -> Vec<Write> {
        let history = story.history();
        writes(&Objects::of(&history))
    }

    #[test]
    fn an_unpause_that_is_shown_and_not_logged_lies_in_between() {
        let lost = lost(gap());
        assert_eq!(lost.len(), 1, "{lost:?}");
        assert_eq!(lost[0].told.spec_paused, Some(false));
        let lasted = lost[0].completed.duration_since(lost[0].received);
        assert_eq!(lasted.as_millis(), 3_499, "from the copy at 1,000 to the body at 4,500");
    }

    #[test]
    fn where_every_write_is_logged_none_is_lost() {
        assert!(lost(pivot()).is_empty());
    }

    #[test]
    fn it_is_put_to_either_end() {
        let mut entry = Entry::Write(Box::new(lost(gap()).remove(0)));
        let from = entry.at();
        settle(&mut entry, End::Latest);
        assert!(entry.at() > from);
        settle(&mut entry, End::Earliest);
        assert!(entry.at() > from, "it has one moment by now");
    }
}
