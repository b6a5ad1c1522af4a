//! What becomes of an object on its way: UIDs are remapped, what a server sets is stripped, the
//! Cluster is paused (rules I1, I2, Q1).

mod pause;
mod strip;

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::object::{Object, ObjectKey, Uid};
use crate::select::LeftOwner;

pub(crate) use self::pause::remove_marked;
pub use self::pause::{Paused, is_paused, pause, paused_by, unpause};
pub(crate) use self::strip::each_reference;
pub use self::strip::{is_bookkeeping, strip};

/// The annotation that says whose pause it is: the id of the move. Only a pause with this mark is
/// removed by the mover (rule Q1).
pub const PAUSE_MARK: &str = "fulcrum.dev/paused-by";

/// The annotation of a copy that says which object of the source it was made of.
pub const SOURCE_UID: &str = "fulcrum.dev/source-uid";

/// The annotation of a copy that says which move made it.
pub const MOVE_ID: &str = "fulcrum.dev/move-id";

/// The UIDs of the copies, by the UIDs of what they were made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UidMap(BTreeMap<Uid, Uid>);

impl UidMap {
    /// Says that `local` is the copy of `source`.
    pub fn insert(&mut self, source: Uid, local: Uid) {
        self.0.insert(source, local);
    }

    /// The UID of the copy.
    #[must_use]
    pub fn local(&self, source: &Uid) -> Option<&Uid> {
        self.0.get(source)
    }
}

impl FromIterator<(Uid, Uid)> for UidMap {
    fn from_iter<I: IntoIterator<Item = (Uid, Uid)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// Why an object cannot be copied yet.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CopyError {
    /// The copy of an owner is not there: its UID is not known. The garbage collector would
    /// delete the copy within a tenth of a second.
    #[error("{object}: the owner {owner} has no copy yet")]
    OwnerWithoutCopy {
        /// The object.
        object: ObjectKey,
        /// The owner, as the reference names it.
        owner: String,
    },
}

/// The copy of `object` for the target: without what a server sets and without the bookkeeping of
/// the source, its owners remapped, marked as made by `move_id`. A Cluster is paused.
///
/// Owner references that the selection leaves off are left off. Labels, annotations, finalizers,
/// and the bytes and type of a Secret stay as they are.
///
/// # Errors
/// [`CopyError`] if an owner that moves is not in `uids`: objects are copied in import order.
pub fn copy(
    object: &Object,
    left_owners: &[LeftOwner],
    uids: &UidMap,
    move_id: &str,
) -> Result<Value, CopyError> {
    let mut value = object.value().clone();
    remove_marked(&mut value);
    strip(&mut value);
    let owners = owners(object, left_owners, uids)?;
    let metadata = metadata(&mut value);
    match owners.is_empty() {
        true => metadata.remove("ownerReferences"),
        false => metadata.insert("ownerReferences".to_owned(), Value::Array(owners)),
    };
    let annotations = annotations(metadata);
    annotations.retain(|key, _| !is_bookkeeping(key));
    annotations.insert(MOVE_ID.to_owned(), Value::from(move_id));
    if let Some(uid) = object.uid() {
        annotations.insert(SOURCE_UID.to_owned(), Value::from(uid.as_str()));
    }
    remap_references(&mut value, uids);
    if object.key().is_cluster() {
        pause(&mut value, move_id);
    }
    Ok(value)
}

/// Takes the bookkeeping off a copy, when the move is over.
pub fn forget(value: &mut Value) {
    let metadata = metadata(value);
    if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
        annotations.retain(|key, _| !is_bookkeeping(key));
    }
}

/// The owner references of the copy. Only their UIDs change.
fn owners(
    object: &Object,
    left_owners: &[LeftOwner],
    uids: &UidMap,
) -> Result<Vec<Value>, CopyError> {
    let is_left = |position: usize| {
        let mut left = left_owners.iter();
        left.any(|left| left.object == *object.key() && left.position == position)
    };
    let references = object.value().pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let mut owners = Vec::new();
    for (position, owner) in object.owners().iter().enumerate() {
        if is_left(position) {
            continue;
        }
        let local = owner.uid.as_ref().and_then(|uid| uids.local(uid));
        let local = local.ok_or_else(|| CopyError::OwnerWithoutCopy {
            object: object.key().clone(),
            owner: owner.to_string(),
        })?;
        let mut copy = references.map_or(Value::Null, |references| references[position].clone());
        copy["uid"] = Value::from(local.as_str());
        owners.push(copy);
    }
    Ok(owners)
}

