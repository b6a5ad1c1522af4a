//! Whole objects inside an object: they need a kind, and their metadata is judged.

use serde_json::{Map, Value};

use super::Schema;
use super::lists::child;
use crate::meta::{self, Meta, NameRule, names};
use crate::status::FieldError;

/// Adds the errors of all embedded objects below `path`.
pub(super) fn validate(value: &Value, schema: &Schema, path: &str, errors: &mut Vec<FieldError>) {
    match value {
        Value::Object(map) => {
            if schema.is_embedded() {
                object(map, path, errors);
            }
            for (key, value) in map {
                if let Some(below) = schema.property(key) {
                    validate(value, below, &child(path, key), errors);
                } else if let Some(below) = schema.additional() {
                    validate(value, below, &format!("{path}[{key}]"), errors);
                }
            }
        }
        Value::Array(items) => {
            if let Some(below) = schema.items() {
                for (i, item) in items.iter().enumerate() {
                    validate(item, below, &format!("{path}[{i}]"), errors);
                }
            }
        }
        _ => {}
    }
}

fn object(map: &Map<String, Value>, path: &str, errors: &mut Vec<FieldError>) {
    for key in ["apiVersion", "kind"] {
        let field = child(path, key);
        match map.get(key) {
            None => errors.push(FieldError::required(field, "")),
            Some(Value::String(text)) if text.is_empty() => {
                errors.push(FieldError::invalid(field, "", "must not be empty"));
            }
            Some(Value::String(text)) if key == "kind" => {
                let texts = names::label_1035(&text.to_lowercase());
                if !texts.is_empty() {
                    let detail = format!(
                        "may have mixed case, but should otherwise match: {}",
                        texts.join(",")
                    );
                    errors.push(FieldError::invalid(field, text, detail));
                }
            }
            Some(Value::String(text)) => {
                if text.matches('/').count() > 1 {
                    let detail = format!("unexpected GroupVersion string: {text}");
                    errors.push(FieldError::invalid(field, text, detail));
                }
            }
            Some(other) => {
                errors.push(FieldError::invalid_value(field, other, "must be a string"));
            }
        }
    }
    if let Some(value) = map.get("metadata") {
        metadata(value, path, errors);
    }
}

fn metadata(value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    match Meta::parse_at(value, "metadata") {
        Err(why) => {
            let field = child(path, "metadata");
            errors.push(FieldError::invalid_value(field, value, why));
        }
        Ok((mut meta, _)) => {
            if meta.name.is_empty() {
                // an embedded object need not have one
                "fakename".clone_into(&mut meta.name);
            }
            let namespaced = !meta.namespace.is_empty();
            for mut error in meta::validate(&meta, namespaced, NameRule::Path, true) {
                error.field = child(path, &error.field);
                errors.push(error);
            }
        }
    }
}
