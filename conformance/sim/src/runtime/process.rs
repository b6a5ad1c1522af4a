//! A manager process: it stands for election, and runs its controllers while it leads.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::time::sleep;

use super::controller::{Controller, Deferral};
use super::follow::{Follower, Subscriber};
use super::lease::{Candidate, Election, Held};
use super::queue::SharedQueue;
use super::remote_watch::RemoteWatches;
use super::{Caches, Context, Reconciler};
use crate::api::Res;
use crate::net::tasks::Tasks;

/// A manager of several controllers.
#[derive(Debug)]
pub struct Process;

impl Process {
    /// Starts a process with these controllers at the API server of the context. It leads at once
    /// if the context names no election.
    #[must_use = "a process ends when this is dropped"]
    pub fn start(cx: Context, reconcilers: Vec<Box<dyn Reconciler>>) -> Running {
        let (leading, _) = watch::channel(false);
        let reconcilers = reconcilers.into_iter().map(Arc::from).collect();
        let inner = Inner { cx, reconcilers, leading, term: Mutex::default() };
        let (inner, supervisor) = (Arc::new(inner), Tasks::default());
        supervisor.spawn(supervise(Arc::clone(&inner)));
        Running { inner, supervisor }
    }
}

struct Inner {
    cx: Context,
    reconcilers: Vec<Arc<dyn Reconciler>>,
    leading: watch::Sender<bool>,
    /// Everything that runs while the process leads.
    term: Mutex<Option<Arc<Tasks>>>,
}

/// A process that was started. Dropping it kills it.
pub struct Running {
    inner: Arc<Inner>,
    supervisor: Tasks,
}

impl Running {
    /// Ends the process at once: what was under way stops where it waits, its lease runs out.
    pub fn kill(self) {
        drop(self);
    }

    /// Whether it leads.
    #[must_use]
    pub fn is_leading(&self) -> bool {
        *self.inner.leading.borrow()
    }

    /// Looks for a controller that panicked, so that none fails unseen. A process that ends looks
    /// as well.
    ///
    /// # Panics
    /// As the controller did.
    pub fn check(&self) {
        check(&self.supervisor);
        let term = self.inner.term.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(tasks) = term {
            check(&tasks);
        }
    }

    /// Waits until it leads.
    pub async fn led(&self) {
        // The sender lives as long as `self`.
        let _ = self.inner.leading.subscribe().wait_for(|leading| *leading).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.supervisor.stop();
        let term = self.inner.end_term();
        if !std::thread::panicking() {
            check(&self.supervisor);
            term.iter().for_each(|tasks| check(tasks));
        }
    }
}

/// Panics as a task did: whoever spawns is told. Outside of a runtime nobody can be.
fn check(tasks: &Tasks) {
    if Handle::try_current().is_ok() {
        tasks.spawn(async {});
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.inner.reconcilers.iter().map(|one| one.name()).collect();
        f.debug_struct("Running").field("controllers", &names).finish_non_exhaustive()
    }
}

async fn supervise(inner: Arc<Inner>) {
    for term in 0_u64.. {
        let held = inner.elected(term).await;
        inner.begin_term(term);
        match held {
            Some(mut held) => held.renew().await,
            None => std::future::pending().await,
        }
        if let Some(tasks) = inner.end_term() {
            check(&tasks);
        }
        sleep(inner.cx.timing.restart).await;
    }
}

impl Inner {
    /// Waits until the process leads.
    async fn elected(&self, term: u64) -> Option<Held> {
        let Election { namespace, name, holder } = self.cx.election.as_ref()?;
        let entropy = self.cx.entropy.fork(&format!("election {term}"));
        let holder = format!("{holder}_{}", self.cx.entropy.suffix());
        let candidate = Candidate {
            api: self.cx.api.seeded(entropy.fork("api")),
            clock: self.cx.clock.clone(),
            leases: self.cx.leases.clone(),
            election: Election::new(namespace, name, &holder),
            entropy,
        };
        Some(candidate.lead().await)
    }

    fn begin_term(&self, term: u64) {
        let tasks: Arc<Tasks> = Arc::default();
        let caches = Caches::default();
        let mut followed: BTreeMap<Res, Vec<Subscriber>> = BTreeMap::new();
        let mut controllers = Vec::new();
        for reconciler in &self.reconcilers {
            reconciler.forget();
            let queue = SharedQueue::new(reconciler.pace());
            for concern in reconciler.concerns() {
                let subscriber = Subscriber { queue: queue.clone(), map: concern.map };
                followed.entry(*concern.res).or_default().push(subscriber);
            }
            for res in reconciler.reads() {
                followed.entry(*res).or_default();
            }
            let cx = self.context(reconciler.as_ref(), term, &tasks, &caches, &queue);
            controllers.push(Controller { reconciler: Arc::clone(reconciler), queue, cx });
        }
        for (res, subscribers) in followed {
            let follower = Follower {
                store: self.cx.api.server().store().clone(),
                link: self.cx.api.link().clone(),
                res,
                cache: caches.declare(&res),
                caches: caches.clone(),
                subscribers,
                entropy: self.cx.entropy.fork(&format!("cache {term} {res}")),
                timing: self.cx.timing,
            };
            let (keep, stop) = oneshot::channel();
            tasks.spawn(async move {
                follower.run(stop).await;
                drop(keep);
            });
        }
        for controller in controllers {
            tasks.spawn(controller.run());
        }
        *self.term.lock().unwrap_or_else(PoisonError::into_inner) = Some(tasks);
        self.leading.send_replace(true);
    }

    /// What a controller is given.
    fn context(
        &self,
        reconciler: &dyn Reconciler,
        term: u64,
        tasks: &Arc<Tasks>,
        caches: &Caches,
        queue: &SharedQueue,
    ) -> Context {
        let entropy = self.cx.entropy.fork(&format!("controller {term} {}", reconciler.name()));
        let watches = RemoteWatches::new(
            Arc::clone(tasks),
            queue.clone(),
            caches.clone(),
            entropy.fork("watches"),
            self.cx.timing,
        );
        Context {
            api: self.cx.api.as_agent(reconciler.agent()).seeded(entropy.fork("api")),
            caches: caches.clone(),
            watches,
            deferral: Deferral::of(queue.clone()),
            entropy,
            ..self.cx.clone()
        }
    }

    /// Stops everything that runs; it was this.
    fn end_term(&self) -> Option<Arc<Tasks>> {
        let term = self.term.lock().unwrap_or_else(PoisonError::into_inner).take();
        term.iter().for_each(|tasks| tasks.stop());
        self.leading.send_replace(false);
        term
    }
}
