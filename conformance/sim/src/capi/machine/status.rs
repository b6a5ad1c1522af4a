//! The status of a machine: its conditions and its phase.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Found, NodeFound, Scope, node_health, ready};
use crate::capi::conditions::{self, Condition, Status, mirror};
use crate::capi::link;
use crate::capi::machine_deployment::differences;
use crate::capi::object::{annotation, at, flag, int, is_deleting, put, text};
use crate::runtime::{Context, Requeue};

/// Without a successful probe for so long, nothing is said about a node any more.
pub(crate) const REMOTE_GRACE: Duration = Duration::from_secs(5 * 60);

const PHASE: &str = "status.phase";

/// Sets the conditions and the phase; says when to look again.
pub(super) fn update(cx: &Context, scope: &mut Scope) -> Requeue {
    let now = cx.clock.text();
    for condition in [bootstrap_ready(scope), infrastructure_ready(scope)] {
        conditions::set(&mut scope.machine, &now, condition);
    }
    node_conditions(cx, scope, &now);
    let deleting = match is_deleting(&scope.machine) {
        true => Condition::new("Deleting", true, &scope.deleting.0, scope.deleting.1.clone()),
        false => Condition::new("Deleting", false, "NotDeleting", ""),
    };
    conditions::set(&mut scope.machine, &now, deleting);
    let updating = Condition::new("Updating", false, "NotUpdating", "");
    conditions::set(&mut scope.machine, &now, updating);
    if let Some(condition) = up_to_date(cx, scope) {
        conditions::set(&mut scope.machine, &now, condition);
    }
    let ready = ready::condition(cx, &scope.machine);
    conditions::set(&mut scope.machine, &now, ready);
    phase(scope, &now);
    match (available(cx, scope, &now), silence(cx, scope)) {
        (Requeue::Done, silence) => silence,
        (available, _) => available,
    }
}

/// When the connection will have been gone for too long.
fn silence(cx: &Context, scope: &Scope) -> Requeue {
    let initialized = conditions::get(&scope.cluster, "ControlPlaneInitialized");
    let Some(initialized) = initialized.filter(|one| one.status == Status::True) else {
        return Requeue::Done;
    };
    if link::is_connected(cx, &scope.cluster) {
        return Requeue::Done;
    }
    let silent = link::health(cx, &scope.cluster).silent_for(&initialized.since);
    match silent > REMOTE_GRACE {
        true => Requeue::Done,
        false => Requeue::After(REMOTE_GRACE.saturating_sub(silent) + Duration::from_secs(1)),
    }
}

/// A condition that mirrors another object's Ready, or says what its absence means.
struct Mirrored<'a> {
    target: &'a str,
    kind: &'a str,
    field: &'a str,
    done: bool,
    deleting: bool,
}

impl Mirrored<'_> {
    fn condition(&self, found: &Found, lost: &str) -> Condition {
        let (target, kind) = (self.target, self.kind);
        match found {
            Found::There(_, object) => {
                let reason = if self.done { "Ready" } else { "NotReady" };
                let message = match self.done {
                    true => String::new(),
                    false => format!("{kind} status.initialization.{} is false", self.field),
                };
                let fallback = Condition::new(target, self.done, reason, message);
                mirror(object, "Ready", target, fallback)
            }
            Found::Unknown => Condition::unknown(
                target,
                "InternalError",
                "Please check controller logs for errors",
            ),
            Found::Missing if self.done && (self.deleting || !lost.is_empty()) => {
                let lost = if self.deleting { "" } else { lost };
                Condition::new(
                    target,
                    false,
                    "ObjectDeleted",
                    format!("{kind} has been deleted{lost}"),
                )
            }
            Found::Missing => Condition::new(
                target,
                false,
                "ObjectDoesNotExist",
                format!("{kind} does not exist"),
            ),
        }
    }
}

