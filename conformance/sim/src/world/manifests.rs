//! What a user writes to have a cluster: the objects of one, in the order in which they are applied.

use serde_json::{Value, json};

use super::{World, WorldError};
use crate::api::Res;
use crate::api::resources::{
    CLOUD_CLUSTERS, CLOUD_MACHINE_TEMPLATES, CLUSTERS, DOCKER_CLUSTERS, DOCKER_MACHINE_TEMPLATES,
    KUBEADM_CONFIG_TEMPLATES, KUBEADM_CONTROL_PLANES, MACHINE_DEPLOYMENTS, MACHINE_HEALTH_CHECKS,
};
use crate::infrastructure::Flavour;

/// The shape of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    /// The namespace of its objects.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// How many control plane machines.
    pub control_planes: u64,
    /// How many workers each MachineDeployment has: `<name>-md-0`, `<name>-md-1`, ….
    pub workers: Vec<u64>,
    /// Whether a MachineHealthCheck `<name>-md` looks at the first of them.
    pub checked: bool,
    /// The Kubernetes version.
    pub version: String,
}

impl Topology {
    /// A cluster in `default` with one control plane machine and so many workers, unchecked.
    #[must_use]
    pub fn small(name: &str, workers: u64) -> Self {
        Self {
            namespace: "default".to_owned(),
            name: name.to_owned(),
            control_planes: 1,
            workers: vec![workers],
            checked: false,
            version: "v1.34.4".to_owned(),
        }
    }

    /// Its objects.
    #[must_use]
    pub fn manifests(&self, flavour: Flavour) -> Vec<(&'static Res, Value)> {
        let (infrastructure, template) = match flavour {
            Flavour::ByName => (&DOCKER_CLUSTERS, &DOCKER_MACHINE_TEMPLATES),
            Flavour::ById => (&CLOUD_CLUSTERS, &CLOUD_MACHINE_TEMPLATES),
        };
        let (name, control_plane) = (&self.name, format!("{}-cp", self.name));
        let machine_template = |name: &str| {
            (template, self.object(template, name, &json!({"template": {"spec": {}}})))
        };
        let cluster = json!({
            "clusterNetwork": {
                "pods": {"cidrBlocks": ["192.168.0.0/16"]},
                "services": {"cidrBlocks": ["10.128.0.0/12"]},
                "serviceDomain": "cluster.local",
            },
            "controlPlaneRef": reference(&KUBEADM_CONTROL_PLANES, &control_plane),
            "infrastructureRef": reference(infrastructure, name),
        });
        let planes = json!({
            "replicas": self.control_planes,
            "version": self.version,
            "kubeadmConfigSpec": {
                "clusterConfiguration": {}, "initConfiguration": {}, "joinConfiguration": {},
            },
            "machineTemplate": {
                "spec": {"infrastructureRef": reference(template, &control_plane)},
            },
        });
        let mut all = vec![
            (&CLUSTERS, self.object(&CLUSTERS, name, &cluster)),
            (infrastructure, self.object(infrastructure, name, &json!({}))),
            (
                &KUBEADM_CONTROL_PLANES,
                self.object(&KUBEADM_CONTROL_PLANES, &control_plane, &planes),
            ),
            machine_template(&control_plane),
        ];
        for (number, &replicas) in self.workers.iter().enumerate() {
            let deployment = format!("{name}-md-{number}");
            all.push(machine_template(&deployment));
            all.extend(self.deployment(&deployment, replicas, template));
        }
        all.extend(self.check());
        all
    }

    fn deployment(&self, name: &str, replicas: u64, template: &Res) -> [(&'static Res, Value); 2] {
        let bootstrap = json!({"template": {"spec": {"joinConfiguration": {}}}});
        let bootstrap = self.object(&KUBEADM_CONFIG_TEMPLATES, name, &bootstrap);
        let deployment = json!({
            "clusterName": self.name,
            "replicas": replicas,
            "template": {"spec": {
                "clusterName": self.name,
                "version": self.version,
                "bootstrap": {"configRef": reference(&KUBEADM_CONFIG_TEMPLATES, name)},
                "infrastructureRef": reference(template, name),
            }},
        });
        let deployment = self.object(&MACHINE_DEPLOYMENTS, name, &deployment);
        [(&KUBEADM_CONFIG_TEMPLATES, bootstrap), (&MACHINE_DEPLOYMENTS, deployment)]
    }

    fn check(&self) -> Option<(&'static Res, Value)> {
        let unhealthy =
            |status: &str| json!({"type": "Ready", "status": status, "timeoutSeconds": 10});
        let spec = json!({
            "clusterName": self.name,
            "selector": {"matchLabels": {
                "cluster.x-k8s.io/deployment-name": format!("{}-md-0", self.name),
            }},
            "checks": {
                "nodeStartupTimeoutSeconds": 120,
                "unhealthyNodeConditions": [unhealthy("False"), unhealthy("Unknown")],
            },
        });
        let name = format!("{}-md", self.name);
        let check = self.object(&MACHINE_HEALTH_CHECKS, &name, &spec);
        self.checked.then_some((&MACHINE_HEALTH_CHECKS, check))
    }

    fn object(&self, res: &Res, name: &str, spec: &Value) -> Value {
        json!({
            "apiVersion": res.api_version(), "kind": res.kind,
            "metadata": {"name": name, "namespace": self.namespace}, "spec": spec,
        })
    }
}

fn reference(res: &Res, name: &str) -> Value {
    json!({"apiGroup": res.group, "kind": res.kind, "name": name})
}

impl World {
    /// Creates the objects of a cluster on the parent, as a user does.
    ///
    /// # Errors
    /// When the parent refuses one.
    pub async fn create_cluster(&self, topology: &Topology) -> Result<(), WorldError> {
        let user = self.parent();
        for (res, object) in topology.manifests(self.flavour()) {
            let created = user.create(res, &topology.namespace, &object).await;
            created.map_err(|source| WorldError::Refused {
                cluster: super::PARENT.to_owned(),
                what: format!("{res} {}", object["metadata"]["name"]),
                source,
            })?;
        }
        Ok(())
    }
}
