//! What a cell is told at its start.

use std::time::Duration;

use fulcrum_session::Limits;

/// The times of a mover. See `fulcrum_mover::Settings`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The deadline of a request, after which it can land no more.
    pub deadline: Duration,
    /// How long kinds without a `Paused` condition are given to see a pause.
    pub quiet: Duration,
    /// How long what failed waits until it is tried again.
    pub backoff: Duration,
    /// How long an answer of the other side is waited for.
    pub resend: Duration,
    /// The time that an attempt may take before its commit.
    pub budget: Duration,
    /// How often a condition is looked at.
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
