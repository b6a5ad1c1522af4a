//! Schemas inside `anyOf`, `allOf`, `oneOf` and `not`: they judge values and describe nothing.

use serde_json::{Value, json};

use super::root::{below, flag, kind, properties};
use crate::kinds::crd::{list, text};
use crate::status::FieldError;

/// Adds what is wrong with the logic of a schema. Two forms are let pass that say integer or
/// string: `skip_any` in `anyOf`, `skip_first` in the first of `allOf`.
pub(super) fn logic(
    schema: &Value,
    skip_any: bool,
    skip_first: bool,
    path: &str,
    errors: &mut Vec<FieldError>,
) {
    for key in ["anyOf", "allOf", "oneOf"] {
        if key == "anyOf" && skip_any {
            continue;
        }
        for (i, one) in list(schema, key).iter().enumerate() {
            let skip = key == "allOf" && i == 0 && skip_first;
            judge(one, skip, &format!("{path}.{key}[{i}]"), errors);
        }
    }
    if let Some(not) = below(schema, "not") {
        judge(not, false, &format!("{path}.not"), errors);
    }
}

fn judge(schema: &Value, skip_any: bool, path: &str, errors: &mut Vec<FieldError>) {
    logic(schema, skip_any, false, path, errors);
    if let Some(items) = below(schema, "items") {
        judge(items, false, &format!("{path}.items"), errors);
    }
    for (name, property) in properties(schema) {
        judge(property, false, &format!("{path}.properties[{name}]"), errors);
    }
    let mut forbid = |key: &str, detail: &str| {
        errors.push(FieldError::forbidden(format!("{path}.{key}"), detail));
    };
    let empty = "must be empty to be structural";
    let undefined = "must be undefined to be structural";
    if !kind(schema).is_empty() {
        forbid("type", empty);
    }
    for key in ["additionalProperties", "default"] {
        if !schema[key].is_null() {
            forbid(key, undefined);
        }
    }
    for key in ["title", "description"] {
        if !text(schema, key).is_empty() {
            forbid(key, empty);
        }
    }
    let flags = [
        "nullable",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string",
    ];
    for key in flags.into_iter().filter(|key| flag(schema, key)) {
        forbid(key, "must be false to be structural");
    }
    for key in ["x-kubernetes-list-map-keys", "x-kubernetes-validations"] {
        if !list(schema, key).is_empty() {
            forbid(key, empty);
        }
    }
    for key in ["x-kubernetes-list-type", "x-kubernetes-map-type"] {
        if !schema[key].is_null() {
            forbid(key, undefined);
        }
    }
    if properties(schema).any(|(name, _)| name == "metadata") {
        forbid("properties[metadata]", "must not be specified in a nested context");
    }
}

/// Adds what the logic of `value` (at `at`) speaks of and the structure (at `path`) lacks.
pub(super) fn complete(
    value: &Value,
    structure: Option<&Value>,
    path: &str,
    at: &str,
    errors: &mut Vec<FieldError>,
) {
    if let Some(not) = below(value, "not") {
        describes(not, structure, path, &format!("{at}.not"), errors);
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        for (i, one) in list(value, key).iter().enumerate() {
            describes(one, structure, path, &format!("{at}.{key}[{i}]"), errors);
        }
    }
}

fn describes(
    value: &Value,
    structure: Option<&Value>,
    path: &str,
    at: &str,
    errors: &mut Vec<FieldError>,
) {
    let Some(structure) = structure else {
        errors.push(FieldError::required(path, format!("because it is defined in {at}")));
        return;
    };
    complete(value, Some(structure), path, at, errors);
    if let Some(items) = below(value, "items") {
        let (path, at) = (format!("{path}.items"), format!("{at}.items"));
        describes(items, below(structure, "items"), &path, &at, errors);
    }
    for (name, property) in properties(value) {
        let part = format!("properties[{name}]");
        let (path, at) = (format!("{path}.{part}"), format!("{at}.{part}"));
        describes(property, structure["properties"].get(name), &path, &at, errors);
    }
}

/// Whether a schema says `wanted` under `key`; saying nothing means `absent`.
pub(super) fn says(schema: &Value, key: &str, absent: &str, wanted: &str) -> bool {
    let own = schema.get(key).filter(|value| !value.is_null());
    own.unwrap_or(&json!(absent)) == wanted
}