fn bootstrap_ready(scope: &Scope) -> Condition {
    let machine = &scope.machine;
    let target = "BootstrapConfigReady";
    if at(machine, "spec.bootstrap.configRef").is_null() {
        return Condition::new(target, true, "DataSecretProvided", "");
    }
    let mirrored = Mirrored {
        target,
        kind: text(machine, "spec.bootstrap.configRef.kind"),
        field: "dataSecretCreated",
        done: flag(machine, "status.initialization.bootstrapDataSecretCreated"),
        deleting: is_deleting(machine),
    };
    mirrored.condition(&scope.bootstrap, "")
}

fn infrastructure_ready(scope: &Scope) -> Condition {
    let machine = &scope.machine;
    let mirrored = Mirrored {
        target: "InfrastructureReady",
        kind: text(machine, "spec.infrastructureRef.kind"),
        field: "provisioned",
        done: flag(machine, "status.initialization.infrastructureProvisioned"),
        deleting: is_deleting(machine),
    };
    mirrored.condition(&scope.infrastructure, " while the Machine still exists")
}

fn both(scope: &mut Scope, now: &str, status: Status, reason: &str, message: &str) {
    for kind in ["NodeReady", "NodeHealthy"] {
        let condition = Condition::new(kind, status, reason, message);
        conditions::set(&mut scope.machine, now, condition);
    }
}

fn node_conditions(cx: &Context, scope: &mut Scope, now: &str) {
    let unknown = Status::Unknown;
    if !flag(&scope.cluster, "status.initialization.infrastructureProvisioned") {
        let why = "Waiting for Cluster status.initialization.infrastructureProvisioned to be true";
        return both(scope, now, unknown, "InspectionFailed", why);
    }
    let initialized = conditions::get(&scope.cluster, "ControlPlaneInitialized");
    let Some(initialized) = initialized.filter(|one| one.status == Status::True) else {
        let why = "Waiting for Cluster control plane to be initialized";
        return both(scope, now, unknown, "InspectionFailed", why);
    };
    let known =
        ["NodeReady", "NodeHealthy"].iter().all(|kind| conditions::has(&scope.machine, kind));
    let health = link::health(cx, &scope.cluster);
    if health.never_reached() {
        if !known {
            let why = "Remote connection not established yet";
            both(scope, now, unknown, "ConnectionDown", why);
        }
        return;
    }
    if health.silent_for(&initialized.since) > REMOTE_GRACE {
        return both(scope, now, unknown, "ConnectionDown", &health.message());
    }
    match std::mem::take(&mut scope.node) {
        NodeFound::NotConnected if known => {}
        NodeFound::NotConnected => {
            both(scope, now, unknown, "ConnectionDown", &health.message());
        }
        NodeFound::Failed => {
            let why = "Please check controller logs for errors";
            both(scope, now, unknown, "InternalError", why);
        }
        NodeFound::There(node) => {
            for condition in node_health::conditions(&node) {
                conditions::set(&mut scope.machine, now, condition);
            }
        }
        NodeFound::Missing => no_node(scope, now),
    }
}

fn no_node(scope: &mut Scope, now: &str) {
    let machine = &scope.machine;
    let deleting = is_deleting(machine);
    let node = text(machine, "status.nodeRef.name").to_owned();
    let provider_id = text(machine, "spec.providerID").to_owned();
    let kind = text(machine, "spec.infrastructureRef.kind").to_owned();
    let (status, reason, why) = match (node.as_str(), deleting) {
        ("", true) => (Status::Unknown, "NodeDoesNotExist", "Node does not exist".to_owned()),
        ("", false) if provider_id.is_empty() => (
            Status::Unknown,
            "InspectionFailed",
            format!("Waiting for {kind} to report spec.providerID"),
        ),
        ("", false) => (
            Status::Unknown,
            "InspectionFailed",
            format!("Waiting for a Node with spec.providerID {provider_id} to exist"),
        ),
        (node, true) => (Status::False, "NodeDeleted", format!("Node {node} has been deleted")),
        (node, false) => (
            Status::False,
            "NodeDeleted",
            format!("Node {node} has been deleted while the Machine still exists"),
        ),
    };
    both(scope, now, status, reason, &why);
}

