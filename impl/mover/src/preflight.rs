//! Whether a move can begin, and whether its paused set can be given away (rule P2).
//!
//! What the target lacks shows when it stages: it refuses, and the attempt ends before its commit.

use fulcrum_model::object::{CLUSTER_API, Object, ObjectKey};
use serde_json::Value;

/// Somebody keeps the object where it is, by this annotation.
const BLOCK_MOVE: &str = "clusterctl.cluster.x-k8s.io/block-move";

/// A reason not to move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The object.
    pub object: ObjectKey,
    /// What is wrong with it.
    pub fault: &'static str,
}

/// What keeps a move of these objects from beginning.
pub fn problems<'a>(objects: impl IntoIterator<Item = &'a Object> + Clone) -> Vec<Problem> {
    let mut problems = second_look(objects.clone());
    for object in objects {
        let mut say = |fault| problems.push(Problem { object: object.key().clone(), fault });
        if object.annotations().contains_key(BLOCK_MOVE) {
            say("it has an annotation that blocks moves");
        }
        if object.key().is_cluster() {
            cluster_faults(object.value()).into_iter().for_each(&mut say);
        }
        if is_machine(object) && text(object, "/status/nodeRef/name").is_none() {
            say("it has no node");
        }
    }
    problems
}

/// What ends an attempt whose set is paused already.
pub fn second_look<'a>(objects: impl IntoIterator<Item = &'a Object>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for object in objects {
        let mut say = |fault| problems.push(Problem { object: object.key().clone(), fault });
        if object.is_deleting() {
            say("it is being deleted");
        }
        if is_machine(object) && text(object, "/spec/providerID").is_none() {
            say("it has no provider id");
        }
        if waits_for_machine(object) {
            say("its Machine is not there yet");
        }
    }
    problems
}

fn cluster_faults(cluster: &Value) -> Vec<&'static str> {
    let is = |pointer: &str| cluster.pointer(pointer) == Some(&Value::Bool(true));
    let mut faults = Vec::new();
    if !is("/status/initialization/infrastructureProvisioned") && !is("/status/infrastructureReady")
    {
        faults.push("its infrastructure is not ready");
    }
    if !is("/status/initialization/controlPlaneInitialized") && !is("/status/controlPlaneReady") {
        faults.push("its control plane is not ready");
    }
    let conditions = cluster.pointer("/status/conditions").and_then(Value::as_array);
    let mut conditions = conditions.into_iter().flatten();
    if conditions.any(|known| known["type"] == "RollingOut" && known["status"] == "True") {
        faults.push("it is rolling out");
    }
    faults
}

fn is_machine(object: &Object) -> bool {
    object.key().is(CLUSTER_API, "Machine")
}

fn text<'a>(object: &'a Object, pointer: &str) -> Option<&'a str> {
    object.value().pointer(pointer)?.as_str().filter(|text| !text.is_empty())
}

/// Infrastructure and bootstrap objects exist before their Machine, and are owned by what makes it.
fn waits_for_machine(object: &Object) -> bool {
    let key = object.key();
    let of_provider = ["infrastructure.", "bootstrap."].iter().any(|it| key.group.starts_with(it));
    let is_maker = |kind: &str| kind == "MachineSet" || kind.ends_with("ControlPlane");
    of_provider
        && !key.kind.ends_with("Template")
        && object.owners().iter().any(|owner| is_maker(&owner.kind))
        && !object.owners().iter().any(|owner| owner.kind == "Machine")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(value: Value, find: impl Fn(&[Object]) -> Vec<Problem> + Copy) -> Vec<&'static str> {
        let object = Object::from_value(value).expect("an object");
        find(&[object]).into_iter().map(|problem| problem.fault).collect()
    }

    #[test]
    fn a_cluster_is_ready_and_not_rolling_out() {
        let cluster = |status: Value| {
            json!({
                "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Cluster",
                "metadata": {"name": "c", "namespace": "n"}, "status": status,
            })
        };
        let ready = json!({
            "initialization": {"infrastructureProvisioned": true, "controlPlaneInitialized": true},
        });
        let problems = |objects: &[Object]| problems(objects);
        assert!(faults(cluster(ready.clone()), problems).is_empty());
        assert_eq!(faults(cluster(json!({})), problems).len(), 2);
        let mut rolling = ready;
        rolling["conditions"] = json!([{"type": "RollingOut", "status": "True"}]);
        assert_eq!(faults(cluster(rolling), problems), ["it is rolling out"]);
    }

    #[test]
    fn a_machine_that_is_half_made_is_not_given_away() {
        let machine = json!({
            "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Machine",
            "metadata": {"name": "m", "namespace": "n"},
        });
        assert_eq!(faults(machine, |objects| second_look(objects)), ["it has no provider id"]);
        let early = json!({
            "apiVersion": "infrastructure.cluster.x-k8s.io/v1beta2", "kind": "DevMachine",
            "metadata": {
                "name": "m", "namespace": "n",
                "ownerReferences": [{
                    "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "MachineSet", "name": "ms",
                    "uid": "u",
                }],
            },
        });
        assert_eq!(faults(early, |objects| second_look(objects)), ["its Machine is not there yet"]);
    }
}
