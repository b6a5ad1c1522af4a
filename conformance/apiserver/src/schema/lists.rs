//! Lists whose entries must differ: by value (`set`) or by some fields (`map`).

use serde_json::{Map, Value};

use super::{ListType, Schema};
use crate::status::FieldError;

/// Adds an error for every entry that is there already.
pub(super) fn validate(value: &Value, schema: &Schema, path: &str, errors: &mut Vec<FieldError>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if let Some(below) = schema.property(key) {
                    validate(value, below, &child(path, key), errors);
                } else if let Some(below) = schema.additional() {
                    validate(value, below, &format!("{path}[{key}]"), errors);
                }
            }
        }
        Value::Array(items) => {
            match schema.list_type() {
                ListType::Atomic => {}
                ListType::Set => repeated(items, path, errors),
                ListType::Map(keys) => map_entries(items, &keys, path, errors),
            }
            if let Some(below) = schema.items() {
                for (i, item) in items.iter().enumerate() {
                    validate(item, below, &format!("{path}[{i}]"), errors);
                }
            }
        }
        _ => {}
    }
}

fn map_entries(items: &[Value], keys: &[String], path: &str, errors: &mut Vec<FieldError>) {
    let odd = |item: &&Value| !item.is_object() && !item.is_null();
    if let Some(i) = items.iter().position(|item| odd(&item)) {
        let detail = "must be an object for an array of list-type map";
        errors.push(FieldError::invalid_value(format!("{path}[{i}]"), &items[i], detail));
        return;
    }
    let all: Vec<Value> = items.iter().map(|item| key_of(item, keys)).collect();
    repeated(&all, path, errors);
}

fn key_of(item: &Value, keys: &[String]) -> Value {
    let fields = keys.iter().filter_map(|key| {
        let value = item.get(key)?;
        Some((key.clone(), value.clone()))
    });
    Value::Object(fields.collect::<Map<_, _>>())
}

/// An error for the second of equal values; a third is not told.
fn repeated(values: &[Value], path: &str, errors: &mut Vec<FieldError>) {
    for (i, value) in values.iter().enumerate() {
        let before = values[..i].iter().filter(|other| *other == value).count();
        if before == 1 {
            errors.push(FieldError::duplicate(format!("{path}[{i}]"), value));
        }
    }
}

/// The path of the field `key` below `path`.
pub(super) fn child(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
