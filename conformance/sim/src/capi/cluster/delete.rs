//! Takes a cluster down: workers, control plane, infrastructure.

use serde_json::Value;

use super::{DELETE_RETRY, FINALIZER, Found, Scope};
use crate::api::resources::{CLUSTERS, MACHINE_DEPLOYMENTS, MACHINE_SETS, MACHINES};
use crate::capi::conditions::listed;
use crate::capi::object::{at, is_owned_by, name, remove_finalizer, text};
use crate::capi::{Outcome, paused};
use crate::runtime::{Context, Requeue};

/// One step; which, stands in the condition Deleting.
pub(super) async fn step(cx: &Context, scope: &mut Scope) -> Outcome<Requeue> {
    let has_plane = !at(&scope.cluster, "spec.controlPlaneRef").is_null();
    delete_members(cx, scope, has_plane).await?;
    let left = left(scope, has_plane);
    if !left.is_empty() {
        let lines: Vec<String> = left.iter().map(|line| format!("* {line}")).collect();
        scope.deleting = ("WaitingForWorkersDeletion".to_owned(), lines.join("\n"));
        return Ok(Requeue::After(DELETE_RETRY));
    }
    let stages = [
        (&scope.control_plane, "spec.controlPlaneRef", "WaitingForControlPlaneDeletion"),
        (&scope.infrastructure, "spec.infrastructureRef", "WaitingForInfrastructureDeletion"),
    ];
    for (found, path, reason) in stages {
        if at(&scope.cluster, path).is_null() || matches!(found, Found::Missing) {
            continue;
        }
        if let Found::There(res, object) = found {
            paused::delete(cx, res, object).await?;
        }
        let kind = text(at(&scope.cluster, path), "kind");
        scope.deleting = (reason.to_owned(), format!("Waiting for {kind} to be deleted"));
        return Ok(Requeue::Done);
    }
    scope.deleting = ("DeletionCompleted".to_owned(), "Deletion completed".to_owned());
    remove_finalizer(&mut scope.cluster, FINALIZER);
    Ok(Requeue::Done)
}

/// Deletes what the cluster owns itself.
async fn delete_members(cx: &Context, scope: &Scope, has_plane: bool) -> Outcome<()> {
    let members = &scope.members;
    let planes = if has_plane { &[][..] } else { &members.control_planes[..] };
    let lists = [
        (&MACHINE_DEPLOYMENTS, &members.deployments[..]),
        (&MACHINE_SETS, &members.sets[..]),
        (&MACHINES, &members.workers[..]),
        (&MACHINES, planes),
    ];
    for (res, objects) in lists {
        for object in objects {
            if is_owned_by(object, &CLUSTERS, &scope.cluster) {
                paused::delete(cx, res, object).await?;
            }
        }
    }
    Ok(())
}

/// What is still there, in words.
fn left(scope: &Scope, has_plane: bool) -> Vec<String> {
    let members = &scope.members;
    let names = |objects: &[std::sync::Arc<Value>]| -> Vec<String> {
        objects.iter().map(|object| name(object).to_owned()).collect()
    };
    let planes = if has_plane { Vec::new() } else { names(&members.control_planes) };
    let all = [
        ("Control plane Machines", planes),
        ("MachineDeployments", names(&members.deployments)),
        ("MachineSets", names(&members.sets)),
        ("Worker Machines", names(&members.workers)),
    ];
    let all = all.into_iter().filter(|(_, names)| !names.is_empty());
    all.map(|(what, names)| format!("{what}: {}", listed(&names))).collect()
}
