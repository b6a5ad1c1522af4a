//! The status of a cluster: its phase, counts and conditions.

use serde_json::{Value, json};

use super::{Found, Scope, plain, workers};
use crate::capi::conditions::{self, Condition, Status, Summary, mirror, summary};
use crate::capi::link;
use crate::capi::machine_set::{machines_ready, machines_up_to_date, remediating};
use crate::capi::object::{at, cut, flag, is_deleting, put, text};
use crate::runtime::Context;

const INITIALIZED: &str = "status.initialization.controlPlaneInitialized";
const PROVISIONED: &str = "status.initialization.infrastructureProvisioned";

/// Sets phase, counts and conditions.
pub(super) fn update(cx: &Context, scope: &mut Scope) {
    let now = cx.clock.text();
    phase(&mut scope.cluster);
    planes(scope);
    workers::count(scope);
    let probed = conditions::has(&scope.cluster, "RemoteConnectionProbe");
    let probe = link::health(cx, &scope.cluster).condition(probed);
    let found: Vec<Condition> = {
        let planes = plain(&scope.members.control_planes);
        let others = plain(&scope.members.workers);
        let mut machines = planes.clone();
        machines.extend(&others);
        probe
            .into_iter()
            .chain([infrastructure_ready(scope), plane_available(scope)])
            .chain(plane_initialized(scope))
            .chain([
                workers::available(scope),
                machines_ready(&planes, "ControlPlaneMachinesReady"),
                machines_ready(&others, "WorkerMachinesReady"),
                machines_up_to_date(cx, &planes, "ControlPlaneMachinesUpToDate"),
                machines_up_to_date(cx, &others, "WorkerMachinesUpToDate"),
                workers::moving(scope, "RollingOut"),
                workers::moving(scope, "ScalingUp"),
                workers::moving(scope, "ScalingDown"),
                remediating(&machines, "not healthy (not to be remediated)"),
                deleting(scope),
            ])
            .collect()
    };
    for condition in found {
        conditions::set(&mut scope.cluster, &now, condition);
    }
    let available = available(&scope.cluster);
    conditions::set(&mut scope.cluster, &now, available);
}

fn phase(cluster: &mut Value) {
    let has = |path: &str| !at(cluster, path).is_null();
    let mut phase = match text(cluster, "status.phase") {
        "" => "Pending",
        phase => phase,
    };
    if has("spec.infrastructureRef") || has("spec.controlPlaneRef") {
        phase = "Provisioning";
    }
    if flag(cluster, PROVISIONED) && has("spec.controlPlaneEndpoint.host") {
        phase = "Provisioned";
    }
    if is_deleting(cluster) {
        phase = "Deleting";
    }
    let phase = json!(phase);
    put(cluster, "status.phase", phase);
}

/// The counts of the control plane, as it reports them.
fn planes(scope: &mut Scope) {
    if at(&scope.cluster, "spec.controlPlaneRef").is_null() {
        return;
    }
    let fields = [
        ("desiredReplicas", "spec.replicas"),
        ("replicas", "status.replicas"),
        ("readyReplicas", "status.readyReplicas"),
        ("availableReplicas", "status.availableReplicas"),
        ("upToDateReplicas", "status.upToDateReplicas"),
        ("versions", "status.versions"),
    ];
    for (field, source) in fields {
        let path = format!("status.controlPlane.{field}");
        let found = scope.control_plane.object().map(|object| at(object, source).clone());
        let keeps = field != "versions";
        match found {
            Some(Value::Null) if keeps => {}
            None | Some(Value::Null) => cut(&mut scope.cluster, &path),
            Some(value) => put(&mut scope.cluster, &path, value),
        }
    }
}

/// A condition that mirrors another object's, or says what its absence means.
struct Mirrored<'a> {
    target: &'a str,
    source: &'a str,
    kind: &'a str,
    field: &'a str,
    /// The reasons when nothing is reported: done, and not yet.
    reasons: [&'a str; 2],
    done: bool,
    deleting: bool,
}

