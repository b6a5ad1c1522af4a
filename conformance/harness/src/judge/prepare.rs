//! What is done to a history before it is judged: writes that a log has lost are put back where
//! they must have been, and what belongs to a move back is left out.

use crate::history::moves::recognise;
use crate::history::objects::Objects;
use crate::history::way_back::{self, WayBack};
use crate::history::{Entry, History, Write, lost};
use std::borrow::Cow;

/// The history that is judged, and what was done to it, as notes.
pub(super) fn prepared(history: &History) -> (Cow<'_, History>, Vec<String>) {
    let mut notes = Vec::new();
    let mut whole = Cow::Borrowed(history);
    if let Some(more) = with_lost_writes(&whole, &mut notes) {
        whole = Cow::Owned(more);
    }
    if let Some(less) = without_ways_back(&whole, &mut notes) {
        whole = Cow::Owned(less);
    }
    (whole, notes)
}

fn with_lost_writes(history: &History, notes: &mut Vec<String>) -> Option<History> {
    let objects = Objects::of(history);
    let lost = lost::writes(&objects);
    if lost.is_empty() {
        return None;
    }
    notes.extend(lost.iter().map(|write| was_lost(&objects, write)));
    let mut entries = history.entries().to_vec();
    entries.extend(lost.into_iter().map(|write| Entry::Write(Box::new(write))));
    Some(history.with_entries(entries))
}

fn was_lost(objects: &Objects<'_>, write: &Write) -> String {
    let paused = write.told.spec_paused == Some(true);
    format!(
        "The write that {} {} is not in the {}'s log: what stands there shows that it came between \
         {:.3} and {:.3}.",
        if paused { "paused" } else { "unpaused" },
        objects.name(&write.object),
        write.side,
        write.received,
        write.completed
    )
}

fn without_ways_back(history: &History, notes: &mut Vec<String>) -> Option<History> {
    let objects = Objects::of(history);
    let moves = recognise(&objects);
    let back: Vec<WayBack> = moves.iter().filter_map(|one| way_back::of(&objects, one)).collect();
    if back.is_empty() {
        return None;
    }
    notes.extend(back.iter().map(|back| went_back(&objects, back)));
    let stays = |entry: &&Entry| !back.iter().any(|back| back.takes(&objects, entry));
    Some(history.with_entries(history.entries().iter().filter(stays).cloned().collect()))
}

fn went_back(objects: &Objects<'_>, back: &WayBack) -> String {
    format!(
        "{} went back from the target to the source, from {:.3} on: that is another move, which is \
         not judged here. Exchange the two logs to judge it.",
        objects.name(&back.cluster),
        back.at_target
    )
}
