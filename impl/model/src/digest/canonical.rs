//! The canonical form of an object.

use serde_json::{Map, Value, json};

use crate::transform::{each_reference, is_bookkeeping, remove_marked, strip};

/// The form in which two sides compare an object.
#[must_use]
pub fn canonical(object: &Value) -> Value {
    let mut value = object.clone();
    remove_marked(&mut value);
    strip(&mut value);
    if let Some(Value::Object(metadata)) = value.get_mut("metadata") {
        canonical_metadata(metadata);
    }
    if let Some(spec) = value.get_mut("spec") {
        canonical_spec(spec);
    }
    if value.get("kind").is_some_and(|kind| kind == "Secret") {
        canonical_secret(&mut value);
    }
    value
}

fn canonical_metadata(metadata: &mut Map<String, Value>) {
    if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
        annotations.retain(|key, _| !is_bookkeeping(key));
    }
    if let Some(Value::Array(owners)) = metadata.get_mut("ownerReferences") {
        owners.iter_mut().for_each(|owner| *owner = canonical_owner(owner));
        sort(owners);
    }
    if let Some(Value::Array(finalizers)) = metadata.get_mut("finalizers") {
        sort(finalizers);
    }
    // An API server keeps none of these empty.
    metadata.retain(|_, value| !is_empty(value));
}

/// An owner by kind and name: at whatever version it is referred to, with whatever UID.
fn canonical_owner(owner: &Value) -> Value {
    let api_version = owner["apiVersion"].as_str().unwrap_or_default();
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    json!({
        "group": group,
        "kind": owner["kind"],
        "name": owner["name"],
        "controller": owner["controller"] == true,
        "blockOwnerDeletion": owner["blockOwnerDeletion"] == true,
    })
}

fn canonical_spec(spec: &mut Value) {
    each_reference(spec, &mut |reference: &mut Map<String, Value>| {
        reference.remove("uid");
        reference.remove("resourceVersion");
    });
    if let Some(spec) = spec.as_object_mut() {
        // The field is left off when it is false.
        spec.retain(|key, value| key != "paused" || *value != false);
    }
}

/// An API server stores a null value of a Secret as an empty one.
fn canonical_secret(secret: &mut Value) {
    if let Some(Value::Object(data)) = secret.get_mut("data") {
        for value in data.values_mut().filter(|value| value.is_null()) {
            *value = Value::from("");
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(entries) => entries.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// Sorts a list whose order means nothing.
fn sort(entries: &mut [Value]) {
    entries.sort_by_cached_key(Value::to_string);
}
