//! What existed at each API server, when, and in which state: rebuilt from the writes alone.
//!
//! Deletion is not what a DELETE does. An object with finalizers is only marked by it, and goes
//! with the write that empties its finalizers.

use super::change::Change;
use super::facts::{Area, Facts};
use super::order::in_server_order;
use super::{History, Key, Side, Verb, Write, owned};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Every object that was written to, at both sides.
#[derive(Debug)]
pub struct Objects<'h> {
    history: &'h History,
    tracks: BTreeMap<Side, BTreeMap<Key, Track<'h>>>,
    clusters: BTreeMap<Side, BTreeMap<Key, Key>>,
    doubtful: bool,
}

/// What is known of one object at one side, write by write.
#[derive(Debug)]
pub struct Track<'h> {
    /// The object.
    pub key: Key,
    /// Its kind, where the log tells.
    pub kind: Option<&'h str>,
    /// The writes that took effect, in the order in which the server made them.
    pub steps: Vec<Step<'h>>,
    /// The earliest time at which a step, or one after it, was received.
    from_here: Vec<Timestamp>,
}

/// One write and what it left behind.
#[derive(Debug)]
pub struct Step<'h> {
    /// The write.
    pub write: &'h Write,
    /// Whether the object exists after it.
    pub exists: bool,
    /// What is known of the object after it.
    pub state: State,
    /// What the write changed.
    pub change: Change,
}

/// What is known of an object at one moment.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Its UID, given by this server.
    pub uid: Option<String>,
    /// Its resourceVersion.
    pub resource_version: Option<u64>,
    /// The rest.
    pub facts: Facts,
}

impl<'h> Objects<'h> {
    /// Rebuilds the objects of a history.
    #[must_use]
    pub fn of(history: &'h History) -> Self {
        let mut tracks = BTreeMap::new();
        let mut doubtful = false;
        for side in Side::BOTH {
            tracks.insert(side, tracks_of(history, side, &mut doubtful));
        }
        let clusters = owned::clusters(&tracks);
        Self { history, tracks, clusters, doubtful }
    }

    /// Whether a collection was deleted by a selector of which it is not known what it took.
    #[must_use]
    pub fn has_doubtful_deletions(&self) -> bool {
        self.doubtful
    }

    /// The history.
    #[must_use]
    pub fn history(&self) -> &'h History {
        self.history
    }

    /// All objects of a side.
    pub fn of_side(&self, side: Side) -> impl Iterator<Item = &Track<'h>> {
        self.tracks.get(&side).into_iter().flat_map(BTreeMap::values)
    }

    /// One object of a side, if anything was written to it.
    #[must_use]
    pub fn track(&self, side: Side, key: &Key) -> Option<&Track<'h>> {
        self.tracks.get(&side)?.get(key)
    }

    /// The Cluster that an object belongs to: by its label, its spec, its owners, or for a Secret
    /// its name. Nothing for library objects, which several clusters may use.
    #[must_use]
    pub fn cluster_of(&self, side: Side, key: &Key) -> Option<&Key> {
        let own = self.clusters.get(&side).and_then(|known| known.get(key));
        own.or_else(|| self.clusters.get(&side.other()).and_then(|known| known.get(key)))
    }

    /// What messages call an object: `Machine default/child-cp-h6f9m`.
    #[must_use]
    pub fn name(&self, key: &Key) -> String {
        let kind = Side::BOTH.iter().find_map(|side| self.track(*side, key)?.kind);
        match (kind, key.resource.as_str()) {
            (Some(kind), _) => format!("{kind} {}", key.path()),
            (None, "secrets") => format!("Secret {}", key.path()),
            (None, "configmaps") => format!("ConfigMap {}", key.path()),
            (None, _) => key.to_string(),
        }
    }
}

impl<'h> Track<'h> {
    /// Whether it was there before the first write to it that is in the log.
    #[must_use]
    pub fn older_than_log(&self) -> bool {
        self.steps.first().is_some_and(|step| step.change != Change::Birth)
    }

    /// Every write that brought it into being.
    pub fn births(&self) -> impl Iterator<Item = &Step<'h>> {
        self.steps.iter().filter(|step| step.change == Change::Birth)
    }

    /// Every write with which it went.
    pub fn deaths(&self) -> impl Iterator<Item = &Step<'h>> {
        self.steps.iter().filter(|step| step.change == Change::Death)
    }

    /// The last step that was received before `moment`.
    #[must_use]
    pub fn before(&self, moment: Timestamp) -> Option<&Step<'h>> {
        let number = self.from_here.partition_point(|received| *received < moment);
        self.steps.get(number.checked_sub(1)?)
    }

    /// Whether it existed just before `moment`.
    #[must_use]
    pub fn existed_before(&self, moment: Timestamp) -> bool {
        self.before(moment).map_or_else(|| self.older_than_log(), |step| step.exists)
    }

    /// Whether it existed when `write` was made at the same side; versions tell where times do not.
    #[must_use]
    pub fn existed_at(&self, write: &Write) -> bool {
        let earlier = self.steps.iter().rev().find(|step| step.write.is_earlier(write));
        earlier.map_or_else(|| self.existed_before(write.completed), |step| step.exists)
    }

    /// Whether it exists after the last write in the log.
    #[must_use]
    pub fn exists_at_end(&self) -> bool {
        self.steps.last().is_some_and(|step| step.exists)
    }

    /// Whether its deletion was asked for, though it is not seen to be gone.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        self.steps.last().is_some_and(|last| last.exists && last.state.facts.deleting == Some(true))
    }

    /// Every UID that this server is known to have given to it.
    pub fn uids(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| step.write.uid.as_deref())
    }
}

