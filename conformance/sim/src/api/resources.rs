//! The resources that the simulator speaks of.

use std::fmt;

use fulcrum_apiserver::status::GroupResource;
use serde_json::Value;

/// A resource at a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Res {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Version.
    pub version: &'static str,
    /// The plural, as in paths.
    pub plural: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
}

impl Res {
    /// `v1`, `cluster.x-k8s.io/v1beta2`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Group and plural, as the store keeps them.
    #[must_use]
    pub fn group_resource(&self) -> GroupResource {
        GroupResource::new(self.group, self.plural)
    }

    /// The path of an object; of the collection when `name` is empty.
    #[must_use]
    pub fn path(&self, namespace: &str, name: &str) -> String {
        let root = if self.group.is_empty() { "/api" } else { "/apis" };
        let mut path = format!("{root}/{}", self.api_version());
        if self.namespaced && !namespace.is_empty() {
            path.push_str("/namespaces/");
            path.push_str(namespace);
        }
        for part in [self.plural, name].into_iter().filter(|part| !part.is_empty()) {
            path.push('/');
            path.push_str(part);
        }
        path
    }

    /// Whether an object or a reference is of this group and kind, at any version. References by
    /// `apiGroup` count as well as those by `apiVersion`.
    #[must_use]
    pub fn is(&self, object: &Value) -> bool {
        let group = object["apiGroup"].as_str().unwrap_or_else(|| {
            let version = object["apiVersion"].as_str().unwrap_or_default();
            version.rsplit_once('/').map_or("", |(group, _)| group)
        });
        object["kind"] == self.kind && group == self.group
    }

    /// The resource of an object or a reference, if it is among [`ALL`].
    #[must_use]
    pub fn of(object: &Value) -> Option<&'static Self> {
        ALL.iter().copied().find(|res| res.is(object))
    }
}

impl fmt::Display for Res {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.group.is_empty() {
            return f.pad(self.plural);
        }
        write!(f, "{}.{}", self.plural, self.group)
    }
}

const fn core(plural: &'static str, kind: &'static str) -> Res {
    Res { group: "", version: "v1", plural, kind, namespaced: true }
}

const fn custom(group: &'static str, plural: &'static str, kind: &'static str) -> Res {
    Res { group, version: "v1beta2", plural, kind, namespaced: true }
}

/// The group of the core provider.
pub const CORE_GROUP: &str = "cluster.x-k8s.io";
/// The group of bootstrap providers.
pub const BOOTSTRAP_GROUP: &str = "bootstrap.cluster.x-k8s.io";
/// The group of control plane providers.
pub const CONTROL_PLANE_GROUP: &str = "controlplane.cluster.x-k8s.io";
/// The group of infrastructure providers.
pub const INFRASTRUCTURE_GROUP: &str = "infrastructure.cluster.x-k8s.io";

/// `Cluster`.
pub const CLUSTERS: Res = custom(CORE_GROUP, "clusters", "Cluster");
/// `Machine`.
pub const MACHINES: Res = custom(CORE_GROUP, "machines", "Machine");
/// `MachineSet`.
pub const MACHINE_SETS: Res = custom(CORE_GROUP, "machinesets", "MachineSet");
/// `MachineDeployment`.
pub const MACHINE_DEPLOYMENTS: Res = custom(CORE_GROUP, "machinedeployments", "MachineDeployment");
/// `MachineHealthCheck`.
pub const MACHINE_HEALTH_CHECKS: Res =
    custom(CORE_GROUP, "machinehealthchecks", "MachineHealthCheck");

/// `KubeadmConfig`.
pub const KUBEADM_CONFIGS: Res = custom(BOOTSTRAP_GROUP, "kubeadmconfigs", "KubeadmConfig");
/// `KubeadmConfigTemplate`.
pub const KUBEADM_CONFIG_TEMPLATES: Res =
    custom(BOOTSTRAP_GROUP, "kubeadmconfigtemplates", "KubeadmConfigTemplate");
/// `KubeadmControlPlane`.
pub const KUBEADM_CONTROL_PLANES: Res =
    custom(CONTROL_PLANE_GROUP, "kubeadmcontrolplanes", "KubeadmControlPlane");

/// `DockerCluster`.
pub const DOCKER_CLUSTERS: Res = custom(INFRASTRUCTURE_GROUP, "dockerclusters", "DockerCluster");
/// `DockerMachine`.
pub const DOCKER_MACHINES: Res = custom(INFRASTRUCTURE_GROUP, "dockermachines", "DockerMachine");
/// `DockerMachineTemplate`.
pub const DOCKER_MACHINE_TEMPLATES: Res =
    custom(INFRASTRUCTURE_GROUP, "dockermachinetemplates", "DockerMachineTemplate");

/// `CloudCluster`, of the flavour that finds its machines by id.
pub const CLOUD_CLUSTERS: Res = custom(INFRASTRUCTURE_GROUP, "cloudclusters", "CloudCluster");
/// `CloudMachine`.
pub const CLOUD_MACHINES: Res = custom(INFRASTRUCTURE_GROUP, "cloudmachines", "CloudMachine");
/// `CloudMachineTemplate`.
pub const CLOUD_MACHINE_TEMPLATES: Res =
    custom(INFRASTRUCTURE_GROUP, "cloudmachinetemplates", "CloudMachineTemplate");

/// `Secret`.
pub const SECRETS: Res = core("secrets", "Secret");
/// `ConfigMap`.
pub const CONFIG_MAPS: Res = core("configmaps", "ConfigMap");
/// `Node`.
pub const NODES: Res = Res { namespaced: false, ..core("nodes", "Node") };
/// `Pod`.
pub const PODS: Res = core("pods", "Pod");
/// `Namespace`.
pub const NAMESPACES: Res = Res { namespaced: false, ..core("namespaces", "Namespace") };
/// `Lease`.
pub const LEASES: Res = Res {
    group: "coordination.k8s.io",
    version: "v1",
    plural: "leases",
    kind: "Lease",
    namespaced: true,
};
/// `Event`.
pub const EVENTS: Res = core("events", "Event");
/// `CustomResourceDefinition`.
pub const CUSTOM_RESOURCE_DEFINITIONS: Res = Res {
    group: "apiextensions.k8s.io",
    version: "v1",
    plural: "customresourcedefinitions",
    kind: "CustomResourceDefinition",
    namespaced: false,
};

/// All of them.
pub static ALL: [&Res; 22] = [
    &CLUSTERS,
    &MACHINES,
    &MACHINE_SETS,
    &MACHINE_DEPLOYMENTS,
    &MACHINE_HEALTH_CHECKS,
    &KUBEADM_CONFIGS,
    &KUBEADM_CONFIG_TEMPLATES,
    &KUBEADM_CONTROL_PLANES,
    &DOCKER_CLUSTERS,
    &DOCKER_MACHINES,
    &DOCKER_MACHINE_TEMPLATES,
    &CLOUD_CLUSTERS,
    &CLOUD_MACHINES,
    &CLOUD_MACHINE_TEMPLATES,
    &SECRETS,
    &CONFIG_MAPS,
    &NODES,
    &PODS,
    &NAMESPACES,
    &LEASES,
    &EVENTS,
    &CUSTOM_RESOURCE_DEFINITIONS,
];
