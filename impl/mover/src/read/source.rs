//! What a source has: a fresh selection, or what is left of the last reading.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fulcrum_model::object::{Object, ObjectKey};
use fulcrum_model::protocol::{Entry, Name, Reading, Uid, Version};
use fulcrum_model::select::{Inventory, SelectError, Selection};

use super::{Seen, Snapshot, content, entry, reading};
use crate::error::ReadError;
use crate::ids;
use crate::parcel::SentObject;

/// What moves with a Cluster now.
pub(crate) fn selected(seen: &Seen, cluster: &ObjectKey) -> Result<Snapshot, ReadError> {
    let inventory = Inventory::new(seen.catalog.definitions().iter().chain(&seen.objects));
    let selection = inventory.select(cluster)?;
    let graph = inventory
        .graph(&selection)
        .map_err(|error| SelectError::Unplaceable { cluster: cluster.clone(), error })?;
    let objects: BTreeMap<&ObjectKey, &Object> =
        seen.objects.iter().map(|object| (object.key(), object)).collect();
    let left = left_owners(&selection);
    let mut snapshot = Snapshot::empty();
    let mut entries = Vec::new();
    for &node in graph.order().import() {
        let key = graph.key(node);
        let Some(&object) = objects.get(key) else { continue };
        let name = ids::name_of(key);
        let manifest = content::sent(object.value(), left.get(key).map_or(&[], Vec::as_slice));
        if !selection.selected.get(key).is_some_and(|selected| selected.library) {
            entries.push(entry(object, &manifest)?);
            snapshot.objects.insert(name.clone(), object.clone());
        }
        let source_uid = object.uid().map_or_else(String::new, |uid| uid.as_str().to_owned());
        snapshot.sent.insert(name, SentObject { key: key.clone(), source_uid, manifest });
    }
    snapshot.reading = reading(entries);
    Ok(snapshot)
}

/// What is left of a recorded reading, in its order, and after it what was made since.
///
/// While objects go, nothing can be selected any more at some point: then the recorded names tell.
pub(crate) fn left_of(
    seen: &Seen,
    cluster: &ObjectKey,
    recorded: &Reading,
) -> Result<Snapshot, ReadError> {
    let mut snapshot = match selected(seen, cluster) {
        Err(ReadError::Select(_)) => Snapshot::empty(),
        snapshot => snapshot?,
    };
    let library =
        |name: &Name| snapshot.sent.contains_key(name) && !snapshot.objects.contains_key(name);
    let mut entries = Vec::new();
    let mut objects = BTreeMap::new();
    for then in recorded.entries().iter().filter(|then| !library(&then.name)) {
        let Some(object) = ids::key_of(&then.name).and_then(|key| seen.get(&key)) else {
            continue;
        };
        let now = snapshot.reading.get(&then.name).cloned();
        // What cannot be selected keeps its owners: those that were left off are told by no one.
        let now = now.map_or_else(|| unselected(object, then), Ok)?;
        entries.push(now);
        objects.insert(then.name.clone(), object.clone());
    }
    let known: BTreeSet<&Name> = recorded.entries().iter().map(|entry| &entry.name).collect();
    let new = snapshot.reading.entries().iter().filter(|entry| !known.contains(&entry.name));
    for entry in new {
        entries.push(entry.clone());
        if let Some(object) = snapshot.objects.get(&entry.name) {
            objects.insert(entry.name.clone(), object.clone());
        }
    }
    snapshot.reading = reading(entries);
    snapshot.objects = objects;
    Ok(snapshot)
}

/// An object that the selection does not find any more. Its content is that of the record if one
/// set of left owners makes it so: with all of them, or with none.
fn unselected(object: &Object, then: &Entry) -> Result<Entry, ReadError> {
    let whole = entry(object, &content::sent(object.value(), &[]))?;
    if whole.digest == then.digest {
        return Ok(whole);
    }
    let all: Vec<usize> = (0..object.owners().len()).collect();
    let bare = entry(object, &content::sent(object.value(), &all))?;
    Ok(if bare.digest == then.digest { bare } else { whole })
}

/// The reading of a source whose set cannot be selected before the commit: one entry that is being
/// deleted, for which the protocol gives the attempt up (rule P2, second look).
pub(crate) fn unfit(cluster: &ObjectKey) -> Snapshot {
    let entry = Entry {
        name: ids::name_of(cluster),
        uid: Uid(0),
        version: Version(0),
        digest: content::digest(&serde_json::Value::Null),
        applied: None,
        deleting: true,
    };
    Snapshot { reading: reading(vec![entry]), ..Snapshot::empty() }
}

/// The positions of the owners that are left off, by object.
fn left_owners(selection: &Selection) -> BTreeMap<ObjectKey, Vec<usize>> {
    let mut left: BTreeMap<ObjectKey, Vec<usize>> = BTreeMap::new();
    for owner in &selection.left_owners {
        left.entry(owner.object.clone()).or_default().push(owner.position);
    }
    left
}

/// Whether a snapshot has something to send for each entry of a set.
pub(crate) fn covers(snapshot: &Snapshot, set: &Reading) -> bool {
    let mut names = set.entries().iter().map(|entry| Arc::clone(&entry.name.0));
    names.all(|name| snapshot.sent.contains_key(&Name(name)))
}
