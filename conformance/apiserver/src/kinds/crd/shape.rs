//! What a definition may hold. The schemas in it are free.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::schema::Schema;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    Schema::parse(&object(json!({"spec": spec(), "status": status()})))
        .expect("the schema of definitions is written below and valid")
});

/// The schema of the kind.
pub(super) fn schema() -> Schema {
    SCHEMA.clone()
}

fn object(properties: Value) -> Value {
    json!({"type": "object", "properties": properties})
}

/// A list that is one value for the field managers.
fn array(items: Value) -> Value {
    json!({"type": "array", "x-kubernetes-list-type": "atomic", "items": items})
}

fn string() -> Value {
    json!({"type": "string"})
}

fn names() -> Value {
    object(json!({
        "plural": string(),
        "singular": string(),
        "shortNames": array(string()),
        "kind": string(),
        "listKind": string(),
        "categories": array(string()),
    }))
}

fn spec() -> Value {
    object(json!({
        "group": string(),
        "names": names(),
        "scope": string(),
        "versions": array(version()),
        "conversion": conversion(),
        "preserveUnknownFields": {"type": "boolean"},
    }))
}

fn version() -> Value {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let column = object(json!({
        "name": string(),
        "type": string(),
        "format": string(),
        "description": string(),
        "priority": {"type": "integer"},
        "jsonPath": string(),
    }));
    let scale = object(json!({
        "specReplicasPath": string(),
        "statusReplicasPath": string(),
        "labelSelectorPath": string(),
    }));
    object(json!({
        "name": string(),
        "served": {"type": "boolean"},
        "storage": {"type": "boolean"},
        "deprecated": {"type": "boolean"},
        "deprecationWarning": string(),
        "schema": object(json!({"openAPIV3Schema": schema})),
        "subresources": object(json!({"status": {"type": "object"}, "scale": scale})),
        "additionalPrinterColumns": array(column),
        "selectableFields": array(object(json!({"jsonPath": string()}))),
    }))
}

fn conversion() -> Value {
    let service = object(json!({
        "namespace": string(),
        "name": string(),
        "path": string(),
        "port": {"type": "integer"},
    }));
    let client = object(json!({"url": string(), "service": service, "caBundle": string()}));
    let webhook = object(json!({
        "clientConfig": client,
        "conversionReviewVersions": array(string()),
    }));
    object(json!({"strategy": string(), "webhook": webhook}))
}

fn status() -> Value {
    let condition = object(json!({
        "type": string(),
        "status": string(),
        "lastTransitionTime": string(),
        "reason": string(),
        "message": string(),
    }));
    object(json!({
        "conditions": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
            "items": condition,
        },
        "acceptedNames": names(),
        "storedVersions": array(string()),
    }))
}
