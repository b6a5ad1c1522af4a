//! Deletes machines that a health check gave to the set to remediate.

use std::sync::Arc;

use serde_json::Value;

use super::{Scope, preflight};
use crate::api::resources::MACHINES;
use crate::capi::conditions::{self, Condition, is_false, is_true};
use crate::capi::draft::Draft;
use crate::capi::object::{REVISION, annotation, at, int, is_deleting, name, text};
use crate::capi::{Outcome, paused};
use crate::runtime::{Context, Requeue};

const OWNER_REMEDIATED: &str = "OwnerRemediated";
const CHECK: &str = "HealthCheckSucceeded";

/// Whether a machine is sick, and its owner was told to do something.
pub(crate) fn is_to_be_remediated(machine: &Value) -> bool {
    is_false(machine, CHECK) && is_false(machine, OWNER_REMEDIATED)
}

/// Deletes the sick machines, at most so many at a time as the deployment allows.
pub(super) async fn unhealthy(cx: &Context, scope: &mut Scope<'_>) -> Outcome<Requeue> {
    for machine in scope.machines.iter().filter(|machine| !is_deleting(machine)) {
        if is_true(machine, CHECK) && is_false(machine, OWNER_REMEDIATED) {
            let mut draft = Draft::new(&MACHINES, Value::clone(machine));
            conditions::remove(&mut draft, OWNER_REMEDIATED);
            draft.write_conditions(cx).await?;
        }
    }
    let mut sick: Vec<Arc<Value>> = scope
        .machines
        .iter()
        .filter(|machine| is_to_be_remediated(machine) && !is_deleting(machine))
        .cloned()
        .collect();
    if sick.is_empty() {
        return Ok(Requeue::Done);
    }
    let owner = scope.deployment.as_ref();
    if owner.is_some_and(|it| annotation(it, REVISION) != annotation(&scope.set, REVISION)) {
        let why = "Machine won't be remediated because it is pending removal due to rollout";
        mark(cx, &sick, "MachineCannotBeRemediated", why).await?;
        return Ok(Requeue::Done);
    }
    sick.sort_by_key(|machine| {
        let marked = crate::capi::machine::is_marked_for_remediation(machine);
        let made = text(machine, "metadata.creationTimestamp").to_owned();
        (!marked, made, name(machine).to_owned())
    });
    let room = room(scope);
    if let Some(room) = room.filter(|room| *room < sick.len()) {
        let limit = at(owner.unwrap_or(&Value::Null), "spec.remediation.maxInFlight").clone();
        let limit = limit.as_str().map_or_else(|| limit.to_string(), str::to_owned);
        let why = format!(
            "Waiting because there are already too many remediations in progress \
             (spec.strategy.remediation.maxInFlight is {limit})"
        );
        mark(cx, &sick[room..], "RemediationDeferred", &why).await?;
        sick.truncate(room);
        if sick.is_empty() {
            return Ok(Requeue::Done);
        }
    }
    let refused = preflight::check(cx, scope)?;
    if !refused.is_empty() {
        let lines: Vec<String> = refused.iter().map(|line| format!("* {line}")).collect();
        mark(cx, &sick, "RemediationDeferred", &lines.join("\n")).await?;
        return Ok(Requeue::After(preflight::RETRY));
    }
    mark(cx, &sick, "MachineDeleting", "Machine is deleting").await?;
    for machine in &sick {
        if paused::delete(cx, &MACHINES, machine).await? {
            scope.writes.note(cx, scope.key, &MACHINES, machine, true);
        }
    }
    Ok(Requeue::Done)
}

/// How many more may be remediated at once; `None` without a limit.
fn room(scope: &Scope<'_>) -> Option<usize> {
    let owner = scope.deployment.as_ref()?;
    let limit = at(owner, "spec.remediation.maxInFlight");
    let replicas = int(owner, "spec.replicas").unwrap_or(1);
    let limit = super::super::machine_deployment::scaled(limit, replicas, true)?;
    let under_way = scope.machines.iter().filter(|machine| {
        is_deleting(machine)
            && conditions::get(machine, OWNER_REMEDIATED)
                .is_some_and(|one| one.reason == "MachineDeleting")
    });
    let limit = usize::try_from(limit).unwrap_or_default();
    Some(limit.saturating_sub(under_way.count()))
}

async fn mark(cx: &Context, machines: &[Arc<Value>], reason: &str, why: &str) -> Outcome<()> {
    let now = cx.clock.text();
    for machine in machines {
        let mut draft = Draft::new(&MACHINES, Value::clone(machine));
        let condition = Condition::new(OWNER_REMEDIATED, false, reason, why);
        conditions::set(&mut draft, &now, condition);
        draft.write_conditions(cx).await?;
    }
    Ok(())
}
