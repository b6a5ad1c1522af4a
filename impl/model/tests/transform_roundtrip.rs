//! Every object of two real clusters, copied in import order and copied back (rules I1, I2, U2).

#[path = "support/reading.rs"]
mod reading;

use std::collections::BTreeMap;

use fulcrum_model::digest::{Digest, SetDigest, covers};
use fulcrum_model::object::{Object, ObjectKey, Uid};
use fulcrum_model::select::{Inventory, Selection};
use fulcrum_model::transform::{self, MOVE_ID, SOURCE_UID, UidMap};
use rstest::rstest;
use serde_json::{Value, json};

use self::reading::read;

const FORTH: &str = "move-forth";
const BACK: &str = "move-back";

/// What an API server lets a client set in the metadata; everything else is the server's.
const CLIENTS_METADATA: [&str; 6] =
    ["annotations", "finalizers", "labels", "name", "namespace", "ownerReferences"];

/// The objects of a cluster in import order, each with the copy that the target gets.
struct Copied {
    all: Vec<Object>,
    pairs: Vec<(Object, Value)>,
    uids: UidMap,
    selection: Selection,
}

fn copied(folder: &str) -> Copied {
    let all = read(&format!("real-objects/{folder}")).expect("objects");
    let (selection, sources) = in_import_order(&all);
    let mut uids = UidMap::default();
    let mut pairs = Vec::new();
    for (at, source) in sources.into_iter().enumerate() {
        let copy = transform::copy(&source, &selection.left_owners, &uids, FORTH)
            .expect("owners are copied first");
        uids.insert(uid(&source), Uid::new(format!("target-uid-{at}")));
        pairs.push((source, copy));
    }
    Copied { all, pairs, uids, selection }
}

fn in_import_order(all: &[Object]) -> (Selection, Vec<Object>) {
    let inventory = Inventory::new(all);
    let cluster = inventory.clusters().next().expect("a Cluster");
    let selection = inventory.select(cluster).expect("a selection");
    let graph = selection.graph(all).expect("a graph");
    let by_key: BTreeMap<&ObjectKey, &Object> =
        all.iter().map(|object| (object.key(), object)).collect();
    let order = graph.order();
    let sources: Vec<Object> =
        order.import().iter().map(|&node| by_key[graph.key(node)].clone()).collect();
    (selection, sources)
}

fn uid(object: &Object) -> Uid {
    object.uid().expect("a real object has a UID").clone()
}

/// The copy as the target's API server stores it.
fn stored(source: &Object, copy: &Value, uids: &UidMap) -> Value {
    let mut value = copy.clone();
    let local = uids.local(&uid(source)).expect("a copy has a UID");
    value["metadata"]["uid"] = json!(local.as_str());
    value["metadata"]["resourceVersion"] = json!("1");
    value["metadata"]["creationTimestamp"] = json!("2026-11-24T12:00:00Z");
    value["metadata"]["generation"] = json!(1);
    value["status"] = json!({"conditions": [{"type": "Paused", "status": "True"}]});
    value
}

/// What a client set of an object; empty maps, which a server drops, are dropped.
fn as_a_client_sets_it(value: &Value) -> Value {
    let mut value = value.clone();
    value.as_object_mut().expect("a map").remove("status");
    let metadata = value["metadata"].as_object_mut().expect("a map");
    metadata
        .retain(|field, value| CLIENTS_METADATA.contains(&field.as_str()) && *value != json!({}));
    value
}

fn owners(value: &Value) -> Vec<Value> {
    let owners = value.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.cloned().unwrap_or_default()
}

#[rstest]
fn no_source_uid_survives(#[values("capd-1cp-2md", "dev-exercise-6.6")] folder: &str) {
    let copied = copied(folder);
    let uids: Vec<Uid> = copied.all.iter().filter_map(|object| object.uid().cloned()).collect();
    for (source, copy) in &copied.pairs {
        let note = &copy["metadata"]["annotations"][SOURCE_UID];
        assert_eq!(note, uid(source).as_str(), "the note on the copy of {}", source.key());
        let mut released = copy.clone();
        transform::forget(&mut released);
        let text = released.to_string();
        for uid in &uids {
            assert!(!text.contains(uid.as_str()), "{uid} is in the copy of {}", source.key());
        }
    }
}

#[rstest]
fn owners_stay_what_they_were(#[values("capd-1cp-2md", "dev-exercise-6.6")] folder: &str) {
    let copied = copied(folder);
    assert!(copied.selection.left_owners.is_empty(), "every owner moves");
    for (source, copy) in &copied.pairs {
        let mut expected = owners(source.value());
        for owner in &mut expected {
            let uid = Uid::new(owner["uid"].as_str().expect("a UID"));
            let local = copied.uids.local(&uid).expect("the owner was copied");
            owner["uid"] = json!(local.as_str());
        }
        assert_eq!(owners(copy), expected, "{}", source.key());
    }
}

