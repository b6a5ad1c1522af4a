//! All workload clusters of a world: the tenants of its machines.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use fulcrum_apiserver::ApiServer;

use super::{Given, Workload};
use crate::clock::SharedClock;
use crate::entropy::SharedEntropy;
use crate::history::Recorder;
use crate::infrastructure::{InfraMachine, Infrastructure, Stages, Tenant};
use crate::net::Net;

/// Makes the API server of a workload cluster of this name.
pub type Factory = Arc<dyn Fn(&str) -> ApiServer + Send + Sync>;

/// The workload clusters; clones share them.
#[derive(Clone)]
pub struct Workloads(Arc<Shared>);

struct Shared {
    given: Given,
    clusters: Mutex<BTreeMap<String, Workload>>,
}

impl Workloads {
    /// The tenants of an infrastructure; `factory` makes their API servers, which the `recorder`
    /// observes.
    #[must_use]
    pub fn new(
        infrastructure: &Infrastructure,
        net: &Net,
        clock: &SharedClock,
        entropy: &SharedEntropy,
        recorder: &Recorder,
        factory: Factory,
    ) -> Self {
        let given = Given {
            net: net.clone(),
            clock: clock.clone(),
            entropy: entropy.fork("workloads"),
            infrastructure: infrastructure.clone(),
            recorder: recorder.clone(),
            factory,
        };
        let workloads = Self(Arc::new(Shared { given, clusters: Mutex::default() }));
        infrastructure.let_to(Arc::new(workloads.clone()));
        workloads
    }

    /// The machines that they live on.
    #[must_use]
    pub fn infrastructure(&self) -> &Infrastructure {
        &self.0.given.infrastructure
    }

    /// A cluster of which there is, or was, a machine; or that was declared.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Workload> {
        self.0.clusters.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// The cluster of this name, which may have no machine yet.
    #[must_use]
    pub fn declare(&self, name: &str) -> Workload {
        let mut clusters = self.0.clusters.lock().unwrap_or_else(PoisonError::into_inner);
        let known = clusters.entry(name.to_owned());
        known.or_insert_with(|| Workload::new(name, &self.0.given)).clone()
    }
}

impl Tenant for Workloads {
    fn begins(&self, machine: &InfraMachine) {
        self.declare(&machine.cluster).begins(machine);
    }

    fn ends(&self, machine: &InfraMachine, gone: bool) {
        if let Some(cluster) = self.get(&machine.cluster) {
            cluster.ends(machine, gone);
        }
    }

    fn stages(&self, machine: &InfraMachine) -> (Stages, Option<String>) {
        let cluster = self.get(&machine.cluster);
        cluster.map(|cluster| cluster.stages(&machine.id)).unwrap_or_default()
    }

    fn rewired(&self, cluster: &str) {
        if let Some(cluster) = self.get(cluster) {
            cluster.rewired();
        }
    }
}

impl fmt::Debug for Workloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clusters = self.0.clusters.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_set().entries(clusters.keys()).finish()
    }
}
