//! One machine that a health check looks at.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::capi::conditions::{self, Condition, is_true};
use crate::capi::draft::Draft;
use crate::capi::machine::is_marked_for_remediation;
use crate::capi::object::{at, int, is_control_plane, is_deleting, text};
use crate::runtime::Context;

const CHECK: &str = "HealthCheckSucceeded";
/// How long a machine may take to become a node if nothing else is said.
const STARTUP: i64 = 600;

/// A machine and its node.
pub(super) struct Target {
    pub(super) machine: Draft,
    pub(super) node: Option<Arc<Value>>,
    pub(super) node_missing: bool,
}

/// What is found of a machine.
pub(super) enum Verdict {
    Healthy,
    Sick,
    /// It may be sick after this time.
    Later(Duration),
    /// Nothing can be said.
    None,
}

/// What a check of one kind found: reason and texts of what is wrong, or when to look again.
enum Found {
    Well,
    Wrong(&'static str, Vec<String>),
    Later(Duration),
}

impl Target {
    /// Judges the machine and sets its condition.
    pub(super) fn judge(&mut self, cx: &Context, cluster: &Value, check: &Value) -> Verdict {
        let now = cx.clock.text();
        if is_marked_for_remediation(&self.machine) {
            let why = "Health check failed: marked for remediation via \
                       cluster.x-k8s.io/remediate-machine annotation";
            let condition = Condition::new(CHECK, false, "HasRemediateAnnotation", why);
            conditions::set(&mut self.machine, &now, condition);
            return Verdict::Sick;
        }
        let initialized = is_true(cluster, "ControlPlaneInitialized");
        let judged = (initialized || is_control_plane(&self.machine))
            && is_true(cluster, "InfrastructureReady");
        let mut later: Option<Duration> = None;
        let mut wrong: Option<(&str, Vec<String>)> = None;
        let checks = match judged {
            true => vec![self.machine_checks(cx, check), self.node_checks(cx, cluster, check)],
            false => Vec::new(),
        };
        for found in checks {
            match found {
                Found::Well => {}
                Found::Later(time) => later = Some(later.map_or(time, |old| old.min(time))),
                Found::Wrong(reason, lines) => match &mut wrong {
                    Some((_, all)) => all.extend(lines),
                    None => wrong = Some((reason, lines)),
                },
            }
        }
        if let Some((reason, lines)) = wrong {
            let lines: Vec<String> = lines.iter().map(|line| format!("  * {line}")).collect();
            let why = format!("Health check failed:\n{}", lines.join("\n"));
            conditions::set(&mut self.machine, &now, Condition::new(CHECK, false, reason, why));
            return Verdict::Sick;
        }
        if let Some(later) = later {
            return Verdict::Later(later);
        }
        if is_deleting(&self.machine) || self.node.is_none() {
            return Verdict::None;
        }
        let condition = Condition::new(CHECK, true, CHECK, "");
        conditions::set(&mut self.machine, &now, condition);
        Verdict::Healthy
    }

    fn machine_checks(&self, cx: &Context, check: &Value) -> Found {
        let wanted = at(check, "spec.checks.unhealthyMachineConditions");
        let found = at(&self.machine, "status.conditions");
        of_conditions(cx, wanted, found, "Machine", "UnhealthyMachine")
    }

    fn node_checks(&self, cx: &Context, cluster: &Value, check: &Value) -> Found {
        if self.node_missing {
            let node = text(&self.machine, "status.nodeRef.name");
            return Found::Wrong("NodeDeleted", vec![format!("Node {node} has been deleted")]);
        }
        let Some(node) = &self.node else { return self.startup(cx, cluster, check) };
        let wanted = at(check, "spec.checks.unhealthyNodeConditions");
        of_conditions(cx, wanted, at(node, "status.conditions"), "Node", "UnhealthyNode")
    }

    /// A machine without a node has some time to become one.
    fn startup(&self, cx: &Context, cluster: &Value, check: &Value) -> Found {
        let limit = int(check, "spec.checks.nodeStartupTimeoutSeconds").unwrap_or(STARTUP);
        if limit == 0 {
            return Found::Well;
        }
        let limit = Duration::from_secs(limit.unsigned_abs());
        let since = |object: &Value, kind: &str| {
            conditions::get(object, kind)
                .filter(|one| one.status == true.into())
                .map(|one| one.since)
        };
        let mut start = text(&self.machine, "metadata.creationTimestamp").to_owned();
        for moment in [
            since(cluster, "ControlPlaneInitialized"),
            since(cluster, "InfrastructureReady"),
            since(&self.machine, "InfrastructureReady"),
        ] {
            start = start.max(moment.unwrap_or_default());
        }
        let waited = cx.clock.since(&start).unwrap_or_default();
        if waited > limit {
            let why = format!("Node failed to report startup in {}", shown(limit));
            return Found::Wrong("NodeStartupTimeout", vec![why]);
        }
        Found::Later(limit.saturating_sub(waited) + Duration::from_secs(1))
    }
}

/// Whether conditions have been what is called unhealthy for too long.
fn of_conditions(
    cx: &Context,
    wanted: &Value,
    found: &Value,
    kind: &str,
    reason: &'static str,
) -> Found {
    let mut lines = Vec::new();
    let mut later: Option<Duration> = None;
    for rule in wanted.as_array().into_iter().flatten() {
        let (condition, status) = (text(rule, "type"), text(rule, "status"));
        let mut all = found.as_array().into_iter().flatten();
        let Some(one) = all.find(|one| one["type"] == condition && one["status"] == status) else {
            continue;
        };
        let limit = int(rule, "timeoutSeconds").unwrap_or_default();
        let limit = Duration::from_secs(limit.unsigned_abs());
        let since = cx.clock.since(text(one, "lastTransitionTime")).unwrap_or_default();
        if since > limit {
            let (why, limit) = (text(one, "reason"), shown(limit));
            lines.push(format!(
                "Condition {condition} on {kind} is reporting status {status} with reason {why} \
                 for more than {limit}"
            ));
            continue;
        }
        let time = limit.saturating_sub(since) + Duration::from_secs(1);
        later = Some(later.map_or(time, |old| old.min(time)));
    }
    match (lines.is_empty(), later) {
        (false, _) => Found::Wrong(reason, lines),
        (true, Some(time)) => Found::Later(time),
        (true, None) => Found::Well,
    }
}

/// A duration as Go prints it.
fn shown(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}s"),
    }
}
