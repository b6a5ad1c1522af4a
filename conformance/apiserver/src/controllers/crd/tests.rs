use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Definitions, resource};
use crate::controllers::Action;
use crate::kinds::crd::CLEANUP;
use crate::patch::merge;
use crate::status::GroupResource;
use crate::store::{Key, Store};

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_millis(milliseconds)).unwrap()
}

fn key(plural: &str) -> Key {
    Key::new(&resource(), "", &format!("{plural}.x.example.com"))
}

fn thing(name: &str) -> Key {
    Key::new(&GroupResource::new("x.example.com", "things"), "n", name)
}

fn define(store: &Store, plural: &str, kind: &str) {
    let object = json!({
        "metadata": {"name": key(plural).name, "uid": plural},
        "spec": {
            "group": "x.example.com",
            "names": {
                "plural": plural,
                "singular": kind.to_lowercase(),
                "kind": kind,
                "listKind": format!("{kind}List"),
            },
        },
        "status": {"conditions": null, "acceptedNames": {"plural": "", "kind": ""}},
    });
    store.create(&key(plural), object).unwrap();
}

/// Carries the actions out as the server would, apart from everything that it checks.
fn carry_out(store: &Store, actions: &[Action]) {
    for action in actions {
        match action {
            Action::Patch { key, patch, .. } => {
                let mut object = Value::clone(&store.get(key).unwrap());
                let patch = patch.as_object().unwrap().clone();
                let version = &patch["metadata"]["resourceVersion"];
                assert_eq!(*version, object["metadata"]["resourceVersion"]);
                merge::apply(&mut object, patch);
                let deleted = object["metadata"]["deletionTimestamp"].is_string();
                if deleted && object["metadata"]["finalizers"] == json!([]) {
                    store.delete(key, None).unwrap();
                } else {
                    store.update(key, object, None).unwrap();
                }
            }
            Action::Delete { key, .. } => {
                store.delete(key, None).unwrap();
            }
            Action::Create { .. } => panic!("{action:?}"),
        }
    }
}

/// Steps until nothing is due; returns when something will be.
fn settle(controller: &mut Definitions, store: &Store, now: Timestamp) -> Option<Timestamp> {
    for _ in 0..20 {
        let step = controller.step(store, now);
        carry_out(store, &step.actions);
        if step.actions.is_empty() && step.next.is_none_or(|next| next > now) {
            return step.next;
        }
    }
    panic!("never done");
}

/// Settles at every moment from one on until nothing is due, for at most two seconds.
fn run(controller: &mut Definitions, store: &Store, from: i64) {
    let mut now = at(from);
    let end = at(from + 2000);
    while let Some(next) = settle(controller, store, now).filter(|next| *next < end) {
        now = next;
    }
}

