//! Runs one controller: takes keys from its queue as their turn comes, some at a time.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::queue::SharedQueue;
use super::{Context, Key, ReconcileError, Reconciler, Requeue};
use crate::clock::until;

/// Puts reconciles of a controller off.
#[derive(Clone, Debug, Default)]
pub struct Deferral(Option<SharedQueue>);

impl Deferral {
    pub(super) fn of(queue: SharedQueue) -> Self {
        Self(Some(queue))
    }

    /// Keeps the next reconcile of a key from beginning for so long.
    pub fn defer(&self, key: &Key, time: Duration) {
        if let Some(queue) = &self.0 {
            queue.lock().defer(key, Instant::now() + time);
        }
    }
}

/// A controller of a process that leads.
pub(super) struct Controller {
    pub(super) reconciler: Arc<dyn Reconciler>,
    pub(super) queue: SharedQueue,
    pub(super) cx: Context,
}

impl Controller {
    /// Runs for ever. All its reconciles are part of this future: dropping it stops them where
    /// they wait.
    pub(super) async fn run(self) {
        self.cx.caches.synced().await;
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.reconciler.workers() {
                let Some(key) = self.queue.lock().take(Instant::now()) else {
                    break;
                };
                running.push(self.one(key));
            }
            let room = running.len() < self.reconciler.workers();
            let next = self.queue.lock().next().filter(|_| room);
            tokio::select! {
                biased;
                Some((key, outcome)) = running.next() => self.end(&key, outcome),
                () = self.queue.woken() => {}
                () = until(next) => {}
            }
        }
    }

    async fn one(&self, key: Key) -> (Key, Result<Requeue, ReconcileError>) {
        let outcome = self.reconciler.reconcile(&key, &self.cx).await;
        (key, outcome)
    }

    fn end(&self, key: &Key, outcome: Result<Requeue, ReconcileError>) {
        self.queue.lock().done(key, outcome.ok(), Instant::now());
    }
}
