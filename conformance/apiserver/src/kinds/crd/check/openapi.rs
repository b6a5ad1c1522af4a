//! What of OpenAPI a schema may use, and its rules.

use serde_json::{Value, json};

use super::root::{below, flag, is_meta, kind, properties};
use super::{lists, nested, rules};
use crate::kinds::crd::list;
use crate::status::FieldError;

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// A place in a schema.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// The path of the schema.
    pub(super) path: String,
    /// Whether whole objects stand here.
    pub(super) root: bool,
    /// Whether here is a part of the metadata.
    meta: bool,
    /// Why there may be no default here.
    no_default: Option<String>,
    /// Whether the rules here are compiled.
    compiled: bool,
    /// The first schema above that cannot tell which value was which before.
    pub(super) uncorrelatable: Option<String>,
}

/// Errors of schemas and of rules.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) schema: Vec<FieldError>,
    pub(super) rules: Vec<FieldError>,
}

/// What is wrong with the schema of whole objects at `path`. Rules are compiled only where the
/// schema is `sound`.
pub(super) fn check(schema: &Value, path: &str, sound: bool) -> Vec<FieldError> {
    let place = Place { path: path.to_owned(), root: true, compiled: sound, ..Place::default() };
    let mut found = Found::default();
    walk(schema, &place, &mut found);
    found.schema.extend(found.rules);
    found.schema
}

impl Place {
    fn below(&self, part: &str) -> Self {
        Self { path: format!("{}.{part}", self.path), root: false, ..self.clone() }
    }

    /// A place inside the logic of a schema.
    fn judging(&self, part: &str) -> Self {
        Self { compiled: false, ..self.below(part) }
    }

    fn forget_old(mut self, above: &Self) -> Self {
        self.uncorrelatable.get_or_insert_with(|| above.path.clone());
        self
    }

    fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }
}

fn walk(schema: &Value, here: &Place, found: &mut Found) {
    let before = found.schema.len();
    plain(schema, here, &mut found.schema);
    unsupported(schema, here, &mut found.schema);
    additional(schema, here, found);
    let whole = here.root || flag(schema, "x-kubernetes-embedded-resource");
    for (name, property) in properties(schema) {
        let mut place = here.below(&format!("properties[{name}]"));
        if !nested::says(schema, "x-kubernetes-map-type", "granular", "granular") {
            place = place.forget_old(here);
        }
        if whole && is_meta(name) {
            place.meta = true;
            if here.root {
                place.no_default = Some(format!("in top-level {name}"));
            }
        }
        walk(property, &place, found);
    }
    if let Some(not) = below(schema, "not") {
        walk(not, &here.judging("not"), found);
    }
    for key in ["allOf", "oneOf", "anyOf"] {
        for (i, one) in list(schema, key).iter().enumerate() {
            walk(one, &here.judging(&format!("{key}[{i}]")), found);
        }
    }
    if let Some(items) = below(schema, "items") {
        let mut place = here.below("items");
        if schema["x-kubernetes-list-type"] != "map" {
            place = place.forget_old(here);
        }
        walk(items, &place, found);
    }
    if schema["x-kubernetes-preserve-unknown-fields"] == false {
        let field = here.at("x-kubernetes-preserve-unknown-fields");
        let detail = "must be true or undefined";
        found.schema.push(FieldError::invalid_value(field, &json!(false), detail));
    }
    lists::check(schema, &here.path, &mut found.schema);
    rules::check(schema, here, &mut found.schema);
    if here.compiled && found.schema.len() == before {
        rules::compile(schema, here, &mut found.rules);
    }
}

fn additional(schema: &Value, here: &Place, found: &mut Found) {
    let additional = &schema["additionalProperties"];
    if additional.is_null() {
        return;
    }
    if properties(schema).next().is_some() && *additional != true {
        let detail = "additionalProperties and properties are mutual exclusive";
        found.schema.push(FieldError::forbidden(here.at("additionalProperties"), detail));
    }
    if additional.is_object() {
        let mut place = here.below("additionalProperties");
        if here.meta {
            let why = "inside additionalProperties applying to object metadata";
            place.no_default = Some(why.to_owned());
        }
        walk(additional, &place, found);
    }
}

fn plain(schema: &Value, here: &Place, errors: &mut Vec<FieldError>) {
    let own = kind(schema);
    if !own.is_empty() && !TYPES.contains(&own) {
        errors.push(FieldError::not_supported(here.at("type"), &json!(own), TYPES));
    }
    if !schema["default"].is_null()
        && let Some(why) = &here.no_default
    {
        errors.push(FieldError::forbidden(here.at("default"), format!("must not be set {why}")));
    }
    if own == "null" {
        let detail = "type cannot be set to null, use nullable as an alternative";
        errors.push(FieldError::forbidden(here.at("type"), detail));
    }
    if schema["items"].is_array() {
        let detail = "items must be a schema object and not an array";
        errors.push(FieldError::forbidden(here.at("items"), detail));
    }
    let embedded = "x-kubernetes-embedded-resource";
    if here.meta && flag(schema, embedded) {
        let detail = "must not be used inside of resource meta";
        errors.push(FieldError::forbidden(here.at(embedded), detail));
    }
    if flag(schema, "uniqueItems") {
        let detail =
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        errors.push(FieldError::forbidden(here.at("uniqueItems"), detail));
    }
}

fn unsupported(schema: &Value, here: &Place, errors: &mut Vec<FieldError>) {
    let keys =
        ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"];
    for key in keys.into_iter().filter(|key| !schema[*key].is_null() && schema[*key] != "") {
        errors.push(FieldError::forbidden(here.at(key), format!("{key} is not supported")));
    }
}
