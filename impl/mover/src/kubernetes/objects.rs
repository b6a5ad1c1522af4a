//! Writes to objects: copies, deletions, the end of the bookkeeping.

use std::sync::Arc;

use fulcrum_model::protocol::{Name, Outcome, Record, Write};
use tokio::time::sleep;

use super::Kubernetes;
use crate::error::ReadError;
use crate::import::Import;
use crate::read::copies;
use crate::{bookkeeping, fence, pause, removal};

impl Kubernetes {
    pub(super) async fn apply(&self, writes: Vec<Write>, record: Option<&Record>) -> Outcome {
        let applied = match self.write_all(writes, record).await {
            Ok(outcome) => outcome,
            Err(error) => {
                self.say(&error, "the objects are not written");
                Outcome::Conflict
            }
        };
        if matches!(applied, Outcome::Conflict | Outcome::Unknown) {
            // What follows reads and tries again.
            sleep(self.settings.pace.poll).await;
        }
        applied
    }

    async fn write_all(
        &self,
        writes: Vec<Write>,
        record: Option<&Record>,
    ) -> Result<Outcome, ReadError> {
        let received = Arc::clone(&self.memory().received);
        let seen = self.seen().await?;
        let puts = writes.iter().any(|write| matches!(write, Write::Put { .. }));
        let mut import = Import {
            api: &self.api,
            catalog: Arc::clone(&seen.catalog),
            cluster: &self.settings.cluster,
            move_id: record.map(pause::mark).unwrap_or_default(),
            sent: &received.manifests,
            uids: copies::uids(&seen),
        };
        if puts {
            fence::ensure_namespace(&self.api, &self.settings.cluster.namespace).await?;
            let library = received.manifests.keys().filter(|name| !received.set.contains(*name));
            let library: Vec<Name> = library.cloned().collect();
            if let Err(outcome) = import.library(&library).await {
                return Ok(outcome);
            }
        }
        let mut leaving = Vec::new();
        let mut outcome = Outcome::Ok;
        for write in writes {
            outcome = match write {
                Write::Put { entry, replaces } => import.put(&entry, replaces).await,
                Write::Delete { name, uid, version } => {
                    let guard = (uid, version);
                    match removal::delete(&self.api, &seen.catalog, &name, guard).await {
                        Ok(object) => {
                            leaving.push(object);
                            Outcome::Ok
                        }
                        Err(outcome) => outcome,
                    }
                }
            };
            if outcome != Outcome::Ok {
                break;
            }
        }
        let gone = removal::gone(&self.api, &leaving, self.settings.pace.deadline).await;
        Ok(if outcome == Outcome::Ok { gone } else { outcome })
    }

    pub(super) async fn tidy(&self) -> Result<Outcome, ReadError> {
        let mut seen = self.seen().await?;
        let (cluster, namespace) = (self.settings.cluster.key(), &self.settings.cluster.namespace);
        // Another cluster's copies may lie in other namespaces.
        let ours = Some(namespace.as_str());
        seen.objects
            .retain(|object| object.key().namespace.as_deref() == ours || *object.key() == cluster);
        Ok(bookkeeping::drop(&self.api, &seen).await?)
    }
}
