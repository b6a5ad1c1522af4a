//! The way from a manager to the clusters that it manages: one connection per cluster and process,
//! as Cluster API's cluster cache keeps them.
//!
//! # Expected flow
//! 1. A controller asks for the connection with the kubeconfig Secret that it has read. The first
//!    ask is an attempt: it resolves the endpoint, dials it over the link from the place of the
//!    process, and the CA of the kubeconfig must be that of the cluster.
//! 2. An attempt that failed is not repeated for 30 s, whatever is asked meanwhile
//!    ([`RemoteError::Waiting`] says how long): one that asks again then makes the next. Asking
//!    without a Secret is an attempt that fails.
//! 3. A connection is probed every 10 s, for 5 s. After 5 failures in a row it is dropped.
//! 4. [`Remote::probed`] tells since when there is no answer: after 50 s the Cluster says
//!    `RemoteConnectionProbe=False`, after 5 min what is known of the cluster is `Unknown`.
//!
//! Probes are not sent one by one: a probe answers if the link carries, so only a link that breaks
//! is looked at. [`Remote::subscribe`] wakes whoever waits for a connection to come or go.

mod dialer;
mod kubeconfig;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use thiserror::Error;
use tokio::sync::watch;

use crate::api::{Api, ApiError};
use crate::infrastructure::BoxFuture;
use crate::runtime::Key;
pub use dialer::Dialer;
pub use kubeconfig::Kubeconfig;

/// Between two attempts.
pub const RETRY: Duration = Duration::from_secs(30);
/// Between two probes.
pub const PROBE: Duration = Duration::from_secs(10);
/// How long a probe, or an attempt, waits for its answer.
pub const PROBE_TIMEOUT: Duration = Duration::from_secs(5);
/// After so many failures in a row the connection is dropped.
pub const PROBE_FAILURES: u32 = 5;

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RemoteError {
    /// An attempt failed, and the next one may be made after this time.
    #[error("connection to the workload cluster is down, next attempt in {} s", .0.as_secs())]
    Waiting(Duration),
    /// There is no kubeconfig Secret, or what is in it is none.
    #[error("no kubeconfig")]
    NoKubeconfig,
    /// The endpoint leads nowhere: its load balancer is gone.
    #[error("no such host: {0}")]
    NoHost(String),
    /// Nobody answers at the endpoint.
    #[error("cannot reach the workload cluster")]
    Unreachable(#[source] ApiError),
    /// The API server shows a certificate of another CA than the kubeconfig names.
    #[error("certificate signed by unknown authority")]
    UnknownAuthority,
    /// etcd has no quorum, or knows no such member.
    #[error("etcd: {0}")]
    Etcd(String),
}

/// What probes have found out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Probed {
    /// Whether there is a connection now.
    pub connected: bool,
    /// The last success, of a connection or a probe; never, if there was none.
    pub last_success: Option<Timestamp>,
    /// The first attempt that was made.
    pub first_attempt: Option<Timestamp>,
}

/// A member of a workload cluster's etcd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtcdMember {
    /// The name of its node.
    pub name: String,
    /// Whether it answers.
    pub healthy: bool,
}

/// The connections of one process.
pub trait Remote: Send + Sync {
    /// The connection to a cluster; makes it if there is none and it is time for an attempt.
    /// `kubeconfig`: the Secret `<cluster>-kubeconfig` as it was read, if there is one.
    fn connect<'a>(
        &'a self,
        cluster: &'a Key,
        kubeconfig: Option<&'a Value>,
    ) -> BoxFuture<'a, Result<Api, RemoteError>>;

    /// The connection, if there is one; nothing is dialled.
    fn connected(&self, cluster: &Key) -> Option<Api>;

    /// What probes have found out.
    fn probed(&self, cluster: &Key) -> Probed;

    /// Drops the connection, as when the Cluster is gone.
    fn disconnect(&self, cluster: &Key);

    /// The members of the cluster's etcd, by name, over the connection.
    fn etcd_members<'a>(
        &'a self,
        cluster: &'a Key,
    ) -> BoxFuture<'a, Result<Vec<EtcdMember>, RemoteError>>;

    /// Removes a member. One that is not there is no error.
    fn remove_etcd_member<'a>(
        &'a self,
        cluster: &'a Key,
        name: &'a str,
    ) -> BoxFuture<'a, Result<(), RemoteError>>;

    /// A wake-up with each connection that comes or goes.
    fn subscribe(&self) -> watch::Receiver<u64>;
}
