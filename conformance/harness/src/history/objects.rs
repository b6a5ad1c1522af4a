//! What existed at each API server, when, and in which state: rebuilt from the writes alone.
//!
//! Deletion is not what a DELETE does. An object with finalizers is only marked by it, and goes
//! with the write that empties its finalizers.

use super::change::Change;
use super::facts::{Area, Facts};
use super::{History, Key, Side, Verb, Write, owned};
use std::collections::BTreeMap;

/// Every object that was written to, at both sides.
#[derive(Debug)]
pub struct Objects<'h> {
    history: &'h History,
    tracks: BTreeMap<Side, BTreeMap<Key, Track<'h>>>,
    clusters: BTreeMap<Side, BTreeMap<Key, Key>>,
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
        for side in Side::BOTH {
            tracks.insert(side, tracks_of(history, side));
        }
        let clusters = owned::clusters(&tracks);
        Self { history, tracks, clusters }
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
    pub fn before(&self, moment: jiff::Timestamp) -> Option<&Step<'h>> {
        self.steps.iter().rev().find(|step| step.write.received < moment)
    }

    /// Whether it existed just before `moment`.
    #[must_use]
    pub fn existed_before(&self, moment: jiff::Timestamp) -> bool {
        self.before(moment).map_or_else(|| self.older_than_log(), |step| step.exists)
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

fn tracks_of<'h>(history: &'h History, side: Side) -> BTreeMap<Key, Track<'h>> {
    let mut written: BTreeMap<Key, Vec<&'h Write>> = BTreeMap::new();
    let mut collections: Vec<&'h Write> = Vec::new();
    for write in history.writes().filter(|write| write.side == side && write.took_effect()) {
        if write.verb == Verb::DeleteCollection {
            collections.push(write);
        } else if !write.object.name.is_empty() {
            written.entry(write.object.clone()).or_default().push(write);
        }
    }
    let mut tracks = BTreeMap::new();
    for (key, mut writes) in written {
        writes.extend(collections.iter().copied().filter(|write| covers(write, &key)));
        in_server_order(&mut writes);
        tracks.insert(key.clone(), Track::of(key, &writes));
    }
    tracks
}

/// Whether the deletion of a collection reaches an object.
fn covers(write: &Write, key: &Key) -> bool {
    write.object.group == key.group
        && write.object.resource == key.resource
        && (write.object.namespace.is_empty() || write.object.namespace == key.namespace)
}

/// Orders the writes to one object. Those that overlap in time are ordered by the resourceVersion
/// that they gave; across a restored store versions go back, so the others are left as received.
fn in_server_order(writes: &mut [&Write]) {
    writes.sort_by_key(|write| write.received);
    for end in 1..writes.len() {
        let mut at = end;
        while at > 0 && is_swapped(writes[at - 1], writes[at]) {
            writes.swap(at - 1, at);
            at -= 1;
        }
    }
}

fn is_swapped(first: &Write, second: &Write) -> bool {
    let overlap = second.received < first.completed;
    let versions = first.resource_version.zip(second.resource_version);
    overlap && versions.is_some_and(|(first, second)| first > second)
}

impl<'h> Track<'h> {
    fn of(key: Key, writes: &[&'h Write]) -> Self {
        let kind = writes.iter().rev().find_map(|write| write.kind.as_deref());
        let mut steps: Vec<Step<'h>> = Vec::with_capacity(writes.len());
        for &write in writes {
            let step = match steps.last() {
                Some(last) if last.exists => Step::after(&last.state, write),
                Some(last) if is_of_collection(write) || !could_revive(last, write) => continue,
                _ => Step::after(&State::default(), write),
            };
            steps.push(step);
        }
        Self { key, kind, steps }
    }
}

fn is_of_collection(write: &Write) -> bool {
    write.verb == Verb::DeleteCollection
}

/// Whether a write to an object that was taken for gone shows that it is there. The second answer
/// to the same deletion shows nothing.
fn could_revive(last: &Step<'_>, write: &Write) -> bool {
    let overlaps = write.received < last.write.completed;
    write.creates() || (write.verb != Verb::Delete && !overlaps)
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
            None => Area::ALL.iter().for_each(|area| self.facts.forget(*area)),
        }
        self.facts.overlay(write.told.clone());
        self.uid = write.uid.clone().or(self.uid.take());
        self.resource_version = write.resource_version.or(self.resource_version);
    }
}
