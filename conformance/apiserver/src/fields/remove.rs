//! An object without some of its fields.

use serde_json::{Map, Value};

use super::path::Element;
use super::set::Set;
use super::typed::{Form, Type};

/// `value` without the fields of `set`. A container that loses all it had is null after.
#[must_use]
pub fn remove(kind: Type<'_>, value: &Value, set: &Set) -> Value {
    let empty = match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    match (kind.form(Some(value)), value) {
        _ if empty => Value::Null,
        (Form::Map, Value::Object(map)) if !kind.atomic_map() => fields(kind, map, set),
        (Form::List, Value::Array(items)) if !kind.atomic_list() => elements(kind, items, set),
        (Form::Scalar, _) => value.clone(),
        _ => Value::Null,
    }
}

fn fields(kind: Type<'_>, map: &Map<String, Value>, set: &Set) -> Value {
    let mut left = Map::new();
    for (name, value) in map {
        let element = Element::field(name);
        if !set.has(&element) {
            let value = match set.below(&element) {
                Some(subset) => remove(kind.below(&element), value, subset),
                None => value.clone(),
            };
            left.insert(name.clone(), value);
        }
    }
    if left.is_empty() {
        return Value::Null;
    }
    Value::Object(left)
}

fn elements(kind: Type<'_>, items: &[Value], set: &Set) -> Value {
    let mut left = Vec::new();
    for item in items {
        let Ok(step) = kind.step(item) else {
            left.push(item.clone());
            continue;
        };
        if !set.has(&step) {
            left.push(match set.below(&step) {
                Some(subset) => remove(kind.item(), item, subset),
                None => item.clone(),
            });
        }
    }
    if left.is_empty() {
        return Value::Null;
    }
    Value::Array(left)
}
