//! The defaults in a schema: each has to fit the schema that it stands in.

use serde_json::Value;

use super::root::{below, flag, is_meta, properties};
use crate::schema::{self, Schema};
use crate::status::FieldError;

/// What is wrong with the defaults in a schema of whole objects.
pub(super) fn check(schema: &Value, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    walk(schema, true, false, path, &mut errors);
    errors
}

/// `whole`: objects with metadata stand here; `meta`: here is a part of the metadata, whose
/// defaults are another matter.
fn walk(schema: &Value, whole: bool, meta: bool, path: &str, errors: &mut Vec<FieldError>) {
    let meta = meta && !whole;
    if !schema["default"].is_null() && !meta {
        judge(schema, &format!("{path}.default"), errors);
    }
    let embedded = |schema: &Value| flag(schema, "x-kubernetes-embedded-resource");
    if let Some(items) = below(schema, "items") {
        walk(items, embedded(items), meta, &format!("{path}.items"), errors);
    }
    for (name, property) in properties(schema) {
        let meta = meta || (whole && is_meta(name));
        let at = format!("{path}.properties[{name}]");
        walk(property, embedded(property), meta, &at, errors);
    }
}

fn judge(schema: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let default = &schema["default"];
    // what cannot be read is reported elsewhere
    let Ok(schema) = Schema::parse(schema) else {
        return;
    };
    let mut pruned = default.clone();
    schema::prune(&mut pruned, &schema);
    if pruned != *default {
        let detail = "must not have unknown fields";
        errors.push(FieldError::invalid_value(path, default, detail));
    }
    for mut error in schema::validate(default, &schema) {
        error.field = match error.field.as_str() {
            "<nil>" | "" => path.to_owned(),
            field => format!("{path}.{field}"),
        };
        errors.push(error);
    }
}
