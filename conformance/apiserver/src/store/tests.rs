use serde_json::{Value, json};

use super::{Key, Query, Store};
use crate::status::GroupResource;

fn secrets() -> GroupResource {
    GroupResource::new("", "secrets")
}

fn key(namespace: &str, name: &str) -> Key {
    Key::new(&secrets(), namespace, name)
}

fn object(name: &str) -> Value {
    json!({"metadata": {"name": name}})
}

fn names(items: &[std::sync::Arc<Value>]) -> Vec<&str> {
    items.iter().filter_map(|item| item["metadata"]["name"].as_str()).collect()
}

fn query(limit: usize, token: Option<&str>) -> Query<'_> {
    Query { namespace: Some("n"), limit, token, at: None, keep: None }
}

#[test]
fn refused_writes_take_no_revision() {
    let store = Store::new();
    let first = store.create(&key("n", "a"), object("a")).unwrap();
    let before = store.revision();
    assert_eq!(first["metadata"]["resourceVersion"], before.to_string());
    assert_eq!(store.create(&key("n", "a"), object("a")).unwrap_err().reason, "AlreadyExists");
    let stale = store.update(&key("n", "a"), object("a"), Some(1));
    assert_eq!(stale.unwrap_err().code, 409);
    assert_eq!(store.delete(&key("n", "b"), None).unwrap_err().code, 404);
    assert_eq!(store.revision(), before);
}

#[test]
fn a_deletion_has_its_own_revision() {
    let store = Store::new();
    store.create(&key("n", "a"), object("a")).unwrap();
    let gone = store.delete(&key("n", "a"), None).unwrap();
    assert_eq!(gone["metadata"]["resourceVersion"], store.revision().to_string());
    let events = store.events_since(2).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].departed().as_ref(), Some(&*gone));
    assert!(store.get(&key("n", "a")).is_none());
    let (then, _) = store.list(&secrets(), Some("n"), Some(2)).unwrap();
    assert_eq!(names(&then), ["a"]);
}

#[test]
fn order_is_that_of_namespace_and_name() {
    let store = Store::new();
    for namespace in ["ns", "ns-b"] {
        store.create(&key(namespace, "x"), object(namespace)).unwrap();
    }
    let (all, _) = store.list(&secrets(), None, None).unwrap();
    assert_eq!(names(&all), ["ns-b", "ns"]);
    let (one, _) = store.list(&secrets(), Some("ns"), None).unwrap();
    assert_eq!(names(&one), ["ns"]);
}

#[test]
fn pages_show_one_moment() {
    let store = Store::new();
    for name in ["a", "b", "c"] {
        store.create(&key("n", name), object(name)).unwrap();
    }
    let first = store.page(&secrets(), &query(1, None)).unwrap();
    assert_eq!(names(&first.items), ["a"]);
    assert_eq!(first.remaining, Some(2));
    store.create(&key("n", "d"), object("d")).unwrap();
    let token = first.next.unwrap();
    let second = store.page(&secrets(), &query(0, Some(&token))).unwrap();
    assert_eq!(names(&second.items), ["b", "c"]);
    assert_eq!(second.version, first.version);
    assert_eq!((second.next, second.remaining), (None, None));
}

#[test]
fn a_selector_counts_no_rest() {
    let store = Store::new();
    for name in ["a", "b", "c"] {
        store.create(&key("n", name), object(name)).unwrap();
    }
    let keep = |value: &Value| value["metadata"]["name"] == "b";
    let mut with = query(1, None);
    with.keep = Some(&keep);
    let page = store.page(&secrets(), &with).unwrap();
    assert_eq!(names(&page.items), ["b"]);
    assert!(page.next.is_some());
    assert_eq!(page.remaining, None);
}

#[test]
fn a_compacted_token_is_expired_with_one_to_go_on() {
    let store = Store::new();
    store.create(&key("n", "a"), object("a")).unwrap();
    store.serve(&secrets());
    store.forget();
    store.create(&key("n", "b"), object("b")).unwrap();
    store.compact(store.revision());
    // {"v":"meta.k8s.io/v1","rv":1,"start":"/a\u0000"}
    let old = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIvYVx1MDAwMCJ9";
    let error = store.page(&secrets(), &query(1, Some(old))).unwrap_err();
    assert_eq!((error.status.code, error.status.reason), (410, "Expired"));
    let token = error.resume.unwrap();
    assert_eq!(token, "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiYVx1MDAwMCJ9");
    let page = store.page(&secrets(), &query(1, Some(&token))).unwrap();
    assert_eq!(names(&page.items), ["b"]);
    assert_eq!(
        store.list(&secrets(), Some("n"), Some(1)).unwrap_err().message,
        "The resourceVersion for the provided list is too old."
    );
}

#[test]
fn compaction_alone_changes_nothing_above_the_floor() {
    let store = Store::new();
    store.create(&key("n", "a"), object("a")).unwrap();
    store.update(&key("n", "a"), object("a"), None).unwrap();
    store.compact(store.revision());
    assert_eq!(store.events_since(2).unwrap().len(), 1);
    assert!(store.list(&secrets(), Some("n"), Some(2)).is_ok());
}

#[test]
fn a_snapshot_is_apart_from_what_follows() {
    let store = Store::new();
    store.create(&key("n", "a"), object("a")).unwrap();
    let snapshot = store.snapshot();
    store.create(&key("n", "b"), object("b")).unwrap();
    let other = Store::from_snapshot(&snapshot);
    assert_eq!(other.revision(), 2);
    store.restore(&snapshot);
    assert_eq!(store.revision(), 2);
    assert!(store.get(&key("n", "b")).is_none());
    assert_eq!(store.events_since(0).unwrap().len(), 1);
}
