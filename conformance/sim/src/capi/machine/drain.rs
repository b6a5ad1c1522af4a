//! Cordons a node and evicts its pods.

use std::time::Duration;

use serde_json::{Value, json};

use super::Scope;
use crate::api::ApiError;
use crate::api::resources::{NODES, PODS};
use crate::capi::Outcome;
use crate::capi::object::{annotation, at, flag, is_deleting, name, namespace, owners, text};
use crate::runtime::{Context, Requeue};

/// How long until the drain is looked at again.
const RETRY: Duration = Duration::from_secs(20);

/// Drains the node of a machine; something if it is not drained yet.
pub(super) async fn drain(cx: &Context, scope: &mut Scope) -> Outcome<Option<Requeue>> {
    let node_name = text(&scope.machine, "status.nodeRef.name").to_owned();
    let api = scope.workload(cx)?;
    let Some(node) = api.get(&NODES, "", &node_name).await? else { return Ok(None) };
    if !flag(&node, "spec.unschedulable") {
        let patch = json!({"spec": {"unschedulable": true}});
        api.patch_merge(&NODES, "", &node_name, "", &patch).await?;
    }
    let unreachable = is_unreachable(&node);
    let pods = api.list(&PODS, None, "").await?;
    let mut left = Vec::new();
    let mut failed = Vec::new();
    for pod in pods.iter().filter(|pod| text(pod, "spec.nodeName") == node_name && is_evicted(pod))
    {
        let shown = format!("{}/{}", namespace(pod), name(pod));
        if is_deleting(pod) {
            // A kubelet that is gone confirms nothing: such a pod is not waited for.
            if !unreachable {
                left.push(shown);
            }
            continue;
        }
        match api.evict(namespace(pod), name(pod)).await {
            Ok(()) => left.push(shown),
            Err(ApiError::NotFound) => {}
            Err(error) => failed.push(format!("{shown}: {error}")),
        }
    }
    if left.is_empty() && failed.is_empty() {
        return Ok(None);
    }
    cx.defer(&scope.key(), RETRY);
    scope.deleting.1 = message(&scope.deleting.1, &left, &failed);
    Ok(Some(Requeue::After(RETRY)))
}

fn message(head: &str, left: &[String], failed: &[String]) -> String {
    let mut lines = vec![head.to_owned()];
    let pods = |names: &[String]| match names.len() {
        1 => format!("Pod {}", names[0]),
        2 | 3 => format!("Pods {}", names.join(", ")),
        many => format!("Pods {}, ... ({} more)", names[..3].join(", "), many - 3),
    };
    if !failed.is_empty() {
        lines.push(format!("* {}: failed to evict Pod", pods(failed)));
    }
    if !left.is_empty() {
        let why = "deletionTimestamp set, but still not removed from the Node";
        lines.push(format!("* {}: {why}", pods(left)));
    }
    lines.join("\n")
}

fn is_unreachable(node: &Value) -> bool {
    let conditions = at(node, "status.conditions").as_array();
    conditions.into_iter().flatten().any(|one| one["type"] == "Ready" && one["status"] == "Unknown")
}

/// Whether a pod has to leave: not those of a DaemonSet, of the kubelet itself, or ended ones.
fn is_evicted(pod: &Value) -> bool {
    let is_static = annotation(pod, "kubernetes.io/config.mirror").is_some()
        || owners(pod).iter().any(|owner| matches!(text(owner, "kind"), "DaemonSet" | "Node"));
    !is_static && !matches!(text(pod, "status.phase"), "Succeeded" | "Failed")
}