fn up_to_date(cx: &Context, scope: &Scope) -> Option<Condition> {
    let (set, deployment) = (scope.set.as_ref()?, scope.deployment.as_ref()?);
    let target = "UpToDate";
    let mut why = differences(at(set, "spec.template"), at(deployment, "spec.template"));
    let after = text(deployment, "spec.rollout.after");
    let is_due = cx.clock.since(after).is_some() && text(set, "metadata.creationTimestamp") < after;
    if is_due {
        why.push("MachineDeployment spec.rolloutAfter expired".to_owned());
    }
    if !why.is_empty() {
        let lines: Vec<String> = why.iter().map(|line| format!("* {line}")).collect();
        return Some(Condition::new(target, false, "NotUpToDate", lines.join("\n")));
    }
    if let Some(condition) = kubelet_lags(&scope.machine) {
        return Some(condition);
    }
    Some(Condition::new(target, true, "UpToDate", ""))
}

/// A machine whose kubelet is not of the wanted version is on the way there.
pub(crate) fn kubelet_lags(machine: &Value) -> Option<Condition> {
    let (is, wanted) =
        (text(machine, "status.nodeInfo.kubeletVersion"), text(machine, "spec.version"));
    let lags = !is.is_empty() && is != wanted;
    lags.then(|| {
        let why = format!("* Node.status.nodeInfo.kubeletVersion {is}, {wanted} required");
        Condition::new("UpToDate", false, "Updating", why)
    })
}

fn phase(scope: &mut Scope, now: &str) {
    let machine = &scope.machine;
    let initialization = |field: &str| flag(machine, &format!("status.initialization.{field}"));
    let provisioned = initialization("infrastructureProvisioned");
    let old = text(machine, PHASE);
    let mut phase = if old.is_empty() { "Pending" } else { old };
    if initialization("bootstrapDataSecretCreated") && !provisioned {
        phase = "Provisioning";
    }
    if !text(machine, "spec.providerID").is_empty() {
        phase = "Provisioned";
    }
    if !text(machine, "status.nodeRef.name").is_empty() && provisioned {
        phase = "Running";
    }
    if is_deleting(machine) {
        phase = "Deleting";
    }
    if phase != old {
        let phase = phase.to_owned();
        put(&mut scope.machine, PHASE, json!(phase));
        put(&mut scope.machine, "status.lastUpdated", json!(now));
    }
}

fn available(cx: &Context, scope: &mut Scope, now: &str) -> Requeue {
    let ready = conditions::get(&scope.machine, "Ready");
    let is_ready = ready.as_ref().is_some_and(|one| one.status == Status::True);
    let wait = int(&scope.machine, "spec.minReadySeconds").unwrap_or_default();
    let wait = Duration::from_secs(wait.unsigned_abs());
    let since = ready.and_then(|one| cx.clock.since(&one.since)).unwrap_or_default();
    let (condition, requeue) = if !is_ready {
        (Condition::new("Available", false, "NotReady", ""), Requeue::Done)
    } else if since >= wait {
        (Condition::new("Available", true, "Available", ""), Requeue::Done)
    } else {
        let reason = "WaitingForMinReadySeconds";
        let left = wait.saturating_sub(since);
        (Condition::new("Available", false, reason, ""), Requeue::After(left))
    };
    conditions::set(&mut scope.machine, now, condition);
    requeue
}

/// Whether a machine is marked to be remediated by hand.
pub(crate) fn is_marked_for_remediation(machine: &Value) -> bool {
    annotation(machine, "cluster.x-k8s.io/remediate-machine").is_some()
}
