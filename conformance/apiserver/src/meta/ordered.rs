//! Metadata as a JSON text in the order of Go's structs, for the texts that show it.

use serde_json::Value;

const METADATA: [&str; 14] = [
    "name",
    "generateName",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
];
const OWNER: [&str; 6] = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"];
const ENTRY: [&str; 7] =
    ["manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1", "subresource"];

/// The text of the field `metadata`.
#[must_use]
pub fn ordered(metadata: &Value) -> String {
    object(metadata, &METADATA, |key, value| match key {
        "ownerReferences" => list(value, &OWNER),
        "managedFields" => list(value, &ENTRY),
        _ => value.to_string(),
    })
}

fn list(items: &Value, order: &[&str]) -> String {
    let items = items.as_array().into_iter().flatten();
    let items: Vec<String> =
        items.map(|item| object(item, order, |_, value| value.to_string())).collect();
    format!("[{}]", items.join(","))
}

fn object(value: &Value, order: &[&str], print: impl Fn(&str, &Value) -> String) -> String {
    let fields = order.iter().filter_map(|key| Some((*key, value.get(*key)?)));
    let fields: Vec<String> =
        fields.map(|(key, value)| format!("\"{key}\":{}", print(key, value))).collect();
    format!("{{{}}}", fields.join(","))
}
