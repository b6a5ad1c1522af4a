//! Takes a machine down: drain, hooks, infrastructure, bootstrap configuration, node.

use std::time::Duration;

use serde_json::json;

use super::{FINALIZER, Found, NodeFound, Scope, drain, node};
use crate::api::ApiError;
use crate::api::resources::{MACHINES, NODES};
use crate::capi::object::{
    CLUSTER_NAME, annotation, annotations_with, at, int, is_control_plane, is_deleting, label,
    name, namespace, put, remove_finalizer, text,
};
use crate::capi::{Outcome, paused, read, refs};
use crate::runtime::{Context, Requeue};

const PRE_DRAIN: &str = "pre-drain.delete.hook.machine.cluster.x-k8s.io";
const PRE_TERMINATE: &str = "pre-terminate.delete.hook.machine.cluster.x-k8s.io";
const EXCLUDE_DRAIN: &str = "machine.cluster.x-k8s.io/exclude-node-draining";
const EXCLUDE_VOLUMES: &str = "machine.cluster.x-k8s.io/exclude-wait-for-node-volume-detach";
/// How long the deletion of a node is tried in one reconcile, and how often.
const NODE_TRIES: (Duration, u32) = (Duration::from_secs(2), 5);

/// One step of the deletion; which, stands in the condition Deleting.
pub(super) async fn step(cx: &Context, scope: &mut Scope) -> Outcome<Requeue> {
    scope.delete_because("Deleting", "Deletion started");
    let with_node = may_delete_node(cx, scope).await?;
    if with_node && let Some(requeue) = drain_node(cx, scope).await? {
        return Ok(requeue);
    }
    if waits_for_hooks(cx, scope, PRE_TERMINATE, "PreTerminate", "pre-terminate") {
        return Ok(Requeue::Done);
    }
    let kind = text(&scope.machine, "spec.infrastructureRef.kind").to_owned();
    if !matches!(scope.infrastructure, Found::Missing) {
        let deleted = delete_found(cx, &scope.infrastructure).await;
        scope.delete_because(
            "WaitingForInfrastructureDeletion",
            format!("Waiting for {kind} to be deleted"),
        );
        return deleted;
    }
    let has_config = !at(&scope.machine, "spec.bootstrap.configRef").is_null();
    if has_config && !matches!(scope.bootstrap, Found::Missing) {
        let kind = text(&scope.machine, "spec.bootstrap.configRef.kind").to_owned();
        let deleted = delete_found(cx, &scope.bootstrap).await;
        scope.delete_because(
            "WaitingForBootstrapDeletion",
            format!("Waiting for {kind} to be deleted"),
        );
        return deleted;
    }
    if with_node {
        delete_node(cx, scope).await?;
    }
    scope.delete_because("DeletionCompleted", "Deletion completed");
    remove_finalizer(&mut scope.machine, FINALIZER);
    Ok(Requeue::Done)
}

async fn delete_found(cx: &Context, found: &Found) -> Outcome<Requeue> {
    if let Found::There(res, object) = found {
        paused::delete(cx, res, object).await?;
    }
    Ok(Requeue::Done)
}

/// Whether the node is drained and deleted: not if the cluster or its control plane goes as a
/// whole, nor if there is no node or no control plane.
async fn may_delete_node(cx: &Context, scope: &mut Scope) -> Outcome<bool> {
    if is_deleting(&scope.cluster) {
        return Ok(false);
    }
    let provider_id = match text(&scope.machine, "spec.providerID") {
        "" => scope.infrastructure.object().map_or("", |found| text(found, "spec.providerID")),
        id => id,
    }
    .to_owned();
    if text(&scope.machine, "status.nodeRef.name").is_empty()
        && !provider_id.is_empty()
        && let Ok(Some(node)) = node::by_provider_id(cx, scope, &provider_id).await
    {
        put(&mut scope.machine, "status.nodeRef.name", json!(name(&node)));
    }
    if text(&scope.machine, "status.nodeRef.name").is_empty() {
        return Ok(false);
    }
    let reference = at(&scope.cluster, "spec.controlPlaneRef");
    if !reference.is_null()
        && let Some((_, control_plane)) = refs::follow(cx, reference, namespace(&scope.cluster))?
        && is_deleting(&control_plane)
    {
        return Ok(false);
    }
    let cluster = name(&scope.cluster);
    let machines = read::all(cx, &MACHINES, namespace(&scope.cluster));
    Ok(machines.iter().any(|machine| {
        label(machine, CLUSTER_NAME) == Some(cluster)
            && is_control_plane(machine)
            && !is_deleting(machine)
    }))
}

