//! What a digest sees, and what an object read back may have beside what was sent (rules I4, H5).

#[path = "support/cases.rs"]
mod cases;

use fulcrum_model::digest::{Digest, covers};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};

use self::cases::config;

/// A JSON value without nulls, and without the fields that mean something to a mover.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            btree_map("[a-d]{1,2}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// An object with any spec; the spec has a field.
fn with_any_spec() -> impl Strategy<Value = Value> {
    (json_value(), json_value()).prop_map(|(one, two)| {
        json!({
            "apiVersion": "cluster.x-k8s.io/v1beta2",
            "kind": "Machine",
            "metadata": {"namespace": "default", "name": "m"},
            "spec": {"one": one, "two": two},
        })
    })
}

/// The pointers of everything below `value` of which `wanted` holds.
fn pointers(value: &Value, at: &str, wanted: &dyn Fn(&Value) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    if wanted(value) {
        found.push(at.to_owned());
    }
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                found.extend(pointers(value, &format!("{at}/{key}"), wanted));
            }
        }
        Value::Array(entries) => {
            for (position, value) in entries.iter().enumerate() {
                found.extend(pointers(value, &format!("{at}/{position}"), wanted));
            }
        }
        _ => {}
    }
    found
}

fn spec_pointers(object: &Value, wanted: &dyn Fn(&Value) -> bool) -> Vec<String> {
    pointers(&object["spec"], "/spec", wanted)
}

fn map_at<'a>(object: &'a mut Value, pointer: &str) -> &'a mut Map<String, Value> {
    let value = object.pointer_mut(pointer).expect("a pointer that was found");
    value.as_object_mut().expect("a map")
}

proptest! {
    #![proptest_config(config(256))]

    /// Rule I4.
    #[test]
    fn an_object_covers_itself(object in with_any_spec()) {
        prop_assert!(covers(&object, &object).is_empty());
    }

    /// Defaulting, conversion and controllers may add fields; what was added is not covered back.
    #[test]
    fn additions_are_tolerated(sent in with_any_spec(), place in any::<Index>()) {
        let maps = spec_pointers(&sent, &Value::is_object);
        let mut read = sent.clone();
        map_at(&mut read, place.get::<String>(&maps)).insert("added".to_owned(), json!("by defaulting"));
        prop_assert!(covers(&sent, &read).is_empty());
        prop_assert_eq!(covers(&read, &sent).len(), 1);
        prop_assert_ne!(Digest::of(&sent), Digest::of(&read));
    }

    /// No text of the generator is as long as the new one, so every change is one.
    #[test]
    fn every_change_is_seen(sent in with_any_spec(), place in any::<Index>()) {
        let below_spec = |pointer: &String| pointer.as_str() != "/spec";
        let places: Vec<String> =
            spec_pointers(&sent, &|_| true).into_iter().filter(below_spec).collect();
        let mut read = sent.clone();
        let changed = read.pointer_mut(place.get::<String>(&places)).expect("a pointer that was found");
        *changed = json!("changed");
        prop_assert_eq!(covers(&sent, &read).len(), 1);
        prop_assert_ne!(Digest::of(&sent), Digest::of(&read));
    }

    #[test]
    fn every_removal_is_seen(sent in with_any_spec(), place in any::<Index>()) {
        let has_fields =
            |value: &Value| value.as_object().is_some_and(|fields| !fields.is_empty());
        let maps = spec_pointers(&sent, &has_fields);
        let mut read = sent.clone();
        let fields = map_at(&mut read, place.get::<String>(&maps));
        let first = fields.keys().next().expect("a field").clone();
        fields.remove(&first);
        prop_assert_eq!(covers(&sent, &read).len(), 1);
        prop_assert_ne!(Digest::of(&sent), Digest::of(&read));
    }
}