/// References of older API versions carry the UID of their target: no source UID survives.
fn remap_references(value: &mut Value, uids: &UidMap) {
    let Some(spec) = value.get_mut("spec") else {
        return;
    };
    each_reference(spec, &mut |reference: &mut Map<String, Value>| {
        reference.remove("resourceVersion");
        let source = reference.get("uid").and_then(Value::as_str).map(Uid::new);
        match source.as_ref().and_then(|source| uids.local(source)) {
            Some(local) => {
                reference.insert("uid".to_owned(), Value::from(local.as_str()));
            }
            None => {
                reference.remove("uid");
            }
        }
    });
}

/// The metadata of an object.
fn metadata(value: &mut Value) -> &mut Map<String, Value> {
    map_in(value.as_object_mut().expect("an object is a map"), "metadata")
}

fn annotations(metadata: &mut Map<String, Value>) -> &mut Map<String, Value> {
    map_in(metadata, "annotations")
}

/// The map in a field, made if it is missing or null.
fn map_in<'a>(map: &'a mut Map<String, Value>, field: &str) -> &'a mut Map<String, Value> {
    let value = map.entry(field).or_insert(Value::Null);
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("it was made a map")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn machine() -> Object {
        Object::from_value(json!({
            "apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Machine",
            "metadata": {
                "name": "m", "namespace": "default", "uid": "s-m", "resourceVersion": "7",
                "generation": 3, "creationTimestamp": "2026-11-24T00:00:00Z", "managedFields": [],
                "finalizers": ["machine.cluster.x-k8s.io"], "labels": {"a": "b"},
                "ownerReferences": [
                    {
                        "apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "MachineSet",
                        "name": "ms", "uid": "s-ms", "controller": true,
                        "blockOwnerDeletion": true,
                    },
                    {"apiVersion": "example/v1", "kind": "Other", "name": "o", "uid": "s-o"},
                ],
            },
            "spec": {"infrastructureRef": {
                "kind": "DockerMachine", "name": "m", "uid": "s-dm", "resourceVersion": "9",
                "apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1",
            }},
            "status": {"phase": "Running"},
        }))
        .expect("a Machine")
    }

    fn left() -> Vec<LeftOwner> {
        let object = machine();
        vec![LeftOwner {
            object: object.key().clone(),
            position: 1,
            owner: object.owners()[1].clone(),
            reason: "it does not move".to_owned(),
        }]
    }

    #[test]
    fn owners_are_remapped_and_nothing_else_of_them_changes() {
        let uids: UidMap = [(Uid::new("s-ms"), Uid::new("t-ms"))].into_iter().collect();
        let copy = copy(&machine(), &left(), &uids, "move-1").expect("a copy");
        assert_eq!(
            copy["metadata"],
            json!({
                "name": "m", "namespace": "default", "finalizers": ["machine.cluster.x-k8s.io"],
                "labels": {"a": "b"},
                "annotations": {"fulcrum.dev/move-id": "move-1", "fulcrum.dev/source-uid": "s-m"},
                "ownerReferences": [{
                    "apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "MachineSet", "name": "ms",
                    "uid": "t-ms", "controller": true, "blockOwnerDeletion": true,
                }],
            }),
        );
        assert_eq!(copy.get("status"), None);
        assert_eq!(copy.pointer("/spec/infrastructureRef/uid"), None);
        assert_eq!(copy.pointer("/spec/infrastructureRef/resourceVersion"), None);
    }

    #[test]
    fn an_owner_without_a_copy_stops_the_copy() {
        let error = copy(&machine(), &left(), &UidMap::default(), "move-1").expect_err("no owner");
        assert!(error.to_string().contains("MachineSet.cluster.x-k8s.io ms"), "{error}");
    }

    #[test]
    fn a_cluster_is_paused_and_a_foreign_pause_stays_foreign() {
        let cluster = |paused: bool| {
            Object::from_value(json!({
                "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Cluster",
                "metadata": {"name": "c", "namespace": "default"}, "spec": {"paused": paused},
            }))
            .expect("a Cluster")
        };
        let copied =
            |object: &Object| copy(object, &[], &UidMap::default(), "move-1").expect("a copy");
        let own = copied(&cluster(false));
        assert_eq!(
            (own["spec"]["paused"].as_bool(), paused_by(&own)),
            (Some(true), Some("move-1"))
        );
        let foreign = copied(&cluster(true));
        assert_eq!((foreign["spec"]["paused"].as_bool(), paused_by(&foreign)), (Some(true), None));
    }

    #[test]
    fn the_pause_of_the_source_becomes_that_of_the_copy() {
        let mut value = json!({
            "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Cluster",
            "metadata": {"name": "c", "namespace": "default"}, "spec": {"a": 1},
        });
        pause(&mut value, "move-1");
        let source = Object::from_value(value).expect("a Cluster");
        let copy = copy(&source, &[], &UidMap::default(), "move-2").expect("a copy");
        assert_eq!(paused_by(&copy), Some("move-2"));
    }
}
