//! Pausing by Cluster API's public contract, with the mover's mark in the same object (rule Q1).
//!
//! A Cluster is paused by `spec.paused`, any other object by an annotation.

use serde_json::{Map, Value};

use super::{PAUSE_MARK, annotations, map_in, metadata};
use crate::object::CLUSTER_API;

/// The annotation that pauses an object by being there, whatever its value.
const PAUSED: &str = "cluster.x-k8s.io/paused";

/// What pausing came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paused {
    /// The mover paused it, or took over the pause of an earlier move of its own.
    Now,
    /// It carried the mark of this move already.
    Already,
    /// Somebody else had paused it: it stays so, unmarked, when the move is over.
    ByOthers,
}

/// Pauses an object in the name of a move.
pub fn pause(value: &mut Value, move_id: &str) -> Paused {
    match (is_paused(value), paused_by(value)) {
        (true, None) => return Paused::ByOthers,
        (true, Some(by)) if by == move_id => return Paused::Already,
        _ => {}
    }
    if is_cluster(value) {
        if let Some(object) = value.as_object_mut() {
            map_in(object, "spec").insert("paused".to_owned(), Value::Bool(true));
        }
    } else {
        annotations(metadata(value)).insert(PAUSED.to_owned(), Value::from("true"));
    }
    annotations(metadata(value)).insert(PAUSE_MARK.to_owned(), Value::from(move_id));
    Paused::Now
}

/// Unpauses an object, if its pause bears the mark of this move. Says whether it did.
pub fn unpause(value: &mut Value, move_id: &str) -> bool {
    let is_ours = paused_by(value) == Some(move_id);
    if is_ours {
        remove_marked(value);
    }
    is_ours
}

/// Whether the object itself is paused; its Cluster may be, too.
#[must_use]
pub fn is_paused(value: &Value) -> bool {
    match is_cluster(value) {
        true => value.pointer("/spec/paused") == Some(&Value::Bool(true)),
        false => annotation(value, PAUSED).is_some(),
    }
}

/// The move whose mark is on the pause of an object.
#[must_use]
pub fn paused_by(value: &Value) -> Option<&str> {
    annotation(value, PAUSE_MARK)?.as_str()
}

/// Removes a pause that bears the mark of a move, and the mark.
pub(crate) fn remove_marked(value: &mut Value) {
    if paused_by(value).is_none() {
        return;
    }
    if is_cluster(value) {
        if let Some(Value::Object(spec)) = value.get_mut("spec") {
            spec.remove("paused");
        }
    } else {
        annotations(metadata(value)).remove(PAUSED);
    }
    let metadata: &mut Map<String, Value> = metadata(value);
    let annotations = annotations(metadata);
    annotations.remove(PAUSE_MARK);
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
}

fn is_cluster(value: &Value) -> bool {
    let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default();
    let group = text("apiVersion").split_once('/').map(|(group, _)| group);
    text("kind") == "Cluster" && group == Some(CLUSTER_API)
}

fn annotation<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.pointer("/metadata/annotations")?.get(key)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(kind: &str, annotations: Value, spec: Value) -> Value {
        json!({
            "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": kind,
            "metadata": {"name": "x", "annotations": annotations}, "spec": spec,
        })
    }

    #[test]
    fn only_the_pause_of_this_move_is_removed() {
        let untouched = object("Cluster", json!({"a": "b"}), json!({"b": 1}));
        let mut cluster = untouched.clone();
        assert_eq!(pause(&mut cluster, "m"), Paused::Now);
        assert_eq!(cluster["spec"]["paused"], true);
        assert_eq!(pause(&mut cluster, "m"), Paused::Already);
        assert!(!unpause(&mut cluster, "other"));
        assert!(unpause(&mut cluster, "m"));
        assert_eq!(cluster, untouched);
    }

    #[test]
    fn a_foreign_pause_stays() {
        for foreign in [
            object("Cluster", json!({}), json!({"paused": true})),
            object("Machine", json!({PAUSED: ""}), json!({})),
        ] {
            let mut object = foreign.clone();
            assert_eq!(pause(&mut object, "m"), Paused::ByOthers);
            assert!(!unpause(&mut object, "m"));
            assert_eq!(object, foreign);
        }
    }

    #[test]
    fn other_objects_are_paused_by_annotation() {
        let spec = json!({"paused": true});
        let mut deployment = object("MachineDeployment", json!(null), spec.clone());
        assert_eq!(pause(&mut deployment, "m"), Paused::Now);
        assert_eq!(deployment["metadata"]["annotations"][PAUSED], "true");
        assert!(unpause(&mut deployment, "m"));
        assert_eq!(deployment["spec"], spec, "its spec.paused is a pause of roll-outs");
        assert_eq!(deployment["metadata"], json!({"name": "x"}));
    }
}
