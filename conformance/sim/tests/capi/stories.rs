//! Stories on one cluster.

use std::time::Duration;

use fulcrum_sim::api::resources::{MACHINE_HEALTH_CHECKS, MACHINE_SETS, MACHINES};
use serde_json::json;
use tokio::time::sleep;

use crate::compare;
use crate::play::{NS, Stage, is_available, machines, name, pause, says, scale_control_plane};
use crate::trace;

#[tokio::test(start_paused = true)]
async fn provision() {
    let recorded = trace::read("provision", None);
    let stage = Stage::new().await;
    stage.provision(&recorded).await;
    stage.settle(45).await;
    let played = stage.witness.story();
    compare::sequences(&played, &recorded);
    compare::moments(
        &played,
        &recorded,
        &[
            ("Cluster", "c1", "status.phase", "Provisioning"),
            ("Cluster", "c1", "status.phase", "Provisioned"),
            ("Secret", "c1-kubeconfig", "there", "yes"),
            ("Machine", "c1-cp-*", "status.phase", "Pending"),
            ("Machine", "c1-cp-*", "status.phase", "Provisioning"),
            ("Machine", "c1-cp-*", "status.phase", "Provisioned"),
            ("Machine", "c1-md-0-*-*", "there", "yes"),
            ("KubeadmControlPlane", "c1-cp", "condition Initialized", "True/Initialized"),
            ("Machine", "c1-md-0-*-*", "status.phase", "Running"),
            ("Cluster", "c1", "condition Available", "True/Available"),
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn an_idle_cluster_writes_nothing() {
    let stage = Stage::new().await;
    stage.provision(&trace::read("provision", None)).await;
    stage.settle(60).await;
    let before = stage.witness.story().changes.len();
    stage.settle(240).await;
    let after = stage.witness.story();
    assert_eq!(after.changes.len(), before, "{:?}", after.changes.last());
}

#[tokio::test(start_paused = true)]
async fn scale_workers() {
    let recorded = trace::read("scale-workers", None);
    let stage = Stage::new().await;
    stage.provision(&recorded).await;
    stage.settle(20).await;
    let up = stage.now();
    stage.scale("c1-md-0", 5).await;
    stage.settle(30).await;
    let down = stage.now();
    stage.scale("c1-md-0", 2).await;
    stage.settle(20).await;
    let end = stage.now();
    let left = machines(&stage.api, "cluster.x-k8s.io/deployment-name=c1-md-0").await;
    assert_eq!(left.len(), 2);
    let note = |text: &str| recorded.when(text);
    let (was_up, was_down) = (
        note("user scales MachineDeployment c1-md-0 from 3 to 5"),
        note("user scales MachineDeployment c1-md-0 from 5 to 2"),
    );
    let was_end = note("user annotates Machine");
    let played = stage.witness.story();
    compare::sequences(&played.between(up, down), &recorded.between(was_up, was_down));
    compare::sequences(&played.between(down, end), &recorded.between(was_down, was_end));
}

#[tokio::test(start_paused = true)]
async fn a_marked_machine_goes_first() {
    let stage = Stage::new().await;
    stage.provision(&trace::read("scale-workers", None)).await;
    let all = machines(&stage.api, "cluster.x-k8s.io/deployment-name=c1-md-1").await;
    let last = name(all.last().expect("a machine"));
    let patch = json!({"metadata": {"annotations": {"cluster.x-k8s.io/delete-machine": "yes"}}});
    stage.api.patch_merge(&MACHINES, NS, last, "", &patch).await.expect("annotated");
    stage.scale("c1-md-1", 2).await;
    stage.settle(15).await;
    let left = machines(&stage.api, "cluster.x-k8s.io/deployment-name=c1-md-1").await;
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|machine| name(machine) != last));
}

#[tokio::test(start_paused = true)]
async fn pause_and_go_on() {
    let recorded = trace::read("pause", None);
    let stage = Stage::new().await;
    stage.provision(&recorded).await;
    stage.settle(20).await;
    let paused = stage.now();
    pause(&stage.api, true).await;
    stage.settle(15).await;
    let held = stage.now();
    let was_paused = recorded.when("user sets spec.paused");
    let was_held = recorded.when("while paused: user scales c1-md-0");
    let played = stage.witness.story();
    let (played_pause, recorded_pause) =
        (played.between(paused, held), recorded.between(was_paused, was_held));
    compare::sequences(&played_pause, &recorded_pause);
    stage.scale("c1-md-0", 4).await;
    scale_control_plane(&stage.api, 3).await;
    stage.settle(30).await;
    let quiet = stage.witness.story().between(held, stage.now());
    let written: Vec<_> = quiet
        .changes
        .iter()
        .filter(|change| !change.facets.contains_key("spec.replicas"))
        .collect();
    assert!(written.is_empty(), "something was reconciled while paused: {written:?}");
    pause(&stage.api, false).await;
    stage.settle(120).await;
    let all = machines(&stage.api, "").await;
    assert_eq!(all.len(), 10, "three control planes, four workers and three");
    assert!(all.iter().all(is_available), "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn a_check_made_while_paused_says_so_at_once_and_has_no_owner() {
    let recorded = trace::read("pause", None);
    let stage = Stage::new().await;
    stage.provision(&recorded).await;
    pause(&stage.api, true).await;
    stage.settle(16).await;
    let check = json!({
        "apiVersion": MACHINE_HEALTH_CHECKS.api_version(), "kind": MACHINE_HEALTH_CHECKS.kind,
        "metadata": {"name": "c1-late", "namespace": NS},
        "spec": {
            "clusterName": "c1",
            "selector": {"matchLabels": {"cluster.x-k8s.io/deployment-name": "c1-md-1"}},
        },
    });
    stage.api.create(&MACHINE_HEALTH_CHECKS, NS, &check).await.expect("created");
    stage.settle(2).await;
    let check = stage.api.get(&MACHINE_HEALTH_CHECKS, NS, "c1-late").await;
    let check = check.expect("an answer").expect("it is there");
    assert_eq!(says(&check, "Paused"), "True/Paused");
    assert!(check["metadata"]["ownerReferences"].is_null());
}

#[tokio::test(start_paused = true)]
async fn a_paused_set_alone_is_silent() {
    let stage = Stage::new().await;
    stage.provision(&trace::read("pause", None)).await;
    let labels = "cluster.x-k8s.io/deployment-name=c1-md-0";
    let sets = stage.api.list(&MACHINE_SETS, Some(NS), labels).await.expect("an answer");
    let set = name(&sets[0]);
    let patch = json!({"metadata": {"annotations": {"cluster.x-k8s.io/paused": ""}}});
    stage.api.patch_merge(&MACHINE_SETS, NS, set, "", &patch).await.expect("annotated");
    stage.settle(3).await;
    stage.scale("c1-md-0", 5).await;
    stage.settle(20).await;
    assert_eq!(machines(&stage.api, labels).await.len(), 3);
    let patch = json!({"metadata": {"annotations": {"cluster.x-k8s.io/paused": null}}});
    stage.api.patch_merge(&MACHINE_SETS, NS, set, "", &patch).await.expect("annotated");
    stage.settle(30).await;
    assert_eq!(machines(&stage.api, labels).await.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn an_unhealthy_worker_is_replaced_when_it_is_gone() {
    let recorded = trace::read("unhealthy-worker", None);
    let stage = Stage::new().await;
    stage.provision(&recorded).await;
    stage.settle(30).await;
    let labels = "cluster.x-k8s.io/deployment-name=c1-md-0";
    let all = machines(&stage.api, labels).await;
    let sick = name(&all[0]).to_owned();
    let from = stage.now();
    let id = all[0]["spec"]["providerID"].as_str().expect("it has one");
    assert!(stage.world.infrastructure().kill(id));
    for _ in 0..300 {
        sleep(Duration::from_secs(1)).await;
        let now = machines(&stage.api, labels).await;
        let is_replaced = now.len() == 3
            && now.iter().all(|machine| name(machine) != sick && is_available(machine));
        if is_replaced {
            break;
        }
    }
    let played = stage.witness.story().between(from, stage.now());
    let gone = played.changes.iter().find(|change| {
        change.object == ("Machine".to_owned(), sick.clone())
            && change.facets.get("there").is_some_and(|state| state == "gone")
    });
    let made = played.changes.iter().find(|change| {
        change.object.0 == "Machine"
            && change.facets.get("there").is_some_and(|state| state == "yes")
    });
    let (gone, made) = (gone.expect("it is gone"), made.expect("it is replaced"));
    assert!(gone.at <= made.at, "the replacement is made when the old one is gone");
    let (was_from, was_to) = (
        recorded.when("Node c1-md-0-lctvr-6kd5t turns"),
        recorded.when("Node c1-md-0-lctvr-8qpzp is deleted"),
    );
    let recorded = recorded.between(was_from, was_to);
    let marked = ("condition OwnerRemediated", "False/WaitingForRemediation");
    for (kind, pattern, facet, state) in [
        ("Machine", "c1-md-0-*-*", marked.0, marked.1),
        ("Machine", "c1-md-0-*-*", "condition OwnerRemediated", "False/MachineDeleting"),
        ("MachineSet", "c1-md-0-*", "condition Remediating", "True/Remediating"),
        ("MachineDeployment", "c1-md-0", "condition Available", "False/NotAvailable"),
    ] {
        assert!(recorded.first(kind, pattern, facet, state).is_some(), "{facet} {state}");
        assert!(played.first(kind, pattern, facet, state).is_some(), "{kind}: {facet} {state}");
    }
}
