//! What a target has: the copies that bear the mark of a mover.

use std::collections::BTreeSet;

use fulcrum_model::graph::Graph;
use fulcrum_model::object::{Object, ObjectKey, Uid};
use fulcrum_model::transform::{SOURCE_UID, UidMap};
use serde_json::Value;

use super::{Seen, Snapshot, entry, is_copy, reading};
use crate::error::ReadError;
use crate::ids;

/// The copies, owners first.
pub(crate) fn marked(seen: &Seen) -> Result<Snapshot, ReadError> {
    let copies: Vec<&Object> = seen.objects.iter().filter(|object| is_copy(object)).collect();
    let mut snapshot = Snapshot::empty();
    let mut entries = Vec::new();
    for key in ordered(&copies) {
        let Some(copy) = copies.iter().find(|copy| *copy.key() == key) else { continue };
        entries.push(entry(copy, copy.value())?);
        snapshot.objects.insert(ids::name_of(&key), Object::clone(copy));
    }
    snapshot.reading = reading(entries);
    Ok(snapshot)
}

/// The UIDs of copies by those of what they were made of, library objects among them.
pub(crate) fn uids(seen: &Seen) -> UidMap {
    let pair = |object: &Object| {
        let source = object.annotations().get(SOURCE_UID)?;
        Some((Uid::new(source.as_str()), object.uid()?.clone()))
    };
    seen.objects.iter().filter_map(pair).collect()
}

/// The keys in import order. The Cluster comes first where nothing owns it: what belongs to it by
/// name alone must not outlive it, nor be there before it.
fn ordered(copies: &[&Object]) -> Vec<ObjectKey> {
    let known: BTreeSet<&str> =
        copies.iter().filter_map(|copy| copy.uid()).map(Uid::as_str).collect();
    let within = |copy: &&Object| {
        let mut value = copy.value().clone();
        let owners = value.pointer_mut("/metadata/ownerReferences").and_then(Value::as_array_mut);
        if let Some(owners) = owners {
            let is_known = |owner: &Value| {
                owner.get("uid").and_then(Value::as_str).is_some_and(|uid| known.contains(uid))
            };
            owners.retain(is_known);
        }
        Object::from_value(value).ok()
    };
    let objects: Vec<Object> = copies.iter().filter_map(within).collect();
    let lone: BTreeSet<&ObjectKey> =
        objects.iter().filter(|object| object.owners().is_empty()).map(Object::key).collect();
    let mut keys: Vec<ObjectKey> = match Graph::build(&objects) {
        Ok(graph) => graph.order().import().iter().map(|&node| graph.key(node).clone()).collect(),
        // Somebody made a circle of them: any order will do to remove them.
        Err(_) => objects.iter().map(|object| object.key().clone()).collect(),
    };
    keys.sort_by_key(|key| !(key.is_cluster() && lone.contains(key)));
    keys
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::catalog::Catalog;

    fn object(kind: &str, number: u32, owner: Option<(&str, u32)>, copy: bool) -> Object {
        let uid = |number: u32| format!("00000000-0000-0000-0000-{number:012}");
        let mut value = json!({
            "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": kind,
            "metadata": {
                "name": format!("x{number}"), "namespace": "n", "uid": uid(number),
                "resourceVersion": number.to_string(),
            },
        });
        if let Some((kind, owner)) = owner {
            value["metadata"]["ownerReferences"] = json!([{
                "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": kind, "name": format!("x{owner}"),
                "uid": uid(owner),
            }]);
        }
        if copy {
            value["metadata"]["annotations"] = json!({
                "fulcrum.dev/move-id": "m", "fulcrum.dev/source-uid": format!("s{number}"),
            });
        }
        Object::from_value(value).expect("an object")
    }

    #[test]
    fn copies_stand_owners_first_and_others_are_left_out() {
        let objects = vec![
            object("Machine", 4, Some(("MachineSet", 3)), true),
            object("MachineSet", 3, Some(("Cluster", 1)), true),
            object("Cluster", 1, None, true),
            object("AClass", 2, Some(("Other", 9)), true),
            object("Machine", 5, Some(("MachineSet", 3)), false),
        ];
        let seen = Seen { catalog: Arc::new(Catalog::default()), objects };
        let snapshot = marked(&seen).expect("a reading");
        let names: Vec<&str> =
            snapshot.reading.entries().iter().map(|entry| &*entry.name.0).collect();
        let expected = ["Cluster|n|x1", "AClass|n|x2", "MachineSet|n|x3", "Machine|n|x4"];
        assert_eq!(names, expected.map(|name| format!("cluster.x-k8s.io|{name}")));
        let local = uids(&seen).local(&Uid::new("s3")).cloned();
        assert_eq!(local, Some(Uid::new("00000000-0000-0000-0000-000000000003")));
    }
}
