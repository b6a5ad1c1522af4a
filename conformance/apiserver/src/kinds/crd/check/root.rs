//! A whole schema of a definition.

use serde_json::{Map, Value, json};

use super::{defaults, openapi, structural};
use crate::kinds::crd::text;
use crate::schema::Schema;
use crate::status::{FieldError, print};

/// What may stand at the root beside the type when `status` is written on its own, in Go's names.
const AT_ROOT: &str = "[Description Type Format Title Maximum ExclusiveMaximum Minimum \
    ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf \
    Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations]";
/// What may not.
const NOT_AT_ROOT: [&str; 16] = [
    "additionalProperties",
    "allOf",
    "anyOf",
    "default",
    "enum",
    "maxProperties",
    "minProperties",
    "not",
    "nullable",
    "oneOf",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "$ref",
];

/// Adds what is wrong with the schema `openAPIV3Schema` at `parent`; `status`: that is written
/// on its own.
pub(super) fn check(schema: &Value, parent: &str, status: bool, errors: &mut Vec<FieldError>) {
    let path = format!("{parent}.openAPIV3Schema");
    let mut found = Vec::new();
    if let Value::Object(map) = schema
        && status
    {
        with_status(map, &path, &mut found);
    }
    if schema["nullable"] == true {
        let detail = "nullable cannot be true at the root";
        found.push(FieldError::forbidden(format!("{path}.nullable"), detail));
    }
    let mut deeper = structural::check(schema, &path);
    if deeper.is_empty() {
        deeper = defaults::check(schema, &path);
    }
    let sound = deeper.is_empty();
    found.extend(deeper);
    found.extend(openapi::check(schema, &path, sound));
    if found.is_empty()
        && let Err(why) = Schema::parse(schema)
    {
        found.push(FieldError::invalid(parent, "", format!("error building validator: {why}")));
    }
    errors.extend(found);
}

fn with_status(schema: &Map<String, Value>, path: &str, errors: &mut Vec<FieldError>) {
    let kind = schema.get("type").unwrap_or(&Value::Null);
    let rest = "allowed as the type at the root of the schema if the status subresource is enabled";
    if !kind.is_null() && kind != "object" && kind != "" {
        let detail = format!("only \"object\" is {rest}");
        errors.push(FieldError::invalid_value(format!("{path}.type"), kind, detail));
        return;
    }
    let zero = |value: &Value| {
        *value == json!(null) || *value == json!(false) || *value == json!([]) || *value == ""
    };
    let foreign = |key: &&str| schema.get(*key).is_some_and(|value| !zero(value));
    if NOT_AT_ROOT.iter().any(foreign) {
        let detail = format!(
            "only {AT_ROOT} fields are allowed at the root of the schema if the status \
             subresource is enabled"
        );
        let value = print(&Value::Object(schema.clone()));
        errors.push(FieldError::invalid_printed(path, value, detail));
    }
}

/// The type that a schema names, or empty.
pub(super) fn kind(schema: &Value) -> &str {
    text(schema, "type")
}

/// The fields of a schema with schemas of their own.
pub(super) fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"].as_object().into_iter().flatten()
}

/// The schema below `key`, where there is one.
pub(super) fn below<'a>(schema: &'a Value, key: &str) -> Option<&'a Value> {
    schema.get(key).filter(|below| below.is_object())
}

/// Whether a flag is set.
pub(super) fn flag(schema: &Value, key: &str) -> bool {
    schema[key] == true
}

/// Whether a field belongs to every object.
pub(super) fn is_meta(name: &str) -> bool {
    matches!(name, "apiVersion" | "kind" | "metadata")
}
