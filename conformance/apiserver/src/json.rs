//! Short looks into JSON.

use serde_json::Value;

/// The text of a field, or empty.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// The text of a field of the metadata, or empty.
pub(crate) fn metadata<'a>(object: &'a Value, field: &str) -> &'a str {
    text(&object["metadata"], field)
}

/// The text at a JSON pointer, or empty.
pub(crate) fn text_at<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// How Go names the type of a value.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
