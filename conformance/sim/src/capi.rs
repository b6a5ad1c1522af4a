//! The controllers of Cluster API v1.14, as recordings show them: who writes what, in which order,
//! after which delay.
//!
//! # What is modelled
//! - Each reconcile reads caches that are behind, calls what is slow, and writes in several
//!   patches: conditions, then metadata and spec, then the rest of the status. It can be cut
//!   between any two.
//! - What was moved is consumed: without the Secret of the CA no machine joins and a new CA is
//!   made; without the kubeconfig nothing of the workload cluster is seen; without a template or
//!   the credentials of the infrastructure nothing new is made.
//! - A pause by `spec.paused` or by the annotation stops every controller here, and nothing else.
//!
//! Left out: ClusterClass, MachinePool, MachineDrainRule, update in place, failure domains,
//! external etcd and control planes, the deprecated v1beta1 status, Events but those of health
//! checks.
//!
//! Reading order: [`core()`], [`bootstrap`], [`control_plane`], [`docker`], [`cloud`] are what a
//! process runs; `draft` is how an object is written, `conditions` what it says of itself; then one
//! file a controller; [`webhooks`] are the hooks in the API server.

mod certificates;
mod cluster;
mod conditions;
mod draft;
mod infra;
mod kubeadm_config;
mod kubeadm_control_plane;
mod link;
mod machine;
mod machine_deployment;
mod machine_health_check;
mod machine_set;
mod object;
mod own_writes;
mod paused;
mod read;
mod refs;
mod wake;
pub mod webhooks;

use std::time::Duration;

use crate::infrastructure::Flavour;
use crate::runtime::{ReconcileError, Reconciler, Requeue};

/// The agent of the core provider.
pub const CORE: &str = "capi-core";
/// The agent of the bootstrap provider.
pub const BOOTSTRAP: &str = "capi-bootstrap";
/// The agent of the control plane provider.
pub const CONTROL_PLANE: &str = "capi-controlplane";
/// The agent of infrastructure providers.
pub const INFRASTRUCTURE: &str = "capi-infra";

/// What the manager of the core provider runs.
#[must_use]
pub fn core() -> Vec<Box<dyn Reconciler>> {
    vec![
        Box::new(link::Links),
        Box::new(cluster::Clusters),
        Box::new(machine_deployment::MachineDeployments::default()),
        Box::new(machine_set::MachineSets::default()),
        Box::new(machine::Machines),
        Box::new(machine_health_check::MachineHealthChecks),
    ]
}

/// What the manager of the kubeadm bootstrap provider runs.
#[must_use]
pub fn bootstrap() -> Vec<Box<dyn Reconciler>> {
    vec![Box::new(kubeadm_config::KubeadmConfigs)]
}

/// What the manager of the kubeadm control plane provider runs.
#[must_use]
pub fn control_plane() -> Vec<Box<dyn Reconciler>> {
    vec![Box::new(kubeadm_control_plane::KubeadmControlPlanes::default())]
}

/// What the manager of the Docker provider runs: machines are found by name.
#[must_use]
pub fn docker() -> Vec<Box<dyn Reconciler>> {
    infrastructure(Flavour::ByName)
}

/// What the manager of the cloud provider runs: machines are found by an id that the cloud gives.
#[must_use]
pub fn cloud() -> Vec<Box<dyn Reconciler>> {
    infrastructure(Flavour::ById)
}

fn infrastructure(flavour: Flavour) -> Vec<Box<dyn Reconciler>> {
    vec![Box::new(infra::InfraClusters::new(flavour)), Box::new(infra::InfraMachines::new(flavour))]
}

/// What a step of a reconcile comes to.
pub(crate) type Outcome<T> = Result<T, ReconcileError>;

/// A failure, in words.
pub(crate) fn failed(text: impl Into<String>) -> ReconcileError {
    ReconcileError::Failed(text.into())
}

/// What the steps of a reconcile came to, put together.
#[derive(Debug, Default)]
pub(crate) struct Pass {
    error: Option<ReconcileError>,
    after: Option<Duration>,
}

impl Pass {
    /// Takes note of a step; later steps are done even if it failed.
    pub(crate) fn note(&mut self, step: Outcome<Requeue>) {
        match step {
            Ok(requeue) if self.error.is_none() => self.later(requeue),
            Ok(_) => {}
            Err(error) => self.error = self.error.take().or(Some(error)),
        }
    }

    /// Asks for another reconcile, the sooner of what was asked for.
    pub(crate) fn later(&mut self, requeue: Requeue) {
        if let Requeue::After(time) = requeue {
            self.after = Some(self.after.map_or(time, |after| after.min(time)));
        }
    }

    /// Takes note of a write.
    pub(crate) fn written(&mut self, write: Outcome<()>) {
        self.note(write.map(|()| Requeue::Done));
    }

    /// Whether nothing has failed so far.
    pub(crate) fn is_ok(&self) -> bool {
        self.error.is_none()
    }

    /// Whether another reconcile was asked for.
    pub(crate) fn waits(&self) -> bool {
        self.after.is_some()
    }

    /// What the reconcile comes to.
    pub(crate) fn end(self) -> Outcome<Requeue> {
        match (self.error, self.after) {
            (Some(error), _) => Err(error),
            (None, Some(after)) => Ok(Requeue::After(after)),
            (None, None) => Ok(Requeue::Done),
        }
    }
}
