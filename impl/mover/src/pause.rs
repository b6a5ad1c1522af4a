//! The pause of the Cluster, with the mover's mark in the same guarded write (rule Q1).
//!
//! Each write changes something, if only a counter: one that changes nothing settles nothing.

use fulcrum_model::protocol::{Outcome, Record};
use fulcrum_model::transform::{self, PAUSE_MARK, Paused, is_paused, paused_by};
use serde_json::{Value, json};

use crate::api::{Api, ApiError};
use crate::ids;

/// The annotation that counts the mover's writes of pauses.
pub(crate) const TOUCHED: &str = "fulcrum.dev/touched";

/// The mark of a pause: the id of the move, or the lineage where a resumed side has none.
pub(crate) fn mark(record: &Record) -> String {
    ids::hex(record.last.map_or(record.lineage.0, |last| last.id))
}

/// Pauses the Cluster at a path. Where there is none nothing has to be paused.
pub(crate) async fn pause(api: &Api, path: &str, mark: &str) -> Result<Outcome, ApiError> {
    write(api, path, |live| pause_patch(live, mark)).await
}

/// Takes a marked pause back.
pub(crate) async fn unpause(api: &Api, path: &str) -> Result<Outcome, ApiError> {
    write(api, path, unpause_patch).await
}

/// Whether the Cluster is there and nobody pauses it.
pub(crate) fn is_lost(cluster: Option<&Value>) -> bool {
    cluster.is_some_and(|cluster| !is_paused(cluster))
}

async fn write(
    api: &Api,
    path: &str,
    patch: impl FnOnce(&Value) -> Value,
) -> Result<Outcome, ApiError> {
    let Some(live) = api.find(path).await? else { return Ok(Outcome::Ok) };
    match api.patch(path, &patch(&live)).await {
        Ok(_) => Ok(Outcome::Ok),
        Err(error) if error.is_lost() => Ok(Outcome::Unknown),
        Err(error) => {
            tracing::warn!(%error, "the pause is not written");
            Ok(Outcome::Conflict)
        }
    }
}

fn pause_patch(live: &Value, mark: &str) -> Value {
    let mut patch = guarded(live);
    if transform::pause(&mut live.clone(), mark) != Paused::ByOthers {
        patch["metadata"]["annotations"][PAUSE_MARK] = json!(mark);
        patch["spec"] = json!({"paused": true});
    }
    patch
}

fn unpause_patch(live: &Value) -> Value {
    let mut patch = guarded(live);
    if paused_by(live).is_some() {
        patch["metadata"]["annotations"][PAUSE_MARK] = Value::Null;
        patch["spec"] = json!({"paused": null});
    }
    patch
}

/// A patch of this very state that counts the write.
fn guarded(live: &Value) -> Value {
    let metadata = &live["metadata"];
    let count = metadata["annotations"][TOUCHED].as_str().and_then(|text| text.parse().ok());
    let count: u64 = count.unwrap_or(0);
    json!({
        "metadata": {
            "uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"],
            "annotations": {TOUCHED: (count + 1).to_string()},
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(annotations: Value, spec: Value) -> Value {
        json!({
            "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Cluster",
            "metadata": {
                "name": "c", "uid": "u", "resourceVersion": "7", "annotations": annotations,
            },
            "spec": spec,
        })
    }

    #[test]
    fn a_pause_and_its_mark_are_one_guarded_write() {
        let expected = json!({
            "metadata": {
                "uid": "u", "resourceVersion": "7",
                "annotations": {TOUCHED: "1", PAUSE_MARK: "m"},
            },
            "spec": {"paused": true},
        });
        assert_eq!(pause_patch(&cluster(json!({}), json!({})), "m"), expected);
    }

    #[test]
    fn a_foreign_pause_stays_and_is_written_to() {
        let foreign = cluster(json!({TOUCHED: "4"}), json!({"paused": true}));
        let counted = json!({
            "metadata": {"uid": "u", "resourceVersion": "7", "annotations": {TOUCHED: "5"}},
        });
        assert_eq!(pause_patch(&foreign, "m"), counted);
        assert_eq!(unpause_patch(&foreign), counted);
    }

    #[test]
    fn a_marked_pause_goes_with_its_mark() {
        let ours = cluster(json!({PAUSE_MARK: "earlier"}), json!({"paused": true}));
        let patch = unpause_patch(&ours);
        assert_eq!(patch["spec"], json!({"paused": null}));
        assert_eq!(patch["metadata"]["annotations"], json!({PAUSE_MARK: null, TOUCHED: "1"}));
        assert!(!is_lost(Some(&ours)) && !is_lost(None));
        assert!(is_lost(Some(&cluster(json!({}), json!({})))));
    }
}
