//! Judging an update: what was wrong before and has not been touched is forgiven.

use serde_json::Value;

use super::validate::Walk;
use super::{ListType, Schema, embedded, lists};
use crate::status::FieldError;

/// Judges an update of a whole object. An error is forgiven where the value at its place, or
/// one around it, is what it was; errors of list types, if the old object had some already.
#[must_use]
pub fn validate_update(new: &Value, old: &Value, schema: &Schema) -> Vec<FieldError> {
    let mut errors = Walk::default().judge(schema, "", new, Some(old)).errors;
    embedded::validate(new, schema, "", &mut errors);
    new_list_errors(new, old, schema, &mut errors);
    errors
}

/// Judges an update of the subresource `status`: the field `status` of two whole objects. The
/// texts have the paths below `status`, as those of the API server do.
#[must_use]
pub fn validate_status(new: &Value, old: &Value, schema: &Schema) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let (Some(status), Some(below)) = (new.get("status"), schema.property("status")) {
        let walk = Walk { prefix: "status" };
        errors = walk.judge(below, "", status, old.get("status")).errors;
    }
    new_list_errors(new, old, schema, &mut errors);
    errors
}

fn new_list_errors(new: &Value, old: &Value, schema: &Schema, errors: &mut Vec<FieldError>) {
    let mut before = Vec::new();
    lists::validate(old, schema, "", &mut before);
    if before.is_empty() {
        lists::validate(new, schema, "", errors);
    }
}

/// The entry of the list `old` that is the same as `item`; only lists with keys tell.
pub(super) fn entry_before<'a>(
    list_type: &ListType,
    item: &Value,
    old: Option<&'a Value>,
) -> Option<&'a Value> {
    let ListType::Map(keys) = list_type else {
        return None;
    };
    let entries = old?.as_array()?;
    let same = |entry: &&Value| keys.iter().all(|key| entry.get(key) == item.get(key));
    entries.iter().find(same)
}
