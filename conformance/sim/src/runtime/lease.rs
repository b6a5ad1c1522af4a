//! Who of several equal processes leads: a Lease in the store, and its renewals beside it.
//!
//! A real leader writes its Lease every 2 s. Here the Lease is written when the leader changes;
//! that it is renewed meanwhile is known to all processes at a server through [`Leases`], as
//! *valid until*, so that a month of leadership costs nothing. Its `renewTime` in the store is
//! therefore that of the last change of leader.
//!
//! # Expected flow
//! 1. A process without a leader before it creates the Lease and leads.
//! 2. It renews every 2 s while it lives, reaches the server, and the Lease names it. It stops to
//!    lead 10 s after the last renewal.
//! 3. Another one takes the Lease over 15 s after the last renewal, and up to 2 s later.
//!
//! # Guarantees
//! Two processes that both follow this never lead at the same time, unless the store goes back.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fulcrum_apiserver::store;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::api::resources::LEASES;
use crate::api::{Api, ApiError};
use crate::clock::{SharedClock, until};
use crate::entropy::SharedEntropy;

/// For how long a lease is valid after its last renewal.
pub const VALID: Duration = Duration::from_secs(15);
/// How long after its last renewal a leader stops to lead.
pub const DEADLINE: Duration = Duration::from_secs(10);
/// How often a leader renews, and a candidate tries.
pub const PERIOD: Duration = Duration::from_secs(2);

/// For what, and as whom, a process stands for election.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Election {
    /// The namespace of the Lease.
    pub namespace: String,
    /// The name of the Lease.
    pub name: String,
    /// Who stands: the pod. Each start of a process appends five letters of its own.
    pub holder: String,
}

impl Election {
    /// An election.
    #[must_use]
    pub fn new(namespace: &str, name: &str, holder: &str) -> Self {
        let [namespace, name, holder] = [namespace, name, holder].map(str::to_owned);
        Self { namespace, name, holder }
    }
}

/// The renewals of all leases at an API server. Clones share them.
#[derive(Clone)]
pub struct Leases(Arc<Shared>);

struct Shared {
    renewals: Mutex<BTreeMap<(String, String), Renewal>>,
    changed: watch::Sender<u64>,
}

/// How a lease is renewed.
#[derive(Clone, Debug)]
struct Renewal {
    holder: String,
    /// The last renewal; `None`: it is being renewed.
    last: Option<Instant>,
}

impl Default for Leases {
    fn default() -> Self {
        let (changed, _) = watch::channel(0);
        Self(Arc::new(Shared { renewals: Mutex::default(), changed }))
    }
}

impl fmt::Debug for Leases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.lock().iter()).finish()
    }
}

impl Leases {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<(String, String), Renewal>> {
        self.0.renewals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, election: &Election, last: Option<Instant>) {
        let place = (election.namespace.clone(), election.name.clone());
        self.lock().insert(place, Renewal { holder: election.holder.clone(), last });
        self.0.changed.send_modify(|times| *times += 1);
    }

    /// What is known of the renewals by a holder.
    fn of(&self, election: &Election, holder: &str) -> Option<Renewal> {
        let place = (election.namespace.clone(), election.name.clone());
        self.lock().get(&place).filter(|renewal| renewal.holder == holder).cloned()
    }
}

/// A leader's hold on its lease. Dropped, it renews no more.
pub(super) struct Held {
    candidate: Candidate,
    since: Instant,
}

impl Drop for Held {
    fn drop(&mut self) {
        let Candidate { leases, election, .. } = &self.candidate;
        if leases.of(election, &election.holder).is_some_and(|renewal| renewal.last.is_none()) {
            leases.set(election, Some(self.last_renewal()));
        }
    }
}

/// Somebody who stands for election.
#[derive(Clone)]
pub(super) struct Candidate {
    pub(super) api: Api,
    pub(super) clock: SharedClock,
    pub(super) entropy: SharedEntropy,
    pub(super) leases: Leases,
    pub(super) election: Election,
}

/// What an attempt led to.
enum Attempt {
    Led,
    /// Somebody else holds this version of the Lease.
    HeldBy(String, String),
}

impl Candidate {
    /// Waits until it leads.
    pub(super) async fn lead(self) -> Held {
        let mut expired: Option<String> = None;
        loop {
            match self.attempt(expired.as_deref()).await {
                Ok(Attempt::Led) => {
                    self.leases.set(&self.election, None);
                    return Held { candidate: self, since: Instant::now() };
                }
                Ok(Attempt::HeldBy(holder, version)) => {
                    self.wait_for(&holder, Instant::now()).await;
                    expired = Some(version);
                }
                Err(_) => {}
            }
            sleep(self.entropy.between(Duration::ZERO, PERIOD)).await;
        }
    }

