//! What is wrong with a review of rights.

use serde_json::{Value, json};

use super::{Whom, text, texts};
use crate::status::FieldError;
use crate::status::field::escape_html;

/// Judges a review.
pub(super) fn review(whom: Whom, object: &Value) -> Vec<FieldError> {
    let spec = &object["spec"];
    let mut errors = Vec::new();
    attributes(spec, &mut errors);
    if whom != Whom::Caller && text(spec, "user").is_empty() && texts(&spec["groups"]).is_empty() {
        let why = "at least one of user or group must be specified";
        errors.push(FieldError::invalid("spec.user", "", why));
    }
    for name in ["fieldSelector", "labelSelector"] {
        errors.extend(selector(spec, name));
    }
    errors.extend(metadata(whom, &object["metadata"]));
    if whom == Whom::InNamespace {
        local(object, &mut errors);
    }
    errors
}

/// Either a resource or a path.
fn attributes(spec: &Value, errors: &mut Vec<FieldError>) {
    match (spec["resourceAttributes"].is_object(), spec["nonResourceAttributes"].is_object()) {
        (true, true) => errors.push(FieldError::invalid_printed(
            "spec.nonResourceAttributes",
            path(spec),
            "cannot be specified in combination with resourceAttributes",
        )),
        (false, false) => errors.push(FieldError::invalid_value(
            "spec.resourceAttributes",
            &Value::Null,
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        )),
        _ => {}
    }
}

/// The attributes of a path as Go prints them: its struct has no names for JSON here.
fn path(spec: &Value) -> String {
    let attributes = &spec["nonResourceAttributes"];
    let (path, verb) = (json!(text(attributes, "path")), json!(text(attributes, "verb")));
    escape_html(&format!("{{\"Path\":{path},\"Verb\":{verb}}}"))
}

/// A selector is a text or a list, not both.
fn selector(spec: &Value, name: &str) -> Option<FieldError> {
    let path = format!("spec.resourceAttributes.{name}");
    let selector = &spec["resourceAttributes"][name];
    if !selector.is_object() {
        return None;
    }
    let raw = text(selector, "rawSelector");
    let listed = selector["requirements"].as_array().is_some_and(|list| !list.is_empty());
    match (raw.is_empty(), listed) {
        (false, true) => Some(FieldError::invalid(
            format!("{path}.rawSelector"),
            raw,
            "may not specified at the same time as requirements",
        )),
        (true, false) => Some(FieldError::required(
            format!("{path}.requirements"),
            format!("when {path} is specified, requirements or rawSelector is required"),
        )),
        _ => None,
    }
}

/// A review has no metadata, save the namespace of a local one.
fn metadata(whom: Whom, metadata: &Value) -> Option<FieldError> {
    let allowed =
        |key: &str| key == "managedFields" || (key == "namespace" && whom == Whom::InNamespace);
    let mut keys = metadata.as_object().into_iter().flatten().map(|(key, _)| key);
    if keys.all(|key| allowed(key)) {
        return None;
    }
    let why = match whom {
        Whom::InNamespace => "must be empty except for namespace",
        Whom::Caller | Whom::Named => "must be empty",
    };
    Some(FieldError::invalid_value("metadata", metadata, why))
}

/// A local review is about a resource in its namespace.
fn local(object: &Value, errors: &mut Vec<FieldError>) {
    let spec = &object["spec"];
    let asked = &spec["resourceAttributes"];
    let namespace = text(asked, "namespace");
    if asked.is_object() && namespace != text(&object["metadata"], "namespace") {
        let why = "must match metadata.namespace";
        errors.push(FieldError::invalid("spec.resourceAttributes.namespace", namespace, why));
    }
    if spec["nonResourceAttributes"].is_object() {
        errors.push(FieldError::invalid_printed(
            "spec.nonResourceAttributes",
            path(spec),
            "disallowed on this kind of request",
        ));
    }
}
