//! What a machine says of its node.

use serde_json::Value;

use crate::capi::conditions::{Condition, Status};
use crate::capi::object::{at, text};

/// The conditions NodeReady and NodeHealthy.
pub(super) fn conditions(node: &Value) -> [Condition; 2] {
    let all = at(node, "status.conditions").as_array().cloned().unwrap_or_default();
    let find = |kind: &str| all.iter().find(|one| one["type"] == kind);
    let ready = match find("Ready") {
        None => Condition::unknown(
            "NodeReady",
            "NodeReadyUnknown",
            "* Node.Ready: Condition not yet reported",
        ),
        Some(one) => {
            let (status, reason) = match text(one, "status") {
                "True" => (Status::True, "NodeReady"),
                "False" => (Status::False, "NodeNotReady"),
                _ => (Status::Unknown, "NodeReadyUnknown"),
            };
            let message = match text(one, "message") {
                message if status != Status::True && !message.is_empty() => {
                    format!("* Node.Ready: {message}")
                }
                _ => String::new(),
            };
            let mut condition = Condition::new("NodeReady", status, reason, message);
            text(one, "lastTransitionTime").clone_into(&mut condition.since);
            condition
        }
    };
    [ready, healthy(&find)]
}

fn healthy<'a>(find: &dyn Fn(&str) -> Option<&'a Value>) -> Condition {
    let (mut bad, mut unknown) = (0, 0);
    let mut said = Vec::new();
    let mut lines = Vec::new();
    for kind in ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"] {
        let Some(one) = find(kind) else {
            lines.push(format!("* Node.{kind}: Condition not yet reported"));
            unknown += 1;
            continue;
        };
        let well = if kind == "Ready" { "True" } else { "False" };
        let status = text(one, "status");
        if status == well {
            continue;
        }
        let message = match text(one, "message") {
            "" => format!("Condition is {status}"),
            message => message.to_owned(),
        };
        lines.push(format!("* Node.{kind}: {message}"));
        said.push(message);
        match status {
            "Unknown" => unknown += 1,
            _ => bad += 1,
        }
    }
    if said.len() > 1 && said.iter().all(|one| *one == said[0]) {
        lines = vec![format!("* Node.AllConditions: {}", said[0])];
    }
    let message = lines.join("\n");
    match (bad, unknown) {
        (0, 0) => Condition::new("NodeHealthy", true, "NodeHealthy", ""),
        (0, _) => Condition::unknown("NodeHealthy", "NodeHealthUnknown", message),
        _ => Condition::new("NodeHealthy", false, "NodeNotHealthy", message),
    }
}
