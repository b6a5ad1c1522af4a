//! Taking away what the schema does not know.

use serde_json::{Map, Value};

use super::Schema;
use crate::meta::Meta;

/// Removes from an object every field that its schema does not know, and returns their paths,
/// sorted. Kind, apiVersion and metadata are always known at the root (the metadata is for
/// [`Meta`] to read); in an embedded object the metadata is pruned as well.
pub fn prune(value: &mut Value, schema: &Schema) -> Vec<String> {
    let mut gone = Vec::new();
    if let Value::Object(map) = value {
        fields(map, schema, "", true, &mut gone);
    }
    gone.sort();
    gone
}

/// Turns every float without a fraction into an integer, as the decoder of the API server
/// leaves it after a round through the store.
pub fn integral(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or_default();
            if float.fract() == 0.0
                && let Ok(whole) = format!("{float:.0}").parse::<i64>()
            {
                *value = Value::from(whole);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(integral),
        Value::Object(map) => map.values_mut().for_each(integral),
        _ => {}
    }
}

fn walk(value: &mut Value, schema: Option<&Schema>, path: &str, gone: &mut Vec<String>) {
    match (value, schema) {
        (Value::Object(map), Some(schema)) => {
            fields(map, schema, path, schema.is_embedded(), gone);
        }
        (Value::Object(map), None) => {
            gone.extend(map.keys().map(|key| join(path, key)));
            map.clear();
        }
        (Value::Array(items), schema) => {
            let below = schema.and_then(Schema::items);
            if below.is_none() && schema.is_some_and(Schema::preserves_unknown) {
                return;
            }
            // what is kept whole stays so in the lists within
            let keep = schema.is_some_and(Schema::preserves_unknown);
            for (i, item) in items.iter_mut().enumerate() {
                let at = format!("{path}[{i}]");
                match (item, below) {
                    (Value::Object(map), Some(below)) if keep => {
                        let whole = below.is_embedded();
                        kept_fields(map, below, &at, whole, gone);
                    }
                    (item, below) => walk(item, below, &at, gone),
                }
            }
        }
        _ => {}
    }
}

fn fields(
    map: &mut Map<String, Value>,
    schema: &Schema,
    path: &str,
    whole: bool,
    gone: &mut Vec<String>,
) {
    if !schema.preserves_unknown() {
        map.retain(|key, _| {
            let known = (whole && is_meta(key)) || schema.field(key).is_some();
            if !known {
                gone.push(join(path, key));
            }
            known
        });
    }
    kept_fields(map, schema, path, whole, gone);
}

/// Goes into the fields that the schema knows and leaves the others alone.
fn kept_fields(
    map: &mut Map<String, Value>,
    schema: &Schema,
    path: &str,
    whole: bool,
    gone: &mut Vec<String>,
) {
    for (key, value) in map.iter_mut() {
        if whole && is_meta(key) {
            if key == "metadata" && !path.is_empty() {
                embedded_metadata(value, path, gone);
            }
        } else if let Some(below) = schema.field(key) {
            walk(value, Some(below), &join(path, key), gone);
        }
    }
}

fn embedded_metadata(value: &mut Value, path: &str, gone: &mut Vec<String>) {
    // of a wrong type: left for validation to complain about
    if let Ok((meta, unknown)) = Meta::parse_at(value, &join(path, "metadata")) {
        gone.extend(unknown);
        *value = meta.to_value();
    }
}

fn is_meta(key: &str) -> bool {
    matches!(key, "apiVersion" | "kind" | "metadata")
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
