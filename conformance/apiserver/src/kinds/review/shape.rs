//! What reviews hold.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::Whom;
use crate::schema::Schema;

static IDENTITY: LazyLock<Schema> = LazyLock::new(|| {
    let info = object(json!({
        "username": string(), "uid": string(), "groups": list(string()), "extra": extra(),
    }));
    parsed(json!({"status": object(json!({"userInfo": info}))}))
});

static OWN_ACCESS: LazyLock<Schema> =
    LazyLock::new(|| parsed(json!({"spec": object(attributes()), "status": status()})));

static ACCESS: LazyLock<Schema> = LazyLock::new(|| {
    let mut spec = attributes();
    spec["user"] = string();
    spec["uid"] = string();
    spec["groups"] = list(string());
    spec["extra"] = extra();
    parsed(json!({"spec": object(spec), "status": status()}))
});

/// Of a SelfSubjectReview.
pub(super) fn identity() -> Schema {
    IDENTITY.clone()
}

/// Of a review of rights.
pub(super) fn access(whom: Whom) -> Schema {
    match whom {
        Whom::Caller => OWN_ACCESS.clone(),
        Whom::Named | Whom::InNamespace => ACCESS.clone(),
    }
}

fn parsed(properties: Value) -> Schema {
    Schema::parse(&object(properties)).expect("the schemas of reviews are valid")
}

fn object(properties: Value) -> Value {
    json!({"type": "object", "properties": properties})
}

fn list(items: Value) -> Value {
    json!({"type": "array", "x-kubernetes-list-type": "atomic", "items": items})
}

fn string() -> Value {
    json!({"type": "string"})
}

fn extra() -> Value {
    json!({"type": "object", "additionalProperties": list(string())})
}

/// The fields of both kinds of attributes.
fn attributes() -> Value {
    let requirement =
        object(json!({"key": string(), "operator": string(), "values": list(string())}));
    let selector = object(json!({"rawSelector": string(), "requirements": list(requirement)}));
    json!({
        "resourceAttributes": object(json!({
            "namespace": string(), "verb": string(), "group": string(), "version": string(),
            "resource": string(), "subresource": string(), "name": string(),
            "fieldSelector": selector, "labelSelector": selector,
        })),
        "nonResourceAttributes": object(json!({"path": string(), "verb": string()})),
    })
}

fn status() -> Value {
    object(json!({
        "allowed": {"type": "boolean"}, "denied": {"type": "boolean"}, "reason": string(),
        "evaluationError": string(),
    }))
}
