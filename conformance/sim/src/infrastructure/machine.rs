//! What the infrastructure holds.

use std::fmt;

/// What a machine is to be.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct MachineSpec {
    /// Whether it is to carry a control plane: what it shows to people, since its bootstrap data
    /// decides.
    pub control_plane: bool,
    /// The Kubernetes version, such as `v1.34.4`.
    pub version: String,
    /// The image; empty: the default one, which is always there.
    pub image: String,
    /// What it runs when it starts: the decoded `value` of the bootstrap Secret, which is text of
    /// [`crate::workload::Bootstrap`]. Anything else makes a machine that never becomes a node.
    pub bootstrap: String,
}

impl fmt::Debug for MachineSpec {
    /// Without the bootstrap data, which hold a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MachineSpec")
            .field("control_plane", &self.control_plane)
            .field("version", &self.version)
            .field("image", &self.image)
            .finish_non_exhaustive()
    }
}

/// Which machine is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineRef<'a> {
    /// The one of this name; a cloud has no answer to that.
    Name(&'a str),
    /// The one of this provider id.
    Id(&'a str),
}

/// What a machine does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MachineState {
    /// It was made and does not run yet.
    #[default]
    Starting,
    /// It runs.
    Running,
    /// It was stopped, or killed from outside, and is still there.
    Stopped,
}

/// How far a machine has come: what can be seen from outside of it, as `docker exec` would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stages {
    /// It runs.
    pub vm: bool,
    /// Its kubelet has registered the node.
    pub node: bool,
    /// Its etcd is a member. Never on a worker.
    pub etcd: bool,
    /// Its API server answers. Never on a worker.
    pub api_server: bool,
}

/// A machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InfraMachine {
    /// Its provider id: `docker:////<name>`, or `cloud:///sim/i-<16 hexadecimal digits>`.
    pub id: String,
    /// The name that it was given.
    pub name: String,
    /// The workload cluster of which it is a part.
    pub cluster: String,
    /// The management cluster on whose behalf it was made.
    pub made_for: String,
    /// What it is to be.
    pub spec: MachineSpec,
    /// What it does.
    pub state: MachineState,
    /// How far it has come.
    pub stages: Stages,
    /// Why it did not become a node, if it is known that it will not.
    pub failure: Option<String>,
    /// Its address.
    pub address: String,
}

/// The load balancer in front of the API servers of a workload cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadBalancer {
    /// The host of the endpoint; the port is 6443. Unique in the infrastructure.
    pub host: String,
    /// The workload cluster.
    pub cluster: String,
    /// The management cluster on whose behalf it was made.
    pub made_for: String,
    /// The machines behind it, as it was last told, by name. For the record: it finds out itself
    /// who answers.
    pub backends: Vec<String>,
}
