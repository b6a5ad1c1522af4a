//! What a mover is told: which cluster, which side, how long things may take.

use std::fmt;
use std::time::Duration;

use fulcrum_model::object::ObjectKey;
use fulcrum_model::protocol::Place;
use fulcrum_model::select::cluster_key;
use jiff::Timestamp;

/// The wall clock, handed in. Sleeping is tokio's.
pub trait Clock: Send + Sync {
    /// The time.
    fn now(&self) -> Timestamp;
}

/// The Cluster that moves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterName {
    /// Its namespace, the same on both sides.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ClusterName {
    /// The key of the Cluster.
    #[must_use]
    pub fn key(&self) -> ObjectKey {
        cluster_key(Some(&self.namespace), &self.name)
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// How a mover works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which end of the stream it is.
    pub place: Place,
    /// The Cluster.
    pub cluster: ClusterName,
    /// Where its record is kept.
    pub record_namespace: String,
    /// How long things may take.
    pub pace: Pace,
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// After this time a request that was sent can land no more. Half of it is granted to a request.
    pub deadline: Duration,
    /// How long a controller may go on that does not show that it has seen a pause.
    pub quiet: Duration,
    /// How long to wait before what failed is tried again.
    pub backoff: Duration,
    /// How long to wait for an answer of the other side.
    pub resend: Duration,
    /// How long an attempt may take before its commit, and an abort may wait.
    pub budget: Duration,
    /// How often to look at what is waited for, and at the pause.
    pub poll: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(10),
            quiet: Duration::from_secs(30),
            backoff: Duration::from_secs(2),
            resend: Duration::from_secs(5),
            budget: Duration::from_secs(300),
            poll: Duration::from_secs(1),
        }
    }
}
