//! What a cell is told at its start.

use std::time::Duration;

use fulcrum_mover::Pace;
use fulcrum_session::Limits;

/// What a cell is told at its start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The namespace in which the cell keeps its CA, its tokens and its records.
    pub namespace: String,
    /// The hosts under which agents reach the listeners: DNS names or IP addresses, at least one.
    pub hosts: Vec<String>,
    /// How long a new CA holds.
    pub ca_lifetime: Duration,
    /// How long a certificate of the listeners holds. It is replaced after two thirds of it.
    pub listener_lifetime: Duration,
    /// How long a certificate of an agent holds.
    pub client_lifetime: Duration,
    /// How long a one-time token holds.
    pub token_lifetime: Duration,
    /// How often the certificate of an open session is judged again, beside every message.
    pub recheck: Duration,
    /// How often every ManagedCluster is looked at though nothing was heard of it.
    pub resync: Duration,
    /// The limits of sessions.
    pub limits: Limits,
    /// The times of the movers.
    pub pace: Pace,
}

impl Settings {
    /// Settings with the usual times.
    #[must_use]
    pub fn new(namespace: impl Into<String>, hosts: Vec<String>) -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self {
            namespace: namespace.into(),
            hosts,
            ca_lifetime: DAY * 3650,
            listener_lifetime: DAY * 30,
            client_lifetime: DAY * 30,
            token_lifetime: Duration::from_secs(60 * 60),
            recheck: Duration::from_secs(30),
            resync: Duration::from_secs(15),
            limits: Limits::default(),
            pace: Pace::default(),
        }
    }
}
