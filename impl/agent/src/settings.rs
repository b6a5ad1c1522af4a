//! What an agent is told at its start.

use std::time::Duration;

use fulcrum_mover::{ClusterName, Pace};

/// What an agent is told at its start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The Cluster that describes the agent's cluster.
    pub cluster: ClusterName,
    /// The namespace in which the agent keeps its certificate and its record.
    pub namespace: String,
    /// The host of the cell, as its certificate names it.
    pub cell_host: String,
    /// The replica, such as the name of its pod.
    pub instance: String,
    /// How long the cell may take to answer before a session is open.
    pub patience: Duration,
    /// The shortest and the longest pause between two dials.
    pub redial: (Duration, Duration),
    /// How often the child is looked at for heartbeats.
    pub observe: Duration,
    /// The times of the mover.
    pub pace: Pace,
}

impl Settings {
    /// Settings with the usual times.
    #[must_use]
    pub fn new(cluster: ClusterName, namespace: &str, cell_host: &str, instance: &str) -> Self {
        Self {
            cluster,
            namespace: namespace.to_owned(),
            cell_host: cell_host.to_owned(),
            instance: instance.to_owned(),
            patience: Duration::from_secs(20),
            redial: (Duration::from_secs(1), Duration::from_secs(60)),
            observe: Duration::from_secs(10),
            pace: Pace::default(),
        }
    }
}
