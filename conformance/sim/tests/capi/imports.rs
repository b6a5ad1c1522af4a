//! Imports into the cluster that was made, the right one and wrong ones.

use std::collections::BTreeMap;
use std::time::Duration;

use fulcrum_sim::api::resources::{
    CLUSTERS, DOCKER_CLUSTERS, DOCKER_MACHINE_TEMPLATES, DOCKER_MACHINES, KUBEADM_CONFIG_TEMPLATES,
    KUBEADM_CONFIGS, KUBEADM_CONTROL_PLANES, MACHINE_DEPLOYMENTS, MACHINE_HEALTH_CHECKS,
    MACHINE_SETS, MACHINES, SECRETS,
};
use fulcrum_sim::api::{Api, Res};
use fulcrum_sim::world::PARENT;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::compare;
use crate::play::{NS, Stage, Witness, is_available, machines, name, pause, says, scale, until};
use crate::trace::{self, Story};

/// The kinds in an order in which owners come first.
const ORDER: [&Res; 12] = [
    &CLUSTERS,
    &DOCKER_CLUSTERS,
    &KUBEADM_CONTROL_PLANES,
    &DOCKER_MACHINE_TEMPLATES,
    &KUBEADM_CONFIG_TEMPLATES,
    &MACHINE_DEPLOYMENTS,
    &MACHINE_HEALTH_CHECKS,
    &MACHINE_SETS,
    &MACHINES,
    &KUBEADM_CONFIGS,
    &DOCKER_MACHINES,
    &SECRETS,
];

/// What is left out of an import, or done wrongly.
#[derive(Clone, Copy)]
struct Wrong {
    old_uids: bool,
    without: fn(&Value) -> bool,
    paused_annotation: fn(&Value) -> bool,
}

fn never(_: &Value) -> bool {
    false
}

impl Wrong {
    fn nothing() -> Self {
        Self { old_uids: false, without: never, paused_annotation: never }
    }
}

/// A cluster that was made, its source paused, and its own Cluster API running.
async fn ready() -> (Stage, Api) {
    let stage = Stage::new().await;
    stage.provision(&trace::read("import", Some("parent"))).await;
    stage.settle(20).await;
    stage.world.install_managers("c1").await.expect("installed");
    stage.settle(60).await;
    pause(&stage.api, true).await;
    stage.settle(16).await;
    let child = stage.world.api("c1", "importer").expect("it is up");
    (stage, child)
}

/// Copies everything to the child, owners first and paused.
async fn import(stage: &Stage, child: &Api, wrong: Wrong) {
    let mut uids: BTreeMap<String, Value> = BTreeMap::new();
    for res in ORDER {
        for object in stage.api.list(res, Some(NS), "").await.expect("an answer") {
            let is_ours = res != &SECRETS || object["type"] == "cluster.x-k8s.io/secret";
            if !is_ours || (wrong.without)(&object) {
                continue;
            }
            let mut copy = copy(&object, (!wrong.old_uids).then_some(&uids));
            if (wrong.paused_annotation)(&object) {
                copy["metadata"]["annotations"]["cluster.x-k8s.io/paused"] = json!("");
            }
            let made = child.create(res, NS, &copy).await.expect("created");
            let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
            uids.insert(uid.to_owned(), made["metadata"]["uid"].clone());
        }
    }
}

/// An object as it is created anew; owners that are not known are dropped.
fn copy(object: &Value, uids: Option<&BTreeMap<String, Value>>) -> Value {
    let mut copy = object.clone();
    let metadata = &object["metadata"];
    let mut owners = metadata["ownerReferences"].as_array().cloned().unwrap_or_default();
    if let Some(uids) = uids {
        owners.retain(|owner| uids.contains_key(owner["uid"].as_str().unwrap_or_default()));
        for owner in &mut owners {
            owner["uid"] = uids[owner["uid"].as_str().unwrap_or_default()].clone();
        }
    }
    copy["metadata"] = json!({
        "name": metadata["name"], "namespace": NS, "labels": metadata["labels"],
        "annotations": metadata["annotations"], "finalizers": metadata["finalizers"],
        "ownerReferences": owners,
    });
    if let Some(fields) = copy.as_object_mut() {
        fields.remove("status");
    }
    copy
}

/// Nothing is made or removed in the infrastructure but what is there.
fn machine_ids(stage: &Stage) -> Vec<String> {
    stage.world.infrastructure().machines("c1").into_iter().map(|machine| machine.id).collect()
}

