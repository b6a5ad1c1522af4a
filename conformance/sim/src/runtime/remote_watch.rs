//! Watches of a controller on API servers other than that of its process: the Nodes of a cluster
//! that it manages.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::oneshot;

use super::cache::{Cache, Caches};
use super::follow::{Follower, Subscriber};
use super::queue::SharedQueue;
use super::{Key, Timing};
use crate::api::{Api, Res};
use crate::entropy::SharedEntropy;
use crate::net::tasks::Tasks;

/// What to watch on the API server of a cluster, and whom it wakes.
#[derive(Clone)]
pub struct RemoteWatch {
    /// That server.
    pub api: Api,
    /// Changes of these objects.
    pub res: &'static Res,
    /// The keys to reconcile. The caches are those of the process, not of the cluster.
    pub map: fn(&Value, &Caches) -> Vec<Key>,
}

/// The watches of one controller. They end with the leadership of the process.
#[derive(Clone, Default)]
pub struct RemoteWatches(Option<Arc<Shared>>);

struct Shared {
    tasks: Arc<Tasks>,
    queue: SharedQueue,
    caches: Caches,
    entropy: SharedEntropy,
    timing: Timing,
    open: Mutex<BTreeMap<(Key, Res), Open>>,
}

/// An open watch; it ends when this is dropped.
struct Open {
    cache: Cache,
    _stop: oneshot::Sender<()>,
}

impl RemoteWatches {
    pub(super) fn new(
        tasks: Arc<Tasks>,
        queue: SharedQueue,
        caches: Caches,
        entropy: SharedEntropy,
        timing: Timing,
    ) -> Self {
        let open = Mutex::default();
        Self(Some(Arc::new(Shared { tasks, queue, caches, entropy, timing, open })))
    }

    /// Watches a resource of a cluster, unless that is watched already; what is known of it. It
    /// goes on by itself after the link broke.
    ///
    /// # Panics
    /// Outside of a process: nobody would be woken.
    pub fn watch(&self, cluster: &Key, watch: RemoteWatch) -> Cache {
        let shared = self.0.as_ref().expect("a controller is given the watches of its process");
        let mut open = shared.open.lock().unwrap_or_else(PoisonError::into_inner);
        let RemoteWatch { api, res, map } = watch;
        let entry = open.entry((cluster.clone(), *res)).or_insert_with(|| {
            let (stop, stopped) = oneshot::channel();
            let cache = Cache::default();
            let follower = Follower {
                store: api.server().store().clone(),
                link: api.link().clone(),
                res: *res,
                cache: cache.clone(),
                caches: shared.caches.clone(),
                subscribers: vec![Subscriber { queue: shared.queue.clone(), map }],
                entropy: shared.entropy.fork(&format!("{cluster} {res}")),
                timing: shared.timing,
            };
            shared.tasks.spawn(follower.run(stopped));
            Open { cache, _stop: stop }
        });
        entry.cache.clone()
    }

    /// What is known of a resource of a cluster, if it is watched.
    #[must_use]
    pub fn get(&self, cluster: &Key, res: &Res) -> Option<Cache> {
        let open = self.0.as_ref()?.open.lock().unwrap_or_else(PoisonError::into_inner);
        Some(open.get(&(cluster.clone(), *res))?.cache.clone())
    }

    /// Ends the watches on a cluster.
    pub fn unwatch(&self, cluster: &Key) {
        if let Some(shared) = &self.0 {
            let mut open = shared.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.retain(|(watched, _), _| watched != cluster);
        }
    }
}

impl fmt::Debug for RemoteWatches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteWatches").finish_non_exhaustive()
    }
}
