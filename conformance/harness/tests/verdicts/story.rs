//! A small cluster, the programs around it, and the steps of which the stories about movers are made.

use crate::audit_log::{ApiServer, Client, api_version, instant, key};
use serde_json::{Value, json};

/// Somebody with kubectl.
pub(crate) const USER: Client =
    Client { user: "alice", agent: "kubectl/v1.34.4", address: "10.9.0.4" };

/// Cluster API's core controllers; both clusters' are called so.
pub(crate) const CORE: Client = Client {
    user: "system:serviceaccount:capi-system:capi-manager",
    agent: "manager/v1.14.2",
    address: "10.1.0.4",
};

/// The controllers of the infrastructure provider.
pub(crate) const INFRA: Client = Client {
    user: "system:serviceaccount:capd-system:capd-manager",
    agent: "manager/v1.14.2",
    address: "10.1.0.5",
};

/// The half of a pivot that lives on the source.
pub(crate) const CELL: Client = Client {
    user: "system:serviceaccount:pivot-system:cell",
    agent: "pivot-cell/0.3",
    address: "10.1.0.9",
};

/// The half of a pivot that lives on the target.
pub(crate) const AGENT: Client = Client {
    user: "system:serviceaccount:pivot-system:agent",
    agent: "pivot-agent/0.3",
    address: "10.2.0.9",
};

/// Somebody's program with a kubeconfig for both clusters.
pub(crate) const DIALLER: Client =
    Client { user: "kubernetes-admin", agent: "pivotctl/0.3", address: "10.9.0.5" };

/// Two API servers and what was done to the infrastructure.
#[derive(Clone)]
pub(crate) struct Story {
    pub(crate) source: ApiServer,
    pub(crate) target: ApiServer,
}

impl Story {
    /// The cluster `c1`, made at the source ten minutes before the beginning and healthy.
    pub(crate) fn provisioned() -> Self {
        let mut story = Self { source: ApiServer::new("source"), target: ApiServer::new("target") };
        for (step, object) in cluster("c1").iter().enumerate() {
            let at = -600_000 + 100 * i64::try_from(step).expect("the cluster is small");
            let object = with_local_owners(object, &story.source);
            story.source.create(at, USER, &object);
            show_paused(&mut story.source, at + 40, &key(&object), false);
        }
        story
    }

    /// Copies everything that is on the source now, as the agent of a pivot does: paused, owners
    /// first, by server-side apply, 20 ms apart.
    pub(crate) fn copy(&mut self, at: i64, by: Client) {
        let everything: Vec<String> = cluster("c1").iter().map(key).collect();
        self.copy_these(at, by, &everything);
    }

    /// Copies these objects, in this order.
    pub(crate) fn copy_these(&mut self, at: i64, by: Client, keys: &[String]) {
        for (step, key) in keys.iter().enumerate() {
            let at = at + 20 * i64::try_from(step).expect("the cluster is small");
            let mut copy = with_local_owners(&stripped(self.source.object(key)), &self.target);
            if copy["kind"] == "Cluster" {
                copy["spec"]["paused"] = json!(true);
            }
            let is_new = !self.target.has(key);
            self.target.apply(at, by, &copy);
            if is_new {
                show_paused(&mut self.target, at + 10, key, true);
            }
        }
    }

    /// Pauses the source's Cluster; its controllers show it within a second.
    pub(crate) fn pause_source(&mut self, at: i64, by: Client) {
        let mark = json!({"metadata": {"annotations": {"pivot.example.com/paused-by": "move-1"}},
            "spec": {"paused": true}});
        self.source.patch(at, by, "Cluster/c1", &mark);
        self.seen_on_source(at + 100, true);
    }

    /// Unpauses the target's Cluster; its controllers take everything up within two seconds.
    pub(crate) fn unpause_target(&mut self, at: i64, by: Client) {
        self.target.patch(at, by, "Cluster/c1", &json!({"spec": {"paused": null}}));
        for (step, key) in self.target.keys().iter().enumerate() {
            let step = i64::try_from(step).expect("the cluster is small");
            show_paused(&mut self.target, at + 200 + 50 * step, key, false);
        }
    }

