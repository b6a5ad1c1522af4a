use std::pin::Pin;
use std::time::Duration;

use futures_util::{FutureExt as _, Stream, StreamExt as _};
use serde_json::{Value, json};

use super::{Item, Options, Start, open};
use crate::selector::{Labels, Selectors};
use crate::status::GroupResource;
use crate::store::{Key, Store};

type Watch = Pin<Box<dyn Stream<Item = Item> + Send>>;

fn secrets() -> GroupResource {
    GroupResource::new("", "secrets")
}

fn key(name: &str) -> Key {
    Key::new(&secrets(), "n", name)
}

fn object(name: &str, label: &str) -> Value {
    json!({"metadata": {"name": name, "labels": {"l": label}}})
}

fn options(start: Start) -> Options {
    Options {
        start,
        bookmarks: false,
        timeout: None,
        api_version: "v1".to_owned(),
        kind: "Secret".to_owned(),
    }
}

fn watch(store: &Store, options: Options, selector: &str) -> Watch {
    let selectors = Selectors { labels: Labels::parse(selector).unwrap(), ..Selectors::default() };
    Box::pin(open(store, &secrets(), Some("n"), options, selectors))
}

/// What is there without waiting.
fn ready(watch: &mut Watch) -> Vec<String> {
    let mut seen = Vec::new();
    while let Some(Some((kind, object))) = watch.next().now_or_never() {
        let metadata = &object["metadata"];
        seen.push(format!(
            "{kind} {} {}",
            metadata["name"].as_str().unwrap_or("-"),
            metadata["resourceVersion"].as_str().unwrap_or("-"),
        ));
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn the_present_then_what_happens() {
    let store = Store::new();
    store.create(&key("b"), object("b", "x")).unwrap();
    store.create(&key("a"), object("a", "x")).unwrap();
    let mut all = watch(&store, options(Start::Present), "");
    assert_eq!(ready(&mut all), ["ADDED a 3", "ADDED b 2"]);
    store.update(&key("a"), object("a", "y"), None).unwrap();
    store.delete(&key("b"), None).unwrap();
    assert_eq!(ready(&mut all), ["MODIFIED a 4", "DELETED b 5"]);
    let mut again = watch(&store, options(Start::After(3)), "");
    assert_eq!(ready(&mut again), ["MODIFIED a 4", "DELETED b 5"]);
}

#[tokio::test(start_paused = true)]
async fn a_selector_adds_and_deletes() {
    let store = Store::new();
    let mut some = watch(&store, options(Start::Now), "l=x");
    store.create(&key("a"), object("a", "y")).unwrap();
    store.update(&key("a"), object("a", "x"), None).unwrap();
    store.update(&key("a"), object("a", "y"), None).unwrap();
    assert_eq!(ready(&mut some), ["ADDED a 3", "DELETED a 4"]);
}

#[tokio::test(start_paused = true)]
async fn initial_events_end_with_a_bookmark() {
    let store = Store::new();
    let mut asked = options(Start::Streaming);
    asked.bookmarks = true;
    let (kind, mark) = watch(&store, asked, "").next().await.unwrap();
    assert_eq!(kind, "BOOKMARK");
    assert_eq!(mark["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
}

#[tokio::test(start_paused = true)]
async fn a_bookmark_comes_two_seconds_before_the_end() {
    let store = Store::new();
    let mut asked = options(Start::Now);
    asked.bookmarks = true;
    asked.timeout = Some(Duration::from_secs(5));
    let started = tokio::time::Instant::now();
    let mut watch = watch(&store, asked, "");
    let (kind, mark) = watch.next().await.unwrap();
    assert_eq!((kind, started.elapsed().as_secs()), ("BOOKMARK", 3));
    assert_eq!(
        mark,
        json!({"kind": "Secret", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}})
    );
    assert_eq!(watch.next().await, None);
    assert_eq!(started.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn below_the_floor_is_an_error_and_the_end() {
    let store = Store::new();
    store.create(&key("a"), object("a", "x")).unwrap();
    store.forget();
    let mut old = watch(&store, options(Start::After(1)), "");
    let (kind, status) = old.next().await.unwrap();
    assert_eq!(kind, "ERROR");
    assert_eq!(status["message"], "too old resource version: 1 (2)");
    assert_eq!(old.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn the_future_is_silent() {
    let store = Store::new();
    let mut later = watch(&store, options(Start::After(100)), "");
    store.create(&key("a"), object("a", "x")).unwrap();
    assert!(ready(&mut later).is_empty());
}
