//! The pieces of which the schemas of kinds are made.

use serde_json::{Value, json};

use crate::schema::Schema;

/// The schema of objects with these fields, next to those that every object has.
pub(super) fn schema(properties: Value) -> Schema {
    Schema::parse(&object(properties)).expect("the schemas of built-in kinds are valid")
}

/// A text.
pub(super) fn string() -> Value {
    json!({"type": "string"})
}

/// A whole number.
pub(super) fn integer() -> Value {
    json!({"type": "integer"})
}

/// True or false.
pub(super) fn boolean() -> Value {
    json!({"type": "boolean"})
}

/// A whole number or a text, as of a port; Go points to nearly all of them.
pub(super) fn int_or_string() -> Value {
    json!({"x-kubernetes-int-or-string": true, "nullable": true})
}

/// What Go points to: it is written even if it is zero.
pub(super) fn pointer(mut to: Value) -> Value {
    to["nullable"] = json!(true);
    to
}

/// Texts by free keys; null is the empty text.
pub(super) fn texts() -> Value {
    json!({"type": "object", "additionalProperties": {"type": "string", "default": ""}})
}

/// Fields.
pub(super) fn object(properties: Value) -> Value {
    json!({"type": "object", "properties": properties})
}

/// Any fields.
pub(super) fn free() -> Value {
    json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

/// Any fields, some of which are known.
pub(super) fn partly_free(properties: Value) -> Value {
    let mut object = object(properties);
    object["x-kubernetes-preserve-unknown-fields"] = json!(true);
    object
}

/// The same as one value for the field managers.
pub(super) fn atomic(mut object: Value) -> Value {
    object["x-kubernetes-map-type"] = json!("atomic");
    object
}

/// A list that is one value for the field managers.
pub(super) fn list(items: Value) -> Value {
    json!({"type": "array", "x-kubernetes-list-type": "atomic", "items": items})
}

/// A list of different values.
pub(super) fn set(items: Value) -> Value {
    json!({"type": "array", "x-kubernetes-list-type": "set", "items": items})
}

/// A list of objects that some of their fields tell apart.
pub(super) fn keyed(keys: &[&str], items: Value) -> Value {
    json!({
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": keys,
        "items": items,
    })
}

/// Conditions, by their type.
pub(super) fn conditions() -> Value {
    let condition = object(json!({
        "type": string(),
        "status": string(),
        "observedGeneration": integer(),
        "lastTransitionTime": string(),
        "lastUpdateTime": string(),
        "lastProbeTime": string(),
        "lastHeartbeatTime": string(),
        "reason": string(),
        "message": string(),
    }));
    keyed(&["type"], condition)
}

/// A selector of labels, which is always one value.
pub(super) fn selector() -> Value {
    let expression = object(json!({
        "key": string(),
        "operator": string(),
        "values": list(string()),
    }));
    atomic(object(json!({"matchLabels": texts(), "matchExpressions": list(expression)})))
}

/// What an object says of another one.
pub(super) fn reference() -> Value {
    atomic(object(json!({
        "kind": string(),
        "namespace": string(),
        "name": string(),
        "uid": string(),
        "apiVersion": string(),
        "resourceVersion": string(),
        "fieldPath": string(),
    })))
}
