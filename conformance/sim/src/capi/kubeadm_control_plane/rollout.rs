//! How many machines there are to be, and of which kind: one at a time, new before old.

use serde_json::Value;

use super::{Scope, machines, preflight};
use crate::api::Res;
use crate::api::resources::{KUBEADM_CONFIGS, MACHINES};
use crate::capi::machine_deployment::scaled;
use crate::capi::object::{
    CERTIFICATES_EXPIRY, CLONED_FROM_NAME, annotation, at, int, is_deleting, name, namespace,
    set_annotation, text,
};
use crate::capi::{Outcome, draft, link, paused, read};
use crate::runtime::{Context, Requeue};

const DELETE_FIRST: &str = "cluster.x-k8s.io/delete-machine";
/// How long the certificates of a machine are good, in hours.
const YEAR: i64 = 365 * 24;

/// In what a machine differs from what the control plane wants.
pub(super) fn differences(cx: &Context, scope: &Scope<'_>, machine: &Value) -> Vec<String> {
    let mut why = Vec::new();
    let (old, new) = (text(machine, "spec.version"), text(&scope.plane, "spec.version"));
    if old != new {
        why.push(format!("Version {old}, {new} required"));
    }
    let template = at(&scope.plane, "spec.machineTemplate.spec.infrastructureRef");
    let reference = at(machine, "spec.infrastructureRef");
    let ns = namespace(machine);
    let object = Res::of(reference).and_then(|res| read::one(cx, res, ns, text(reference, "name")));
    let origin = object.as_ref().and_then(|object| annotation(object, CLONED_FROM_NAME));
    if origin.is_some_and(|origin| origin != text(template, "name")) {
        why.push(format!("{} is not up-to-date", text(reference, "kind")));
    }
    let after = text(&scope.plane, "spec.rollout.after");
    if cx.clock.since(after).is_some() && text(machine, "metadata.creationTimestamp") < after {
        why.push("KubeadmControlPlane spec.rolloutAfter expired".to_owned());
    }
    why
}

/// One step towards the machines that are wanted.
pub(super) async fn step(cx: &Context, scope: &mut Scope<'_>) -> Outcome<Requeue> {
    let stale: Vec<String> = scope
        .machines
        .iter()
        .filter(|machine| !is_deleting(machine) && !differences(cx, scope, machine).is_empty())
        .map(|machine| name(machine).to_owned())
        .collect();
    let (there, wanted) = (scope.machines.len(), scope.wanted());
    if !stale.is_empty() {
        link::client(cx, &scope.cluster)?;
        let surge = at(&scope.plane, "spec.rollout.strategy.rollingUpdate.maxSurge");
        let surge = scaled(surge, int(&scope.plane, "spec.replicas").unwrap_or(1), true);
        let surge = usize::try_from(surge.unwrap_or(1)).unwrap_or_default();
        if there < wanted + surge {
            return grow(cx, scope).await;
        }
        return shrink(cx, scope, &stale).await;
    }
    if there == 0 && wanted > 0 {
        machines::create(cx, scope, false).await?;
        return Ok(Requeue::Done);
    }
    if there < wanted {
        return grow(cx, scope).await;
    }
    if there > wanted {
        return shrink(cx, scope, &[]).await;
    }
    if link::is_connected(cx, &scope.cluster) {
        note_expiries(cx, scope).await?;
    }
    Ok(Requeue::Done)
}

async fn grow(cx: &Context, scope: &mut Scope<'_>) -> Outcome<Requeue> {
    if let Some(requeue) = preflight::check(cx, scope, true, None) {
        return Ok(requeue);
    }
    machines::create(cx, scope, true).await?;
    Ok(Requeue::Done)
}

/// Deletes the machine that goes first: one that is marked, then one that is stale; the oldest.
async fn shrink(cx: &Context, scope: &mut Scope<'_>, stale: &[String]) -> Outcome<Requeue> {
    let is_stale = |machine: &Value| stale.iter().any(|one| one == name(machine));
    let first = scope.machines.iter().min_by_key(|machine| {
        let marked = annotation(machine, DELETE_FIRST).is_some();
        let stale = is_stale(machine);
        let rank = match (stale, marked) {
            (true, true) => 0,
            (false, true) => 1,
            (true, false) => 2,
            (false, false) => 3,
        };
        (rank, text(machine, "metadata.creationTimestamp").to_owned(), name(machine).to_owned())
    });
    let Some(machine) = first.map(|machine| Value::clone(machine)) else {
        return Ok(Requeue::Done);
    };
    if let Some(requeue) = preflight::check(cx, scope, false, Some(name(&machine))) {
        return Ok(requeue);
    }
    link::client(cx, &scope.cluster)?;
    if paused::delete(cx, &MACHINES, &machine).await? {
        scope.writes.note(cx, scope.key, &MACHINES, &machine, true);
    }
    Ok(Requeue::Done)
}

/// Notes at the bootstrap configurations when the certificates of their machines expire.
async fn note_expiries(cx: &Context, scope: &Scope<'_>) -> Outcome<()> {
    if !scope.is_initialized() {
        return Ok(());
    }
    for machine in scope.machines.iter().filter(|machine| !is_deleting(machine)) {
        let config = read::one(cx, &KUBEADM_CONFIGS, namespace(machine), name(machine));
        let Some(config) = config else { continue };
        let is_noted = annotation(&config, CERTIFICATES_EXPIRY).is_some();
        if is_noted || text(machine, "status.nodeRef.name").is_empty() {
            continue;
        }
        let made: Option<jiff::Timestamp> =
            text(machine, "metadata.creationTimestamp").parse().ok();
        let year = jiff::SignedDuration::from_hours(YEAR);
        let Some(end) = made.and_then(|made| made.checked_add(year).ok()) else { continue };
        let mut wanted = config.clone();
        let end = fulcrum_apiserver::clock::seconds(end);
        set_annotation(&mut wanted, CERTIFICATES_EXPIRY, &end);
        draft::patch(cx, &KUBEADM_CONFIGS, &config, &wanted).await?;
    }
    Ok(())
}