impl Mirrored<'_> {
    fn condition(&self, found: &Found) -> Condition {
        let (target, kind) = (self.target, self.kind);
        match found {
            Found::There(_, object) => {
                let message = match self.done {
                    true => String::new(),
                    false => format!("{kind} status.initialization.{} is false", self.field),
                };
                let reason = self.reasons[usize::from(!self.done)];
                let fallback = Condition::new(target, self.done, reason, message);
                mirror(object, self.source, target, fallback)
            }
            Found::Unknown => {
                let why = "Please check controller logs for errors";
                Condition::unknown(target, "InternalError", why)
            }
            Found::Missing if self.done => {
                let still = if self.deleting { "" } else { " while the cluster still exists" };
                let why = format!("{kind} has been deleted{still}");
                Condition::new(target, false, "ObjectDeleted", why)
            }
            Found::Missing => {
                let why = format!("{kind} does not exist");
                Condition::new(target, false, "ObjectDoesNotExist", why)
            }
        }
    }
}

fn infrastructure_ready(scope: &Scope) -> Condition {
    let cluster = &scope.cluster;
    let mirrored = Mirrored {
        target: "InfrastructureReady",
        source: "Ready",
        kind: text(cluster, "spec.infrastructureRef.kind"),
        field: "provisioned",
        reasons: ["Ready", "NotReady"],
        done: flag(cluster, PROVISIONED),
        deleting: is_deleting(cluster),
    };
    mirrored.condition(&scope.infrastructure)
}

fn plane_available(scope: &Scope) -> Condition {
    let cluster = &scope.cluster;
    let mirrored = Mirrored {
        target: "ControlPlaneAvailable",
        source: "Available",
        kind: text(cluster, "spec.controlPlaneRef.kind"),
        field: "controlPlaneInitialized",
        reasons: ["Available", "NotAvailable"],
        done: flag(cluster, INITIALIZED),
        deleting: is_deleting(cluster),
    };
    mirrored.condition(&scope.control_plane)
}

/// Once it is True it stays so.
fn plane_initialized(scope: &Scope) -> Option<Condition> {
    let target = "ControlPlaneInitialized";
    if conditions::is_true(&scope.cluster, target) {
        return None;
    }
    Some(match &scope.control_plane {
        Found::There(_, object) if flag(object, INITIALIZED) => {
            Condition::new(target, true, "Initialized", "")
        }
        Found::There(..) => {
            Condition::new(target, false, "NotInitialized", "Control plane not yet initialized")
        }
        Found::Missing => {
            let kind = text(&scope.cluster, "spec.controlPlaneRef.kind");
            Condition::unknown(target, "ObjectDoesNotExist", format!("{kind} does not exist"))
        }
        Found::Unknown => {
            let why = "Please check controller logs for errors";
            Condition::unknown(target, "InternalError", why)
        }
    })
}

fn deleting(scope: &Scope) -> Condition {
    if !is_deleting(&scope.cluster) {
        return Condition::new("Deleting", false, "NotDeleting", "");
    }
    let (reason, message) = &scope.deleting;
    let reason = if reason.is_empty() { "InternalError" } else { reason.as_str() };
    Condition::new("Deleting", Status::True, reason, message.clone())
}

fn available(cluster: &Value) -> Condition {
    let is_going = is_deleting(cluster);
    let harmless = |one: &Condition| {
        let is_gone = matches!(one.reason.as_str(), "ObjectDeleted" | "ObjectDoesNotExist");
        let is_part = matches!(one.kind.as_str(), "InfrastructureReady" | "ControlPlaneAvailable");
        is_going && is_gone && is_part
    };
    let how = Summary {
        kinds: &[
            "Deleting",
            "RemoteConnectionProbe",
            "InfrastructureReady",
            "ControlPlaneAvailable",
            "WorkersAvailable",
        ],
        negative: &["Deleting"],
        optional: &[],
        reasons: ["NotAvailable", "AvailableUnknown", "Available"],
        harmless: &harmless,
        instead: None,
        transform: None,
    };
    summary(cluster, "Available", &how)
}