#[rstest]
fn what_a_server_sets_is_gone(#[values("capd-1cp-2md", "dev-exercise-6.6")] folder: &str) {
    for (source, copy) in copied(folder).pairs {
        let key = source.key();
        assert_eq!(copy.get("status"), None, "{key}");
        let metadata = copy["metadata"].as_object().expect("a map");
        for field in metadata.keys() {
            assert!(CLIENTS_METADATA.contains(&field.as_str()), "{field} is on the copy of {key}");
        }
    }
}

/// The Cluster's pause apart, whatever a user or a controller wrote is what the target gets. Values
/// are compared and never printed: they may be a Secret's.
#[rstest]
fn what_a_client_set_stays(#[values("capd-1cp-2md", "dev-exercise-6.6")] folder: &str) {
    let mut secrets = 0;
    for (source, mut copy) in copied(folder).pairs {
        let key = source.key();
        if key.is_secret() {
            secrets += 1;
            assert!(source.value()["data"].is_object(), "{key} has data");
            assert!(copy["data"] == source.value()["data"], "the bytes of {key} changed");
            assert_eq!(copy["type"], source.value()["type"], "{key}");
        }
        transform::unpause(&mut copy, FORTH);
        transform::forget(&mut copy);
        let mut expected = as_a_client_sets_it(source.value());
        expected["metadata"]["ownerReferences"] = json!(owners(&copy));
        let mut released = as_a_client_sets_it(&copy);
        released["metadata"]["ownerReferences"] = json!(owners(&copy));
        assert!(released == expected, "the copy of {key} is another object");
    }
    assert!(secrets > 0, "a cluster has Secrets");
}

/// Rule I1. The pause of the Cluster is that of everything below it; it bears the mark.
#[rstest]
fn the_cluster_is_paused_and_nothing_else(
    #[values("capd-1cp-2md", "dev-exercise-6.6")] folder: &str,
) {
    for (source, copy) in copied(folder).pairs {
        let is_cluster = source.key().is_cluster();
        let expected = is_cluster.then_some(FORTH);
        assert_eq!(transform::paused_by(&copy), expected, "{}", source.key());
        assert_eq!(transform::is_paused(&copy), is_cluster, "{}", source.key());
        assert_eq!(copy["metadata"]["annotations"][MOVE_ID], FORTH, "{}", source.key());
    }
}

/// Rules I4, H5: what was read at the source, what is sent and what the target reads back are one.
#[rstest]
fn both_sides_have_one_digest(#[values("capd-1cp-2md", "dev-exercise-6.6")] folder: &str) {
    let copied = copied(folder);
    let mut source_side = BTreeMap::new();
    let mut target_side = BTreeMap::new();
    for (source, copy) in &copied.pairs {
        let key = source.key();
        let read_back = stored(source, copy, &copied.uids);
        assert_eq!(covers(copy, &read_back), Vec::<String>::new(), "{key}");
        assert_eq!(covers(source.value(), &read_back), Vec::<String>::new(), "{key}");
        assert_eq!(Digest::of(source.value()), Digest::of(&read_back), "{key}");
        source_side.insert(key.clone(), Digest::of(source.value()));
        target_side.insert(key.clone(), Digest::of(&read_back));
    }
    assert_eq!(SetDigest::of(&source_side), SetDigest::of(&target_side));
    assert_eq!(SetDigest::of(&source_side).count, copied.pairs.len());
}

/// Rule U2: a round trip gives back the same objects.
#[rstest]
fn there_and_back_is_the_same(#[values("capd-1cp-2md", "dev-exercise-6.6")] folder: &str) {
    let there = copied(folder);
    let on_target: Vec<Object> = there
        .pairs
        .iter()
        .map(|(source, copy)| Object::from_value(stored(source, copy, &there.uids)))
        .collect::<Result<_, _>>()
        .expect("a copy is an object");
    let uids_back: UidMap = there
        .pairs
        .iter()
        .zip(&on_target)
        .map(|((source, _), copy)| (uid(copy), uid(source)))
        .collect();
    let (selection, in_order) = in_import_order(&on_target);
    assert_eq!(selection.selected.keys().collect::<Vec<_>>(), keys(&there), "the same set moves");
    let sources: BTreeMap<&ObjectKey, &Object> =
        there.pairs.iter().map(|(source, _)| (source.key(), source)).collect();
    for object in in_order {
        let mut back = transform::copy(&object, &selection.left_owners, &uids_back, BACK)
            .expect("every owner has its old UID");
        transform::unpause(&mut back, BACK);
        transform::forget(&mut back);
        let key = object.key();
        let (back, source) = (as_a_client_sets_it(&back), sources[key].value());
        assert!(back == as_a_client_sets_it(source), "{key} comes back as another object");
    }
}

fn keys(copied: &Copied) -> Vec<&ObjectKey> {
    let mut keys: Vec<&ObjectKey> = copied.pairs.iter().map(|(source, _)| source.key()).collect();
    keys.sort_unstable();
    keys
}
