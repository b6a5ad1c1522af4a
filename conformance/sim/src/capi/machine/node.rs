//! The node of a machine: found by its providerID, labelled for its machine.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{NodeFound, Scope};
use crate::api::resources::NODES;
use crate::capi::object::{
    REVISION, annotation, at, cluster_of, controller, is_deleting, name, namespace, put,
    set_annotation, text,
};
use crate::capi::{Outcome, draft, failed, link, wake};
use crate::runtime::{Context, Requeue};

/// A taint that nodes register with, until their machine is known.
const UNINITIALIZED: &str = "node.cluster.x-k8s.io/uninitialized";
/// A taint of nodes whose MachineSet is an old one.
const OUTDATED: &str = "node.cluster.x-k8s.io/outdated-revision";

/// The node with a providerID.
pub(super) async fn by_provider_id(
    cx: &Context,
    scope: &Scope,
    provider_id: &str,
) -> Outcome<Option<Value>> {
    let nodes = link::nodes(cx, &scope.cluster, wake::machine_of_node).await?;
    let node = nodes.into_iter().find(|node| text(node, "spec.providerID") == provider_id);
    Ok(node.map(Arc::unwrap_or_clone))
}

/// Finds the node and notes it in the status.
pub(super) async fn find(cx: &Context, scope: &mut Scope) -> Outcome<Requeue> {
    if crate::capi::conditions::is_true(&scope.cluster, "ControlPlaneInitialized")
        && !link::is_connected(cx, &scope.cluster)
    {
        scope.node = NodeFound::NotConnected;
        return Err(link::not_connected());
    }
    let provider_id = text(&scope.machine, "spec.providerID").to_owned();
    if provider_id.is_empty() {
        return Ok(Requeue::Done);
    }
    if !link::is_connected(cx, &scope.cluster) {
        scope.node = NodeFound::NotConnected;
        return Err(link::not_connected());
    }
    let node = match by_provider_id(cx, scope, &provider_id).await {
        Ok(node) => node,
        Err(error) => {
            scope.node = NodeFound::Failed;
            return Err(error);
        }
    };
    let Some(node) = node else {
        let was_there = !text(&scope.machine, "status.nodeRef.name").is_empty();
        if was_there && !is_deleting(&scope.machine) {
            return Err(failed("no matching Node for the Machine"));
        }
        return Ok(Requeue::Done);
    };
    if text(&scope.machine, "status.nodeRef.name").is_empty() {
        put(&mut scope.machine, "status.nodeRef.name", json!(name(&node)));
    }
    let info = at(&node, "status.nodeInfo").clone();
    if !info.is_null() {
        put(&mut scope.machine, "status.nodeInfo", info);
    }
    let marked = marked(scope, &node);
    scope.node = NodeFound::There(Box::new(node));
    if let (Some(marked), NodeFound::There(node)) = (marked, &scope.node) {
        let api = scope.workload(cx)?;
        if let Some(patch) = draft::difference(node, &marked) {
            api.patch_merge(&NODES, "", name(node), "", &patch).await?;
        }
    }
    Ok(Requeue::Done)
}

/// The node as its machine wants it; `None` if it is so.
fn marked(scope: &Scope, node: &Value) -> Option<Value> {
    let machine = &scope.machine;
    let mut wanted = node.clone();
    let mut set = |key: &str, value: &str| {
        if annotation(&wanted, key) != Some(value) {
            set_annotation(&mut wanted, key, value);
        }
    };
    set("cluster.x-k8s.io/cluster-name", cluster_of(machine));
    set("cluster.x-k8s.io/cluster-namespace", namespace(machine));
    set("cluster.x-k8s.io/machine", name(machine));
    set("cluster.x-k8s.io/labels-from-machine", "");
    set("cluster.x-k8s.io/annotations-from-machine", "");
    if let Some(owner) = controller(machine) {
        set("cluster.x-k8s.io/owner-kind", text(owner, "kind"));
        set("cluster.x-k8s.io/owner-name", text(owner, "name"));
    }
    let mut taints = at(node, "spec.taints").as_array().cloned().unwrap_or_default();
    taints.retain(|taint| taint["key"] != UNINITIALIZED && taint["key"] != OUTDATED);
    if is_outdated(scope) {
        taints.push(json!({"key": OUTDATED, "effect": "PreferNoSchedule"}));
    }
    if at(node, "spec.taints").as_array().map_or(&[][..], Vec::as_slice) != taints {
        put(&mut wanted, "spec.taints", json!(taints));
    }
    (wanted != *node).then_some(wanted)
}

fn is_outdated(scope: &Scope) -> bool {
    let revision =
        |object: Option<&Value>| -> Option<u64> { annotation(object?, REVISION)?.parse().ok() };
    match (revision(scope.set.as_ref()), revision(scope.deployment.as_ref())) {
        (Some(set), Some(deployment)) => set < deployment,
        _ => false,
    }
}