/// An object that has every part a digest looks at, and every part that it leaves out.
fn full() -> Value {
    json!({
        "apiVersion": "cluster.x-k8s.io/v1beta2",
        "kind": "Machine",
        "metadata": {
            "namespace": "default", "name": "m", "uid": "uid-m", "resourceVersion": "7",
            "generation": 3, "creationTimestamp": "2026-11-24T04:14:33Z",
            "managedFields": [{"manager": "kubectl"}],
            "labels": {"cluster.x-k8s.io/cluster-name": "c1"},
            "annotations": {"note": "kept", "fulcrum.dev/source-uid": "uid-0"},
            "finalizers": ["machine.cluster.x-k8s.io", "another.example/finalizer"],
            "ownerReferences": [
                {
                    "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "MachineSet", "name": "ms",
                    "uid": "uid-ms", "controller": true, "blockOwnerDeletion": true,
                },
                {"apiVersion": "v1", "kind": "Secret", "name": "s", "uid": "uid-s"},
            ],
        },
        "spec": {
            "version": "v1.34.4",
            "infrastructureRef": {"kind": "DockerMachine", "name": "m", "uid": "uid-dm"},
        },
        "status": {"phase": "Running"},
        "data": {"key": "cmVkYWN0ZWQ="},
        "type": "cluster.x-k8s.io/secret",
    })
}

fn changed(pointer: &str, to: Value) -> Value {
    let mut object = full();
    *object.pointer_mut(pointer).expect("a field of the object") = to;
    object
}

#[test]
fn the_digest_sees_what_counts() {
    let changes = [
        ("/apiVersion", json!("cluster.x-k8s.io/v1beta1")),
        ("/kind", json!("MachineSet")),
        ("/metadata/name", json!("n")),
        ("/metadata/namespace", json!("other")),
        ("/metadata/labels/cluster.x-k8s.io~1cluster-name", json!("c2")),
        ("/metadata/annotations/note", json!("changed")),
        ("/metadata/finalizers", json!(["machine.cluster.x-k8s.io"])),
        ("/metadata/ownerReferences/0/kind", json!("KubeadmControlPlane")),
        ("/metadata/ownerReferences/0/name", json!("other")),
        ("/metadata/ownerReferences/0/apiVersion", json!("other.example/v1")),
        ("/metadata/ownerReferences/0/controller", json!(false)),
        ("/metadata/ownerReferences/0/blockOwnerDeletion", json!(false)),
        ("/spec/version", json!("v1.34.5")),
        ("/spec/infrastructureRef/name", json!("other")),
        ("/data/key", json!("Y2hhbmdlZA==")),
        ("/type", json!("Opaque")),
    ];
    for (pointer, to) in changes {
        let object = changed(pointer, to);
        assert_ne!(Digest::of(&full()), Digest::of(&object), "{pointer} does not count");
        assert!(!covers(&full(), &object).is_empty(), "{pointer} is covered");
    }
}

#[test]
fn the_digest_leaves_out_what_two_servers_differ_in() {
    let changes = [
        ("/metadata/uid", json!("other")),
        ("/metadata/resourceVersion", json!("8")),
        ("/metadata/generation", json!(1)),
        ("/metadata/creationTimestamp", json!("2026-11-25T00:00:00Z")),
        ("/metadata/managedFields", json!([])),
        ("/metadata/annotations/fulcrum.dev~1source-uid", json!("other")),
        ("/metadata/finalizers", json!(["another.example/finalizer", "machine.cluster.x-k8s.io"])),
        ("/metadata/ownerReferences/0/uid", json!("other")),
        ("/metadata/ownerReferences/0/apiVersion", json!("cluster.x-k8s.io/v1beta1")),
        ("/spec/infrastructureRef/uid", json!("other")),
        ("/status", json!({})),
    ];
    for (pointer, to) in changes {
        let object = changed(pointer, to);
        assert_eq!(Digest::of(&full()), Digest::of(&object), "{pointer} counts");
        assert!(covers(&full(), &object).is_empty(), "{pointer} is not covered");
    }
}
