//! What makes a schema structural: every field has a type, outside of the logic of `anyOf` and
//! its like.

use serde_json::{Value, json};

use super::nested;
use super::root::{below, flag, kind, properties};
use crate::status::FieldError;

/// Where a schema stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// What keeps the schema at `path` from being structural, sorted by text.
pub(super) fn check(schema: &Value, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    invariants(schema, Level::Root, path, &mut errors);
    nested::complete(schema, Some(schema), path, path, &mut errors);
    errors.sort_by_cached_key(ToString::to_string);
    errors
}

fn invariants(schema: &Value, level: Level, path: &str, errors: &mut Vec<FieldError>) {
    let items = below(schema, "items");
    if kind(schema) == "array" && items.is_none() {
        errors.push(FieldError::required(format!("{path}.items"), "must be specified"));
    }
    if let Some(items) = items {
        invariants(items, Level::Item, &format!("{path}.items"), errors);
    }
    for (name, property) in properties(schema) {
        invariants(property, Level::Field, &format!("{path}.properties[{name}]"), errors);
    }
    additional(schema, level, path, errors);
    int_or_string(schema, path, errors);
    let is_pattern = |value: &Value| *value == json!([{"type": "integer"}, {"type": "string"}]);
    let skip_any = is_pattern(&schema["anyOf"]);
    let skip_first = is_pattern(&schema["allOf"][0]["anyOf"]);
    nested::logic(schema, skip_any, skip_first, path, errors);
    typed(schema, level, path, errors);
    metadata(schema, level, path, errors);
    let free = flag(schema, "x-kubernetes-preserve-unknown-fields");
    if is_embedded(schema) && !free && properties(schema).next().is_none() {
        let detail = "must not be empty if x-kubernetes-embedded-resource is true without \
                      x-kubernetes-preserve-unknown-fields";
        errors.push(FieldError::required(format!("{path}.properties"), detail));
    }
}

fn is_embedded(schema: &Value) -> bool {
    flag(schema, "x-kubernetes-embedded-resource")
}

fn additional(schema: &Value, level: Level, path: &str, errors: &mut Vec<FieldError>) {
    let additional = &schema["additionalProperties"];
    if additional.is_null() {
        return;
    }
    let field = format!("{path}.additionalProperties");
    if level == Level::Root {
        errors.push(FieldError::forbidden(field.clone(), "must not be used at the root"));
    }
    if additional.is_object() {
        invariants(additional, Level::Field, &field, errors);
    }
    if is_embedded(schema) {
        let detail = "must not be used if x-kubernetes-embedded-resource is set";
        errors.push(FieldError::forbidden(field, detail));
    }
}

fn int_or_string(schema: &Value, path: &str, errors: &mut Vec<FieldError>) {
    if !flag(schema, "x-kubernetes-int-or-string") {
        return;
    }
    for key in ["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"] {
        if flag(schema, key) {
            let detail = "must be false if x-kubernetes-int-or-string is true";
            let field = format!("{path}.{key}");
            errors.push(FieldError::invalid_value(field, &json!(true), detail));
        }
    }
}

fn typed(schema: &Value, level: Level, path: &str, errors: &mut Vec<FieldError>) {
    let have = kind(schema);
    let field = format!("{path}.type");
    let untyped = flag(schema, "x-kubernetes-int-or-string")
        || flag(schema, "x-kubernetes-preserve-unknown-fields");
    if is_embedded(schema) && have != "object" {
        let detail = "must be object if x-kubernetes-embedded-resource is true";
        errors.push(if have.is_empty() {
            FieldError::required(field.clone(), detail)
        } else {
            FieldError::invalid(field.clone(), have, detail)
        });
    } else if have.is_empty() && !untyped {
        let detail = match level {
            Level::Root => "must not be empty at the root",
            Level::Item => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        };
        errors.push(FieldError::required(field.clone(), detail));
    }
    if level == Level::Root && !have.is_empty() && have != "object" {
        errors.push(FieldError::invalid(field, have, "must be object at the root"));
    }
}

/// The fields that every object has may hardly be restricted.
fn metadata(schema: &Value, level: Level, path: &str, errors: &mut Vec<FieldError>) {
    if level != Level::Root && !is_embedded(schema) {
        return;
    }
    let types = [("kind", "string"), ("apiVersion", "string"), ("metadata", "object")];
    for (name, wanted) in types {
        let Some(property) = schema["properties"].get(name) else {
            continue;
        };
        let field = format!("{path}.properties[{name}]");
        let have = kind(property);
        if have != wanted {
            let detail = format!("must be {wanted}");
            errors.push(FieldError::invalid(format!("{field}.type"), have, detail));
        }
        if name == "metadata" && level == Level::Root && restricts(property) {
            let detail = "must not specify anything other than name and generateName, but \
                          metadata is implicitly specified";
            errors.push(FieldError::forbidden(field, detail));
        }
    }
}

fn restricts(metadata: &Value) -> bool {
    let harmless = |key: &str, value: &Value| match key {
        "type" | "default" | "externalDocs" | "example" => true,
        "properties" => value
            .as_object()
            .is_some_and(|all| all.keys().all(|name| matches!(&**name, "name" | "generateName"))),
        _ => value.is_null() || *value == false || *value == "" || *value == json!([]),
    };
    metadata.as_object().is_some_and(|all| !all.iter().all(|(key, value)| harmless(key, value)))
}
