//! What is written down of what happens.

use bytes::Bytes;
use fulcrum_apiserver::auth::User;
use fulcrum_harness::history::{Verb, Write};
use serde_json::{Value, json};
use tokio::runtime::Builder;

use super::*;
use crate::api::resources::{CONFIG_MAPS, SECRETS};
use crate::api::{Api, DeleteOptions};
use crate::workload::App;
use crate::workload::tests::scene::{Scene, until};

/// The writes to objects of this resource in `default`, as the target's.
fn writes(recorder: &Recorder, resource: &str) -> Vec<Write> {
    let history = recorder.history("parent", "c1");
    let of =
        |write: &&Write| write.object.resource == resource && write.object.namespace == "default";
    history.writes().filter(of).cloned().collect()
}

async fn scene() -> (Scene, Api) {
    let scene = Scene::with_workers(0).await;
    let admin = scene.child().admin().expect("it is up").as_agent("mover");
    (scene, admin)
}

fn map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "1"}})
}

#[tokio::test(start_paused = true)]
async fn every_write_has_its_verb_and_its_author() {
    let (scene, admin) = scene().await;
    admin.create(&CONFIG_MAPS, "default", &map("m")).await.expect("taken");
    let patch = json!({"metadata": {"labels": {"x": "y"}}});
    admin.patch_merge(&CONFIG_MAPS, "default", "m", "", &patch).await.expect("taken");
    admin.delete(&CONFIG_MAPS, "default", "m", &DeleteOptions::default()).await.expect("gone");
    let told: Vec<Write> = writes(&scene.recorder, "configmaps")
        .into_iter()
        .filter(|write| write.object.name == "m")
        .collect();
    let verbs: Vec<Verb> = told.iter().map(|write| write.verb).collect();
    assert_eq!(verbs, [Verb::Create, Verb::Patch, Verb::Delete]);
    assert!(told.iter().all(|write| write.actor.program() == "mover"), "{told:?}");
    assert!(told[2].told.gone);
    let versions: Vec<_> = told.iter().filter_map(|write| write.resource_version).collect();
    assert!(versions.is_sorted());
}

#[tokio::test(start_paused = true)]
async fn the_garbage_collector_is_seen_too() {
    let (scene, admin) = scene().await;
    let owner = admin.create(&CONFIG_MAPS, "default", &map("owner")).await.expect("taken");
    let mut owned = map("owned");
    owned["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"],
    }]);
    admin.create(&CONFIG_MAPS, "default", &owned).await.expect("taken");
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    admin.delete(&CONFIG_MAPS, "default", "owner", &DeleteOptions::default()).await.expect("gone");
    let collected = || {
        let all = writes(&scene.recorder, "configmaps");
        all.into_iter().find(|it| it.object.name == "owned" && it.verb == Verb::Delete)
    };
    until("it is collected", || collected().is_some()).await;
    let write = collected().expect("just seen");
    assert!(write.actor.is_kubernetes(), "{:?}", write.actor);
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_a_digest() {
    let (scene, admin) = scene().await;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
        "data": {"key": "c2VjcmV0"},
    });
    admin.create(&SECRETS, "default", &secret).await.expect("taken");
    let mut bytes = Vec::new();
    scene.recorder.write_jsonl("parent", "c1", &mut bytes).expect("memory takes it");
    let text = String::from_utf8(bytes).expect("JSON");
    assert!(text.contains(r#""resource":"secrets""#));
    assert!(!text.contains("c2VjcmV0") && !text.contains("0123456789abcdef"));
}

fn request(method: &str, path: &str, body: &Value) -> http::Request<Bytes> {
    http::Request::builder()
        .method(method)
        .uri(path)
        .header("user-agent", "agent/1.2")
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_string()))
        .expect("a request")
}

#[tokio::test(start_paused = true)]
async fn a_door_tells_what_only_a_request_knows() {
    let (scene, _) = scene().await;
    let server = scene.child().server().expect("it is up");
    let door = scene.recorder.door("c1", &server);
    let mut first = map("m");
    first["metadata"]["uid"] = json!("theirs");
    let path = "/api/v1/namespaces/default/configmaps";
    let user = User { name: "mover".into(), ..User::admin() };
    let made = door.handle(&user, request("POST", path, &first)).await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let again = door.handle(&user, request("POST", path, &first)).await;
    let told: Vec<Write> = writes(&scene.recorder, "configmaps")
        .into_iter()
        .filter(|write| write.object.name == "m")
        .collect();
    assert_eq!(told.len(), 2, "one line a request: {told:?}");
    assert!(told.iter().all(|write| write.actor.agent == "agent/1.2"));
    assert_eq!([told[0].code, told[1].code], [made.status(), again.status()].map(|c| c.as_u16()));
    assert_eq!(told[0].named_uid.as_deref(), Some("theirs"));
    assert_ne!(told[0].uid.as_deref(), Some("theirs"));
    assert!(told[0].took_effect() && !told[1].took_effect());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_goes_back_writes_nothing() {
    let (scene, admin) = scene().await;
    let server = scene.child().server().expect("it is up");
    let backup = server.snapshot();
    admin.create(&CONFIG_MAPS, "default", &map("m")).await.expect("taken");
    let before = writes(&scene.recorder, "configmaps").len();
    server.restore(&backup);
    assert_eq!(writes(&scene.recorder, "configmaps").len(), before);
    admin.create(&CONFIG_MAPS, "default", &map("m")).await.expect("taken");
    assert_eq!(writes(&scene.recorder, "configmaps").len(), before + 1);
}

/// The history of a child that loses a node, as bytes.
fn story(seed: u64) -> Vec<u8> {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let scene = Scene::new(seed).await;
        scene.populate(2).await;
        let child = scene.child();
        child.watch_serving("shop", "web", 2);
        child.deploy(&App::new("shop", "web", 2)).await.expect("taken");
        until("it serves", || child.serving("shop", "web") == 2).await;
        scene.net.isolate("parent", &[]);
        scene.infrastructure.kill("docker:////w-1");
        until("it is noticed", || child.serving("shop", "web") == 1).await;
        until("it serves again", || child.serving("shop", "web") == 2).await;
        let mut bytes = Vec::new();
        scene.recorder.write_jsonl("parent", "c1", &mut bytes).expect("memory takes it");
        bytes
    })
}

#[test]
fn a_history_is_a_function_of_the_seed() {
    let one = story(7);
    assert!(one.len() > 10_000, "{}", one.len());
    assert!(one == story(7), "the same seed gives the same bytes");
    assert!(one != story(8), "another seed gives others");
}
