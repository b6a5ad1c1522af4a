//! What roles and bindings hold.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::schema::Schema;

static ROLE: LazyLock<Schema> = LazyLock::new(|| parsed(json!({"rules": rules()})));

static CLUSTER_ROLE: LazyLock<Schema> =
    LazyLock::new(|| parsed(json!({"rules": rules(), "aggregationRule": aggregation()})));

static BINDING: LazyLock<Schema> = LazyLock::new(|| {
    let role = object(json!({"apiGroup": string(), "kind": string(), "name": string()}));
    let subject = object(json!({
        "kind": string(), "apiGroup": string(), "name": string(), "namespace": string(),
    }));
    parsed(json!({"roleRef": atomic(role), "subjects": list(atomic(subject))}))
});

/// Of a Role.
pub(super) fn role() -> Schema {
    ROLE.clone()
}

/// Of a ClusterRole.
pub(super) fn cluster_role() -> Schema {
    CLUSTER_ROLE.clone()
}

/// Of a RoleBinding or ClusterRoleBinding.
pub(super) fn binding() -> Schema {
    BINDING.clone()
}

fn parsed(properties: Value) -> Schema {
    Schema::parse(&object(properties)).expect("the schemas of this group are valid")
}

fn object(properties: Value) -> Value {
    json!({"type": "object", "properties": properties})
}

/// One value for the field managers.
fn atomic(mut object: Value) -> Value {
    object["x-kubernetes-map-type"] = json!("atomic");
    object
}

fn list(items: Value) -> Value {
    json!({"type": "array", "x-kubernetes-list-type": "atomic", "items": items})
}

fn string() -> Value {
    json!({"type": "string"})
}

fn rules() -> Value {
    let texts = || list(string());
    list(object(json!({
        "verbs": texts(), "apiGroups": texts(), "resources": texts(), "resourceNames": texts(),
        "nonResourceURLs": texts(),
    })))
}

fn aggregation() -> Value {
    let expression =
        object(json!({"key": string(), "operator": string(), "values": list(string())}));
    let selector = object(json!({
        "matchLabels": {"type": "object", "additionalProperties": string()},
        "matchExpressions": list(expression),
    }));
    object(json!({"clusterRoleSelectors": list(atomic(selector))}))
}
