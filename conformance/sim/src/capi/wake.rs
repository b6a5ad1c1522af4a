//! Which objects a change of another one wakes.

use std::sync::Arc;

use serde_json::Value;

use crate::api::Res;
use crate::api::resources::{
    CLOUD_CLUSTERS, CLOUD_MACHINES, CLUSTERS, DOCKER_CLUSTERS, DOCKER_MACHINES, KUBEADM_CONFIGS,
    KUBEADM_CONTROL_PLANES, MACHINE_DEPLOYMENTS, MACHINE_HEALTH_CHECKS, MACHINE_SETS, MACHINES,
};
use crate::capi::conditions::{get, is_true};
use crate::capi::object::{
    CLUSTER_NAME, at, cluster_of, controller, flag, label, name, namespace, selects, text,
};
use crate::runtime::{Caches, Key};

/// The machine that owns the object.
pub(crate) fn owner_machine(object: &Value, _: &Caches) -> Vec<Key> {
    Key::owners(object, &MACHINES)
}

/// The cluster that owns the object.
pub(crate) fn owner_cluster(object: &Value, _: &Caches) -> Vec<Key> {
    Key::owners(object, &CLUSTERS)
}

/// The cluster that the object belongs to by name.
pub(crate) fn named_cluster(object: &Value, _: &Caches) -> Vec<Key> {
    match cluster_of(object) {
        "" => Vec::new(),
        cluster => vec![Key::new(namespace(object), cluster)],
    }
}

/// The cluster of a control plane machine whose node was found, until that cluster is initialised.
pub(crate) fn cluster_of_first_node(machine: &Value, caches: &Caches) -> Vec<Key> {
    let is_first = crate::capi::object::is_control_plane(machine)
        && !text(machine, "status.nodeRef.name").is_empty();
    let cluster = caches.get(&CLUSTERS, namespace(machine), cluster_of(machine));
    match cluster.filter(|one| is_first && !is_true(one, "ControlPlaneInitialized")) {
        Some(cluster) => vec![Key::of(&cluster)],
        None => Vec::new(),
    }
}

/// Those of a cluster whose condition Paused is not what the cluster says.
fn unaware(cluster: &Value, caches: &Caches, res: &Res) -> Vec<Key> {
    let paused = flag(cluster, "spec.paused");
    let mut found = members(cluster, caches, res);
    found.retain(|object| {
        let says = get(object, "Paused").map(|one| one.status == true.into());
        says != Some(paused)
    });
    found.iter().map(|object| Key::of(object)).collect()
}

fn members(cluster: &Value, caches: &Caches, res: &Res) -> Vec<Arc<Value>> {
    let mut found = caches.list(res, namespace(cluster));
    let cluster = Some(name(cluster));
    found.retain(|object| {
        label(object, CLUSTER_NAME) == cluster || Some(text(object, "spec.clusterName")) == cluster
    });
    found
}

/// The machines of a cluster that was paused, unpaused or has just been initialised.
pub(crate) fn machines_of_cluster(cluster: &Value, caches: &Caches) -> Vec<Key> {
    let mut keys = unaware(cluster, caches, &MACHINES);
    if is_true(cluster, "ControlPlaneInitialized") {
        let waiting = members(cluster, caches, &MACHINES).into_iter().filter(|machine| {
            get(machine, "NodeHealthy").is_some_and(|one| {
                one.message == "Waiting for Cluster control plane to be initialized"
            })
        });
        keys.extend(waiting.map(|machine| Key::of(&machine)));
    }
    keys.extend(blind(cluster, caches));
    keys
}

/// The machines that do not know of the connection that there is, or still trust one that is gone.
fn blind(cluster: &Value, caches: &Caches) -> Vec<Key> {
    let is_connected = is_true(cluster, "RemoteConnectionProbe");
    let mut found = members(cluster, caches, &MACHINES);
    found.retain(|machine| {
        let says = get(machine, "NodeReady").map(|one| one.reason).unwrap_or_default();
        let no_node = text(machine, "status.nodeRef.name").is_empty();
        let has_id = !text(machine, "spec.providerID").is_empty();
        let is_down = says == "ConnectionDown";
        if is_connected { is_down || (no_node && has_id) } else { !is_down && !no_node }
    });
    found.iter().map(|machine| Key::of(machine)).collect()
}

