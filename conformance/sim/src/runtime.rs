//! What a manager process is made of: caches that follow the store, queues that give each object
//! its turn, a lease.
//!
//! # How a change comes to be acted on
//! 1. A write is stored. Each [`Cache`] of its kind learns of it 5 to 50 ms later, by a lag of its
//!    own; so a controller does not see its own write at once.
//! 2. The [`Concern`]s of each controller turn the object into [`Key`]s, which are queued: a key
//!    is queued once, and never in flight twice.
//! 3. When the [pace](Reconciler::pace) since the last reconcile of that key began has passed, it
//!    is reconciled. A reconcile takes time at each call; it acts on what it read before.
//! 4. It ends with a [`Requeue`], or with an error: then it is tried again after 5 ms, 10 ms, ...
//!    up to 1000 s.
//!
//! # What ends a process
//! [`Running::kill`], at once: what was under way stops where it waits, but a request that was
//! sent arrives (see [`crate::api`]). Or the loss of its lease: a manager that could not renew it
//! for 10 s exits and stands again; another may lead 15 s after the last renewal. So the old and
//! the new leader never act at the same time, but for what is still on the wire.
//!
//! **Invariant:** within one process at most one reconcile of a controller and key is in flight;
//! nothing of a killed process runs.

mod cache;
mod controller;
mod follow;
pub mod lease;
mod process;
mod queue;
mod remote_watch;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use futures_util::future::BoxFuture;
use serde_json::Value;

pub use self::cache::{Cache, Caches, Index};
pub use self::controller::Deferral;
pub use self::lease::{Election, Leases};
pub use self::process::{Process, Running};
pub use self::remote_watch::{RemoteWatch, RemoteWatches};
use crate::api::{Api, ApiError, Res};
use crate::clock::SharedClock;
use crate::entropy::SharedEntropy;
use crate::infrastructure::Provider;
use crate::remote::Remote;

/// Names an object to be reconciled.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Its namespace, or empty.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Key {
    /// The key of this namespace and name.
    #[must_use]
    pub fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// The key of an object.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
        Self::new(text("namespace"), text("name"))
    }

    /// The keys of the owners of this group and kind, in the namespace of the object.
    #[must_use]
    pub fn owners(object: &Value, res: &Res) -> Vec<Self> {
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
        let owners = object["metadata"]["ownerReferences"].as_array().into_iter().flatten();
        let owners = owners.filter(|owner| res.is(owner));
        owners.filter_map(|owner| Some(Self::new(namespace, owner["name"].as_str()?))).collect()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            return f.pad(&self.name);
        }
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// What a reconcile that succeeded asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requeue {
    /// Nothing: the next change wakes it.
    Done,
    /// Another one after this time, if no change wakes it before.
    After(Duration),
}

/// Why a reconcile ended early. It is tried again, later each time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReconcileError {
    /// A call to the API server of the process, or of the cluster that it manages.
    #[error("a call to an API server failed")]
    Api(#[from] ApiError),
    /// Anything else, in words.
    #[error("{0}")]
    Failed(String),
}

impl ReconcileError {
    /// The error that some other one is.
    #[must_use]
    pub fn failed(error: &dyn Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Which changes wake a controller, and for which keys.
#[derive(Clone, Copy)]
pub struct Concern {
    /// Changes of these objects.
    pub res: &'static Res,
    /// The keys to reconcile. Called with the object before and after the change, when the cache
    /// has learnt of it.
    pub map: fn(&Value, &Caches) -> Vec<Key>,
}

impl Concern {
    /// The objects that the controller reconciles: each wakes itself.
    #[must_use]
    pub fn own(res: &'static Res) -> Self {
        Self { res, map: |object, _| vec![Key::of(object)] }
    }
}

/// A controller.
pub trait Reconciler: Send + Sync {
    /// Its name, such as `machine`; unique in its process.
    fn name(&self) -> &'static str;

    /// Its user agent and field manager, such as `capi-core`.
    fn agent(&self) -> &'static str;

    /// What wakes it. These resources are cached.
    fn concerns(&self) -> Vec<Concern>;

    /// What else is cached for it to read.
    fn reads(&self) -> Vec<&'static Res> {
        Vec::new()
    }

    /// The least time from the beginning of a reconcile to that of the next of the same key.
    fn pace(&self) -> Duration {
        Duration::from_secs(1)
    }

    /// How many keys may be in flight at once.
    fn workers(&self) -> usize {
        10
    }

    /// Forgets what it keeps in memory: the process has exited and starts anew.
    fn forget(&self) {}

    /// Brings one object nearer to what is wanted.
    fn reconcile<'a>(
        &'a self,
        key: &'a Key,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Requeue, ReconcileError>>;
}

/// Times of a process that the real controllers do not choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How much later than it was stored a write is known: at least and at most.
    pub lag: (Duration, Duration),
    /// How often everything is reconciled although nothing changed, within 10 %.
    pub resync: Duration,
    /// How long a process that lost its lease takes to stand again.
    pub restart: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            lag: (Duration::from_millis(5), Duration::from_millis(50)),
            resync: Duration::from_mins(10),
            restart: Duration::from_secs(2),
        }
    }
}

/// What a controller is given. Made for a process with [`Context::new`]; the process fills in the
/// caches and hands each controller its own.
#[derive(Clone)]
pub struct Context {
    /// The API server of the process, under the agent of the controller.
    pub api: Api,
    /// What the process knows of it.
    pub caches: Caches,
    /// The time.
    pub clock: SharedClock,
    /// Chance, a stream of the controller.
    pub entropy: SharedEntropy,
    /// The way to the clusters that are managed.
    pub remote: Arc<dyn Remote>,
    /// The infrastructure.
    pub infrastructure: Arc<dyn Provider>,
    /// Renewals of leases at this API server, shared by all processes at it.
    pub leases: Leases,
    /// Watches on other API servers.
    pub watches: RemoteWatches,
    /// Puts the next reconcile of a key off.
    pub deferral: Deferral,
    /// For what the process stands for election; `None`: it leads at once.
    pub election: Option<Election>,
    /// How late caches are, and what else depends on the machine.
    pub timing: Timing,
}

impl Context {
    /// A context for a process at this API server.
    #[must_use]
    pub fn new(
        api: Api,
        clock: SharedClock,
        entropy: SharedEntropy,
        remote: Arc<dyn Remote>,
        infrastructure: Arc<dyn Provider>,
        leases: Leases,
    ) -> Self {
        Self {
            api,
            caches: Caches::default(),
            clock,
            entropy,
            remote,
            infrastructure,
            leases,
            watches: RemoteWatches::default(),
            deferral: Deferral::default(),
            election: None,
            timing: Timing::default(),
        }
    }

    /// The same for a process that stands for election.
    #[must_use]
    pub fn electing(self, election: Election) -> Self {
        Self { election: Some(election), ..self }
    }

    /// Keeps the next reconcile of this key from beginning for so long, whatever wakes it. What
    /// woke it meanwhile is not lost.
    pub fn defer(&self, key: &Key, time: Duration) {
        self.deferral.defer(key, time);
    }
}
