//! Lets machines go: the member of etcd first, then the hook that holds the machine.

use serde_json::Value;

use super::{DELETE_RETRY, FINALIZER, HOOK, Scope, conditions};
use crate::api::resources::MACHINES;
use crate::capi::conditions::{get, is_true};
use crate::capi::machine_set::slow;
use crate::capi::object::{
    annotation, annotations_with, is_control_plane, is_deleting, name, remove_annotation,
    remove_finalizer, text,
};
use crate::capi::{Outcome, draft, failed, paused, read};
use crate::remote::EtcdMember;
use crate::runtime::{Context, Key, Requeue};

/// One step of the deletion of the whole control plane: workers first.
pub(super) async fn step(cx: &Context, scope: &mut Scope<'_>) -> Outcome<Requeue> {
    if scope.machines.is_empty() {
        scope.deleting = ("DeletionCompleted".to_owned(), "Deletion completed".to_owned());
        remove_finalizer(&mut scope.plane, FINALIZER);
        return Ok(Requeue::Done);
    }
    // What is known of the machines does not hold the deletion up.
    let _ = conditions::update(cx, scope).await;
    for machine in &mut scope.machines {
        let _ = machine.write_conditions(cx).await;
    }
    let cluster = name(&scope.cluster);
    let mut workers = read::of_cluster(cx, &MACHINES, &scope.key.namespace, cluster);
    workers.retain(|machine| !is_control_plane(machine));
    if !workers.is_empty() {
        let names: Vec<String> = workers.iter().map(|one| name(one).to_owned()).collect();
        let names = crate::capi::conditions::listed(&names);
        let message = format!(
            "KubeadmControlPlane deletion blocked because following objects still exist:\n\
             * Machines: {names}"
        );
        scope.deleting = ("WaitingForWorkersDeletion".to_owned(), message);
        return Ok(Requeue::After(DELETE_RETRY));
    }
    for machine in &scope.machines {
        unhook(cx, machine).await?;
        paused::delete(cx, &MACHINES, machine).await?;
    }
    let machines = super::plain(scope);
    let mut message = match machines.len() {
        1 => "Deleting 1 Machine".to_owned(),
        many => format!("Deleting {many} Machines"),
    };
    if let Some(slow) = slow(cx, &machines) {
        message = format!("{message} and {slow}");
    }
    scope.deleting = ("WaitingForMachineDeletion".to_owned(), message);
    Ok(Requeue::After(DELETE_RETRY))
}

async fn unhook(cx: &Context, machine: &Value) -> Outcome<()> {
    if annotation(machine, HOOK).is_none() {
        return Ok(());
    }
    let mut wanted = machine.clone();
    remove_annotation(&mut wanted, HOOK);
    draft::patch(cx, &MACHINES, machine, &wanted).await
}

/// Whether etcd keeps its quorum without a member.
fn bears(members: &[EtcdMember], without: &str) -> bool {
    let left = members.iter().filter(|member| member.name != without);
    let (count, healthy) = left.fold((0, 0), |(count, healthy), member| {
        (count + 1, healthy + usize::from(member.healthy))
    });
    count > 0 && healthy > count / 2
}

/// Removes a member of etcd that has no machine, once no machine is on its way.
pub(super) async fn stray_member(cx: &Context, scope: &mut Scope<'_>) -> Outcome<Option<Requeue>> {
    let Some(members) = scope.members.clone().filter(|members| !members.is_empty()) else {
        return Ok(None);
    };
    if is_true(&scope.plane, "EtcdClusterHealthy") {
        return Ok(None);
    }
    let nodes: Vec<&str> =
        scope.machines.iter().map(|machine| text(machine, "status.nodeRef.name")).collect();
    if nodes.contains(&"") {
        return Ok(None);
    }
    let stray = members.iter().find(|member| !nodes.contains(&member.name.as_str()));
    let Some(stray) = stray else { return Ok(None) };
    if !bears(&members, &stray.name) {
        return Err(failed(format!(
            "etcd member {} does not have a corresponding Machine, it must be removed from the \
             cluster but this operation can lead to quorum loss",
            stray.name
        )));
    }
    remove(cx, scope, &stray.name).await?;
    Ok(Some(Requeue::After(std::time::Duration::from_secs(1))))
}

async fn remove(cx: &Context, scope: &Scope<'_>, member: &str) -> Outcome<()> {
    let removed = cx.remote.remove_etcd_member(&Key::of(&scope.cluster), member).await;
    removed.map_err(|error| failed(format!("failed to remove etcd member {member}: {error}")))
}

/// Lets the machine go that waits for it: removes its member, then the hook.
pub(super) async fn release_hook(cx: &Context, scope: &mut Scope<'_>) -> Outcome<Option<Requeue>> {
    let mut leaving: Vec<&Value> =
        super::plain(scope).into_iter().filter(|machine| is_deleting(machine)).collect();
    leaving.sort_by_key(|machine| text(machine, "metadata.deletionTimestamp").to_owned());
    let Some(machine) = leaving.first().map(|machine| Value::clone(machine)) else {
        return Ok(None);
    };
    let again = Ok(Some(Requeue::After(DELETE_RETRY)));
    if leaving.iter().any(|machine| annotation(machine, HOOK).is_none()) {
        return again;
    }
    let others = annotations_with(&machine, "pre-terminate.delete.hook.machine.cluster.x-k8s.io");
    let waits =
        get(&machine, "Deleting").is_some_and(|one| one.reason == "WaitingForPreTerminateHook");
    if others.len() > 1 || !waits {
        return again;
    }
    if scope.machines.len() <= 1 {
        unhook(cx, &machine).await?;
        return again;
    }
    let Some(members) = scope.members.clone().filter(|members| !members.is_empty()) else {
        return Err(failed("unable to remove pre-terminate hook, etcd member list is empty"));
    };
    let node = text(&machine, "status.nodeRef.name");
    if members.iter().any(|member| member.name == node) {
        if !bears(&members, node) {
            return again;
        }
        remove(cx, scope, node).await?;
    }
    unhook(cx, &machine).await?;
    again
}