/// Waits for hooks, drains and waits for volumes; something if the deletion waits here.
async fn drain_node(cx: &Context, scope: &mut Scope) -> Outcome<Option<Requeue>> {
    if waits_for_hooks(cx, scope, PRE_DRAIN, "PreDrain", "pre-drain") {
        return Ok(Some(Requeue::Done));
    }
    let is_past = !at(&scope.machine, "status.deletion.waitForPreTerminateHookStartTime").is_null()
        || scope.infrastructure.object().is_none_or(is_deleting);
    if is_past {
        return Ok(None);
    }
    let drains = annotation(&scope.machine, EXCLUDE_DRAIN).is_none();
    if drains && !timed_out(cx, scope, "nodeDrainTimeoutSeconds", "nodeDrainStartTime") {
        let start = started(cx, scope, "nodeDrainStartTime");
        scope.machine.write(cx, false).await?;
        scope.delete_because(
            "DrainingNode",
            format!("Drain not completed yet (started at {start}):"),
        );
        match drain::drain(cx, scope).await {
            Ok(Some(requeue)) => return Ok(Some(requeue)),
            Ok(None) => {}
            Err(error) => {
                scope.delete_because(
                    "DrainingNode",
                    "Error draining Node, please check controller logs for errors",
                );
                return Err(error);
            }
        }
    }
    if annotation(&scope.machine, EXCLUDE_VOLUMES).is_none() {
        // Nothing that is simulated has volumes: this wait ends as it begins.
        started(cx, scope, "waitForNodeVolumeDetachStartTime");
    }
    Ok(None)
}

/// When a stage began, which is now if it had not.
fn started(cx: &Context, scope: &mut Scope, field: &str) -> String {
    let path = format!("status.deletion.{field}");
    if at(&scope.machine, &path).is_null() {
        put(&mut scope.machine, &path, json!(cx.clock.text()));
    }
    text(&scope.machine, &path).to_owned()
}

fn timed_out(cx: &Context, scope: &Scope, limit: &str, start: &str) -> bool {
    let limit = int(&scope.machine, &format!("spec.deletion.{limit}")).unwrap_or_default();
    let since = cx.clock.since(text(&scope.machine, &format!("status.deletion.{start}")));
    limit > 0 && since.is_some_and(|since| since.as_secs() >= limit.unsigned_abs())
}

fn waits_for_hooks(
    cx: &Context,
    scope: &mut Scope,
    prefix: &str,
    field: &str,
    words: &str,
) -> bool {
    let hooks = annotations_with(&scope.machine, prefix);
    if hooks.is_empty() {
        return false;
    }
    started(cx, scope, &format!("waitFor{field}HookStartTime"));
    scope.delete_because(
        &format!("WaitingFor{field}Hook"),
        format!("Waiting for {words} hooks to succeed (hooks: {})", hooks.join(",")),
    );
    true
}

/// Deletes the node; gives up on it when the time for that is over.
async fn delete_node(cx: &Context, scope: &mut Scope) -> Outcome<()> {
    let node = text(&scope.machine, "status.nodeRef.name").to_owned();
    let mut result = Ok(());
    for attempt in 0..NODE_TRIES.1 {
        if attempt > 0 {
            tokio::time::sleep(NODE_TRIES.0).await;
        }
        result = match scope.workload(cx) {
            Ok(api) => match api.delete(&NODES, "", &node, &Default::default()).await {
                Ok(()) | Err(ApiError::NotFound) => {
                    scope.node = NodeFound::Missing;
                    return Ok(());
                }
                Err(error) => Err(error.into()),
            },
            Err(error) => Err(error),
        };
    }
    let limit = int(&scope.machine, "spec.deletion.nodeDeletionTimeoutSeconds").unwrap_or(0);
    let since = cx.clock.since(text(&scope.machine, "metadata.deletionTimestamp"));
    if limit > 0 && since.is_some_and(|since| since.as_secs() >= limit.unsigned_abs()) {
        return Ok(());
    }
    scope.delete_because(
        "DeletingNode",
        "Error deleting Node, please check controller logs for errors",
    );
    result
}
