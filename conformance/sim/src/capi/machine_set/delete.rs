//! Deletes the machines that are too many, all at once, in the order of the set.

use serde_json::Value;

use super::Scope;
use crate::api::resources::MACHINES;
use crate::capi::conditions::is_false;
use crate::capi::object::{annotation, is_deleting, name, text};
use crate::capi::{Outcome, paused};
use crate::runtime::{Context, Requeue};

const DELETE_FIRST: &str = "cluster.x-k8s.io/delete-machine";

/// Deletes so many machines; those that are being deleted count.
pub(super) async fn machines(
    cx: &Context,
    scope: &mut Scope<'_>,
    count: usize,
) -> Outcome<Requeue> {
    if count == 0 {
        return Ok(Requeue::Done);
    }
    let order = text(&scope.set, "spec.deletion.order").to_owned();
    let mut machines = scope.machines.clone();
    machines.sort_by(|one, other| {
        priority(other)
            .cmp(&priority(one))
            .then_with(|| by_age(&order, one, other))
            .then_with(|| name(one).cmp(name(other)))
    });
    let mut result = Ok(Requeue::Done);
    for machine in machines.iter().take(count) {
        match paused::delete(cx, &MACHINES, machine).await {
            Ok(true) => scope.writes.note(cx, scope.key, &MACHINES, machine, true),
            Ok(false) => {}
            Err(error) => result = Err(error),
        }
    }
    result
}

fn priority(machine: &Value) -> u8 {
    if is_deleting(machine) {
        return 3;
    }
    if annotation(machine, DELETE_FIRST).is_some() {
        return 2;
    }
    let is_healthy = !text(machine, "status.nodeRef.name").is_empty()
        && !is_false(machine, "NodeHealthy")
        && !is_false(machine, "HealthCheckSucceeded");
    u8::from(!is_healthy)
}

fn by_age(order: &str, one: &Value, other: &Value) -> std::cmp::Ordering {
    let made = |machine: &Value| text(machine, "metadata.creationTimestamp").to_owned();
    match order {
        "Newest" => made(other).cmp(&made(one)),
        "Oldest" => made(one).cmp(&made(other)),
        _ => std::cmp::Ordering::Equal,
    }
}
