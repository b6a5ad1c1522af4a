use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::catalog::tests::definition;
use crate::ids;

fn uid(number: u32) -> String {
    format!("00000000-0000-0000-0000-{number:012}")
}

fn object(kind: &str, number: u32, spec: Value, conditions: Value) -> Value {
    json!({
        "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": kind,
        "metadata": {
            "name": format!("x{number}"), "namespace": "n", "uid": uid(number), "generation": 2,
        },
        "spec": spec, "status": {"conditions": conditions},
    })
}

fn paused(status: &str, generation: u64) -> Value {
    json!([{"type": "Paused", "status": status, "observedGeneration": generation}])
}

fn snapshot(values: &[Value]) -> Snapshot {
    let mut snapshot = Snapshot::empty();
    for value in values {
        let object = Object::from_value(value.clone()).expect("an object");
        snapshot.objects.insert(ids::name_of(object.key()), object);
    }
    snapshot
}

fn catalog() -> Catalog {
    Catalog::of(&[
        definition("cluster.x-k8s.io", "Machine", true),
        definition("cluster.x-k8s.io", "Template", false),
    ])
}

#[test]
fn a_pause_is_seen_where_a_condition_of_this_generation_shows_it() {
    let seen = |conditions: Value, quiet: bool| {
        let machine = object("Machine", 1, json!({}), conditions);
        has_paused(&catalog(), &snapshot(&[machine]), quiet)
    };
    assert!(seen(paused("True", 2), false));
    assert!(!seen(paused("True", 1), true));
    assert!(!seen(paused("False", 2), true));
    assert!(!seen(json!([]), false), "its controller has not said anything");
    assert!(seen(json!([]), true), "the quiet time has passed");
    let template = object("Template", 2, json!({}), json!([]));
    assert!(has_paused(&catalog(), &snapshot(&[template]), false), "nothing reconciles it");
}

#[test]
fn a_pause_ends_unless_somebody_else_holds_it() {
    let cluster = |spec: Value| object("Cluster", 1, spec, paused("True", 2));
    assert!(!has_resumed(&snapshot(&[cluster(json!({}))])));
    assert!(has_resumed(&snapshot(&[cluster(json!({"paused": true}))])));
    let mut machine = object("Machine", 2, json!({}), paused("True", 2));
    machine["metadata"]["annotations"] = json!({"cluster.x-k8s.io/paused": ""});
    assert!(has_resumed(&snapshot(&[machine])));
}

#[test]
fn machines_are_healthy_as_many_as_wanted_and_no_twins() {
    let set = object("MachineSet", 1, json!({"replicas": 2}), paused("False", 2));
    let machine = |number: u32, id: &str, ready: &str| {
        let conditions = json!([
            {"type": "Paused", "status": "False", "observedGeneration": 2},
            {"type": "Ready", "status": ready},
        ]);
        let mut machine = object("Machine", number, json!({"providerID": id}), conditions);
        machine["status"]["nodeRef"] = json!({"name": format!("node-{number}")});
        machine["metadata"]["ownerReferences"] = json!([{
            "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "MachineSet", "name": "x1",
            "uid": uid(1), "controller": true,
        }]);
        machine
    };
    let verified = |machines: &[Value]| {
        let mut values = machines.to_vec();
        values.push(set.clone());
        let snapshot = snapshot(&values);
        let objects = snapshot.objects.values().cloned().collect();
        has_verified(&Seen { catalog: Arc::new(catalog()), objects }, &snapshot)
    };
    assert!(verified(&[machine(2, "a", "True"), machine(3, "b", "True")]));
    assert!(!verified(&[machine(2, "a", "True"), machine(3, "b", "False")]));
    assert!(!verified(&[machine(2, "a", "True")]));
    assert!(!verified(&[machine(2, "a", "True"), machine(3, "a", "True")]));
}
