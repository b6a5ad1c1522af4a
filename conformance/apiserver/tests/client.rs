//! The server behind `kube::Client` and `kube::runtime`, in virtual time: what a controller meets.

use std::sync::Arc;
use std::time::Duration;

use fulcrum_apiserver::admission::{Admission, Review};
use fulcrum_apiserver::auth::Tokens;
use fulcrum_apiserver::clock::RuntimeClock;
use fulcrum_apiserver::entropy::Seeded;
use fulcrum_apiserver::inject::{Fault, Match, Refusal, Times};
use fulcrum_apiserver::status::{GroupResource, Status};
use fulcrum_apiserver::{ApiServer, Options};
use futures_util::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{
    Api, DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams,
};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

fn server() -> ApiServer {
    let start = "2026-01-01T00:00:00Z".parse().expect("it is a moment");
    ApiServer::new(Options {
        clock: Arc::new(RuntimeClock::starting_at(start)),
        entropy: Arc::new(Seeded::new(7)),
        tokens: Tokens::none_needed(),
    })
}

fn maps(server: &ApiServer) -> Api<ConfigMap> {
    Api::default_namespaced(Client::new(server.clone(), "default"))
}

fn map(name: &str, value: &str) -> ConfigMap {
    let object = json!({"metadata": {"name": name}, "data": {"k": value}});
    serde_json::from_value(object).expect("it is a ConfigMap")
}

