//! The condition Ready of a machine, summed up from the others.

use std::time::Duration;

use serde_json::Value;

use crate::capi::conditions::{self, Condition, Summary, summary};
use crate::capi::object::{at, is_deleting, text};
use crate::runtime::Context;

/// After so long, a deletion is said to be slow.
const SLOW: Duration = Duration::from_secs(15 * 60);

/// The condition Ready.
pub(super) fn condition(cx: &Context, machine: &Value) -> Condition {
    let mut kinds = vec![
        "Deleting",
        "Updating",
        "BootstrapConfigReady",
        "InfrastructureReady",
        "NodeHealthy",
        "HealthCheckSucceeded",
    ];
    let mut negative = vec!["Deleting", "Updating"];
    for gate in at(machine, "spec.readinessGates").as_array().into_iter().flatten() {
        kinds.push(text(gate, "conditionType"));
        if text(gate, "polarity") == "Negative" {
            negative.push(text(gate, "conditionType"));
        }
    }
    let deleting = is_deleting(machine);
    let harmless = |one: &Condition| {
        let gone = matches!(one.reason.as_str(), "ObjectDeleted" | "ObjectDoesNotExist");
        let node_gone = matches!(one.reason.as_str(), "NodeDeleted" | "NodeDoesNotExist");
        deleting
            && match one.kind.as_str() {
                "BootstrapConfigReady" | "InfrastructureReady" => gone,
                "NodeHealthy" => node_gone,
                _ => false,
            }
    };
    let how = Summary {
        kinds: &kinds,
        negative: &negative,
        optional: &["HealthCheckSucceeded"],
        reasons: ["NotReady", "ReadyUnknown", "Ready"],
        harmless: &harmless,
        instead: deleting.then(|| deletion(cx, machine)),
        transform: Some(join_components),
    };
    summary(machine, "Ready", &how)
}

/// What stands for the condition Deleting: its stage, without the details.
fn deletion(cx: &Context, machine: &Value) -> Condition {
    let stage = conditions::get(machine, "Deleting").map_or_else(
        || "Machine deletion in progress".to_owned(),
        |one| {
            let since = cx.clock.since(text(machine, "metadata.deletionTimestamp"));
            let slow = match since.is_some_and(|since| since > SLOW) {
                true => " since more than 15m",
                false => "",
            };
            format!("Machine deletion in progress{slow}, stage: {}", one.reason)
        },
    );
    Condition::new("Deleting", true, "Deleting", stage)
}

/// Joins the lines of the control plane's components if all say the same.
fn join_components(lines: Vec<String>) -> Vec<String> {
    let is_component = |head: &str| {
        ["* APIServer", "* ControllerManager", "* Scheduler"]
            .iter()
            .any(|prefix| head.starts_with(prefix))
            || head == "* EtcdPodHealthy"
    };
    let mut joined = Vec::new();
    let mut said: Option<&str> = None;
    let mut count = 0;
    for line in &lines {
        match line.split_once(':') {
            Some((head, message)) if is_component(head) => {
                count += 1;
                match said {
                    None => {
                        said = Some(message);
                        joined.push(format!("* Control plane components:{message}"));
                    }
                    Some(before) if before == message => {}
                    Some(_) => return lines,
                }
            }
            _ => joined.push(line.clone()),
        }
    }
    if count == 1 { lines } else { joined }
}
