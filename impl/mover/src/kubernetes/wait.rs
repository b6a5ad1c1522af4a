//! What is waited for. All of it only reads, and may be broken off.

use fulcrum_model::protocol::{Condition, Record};
use tokio::time::{Instant, sleep};

use super::Kubernetes;
use crate::barrier;
use crate::read::{Seen, Snapshot};

impl Kubernetes {
    pub(super) async fn wait(&self, condition: Condition, record: Option<&Record>) {
        match condition {
            Condition::Settled => sleep(self.settings.pace.deadline).await,
            Condition::Backoff => sleep(self.settings.pace.backoff).await,
            Condition::Paused { quiet } => self.wait_paused(quiet, record).await,
            Condition::Unpaused => {
                self.wait_until(record, |_, snapshot| barrier::has_resumed(snapshot)).await;
            }
            Condition::Verified => self.wait_until(record, barrier::has_verified).await,
        }
    }

    /// Until every controller shows the pause and two readings agree. `quiet`: what they show proves
    /// nothing, and the quiet time has to pass.
    async fn wait_paused(&self, quiet: bool, record: Option<&Record>) {
        let begin = Instant::now();
        let mut before = None;
        loop {
            let over = begin.elapsed() >= self.settings.pace.quiet;
            match self.look(record).await {
                Ok((seen, snapshot)) => {
                    let shown = barrier::has_paused(&seen.catalog, &snapshot, over);
                    let now =
                        (if quiet { over } else { shown }).then(|| barrier::versions(&snapshot));
                    if now.is_some() && now == before {
                        return;
                    }
                    before = now;
                }
                Err(error) => {
                    self.say(&error, "the pause is not seen");
                    before = None;
                }
            }
            sleep(self.settings.pace.poll).await;
        }
    }

    async fn wait_until(
        &self,
        record: Option<&Record>,
        is_so: impl Fn(&Seen, &Snapshot) -> bool + Send,
    ) {
        loop {
            match self.look(record).await {
                Ok((seen, snapshot)) if is_so(&seen, &snapshot) => return,
                Ok(_) => {}
                Err(error) => self.say(&error, "what is waited for is not seen"),
            }
            sleep(self.settings.pace.poll).await;
        }
    }
}
