//! The texts of merged conditions, as recordings have them.

use serde_json::{Value, json};

use super::*;

const NOW: &str = "2026-01-01T00:00:00Z";

fn machine(name: &str, ready: Option<Condition>) -> Value {
    let mut machine = json!({"kind": "Machine", "metadata": {"name": name}});
    if let Some(ready) = ready {
        set(&mut machine, NOW, ready);
    }
    machine
}

fn ready(objects: &[Value]) -> Condition {
    let how = Aggregate {
        source: "Ready",
        negative: false,
        reasons: ["NotReady", "ReadyUnknown", "Ready"],
    };
    let objects: Vec<&Value> = objects.iter().collect();
    aggregate(&objects, "MachinesReady", &how)
}

#[test]
fn what_is_not_reported_is_unknown() {
    let found = ready(&[machine("a", None), machine("b", None), machine("c", None)]);
    assert_eq!(found.status, Status::Unknown);
    assert_eq!(found.reason, "ReadyUnknown");
    assert_eq!(found.message, "* Machines a, b, c: Condition Ready not yet reported");
    let found = ready(&[machine("a", None)]);
    assert_eq!(found.message, "* Machine a: Condition Ready not yet reported");
}

#[test]
fn the_fourth_is_counted() {
    let all: Vec<Value> = ["a", "b", "c", "d"].map(|name| machine(name, None)).to_vec();
    let message = "* Machines a, b, c, ... (1 more): Condition Ready not yet reported";
    assert_eq!(ready(&all).message, message);
}

#[test]
fn issues_come_before_what_is_unknown_and_lists_go_further_in() {
    let why = "* BootstrapConfigReady: x\n* NodeHealthy:\n  * Node.Ready: y";
    let bad = Condition::new("Ready", false, "NotReady", why);
    let found = ready(&[machine("a", None), machine("b", Some(bad))]);
    assert_eq!(found.status, Status::False);
    assert_eq!(
        found.message,
        "* Machine b:\n  * BootstrapConfigReady: x\n  * NodeHealthy:\n    * Node.Ready: y\n\
         * Machine a: Condition Ready not yet reported"
    );
}

#[test]
fn a_text_with_a_list_below_becomes_a_list() {
    let mut object = machine("a", None);
    let why = "Health check failed:\n  * Condition Ready";
    set(&mut object, NOW, Condition::new("HealthCheckSucceeded", false, "UnhealthyNode", why));
    let how = Summary {
        kinds: &["HealthCheckSucceeded", "Missing"],
        negative: &[],
        optional: &["Missing"],
        reasons: ["NotReady", "ReadyUnknown", "Ready"],
        harmless: &|_| false,
        instead: None,
        transform: None,
    };
    assert_eq!(
        summary(&object, "Ready", &how).message,
        "* HealthCheckSucceeded:\n  * Health check failed:\n      * Condition Ready"
    );
}

#[test]
fn the_time_moves_with_the_status_alone_and_the_order_is_fixed() {
    let mut object = machine("a", None);
    set(&mut object, NOW, Condition::new("Paused", false, "NotPaused", ""));
    set(&mut object, NOW, Condition::new("Ready", false, "NotReady", "x"));
    let later = "2026-01-01T00:01:00Z";
    set(&mut object, later, Condition::new("Ready", false, "NotReady", "y"));
    let kinds: Vec<String> = all(&object).into_iter().map(|one| one.kind).collect();
    assert_eq!(kinds, ["Ready", "Paused"]);
    let ready = get(&object, "Ready").expect("it was set");
    assert_eq!((ready.message.as_str(), ready.since.as_str()), ("y", NOW));
    set(&mut object, later, Condition::new("Ready", true, "Ready", ""));
    assert_eq!(get(&object, "Ready").expect("it was set").since, later);
}