fn tracks_of<'h>(
    history: &'h History,
    side: Side,
    doubtful: &mut bool,
) -> BTreeMap<Key, Track<'h>> {
    let mut written: BTreeMap<Key, Vec<&'h Write>> = BTreeMap::new();
    let mut collections: BTreeMap<(&str, &str), Vec<&'h Write>> = BTreeMap::new();
    for write in history.writes().filter(|write| write.side == side && write.took_effect()) {
        let object = &write.object;
        if write.verb == Verb::DeleteCollection {
            let of_kind = (object.group.as_str(), object.resource.as_str());
            collections.entry(of_kind).or_default().push(write);
        } else if !object.name.is_empty() {
            written.entry(object.clone()).or_default().push(write);
        }
    }
    let mut tracks = BTreeMap::new();
    for (key, mut writes) in written {
        let of_kind = collections.get(&(key.group.as_str(), key.resource.as_str()));
        writes.extend(of_kind.into_iter().flatten().copied().filter(|write| covers(write, &key)));
        in_server_order(&mut writes);
        let track = Track::of(key.clone(), &writes, history.selectors_reach(), doubtful);
        tracks.insert(key, track);
    }
    tracks
}

/// Whether the deletion of a collection can reach an object, by its place and name.
fn covers(write: &Write, key: &Key) -> bool {
    let named = write.selector.as_ref().and_then(|selector| selector.takes_named(key));
    named != Some(false)
        && (write.object.namespace.is_empty() || write.object.namespace == key.namespace)
}

/// Whether the deletion of a collection takes an object of which so much is known.
fn takes(write: &Write, key: &Key, known: &Facts) -> Option<bool> {
    write.selector.as_ref().map_or(Some(true), |selector| selector.takes(key, known))
}

impl<'h> Track<'h> {
    /// Follows the writes. Where it is not known whether a selector takes the object, it takes it
    /// if `reach` says so, and `doubtful` is set.
    fn of(key: Key, writes: &[&'h Write], reach: bool, doubtful: &mut bool) -> Self {
        let kind = writes.iter().rev().find_map(|write| write.kind.as_deref());
        let nothing = State::default();
        let mut own = writes.iter().filter(|write| write.verb != Verb::DeleteCollection);
        let made_later = own.next().is_some_and(|first| first.creates());
        let mut steps: Vec<Step<'h>> = Vec::with_capacity(writes.len());
        for &write in writes {
            let last = steps.last();
            if last.is_some_and(|last| !last.exists && !could_revive(last, write)) {
                continue;
            }
            let before = last.filter(|last| last.exists).map_or(&nothing, |last| &last.state);
            if write.verb == Verb::DeleteCollection {
                if made_later && steps.is_empty() {
                    continue;
                }
                let taken = takes(write, &key, &before.facts);
                *doubtful |= taken.is_none();
                if !taken.unwrap_or(reach) {
                    continue;
                }
            }
            let step = Step::after(before, write);
            steps.push(step);
        }
        let from_here = from_here(&steps);
        Self { key, kind, steps, from_here }
    }
}

/// The minimum of the times from each step on.
fn from_here(steps: &[Step<'_>]) -> Vec<Timestamp> {
    let mut earliest = Timestamp::MAX;
    let mut times: Vec<Timestamp> = steps
        .iter()
        .rev()
        .map(|step| {
            earliest = earliest.min(step.write.received);
            earliest
        })
        .collect();
    times.reverse();
    times
}

/// Whether a write to an object that was taken for gone shows that it is there. The second answer
/// to the same deletion shows nothing.
fn could_revive(last: &Step<'_>, write: &Write) -> bool {
    let overlaps = write.received < last.write.completed;
    let deletes = matches!(write.verb, Verb::Delete | Verb::DeleteCollection);
    write.creates() || (!deletes && !overlaps)
}

impl<'h> Step<'h> {
    fn after(before: &State, write: &'h Write) -> Self {
        let created = write.creates();
        let mut state = if created { State::default() } else { before.clone() };
        state.absorb(write);
        let exists = !removes(&state, write);
        let change = Change::of(before, write, &state, exists);
        Self { write, exists, state, change }
    }
}

/// Whether the object is gone after the write. A DELETE that is not answered by `Success` has only
/// marked it, whatever its finalizers were: orphaning adds one of its own.
fn removes(state: &State, write: &Write) -> bool {
    let none_left = state.facts.finalizers.as_ref().is_some_and(Vec::is_empty);
    let told_none = write.told.finalizers.as_ref().is_some_and(Vec::is_empty);
    match write.verb {
        Verb::Delete => write.subresource.is_empty() && (write.told.gone || told_none),
        Verb::DeleteCollection => none_left || write.object.group.is_empty(),
        _ => state.facts.deleting == Some(true) && none_left,
    }
}

impl State {
    fn absorb(&mut self, write: &Write) {
        let deletes = matches!(write.verb, Verb::Delete | Verb::DeleteCollection);
        match &write.told.touched {
            _ if deletes => self.facts.deleting = Some(true),
            Some(touched) => touched.iter().for_each(|area| self.facts.forget(*area)),
            None if write.subresource == "status" => {
                self.facts.forget(Area::Conditions);
                self.facts.forget(Area::Status);
            }
            None => {
                Area::ALL.iter().for_each(|area| self.facts.forget(*area));
                self.facts.paused_annotation = None;
            }
        }
        self.facts.overlay(write.told.clone());
        self.uid = write.uid.clone().or(self.uid.take());
        self.resource_version = write.resource_version.or(self.resource_version);
    }
}
