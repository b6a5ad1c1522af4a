//! A world: a parent, children, the machines outside of both, the network between, and one history.
//!
//! ```ignore
//! let world = World::new(Options { seed: 7, ..Options::default() }).await?;
//! world.start_managers();                     // Cluster API on the parent
//! world.create_cluster(&Topology::small("c1", 3)).await?;
//! world.child("c1").up().await;               // its first control plane answers
//! world.install_managers("c1").await?;        // Cluster API on the child, as pods on its nodes
//! world.history("c1").write_jsonl(&mut out)?;
//! ```
//!
//! The parent is always there: its machines are nobody's concern. A child is what its machines
//! make of it ([`crate::workload`]): its managers are pods, and die with their node.
//!
//! **Invariant:** a world is a function of its [`Options`] and of what is asked of it.

mod definitions;
mod managers;
mod manifests;
mod restore;
mod servers;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fulcrum_apiserver::ApiServer;
use fulcrum_apiserver::auth::User;
use fulcrum_harness::history::History;
use jiff::Timestamp;
use thiserror::Error;

use crate::api::{Api, ApiError};
use crate::clock::SharedClock;
use crate::entropy::SharedEntropy;
use crate::history::{Door, Recorder};
use crate::infrastructure::{Flavour, Infrastructure, Pace};
use crate::net::Net;
use crate::net::tasks::Tasks;
use crate::runtime::{Leases, Running};
use crate::workload::{Workload, Workloads};
pub use managers::Manager;
pub use manifests::Topology;

/// The name of the parent, which is its place in the network, too.
pub const PARENT: &str = "parent";

/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600;

/// What a world is made of.
#[derive(Clone, Debug)]
pub struct Options {
    /// Everything that is left to chance follows from it.
    pub seed: u64,
    /// When it begins.
    pub start: Timestamp,
    /// How the infrastructure tells machines apart.
    pub flavour: Flavour,
    /// How long it takes.
    pub pace: Pace,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 0,
            start: Timestamp::from_second(START).unwrap_or(Timestamp::UNIX_EPOCH),
            flavour: Flavour::ByName,
            pace: Pace::default(),
        }
    }
}

/// Why something could not be set up.
#[derive(Debug, Error)]
pub enum WorldError {
    /// A cluster has no API server, not yet or not any more.
    #[error("{0} has no API server")]
    NoServer(String),
    /// The managers of a cluster do not run after all that time.
    #[error("the managers on {0} do not run")]
    NotRunning(String),
    /// An API server refused what belongs to the set-up.
    #[error("cannot set up {cluster}: {what} is refused")]
    Refused {
        /// The cluster.
        cluster: String,
        /// What was to be written.
        what: String,
        /// Why.
        source: ApiError,
    },
}

/// A world. Clones are the same world.
#[derive(Clone)]
pub struct World(Arc<Site>);

/// What everything in a world is made with.
struct Site {
    options: Options,
    clock: SharedClock,
    entropy: SharedEntropy,
    recorder: Recorder,
    net: Net,
    infrastructure: Infrastructure,
    workloads: Workloads,
    parent: ApiServer,
    /// The parent's own controllers, which end with the world.
    _tasks: Tasks,
    /// The managers on the parent, by name.
    managers: Mutex<BTreeMap<&'static str, Running>>,
    /// The renewals at each API server, by [`managers::incarnation`].
    leases: Mutex<BTreeMap<String, Leases>>,
    /// The API servers that have webhooks, by the same.
    hooked: Mutex<BTreeSet<String>>,
}

