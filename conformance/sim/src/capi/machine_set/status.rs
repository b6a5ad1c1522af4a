//! The status of a set: its counts and conditions.

use std::time::Duration;

use serde_json::{Value, json};

use super::Scope;
use super::remediate::is_to_be_remediated;
use crate::capi::conditions::{self, Aggregate, Condition, aggregate, is_false, is_true};
use crate::capi::object::{at, cut, int, is_deleting, name, put, selector_text, text};
use crate::capi::read;
use crate::runtime::Context;

/// A machine that says nothing of this for so long is counted.
const UP_TO_DATE_WAIT: Duration = Duration::from_secs(10);
/// A deletion that takes longer is mentioned.
const SLOW: Duration = Duration::from_secs(15 * 60);

/// Sets counts and conditions.
pub(super) fn update(cx: &Context, scope: &mut Scope<'_>) {
    let now = cx.clock.text();
    let selector = selector_text(at(&scope.set, "spec.selector"));
    put(&mut scope.set, "status.selector", json!(selector));
    if !scope.listed {
        let why = "Please check controller logs for errors";
        for kind in [
            "ScalingUp",
            "ScalingDown",
            "MachinesReady",
            "MachinesUpToDate",
            "Remediating",
            "Deleting",
        ] {
            let condition = Condition::unknown(kind, "InternalError", why);
            conditions::set(&mut scope.set, &now, condition);
        }
        return;
    }
    let machines = scope.machines.clone();
    let machines: Vec<&Value> = machines.iter().map(|machine| &**machine).collect();
    count(scope, &machines);
    for condition in [
        scaling_up(scope, machines.len()),
        scaling_down(cx, scope, &machines),
        machines_ready(&machines, "MachinesReady"),
        machines_up_to_date(cx, &machines, "MachinesUpToDate"),
        remediating(&machines, "not healthy (not to be remediated by MachineSet)"),
        deleting(cx, &scope.set, &machines),
    ] {
        conditions::set(&mut scope.set, &now, condition);
    }
}

/// How many of these machines say that a condition holds.
pub(crate) fn how_many(machines: &[&Value], kind: &str) -> usize {
    machines.iter().filter(|machine| is_true(machine, kind)).count()
}

fn count(scope: &mut Scope<'_>, machines: &[&Value]) {
    let set: &mut Value = &mut scope.set;
    put(set, "status.replicas", json!(machines.len()));
    put(set, "status.readyReplicas", json!(how_many(machines, "Ready")));
    put(set, "status.availableReplicas", json!(how_many(machines, "Available")));
    put(set, "status.upToDateReplicas", json!(how_many(machines, "UpToDate")));
    match read::versions(machines.iter().copied()) {
        Value::Null => cut(set, "status.versions"),
        versions => put(set, "status.versions", versions),
    }
}

fn wanted(set: &Value) -> usize {
    let replicas = int(set, "spec.replicas").unwrap_or_default();
    if is_deleting(set) { 0 } else { usize::try_from(replicas).unwrap_or_default() }
}

fn missing(scope: &Scope<'_>) -> Option<String> {
    let kind = |path: &str| text(&scope.set, path).to_owned();
    let bootstrap = kind("spec.template.spec.bootstrap.configRef.kind");
    let infrastructure = kind("spec.template.spec.infrastructureRef.kind");
    match (scope.no_bootstrap, scope.no_infrastructure) {
        (false, false) => None,
        (true, false) => Some(format!("{bootstrap} does not exist")),
        (false, true) => Some(format!("{infrastructure} does not exist")),
        (true, true) => Some(format!("{bootstrap} and {infrastructure} do not exist")),
    }
}

fn scaling_up(scope: &Scope<'_>, there: usize) -> Condition {
    let target = "ScalingUp";
    let wanted = wanted(&scope.set);
    let missing = missing(scope);
    if there >= wanted {
        let message = missing
            .filter(|_| !is_deleting(&scope.set))
            .map(|missing| format!("Scaling up would be blocked because {missing}"));
        return Condition::new(target, false, "NotScalingUp", message.unwrap_or_default());
    }
    let mut message = format!("Scaling up from {there} to {wanted} replicas");
    let mut lines = scope.preflight.clone();
    lines.extend(missing);
    if !lines.is_empty() {
        let lines: Vec<String> = lines.iter().map(|line| format!("* {line}")).collect();
        message = format!("{message} is blocked because:\n{}", lines.join("\n"));
    }
    Condition::new(target, true, "ScalingUp", message)
}

