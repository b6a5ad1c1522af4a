//! The status of a deployment: its counts, phase and conditions.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Scope, tolerance};
use crate::capi::conditions::{self, Condition, Status};
use crate::capi::machine_set::{
    deletion_text, machines_ready, machines_up_to_date, remediating, slow,
};
use crate::capi::object::{at, cut, int, is_deleting, put, selector_text, text};
use crate::capi::read;
use crate::runtime::Context;

/// Sets counts, phase and conditions.
pub(super) fn update(cx: &Context, scope: &mut Scope<'_>) {
    let now = cx.clock.text();
    let selector = selector_text(at(&scope.deployment, "spec.selector"));
    put(&mut scope.deployment, "status.selector", json!(selector));
    let machines = scope.machines.clone();
    let machines: Vec<&Value> = machines.iter().map(|machine| &**machine).collect();
    if scope.listed {
        count(scope);
    }
    let phase = phase(scope);
    put(&mut scope.deployment, "status.phase", json!(phase));
    for condition in [
        available(scope),
        rolling_out(&machines),
        scaling_up(scope),
        scaling_down(cx, scope, &machines),
        machines_ready(&machines, "MachinesReady"),
        machines_up_to_date(cx, &machines, "MachinesUpToDate"),
        remediating(
            &machines,
            "not healthy (not to be remediated by MachineDeployment/MachineSet)",
        ),
        deleting(cx, scope, &machines),
    ] {
        conditions::set(&mut scope.deployment, &now, condition);
    }
}

/// The sum of a count over the sets; `None` while none of them says it.
fn sum(scope: &Scope<'_>, field: &str) -> Option<i64> {
    let path = format!("status.{field}");
    let counts = scope.sets.iter().filter_map(|set| int(set, &path));
    counts.fold(None, |sum, count| Some(sum.unwrap_or_default() + count))
}

fn count(scope: &mut Scope<'_>) {
    for field in ["replicas", "readyReplicas", "availableReplicas", "upToDateReplicas"] {
        let path = format!("status.{field}");
        match sum(scope, field) {
            Some(count) => put(&mut scope.deployment, &path, json!(count)),
            None => cut(&mut scope.deployment, &path),
        }
    }
    match read::sum_versions(scope.sets.iter().map(|set| &**set)) {
        Value::Null => cut(&mut scope.deployment, "status.versions"),
        versions => put(&mut scope.deployment, "status.versions", versions),
    }
}

fn wanted(scope: &Scope<'_>) -> i64 {
    let replicas = int(&scope.deployment, "spec.replicas").unwrap_or_default();
    if is_deleting(&scope.deployment) { 0 } else { replicas }
}

fn there(scope: &Scope<'_>) -> i64 {
    sum(scope, "replicas").unwrap_or_default()
}

