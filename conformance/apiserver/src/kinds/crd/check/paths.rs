//! What a version says by paths into its objects: subresources, columns, selectable fields.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::kinds::crd::text;
use crate::status::FieldError;

const COLUMN_TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS: [&str; 8] =
    ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
/// How many fields may be selectable.
const MAX_SELECTABLE: usize = 8;

/// Adds what is wrong with the subresources at `path`.
pub(super) fn subresources(subresources: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let scale = &subresources["scale"];
    if scale.is_null() {
        return;
    }
    for (key, root) in [("specReplicasPath", ".spec"), ("statusReplicasPath", ".status")] {
        let value = text(scale, key);
        let field = format!("{path}.scale.{key}");
        if value.is_empty() {
            errors.push(FieldError::required(field, ""));
        } else if let Some(error) = simple(value, &field) {
            errors.push(error);
        } else if !value.starts_with(&format!("{root}.")) {
            let detail = format!("should be a json path under {root}");
            errors.push(FieldError::invalid(field, value, detail));
        }
    }
    let value = text(scale, "labelSelectorPath");
    let field = format!("{path}.scale.labelSelectorPath");
    if value.is_empty() {
        return;
    }
    if let Some(error) = simple(value, &field) {
        errors.push(error);
    } else if !value.starts_with(".spec.") && !value.starts_with(".status.") {
        let detail = "should be a json path under either .spec or .status";
        errors.push(FieldError::invalid(field, value, detail));
    }
}

fn simple(value: &str, field: &str) -> Option<FieldError> {
    let detail = "must be a simple json path starting with .";
    (!value.starts_with('.')).then(|| FieldError::invalid(field, value, detail))
}

/// Adds what is wrong with the columns at `path`.
pub(super) fn columns(columns: &Value, path: &str, errors: &mut Vec<FieldError>) {
    for (i, column) in columns.as_array().into_iter().flatten().enumerate() {
        let at = |key: &str| format!("{path}[{i}].{key}");
        if text(column, "name").is_empty() {
            errors.push(FieldError::required(at("name"), ""));
        }
        let kind = text(column, "type");
        let detail = format!("must be one of {}", COLUMN_TYPES.join(","));
        if kind.is_empty() {
            errors.push(FieldError::required(at("type"), detail));
        } else if !COLUMN_TYPES.contains(&kind) {
            errors.push(FieldError::invalid(at("type"), kind, detail));
        }
        let format = text(column, "format");
        if !format.is_empty() && !COLUMN_FORMATS.contains(&format) {
            let detail = format!("must be one of {}", COLUMN_FORMATS.join(","));
            errors.push(FieldError::invalid(at("format"), format, detail));
        }
        let json_path = text(column, "jsonPath");
        if json_path.is_empty() {
            errors.push(FieldError::required(at("JSONPath"), ""));
        } else {
            errors.extend(simple(json_path, &at("JSONPath")));
        }
    }
}

/// Adds what is wrong with the selectable fields at `path`.
pub(super) fn selectable(fields: &Value, schema: &Value, path: &str, errors: &mut Vec<FieldError>) {
    if schema.is_null() {
        let detail = "may only be set when validations.schema is included";
        errors.push(FieldError::invalid(path, "", detail));
        return;
    }
    let mut seen = BTreeSet::new();
    for (i, field) in fields.as_array().into_iter().flatten().enumerate() {
        let at = format!("{path}[{i}].jsonPath");
        let json_path = text(field, "jsonPath");
        if json_path.is_empty() {
            errors.push(FieldError::required(at, ""));
            continue;
        }
        let Some(found) = field_schema(schema, json_path) else {
            let detail = "is an invalid path: does not refer to a valid field";
            errors.push(FieldError::invalid(at, json_path, detail));
            continue;
        };
        if json_path.starts_with(".metadata") {
            let detail = "must not point to fields in metadata";
            errors.push(FieldError::invalid(at.clone(), json_path, detail));
        }
        if !["string", "boolean", "integer"].contains(&text(found, "type")) {
            let detail = "must point to a field of type string, boolean or integer. Enum string \
                          fields and strings with formats are allowed.";
            errors.push(FieldError::invalid(at.clone(), json_path, detail));
        }
        if !seen.insert(json_path) {
            errors.push(FieldError::duplicate(at, &json!(json_path)));
        }
    }
    if seen.len() > MAX_SELECTABLE {
        errors.push(FieldError::too_many(path, seen.len(), MAX_SELECTABLE as u64));
    }
}

/// The schema of the field at `.a.b`; `None` where there is none.
pub(super) fn field_schema<'a>(schema: &'a Value, path: &str) -> Option<&'a Value> {
    let mut here = schema;
    for name in path.strip_prefix('.')?.split('.') {
        here = match here["properties"].get(name) {
            Some(property) => property,
            None => here.get("additionalProperties").filter(|below| below.is_object())?,
        };
    }
    Some(here)
}
