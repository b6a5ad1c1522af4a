//! What a start reads: the record, the witness, and whether objects are here.

use fulcrum_model::protocol::{Epoch, Stored};
use tokio::time::sleep;

use super::Kubernetes;
use crate::error::MoverError;
use crate::read::is_copy;
use crate::store::StoreError;

impl Kubernetes {
    pub(super) async fn stored(&self) -> Result<Option<Stored>, MoverError> {
        let mut waited = false;
        loop {
            match self.store.read().await {
                Ok(None) if !waited => {
                    // A write of an earlier life may yet make it.
                    sleep(self.settings.pace.deadline).await;
                    waited = true;
                }
                Ok(stored) => return Ok(stored),
                Err(StoreError::Record(source)) => {
                    let cluster = self.settings.cluster.clone();
                    return Err(MoverError::Record { cluster, source });
                }
                Err(error) => {
                    self.say(&error, "the record is not read");
                    sleep(self.settings.pace.backoff).await;
                }
            }
        }
    }

    pub(super) async fn highest(&self) -> Option<Epoch> {
        loop {
            match self.witness.highest().await {
                Ok(highest) => return highest,
                Err(error) => self.say(&error, "the witness says nothing"),
            }
            sleep(self.settings.pace.backoff).await;
        }
    }

    /// Whether objects of the cluster are here.
    pub(super) async fn live(&self) -> bool {
        let cluster = self.settings.cluster.key();
        loop {
            match self.seen().await {
                Ok(seen) => {
                    let mut copies = seen.objects.iter().filter(|object| is_copy(object));
                    let here = copies.any(|copy| copy.key().namespace == cluster.namespace);
                    return here || seen.get(&cluster).is_some();
                }
                Err(error) => self.say(&error, "the objects are not read"),
            }
            sleep(self.settings.pace.backoff).await;
        }
    }
}