fn condition(store: &Store, plural: &str, kind: &str) -> (String, String) {
    let definition = store.get(&key(plural)).unwrap();
    let all = definition["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let found = all.iter().find(|one| one["type"] == kind).cloned().unwrap_or_default();
    let text = |field: &str| found[field].as_str().unwrap_or_default().to_owned();
    (text("status"), text("reason"))
}

fn is(status: &str, reason: &str) -> (String, String) {
    (status.to_owned(), reason.to_owned())
}

fn mark_deleted(store: &Store, plural: &str) {
    let mut object = Value::clone(&store.get(&key(plural)).unwrap());
    object["metadata"]["deletionTimestamp"] = json!("1970-01-01T00:00:00Z");
    object["metadata"]["finalizers"] = json!([CLEANUP]);
    store.update(&key(plural), object, None).unwrap();
}

#[test]
fn of_two_that_come_together_the_first_has_the_names_until_it_goes() {
    let store = Store::new();
    let mut controller = Definitions::new();
    assert_eq!(settle(&mut controller, &store, at(0)), None);
    define(&store, "things", "Thing");
    define(&store, "others", "Thing");
    run(&mut controller, &store, 0);
    assert_eq!(condition(&store, "things", "Established"), is("True", "InitialNamesAccepted"));
    assert_eq!(condition(&store, "others", "NamesAccepted"), is("False", "ListKindConflict"));
    assert_eq!(condition(&store, "others", "Established"), is("False", "NotAccepted"));

    store.delete(&key("things"), None).unwrap();
    run(&mut controller, &store, 5000);
    assert_eq!(condition(&store, "others", "Established"), is("True", "InitialNamesAccepted"));
}

#[test]
fn nothing_is_written_when_nothing_changed() {
    let store = Store::new();
    define(&store, "things", "Thing");
    run(&mut Definitions::new(), &store, 0);
    let revision = store.revision();
    run(&mut Definitions::new(), &store, 5000);
    assert_eq!(store.revision(), revision);
}

#[test]
fn names_that_are_no_longer_wanted_are_dropped() {
    let store = Store::new();
    define(&store, "things", "Thing");
    let mut object = Value::clone(&store.get(&key("things")).unwrap());
    object["spec"]["names"]["shortNames"] = json!(["th"]);
    store.update(&key("things"), object, None).unwrap();
    let mut controller = Definitions::new();
    run(&mut controller, &store, 0);
    let mut object = Value::clone(&store.get(&key("things")).unwrap());
    assert_eq!(object["status"]["acceptedNames"], object["spec"]["names"]);
    object["spec"]["names"].as_object_mut().unwrap().remove("shortNames");
    store.update(&key("things"), object, None).unwrap();
    run(&mut controller, &store, 5000);
    let object = store.get(&key("things")).unwrap();
    assert_eq!(object["status"]["acceptedNames"], object["spec"]["names"]);
}

#[test]
fn what_is_held_is_counted_every_five_seconds() {
    let store = Store::new();
    define(&store, "things", "Thing");
    let mut controller = Definitions::new();
    run(&mut controller, &store, 0);
    let plain = json!({"metadata": {"name": "a", "namespace": "n"}});
    store.create(&thing("a"), plain).unwrap();
    let held = json!({"metadata": {
        "name": "b",
        "namespace": "n",
        "deletionTimestamp": "1970-01-01T00:00:00Z",
        "finalizers": ["x.example.com/hold"],
    }});
    store.create(&thing("b"), held).unwrap();
    mark_deleted(&store, "things");
    run(&mut controller, &store, 10_000);
    let wanted = is("True", "InstanceDeletionInProgress");
    assert_eq!(condition(&store, "things", "Terminating"), wanted);
    assert!(store.get(&thing("a")).is_none());

    store.delete(&thing("b"), None).unwrap();
    assert_eq!(settle(&mut controller, &store, at(12_000)), Some(at(15_010)));
    assert!(store.get(&key("things")).is_some());
    settle(&mut controller, &store, at(15_010));
    assert!(store.get(&key("things")).is_none());
}

#[test]
fn one_that_was_never_established_goes_at_once() {
    let store = Store::new();
    define(&store, "things", "Thing");
    define(&store, "others", "Thing");
    let mut controller = Definitions::new();
    run(&mut controller, &store, 0);
    assert_eq!(condition(&store, "others", "Established"), is("False", "NotAccepted"));
    mark_deleted(&store, "others");
    run(&mut controller, &store, 5000);
    assert!(store.get(&key("others")).is_none());
}

#[test]
fn a_refusal_begins_the_work_anew() {
    let store = Store::new();
    define(&store, "things", "Thing");
    let mut controller = Definitions::new();
    run(&mut controller, &store, 0);
    store.create(&thing("a"), json!({"metadata": {"name": "a", "namespace": "n"}})).unwrap();
    mark_deleted(&store, "things");
    controller.step(&store, at(1000));
    let step = controller.step(&store, at(1010));
    carry_out(&store, &step.actions[..1]);
    controller.failed(&step.actions[1], at(1010));
    run(&mut controller, &store, 1010);
    assert!(store.get(&key("things")).is_none());
}
