//! What a schema says about lists and maps as the field managers see them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::nested::says;
use super::root::{below, flag, kind};
use crate::kinds::crd::{list, text};
use crate::status::FieldError;

const MAP_TYPE: &str = "x-kubernetes-map-type";
const LIST_TYPE: &str = "x-kubernetes-list-type";
const KEYS: &str = "x-kubernetes-list-map-keys";

/// Adds what is wrong with the types of lists and maps of the schema at `path`.
pub(super) fn check(schema: &Value, path: &str, errors: &mut Vec<FieldError>) {
    needs_type(schema, MAP_TYPE, "object", path, errors);
    supported(schema, MAP_TYPE, &["atomic", "granular"], path, errors);
    needs_type(schema, LIST_TYPE, "array", path, errors);
    if schema[LIST_TYPE] == "set" && kind(schema) == "array" {
        set_of_atoms(schema, path, errors);
    }
    supported(schema, LIST_TYPE, &["atomic", "set", "map"], path, errors);
    let field = format!("{path}.{LIST_TYPE}");
    let detail = "must be map if x-kubernetes-list-map-keys is non-empty";
    if !list(schema, KEYS).is_empty() {
        match &schema[LIST_TYPE] {
            Value::Null => errors.push(FieldError::required(field, detail)),
            own if own == "map" => {}
            own => errors.push(FieldError::invalid_value(field, own, detail)),
        }
    }
    if schema[LIST_TYPE] == "map" {
        map(schema, path, errors);
    }
    if schema[LIST_TYPE] == "map" || schema[LIST_TYPE] == "set" {
        no_nulls(schema, path, errors);
    }
}

fn needs_type(schema: &Value, key: &str, wanted: &str, path: &str, errors: &mut Vec<FieldError>) {
    let have = kind(schema);
    if schema[key].is_null() || have == wanted {
        return;
    }
    let detail = format!("must be {wanted} if {key} is specified");
    let field = format!("{path}.type");
    errors.push(if have.is_empty() {
        FieldError::required(field, detail)
    } else {
        FieldError::invalid(field, have, detail)
    });
}

fn supported(schema: &Value, key: &str, all: &[&str], path: &str, errors: &mut Vec<FieldError>) {
    let own = &schema[key];
    if !own.is_null() && !all.contains(&text(schema, key)) {
        let field = format!("{path}.{key}");
        errors.push(FieldError::not_supported(field, own, all.iter().copied()));
    }
}

fn set_of_atoms(schema: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let Some(items) = below(schema, "items") else {
        return;
    };
    let (key, absent) = match kind(items) {
        "array" => (LIST_TYPE, "atomic"),
        "object" => (MAP_TYPE, "granular"),
        _ => return,
    };
    if !says(items, key, absent, "atomic") {
        let detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
        let field = format!("{path}.items.{key}");
        errors.push(FieldError::invalid_value(field, &items[LIST_TYPE], detail));
    }
}

fn map(schema: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let keys = list(schema, KEYS);
    let keys_field = format!("{path}.{KEYS}");
    if keys.is_empty() {
        let detail = "must not be empty if x-kubernetes-list-type is map";
        errors.push(FieldError::required(keys_field.clone(), detail));
    }
    let Some(items) = below(schema, "items") else {
        let detail = "must have a schema if x-kubernetes-list-type is map";
        errors.push(FieldError::required(format!("{path}.items"), detail));
        return;
    };
    let have = kind(items);
    if have != "object" {
        let detail = "must be object if parent array's x-kubernetes-list-type is map";
        errors.push(FieldError::invalid(format!("{path}.items.type"), have, detail));
        return;
    }
    let mut seen = BTreeSet::new();
    for key in keys.iter().filter_map(Value::as_str) {
        match items["properties"].get(key).map(kind) {
            Some("array" | "object") => {
                let detail = "must be a scalar type if parent array's x-kubernetes-list-type is \
                              map";
                let field = format!("{path}.items.properties[{key}].type");
                errors.push(FieldError::invalid(field, have, detail));
            }
            Some(_) => {}
            None => {
                let detail = "entries must all be names of item properties";
                let field = keys_field.clone();
                errors.push(FieldError::invalid_value(field, &json!(keys), detail));
            }
        }
        if !seen.insert(key) {
            let detail = "must not contain duplicate entries";
            errors.push(FieldError::invalid_value(keys_field.clone(), &json!(keys), detail));
        }
    }
}

/// What tells the items apart has to be there.
fn no_nulls(schema: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let Some(items) = below(schema, "items") else {
        return;
    };
    let list_type = text(schema, LIST_TYPE);
    if flag(items, "nullable") {
        let detail = format!("cannot be nullable when x-kubernetes-list-type is {list_type}");
        errors.push(FieldError::forbidden(format!("{path}.items.nullable"), detail));
    }
    if list_type != "map" {
        return;
    }
    for key in list(schema, KEYS).iter().filter_map(Value::as_str) {
        let Some(property) = items["properties"].get(key) else {
            continue;
        };
        let field = format!("{path}.items.properties[{key}]");
        let required = list(items, "required").iter().any(|name| name == key);
        if !required && property["default"].is_null() {
            let detail = "this property is in x-kubernetes-list-map-keys, so it must have a \
                          default or be a required property";
            errors.push(FieldError::required(format!("{field}.default"), detail));
        }
        if flag(property, "nullable") {
            let detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            errors.push(FieldError::forbidden(format!("{field}.nullable"), detail));
        }
    }
}
