//! Who is connected, and whose mover is which.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fulcrum_identity::ClusterName;
use fulcrum_mover::Handle;
use fulcrum_proto::v1;
use fulcrum_session::flow::Outbox;
use tokio::sync::watch;
use tonic::Status;

/// What goes out of a session.
pub(crate) type ToAgent = Outbox<Result<v1::FromCell, Status>>;

/// The clusters of a cell.
#[derive(Default)]
pub(crate) struct Registry {
    /// Counts sessions; the upper half counts the starts of the cell, so that a later session has
    /// the higher number over all of them.
    last: Mutex<u64>,
    clusters: Mutex<BTreeMap<ClusterName, Cluster>>,
}

struct Cluster {
    handle: Handle,
    /// Held while a session begins or ends, so that an older one cannot end a newer one's.
    gate: Arc<tokio::sync::Mutex<()>>,
    live: Option<Live>,
}

struct Live {
    number: u64,
    outbox: ToAgent,
    /// Becomes the number of the session that replaces this one.
    newer: watch::Sender<u64>,
}

/// A session that has begun.
pub(crate) struct Begun {
    pub(crate) number: u64,
    /// It took the place of an older one, whose end the mover has not been told.
    pub(crate) replaces: bool,
    pub(crate) newer: watch::Receiver<u64>,
}

/// The mover of a cluster, and the gate of its sessions.
#[derive(Clone)]
pub(crate) struct Managed {
    pub(crate) handle: Handle,
    pub(crate) gate: Arc<tokio::sync::Mutex<()>>,
}

impl Registry {
    /// A registry of the `start`th start of a cell.
    pub(crate) fn new(start: u32) -> Self {
        Self { last: Mutex::new(u64::from(start) << 32), clusters: Mutex::default() }
    }

    /// Puts a mover in charge of a cluster. The session of the one before it ends.
    pub(crate) fn manage(&self, cluster: ClusterName, handle: Handle) {
        let gate = Arc::default();
        self.clusters().insert(cluster, Cluster { handle, gate, live: None });
    }

    /// Puts nobody in charge of a cluster. Its session ends.
    pub(crate) fn release(&self, cluster: &ClusterName) {
        self.clusters().remove(cluster);
    }

    /// The mover of a cluster.
    pub(crate) fn managed(&self, cluster: &ClusterName) -> Option<Managed> {
        self.clusters()
            .get(cluster)
            .map(|known| Managed { handle: known.handle.clone(), gate: Arc::clone(&known.gate) })
    }

    /// Begins a session, and tells the one before that it is over. The gate must be held.
    pub(crate) fn begin(&self, cluster: &ClusterName, outbox: ToAgent) -> Option<Begun> {
        let number = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            *last += 1;
            *last
        };
        let mut clusters = self.clusters();
        let known = clusters.get_mut(cluster)?;
        let (newer, receiver) = watch::channel(0);
        let older = known.live.replace(Live { number, outbox, newer });
        let replaces = older.is_some();
        if let Some(older) = older {
            older.newer.send_replace(number);
        }
        Some(Begun { number, replaces, newer: receiver })
    }

    /// Ends a session, if it is still the live one. The gate must be held.
    pub(crate) fn end(&self, cluster: &ClusterName, number: u64) -> bool {
        let mut clusters = self.clusters();
        let Some(known) = clusters.get_mut(cluster) else { return false };
        let is_live = known.live.as_ref().is_some_and(|live| live.number == number);
        if is_live {
            known.live = None;
        }
        is_live
    }

    /// Where messages to the agent of a cluster are put; nothing where it is not connected.
    pub(crate) fn outbox(&self, cluster: &ClusterName) -> Option<ToAgent> {
        let clusters = self.clusters();
        clusters.get(cluster)?.live.as_ref().map(|live| live.outbox.clone())
    }

    fn clusters(&self) -> MutexGuard<'_, BTreeMap<ClusterName, Cluster>> {
        self.clusters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
