//! Filling in what Go's types always write, and leaving out what they never do.

use serde_json::{Value, json};

use super::{add, shape, storage_version, text};
use crate::schema;
use crate::status::{FieldErrorKind, Status};

/// Completes a decoded definition.
///
/// # Errors
/// 400 for a value of a wrong type.
pub(super) fn complete(object: &mut Value) -> Result<(), Status> {
    if let Value::Object(map) = object {
        map.retain(|key, value| !(value.is_null() && matches!(key.as_str(), "spec" | "status")));
        for part in ["spec", "status"] {
            map.get_mut(part).into_iter().for_each(drop_nulls);
        }
    }
    refuse_types(object)?;
    spec(&mut object["spec"]);
    let storage = storage_version(&object["spec"]).map(str::to_owned);
    status(&mut object["status"], storage.as_deref());
    Ok(())
}

/// Drops nulls outside the schemas, where they may mean something.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            for (key, value) in map.iter_mut() {
                if key != "openAPIV3Schema" {
                    drop_nulls(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

fn refuse_types(object: &Value) -> Result<(), Status> {
    let errors = schema::validate(object, &shape::schema());
    let Some(error) = errors.iter().find(|error| error.kind == FieldErrorKind::TypeInvalid) else {
        return Ok(());
    };
    let have = error.value.trim_matches('"');
    let kind = "CustomResourceDefinition";
    Err(Status::bad_request(format!(
        "{kind} in version \"v1\" cannot be handled as a {kind}: json: cannot unmarshal {have} \
         into Go struct field {kind}.{}",
        error.field
    )))
}

fn spec(spec: &mut Value) {
    ensure(spec, "group", json!(""));
    ensure(spec, "scope", json!(""));
    ensure(spec, "versions", Value::Null);
    ensure(spec, "conversion", json!({"strategy": "None"}));
    drop_empty(spec, &["preserveUnknownFields"]);
    let known = &mut spec["names"];
    let kind = text(known, "kind").to_owned();
    if text(known, "singular").is_empty() {
        known["singular"] = json!(kind.to_lowercase());
    }
    if text(known, "listKind").is_empty() && !kind.is_empty() {
        known["listKind"] = json!(format!("{kind}List"));
    }
    names(known);
    conversion(&mut spec["conversion"]);
    spec["versions"].as_array_mut().into_iter().flatten().for_each(version);
}

fn names(names: &mut Value) {
    ensure(names, "plural", json!(""));
    ensure(names, "kind", json!(""));
    drop_empty(names, &["singular", "listKind", "shortNames", "categories"]);
}

fn version(version: &mut Value) {
    ensure(version, "name", json!(""));
    ensure(version, "served", json!(false));
    ensure(version, "storage", json!(false));
    drop_empty(version, &["deprecated", "additionalPrinterColumns", "selectableFields"]);
    let columns = version.get_mut("additionalPrinterColumns").and_then(Value::as_array_mut);
    for column in columns.into_iter().flatten() {
        for key in ["name", "type", "jsonPath"] {
            ensure(column, key, json!(""));
        }
        drop_empty(column, &["format", "description", "priority"]);
    }
    if let Some(scale) = version.pointer_mut("/subresources/scale") {
        ensure(scale, "specReplicasPath", json!(""));
        ensure(scale, "statusReplicasPath", json!(""));
    }
}

fn conversion(conversion: &mut Value) {
    ensure(conversion, "strategy", json!(""));
    let Some(webhook) = conversion.get_mut("webhook") else {
        return;
    };
    ensure(webhook, "conversionReviewVersions", Value::Null);
    if let Some(service) = webhook.pointer_mut("/clientConfig/service") {
        ensure(service, "namespace", json!(""));
        ensure(service, "name", json!(""));
        ensure(service, "port", json!(443));
    }
}

fn status(status: &mut Value, storage: Option<&str>) {
    ensure(status, "conditions", Value::Null);
    for condition in status["conditions"].as_array_mut().into_iter().flatten() {
        ensure(condition, "type", json!(""));
        ensure(condition, "status", json!(""));
        ensure(condition, "lastTransitionTime", Value::Null);
        drop_empty(condition, &["reason", "message"]);
    }
    names(&mut status["acceptedNames"]);
    ensure(status, "storedVersions", Value::Null);
    let stored = &mut status["storedVersions"];
    if let Some(storage) = storage.filter(|_| is_empty(stored)) {
        add(stored, storage);
    }
}

/// Writes a value where there is none.
fn ensure(object: &mut Value, key: &str, value: Value) {
    let field = &mut object[key];
    if field.is_null() {
        *field = value;
    }
}

fn drop_empty(object: &mut Value, keys: &[&str]) {
    if let Value::Object(map) = object {
        map.retain(|key, value| !(keys.contains(&key.as_str()) && is_empty(value)));
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Number(number) => number.as_i64() == Some(0),
        _ => false,
    }
}