    /// Deletes the source's copies as the contract asks: reverse order, with preconditions,
    /// orphaning said, finalizers taken off.
    pub(crate) fn clean_up(&mut self, at: i64, by: Client) {
        let reverse: Vec<String> = cluster("c1").iter().rev().map(key).collect();
        self.delete_these(at, by, &reverse);
    }

    /// Deletes these objects of the source, in this order, 30 ms apart. Secrets own nothing, so
    /// there is nothing to orphan.
    pub(crate) fn delete_these(&mut self, at: i64, by: Client, keys: &[String]) {
        for (step, key) in keys.iter().enumerate() {
            let at = at + 30 * i64::try_from(step).expect("the cluster is small");
            let policy = if key.starts_with("Secret/") { "Background" } else { "Orphan" };
            self.delete_one(at, by, key, policy);
        }
    }

    /// Deletes an object of the source, and takes its finalizers off if it has any.
    pub(crate) fn delete_one(&mut self, at: i64, by: Client, key: &str, policy: &str) {
        let metadata = &self.source.object(key)["metadata"];
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1",
            "propagationPolicy": policy, "preconditions": {
                "uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}});
        self.source.delete(at, by, key, &options);
        if self.source.has(key) {
            self.source.patch(at + 8, by, key, &json!({"metadata": {"finalizers": []}}));
        }
    }

    fn seen_on_source(&mut self, at: i64, paused: bool) {
        for (step, key) in self.source.keys().iter().enumerate() {
            let step = i64::try_from(step).expect("the cluster is small");
            show_paused(&mut self.source, at + 20 * step, key, paused);
        }
    }
}

/// The controller of an object writes its `Paused` condition, if its kind has one.
pub(crate) fn show_paused(server: &mut ApiServer, at: i64, key: &str, paused: bool) {
    let kind = key.split('/').next().unwrap_or_default();
    let by = if kind.starts_with("Docker") { INFRA } else { CORE };
    if kind == "Secret" || kind.ends_with("Template") {
        return;
    }
    let (status, reason) = if paused { ("True", "Paused") } else { ("False", "NotPaused") };
    let since = format!("{:.0}", instant(at));
    let conditions = json!({"status": {"conditions": [
        {"type": "Ready", "status": "True", "reason": "Ready", "message": "",
            "lastTransitionTime": "2026-03-01T09:55:00Z"},
        {"type": "Paused", "status": status, "reason": reason, "message": "",
            "lastTransitionTime": since},
    ]}});
    server.patch_status(at, by, key, &conditions);
}

/// The objects of a cluster with a control-plane machine and a worker, owners first. Owner
/// references name their owner; the API server at hand gives the uid.
pub(crate) fn cluster(name: &str) -> Vec<Value> {
    let control_plane = format!("{name}-cp");
    let workers = format!("{name}-md");
    let set = format!("{name}-md-1");
    let owner = Some(("Cluster", name));
    let mut objects = vec![
        object("Cluster", name, None, json!({"controlPlaneEndpoint": {"host": "10.3.0.1", "port": 6443},
            "controlPlaneRef": {"apiGroup": "controlplane.cluster.x-k8s.io", "kind": "KubeadmControlPlane",
                "name": control_plane},
            "infrastructureRef": {"apiGroup": "infrastructure.cluster.x-k8s.io", "kind": "DockerCluster",
                "name": name}})),
        object("DockerMachineTemplate", &workers, owner, json!({"template": {"spec": {}}})),
        object("DockerCluster", name, owner, json!({"controlPlaneEndpoint": {"host": "10.3.0.1", "port": 6443}})),
        object("KubeadmControlPlane", &control_plane, owner, json!({"replicas": 1, "version": "v1.34.4"})),
        object("MachineDeployment", &workers, owner, json!({"clusterName": name, "replicas": 1})),
        object("MachineHealthCheck", &workers, owner, json!({"clusterName": name})),
        object("MachineSet", &set, Some(("MachineDeployment", &workers)),
            json!({"clusterName": name, "replicas": 1})),
    ];
    for credential in ["ca", "etcd", "kubeconfig", "proxy", "sa"] {
        let secret = format!("{name}-{credential}");
        objects.push(secret_object(&secret, name, ("KubeadmControlPlane", &control_plane)));
    }
    machine(&mut objects, name, &format!("{control_plane}-1"), ("KubeadmControlPlane", &control_plane));
    machine(&mut objects, name, &format!("{set}-a"), ("MachineSet", &set));
    objects
}

/// Adds a Machine with what belongs to it.
pub(crate) fn machine(objects: &mut Vec<Value>, cluster: &str, name: &str, owner: (&str, &str)) {
    let own = Some(("Machine", name));
    let provider = format!("docker:////{name}");
    objects.push(object("Machine", name, Some(owner), json!({"clusterName": cluster,
        "providerID": provider, "bootstrap": {"dataSecretName": name,
            "configRef": {"apiGroup": "bootstrap.cluster.x-k8s.io", "kind": "KubeadmConfig", "name": name}},
        "infrastructureRef": {"apiGroup": "infrastructure.cluster.x-k8s.io", "kind": "DockerMachine",
            "name": name}})));
    objects.push(object("KubeadmConfig", name, own, json!({"format": "cloud-config"})));
    objects.push(object("DockerMachine", name, own, json!({"providerID": provider})));
    objects.push(secret_object(name, cluster, ("KubeadmConfig", name)));
}

/// An object of the namespace `default`.
pub(crate) fn object(kind: &str, name: &str, owner: Option<(&str, &str)>, spec: Value) -> Value {
    let cluster = name.split('-').next().unwrap_or(name);
    let mut object = json!({"apiVersion": api_version(kind), "kind": kind, "metadata": {
        "name": name, "namespace": "default",
        "labels": {"cluster.x-k8s.io/cluster-name": cluster}}, "spec": spec});
    if let Some((kind, name)) = owner {
        object["metadata"]["ownerReferences"] = json!([{"apiVersion": api_version(kind), "kind": kind,
            "name": name, "controller": kind != "Cluster", "blockOwnerDeletion": kind != "Cluster"}]);
    }
    if let Some(finalizer) = finalizer(kind) {
        object["metadata"]["finalizers"] = json!([finalizer]);
    }
    object
}

/// A Secret of a cluster; `c2VjcmV0LXZhbHVl` is what must never be printed.
pub(crate) fn secret_object(name: &str, cluster: &str, owner: (&str, &str)) -> Value {
    let mut secret = object("Secret", name, Some(owner), Value::Null);
    let fields = secret.as_object_mut().expect("objects are objects");
    fields.remove("spec");
    fields.insert("type".to_owned(), json!("cluster.x-k8s.io/secret"));
    fields.insert("data".to_owned(), json!({"value": "c2VjcmV0LXZhbHVl"}));
    secret["metadata"]["labels"]["cluster.x-k8s.io/cluster-name"] = json!(cluster);
    secret
}

fn finalizer(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "Cluster" => "cluster.cluster.x-k8s.io",
        "DockerCluster" => "dockercluster.infrastructure.cluster.x-k8s.io",
        "KubeadmControlPlane" => "kubeadm.controlplane.cluster.x-k8s.io",
        "MachineDeployment" => "cluster.x-k8s.io/machinedeployment",
        "MachineSet" => "cluster.x-k8s.io/machineset",
        "Machine" => "machine.cluster.x-k8s.io",
        "DockerMachine" => "dockermachine.infrastructure.cluster.x-k8s.io",
        _ => return None,
    })
}

/// The object without what its server set.
pub(crate) fn stripped(object: &Value) -> Value {
    let mut copy = object.clone();
    copy.as_object_mut().expect("objects are objects").remove("status");
    let metadata = copy["metadata"].as_object_mut().expect("metadata is an object");
    for set_by_server in ["uid", "resourceVersion", "generation", "creationTimestamp"] {
        metadata.remove(set_by_server);
    }
    if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
        annotations.remove("pivot.example.com/paused-by");
    }
    copy
}

/// The object with each owner reference at the uid that this server gave the owner.
pub(crate) fn with_local_owners(object: &Value, server: &ApiServer) -> Value {
    let mut object = object.clone();
    if let Some(owners) = object["metadata"]["ownerReferences"].as_array_mut() {
        for owner in owners {
            let owner_key = format!(
                "{}/{}",
                owner["kind"].as_str().unwrap_or_default(),
                owner["name"].as_str().unwrap_or_default()
            );
            owner["uid"] = server.object(&owner_key)["metadata"]["uid"].clone();
        }
    }
    object
}