/// The machine of a node of its workload cluster.
pub(crate) fn machine_of_node(node: &Value, caches: &Caches) -> Vec<Key> {
    let mut found = caches.list(&MACHINES, "");
    let (node_name, id) = (name(node), text(node, "spec.providerID"));
    found.retain(|machine| match text(machine, "status.nodeRef.name") {
        "" => !id.is_empty() && text(machine, "spec.providerID") == id,
        known => known == node_name,
    });
    found.iter().map(|machine| Key::of(machine)).collect()
}

/// The health checks that look at the machine of a node.
pub(crate) fn checks_of_node(node: &Value, caches: &Caches) -> Vec<Key> {
    let machines = machine_of_node(node, caches).into_iter();
    let machines = machines.filter_map(|key| caches.get(&MACHINES, &key.namespace, &key.name));
    machines.flat_map(|machine| checks_of_machine(&machine, caches)).collect()
}

/// The sets of a cluster that was paused or unpaused.
pub(crate) fn sets_of_cluster(cluster: &Value, caches: &Caches) -> Vec<Key> {
    unaware(cluster, caches, &MACHINE_SETS)
}

/// The deployments of a cluster that was paused or unpaused.
pub(crate) fn deployments_of_cluster(cluster: &Value, caches: &Caches) -> Vec<Key> {
    unaware(cluster, caches, &MACHINE_DEPLOYMENTS)
}

/// The health checks of a cluster.
pub(crate) fn checks_of_cluster(cluster: &Value, caches: &Caches) -> Vec<Key> {
    members(cluster, caches, &MACHINE_HEALTH_CHECKS).iter().map(|one| Key::of(one)).collect()
}

/// The bootstrap configurations of a cluster.
pub(crate) fn configs_of_cluster(cluster: &Value, caches: &Caches) -> Vec<Key> {
    let mut keys = unaware(cluster, caches, &KUBEADM_CONFIGS);
    let ready = flag(cluster, "status.initialization.infrastructureProvisioned");
    let waiting = members(cluster, caches, &KUBEADM_CONFIGS)
        .into_iter()
        .filter(|config| ready && !flag(config, "status.initialization.dataSecretCreated"));
    keys.extend(waiting.map(|config| Key::of(&config)));
    keys
}

/// The control plane of a cluster.
pub(crate) fn control_plane_of_cluster(cluster: &Value, _: &Caches) -> Vec<Key> {
    let reference = at(cluster, "spec.controlPlaneRef");
    match KUBEADM_CONTROL_PLANES.is(reference) {
        true => vec![Key::new(namespace(cluster), text(reference, "name"))],
        false => Vec::new(),
    }
}

/// The control plane that owns the object.
pub(crate) fn owner_control_plane(object: &Value, _: &Caches) -> Vec<Key> {
    Key::owners(object, &KUBEADM_CONTROL_PLANES)
}

/// The set that controls the machine, or those that could adopt it.
pub(crate) fn set_of_machine(machine: &Value, caches: &Caches) -> Vec<Key> {
    match controller(machine) {
        Some(_) => Key::owners(machine, &MACHINE_SETS),
        None => adopting(machine, caches, &MACHINE_SETS),
    }
}

/// The deployment that controls the set, or those that could adopt it.
pub(crate) fn deployment_of_set(set: &Value, caches: &Caches) -> Vec<Key> {
    match controller(set) {
        Some(_) => Key::owners(set, &MACHINE_DEPLOYMENTS),
        None => adopting(set, caches, &MACHINE_DEPLOYMENTS),
    }
}

fn adopting(object: &Value, caches: &Caches, res: &Res) -> Vec<Key> {
    let mut found = caches.list(res, namespace(object));
    found.retain(|owner| selects(at(owner, "spec.selector"), object));
    found.iter().map(|owner| Key::of(owner)).collect()
}