fn phase(scope: &Scope<'_>) -> &'static str {
    if !scope.listed {
        return "Unknown";
    }
    if is_deleting(&scope.deployment) {
        return "ScalingDown";
    }
    match wanted(scope).cmp(&there(scope)) {
        std::cmp::Ordering::Equal => "Running",
        std::cmp::Ordering::Less => "ScalingDown",
        std::cmp::Ordering::Greater => "ScalingUp",
    }
}

const ERROR: &str = "Please check controller logs for errors";

fn available(scope: &Scope<'_>) -> Condition {
    let target = "Available";
    let deployment = &scope.deployment;
    if !scope.listed {
        return Condition::unknown(target, "InternalError", ERROR);
    }
    let Some(available) = int(deployment, "status.availableReplicas") else {
        let why = "Waiting for status.availableReplicas set";
        return Condition::unknown(target, "WaitingForAvailableReplicasSet", why);
    };
    let replicas = int(deployment, "spec.replicas").unwrap_or_default();
    let (_, unavailable) = tolerance(deployment);
    let least = replicas - unavailable;
    if available >= least {
        return Condition::new(target, true, "Available", "");
    }
    let mut why = format!("{available} available replicas, at least {least} required");
    if text(deployment, "spec.rollout.strategy.type") == "RollingUpdate" {
        let limit = at(deployment, "spec.rollout.strategy.rollingUpdate.maxUnavailable");
        let limit = limit.as_str().map_or_else(|| limit.to_string(), str::to_owned);
        why = format!(
            "{why} (spec.strategy.rollout.maxUnavailable is {limit}, spec.replicas is {replicas})"
        );
    }
    if is_deleting(deployment) {
        "Deletion in progress".clone_into(&mut why);
    }
    Condition::new(target, false, "NotAvailable", why)
}

/// Whether machines are not as wanted, counted, and why.
pub(crate) fn rolling_out(machines: &[&Value]) -> Condition {
    let target = "RollingOut";
    let stale = machines.iter().filter_map(|machine| conditions::get(machine, "UpToDate"));
    let stale: Vec<Condition> = stale.filter(|one| one.status == Status::False).collect();
    if stale.is_empty() {
        return Condition::new(target, false, "NotRollingOut", "");
    }
    let lines = stale.iter().flat_map(|one| one.message.split('\n'));
    let lines: BTreeSet<(bool, &str)> = lines
        .filter(|line| !line.is_empty())
        .map(|line| (!line.starts_with("* Version"), line))
        .collect();
    let mut message = format!("Rolling out {} not up-to-date replicas", stale.len());
    for (_, line) in lines {
        message = format!("{message}\n{line}");
    }
    Condition::new(target, true, "RollingOut", message)
}

fn missing(scope: &Scope<'_>) -> Option<String> {
    let kind = |path: &str| text(&scope.deployment, path).to_owned();
    let bootstrap = kind("spec.template.spec.bootstrap.configRef.kind");
    let infrastructure = kind("spec.template.spec.infrastructureRef.kind");
    match (scope.no_bootstrap, scope.no_infrastructure) {
        (false, false) => None,
        (true, false) => Some(format!("because {bootstrap} does not exist")),
        (false, true) => Some(format!("because {infrastructure} does not exist")),
        (true, true) => Some(format!("because {bootstrap} and {infrastructure} do not exist")),
    }
}

fn scaling_up(scope: &Scope<'_>) -> Condition {
    let target = "ScalingUp";
    if !scope.listed {
        return Condition::unknown(target, "InternalError", ERROR);
    }
    let (wanted, there) = (wanted(scope), there(scope));
    let missing = missing(scope);
    if there >= wanted {
        let message = missing
            .filter(|_| !is_deleting(&scope.deployment))
            .map(|missing| format!("Scaling up would be blocked {missing}"));
        return Condition::new(target, false, "NotScalingUp", message.unwrap_or_default());
    }
    let mut message = format!("Scaling up from {there} to {wanted} replicas");
    if let Some(missing) = missing {
        message = format!("{message} is blocked {missing}");
    }
    Condition::new(target, true, "ScalingUp", message)
}

fn scaling_down(cx: &Context, scope: &Scope<'_>, machines: &[&Value]) -> Condition {
    let target = "ScalingDown";
    if !scope.listed {
        return Condition::unknown(target, "InternalError", ERROR);
    }
    let (wanted, there) = (wanted(scope), there(scope));
    if there <= wanted {
        return Condition::new(target, false, "NotScalingDown", "");
    }
    let mut message = format!("Scaling down from {there} to {wanted} replicas");
    if let Some(slow) = slow(cx, machines) {
        message = format!("{message}\n* {slow}");
    }
    Condition::new(target, true, "ScalingDown", message)
}

fn deleting(cx: &Context, scope: &Scope<'_>, machines: &[&Value]) -> Condition {
    let target = "Deleting";
    if !scope.listed {
        return Condition::unknown(target, "InternalError", ERROR);
    }
    if !is_deleting(&scope.deployment) {
        return Condition::new(target, false, "NotDeleting", "");
    }
    let message = match (machines.is_empty(), scope.sets.len()) {
        (true, sets) if sets > 0 => format!("Deleting {sets} MachineSets"),
        _ => deletion_text(cx, machines),
    };
    Condition::new(target, true, "Deleting", message)
}
