//! The status of a control plane: its counts and conditions.

use serde_json::{Value, json};

use super::{Scope, available, plain};
use crate::capi::conditions::{self, Condition};
use crate::capi::link;
use crate::capi::machine_deployment::rolling_out;
use crate::capi::machine_set::{
    how_many, is_to_be_remediated, machines_ready, machines_up_to_date, remediating, slow,
};
use crate::capi::object::{CLUSTER_NAME, at, cut, is_deleting, name, put, text};
use crate::capi::read;
use crate::runtime::Context;

/// Sets counts and conditions.
pub(super) fn update(cx: &Context, scope: &mut Scope<'_>) {
    let now = cx.clock.text();
    let selector =
        format!("{CLUSTER_NAME}={},{}", name(&scope.cluster), crate::capi::object::CONTROL_PLANE);
    put(&mut scope.plane, "status.selector", json!(selector));
    initialized(cx, scope);
    count(scope);
    let machines = scope.machines.clone();
    let machines: Vec<&Value> = machines.iter().map(|machine| &**machine).collect();
    let is_initialized = scope.is_initialized();
    let reason = if is_initialized { "Initialized" } else { "NotInitialized" };
    let deleting = match is_deleting(&scope.plane) {
        true => Condition::new("Deleting", true, &scope.deleting.0, scope.deleting.1.clone()),
        false => Condition::new("Deleting", false, "NotDeleting", ""),
    };
    for condition in [
        Condition::new("Initialized", is_initialized, reason, ""),
        rolling_out(&machines),
        scaling_up(scope, machines.len()),
        scaling_down(cx, scope, &machines),
        machines_ready(&machines, "MachinesReady"),
        machines_up_to_date(cx, &machines, "MachinesUpToDate"),
        remediating(&machines, "not healthy (not to be remediated by KubeadmControlPlane)"),
        deleting,
    ] {
        conditions::set(&mut scope.plane, &now, condition);
    }
    let condition = available::condition(cx, scope);
    conditions::set(&mut scope.plane, &now, condition);
}

/// The control plane counts as initialised once its API server was reached.
fn initialized(cx: &Context, scope: &mut Scope<'_>) {
    if scope.is_initialized() || !link::is_connected(cx, &scope.cluster) {
        return;
    }
    let only = match scope.machines.as_slice() {
        [machine] => is_to_be_remediated(machine) || is_deleting(machine),
        _ => false,
    };
    if !only {
        put(&mut scope.plane, "status.initialization.controlPlaneInitialized", json!(true));
    }
}

fn count(scope: &mut Scope<'_>) {
    let machines = plain(scope);
    let counts = [
        ("replicas", machines.len()),
        ("readyReplicas", how_many(&machines, "Ready")),
        ("availableReplicas", how_many(&machines, "Available")),
        ("upToDateReplicas", how_many(&machines, "UpToDate")),
    ];
    let versions = read::versions(machines);
    for (field, count) in counts {
        put(&mut scope.plane, &format!("status.{field}"), json!(count));
    }
    if versions.is_null() {
        cut(&mut scope.plane, "status.versions");
    } else {
        let oldest = versions[0]["version"].clone();
        put(&mut scope.plane, "status.version", oldest);
        put(&mut scope.plane, "status.versions", versions);
    }
}

fn wanted(scope: &Scope<'_>) -> usize {
    if is_deleting(&scope.plane) { 0 } else { scope.wanted() }
}

fn scaling_up(scope: &Scope<'_>, there: usize) -> Condition {
    let target = "ScalingUp";
    let wanted = wanted(scope);
    let kind = text(at(&scope.plane, "spec.machineTemplate.spec.infrastructureRef"), "kind");
    let missing = scope.no_template.then(|| format!("{kind} does not exist"));
    if there >= wanted {
        let message = missing.map(|why| format!("Scaling up would be blocked because {why}"));
        return Condition::new(target, false, "NotScalingUp", message.unwrap_or_default());
    }
    let mut message = format!("Scaling up from {there} to {wanted} replicas");
    let mut lines = scope.preflight.lines();
    lines.extend(missing.map(|why| format!("* {why}")));
    if !lines.is_empty() {
        message = format!("{message} is blocked because:\n{}", lines.join("\n"));
    }
    Condition::new(target, true, "ScalingUp", message)
}

fn scaling_down(cx: &Context, scope: &Scope<'_>, machines: &[&Value]) -> Condition {
    let (wanted, there) = (wanted(scope), machines.len());
    if there <= wanted {
        return Condition::new("ScalingDown", false, "NotScalingDown", "");
    }
    let mut message = format!("Scaling down from {there} to {wanted} replicas");
    let mut lines = scope.preflight.lines();
    lines.extend(slow(cx, machines).map(|slow| format!("* {slow}")));
    if !lines.is_empty() {
        message = format!("{message} is blocked because:\n{}", lines.join("\n"));
    }
    Condition::new("ScalingDown", true, "ScalingDown", message)
}