fn scaling_down(cx: &Context, scope: &Scope<'_>, machines: &[&Value]) -> Condition {
    let wanted = wanted(&scope.set);
    if machines.len() <= wanted {
        return Condition::new("ScalingDown", false, "NotScalingDown", "");
    }
    let there = machines.len();
    let mut message = format!("Scaling down from {there} to {wanted} replicas");
    if let Some(slow) = slow(cx, machines) {
        message = format!("{message}\n* {slow}");
    }
    Condition::new("ScalingDown", true, "ScalingDown", message)
}

/// The machines whose deletion takes long, in words.
pub(crate) fn slow(cx: &Context, machines: &[&Value]) -> Option<String> {
    let is_slow = |machine: &&&Value| {
        let since = cx.clock.since(text(machine, "metadata.deletionTimestamp"));
        since.is_some_and(|since| since > SLOW)
    };
    let mut names: Vec<String> =
        machines.iter().filter(is_slow).map(|machine| name(machine).to_owned()).collect();
    names.sort();
    let (noun, verb) = if names.len() == 1 { ("Machine", "is") } else { ("Machines", "are") };
    let list = conditions::listed(&names);
    let found = !names.is_empty();
    found.then(|| format!("{noun} {list} {verb} in deletion since more than 15m"))
}

/// Whether the machines are ready, put together.
pub(crate) fn machines_ready(machines: &[&Value], target: &str) -> Condition {
    if machines.is_empty() {
        return Condition::new(target, true, "NoReplicas", "");
    }
    let how = Aggregate {
        source: "Ready",
        negative: false,
        reasons: ["NotReady", "ReadyUnknown", "Ready"],
    };
    aggregate(machines, target, &how)
}

/// Whether the machines are as their owner wants them, put together.
pub(crate) fn machines_up_to_date(cx: &Context, machines: &[&Value], target: &str) -> Condition {
    let counts = |machine: &&Value| {
        let since = cx.clock.since(text(machine, "metadata.creationTimestamp"));
        conditions::has(machine, "UpToDate") || since.is_some_and(|since| since > UP_TO_DATE_WAIT)
    };
    let machines: Vec<&Value> = machines.iter().copied().filter(counts).collect();
    if machines.is_empty() {
        return Condition::new(target, true, "NoReplicas", "");
    }
    let how = Aggregate {
        source: "UpToDate",
        negative: false,
        reasons: ["NotUpToDate", "UpToDateUnknown", "UpToDate"],
    };
    aggregate(&machines, target, &how)
}

/// Whether machines are being remediated; `note` is what is said of those that are merely sick.
pub(crate) fn remediating(machines: &[&Value], note: &str) -> Condition {
    let target = "Remediating";
    let marked: Vec<&Value> =
        machines.iter().copied().filter(|machine| is_to_be_remediated(machine)).collect();
    if marked.is_empty() {
        let sick = machines.iter().copied();
        let sick = sick.filter(|machine| is_false(machine, "HealthCheckSucceeded"));
        return Condition::new(target, false, "NotRemediating", read::unhealthy_note(sick, note));
    }
    let how = Aggregate { source: "OwnerRemediated", negative: false, reasons: ["", "", ""] };
    let message = aggregate(&marked, target, &how).message;
    Condition::new(target, true, "Remediating", message)
}

fn deleting(cx: &Context, set: &Value, machines: &[&Value]) -> Condition {
    if !is_deleting(set) {
        return Condition::new("Deleting", false, "NotDeleting", "");
    }
    Condition::new("Deleting", true, "Deleting", deletion_text(cx, machines))
}

/// How far a deletion is that waits for machines.
pub(crate) fn deletion_text(cx: &Context, machines: &[&Value]) -> String {
    let count = match machines.len() {
        0 => return "Deletion completed".to_owned(),
        1 => "Deleting 1 Machine".to_owned(),
        many => format!("Deleting {many} Machines"),
    };
    match slow(cx, machines) {
        Some(slow) => format!("{count}\n* {slow}"),
        None => count,
    }
}
