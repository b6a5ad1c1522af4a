//! What is known of the control plane's machines, its components and its etcd.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Scope, health, plain, rollout};
use crate::capi::conditions::{self, Aggregate, Condition, Status, aggregate};
use crate::capi::machine::{REMOTE_GRACE, kubelet_lags};
use crate::capi::object::{is_deleting, name, text};
use crate::capi::{Outcome, failed, link};
use crate::runtime::Context;

pub(super) const NODE: &str = "NodeKubeadmLabelsAndTaintsSet";
pub(super) const MEMBER: &str = "EtcdMemberHealthy";
/// The conditions of the static pods, and their names.
pub(super) const PODS: [(&str, &str); 4] = [
    ("APIServerPodHealthy", "kube-apiserver"),
    ("ControllerManagerPodHealthy", "kube-controller-manager"),
    ("SchedulerPodHealthy", "kube-scheduler"),
    ("EtcdPodHealthy", "etcd"),
];
const ETCD: &str = "EtcdClusterHealthy";
const COMPONENTS: &str = "ControlPlaneComponentsHealthy";

/// Says that nothing is known of components and etcd.
pub(super) fn nothing_known(cx: &Context, scope: &mut Scope<'_>, reason: &str, why: &str) {
    let now = cx.clock.text();
    for kind in [ETCD, COMPONENTS] {
        conditions::set(&mut scope.plane, &now, Condition::unknown(kind, reason, why));
    }
}

/// The same, and of each machine as well; `overwrite`: even if something was known.
fn unknown(cx: &Context, scope: &mut Scope<'_>, overwrite: bool, reason: &str, why: &str) {
    let now = cx.clock.text();
    let machine_kinds = |kind: &str| match kind {
        ETCD => vec![MEMBER],
        _ => [NODE].into_iter().chain(PODS.iter().map(|(kind, _)| *kind)).collect(),
    };
    for kind in [ETCD, COMPONENTS] {
        if !overwrite && conditions::has(&scope.plane, kind) {
            continue;
        }
        conditions::set(&mut scope.plane, &now, Condition::unknown(kind, reason, why));
        for machine in &mut scope.machines {
            for kind in machine_kinds(kind) {
                conditions::set(machine, &now, Condition::unknown(kind, reason, why));
            }
        }
    }
}

/// Looks at the workload cluster and sets the conditions of machines and control plane.
pub(super) async fn update(cx: &Context, scope: &mut Scope<'_>) -> Outcome<()> {
    up_to_date(cx, scope);
    let initialized = conditions::get(&scope.plane, "Initialized");
    let initialized = initialized.filter(|one| one.status == Status::True);
    let Some(initialized) = initialized.filter(|_| scope.is_initialized()) else {
        let why = "Waiting for Cluster control plane to be initialized";
        unknown(cx, scope, true, "InspectionFailed", why);
        return Ok(());
    };
    let probes = link::health(cx, &scope.cluster);
    if probes.never_reached() {
        let why = "Remote connection not established yet";
        unknown(cx, scope, false, "ConnectionDown", why);
        return Err(failed("connection to the workload cluster not established yet"));
    }
    if probes.silent_for(&initialized.since) > REMOTE_GRACE {
        unknown(cx, scope, true, "ConnectionDown", &probes.message());
        return Err(link::not_connected());
    }
    if !link::is_connected(cx, &scope.cluster) {
        unknown(cx, scope, false, "ConnectionDown", &probes.message());
        let left = REMOTE_GRACE.saturating_sub(probes.silent_for(&initialized.since));
        let left = left + Duration::from_secs(1);
        scope.redial = Some(scope.redial.map_or(left, |redial| redial.min(left)));
        return Err(link::not_connected());
    }
    health::look(cx, scope).await;
    put_together(cx, scope);
    Ok(())
}

fn up_to_date(cx: &Context, scope: &mut Scope<'_>) {
    let now = cx.clock.text();
    let why: Vec<Vec<String>> =
        scope.machines.iter().map(|machine| rollout::differences(cx, scope, machine)).collect();
    for (machine, why) in scope.machines.iter_mut().zip(why) {
        let condition = if why.is_empty() {
            kubelet_lags(machine)
                .unwrap_or_else(|| Condition::new("UpToDate", true, "UpToDate", ""))
        } else {
            let lines: Vec<String> = why.iter().map(|line| format!("* {line}")).collect();
            Condition::new("UpToDate", false, "NotUpToDate", lines.join("\n"))
        };
        conditions::set(machine, &now, condition);
    }
}

