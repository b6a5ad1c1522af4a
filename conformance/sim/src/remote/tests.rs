//! Connections that come and go.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::*;
use crate::net::Verdict;
use crate::workload::ca_hash;
use crate::workload::tests::scene::{Scene, until};

fn secret(host: &str, ca: &str) -> Value {
    let kubeconfig = Kubeconfig { cluster: "c1".into(), host: host.into(), ca_hash: ca_hash(ca) };
    json!({"data": {"value": STANDARD.encode(kubeconfig.text())}})
}

fn dialer(scene: &Scene) -> Dialer {
    let with = (&scene.clock, &scene.entropy);
    Dialer::new("parent", "capi-core", &scene.net, with, &scene.workloads, &scene.recorder)
}

fn key() -> Key {
    Key::new("default", "c1")
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_failed_is_not_repeated_for_30_s() {
    let scene = Scene::with_workers(0).await;
    let (remote, key) = (dialer(&scene), key());
    let secret = secret("c1-lb", "the CA of c1");
    let none = remote.connect(&key, None).await;
    assert_eq!(none.err(), Some(RemoteError::NoKubeconfig));
    let soon = remote.connect(&key, Some(&secret)).await;
    assert!(matches!(soon.err(), Some(RemoteError::Waiting(time)) if time <= RETRY));
    sleep(RETRY).await;
    assert!(remote.connect(&key, Some(&secret)).await.is_ok());
    assert!(remote.connected(&key).is_some());
}

#[tokio::test(start_paused = true)]
async fn what_a_kubeconfig_says_must_be_so() {
    let scene = Scene::with_workers(0).await;
    let (remote, key) = (dialer(&scene), key());
    let other = remote.connect(&key, Some(&secret("c1-lb", "another CA"))).await;
    assert_eq!(other.err(), Some(RemoteError::UnknownAuthority));
    sleep(RETRY).await;
    let nowhere = remote.connect(&key, Some(&secret("nowhere", "the CA of c1"))).await;
    assert_eq!(nowhere.err(), Some(RemoteError::NoHost("nowhere".into())));
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_dropped_after_five_probes() {
    let scene = Scene::with_workers(0).await;
    let (remote, key) = (dialer(&scene), key());
    let secret = secret("c1-lb", "the CA of c1");
    remote.connect(&key, Some(&secret)).await.expect("connected");
    sleep(PROBE * 3).await;
    let mut changed = remote.subscribe();
    changed.mark_unchanged();
    scene.net.set("parent", "c1", Verdict::Cut);
    let cut = Instant::now();
    changed.changed().await.expect("it lives");
    let after = cut.elapsed();
    assert!(!remote.probed(&key).connected);
    assert!(after >= PROBE * 4 && after <= PROBE * 5 + PROBE_TIMEOUT * 2, "{after:?}");
    let silent = scene.clock.now().duration_since(remote.probed(&key).last_success.expect("once"));
    assert!(silent.as_secs() >= 50, "{silent:?}");

    scene.net.heal();
    assert!(remote.connect(&key, Some(&secret)).await.is_ok(), "at once");
}

#[tokio::test(start_paused = true)]
async fn a_short_cut_is_survived() {
    let scene = Scene::with_workers(0).await;
    let (remote, key) = (dialer(&scene), key());
    remote.connect(&key, Some(&secret("c1-lb", "the CA of c1"))).await.expect("connected");
    scene.net.set("parent", "c1", Verdict::Cut);
    sleep(PROBE * 2).await;
    scene.net.heal();
    sleep(PROBE * 10).await;
    let probed = remote.probed(&key);
    assert!(probed.connected);
    let last = probed.last_success.expect("once");
    assert!(scene.clock.now().duration_since(last).as_secs() <= 10);
}

#[tokio::test(start_paused = true)]
async fn the_connection_is_on_record_and_etcd_is_behind_it() {
    let scene = Scene::with_workers(0).await;
    let (remote, key) = (dialer(&scene), key());
    assert!(remote.etcd_members(&key).await.is_err(), "there is no connection yet");
    remote.connect(&key, Some(&secret("c1-lb", "the CA of c1"))).await.expect("connected");
    let members = remote.etcd_members(&key).await.expect("an answer");
    assert_eq!(members, [EtcdMember { name: "cp-0".into(), healthy: true }]);
    assert!(remote.remove_etcd_member(&key, "cp-0").await.is_err(), "the last one stays");
    let history = scene.recorder.history("parent", "c1");
    assert!(history.connections().all(|one| one.workload && one.program == "capi-core"));
    assert_eq!(history.connections().count(), 1);
    remote.disconnect(&key);
    until("it is gone", || remote.connected(&key).is_none()).await;
}