fn code(error: &kube::Error) -> Option<u16> {
    match error {
        kube::Error::Api(status) => Some(status.code),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn typed_objects_are_written_read_patched_and_deleted() {
    let maps = maps(&server());
    let made = maps.create(&PostParams::default(), &map("a", "1")).await.unwrap();
    assert!(made.uid().is_some() && made.resource_version().is_some());
    let again = maps.create(&PostParams::default(), &map("a", "1")).await.unwrap_err();
    assert_eq!(code(&again), Some(409));
    let patch = Patch::Merge(json!({"data": {"k": "2"}}));
    let patched = maps.patch("a", &PatchParams::default(), &patch).await.unwrap();
    assert_ne!(patched.resource_version(), made.resource_version());
    let applied = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"l": "3"},
    });
    let apply = PatchParams::apply("test");
    let applied = maps.patch("a", &apply, &Patch::Apply(applied)).await.unwrap();
    assert_eq!(applied.data.unwrap().len(), 2);
    let mut stale = made;
    stale.data = None;
    let refused = maps.replace("a", &PostParams::default(), &stale).await.unwrap_err();
    assert_eq!(code(&refused), Some(409));
    assert_eq!(maps.list(&ListParams::default()).await.unwrap().items.len(), 1);
    maps.delete("a", &DeleteParams::default()).await.unwrap();
    assert!(maps.get_opt("a").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_watcher_of_kube_runtime_sees_every_change_in_order() {
    let server = server();
    let maps = maps(&server);
    maps.create(&PostParams::default(), &map("a", "1")).await.unwrap();
    let seen = watcher(maps.clone(), watcher::Config::default()).applied_objects();
    let mut seen = Box::pin(seen);
    assert_eq!(seen.try_next().await.unwrap().unwrap().name_any(), "a");
    maps.create(&PostParams::default(), &map("b", "1")).await.unwrap();
    maps.patch("b", &PatchParams::default(), &Patch::Merge(json!({"data": {"k": "2"}})))
        .await
        .unwrap();
    for value in ["1", "2"] {
        let next = seen.try_next().await.unwrap().unwrap();
        assert_eq!((next.name_any().as_str(), next.data.unwrap()["k"].as_str()), ("b", value));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_injected_happens_and_ends_with_its_rule() {
    let server = server();
    let maps = maps(&server);
    let writes = || Match::writes().resource("configmaps");
    let rule = server.injections().rule(writes(), [Fault::AnswerLost]);
    let lost = maps.create(&PostParams::default(), &map("a", "1")).await;
    assert!(lost.is_err_and(|error| code(&error).is_none()));
    assert_eq!(rule.hits(), 1);
    drop(rule);
    // Only the answer was lost.
    assert!(maps.get_opt("a").await.unwrap().is_some());
    let second = writes().times(Times::Nth(2));
    let rule = server.injections().rule(second, [Fault::Refuse(Refusal::Conflict)]);
    let patch = Patch::Merge(json!({"data": {"k": "2"}}));
    maps.patch("a", &PatchParams::default(), &patch).await.unwrap();
    let refused = maps.patch("a", &PatchParams::default(), &patch).await.unwrap_err();
    assert_eq!(code(&refused), Some(409));
    maps.patch("a", &PatchParams::default(), &patch).await.unwrap();
    drop(rule);
    let before = tokio::time::Instant::now();
    let slow = Fault::Latency(Duration::from_secs(9));
    let rule = server.injections().rule(Match::any(), [slow]);
    maps.get("a").await.unwrap();
    assert_eq!(before.elapsed(), Duration::from_secs(9));
    drop(rule);
    let rule = server.injections().rule(Match::any(), [Fault::Unavailable]);
    assert!(maps.get("a").await.is_err());
    drop(rule);
    maps.get("a").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_expired_watch_begins_anew() {
    let server = server();
    let maps = maps(&server);
    maps.create(&PostParams::default(), &map("a", "1")).await.unwrap();
    let rule = server.injections().rule(Match::any().verbs(["watch"]), [Fault::Expired]);
    let mut watch = maps.watch(&WatchParams::default(), "1").await.unwrap().boxed();
    let Some(Ok(WatchEvent::Error(status))) = watch.next().await else {
        panic!("a watch that is too old says so in an event");
    };
    assert_eq!(status.code, 410);
    drop(rule);
}

#[tokio::test(start_paused = true)]
async fn a_restored_server_is_the_one_that_it_was() {
    let server = server();
    let maps = maps(&server);
    maps.create(&PostParams::default(), &map("a", "1")).await.unwrap();
    let snapshot = server.snapshot();
    let version = maps.get("a").await.unwrap().resource_version();
    maps.delete("a", &DeleteParams::default()).await.unwrap();
    maps.create(&PostParams::default(), &map("b", "1")).await.unwrap();
    server.restore(&snapshot);
    assert_eq!(maps.get("a").await.unwrap().resource_version(), version);
    assert!(maps.get_opt("b").await.unwrap().is_none());
}

/// Refuses what is named `no`, and marks everything else.
struct Hook;

impl Admission for Hook {
    fn mutate(&self, _: &Review<'_>, object: &mut Value) -> Result<(), Status> {
        object["metadata"]["labels"]["seen"] = json!("yes");
        Ok(())
    }

    fn validate(&self, review: &Review<'_>, _: Option<&Value>) -> Result<Vec<String>, Status> {
        if review.name == "no" {
            let resource = GroupResource::new(&review.resource.group, &review.resource.plural);
            return Err(Status::forbidden(&resource, review.name, "the hook says no", Vec::new()));
        }
        Ok(Vec::new())
    }
}

#[tokio::test(start_paused = true)]
async fn an_admission_hook_changes_and_refuses() {
    let server = server();
    server.hook(Arc::new(Hook));
    let maps = maps(&server);
    let made = maps.create(&PostParams::default(), &map("a", "1")).await.unwrap();
    assert_eq!(made.labels().get("seen").map(String::as_str), Some("yes"));
    let refused = maps.create(&PostParams::default(), &map("no", "1")).await.unwrap_err();
    assert_eq!(code(&refused), Some(403));
    assert!(maps.get_opt("no").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_objects() {
    let history = async || {
        let server = server();
        let running = server.clone();
        let controllers = tokio::spawn(async move { running.run().await });
        let maps = maps(&server);
        for name in ["a", "b"] {
            maps.create(&PostParams::default(), &map(name, "1")).await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        controllers.abort();
        let events = server.store().events_since(0).unwrap();
        events.iter().map(|event| format!("{event:?}\n")).collect::<String>()
    };
    let (first, second) = (history().await, history().await);
    assert_eq!(first, second);
    assert!(first.contains("kube-root-ca.crt"));
}
