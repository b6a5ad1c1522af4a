//! Workload clusters: what runs on the machines of the infrastructure.
//!
//! # Expected flow
//! 1. A machine begins to run and reads its [`Bootstrap`]. An init makes the cluster: its API
//!    server with a CA. A join needs the endpoint, that CA and a token that is still good, and
//!    tries every 10 s for 5 minutes.
//! 2. Its kubelet registers a Node and runs the pods that are bound to it. [`Program`]s are what
//!    pods really run: a controller manager lives as long as its pod's machine.
//! 3. Deployments get their pods, pods get a node, nodes that are lost lose their pods.
//!
//! # What dies with what
//! - The API server answers while a control plane machine runs and etcd has a quorum of its
//!   members, those that are dead included. Its contents are lost with the last member's machine.
//! - A machine that is killed takes its programs along at once. Its kubelet's lease runs out 40 to
//!   50 s later: the Node is `Unknown` and tainted, and 300 s later (or as a pod tolerates) its
//!   pods are evicted and made again elsewhere. Leases are kept as *valid until*, not written.
//! - A Node that is deleted takes its pods along 40 s later.
//!
//! Left out: the fit of pods, volumes, services, the network between pods. A pod that is deleted
//! is gone at once.

mod access;
mod boot;
mod bootstrap;
mod cycle;
mod etcd;
mod nodes;
mod plan;
mod pods;
mod program;
mod registry;
mod schedule;
mod serving;
mod state;
#[cfg(test)]
pub(crate) mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fulcrum_apiserver::ApiServer;
use jiff::Timestamp;
use tokio::sync::watch;

pub use access::App;
pub use bootstrap::{Bootstrap, BootstrapRole, ca_hash, token_secret, token_secret_name};
pub use program::{Program, Started};
pub use registry::{Factory, Workloads};
pub use serving::Disturbance;

use crate::api::Res;
use crate::clock::SharedClock;
use crate::entropy::SharedEntropy;
use crate::history::Recorder;
use crate::infrastructure::Infrastructure;
use crate::net::Net;
use crate::net::tasks::Tasks;
use state::State;

/// `Deployment`.
pub const DEPLOYMENTS: Res = Res {
    group: "apps",
    version: "v1",
    plural: "deployments",
    kind: "Deployment",
    namespaced: true,
};

/// How long a node may be silent: from the last renewal of its lease.
pub const GRACE: Duration = Duration::from_secs(50);
/// Between two renewals of a node's lease.
pub const LEASE_PERIOD: Duration = Duration::from_secs(10);
/// How long after its node was found lost a pod is evicted, if it does not say otherwise.
pub const EVICTION: Duration = Duration::from_secs(300);
/// How long a pod may be bound to a node that does not exist.
pub const ORPHANED: Duration = Duration::from_secs(40);
/// From the binding of a pod until it runs, more or less.
pub const POD_START: Duration = Duration::from_secs(2);

/// A workload cluster, before, while and after it exists. Clones share it.
#[derive(Clone)]
pub struct Workload(Arc<Inner>);

/// What a cluster is given.
#[derive(Clone)]
struct Given {
    net: Net,
    clock: SharedClock,
    entropy: SharedEntropy,
    infrastructure: Infrastructure,
    recorder: Recorder,
    factory: Factory,
}

struct Inner {
    name: String,
    given: Given,
    state: Mutex<State>,
    /// A wake-up for the controllers of the cluster, with each change of a machine.
    changed: watch::Sender<u64>,
    /// Machines that start.
    boots: Tasks,
    /// The controllers of the cluster that there is now.
    cycle: Mutex<Option<Tasks>>,
}

impl Workload {
    fn new(name: &str, given: &Given) -> Self {
        let (changed, _) = watch::channel(0);
        let entropy = given.entropy.fork(&format!("workload {name}"));
        given.net.set_up(name, false);
        let inner = Inner {
            name: name.to_owned(),
            given: Given { entropy, ..given.clone() },
            state: Mutex::default(),
            changed,
            boots: Tasks::default(),
            cycle: Mutex::default(),
        };
        Self(Arc::new(inner))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        self.0.given.clock.now()
    }

    /// About so long, as chance has it for machines.
    fn about(&self, time: Duration) -> Duration {
        let percent = self.0.given.infrastructure.pace().percent;
        self.0.given.entropy.around(time, percent)
    }

    fn wake(&self) {
        self.0.changed.send_modify(|times| *times += 1);
    }

    /// Its name, which is its place in the network, too.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its API server; none before it was made, or after it was lost. Whether it can be reached
    /// is a question to the network.
    #[must_use]
    pub fn server(&self) -> Option<ApiServer> {
        self.lock().server.clone()
    }

    /// The hash of its CA.
    #[must_use]
    pub fn ca_hash(&self) -> Option<String> {
        self.lock().ca_hash.clone()
    }

    /// Whether its API server answers.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.0.given.net.is_up(self.name())
    }

    /// A wake-up with each change of a machine or a pod.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }
}

impl fmt::Debug for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Workload({})", self.name())
    }
}
