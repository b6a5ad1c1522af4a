//! The objects of a small cluster, as the stories about movers move it.

use crate::audit_log::{ApiServer, api_version};
use serde_json::{Value, json};

/// The objects of a cluster with a control-plane machine and a worker, owners first. Owner
/// references name their owner; the API server at hand gives the uid.
pub(crate) fn cluster(name: &str) -> Vec<Value> {
    let names = ["cp", "md", "md-1"].map(|suffix| format!("{name}-{suffix}"));
    let [control_plane, workers, set] = names.each_ref().map(String::as_str);
    let endpoint = json!({"host": "10.3.0.1", "port": 6443});
    let whole = json!({"controlPlaneEndpoint": endpoint,
        "controlPlaneRef": {"apiGroup": "controlplane.cluster.x-k8s.io",
            "kind": "KubeadmControlPlane", "name": control_plane},
        "infrastructureRef": {"apiGroup": "infrastructure.cluster.x-k8s.io",
            "kind": "DockerCluster", "name": name}});
    let mut objects = vec![object("Cluster", name, None, whole)];
    for (kind, called, spec) in [
        ("DockerMachineTemplate", workers, json!({"template": {"spec": {}}})),
        ("DockerCluster", name, json!({"controlPlaneEndpoint": endpoint})),
        ("KubeadmControlPlane", control_plane, json!({"replicas": 1, "version": "v1.34.4"})),
        ("MachineDeployment", workers, json!({"clusterName": name, "replicas": 1})),
        ("MachineHealthCheck", workers, json!({"clusterName": name})),
    ] {
        objects.push(object(kind, called, Some(("Cluster", name)), spec));
    }
    let spec = json!({"clusterName": name, "replicas": 1});
    objects.push(object("MachineSet", set, Some(("MachineDeployment", workers)), spec));
    let head = ("KubeadmControlPlane", control_plane);
    for credential in ["ca", "etcd", "kubeconfig", "proxy", "sa"] {
        objects.push(secret_object(&format!("{name}-{credential}"), name, head));
    }
    machine(&mut objects, name, &format!("{control_plane}-1"), head);
    machine(&mut objects, name, &format!("{set}-a"), ("MachineSet", set));
    objects
}

/// Adds a Machine with what belongs to it.
pub(crate) fn machine(objects: &mut Vec<Value>, cluster: &str, name: &str, owner: (&str, &str)) {
    let own = Some(("Machine", name));
    let provider = format!("docker:////{name}");
    let spec = json!({"clusterName": cluster, "providerID": provider,
        "bootstrap": {"dataSecretName": name,
            "configRef": {"apiGroup": "bootstrap.cluster.x-k8s.io",
                "kind": "KubeadmConfig", "name": name}},
        "infrastructureRef": {"apiGroup": "infrastructure.cluster.x-k8s.io",
            "kind": "DockerMachine", "name": name}});
    objects.push(object("Machine", name, Some(owner), spec));
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
        let controls = kind != "Cluster";
        object["metadata"]["ownerReferences"] = json!([{"apiVersion": api_version(kind),
            "kind": kind, "name": name, "controller": controls, "blockOwnerDeletion": controls}]);
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