impl World {
    /// A world with a parent that serves Cluster API's kinds, and nothing on it. Only inside a
    /// runtime; its time is paused for a world in virtual time.
    ///
    /// # Errors
    /// When the parent refuses a kind.
    pub async fn new(options: Options) -> Result<Self, WorldError> {
        let clock = SharedClock::starting_at(options.start);
        let entropy = SharedEntropy::new(options.seed);
        let recorder = Recorder::new(clock.clone());
        let net = Net::recorded(recorder.clone());
        let infrastructure = Infrastructure::new(&entropy, recorder.clone());
        infrastructure.set_pace(options.pace);
        let factory = servers::factory(&clock, &entropy, &recorder);
        let parent = factory(PARENT);
        let workloads = Workloads::new(&infrastructure, &net, &clock, &entropy, &recorder, factory);
        let tasks = Tasks::default();
        let own = parent.clone();
        tasks.spawn(async move { own.run().await });
        let (managers, leases, hooked) = (Mutex::default(), Mutex::default(), Mutex::default());
        let world = Self(Arc::new(Site {
            options,
            clock,
            entropy,
            recorder,
            net,
            infrastructure,
            workloads,
            parent,
            _tasks: tasks,
            managers,
            leases,
            hooked,
        }));
        world.install_kinds(PARENT).await?;
        Ok(world)
    }

    /// The time.
    #[must_use]
    pub fn clock(&self) -> &SharedClock {
        &self.0.clock
    }

    /// Chance.
    #[must_use]
    pub fn entropy(&self) -> &SharedEntropy {
        &self.0.entropy
    }

    /// The network.
    #[must_use]
    pub fn net(&self) -> &Net {
        &self.0.net
    }

    /// The machines.
    #[must_use]
    pub fn infrastructure(&self) -> &Infrastructure {
        &self.0.infrastructure
    }

    /// The flavour of the machines.
    #[must_use]
    pub fn flavour(&self) -> Flavour {
        self.0.options.flavour
    }

    /// What is written down.
    #[must_use]
    pub fn recorder(&self) -> &Recorder {
        &self.0.recorder
    }

    /// A child, which may not exist yet.
    #[must_use]
    pub fn child(&self, name: &str) -> Workload {
        self.0.workloads.declare(name)
    }

    /// The API server of a cluster.
    ///
    /// # Errors
    /// When it has none.
    pub fn server(&self, cluster: &str) -> Result<ApiServer, WorldError> {
        if cluster == PARENT {
            return Ok(self.0.parent.clone());
        }
        let server = self.0.workloads.get(cluster).and_then(|child| child.server());
        server.ok_or_else(|| WorldError::NoServer(cluster.to_owned()))
    }

    /// A client of the parent, as a user who is there.
    #[must_use]
    pub fn parent(&self) -> Api {
        self.client(PARENT, self.0.parent.clone(), "user")
    }

    /// A client of a cluster, as somebody who is there, under this user agent.
    ///
    /// # Errors
    /// When it has no API server.
    pub fn api(&self, cluster: &str, agent: &str) -> Result<Api, WorldError> {
        Ok(self.client(cluster, self.server(cluster)?, agent))
    }

    fn client(&self, cluster: &str, server: ApiServer, agent: &str) -> Api {
        let link = self.0.net.link(cluster, cluster);
        let user = User { name: agent.to_owned(), ..User::admin() };
        let entropy = self.0.entropy.fork(&format!("client {cluster} {agent}"));
        Api::new(server, user, agent, link).seeded(entropy)
    }

    /// The way of a subject's requests to a cluster, on which they are written down.
    ///
    /// # Errors
    /// When it has no API server.
    pub fn door(&self, cluster: &str) -> Result<Door, WorldError> {
        Ok(self.0.recorder.door(cluster, &self.server(cluster)?))
    }

    /// What happened, as the hand-over of a child: the parent is the source.
    #[must_use]
    pub fn history(&self, child: &str) -> History {
        self.0.recorder.history(PARENT, child)
    }

    /// What happened, as the way back: the child is the source.
    #[must_use]
    pub fn history_back(&self, child: &str) -> History {
        self.0.recorder.history(child, PARENT)
    }

    fn managers(&self) -> MutexGuard<'_, BTreeMap<&'static str, Running>> {
        self.0.managers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("options", &self.0.options).finish_non_exhaustive()
    }
}
