//! What there is of a workload cluster beside the objects at its API server.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fulcrum_apiserver::ApiServer;
use jiff::Timestamp;

use super::serving::Served;
use super::{Bootstrap, Program};
use crate::infrastructure::Stages;

/// Everything that a cluster remembers.
#[derive(Default)]
pub(super) struct State {
    pub(super) server: Option<ApiServer>,
    pub(super) ca_hash: Option<String>,
    /// The host of the endpoint.
    pub(super) endpoint: String,
    /// Since when the API server answers, if it does.
    pub(super) up_since: Option<Timestamp>,
    /// The members of etcd, by node.
    pub(super) members: BTreeSet<String>,
    /// The machines, by provider id.
    pub(super) hosts: BTreeMap<String, Host>,
    /// What kubelets run, by the uid of the pod.
    pub(super) pods: BTreeMap<String, Run>,
    /// By namespace and name of the Deployment.
    pub(super) programs: BTreeMap<(String, String), Arc<dyn Program>>,
    /// Since when a node is missed that pods are bound to, or that has no machine.
    pub(super) missed: BTreeMap<String, Timestamp>,
    /// By namespace and name of the Deployment.
    pub(super) served: BTreeMap<(String, String), Served>,
}

/// A machine of the cluster.
#[derive(Clone, Debug, Default)]
pub(super) struct Host {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) version: String,
    pub(super) bootstrap: Option<Bootstrap>,
    /// Counts its starts, so that what an earlier one set off does not go on.
    pub(super) starts: u64,
    pub(super) running: bool,
    /// Whether it has once become a node.
    pub(super) joined: bool,
    /// Whether its kubelet has registered the node since it started.
    pub(super) registered: bool,
    /// The last renewal of its lease; absent: it is being renewed.
    pub(super) lost: Option<Timestamp>,
    pub(super) stages: Stages,
    pub(super) failure: Option<String>,
}

impl Host {
    /// The name of its node.
    pub(super) fn node(&self) -> &str {
        self.bootstrap.as_ref().map_or(&self.name, |bootstrap| &bootstrap.node)
    }

    /// Whether its kubelet works.
    pub(super) fn has_kubelet(&self) -> bool {
        self.running && self.joined && self.stages.node
    }

    pub(super) fn is_control_plane(&self) -> bool {
        let role = self.bootstrap.as_ref().map(|bootstrap| bootstrap.role);
        role.is_some_and(|role| role != super::BootstrapRole::Join)
    }
}

/// A pod at its kubelet.
pub(super) struct Run {
    pub(super) namespace: String,
    pub(super) name: String,
    /// The name of its Deployment, or empty.
    pub(super) app: String,
    /// The provider id of its machine.
    pub(super) host: String,
    /// When it will run, if it does not yet.
    pub(super) starts_at: Timestamp,
    pub(super) running: bool,
    pub(super) restarts: u64,
    /// What it runs; dropped, it is killed.
    pub(super) process: Option<Box<dyn Any + Send>>,
}

impl State {
    /// The machine whose kubelet answers for a node.
    pub(super) fn host_of(&self, node: &str) -> Option<(&String, &Host)> {
        let mut all = self.hosts.iter().filter(|(_, host)| host.joined && host.node() == node);
        let first = all.clone().next();
        all.find(|(_, host)| host.has_kubelet()).or(first)
    }

    /// Whether the kubelet of a machine reaches the API server: by the endpoint, or beside it on a
    /// control plane's own machine.
    pub(super) fn is_connected(&self, host: &Host, endpoint_leads_here: bool) -> bool {
        host.has_kubelet() && (endpoint_leads_here || host.stages.api_server)
    }
}
