use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Gc;
use crate::controllers::{Action, Propagation};
use crate::patch::merge;
use crate::status::GroupResource;
use crate::store::{Key, Store};

fn widgets() -> GroupResource {
    GroupResource::new("x.io", "widgets")
}

fn kinds(api_version: &str, kind: &str) -> Option<(GroupResource, bool)> {
    (api_version == "x.io/v1" && kind == "Widget").then(|| (widgets(), true))
}

fn key(name: &str) -> Key {
    Key::new(&widgets(), "n", name)
}

/// A widget whose uid is `u-NAME`, with the owners given as `name` or `name!` when they block.
fn widget(name: &str, owners: &[&str]) -> Value {
    let owners: Vec<Value> = owners
        .iter()
        .map(|owner| {
            let name = owner.trim_end_matches('!');
            json!({
                "apiVersion": "x.io/v1",
                "kind": "Widget",
                "name": name,
                "uid": format!("u-{name}"),
                "blockOwnerDeletion": owner.ends_with('!'),
            })
        })
        .collect();
    json!({
        "apiVersion": "x.io/v1",
        "kind": "Widget",
        "metadata": {
            "name": name,
            "namespace": "n",
            "uid": format!("u-{name}"),
            "ownerReferences": owners,
        },
    })
}

/// Marks an object as a DELETE with a finalizer does.
fn mark(store: &Store, name: &str, finalizer: &str) {
    let mut object = Value::clone(&store.get(&key(name)).unwrap());
    object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    object["metadata"]["finalizers"] = json!([finalizer]);
    store.update(&key(name), object, None).unwrap();
}

fn carry_out(store: &Store, action: &Action) {
    match action {
        Action::Delete { key, propagation, .. } => {
            if *propagation == Propagation::Foreground {
                mark(store, &key.name, "foregroundDeletion");
            } else {
                store.delete(key, None).unwrap();
            }
        }
        Action::Patch { key, patch, .. } => {
            let mut object = Value::clone(&store.get(key).unwrap());
            merge::apply(&mut object, patch.as_object().unwrap().clone());
            let released = object["metadata"]["finalizers"] == json!([]);
            if released && object["metadata"]["deletionTimestamp"].is_string() {
                store.delete(key, None).unwrap();
            } else {
                store.update(key, object, None).unwrap();
            }
        }
        Action::Create { key, object } => {
            store.create(key, object.clone()).unwrap();
        }
    }
}

/// Steps until nothing is left to do; the names that are left.
fn settle(gc: &mut Gc, store: &Store) -> Vec<String> {
    let mut now = Timestamp::UNIX_EPOCH;
    for _ in 0..100 {
        let step = gc.step(store, &kinds, now);
        for action in &step.actions {
            carry_out(store, action);
        }
        match step.next {
            Some(next) => now = next,
            None if step.actions.is_empty() => break,
            None => {}
        }
    }
    let (left, _) = store.list(&widgets(), Some("n"), None).unwrap();
    left.iter().map(|object| object["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

fn world(objects: &[(&str, &[&str])]) -> (Gc, Store) {
    let store = Store::new();
    for (name, owners) in objects {
        store.create(&key(name), widget(name, owners)).unwrap();
    }
    (Gc::default(), store)
}

#[test]
fn an_absent_owner_takes_its_dependent_after_the_delay() {
    let (mut gc, store) = world(&[("d", &["nobody"])]);
    let now = Timestamp::UNIX_EPOCH;
    let step = gc.step(&store, &kinds, now);
    assert!(step.actions.is_empty());
    let due = now.checked_add(SignedDuration::from_millis(30)).unwrap();
    assert_eq!(step.next, Some(due));
    let step = gc.step(&store, &kinds, due);
    assert!(matches!(
        &step.actions[..],
        [Action::Delete { propagation: Propagation::Background, uid, version, .. }]
            if uid == "u-d" && version == "2"
    ));
}

#[test]
fn a_chain_goes_when_its_head_goes() {
    let (mut gc, store) = world(&[("a", &[]), ("b", &["a"]), ("c", &["b"])]);
    assert_eq!(settle(&mut gc, &store), ["a", "b", "c"]);
    store.delete(&key("a"), None).unwrap();
    assert!(settle(&mut gc, &store).is_empty());
}

#[test]
fn a_second_owner_keeps_and_unlinks() {
    let (mut gc, store) = world(&[("a", &[]), ("b", &[]), ("d", &["a", "b"])]);
    settle(&mut gc, &store);
    store.delete(&key("a"), None).unwrap();
    assert_eq!(settle(&mut gc, &store), ["b", "d"]);
    let left = store.get(&key("d")).unwrap();
    let owners = left["metadata"]["ownerReferences"].as_array().unwrap();
    assert_eq!(owners.len(), 1);
    assert_eq!(owners[0]["name"], "b");
}

#[test]
fn a_foreground_owner_waits_for_those_that_block() {
    let (mut gc, store) = world(&[("o", &[]), ("d", &["o!"])]);
    settle(&mut gc, &store);
    mark(&store, "o", "foregroundDeletion");
    assert!(settle(&mut gc, &store).is_empty());
    let gone: Vec<String> = store
        .events_since(0)
        .unwrap()
        .iter()
        .filter(|event| event.new.is_none())
        .map(|event| event.key.name.clone())
        .collect();
    assert_eq!(gone, ["d", "o"]);
}

#[test]
fn dependents_with_dependents_go_in_the_foreground() {
    let (mut gc, store) = world(&[("a", &[]), ("b", &["a!"]), ("c", &["b!"])]);
    settle(&mut gc, &store);
    mark(&store, "a", "foregroundDeletion");
    assert!(settle(&mut gc, &store).is_empty());
}

#[test]
fn orphans_stay_without_their_reference() {
    let (mut gc, store) = world(&[("o", &[]), ("d", &["o"])]);
    settle(&mut gc, &store);
    mark(&store, "o", "orphan");
    assert_eq!(settle(&mut gc, &store), ["d"]);
    let left = store.get(&key("d")).unwrap();
    assert_eq!(left["metadata"]["ownerReferences"], json!([]));
}

#[test]
fn a_right_uid_under_a_wrong_name_is_absent() {
    let (mut gc, store) = world(&[("o", &[])]);
    let mut dependent = widget("d", &["o"]);
    dependent["metadata"]["ownerReferences"][0]["name"] = "p".into();
    store.create(&key("d"), dependent).unwrap();
    assert_eq!(settle(&mut gc, &store), ["o"]);
}

#[test]
fn an_unknown_kind_decides_nothing() {
    let (mut gc, store) = world(&[]);
    let mut dependent = widget("d", &["o"]);
    dependent["metadata"]["ownerReferences"][0]["kind"] = "Gizmo".into();
    store.create(&key("d"), dependent).unwrap();
    assert_eq!(settle(&mut gc, &store), ["d"]);
}

#[test]
fn an_owner_in_another_namespace_is_reported() {
    let (mut gc, store) = world(&[]);
    let elsewhere = Key::new(&widgets(), "m", "o");
    let mut owner = widget("o", &[]);
    owner["metadata"]["namespace"] = "m".into();
    store.create(&elsewhere, owner).unwrap();
    store.create(&key("d"), widget("d", &["o"])).unwrap();
    assert!(settle(&mut gc, &store).is_empty());
    let events = GroupResource::new("", "events");
    let (told, _) = store.list(&events, Some("n"), None).unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(
        told[0]["message"],
        "ownerRef [x.io/v1/Widget, namespace: n, name: o, uid: u-o] does not exist in \
         namespace \"n\""
    );
}
