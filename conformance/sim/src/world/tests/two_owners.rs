//! What happens when two clusters own one: the reason for all of this.

use std::collections::BTreeMap;
use std::time::Duration;

use fulcrum_harness::history::{InfrastructureVerb, Side};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::super::{Manager, Options, PARENT, Topology, World};
use super::made::until;
use crate::api::resources::{
    CLOUD_CLUSTERS, CLOUD_MACHINE_TEMPLATES, CLOUD_MACHINES, CLUSTERS, DOCKER_CLUSTERS,
    DOCKER_MACHINE_TEMPLATES, DOCKER_MACHINES, KUBEADM_CONFIG_TEMPLATES, KUBEADM_CONFIGS,
    KUBEADM_CONTROL_PLANES, MACHINE_DEPLOYMENTS, MACHINE_SETS, MACHINES, NODES, SECRETS,
};
use crate::api::{DeleteOptions, Res};
use crate::infrastructure::Flavour;

/// What is copied, owners first.
fn kinds(flavour: Flavour) -> Vec<&'static Res> {
    let [clusters, templates, machines] = match flavour {
        Flavour::ByName => [&DOCKER_CLUSTERS, &DOCKER_MACHINE_TEMPLATES, &DOCKER_MACHINES],
        Flavour::ById => [&CLOUD_CLUSTERS, &CLOUD_MACHINE_TEMPLATES, &CLOUD_MACHINES],
    };
    vec![
        &CLUSTERS,
        clusters,
        templates,
        &KUBEADM_CONFIG_TEMPLATES,
        &KUBEADM_CONTROL_PLANES,
        &MACHINE_DEPLOYMENTS,
        &MACHINE_SETS,
        &MACHINES,
        machines,
        &KUBEADM_CONFIGS,
        &SECRETS,
    ]
}

/// A child that Cluster API on the parent made, with managers of its own.
async fn provisioned(flavour: Flavour) -> World {
    let world = World::new(Options { flavour, ..Options::default() }).await.expect("a world");
    world.start_managers();
    world.create_cluster(&Topology::small("c1", 2)).await.expect("taken");
    let child = world.child("c1");
    child.up().await;
    let server = child.server().expect("it is up");
    let nodes = || server.store().list(&NODES.group_resource(), None, None);
    let count = || nodes().map(|(nodes, _)| nodes.len()).unwrap_or_default();
    until("all machines are nodes", || count() == 3).await;
    sleep(Duration::from_secs(60)).await;
    world.install_managers("c1").await.expect("taken");
    let run = || {
        let all = Manager::all(flavour);
        all.iter().all(|one| child.serving(one.namespace, one.deployment) == 1)
    };
    until("its managers run", run).await;
    world
}

/// Copies everything to the child, without pausing anything anywhere: the worst of pivots.
async fn copy(world: &World) {
    let mover = world.api("c1", "mover").expect("it is up");
    let parent = world.parent();
    let mut uids: BTreeMap<String, Value> = BTreeMap::new();
    for res in kinds(world.flavour()) {
        for mut object in parent.list(res, Some("default"), "").await.expect("an answer") {
            let uid = object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
            let metadata = &object["metadata"];
            let mut owners = metadata["ownerReferences"].as_array().cloned().unwrap_or_default();
            for owner in &mut owners {
                let old = owner["uid"].as_str().unwrap_or_default().to_owned();
                owner["uid"] = uids.get(&old).cloned().unwrap_or_default();
            }
            owners.retain(|owner| owner["uid"].is_string());
            object["metadata"] = json!({
                "name": metadata["name"], "namespace": "default",
                "labels": metadata["labels"], "annotations": metadata["annotations"],
                "finalizers": metadata["finalizers"], "ownerReferences": owners,
            });
            if let Some(fields) = object["metadata"].as_object_mut() {
                fields.retain(|_, value| !value.is_null());
            }
            if let Some(object) = object.as_object_mut() {
                object.remove("status");
            }
            let made = mover.create(res, "default", &object).await.expect("taken");
            uids.insert(uid, made["metadata"]["uid"].clone());
        }
    }
}

async fn scale(world: &World, cluster: &str, replicas: u64) {
    let user = world.api(cluster, "user").expect("it is up");
    let patch = json!({"spec": {"replicas": replicas}});
    let scaled = user.patch_merge(&MACHINE_DEPLOYMENTS, "default", "c1-md-0", "", &patch).await;
    scaled.expect("taken");
}

#[tokio::test(start_paused = true)]
async fn in_a_cloud_they_double_a_machine() {
    let world = provisioned(Flavour::ById).await;
    assert_eq!(world.infrastructure().machines("c1").len(), 3);
    copy(&world).await;
    sleep(Duration::from_secs(60)).await;
    for cluster in [PARENT, "c1"] {
        scale(&world, cluster, 3).await;
    }
    sleep(Duration::from_secs(120)).await;
    assert_eq!(world.infrastructure().machines("c1").len(), 5, "one too many");
    let history = world.history("c1");
    let makers: Vec<Option<Side>> = history
        .infrastructure()
        .filter(|act| act.kind == "machine" && act.action == InfrastructureVerb::Create)
        .map(|act| act.on_behalf_of)
        .collect();
    assert_eq!(makers.iter().filter(|maker| **maker == Some(Side::Source)).count(), 4);
    assert_eq!(makers.iter().filter(|maker| **maker == Some(Side::Target)).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn by_name_one_takes_away_what_the_other_holds() {
    let world = provisioned(Flavour::ByName).await;
    copy(&world).await;
    sleep(Duration::from_secs(60)).await;
    let parent = world.parent();
    let machines = parent.list(&MACHINES, Some("default"), "").await.expect("an answer");
    let worker = machines.iter().find(|machine| {
        machine["metadata"]["labels"].get("cluster.x-k8s.io/deployment-name").is_some()
    });
    let worker = worker.expect("there are two")["metadata"]["name"].as_str().unwrap_or_default();
    let deleted = parent.delete(&MACHINES, "default", worker, &DeleteOptions::default()).await;
    deleted.expect("taken");
    sleep(Duration::from_secs(120)).await;
    let id = format!("docker:////{worker}");
    let left = world.infrastructure().machines("c1");
    assert!(left.iter().all(|machine| machine.id != id), "it is gone");
    let child = world.api("c1", "test").expect("it is up");
    let held = child.get(&DOCKER_MACHINES, "default", worker).await.expect("an answer");
    assert!(held.is_some(), "and the child has not let go of it");
    let history = world.history("c1");
    let taken = history.infrastructure().any(|act| {
        act.action == InfrastructureVerb::Delete
            && act.name == worker
            && act.on_behalf_of == Some(Side::Source)
    });
    assert!(taken);
}