    /// Waits until the lease of a holder is not valid any more. Of one whose renewals are not known
    /// it trusts, as client-go, no clock but its own: since when it has `seen` this holder.
    async fn wait_for(&self, holder: &str, seen: Instant) {
        let mut changed = self.leases.0.changed.subscribe();
        loop {
            changed.mark_unchanged();
            let end = match self.leases.of(&self.election, holder) {
                Some(Renewal { last: None, .. }) => None,
                Some(Renewal { last: Some(last), .. }) => Some(last + VALID),
                None => Some(seen + VALID),
            };
            tokio::select! {
                biased;
                _ = changed.changed() => {}
                () = until(end) => return,
            }
        }
    }

    /// Takes the Lease, if nobody holds it or it is still the version that has `expired`.
    async fn attempt(&self, expired: Option<&str>) -> Result<Attempt, ApiError> {
        let Election { namespace, name, holder } = &self.election;
        let now = self.clock.micro();
        let Some(mut lease) = self.api.get(&LEASES, namespace, name).await? else {
            let lease = json!({
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {
                    "holderIdentity": holder, "leaseDurationSeconds": VALID.as_secs(),
                    "acquireTime": now, "renewTime": now, "leaseTransitions": 0,
                },
            });
            self.api.create(&LEASES, namespace, &lease).await?;
            return Ok(Attempt::Led);
        };
        let holds = lease["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned();
        let version = lease["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
        if holds == *holder {
            return Ok(Attempt::Led);
        }
        if !holds.is_empty() && expired != Some(version.as_str()) {
            return Ok(Attempt::HeldBy(holds, version));
        }
        let changes = lease["spec"]["leaseTransitions"].as_u64().unwrap_or_default() + 1;
        lease["spec"]["holderIdentity"] = json!(holder);
        lease["spec"]["leaseDurationSeconds"] = json!(VALID.as_secs());
        lease["spec"]["acquireTime"] = json!(now);
        lease["spec"]["renewTime"] = json!(now);
        lease["spec"]["leaseTransitions"] = json!(changes);
        self.api.update(&LEASES, &lease).await?;
        Ok(Attempt::Led)
    }

    /// Whether the Lease in the store names it; `None`: there is no Lease.
    fn is_named(&self) -> Option<bool> {
        let Election { namespace, name, holder } = &self.election;
        let key = store::Key::new(&LEASES.group_resource(), namespace, name);
        let lease = self.api.server().store().get(&key)?;
        Some(lease["spec"]["holderIdentity"].as_str().is_some_and(|named| named == holder))
    }
}

impl Held {
    /// When it renewed for the last time, if it does not any more.
    fn last_renewal(&self) -> Instant {
        let periods = self.since.elapsed().as_millis() / PERIOD.as_millis();
        self.since + PERIOD * u32::try_from(periods).unwrap_or(u32::MAX)
    }

    /// Renews the lease until that fails for too long or somebody else holds it.
    pub(super) async fn renew(&mut self) {
        let link = self.candidate.api.link().clone();
        loop {
            let mut changed = self.candidate.api.server().store().subscribe();
            changed.mark_unchanged();
            if self.candidate.is_named() != Some(true) {
                // It finds out when it renews.
                sleep_until(self.last_renewal() + PERIOD).await;
                if !self.take_back().await {
                    return;
                }
                continue;
            }
            tokio::select! {
                biased;
                () = link.broken() => {
                    let last = self.last_renewal();
                    self.candidate.leases.set(&self.candidate.election, Some(last));
                    tokio::select! {
                        biased;
                        () = link.open() => self.begin_again(),
                        () = sleep_until(last + DEADLINE) => return,
                    }
                }
                _ = changed.changed() => {}
            }
        }
    }

    fn begin_again(&mut self) {
        self.since = Instant::now();
        self.candidate.leases.set(&self.candidate.election, None);
    }

    /// Writes a Lease that is gone from the store once more; false if another holds it.
    async fn take_back(&mut self) -> bool {
        let until = self.last_renewal() + DEADLINE;
        loop {
            let lease: Result<Attempt, ApiError> = match self.candidate.is_named() {
                Some(false) => return false,
                _ => self.candidate.attempt(None).await,
            };
            match lease {
                Ok(Attempt::Led) => {
                    self.begin_again();
                    return true;
                }
                Ok(Attempt::HeldBy(..)) => return false,
                Err(_) if Instant::now() >= until => return false,
                Err(_) => sleep(PERIOD).await,
            }
        }
    }
}
