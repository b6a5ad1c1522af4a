use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Namespaces;
use crate::controllers::{Action, Propagation};
use crate::status::GroupResource;
use crate::store::{Key, Store};

fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

fn name() -> Key {
    Key::new(&GroupResource::new("", "namespaces"), "", "n")
}

fn held() -> Key {
    Key::new(&GroupResource::new("x.io", "widgets"), "n", "held")
}

fn world() -> Store {
    let store = Store::new();
    let namespace = json!({
        "metadata": {"name": "n", "deletionTimestamp": "1970-01-01T00:00:00Z"},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Terminating"},
    });
    store.create(&name(), namespace).unwrap();
    let object = json!({"metadata": {
        "name": "held",
        "namespace": "n",
        "finalizers": ["x.example.com/hold"],
    }});
    store.create(&held(), object).unwrap();
    store
}

fn finalized(actions: &[Action]) -> bool {
    actions.iter().any(|action| {
        matches!(action, Action::Patch { subresource: "finalize", patch, .. }
            if patch["spec"]["finalizers"] == json!([]))
    })
}

#[test]
fn contents_go_after_five_seconds_and_what_stays_is_told() {
    let store = world();
    let mut controller = Namespaces::new();
    let step = controller.step(&store, at(0));
    assert!(step.actions.is_empty());
    assert_eq!(step.next, Some(at(5)));

    let step = controller.step(&store, at(5));
    assert_eq!(
        step.actions,
        [Action::Delete {
            key: held(),
            propagation: Propagation::Background,
            uid: String::new(),
            version: String::new(),
        }]
    );
    assert_eq!(step.next, Some(at(5)));

    let step = controller.step(&store, at(5));
    let [Action::Patch { subresource: "status", patch, .. }] = &step.actions[..] else {
        panic!("{:?}", step.actions);
    };
    let conditions = patch["status"]["conditions"].as_array().unwrap();
    let last: Vec<&Value> = conditions[3..].iter().map(|one| &one["message"]).collect();
    assert_eq!(
        last,
        [
            "Some resources are remaining: widgets.x.io has 1 resource instances",
            "Some content in the namespace has finalizers remaining: \
             x.example.com/hold in 1 resource instances",
        ]
    );
    assert_eq!(step.next, Some(at(13)));
}

#[test]
fn another_write_brings_the_next_look_forward() {
    let store = world();
    let mut controller = Namespaces::new();
    controller.step(&store, at(0));
    controller.step(&store, at(5));
    controller.step(&store, at(5));
    let object = Value::clone(&store.get(&name()).unwrap());
    store.update(&name(), object, None).unwrap();
    assert_eq!(controller.step(&store, at(6)).next, Some(at(11)));
}

#[test]
fn an_empty_namespace_is_let_go() {
    let store = world();
    let mut controller = Namespaces::new();
    controller.step(&store, at(0));
    store.delete(&held(), None).unwrap();
    assert!(controller.step(&store, at(5)).actions.is_empty());
    let step = controller.step(&store, at(5));
    assert!(finalized(&step.actions), "{:?}", step.actions);
    assert_eq!(step.next, None);
}

#[test]
fn a_living_namespace_is_left_alone() {
    let store = Store::new();
    store.create(&name(), json!({"metadata": {"name": "n"}})).unwrap();
    let mut controller = Namespaces::new();
    let step = controller.step(&store, at(0));
    assert_eq!((step.actions, step.next), (Vec::new(), None));
}
