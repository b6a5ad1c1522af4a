//! What a call meets on its way.

use std::sync::Arc;
use std::time::Duration;

use fulcrum_apiserver::auth::{Tokens, User};
use fulcrum_apiserver::{ApiServer, Options};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::resources::{CONFIG_MAPS, PODS};
use super::{Api, ApiError, DeleteOptions};
use crate::clock::SharedClock;
use crate::entropy::SharedEntropy;
use crate::net::{Net, Verdict};

const SECOND: Duration = Duration::from_secs(1);

fn api() -> (Net, Api) {
    let start = "2026-01-01T00:00:00Z".parse().unwrap();
    let options = Options {
        clock: SharedClock::starting_at(start).handle(),
        entropy: SharedEntropy::new(7).handle(),
        tokens: Tokens::none_needed(),
    };
    let net = Net::new();
    let link = net.link("here", "there");
    (net, Api::new(ApiServer::new(options), User::admin(), "capi-core", link))
}

fn map(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default", "labels": {"a.b/c": name}},
        "data": {"k": "1"},
    })
}

async fn create(api: &Api, name: &str) -> Result<Value, ApiError> {
    api.create(&CONFIG_MAPS, "default", &map(name)).await
}

#[tokio::test(start_paused = true)]
async fn objects_are_written_and_read_under_the_name_of_the_agent() {
    let (_, api) = api();
    let began = Instant::now();
    let made = create(&api, "a").await.unwrap();
    assert!((SECOND / 1000..=SECOND / 100).contains(&began.elapsed()));
    assert_eq!(made["metadata"]["managedFields"][0]["manager"], "capi-core");
    create(&api, "b").await.unwrap();
    let listed = api.list(&CONFIG_MAPS, Some("default"), "a.b/c=b").await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0]["kind"], &listed[0]["apiVersion"]), (&json!("ConfigMap"), &json!("v1")));
    assert_eq!(api.list(&CONFIG_MAPS, None, "").await.unwrap().len(), 2);
    let patch = json!({"data": {"k": "2"}});
    let patched = api.patch_merge(&CONFIG_MAPS, "default", "a", "", &patch).await.unwrap();
    assert_eq!(patched["data"]["k"], "2");
    let applied = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default"},
    });
    api.apply(&CONFIG_MAPS, "default", "c", &applied, true).await.unwrap();
    assert!(api.get(&CONFIG_MAPS, "default", "c").await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn refusals_are_told_apart() {
    let (_, api) = api();
    let made = create(&api, "a").await.unwrap();
    assert_eq!(create(&api, "a").await, Err(ApiError::AlreadyExists));
    assert_eq!(api.get(&CONFIG_MAPS, "default", "b").await, Ok(None));
    let patch = json!({"data": {"k": "2"}});
    let nobody = api.patch_merge(&CONFIG_MAPS, "default", "b", "", &patch).await;
    assert_eq!(nobody, Err(ApiError::NotFound));
    api.patch_merge(&CONFIG_MAPS, "default", "a", "", &patch).await.unwrap();
    let mut stale = made.clone();
    stale["data"]["k"] = json!("3");
    assert_eq!(api.update(&CONFIG_MAPS, &stale).await, Err(ApiError::Conflict));
    let another = DeleteOptions { uid: Some("another".to_owned()), ..DeleteOptions::default() };
    let kept = api.delete(&CONFIG_MAPS, "default", "a", &another).await;
    assert_eq!(kept, Err(ApiError::Conflict));
    let uid = made["metadata"]["uid"].as_str().unwrap().to_owned();
    let this = DeleteOptions { uid: Some(uid), ..DeleteOptions::default() };
    assert_eq!(api.delete(&CONFIG_MAPS, "default", "a", &this).await, Ok(()));
    let bad = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "A_"}});
    let invalid = api.create(&CONFIG_MAPS, "default", &bad).await;
    assert!(matches!(invalid, Err(ApiError::Invalid(_))), "{invalid:?}");
    let elsewhere = api.create(&CONFIG_MAPS, "nowhere", &json!({"metadata": {"name": "a"}})).await;
    assert_eq!(elsewhere, Err(ApiError::NotFound));
}

#[tokio::test(start_paused = true)]
async fn an_evicted_pod_is_deleted() {
    let (_, api) = api();
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    api.create(&PODS, "default", &pod).await.unwrap();
    api.evict("default", "p").await.unwrap();
    assert_eq!(api.get(&PODS, "default", "p").await, Ok(None));
    assert_eq!(api.evict("default", "p").await, Err(ApiError::NotFound));
}

#[tokio::test(start_paused = true)]
async fn a_call_over_a_cut_link_is_given_up_and_did_nothing() {
    let (net, api) = api();
    net.set("here", "there", Verdict::Cut);
    let began = Instant::now();
    assert_eq!(create(&api, "a").await, Err(ApiError::Unreachable));
    assert_eq!(began.elapsed().as_secs(), 10);
    net.heal();
    sleep(SECOND * 60).await;
    assert_eq!(api.get(&CONFIG_MAPS, "default", "a").await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_down_refuses_at_once() {
    let (net, api) = api();
    net.set_up("there", false);
    let began = Instant::now();
    assert_eq!(create(&api, "a").await, Err(ApiError::Unreachable));
    assert!(began.elapsed() < SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_does_not_undo_the_write() {
    let (net, api) = api();
    net.set("here", "there", Verdict::DropAnswers);
    assert_eq!(create(&api, "a").await, Err(ApiError::Lost));
    net.heal();
    assert_eq!(create(&api, "a").await, Err(ApiError::AlreadyExists));
}

#[tokio::test(start_paused = true)]
async fn a_delayed_write_lands_after_its_sender_is_gone() {
    let (net, api) = api();
    net.set("here", "there", Verdict::Delay(SECOND * 20));
    let api = Arc::new(api);
    let sender = api.as_agent("doomed");
    {
        let sent = create(&sender, "a");
        tokio::pin!(sent);
        let outcome = tokio::time::timeout(SECOND, &mut sent).await;
        assert!(outcome.is_err(), "it has no answer after a second");
    }
    assert_eq!(create(&sender, "b").await, Err(ApiError::Lost));
    drop(sender);
    net.heal();
    assert_eq!(api.get(&CONFIG_MAPS, "default", "a").await, Ok(None));
    sleep(SECOND * 10).await;
    assert!(api.get(&CONFIG_MAPS, "default", "a").await.unwrap().is_some());
    sleep(SECOND * 10).await;
    assert!(api.get(&CONFIG_MAPS, "default", "b").await.unwrap().is_some());
}
