//! Replaces control plane machines that a health check gave up.

use serde_json::{Value, json};

use super::Scope;
use crate::api::resources::MACHINES;
use crate::capi::conditions::{self, Condition, is_false, is_true};
use crate::capi::machine::is_marked_for_remediation;
use crate::capi::machine_set::is_to_be_remediated;
use crate::capi::object::{annotation, is_deleting, name, set_annotation, text};
use crate::capi::{Outcome, paused};
use crate::runtime::{Context, Requeue};

/// Marks the control plane while a machine is being replaced.
pub(super) const IN_PROGRESS: &str = "controlplane.cluster.x-k8s.io/remediation-in-progress";
/// Marks the replacement.
pub(super) const FOR: &str = "controlplane.cluster.x-k8s.io/remediation-for";
const OWNER_REMEDIATED: &str = "OwnerRemediated";

/// The replacement that is under way.
pub(super) fn in_progress(plane: &Value) -> Option<&str> {
    annotation(plane, IN_PROGRESS)
}

/// Deletes one sick machine if that is safe; something if that was done.
pub(super) async fn unhealthy(cx: &Context, scope: &mut Scope<'_>) -> Outcome<Option<Requeue>> {
    let now = cx.clock.text();
    for machine in scope.machines.iter_mut().filter(|machine| !is_deleting(machine)) {
        if is_true(machine, "HealthCheckSucceeded") && is_false(machine, OWNER_REMEDIATED) {
            conditions::remove(machine, OWNER_REMEDIATED);
            machine.write_conditions(cx).await?;
        }
    }
    let sick = scope
        .machines
        .iter()
        .enumerate()
        .filter(|(_, machine)| is_to_be_remediated(machine) && !is_deleting(machine))
        .min_by_key(|(_, machine)| {
            let made = text(machine, "metadata.creationTimestamp").to_owned();
            let has_node = !text(machine, "status.nodeRef.name").is_empty();
            (!is_marked_for_remediation(machine), has_node, made, name(machine).to_owned())
        })
        .map(|(at, _)| at);
    let Some(at) = sick else { return Ok(None) };
    if let Some((reason, why)) = refusal(scope, at) {
        let machine = &mut scope.machines[at];
        let condition = Condition::new(OWNER_REMEDIATED, false, reason, why);
        conditions::set(machine, &now, condition);
        machine.write_conditions(cx).await?;
        return Ok(None);
    }
    let machine = &mut scope.machines[at];
    if paused::delete(cx, &MACHINES, machine).await? {
        scope.writes.note(cx, scope.key, &MACHINES, machine, true);
    }
    let why = "Machine is deleting";
    let condition = Condition::new(OWNER_REMEDIATED, false, "MachineDeleting", why);
    conditions::set(machine, &now, condition);
    machine.write_conditions(cx).await?;
    let data = json!({"machine": name(machine), "timestamp": now, "retryCount": 0});
    set_annotation(&mut scope.plane, IN_PROGRESS, &data.to_string());
    Ok(Some(Requeue::After(std::time::Duration::from_millis(1))))
}

fn refusal(scope: &Scope<'_>, sick: usize) -> Option<(&'static str, &'static str)> {
    if in_progress(&scope.plane).is_some() {
        let why = "KubeadmControlPlane can't remediate this Machine while replacement of another \
                   Machine is in progress";
        return Some(("RemediationDeferred", why));
    }
    if !scope.is_initialized() {
        return None;
    }
    if scope.machines.len() <= 1 {
        let why = "KubeadmControlPlane can't remediate if current replicas are less or equal to 1";
        return Some(("MachineCannotBeRemediated", why));
    }
    let others = || scope.machines.iter().enumerate().filter(|(at, _)| *at != sick);
    if others().any(|(_, machine)| text(machine, "status.nodeRef.name").is_empty()) {
        let why = "KubeadmControlPlane waiting for control plane Machine provisioning to complete \
                   before triggering remediation";
        return Some(("RemediationDeferred", why));
    }
    if others().any(|(_, machine)| is_deleting(machine)) {
        let why = "KubeadmControlPlane waiting for control plane Machine deletion to complete \
                   before triggering remediation";
        return Some(("RemediationDeferred", why));
    }
    let Some(members) = &scope.members else {
        let why = "Failed to check etcd cluster health before remediation";
        return Some(("RemediationDeferred", why));
    };
    let node = text(&scope.machines[sick], "status.nodeRef.name");
    let left: Vec<bool> =
        members.iter().filter(|one| one.name != node).map(|one| one.healthy).collect();
    let healthy = left.iter().filter(|healthy| **healthy).count();
    if healthy <= left.len() / 2 {
        let why = "KubeadmControlPlane can't remediate this Machine because this could result in \
                   loosing Kubernetes control plane components or in etcd quorum loss";
        return Some(("MachineCannotBeRemediated", why));
    }
    None
}
