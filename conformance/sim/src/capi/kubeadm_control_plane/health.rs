//! Looks at the nodes, the static pods and the etcd of a workload cluster.

use serde_json::Value;

use super::Scope;
use super::conditions::{MEMBER, NODE, PODS};
use crate::api::resources::{self, NODES};
use crate::api::{Api, ApiError};
use crate::capi::conditions::{self, Condition, Status};
use crate::capi::link;
use crate::capi::object::{at, is_deleting, label, text};
use crate::runtime::Context;

const ROLE: &str = "node-role.kubernetes.io/control-plane";

/// Sets the conditions of each machine.
pub(super) async fn look(cx: &Context, scope: &mut Scope<'_>) {
    let now = cx.clock.text();
    let Ok(api) = link::client(cx, &scope.cluster) else { return };
    let members = cx.remote.etcd_members(&crate::runtime::Key::of(&scope.cluster)).await;
    for machine in &mut scope.machines {
        for condition in of_machine(&api, machine).await {
            conditions::set(machine, &now, condition);
        }
        let condition = match &members {
            Ok(members) => {
                let node = text(machine, "status.nodeRef.name");
                let member = members.iter().find(|member| member.name == node);
                etcd(machine, member.map(|member| member.healthy))
            }
            Err(error) => {
                let why = format!("Failed to connect to etcd: {error}");
                Condition::unknown(MEMBER, "InspectionFailed", why)
            }
        };
        conditions::set(machine, &now, condition);
    }
    scope.members = members.ok();
}

/// Why nothing can be seen of a machine yet; `None` if its node is known.
fn not_there(machine: &Value) -> Option<String> {
    if !text(machine, "status.nodeRef.name").is_empty() {
        return None;
    }
    Some(match text(machine, "spec.providerID") {
        "" => {
            let kind = text(machine, "spec.infrastructureRef.kind");
            format!("Waiting for {kind} to report spec.providerID")
        }
        id => format!("Waiting for a Node with spec.providerID {id} to exist"),
    })
}

fn etcd(machine: &Value, healthy: Option<bool>) -> Condition {
    if is_deleting(machine) {
        return Condition::new(MEMBER, false, "Deleting", "Machine is deleting");
    }
    if let Some(why) = not_there(machine) {
        return Condition::unknown(MEMBER, "InspectionFailed", why);
    }
    match healthy {
        Some(true) => Condition::new(MEMBER, true, "Healthy", ""),
        Some(false) => {
            let why = "Failed to connect to etcd: context deadline exceeded";
            Condition::unknown(MEMBER, "InspectionFailed", why)
        }
        None => {
            let node = text(machine, "status.nodeRef.name");
            let why = format!("Etcd doesn't have an etcd member for Node {node}");
            Condition::new(MEMBER, false, "NotHealthy", why)
        }
    }
}

fn all(status: Status, reason: &str, why: &str) -> Vec<Condition> {
    let kinds = PODS.iter().map(|(kind, _)| *kind).chain([NODE]);
    kinds.map(|kind| Condition::new(kind, status, reason, why)).collect()
}

async fn of_machine(api: &Api, machine: &Value) -> Vec<Condition> {
    if is_deleting(machine) {
        return all(Status::False, "Deleting", "Machine is deleting");
    }
    if let Some(why) = not_there(machine) {
        return all(Status::Unknown, "InspectionFailed", &why);
    }
    let node_name = text(machine, "status.nodeRef.name");
    let node = match api.get(&NODES, "", node_name).await {
        Ok(Some(node)) => node,
        Ok(None) => {
            let why = format!("Node {node_name} does not exist");
            return all(Status::Unknown, "InspectionFailed", &why);
        }
        Err(error) => {
            let why = format!("Failed to get the Node hosting the Pod: {error}");
            return all(Status::Unknown, "InspectionFailed", &why);
        }
    };
    let taints = at(&node, "spec.taints").as_array().cloned().unwrap_or_default();
    let is_unreachable = taints.iter().any(|taint| {
        taint["key"] == "node.kubernetes.io/unreachable" && taint["effect"] == "NoExecute"
    });
    if is_unreachable {
        let why = format!("Node {node_name} is unreachable");
        return all(Status::Unknown, "InspectionFailed", &why);
    }
    let mut found = vec![node_condition(&node, node_name)];
    for (kind, component) in PODS {
        let pod = format!("{component}-{node_name}");
        let pod = api.get(&resources::PODS, "kube-system", &pod).await;
        found.push(pod_condition(kind, &node, pod));
    }
    found
}

fn node_condition(node: &Value, node_name: &str) -> Condition {
    if label(node, ROLE).is_none() {
        let why = format!("Node {node_name} does not have the {ROLE} label");
        return Condition::new(NODE, false, "NotSet", why);
    }
    Condition::new(NODE, true, "Set", "")
}

fn pod_condition(kind: &str, node: &Value, pod: Result<Option<Value>, ApiError>) -> Condition {
    let mut ready = at(node, "status.conditions").as_array().into_iter().flatten();
    if ready.any(|one| one["type"] == "Ready" && one["status"] == "Unknown") {
        let why = "Node Ready condition is Unknown, Pod data might be stale";
        return Condition::unknown(kind, "InspectionFailed", why);
    }
    match pod {
        Err(_) => {
            let why = "Please check controller logs for errors";
            Condition::unknown(kind, "InspectionFailed", why)
        }
        Ok(None) => Condition::new(kind, false, "DoesNotExist", "Pod does not exist"),
        Ok(Some(pod)) => match text(&pod, "status.phase") {
            "Running" => {
                let mut all = at(&pod, "status.conditions").as_array().into_iter().flatten();
                let is_unready = all.any(|one| one["type"] == "Ready" && one["status"] == "False");
                if is_unready {
                    let why = "Waiting to report readiness";
                    return Condition::new(kind, false, "Provisioning", why);
                }
                Condition::new(kind, true, "Running", "")
            }
            "Failed" | "Succeeded" => {
                Condition::new(kind, false, "Failed", "All the containers have been terminated")
            }
            _ => Condition::new(kind, false, "Provisioning", "Waiting to be scheduled"),
        },
    }
}
