//! Tasks that end with their owner.

use std::future::Future;
use std::panic;
use std::sync::{Mutex, PoisonError};

use tokio::task::JoinSet;

/// The tasks of something that lives by itself: a network, a cloud, a cluster.
///
/// **Invariant:** a task that panicked makes the next one who spawns panic, so that nothing fails
/// unseen.
#[derive(Debug, Default)]
pub(crate) struct Tasks(Mutex<JoinSet<()>>);

impl Tasks {
    /// Runs it until it ends or the owner is gone.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut set = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(ended) = set.try_join_next() {
            if let Err(error) = ended
                && error.is_panic()
            {
                panic::resume_unwind(error.into_panic());
            }
        }
        set.spawn(task);
    }

    /// Ends all of them at their next await.
    pub(crate) fn stop(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}
