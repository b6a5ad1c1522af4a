//! Filling in defaults, after the nulls that mean nothing are gone.

use serde_json::Value;

use super::Schema;

/// Drops every null of a field that is neither nullable nor has a default, then writes the
/// defaults into the objects that are there.
pub fn default(value: &mut Value, schema: &Schema) {
    drop_nulls(value, Some(schema));
    fill(value, schema);
}

fn drop_nulls(value: &mut Value, schema: Option<&Schema>) {
    match value {
        Value::Object(map) => {
            let field = |key: &str| schema.and_then(|schema| schema.field(key));
            map.retain(|key, value| {
                let idle = |s: &Schema| !s.is_nullable() && s.default().is_none();
                !(value.is_null() && field(key).is_some_and(idle))
            });
            for (key, value) in map.iter_mut() {
                drop_nulls(value, field(key));
            }
        }
        Value::Array(items) => {
            let below = schema.and_then(Schema::items);
            items.iter_mut().for_each(|item| drop_nulls(item, below));
        }
        _ => {}
    }
}

fn fill(value: &mut Value, schema: &Schema) {
    match value {
        Value::Object(map) => {
            for (key, property) in schema.properties() {
                let Some(default) = property.default() else {
                    continue;
                };
                let absent =
                    map.get(key).is_none_or(|value| value.is_null() && !property.is_nullable());
                if absent {
                    map.insert(key.to_owned(), default.clone());
                }
            }
            for (key, value) in map.iter_mut() {
                if let Some(below) = schema.field(key) {
                    replace_null(value, below);
                    fill(value, below);
                }
            }
        }
        Value::Array(items) => {
            let Some(below) = schema.items() else {
                return;
            };
            for item in items {
                replace_null(item, below);
                fill(item, below);
            }
        }
        _ => {}
    }
}

fn replace_null(value: &mut Value, schema: &Schema) {
    if value.is_null()
        && !schema.is_nullable()
        && let Some(default) = schema.default()
    {
        *value = default.clone();
    }
}
