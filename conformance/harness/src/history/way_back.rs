//! Moves back: a Cluster that came to the target and later went home, in the same two logs.
//!
//! Each move is judged by itself. What belongs to the way back is no part of the way there: the
//! source holds the cluster again, and the target's copies go.

use super::change::Change;
use super::facts::Area;
use super::moves::{Move, carries_foreign_uid};
use super::objects::{Objects, Track};
use super::{Entry, Key, Side, Write};
use jiff::{SignedDuration, Timestamp};

/// The way back of one Cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct WayBack {
    pub(crate) cluster: Key,
    /// When it began, by the source's clock.
    pub(crate) at_source: Timestamp,
    /// When it began, by the target's clock.
    pub(crate) at_target: Timestamp,
}

/// The way back of a Cluster after this move of it.
///
/// The source had let go of the Cluster and got it again: as a copy, or while the target's was
/// paused or gone. A Cluster that somebody makes anew while the target owns is no way back.
pub(crate) fn of(objects: &Objects<'_>, one: &Move<'_>) -> Option<WayBack> {
    let source = objects.track(Side::Source, &one.cluster)?;
    let target = objects.track(Side::Target, &one.cluster)?;
    let gone = one.removals.iter().find(|write| write.object == one.cluster)?;
    let mut later = source.steps.iter().skip_while(|step| !std::ptr::eq(step.write, *gone));
    let birth = later.find(|step| step.change == Change::Birth)?;
    let born = birth.write.completed;
    let latest = born.checked_add(clock_error(objects)).unwrap_or(born);
    let paused = pause_before(target, one, latest);
    let copied = carries_foreign_uid(birth.write) || birth.state.facts.spec_paused == Some(true);
    let held = target
        .before(latest)
        .is_some_and(|last| !last.exists || last.state.facts.spec_paused == Some(true));
    let cleaned = one.removals.last().map_or(gone.completed, |last| last.completed);
    let began = paused.map_or(birth.write.received, |pause| pause.received);
    (copied || held).then(|| WayBack {
        cluster: one.cluster.clone(),
        at_source: birth.write.received.min(began).max(cleaned),
        at_target: began,
    })
}

fn clock_error(objects: &Objects<'_>) -> SignedDuration {
    SignedDuration::try_from(objects.history().clock_error()).unwrap_or_default()
}

/// The last pause of the target's Cluster since it came to own.
fn pause_before<'h>(target: &Track<'h>, one: &Move<'h>, end: Timestamp) -> Option<&'h Write> {
    let owned = one.target_unpause?.received;
    let pauses = |write: &&Write| {
        let sets = write.told.spec_paused == Some(true) && write.told.touches(Area::Pause);
        sets && owned < write.received && write.received < end
    };
    target.steps.iter().rev().map(|step| step.write).find(pauses)
}

impl WayBack {
    /// Whether an entry belongs to the way back or to what came after it.
    pub(crate) fn takes(&self, objects: &Objects<'_>, entry: &Entry) -> bool {
        match entry {
            Entry::Write(write) => {
                let from = match write.side {
                    Side::Source => self.at_source,
                    Side::Target => self.at_target,
                };
                let ours = || objects.cluster_of(write.side, &write.object) == Some(&self.cluster);
                from <= write.received && ours()
            }
            Entry::Infrastructure(action) => {
                let ours = action.belongs_to.as_ref() == Some(&self.cluster.name);
                ours && self.at_source.min(self.at_target) <= action.at
            }
            Entry::Connection(_) | Entry::Fault(_) => false,
        }
    }
}
