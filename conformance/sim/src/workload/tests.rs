//! Clusters whose machines come and go.

pub(crate) mod scene;

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::api::ApiError;
use crate::api::resources::{NODES, PODS};
use scene::{Counted, Scene, TOKEN, until};

#[tokio::test(start_paused = true)]
async fn machines_become_nodes() {
    let scene = Scene::with_workers(2).await;
    let admin = scene.child().admin().expect("it is up");
    let nodes = admin.list(&NODES, None, "").await.expect("an answer");
    let named: Vec<_> = nodes.iter().map(|node| plan::meta(node, "name").to_owned()).collect();
    assert_eq!(named, ["cp-0", "w-0", "w-1"]);
    assert!(nodes.iter().all(|node| plan::condition(node, "Ready") == Some("True")));
    assert_eq!(nodes[1]["spec"]["providerID"], "docker:////w-0");
    let etcd = admin.get(&PODS, "kube-system", "etcd-cp-0").await.expect("an answer");
    assert!(etcd.is_some(), "what runs on the control plane shows as pods");
}

#[tokio::test(start_paused = true)]
async fn a_join_needs_a_good_token_and_the_right_authority() {
    let scene = Scene::with_workers(0).await;
    scene.machine("late", &scene.bootstrap(BootstrapRole::Join, "late", "zzzzzz.zzzz")).await;
    let other = Bootstrap {
        ca_hash: ca_hash("another"),
        ..Bootstrap::parse(&scene.bootstrap(BootstrapRole::Join, "other", TOKEN)).expect("ours")
    };
    scene.machine("other", &other.text()).await;
    scene.machine("junk", "#!/bin/sh").await;
    let failures = || {
        let machines = scene.infrastructure.machines("c1");
        machines.into_iter().filter_map(|machine| machine.failure).collect::<Vec<_>>()
    };
    until("all have given up", || failures().len() == 3).await;
    assert!(failures().iter().any(|why| why.contains("token")), "{:?}", failures());
    assert!(failures().iter().any(|why| why.contains("CA")), "{:?}", failures());
    let admin = scene.child().admin().expect("it is up");
    assert_eq!(admin.list(&NODES, None, "").await.expect("an answer").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_ran_on_a_killed_node_stops_at_once_and_comes_back_elsewhere() {
    let scene = Scene::with_workers(2).await;
    let child = scene.child();
    let alive = Counted::default();
    child.set_program("apps", "manager", alive.program());
    child.deploy(&App::new("apps", "manager", 1)).await.expect("taken");
    until("it runs", || alive.count() == 1).await;
    let node = child.placed("apps", "manager").remove(0);

    let killed = Instant::now();
    assert!(scene.infrastructure.kill(&child.machines_of(&node)[0]));
    assert_eq!(alive.count(), 0, "in the same moment");
    until("it runs again", || alive.count() == 1).await;
    let gone = killed.elapsed();
    let least = GRACE - LEASE_PERIOD + EVICTION;
    assert!(least <= gone && gone < GRACE + EVICTION + Duration::from_secs(10), "{gone:?}");
    assert_ne!(child.placed("apps", "manager"), [node]);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_back_in_time_keeps_its_pods() {
    let scene = Scene::with_workers(1).await;
    let child = scene.child();
    let alive = Counted::default();
    child.set_program("apps", "manager", alive.program());
    child.deploy(&App::new("apps", "manager", 1)).await.expect("taken");
    until("it runs", || alive.count() == 1).await;
    scene.infrastructure.kill("docker:////w-0");
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(alive.count(), 0);
    scene.infrastructure.restart("docker:////w-0");
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(alive.count(), 1);
    let admin = child.admin().expect("it is up");
    let node = admin.get(&NODES, "", "w-0").await.expect("an answer").expect("there");
    assert_eq!(plan::condition(&node, "Ready"), Some("True"));
    assert!(node["spec"].get("taints").is_none(), "{node}");
    let pods = admin.list(&PODS, Some("apps"), "").await.expect("an answer");
    assert_eq!(pods[0]["status"]["containerStatuses"][0]["restartCount"], 1);
}

#[tokio::test(start_paused = true)]
async fn the_api_server_dies_with_its_last_control_plane_machine() {
    let scene = Scene::with_workers(1).await;
    let child = scene.child();
    let admin = child.admin().expect("it is up");
    scene.infrastructure.kill("docker:////cp-0");
    assert!(!child.is_up());
    let refused = admin.list(&NODES, None, "").await;
    assert_eq!(refused.expect_err("nobody answers"), ApiError::Unreachable);
    scene.infrastructure.restart("docker:////cp-0");
    child.up().await;
    assert_eq!(admin.list(&NODES, None, "").await.expect("an answer").len(), 2, "as it was");

    scene.delete("cp-0").await;
    assert!(!child.is_up());
    assert!(child.server().is_none(), "what etcd held is gone with its disk");
}

#[tokio::test(start_paused = true)]
async fn three_control_planes_bear_the_loss_of_one() {
    let scene = Scene::with_workers(0).await;
    let child = scene.child();
    for name in ["cp-1", "cp-2"] {
        let text = scene.bootstrap(BootstrapRole::JoinControlPlane, name, TOKEN);
        scene.machine(name, &text).await;
        let joined = || child.etcd_members().iter().any(|(member, up)| member == name && *up);
        until("it is a member", joined).await;
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    scene.infrastructure.kill("docker:////cp-0");
    assert!(child.is_up());
    scene.infrastructure.kill("docker:////cp-1");
    assert!(!child.is_up(), "one of three is no quorum");
    scene.infrastructure.restart("docker:////cp-1");
    child.up().await;
    child.remove_etcd_member("cp-0").expect("there is a quorum");
    assert_eq!(child.etcd_members().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn too_few_pods_are_a_disturbance() {
    let scene = Scene::with_workers(2).await;
    let child = scene.child();
    child.watch_serving("shop", "web", 2);
    child.deploy(&App::new("shop", "web", 2)).await.expect("taken");
    until("it serves", || child.serving("shop", "web") == 2).await;
    assert!(child.disturbances().is_empty(), "what came before is none");
    scene.infrastructure.kill("docker:////w-0");
    until("it serves again", || child.serving("shop", "web") == 2).await;
    let all = child.disturbances();
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0].least, 1, "pods of one app are spread");
    assert!(all[0].to.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_drained_node_loses_its_pods_to_another() {
    let scene = Scene::with_workers(2).await;
    let child = scene.child();
    child.deploy(&App::new("shop", "web", 1)).await.expect("taken");
    until("it serves", || child.serving("shop", "web") == 1).await;
    let node = child.placed("shop", "web").remove(0);
    let admin = child.admin().expect("it is up");
    let cordon = json!({"spec": {"unschedulable": true}});
    admin.patch_merge(&NODES, "", &node, "", &cordon).await.expect("taken");
    let pods = admin.list(&PODS, Some("shop"), "").await.expect("an answer");
    admin.evict("shop", plan::meta(&pods[0], "name")).await.expect("evicted");
    let moved = || child.placed("shop", "web").first().is_some_and(|now| *now != node);
    until("it runs elsewhere", moved).await;
}

#[tokio::test(start_paused = true)]
async fn kubelets_need_the_load_balancer_and_what_is_inside_does_not() {
    let scene = Scene::with_workers(1).await;
    let child = scene.child();
    let who = scene.provider.actor();
    let gone = scene.provider.delete_load_balancer(&who, "c1", "c1-lb").await;
    gone.expect("removed");
    assert!(child.is_up());
    assert!(!scene.net.link("parent", "c1").carries());
    tokio::time::sleep(GRACE + Duration::from_secs(5)).await;
    let admin = child.admin().expect("it is up");
    let worker = admin.get(&NODES, "", "w-0").await.expect("an answer").expect("there");
    assert_eq!(plan::condition(&worker, "Ready"), Some("Unknown"));
    scene.provider.create_load_balancer(&who, "c1").await.expect("made");
    tokio::time::sleep(Duration::from_secs(5)).await;
    let worker = admin.get(&NODES, "", "w-0").await.expect("an answer").expect("there");
    assert_eq!(plan::condition(&worker, "Ready"), Some("True"));
}
