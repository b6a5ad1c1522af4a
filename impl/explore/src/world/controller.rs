//! The Cluster API controllers of one side: cached read, slow act, write. Never one instant.

use std::fmt;

use super::store::{CLUSTER, Object, SLOTS, Store, name};

/// All controllers of a side: one worker over two informers.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Controller {
    /// The cached Cluster.
    pub cluster: Option<Cached>,
    /// The cached Machines.
    pub machines: [Option<Cached>; SLOTS],
    /// What was decided and has not landed.
    pub doing: Option<Act>,
    /// What the leader before decided and has not landed.
    pub zombie: Option<Act>,
}

/// What an informer knows of an object.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Cached {
    /// Paused (of the Cluster).
    pub paused: bool,
    /// Desired machines (of the Cluster).
    pub replicas: u8,
    /// Has a deletionTimestamp.
    pub deleting: bool,
    /// The `Paused` condition.
    pub seen_paused: bool,
}

/// What a reconcile does in the end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Act {
    /// Write the `Paused` condition of an object.
    Mark(usize, bool),
    /// Create a machine, in the infrastructure and as an object.
    Create,
    /// Destroy a machine, in the infrastructure and as an object.
    Destroy(usize),
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mark(object, paused) => {
                let status = if *paused { "True" } else { "False" };
                write!(f, "write Paused={status} of {}", name(*object).0)
            }
            Self::Create => f.write_str("create a machine"),
            Self::Destroy(slot) => write!(f, "destroy {}", name(*slot).0),
        }
    }
}

impl Cached {
    fn of(object: &Object) -> Self {
        Self {
            paused: object.paused(),
            replicas: object.content.replicas,
            deleting: object.deleting,
            seen_paused: object.seen_paused,
        }
    }
}

impl Controller {
    /// Controllers that have just listed everything.
    pub(crate) fn fresh(store: &Store) -> Self {
        let mut it = Self::default();
        it.deliver_cluster(store);
        it.deliver_machines(store);
        it
    }

    pub(crate) fn deliver_cluster(&mut self, store: &Store) {
        self.cluster = store.cluster.as_ref().map(Cached::of);
    }

    pub(crate) fn deliver_machines(&mut self, store: &Store) {
        self.machines = machines(store);
    }

    pub(crate) fn lags_on_cluster(&self, store: &Store) -> bool {
        self.cluster != store.cluster.as_ref().map(Cached::of)
    }

    pub(crate) fn lags_on_machines(&self, store: &Store) -> bool {
        self.machines != machines(store)
    }

    /// What a reconcile of what is cached would do.
    #[must_use]
    pub fn decide(&self) -> Option<Act> {
        let cluster = self.cluster?;
        if cluster.seen_paused != cluster.paused {
            return Some(Act::Mark(CLUSTER, cluster.paused));
        }
        for (slot, machine) in self.machines.iter().enumerate() {
            if machine.is_some_and(|it| it.seen_paused != cluster.paused) {
                return Some(Act::Mark(slot, cluster.paused));
            }
        }
        if cluster.paused {
            return None;
        }
        if let Some(slot) = self.machines.iter().position(|it| it.is_some_and(|it| it.deleting)) {
            return Some(Act::Destroy(slot));
        }
        let count = self.machines.iter().flatten().count();
        match count.cmp(&usize::from(cluster.replicas)) {
            std::cmp::Ordering::Less => Some(Act::Create),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => {
                self.machines.iter().position(Option::is_some).map(Act::Destroy)
            }
        }
    }

    /// A condition of its own is in the cache at once.
    pub(crate) fn marked(&mut self, object: usize, paused: bool) {
        let slot = if object == CLUSTER { &mut self.cluster } else { &mut self.machines[object] };
        if let Some(cached) = slot {
            cached.seen_paused = paused;
        }
    }

    /// A machine of its own making, or unmaking, is in the cache at once: Cluster API waits for that.
    pub(crate) fn made(&mut self, slot: usize, store: &Store) {
        self.machines[slot] = store.machines[slot].as_ref().map(Cached::of);
    }

    /// Nothing is cached that is not so, and nothing is under way.
    pub(crate) fn is_quiet(&self, store: &Store) -> bool {
        self.doing.is_none()
            && self.zombie.is_none()
            && !self.lags_on_cluster(store)
            && !self.lags_on_machines(store)
            && self.decide().is_none()
    }
}

fn machines(store: &Store) -> [Option<Cached>; SLOTS] {
    std::array::from_fn(|slot| store.machines[slot].as_ref().map(Cached::of))
}
