//! Finds objects by their Cluster and by their UID, and machines by their names, so that no checker
//! looks through a whole history for each move in it.

use super::Scene;
use crate::history::moves::Move;
use crate::history::objects::{Objects, Track};
use crate::history::{InfrastructureAction, Key, Side};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What is where in the objects of a history.
#[derive(Debug)]
pub(super) struct Index {
    sides: BTreeMap<Side, OfSide>,
    /// Objects that went, or shall go, from Clusters of the source that did not move.
    strangers: Vec<Key>,
    /// The Clusters that know a machine of which the record of the infrastructure does not say
    /// whose it is, by its name and by its provider id.
    machines: BTreeMap<String, BTreeSet<Key>>,
}

#[derive(Debug, Default)]
struct OfSide {
    members: BTreeMap<Key, Vec<Key>>,
    uids: BTreeMap<String, Key>,
    nodes_and_pods: Vec<Key>,
    logged: BTreeSet<String>,
    end: Option<Timestamp>,
}

impl Index {
    pub(super) fn of(objects: &Objects<'_>, moves: &[Move<'_>]) -> Self {
        let mut sides = BTreeMap::from(Side::BOTH.map(|side| (side, OfSide::of(objects, side))));
        let source = sides.entry(Side::Source).or_default();
        for (key, copy) in moves.iter().flat_map(|one| &one.copies) {
            if let Some(uid) = &copy.source_uid {
                source.uids.entry(uid.clone()).or_insert_with(|| key.clone());
            }
        }
        Self { sides, strangers: strangers(objects, moves), machines: machines(objects) }
    }
}

impl OfSide {
    fn of(objects: &Objects<'_>, side: Side) -> Self {
        let end = objects.history().span(side).map(|(_, end)| end);
        let mut found = Self { end, ..Self::default() };
        for track in objects.of_side(side) {
            found.take(track, objects.cluster_of(side, &track.key));
        }
        found
    }

    fn take(&mut self, track: &Track<'_>, cluster: Option<&Key>) {
        let key = &track.key;
        if let Some(cluster) = cluster {
            self.members.entry(cluster.clone()).or_default().push(key.clone());
        }
        if key.group.is_empty() && matches!(key.resource.as_str(), "nodes" | "pods") {
            self.nodes_and_pods.push(key.clone());
        }
        if !self.logged.contains(part_of_policy(key)) {
            self.logged.insert(part_of_policy(key).to_owned());
        }
        let mut last = None;
        for uid in track.uids() {
            if last != Some(uid) {
                self.uids.insert(uid.to_owned(), key.clone());
            }
            last = Some(uid);
        }
    }
}

/// What an audit policy takes or leaves as a whole: an API group, and a resource of the core group.
fn part_of_policy(key: &Key) -> &str {
    if key.group.is_empty() { &key.resource } else { &key.group }
}

fn strangers(objects: &Objects<'_>, moves: &[Move<'_>]) -> Vec<Key> {
    let moved: BTreeSet<&Key> = moves.iter().map(|one| &one.cluster).collect();
    let stays = |track: &&Track<'_>| {
        let cluster = objects.cluster_of(Side::Source, &track.key);
        let gone = !track.exists_at_end() || track.is_marked();
        gone && cluster.is_some_and(|cluster| !moved.contains(cluster))
    };
    objects.of_side(Side::Source).filter(stays).map(|track| track.key.clone()).collect()
}

/// The names by which an object may know a machine.
fn names_of(action: &InfrastructureAction) -> impl Iterator<Item = &String> {
    [Some(&action.name), action.provider_id.as_ref()].into_iter().flatten()
}

fn machines(objects: &Objects<'_>) -> BTreeMap<String, BTreeSet<Key>> {
    let unplaced = objects.history().infrastructure().filter(|act| act.belongs_to.is_none());
    let mut machines: BTreeMap<String, BTreeSet<Key>> =
        unplaced.flat_map(names_of).map(|name| (name.clone(), BTreeSet::new())).collect();
    if machines.is_empty() {
        return machines;
    }
    for side in Side::BOTH {
        for track in objects.of_side(side).filter(|track| track.key.is_cluster_api()) {
            let Some(cluster) = objects.cluster_of(side, &track.key) else {
                continue;
            };
            let ids = track.steps.iter().filter_map(|step| step.state.facts.provider_id.as_ref());
            for name in ids.chain([&track.key.name]) {
                if let Some(clusters) = machines.get_mut(name) {
                    clusters.insert(cluster.clone());
                }
            }
        }
    }
    machines
}

impl<'h> Scene<'h> {
    fn side(&self, side: Side) -> Option<&OfSide> {
        self.index.sides.get(&side)
    }

    fn tracks<'s>(&'s self, side: Side, keys: &'s [Key]) -> impl Iterator<Item = &'s Track<'h>> {
        keys.iter().filter_map(move |key| self.objects.track(side, key))
    }

    /// When the log of a side ends.
    pub(super) fn end(&self, side: Side) -> Option<Timestamp> {
        self.side(side)?.end
    }

    /// The objects of the cluster at one side, copied or not.
    pub(super) fn members(&self, side: Side, one: &Move<'_>) -> impl Iterator<Item = &Track<'h>> {
        let members = self.side(side).and_then(|found| found.members.get(&one.cluster));
        self.tracks(side, members.map(Vec::as_slice).unwrap_or_default())
    }

    /// The Nodes and Pods of a side.
    pub(super) fn nodes_and_pods(&self, side: Side) -> impl Iterator<Item = &Track<'h>> {
        let found = self.side(side).map(|found| found.nodes_and_pods.as_slice());
        self.tracks(side, found.unwrap_or_default())
    }

    /// The objects of the source that went, or shall go, though their Cluster did not move.
    pub(super) fn strangers(&self) -> impl Iterator<Item = &Track<'h>> {
        self.tracks(Side::Source, &self.index.strangers)
    }

    /// The object to which the server of a side gave this UID.
    pub(super) fn with_uid(&self, side: Side, uid: &str) -> Option<&Key> {
        self.side(side)?.uids.get(uid)
    }

    /// Whether the log of a side holds writes to objects such as this one at all.
    pub(super) fn logs(&self, side: Side, key: &Key) -> bool {
        self.side(side).is_some_and(|found| found.logged.contains(part_of_policy(key)))
    }

    /// Whether an act on the infrastructure is of the cluster that moved. It is not known when the
    /// record names no Cluster, and no object of one Cluster alone bears the name of the machine.
    pub(super) fn is_of(&self, action: &InfrastructureAction, one: &Move<'_>) -> Option<bool> {
        if let Some(name) = &action.belongs_to {
            return Some(*name == one.cluster.name);
        }
        let known = names_of(action).filter_map(|name| self.index.machines.get(name));
        let clusters: BTreeSet<&Key> = known.flatten().collect();
        match (clusters.contains(&one.cluster), clusters.len()) {
            (true, 1) => Some(true),
            (false, 1..) => Some(false),
            _ => None,
        }
    }
}