/// What is said of all machines together.
fn put_together(cx: &Context, scope: &mut Scope<'_>) {
    let now = cx.clock.text();
    let errors = compare(scope);
    let machines = plain(scope);
    let reasons = ["NotHealthy", "HealthUnknown", "Healthy"];
    let pods: Vec<&str> = PODS.iter().map(|(kind, _)| *kind).collect();
    let components = joined(&machines, &pods, COMPONENTS, reasons, &[]);
    let etcd = joined(&machines, &[MEMBER], ETCD, reasons, &errors);
    for condition in [components, etcd] {
        conditions::set(&mut scope.plane, &now, condition);
    }
}

/// Whether each member of etcd has a machine, and the other way round; what is wrong.
fn compare(scope: &mut Scope<'_>) -> Vec<String> {
    let Some(members) = &scope.members else {
        scope.matching = scope.machines.iter().all(|it| text(it, "status.nodeRef.name").is_empty());
        return Vec::new();
    };
    let nodes: BTreeSet<&str> = scope
        .machines
        .iter()
        .map(|machine| text(machine, "status.nodeRef.name"))
        .filter(|node| !node.is_empty())
        .collect();
    let provisioning = scope.machines.iter().any(|it| text(it, "status.nodeRef.name").is_empty());
    let strays: Vec<String> = members
        .iter()
        .filter(|member| !nodes.contains(member.name.as_str()))
        .map(|member| format!("Etcd member {} does not have a corresponding Machine", member.name))
        .collect();
    scope.matching = strays.is_empty() || provisioning;
    strays
}

/// One condition of several of each machine: those that say the same are joined by kind.
fn joined(
    machines: &[&Value],
    kinds: &[&str],
    target: &str,
    reasons: [&str; 3],
    errors: &[String],
) -> Condition {
    let what = if kinds.len() == 1 { None } else { Some("Control plane components") };
    let machines: Vec<Value> = machines
        .iter()
        .filter(|machine| !text(machine, "spec.providerID").is_empty())
        .map(|machine| one_of(machine, kinds, what))
        .collect();
    let machines: Vec<&Value> = machines.iter().collect();
    if machines.is_empty() && errors.is_empty() {
        return Condition::unknown(target, reasons[1], "");
    }
    let mut condition = match machines.is_empty() {
        true => Condition::new(target, false, reasons[0], ""),
        false => {
            let how = Aggregate { source: "Joined", negative: false, reasons };
            aggregate(&machines, target, &how)
        }
    };
    if !errors.is_empty() {
        condition.status = Status::False;
        reasons[0].clone_into(&mut condition.reason);
        let mut lines: Vec<String> = errors.iter().map(|line| format!("* {line}")).collect();
        if !condition.message.is_empty() {
            lines.push(condition.message);
        }
        condition.message = lines.join("\n");
    }
    condition
}

/// A stand-in for a machine, with one condition that joins several of it.
fn one_of(machine: &Value, kinds: &[&str], what: Option<&str>) -> Value {
    let found: Vec<Condition> =
        kinds.iter().filter_map(|kind| conditions::get(machine, kind)).collect();
    let bad = |status: Status| found.iter().filter(move |one| one.status == status);
    let is_leaving = is_deleting(machine);
    let status = if !is_leaving && bad(Status::False).next().is_some() {
        Status::False
    } else if bad(Status::Unknown).next().is_some() {
        Status::Unknown
    } else {
        Status::True
    };
    let relevant: Vec<&Condition> =
        found.iter().filter(|one| one.status != Status::True && status != Status::True).collect();
    let same = relevant.iter().all(|one| one.message == relevant[0].message);
    let lines: Vec<String> = match what {
        Some(what) if same && relevant.len() > 1 => {
            vec![format!("* {what}: {}", relevant[0].message)]
        }
        _ => relevant.iter().map(|one| format!("* {}: {}", one.kind, one.message)).collect(),
    };
    let mut stand_in = json!({
        "kind": "Machine",
        "metadata": {"name": name(machine), "labels": {crate::capi::object::CONTROL_PLANE: ""}},
    });
    let since = relevant.first().map(|one| one.since.clone()).unwrap_or_default();
    let condition = Condition::new("Joined", status, "Joined", lines.join("\n"));
    conditions::set(&mut stand_in, &since, condition);
    stand_in
}
