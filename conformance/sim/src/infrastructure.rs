//! Machines and load balancers, outside of all clusters: what a cloud or a Docker host is.
//!
//! A controller acts through a [`Provider`], in one of two flavours. [`Flavour::ByName`] is Docker:
//! a machine has the name that it was given, a second one of that name is refused, so two owners
//! fight over one machine. [`Flavour::ById`] is a cloud: every call to create makes another machine
//! with an id of its own, so two owners double it; who loses the id has lost the machine.
//!
//! # What a call meets
//! 1. The link to the infrastructure, which is a link of its own.
//! 2. [`Pace::call`]: half of it until the act takes effect, half of it until the answer comes. An
//!    act that was sent takes effect even if the caller has died meanwhile.
//! 3. A machine that was made starts to run [`Pace::vm`] later; what it runs then is decided by its
//!    bootstrap data ([`crate::workload`]).
//!
//! Every act goes into the history, with the cluster on whose behalf it was done.

mod cloud;
mod machine;
mod provider;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

pub use futures_util::future::BoxFuture;
use thiserror::Error;

use crate::net::Broken;
pub use cloud::{Infrastructure, Tenant};
pub use machine::{InfraMachine, LoadBalancer, MachineRef, MachineSpec, MachineState, Stages};

/// How the infrastructure tells machines apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flavour {
    /// By the name that the caller gives, as Docker does.
    ByName,
    /// By an id that it makes, as clouds do.
    ById,
}

/// Who acts.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Actor {
    /// The management cluster whose controller it is: `parent`, or the name of a child.
    pub on_behalf_of: String,
    /// The program.
    pub agent: String,
    /// The provider credentials that it shows, if it has any.
    pub credentials: Option<String>,
}

impl fmt::Debug for Actor {
    /// Without the credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Actor({} of {})", self.agent, self.on_behalf_of)
    }
}

impl Actor {
    /// The same with these credentials.
    #[must_use]
    pub fn with_credentials(&self, credentials: &str) -> Self {
        Self { credentials: Some(credentials.to_owned()), ..self.clone() }
    }
}

/// How long things take. What is not a call differs by up to [`Pace::percent`] either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// A call, from request to answer.
    pub call: Duration,
    /// From the act that makes a machine until it runs.
    pub vm: Duration,
    /// From then until its kubelet has registered it.
    pub node: Duration,
    /// From the node until etcd has its member, on a control plane.
    pub etcd: Duration,
    /// From etcd until the API server answers, on a control plane.
    pub api_server: Duration,
    /// How far all but a call may be off.
    pub percent: u32,
}

impl Default for Pace {
    /// As the fake machines of the recordings: VM 5 s, the rest 2 s each, 20 % off.
    fn default() -> Self {
        let two = Duration::from_secs(2);
        Self {
            call: Duration::from_millis(40),
            vm: Duration::from_secs(5),
            node: two,
            etcd: two,
            api_server: two,
            percent: 20,
        }
    }
}

/// Why a call to the infrastructure failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProviderError {
    /// There is one of that name already.
    #[error("{0} is in use")]
    Exists(String),
    /// There is none, or none any more.
    #[error("{0} does not exist")]
    NotFound(String),
    /// The credentials are not, or no longer, good.
    #[error("the credentials of {0} are refused")]
    Denied(String),
    /// No such image.
    #[error("image {0} does not exist")]
    NoImage(String),
    /// The call did not get through, or its answer did not: it may have taken effect.
    #[error("cannot reach the infrastructure: {0}")]
    Unreachable(Broken),
}

/// The infrastructure, as one process sees it.
pub trait Provider: Send + Sync {
    /// How machines are told apart.
    fn flavour(&self) -> Flavour;

    /// Who this process is.
    fn actor(&self) -> Actor;

    /// Makes a machine of a workload cluster. It is there when this returns, and not yet running.
    ///
    /// By name, [`ProviderError::Exists`] when there is one: look first ([`Provider::get_machine`])
    /// and take what is there, as Docker's provider does. By id, every call makes another one.
    fn create_machine<'a>(
        &'a self,
        who: &'a Actor,
        cluster: &'a str,
        name: &'a str,
        spec: MachineSpec,
    ) -> BoxFuture<'a, Result<InfraMachine, ProviderError>>;

    /// A machine, if there is such a one. A cloud does not find machines by name.
    fn get_machine<'a>(
        &'a self,
        who: &'a Actor,
        cluster: &'a str,
        machine: MachineRef<'a>,
    ) -> BoxFuture<'a, Result<Option<InfraMachine>, ProviderError>>;

    /// Removes a machine at once, whatever runs on it. One that is not there is no error.
    fn delete_machine<'a>(
        &'a self,
        who: &'a Actor,
        cluster: &'a str,
        machine: MachineRef<'a>,
    ) -> BoxFuture<'a, Result<(), ProviderError>>;

    /// Makes the load balancer of a workload cluster, the host of its endpoint. By name,
    /// [`ProviderError::Exists`] when there is one; by id, another one.
    fn create_load_balancer<'a>(
        &'a self,
        who: &'a Actor,
        cluster: &'a str,
    ) -> BoxFuture<'a, Result<LoadBalancer, ProviderError>>;

    /// The load balancer of a cluster: by name, the one; by id, the one of this host (`None`: by
    /// id there is no answer).
    fn get_load_balancer<'a>(
        &'a self,
        who: &'a Actor,
        cluster: &'a str,
        host: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Option<LoadBalancer>, ProviderError>>;

    /// Says which machines stand behind a load balancer, by name. Two owners that know different
    /// machines undo each other's writes. Nothing happens when it says so already.
    fn configure_load_balancer<'a>(
        &'a self,
        who: &'a Actor,
        cluster: &'a str,
        host: &'a str,
        backends: Vec<String>,
    ) -> BoxFuture<'a, Result<(), ProviderError>>;

    /// Removes the load balancer of this host. One that is not there is no error.
    fn delete_load_balancer<'a>(
        &'a self,
        who: &'a Actor,
        cluster: &'a str,
        host: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>>;
}
