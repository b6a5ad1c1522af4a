//! Merge patch (RFC 7386), with the habits of the server's library: nulls below new keys, and in
//! objects within lists that replace something, are dropped.

use serde_json::{Map, Value};

use super::{parse_error, undecodable};
use crate::json::type_name;
use crate::status::Status;

/// Reads a patch.
///
/// # Errors
/// 400 when it is no JSON object.
pub fn parse(body: &[u8]) -> Result<Map<String, Value>, Status> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(patch)) => Ok(patch),
        // `null` is an empty patch.
        Ok(Value::Null) => Ok(Map::new()),
        Ok(other) => Err(undecodable(&format!(
            "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            type_name(&other)
        ))),
        Err(error) => Err(undecodable(&parse_error(&error))),
    }
}

/// Applies a patch: null deletes, objects merge, everything else replaces.
pub fn apply(target: &mut Value, patch: Map<String, Value>) {
    let Value::Object(fields) = target else {
        let mut patch = Value::Object(patch);
        prune(&mut patch);
        *target = patch;
        return;
    };
    for (key, value) in patch {
        if value.is_null() {
            fields.remove(&key);
            continue;
        }
        match (fields.get_mut(&key), value) {
            (Some(old @ Value::Object(_)), Value::Object(value)) => apply(old, value),
            // A list in the place of an object is taken as it is.
            (Some(old @ Value::Object(_)), value) => *old = value,
            (_, mut value) => {
                prune(&mut value);
                fields.insert(key, value);
            }
        }
    }
}

/// Drops the nulls of objects; those of lists stay.
fn prune(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(prune);
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}