/// The machines of a set.
pub(crate) fn machines_of_set(set: &Value, caches: &Caches) -> Vec<Key> {
    let mut found = caches.list(&MACHINES, namespace(set));
    found.retain(|machine| {
        controller(machine).is_some_and(|owner| text(owner, "name") == name(set))
            && get(machine, "Paused").map(|one| one.status)
                != get(set, "Paused").map(|one| one.status)
    });
    found.iter().map(|machine| Key::of(machine)).collect()
}

/// The machines of a deployment whose template they do not follow, as far as they know.
pub(crate) fn machines_of_deployment(deployment: &Value, caches: &Caches) -> Vec<Key> {
    let mut found = caches.list(&MACHINES, namespace(deployment));
    let version = text(deployment, "spec.template.spec.version");
    found.retain(|machine| {
        let is_new = text(machine, "spec.version") == version;
        label(machine, crate::capi::object::DEPLOYMENT_NAME) == Some(name(deployment))
            && is_new != is_true(machine, "UpToDate")
    });
    found.iter().map(|machine| Key::of(machine)).collect()
}

/// The sets of a deployment.
pub(crate) fn sets_of_deployment(deployment: &Value, caches: &Caches) -> Vec<Key> {
    let mut found = caches.list(&MACHINE_SETS, namespace(deployment));
    found.retain(|set| {
        crate::capi::object::is_controlled_by(set, deployment)
            && get(set, "Paused").map(|one| one.status)
                != get(deployment, "Paused").map(|one| one.status)
    });
    found.iter().map(|set| Key::of(set)).collect()
}

/// The health checks that look at a machine.
pub(crate) fn checks_of_machine(machine: &Value, caches: &Caches) -> Vec<Key> {
    let mut found = caches.list(&MACHINE_HEALTH_CHECKS, namespace(machine));
    found.retain(|check| {
        text(check, "spec.clusterName") == cluster_of(machine)
            && selects(at(check, "spec.selector"), machine)
    });
    found.iter().map(|check| Key::of(check)).collect()
}

/// The bootstrap configuration of a machine.
pub(crate) fn config_of_machine(machine: &Value, _: &Caches) -> Vec<Key> {
    referenced(machine, "spec.bootstrap.configRef", &KUBEADM_CONFIGS)
}

fn referenced(object: &Value, path: &str, res: &Res) -> Vec<Key> {
    let reference = at(object, path);
    match res.is(reference) {
        true => vec![Key::new(namespace(object), text(reference, "name"))],
        false => Vec::new(),
    }
}

/// The Docker machine of a machine.
pub(crate) fn docker_machine_of_machine(machine: &Value, _: &Caches) -> Vec<Key> {
    referenced(machine, "spec.infrastructureRef", &DOCKER_MACHINES)
}

/// The cloud machine of a machine.
pub(crate) fn cloud_machine_of_machine(machine: &Value, _: &Caches) -> Vec<Key> {
    referenced(machine, "spec.infrastructureRef", &CLOUD_MACHINES)
}

/// The Docker cluster of a cluster.
pub(crate) fn docker_cluster_of_cluster(cluster: &Value, _: &Caches) -> Vec<Key> {
    referenced(cluster, "spec.infrastructureRef", &DOCKER_CLUSTERS)
}

/// The cloud cluster of a cluster.
pub(crate) fn cloud_cluster_of_cluster(cluster: &Value, _: &Caches) -> Vec<Key> {
    referenced(cluster, "spec.infrastructureRef", &CLOUD_CLUSTERS)
}

/// The Docker machines of a cluster.
pub(crate) fn docker_machines_of_cluster(cluster: &Value, caches: &Caches) -> Vec<Key> {
    waiting_machines(cluster, caches, &DOCKER_MACHINES)
}

/// The cloud machines of a cluster.
pub(crate) fn cloud_machines_of_cluster(cluster: &Value, caches: &Caches) -> Vec<Key> {
    waiting_machines(cluster, caches, &CLOUD_MACHINES)
}

fn waiting_machines(cluster: &Value, caches: &Caches, res: &Res) -> Vec<Key> {
    let mut keys = unaware(cluster, caches, res);
    let waiting = members(cluster, caches, res)
        .into_iter()
        .filter(|machine| !flag(machine, "status.initialization.provisioned"));
    keys.extend(waiting.map(|machine| Key::of(&machine)));
    keys
}
