//! The kinds of Cluster API and its providers, as definitions.
//!
//! Their schemas are left open: what the real ones refuse or prune, these do not.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::{Manager, World, WorldError};
use crate::api::resources::{
    BOOTSTRAP_GROUP, CLOUD_CLUSTERS, CLOUD_MACHINE_TEMPLATES, CLOUD_MACHINES, CLUSTERS,
    CONTROL_PLANE_GROUP, CUSTOM_RESOURCE_DEFINITIONS, DOCKER_CLUSTERS, DOCKER_MACHINE_TEMPLATES,
    DOCKER_MACHINES, INFRASTRUCTURE_GROUP, KUBEADM_CONFIG_TEMPLATES, KUBEADM_CONFIGS,
    KUBEADM_CONTROL_PLANES, MACHINE_DEPLOYMENTS, MACHINE_HEALTH_CHECKS, MACHINE_SETS, MACHINES,
    NAMESPACES,
};
use crate::api::{Api, ApiError, Res};
use crate::infrastructure::Flavour;

/// How often it is looked whether a kind is served.
const LOOK: Duration = Duration::from_millis(50);

/// The kinds that every cluster with Cluster API has.
const COMMON: [&Res; 8] = [
    &CLUSTERS,
    &MACHINE_DEPLOYMENTS,
    &MACHINE_SETS,
    &MACHINES,
    &MACHINE_HEALTH_CHECKS,
    &KUBEADM_CONFIG_TEMPLATES,
    &KUBEADM_CONFIGS,
    &KUBEADM_CONTROL_PLANES,
];

/// The kinds of an infrastructure provider.
fn of_provider(flavour: Flavour) -> [&'static Res; 3] {
    match flavour {
        Flavour::ByName => [&DOCKER_CLUSTERS, &DOCKER_MACHINE_TEMPLATES, &DOCKER_MACHINES],
        Flavour::ById => [&CLOUD_CLUSTERS, &CLOUD_MACHINE_TEMPLATES, &CLOUD_MACHINES],
    }
}

impl World {
    /// Serves the kinds of Cluster API at a cluster, and waits until they are; and makes the
    /// namespaces of its managers. What is there stays as it is. Writes of these kinds fail from
    /// now on while the manager does not run whose webhooks they need.
    ///
    /// # Errors
    /// When the cluster has no API server, or refuses.
    pub async fn install_kinds(&self, cluster: &str) -> Result<(), WorldError> {
        let api = self.api(cluster, "clusterctl")?;
        let kinds = COMMON.into_iter().chain(of_provider(self.flavour()));
        for res in kinds {
            let definition = definition(res);
            install(&api, cluster, &CUSTOM_RESOURCE_DEFINITIONS, &definition).await?;
            while api.list(res, None, "").await.is_err() {
                sleep(LOOK).await;
            }
        }
        self.0.hook(cluster, &self.server(cluster)?);
        for manager in Manager::all(self.flavour()) {
            let namespace = json!({
                "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": manager.namespace},
            });
            install(&api, cluster, &NAMESPACES, &namespace).await?;
        }
        Ok(())
    }
}

/// Makes an object that is not there yet.
async fn install(api: &Api, cluster: &str, res: &Res, object: &Value) -> Result<(), WorldError> {
    match api.create(res, "", object).await {
        Ok(_) | Err(ApiError::AlreadyExists) => Ok(()),
        Err(source) => {
            let what = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            Err(WorldError::Refused { cluster: cluster.to_owned(), what, source })
        }
    }
}

/// The definition of a kind.
fn definition(res: &Res) -> Value {
    let provider = match res.group {
        BOOTSTRAP_GROUP => "bootstrap-kubeadm",
        CONTROL_PLANE_GROUP => "control-plane-kubeadm",
        INFRASTRUCTURE_GROUP if res.kind.starts_with("Docker") => "infrastructure-docker",
        INFRASTRUCTURE_GROUP => "infrastructure-cloud",
        _ => "cluster-api",
    };
    let mut subresources = json!({"status": {}});
    if [&MACHINE_DEPLOYMENTS, &MACHINE_SETS, &KUBEADM_CONTROL_PLANES].contains(&res) {
        subresources["scale"] = json!({
            "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas",
            "labelSelectorPath": ".status.selector",
        });
    }
    json!({
        "apiVersion": CUSTOM_RESOURCE_DEFINITIONS.api_version(),
        "kind": CUSTOM_RESOURCE_DEFINITIONS.kind,
        "metadata": {
            "name": format!("{}.{}", res.plural, res.group),
            "labels": {
                "cluster.x-k8s.io/provider": provider,
                "clusterctl.cluster.x-k8s.io": "",
                "cluster.x-k8s.io/v1beta2": res.version,
            },
        },
        "spec": {
            "group": res.group,
            "names": {
                "kind": res.kind, "listKind": format!("{}List", res.kind),
                "plural": res.plural, "singular": res.kind.to_lowercase(),
            },
            "scope": if res.namespaced { "Namespaced" } else { "Cluster" },
            "versions": [{
                "name": res.version, "served": true, "storage": true,
                "subresources": subresources,
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "properties": {
                        "spec": open(),
                        "status": open(),
                    },
                }},
            }],
        },
    })
}

fn open() -> Value {
    json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}
