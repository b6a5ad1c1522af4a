//! Objects are deleted, and nothing of it reaches the infrastructure (rule C1).
//!
//! Guarded by the uid and the version that were compared: the finalizers go, then the object, which
//! leaves what it owns. What was deleted is gone before the outcome is said.

use std::time::Duration;

use fulcrum_model::protocol::{Name, Outcome, Uid, Version};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::api::{Api, ApiError};
use crate::catalog::Catalog;
use crate::ids;

/// How often to look whether an object is gone.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// An object that was told to go.
pub(crate) struct Leaving {
    path: String,
    uid: String,
}

/// Deletes one state of an object.
pub(crate) async fn delete(
    api: &Api,
    catalog: &Catalog,
    name: &Name,
    (uid, version): (Uid, Version),
) -> Result<Leaving, Outcome> {
    let path = ids::key_of(name).and_then(|key| catalog.path(&key)).ok_or(Outcome::Conflict)?;
    let (uid, mut version) = (ids::uid_text(uid), ids::version_text(version));
    let live = api.get(&path).await.map_err(ended)?;
    let metadata = &live["metadata"];
    if metadata["uid"] != uid.as_str() || metadata["resourceVersion"] != version.as_str() {
        return Err(Outcome::Conflict);
    }
    if metadata["finalizers"].as_array().is_some_and(|finalizers| !finalizers.is_empty()) {
        let deleting = !metadata["deletionTimestamp"].is_null();
        let patch =
            json!({"metadata": {"uid": uid, "resourceVersion": version, "finalizers": null}});
        let bare = api.patch(&path, &patch).await.map_err(ended)?;
        if deleting {
            // Its last finalizer was all that kept it.
            return Ok(Leaving { path, uid });
        }
        version = text(&bare, "resourceVersion").ok_or(Outcome::Unknown)?;
    }
    match api.delete(&path, &uid, &version).await {
        Ok(_) => Ok(Leaving { path, uid }),
        Err(error) => Err(ended(error)),
    }
}

/// Waits until everything that was told to go is gone.
pub(crate) async fn gone(api: &Api, leaving: &[Leaving], deadline: Duration) -> Outcome {
    let until = Instant::now() + deadline;
    for object in leaving {
        loop {
            match api.find(&object.path).await {
                Ok(None) => break,
                Ok(Some(live)) if text(&live, "uid").as_deref() != Some(object.uid.as_str()) => {
                    break;
                }
                _ if Instant::now() >= until => return Outcome::Unknown,
                _ => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }
    Outcome::Ok
}

fn text(value: &Value, field: &str) -> Option<String> {
    value.get("metadata")?.get(field)?.as_str().map(str::to_owned)
}

fn ended(error: ApiError) -> Outcome {
    tracing::warn!(%error, "an object is not deleted");
    if error.is_lost() { Outcome::Unknown } else { Outcome::Conflict }
}
