//! Reading a schema.

use serde_json::{Map, Value};

use super::checks::{Pattern, Rules};
use super::{Kind, ListType, Node, Schema};

/// Reads the schema at `path` (for errors only).
pub(super) fn parse(value: &Value, path: &str) -> Result<Schema, String> {
    let Value::Object(map) = value else {
        return Err(format!("schema{path} is not an object"));
    };
    let int_or_string = flag(map, "x-kubernetes-int-or-string");
    let mut node = Node {
        kind: kind(map, path, int_or_string)?,
        nullable: flag(map, "nullable"),
        preserve: flag(map, "x-kubernetes-preserve-unknown-fields"),
        embedded: flag(map, "x-kubernetes-embedded-resource"),
        map_atomic: text(map, "x-kubernetes-map-type") == Some("atomic"),
        list_type: list_type(map),
        default: map.get("default").filter(|v| !v.is_null()).cloned(),
        validations: array(map, "x-kubernetes-validations").to_vec(),
        rules: rules(map),
        items: child(map, "items", path)?,
        additional: additional(map, path)?,
        all_of: children(map, "allOf", path)?,
        any_of: children(map, "anyOf", path)?,
        one_of: children(map, "oneOf", path)?,
        not: child(map, "not", path)?,
        ..Node::default()
    };
    if let Some(Value::Object(properties)) = map.get("properties") {
        for (name, value) in properties {
            let schema = parse(value, &format!("{path}.{name}"))?;
            node.properties.insert(name.clone(), schema);
        }
    }
    let mut below = node.properties.values().chain(&node.items).chain(&node.additional);
    let has_below = below.any(Schema::has_validations);
    node.has_validations = has_below || !node.validations.is_empty();
    Ok(Schema::from(node))
}

fn kind(map: &Map<String, Value>, path: &str, int_or_string: bool) -> Result<Kind, String> {
    if int_or_string {
        return Ok(Kind::IntOrString);
    }
    Ok(match text(map, "type") {
        None | Some("") => Kind::Any,
        Some("object") => Kind::Object,
        Some("array") => Kind::Array,
        Some("string") => Kind::String,
        Some("integer") => Kind::Integer,
        Some("number") => Kind::Number,
        Some("boolean") => Kind::Boolean,
        Some(other) => return Err(format!("schema{path} has the unknown type {other}")),
    })
}

fn list_type(map: &Map<String, Value>) -> ListType {
    match text(map, "x-kubernetes-list-type") {
        Some("set") => ListType::Set,
        Some("map") => ListType::Map(texts(map, "x-kubernetes-list-map-keys")),
        _ => ListType::Atomic,
    }
}

fn rules(map: &Map<String, Value>) -> Rules {
    Rules {
        required: texts(map, "required"),
        allowed: array(map, "enum").to_vec(),
        minimum: float(map, "minimum"),
        maximum: float(map, "maximum"),
        exclusive_minimum: flag(map, "exclusiveMinimum"),
        exclusive_maximum: flag(map, "exclusiveMaximum"),
        multiple_of: float(map, "multipleOf"),
        min_length: count(map, "minLength"),
        max_length: count(map, "maxLength"),
        pattern: text(map, "pattern").filter(|pattern| !pattern.is_empty()).map(Pattern::new),
        min_items: count(map, "minItems"),
        max_items: count(map, "maxItems"),
        unique_items: flag(map, "uniqueItems"),
        min_properties: count(map, "minProperties"),
        max_properties: count(map, "maxProperties"),
        format: text(map, "format")
            .filter(|format| super::format::is_known(format))
            .unwrap_or_default()
            .to_owned(),
    }
}

fn additional(map: &Map<String, Value>, path: &str) -> Result<Option<Schema>, String> {
    match map.get("additionalProperties") {
        Some(Value::Bool(true)) => Ok(Some(Schema::open())),
        Some(Value::Object(_)) => child(map, "additionalProperties", path),
        _ => Ok(None),
    }
}

fn child(map: &Map<String, Value>, key: &str, path: &str) -> Result<Option<Schema>, String> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => parse(value, &format!("{path}.{key}")).map(Some),
    }
}

fn children(map: &Map<String, Value>, key: &str, path: &str) -> Result<Vec<Schema>, String> {
    let each = array(map, key).iter().enumerate();
    each.map(|(i, value)| parse(value, &format!("{path}.{key}[{i}]"))).collect()
}

fn flag(map: &Map<String, Value>, key: &str) -> bool {
    map.get(key).and_then(Value::as_bool).unwrap_or_default()
}

fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    map.get(key).and_then(Value::as_str)
}

fn texts(map: &Map<String, Value>, key: &str) -> Vec<String> {
    let each = array(map, key).iter().filter_map(Value::as_str);
    each.map(str::to_owned).collect()
}

fn array<'a>(map: &'a Map<String, Value>, key: &str) -> &'a [Value] {
    map.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn float(map: &Map<String, Value>, key: &str) -> Option<f64> {
    map.get(key).and_then(Value::as_f64)
}

fn count(map: &Map<String, Value>, key: &str) -> Option<u64> {
    map.get(key).and_then(Value::as_u64)
}
