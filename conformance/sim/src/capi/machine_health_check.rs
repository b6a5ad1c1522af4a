//! The controller of `MachineHealthChecks`: marks sick machines, and tells their owners to
//! remediate them if not too many are sick. It looks at each check at most once in 15 s.

mod target;

use std::time::Duration;

use serde_json::{Value, json};

use crate::api::Res;
use crate::api::resources::{CLUSTERS, MACHINE_HEALTH_CHECKS, MACHINES};
use crate::capi::conditions::{self, Condition, Status, is_true};
use crate::capi::draft::Draft;
use crate::capi::machine_deployment::scaled;
use crate::capi::object::{
    CLUSTER_NAME, annotation, at, cluster_of, ensure_owner, is_deleting, label, name, namespace,
    plain_owner, put, selects, set_label, text,
};
use crate::capi::{CORE, Outcome, Pass, failed, link, paused, read, wake};
use crate::runtime::{BoxFuture, Concern, Context, Key, ReconcileError, Reconciler, Requeue};
use target::{Target, Verdict};

const SKIP: &str = "cluster.x-k8s.io/skip-remediation";

/// The controller of `MachineHealthChecks`.
#[derive(Debug, Default)]
pub(crate) struct MachineHealthChecks;

impl Reconciler for MachineHealthChecks {
    fn name(&self) -> &'static str {
        "machinehealthcheck"
    }

    fn agent(&self) -> &'static str {
        CORE
    }

    fn concerns(&self) -> Vec<Concern> {
        vec![
            Concern::own(&MACHINE_HEALTH_CHECKS),
            Concern { res: &MACHINES, map: wake::checks_of_machine },
            Concern { res: &CLUSTERS, map: wake::checks_of_cluster },
        ]
    }

    fn reads(&self) -> Vec<&'static Res> {
        vec![&MACHINES]
    }

    fn pace(&self) -> Duration {
        Duration::from_secs(15)
    }

    fn reconcile<'a>(
        &'a self,
        key: &'a Key,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Requeue, ReconcileError>> {
        Box::pin(reconcile(key, cx))
    }
}

async fn reconcile(key: &Key, cx: &Context) -> Outcome<Requeue> {
    let Some(check) = read::one(cx, &MACHINE_HEALTH_CHECKS, &key.namespace, &key.name) else {
        return Ok(Requeue::Done);
    };
    let Some(cluster) = read::one(cx, &CLUSTERS, &key.namespace, cluster_of(&check)) else {
        return Err(failed(format!("MachineHealthCheck {key}: its Cluster was not found")));
    };
    let mut check = Draft::new(&MACHINE_HEALTH_CHECKS, check);
    if paused::is_held(cx, Some(&cluster), &mut check).await? {
        return Ok(Requeue::Done);
    }
    let mut pass = Pass::default();
    pass.note(judge(cx, &cluster, &mut check).await);
    pass.written(check.write(cx, pass.is_ok()).await);
    pass.end()
}

async fn judge(cx: &Context, cluster: &Value, check: &mut Draft) -> Outcome<Requeue> {
    set_label(check, CLUSTER_NAME, name(cluster));
    ensure_owner(check, &plain_owner(&CLUSTERS, cluster));
    let targets = targets(cx, cluster, check).await?;
    let mut names: Vec<&str> = targets.iter().map(|target| name(&target.machine)).collect();
    names.sort_unstable();
    let names = json!(names);
    put(check, "status.expectedMachines", json!(targets.len()));
    put(check, "status.targets", names);
    let mut healthy = Vec::new();
    let mut sick = Vec::new();
    let mut next: Option<Duration> = None;
    let total = targets.len();
    for mut target in targets {
        match target.judge(cx, cluster, check) {
            Verdict::Healthy => healthy.push(target),
            Verdict::Sick => sick.push(target),
            Verdict::Later(time) => next = Some(next.map_or(time, |next| next.min(time))),
            Verdict::None => {}
        }
    }
    put(check, "status.currentHealthy", json!(healthy.len()));
    let now = cx.clock.text();
    let (allowed, left, limit) = allowed(check, total, total - healthy.len())?;
    if !allowed {
        let message = format!(
            "Remediation is not allowed, the number of not started or unhealthy machines {limit} \
             (total: {total}, unhealthy: {}, {})",
            sick.len(),
            limit_shown(check),
        );
        put(check, "status.remediationsAllowed", json!(0));
        let condition =
            Condition::new("RemediationAllowed", false, "TooManyUnhealthy", message.clone());
        conditions::set(check, &now, condition);
        if !sick.is_empty() {
            event(cx, check, "Warning", "RemediationRestricted", &message).await;
        }
        for target in healthy.iter_mut().chain(&mut sick) {
            target.machine.write_conditions(cx).await?;
        }
        return Ok(Requeue::Done);
    }
    put(check, "status.remediationsAllowed", json!(left));
    let condition = Condition::new("RemediationAllowed", true, "RemediationAllowed", "");
    conditions::set(check, &now, condition);
    for target in &mut sick {
        hand_over(cx, cluster, check, target, &now).await?;
    }
    for target in &mut healthy {
        target.machine.write_conditions(cx).await?;
    }
    Ok(next.map_or(Requeue::Done, Requeue::After))
}