#[tokio::test(start_paused = true)]
async fn a_right_import_comes_back_by_itself() {
    let recorded = trace::read("import", Some("child"));
    let (stage, child) = ready().await;
    let before = machine_ids(&stage);
    let witness = Witness::of(&stage.world.server("c1").expect("it is up"), stage.began);
    import(&stage, &child, Wrong::nothing()).await;
    stage.settle(20).await;
    let paused = witness.story();
    for change in &paused.changes {
        let conditions = change.facets.keys().filter(|facet| facet.starts_with("condition "));
        let others: Vec<&String> = conditions.filter(|it| *it != "condition Paused").collect();
        assert!(others.is_empty(), "{:?} says {others:?} while paused", change.object);
    }
    let from = stage.now();
    pause(&child, false).await;
    until(&child, &CLUSTERS, "c1", "it is available again", is_available).await;
    stage.settle(20).await;
    let played = witness.story().between(from, stage.now());
    assert_eq!(machine_ids(&stage), before, "nothing is created in the infrastructure");
    let (was_from, was_to) = (
        recorded.when("importer unpauses the child"),
        recorded.when("importer deletes the source copies"),
    );
    let recorded = recorded.between(was_from, was_to);
    // What a Machine says of its configuration before that has said anything rests on whose turn
    // comes first: they are 20 ms apart.
    let first_turn =
        |story: &Story| story.clone().without("Machine", "condition BootstrapConfigReady");
    compare::sequences(&first_turn(&played), &first_turn(&recorded));
    compare::moments(
        &played,
        &recorded,
        &[
            ("Cluster", "c1", "status.phase", "Provisioned"),
            ("Machine", "c1-md-0-*-*", "status.phase", "Running"),
            ("KubeadmControlPlane", "c1-cp", "condition Initialized", "True/Initialized"),
            ("Cluster", "c1", "condition Available", "True/Available"),
        ],
    );
    scale(&child, "c1-md-0", 4).await;
    stage.settle(60).await;
    assert_eq!(machine_ids(&stage).len(), before.len() + 1, "the child makes machines itself");
}

#[tokio::test(start_paused = true)]
async fn old_uids_are_collected_paused_or_not() {
    let (stage, child) = ready().await;
    import(&stage, &child, Wrong { old_uids: true, ..Wrong::nothing() }).await;
    stage.settle(40).await;
    let secrets = child.list(&SECRETS, Some(NS), "cluster.x-k8s.io/cluster-name=c1").await;
    assert!(secrets.expect("an answer").is_empty(), "the CA is gone");
    let marked = machines(&child, "").await;
    assert!(!marked.is_empty());
    assert!(marked.iter().all(|it| !it["metadata"]["deletionTimestamp"].is_null()));
    let before = machine_ids(&stage).len();
    pause(&child, false).await;
    stage.settle(45).await;
    assert!(machine_ids(&stage).len() < before, "the controllers carry it out");
}

#[tokio::test(start_paused = true)]
async fn without_its_set_a_deployment_makes_machines_anew() {
    let (stage, child) = ready().await;
    let without = |object: &Value| object["kind"] == "MachineSet";
    import(&stage, &child, Wrong { without, ..Wrong::nothing() }).await;
    let (before, there) = (machine_ids(&stage).len(), machines(&child, "").await.len());
    pause(&child, false).await;
    stage.settle(75).await;
    assert!(machines(&child, "").await.len() > there, "they are doubled");
    assert!(machine_ids(&stage).len() > before, "in the infrastructure, too");
}

#[tokio::test(start_paused = true)]
async fn without_its_secrets_a_control_plane_makes_a_new_authority() {
    let (stage, child) = ready().await;
    let without = |object: &Value| object["type"] == "cluster.x-k8s.io/secret";
    import(&stage, &child, Wrong { without, ..Wrong::nothing() }).await;
    pause(&child, false).await;
    stage.settle(60).await;
    let ca = |api: Api| async move {
        let secret = api.get(&SECRETS, NS, "c1-ca").await.expect("an answer").expect("a CA");
        secret["data"]["tls.crt"].clone()
    };
    assert_ne!(ca(child.clone()).await, ca(stage.api.clone()).await);
    let cluster = child.get(&CLUSTERS, NS, "c1").await.expect("an answer").expect("it is there");
    assert_eq!(says(&cluster, "RemoteConnectionProbe"), "False/ProbeFailed");
    assert_eq!(says(&cluster, "ControlPlaneInitialized"), "False/NotInitialized");
}

#[tokio::test(start_paused = true)]
async fn without_its_kubeconfig_it_takes_another_attempt() {
    let (stage, child) = ready().await;
    let without = |object: &Value| name(object) == "c1-kubeconfig";
    import(&stage, &child, Wrong { without, ..Wrong::nothing() }).await;
    let from = stage.now();
    pause(&child, false).await;
    until(&child, &CLUSTERS, "c1", "it is initialised", |cluster| {
        says(cluster, "ControlPlaneInitialized") == "True/Initialized"
    })
    .await;
    let took = stage.now() - from;
    assert!((25_000..60_000).contains(&took), "one attempt in 30 s: {took} ms");
    let secret = child.get(&SECRETS, NS, "c1-kubeconfig").await.expect("an answer");
    assert!(secret.is_some(), "it was made anew from the CA");
}

#[tokio::test(start_paused = true)]
async fn a_pause_left_behind_is_silent_for_ever() {
    let (stage, child) = ready().await;
    let paused_annotation = |object: &Value| object["kind"] == "MachineSet";
    import(&stage, &child, Wrong { paused_annotation, ..Wrong::nothing() }).await;
    let before = machines(&child, "").await.len();
    pause(&child, false).await;
    stage.settle(30).await;
    scale(&child, "c1-md-0", 4).await;
    stage.settle(30).await;
    let sets = child.list(&MACHINE_SETS, Some(NS), "").await.expect("an answer");
    assert!(sets.iter().all(|set| says(set, "Paused") == "True/Paused"));
    assert_eq!(machines(&child, "").await.len(), before, "nothing comes");
    for set in &sets {
        let patch = json!({"metadata": {"annotations": {"cluster.x-k8s.io/paused": null}}});
        child.patch_merge(&MACHINE_SETS, NS, name(set), "", &patch).await.expect("annotated");
    }
    sleep(Duration::from_secs(40)).await;
    assert_eq!(machines(&child, "").await.len(), before + 1, "now it does");
    assert!(stage.world.server(PARENT).is_ok());
}