/// Tells the owner of a sick machine to remediate it.
async fn hand_over(
    cx: &Context,
    cluster: &Value,
    check: &Value,
    target: &mut Target,
    now: &str,
) -> Outcome<()> {
    let machine = &mut target.machine;
    let told = conditions::get(machine, "OwnerRemediated");
    let is_told = told.is_some_and(|one| one.status != Status::True);
    if !paused::is_paused(Some(cluster), machine) && !is_deleting(machine) && !is_told {
        let why = "Waiting for remediation";
        let condition = Condition::new("OwnerRemediated", false, "WaitingForRemediation", why);
        conditions::set(machine, now, condition);
    }
    machine.write_conditions(cx).await?;
    let shown = |object: &Value| format!("{}/{}", namespace(object), name(object));
    let message =
        format!("Machine {} has been marked as unhealthy by {}", shown(machine), shown(check));
    event(cx, machine, "Normal", "MachineMarkedUnhealthy", &message).await;
    Ok(())
}

/// The machines that are looked at, with their nodes.
async fn targets(cx: &Context, cluster: &Value, check: &Value) -> Outcome<Vec<Target>> {
    let mut machines = read::all(cx, &MACHINES, namespace(check));
    machines.retain(|machine| {
        selects(at(check, "spec.selector"), machine)
            && label(machine, CLUSTER_NAME) == Some(name(cluster))
    });
    let nodes = match is_true(cluster, "ControlPlaneInitialized") {
        true => Some(link::nodes(cx, cluster, wake::checks_of_node).await?),
        false => None,
    };
    let mut targets = Vec::new();
    for machine in machines {
        let is_left_out = annotation(&machine, crate::capi::object::PAUSED).is_some()
            || annotation(&machine, SKIP).is_some();
        if is_left_out {
            continue;
        }
        let wanted = text(&machine, "status.nodeRef.name");
        let looked = nodes.as_ref().filter(|_| !wanted.is_empty());
        let node = looked.and_then(|nodes| nodes.iter().find(|node| name(node) == wanted));
        let node_missing = looked.is_some() && node.is_none();
        let node = node.cloned();
        let machine = Draft::new(&MACHINES, Value::clone(&machine));
        targets.push(Target { machine, node, node_missing });
    }
    Ok(targets)
}

/// Whether so many may be sick, how many more may become so, and what else is wrong.
fn allowed(check: &Value, total: usize, sick: usize) -> Outcome<(bool, i64, &'static str)> {
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let (total, sick) = (count(total), count(sick));
    let range = text(check, "spec.remediation.triggerIf.unhealthyInRange");
    if range.is_empty() {
        let limit = at(check, "spec.remediation.triggerIf.unhealthyLessThanOrEqualTo");
        let default = json!("100%");
        let limit = if limit.is_null() { &default } else { limit };
        let most = scaled(limit, total, false)
            .ok_or_else(|| failed(format!("{limit} is neither a number nor a percentage")))?;
        return Ok((sick <= most, most - sick, "exceeds maxUnhealthy"));
    }
    let bounds = range.trim_matches(['[', ']']).split_once('-');
    let bounds = bounds.and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
    let (low, high): (i64, i64) = bounds.ok_or_else(|| failed(format!("{range} is no range")))?;
    Ok(((low..=high).contains(&sick), high - sick, "does not fall within the range"))
}

fn limit_shown(check: &Value) -> String {
    let trigger = at(check, "spec.remediation.triggerIf");
    match text(trigger, "unhealthyInRange") {
        "" => {
            let limit = at(trigger, "unhealthyLessThanOrEqualTo");
            let limit = match limit.as_i64() {
                Some(number) => number.to_string(),
                None => limit.as_str().unwrap_or("100%").to_owned(),
            };
            format!("maxUnhealthy: {limit}")
        }
        range => format!("unhealthyRange: {range}"),
    }
}

/// An Event about an object. Nothing depends on it, so nobody waits for its success.
async fn event(cx: &Context, about: &Value, kind: &str, reason: &str, message: &str) {
    let now = cx.clock.text();
    let ns = namespace(about);
    let event = json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {
            "name": format!("{}.{:016x}", name(about), cx.entropy.bits()), "namespace": ns,
        },
        "involvedObject": {
            "apiVersion": about["apiVersion"], "kind": about["kind"], "name": name(about),
            "namespace": ns, "uid": at(about, "metadata.uid"),
        },
        "type": kind, "reason": reason, "message": message, "count": 1,
        "firstTimestamp": now, "lastTimestamp": now,
        "source": {"component": "machinehealthcheck-controller"},
    });
    let _ = cx.api.create(&crate::api::resources::EVENTS, ns, &event).await;
}
