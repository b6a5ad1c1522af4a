//! Judging a definition: its names, versions and schemas, with the texts of Kubernetes.
//!
//! What all versions share is reported once, as a field of `spec` that Kubernetes has only
//! inside: `spec.validation`, `spec.subresources`, `spec.additionalPrinterColumns`.

mod conversion;
mod defaults;
mod lists;
mod names;
mod nested;
mod openapi;
mod paths;
mod root;
mod rules;
mod structural;
mod versions;

use serde_json::Value;

use super::approval::{self, Approval};
use super::{conditions, list, text};
use crate::meta::names::subdomain;
use crate::status::FieldError;

/// What is wrong with a new definition.
pub(super) fn create(object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    name(object, &mut errors);
    all(object, None, &mut errors);
    errors
}

/// What is wrong with a change of a definition.
pub(super) fn update(new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    all(new, Some(old), &mut errors);
    let established = conditions::is_true(old, "Established");
    let fields = [
        ("scope", "/spec/scope", established),
        ("names.kind", "/spec/names/kind", established),
        ("group", "/spec/group", true),
        ("names.plural", "/spec/names/plural", true),
    ];
    for (field, path, fixed) in fields {
        let now = new.pointer(path).unwrap_or(&Value::Null);
        if fixed && Some(now) != old.pointer(path) {
            let field = format!("spec.{field}");
            errors.push(FieldError::invalid_value(field, now, "field is immutable"));
        }
    }
    errors
}

/// What is wrong with a write to `status`.
pub(super) fn status(new: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    names::check(&new["status"]["acceptedNames"], "status.acceptedNames", &mut errors);
    errors
}

fn name(object: &Value, errors: &mut Vec<FieldError>) {
    let spec = &object["spec"];
    let wanted = format!("{}.{}", text(&spec["names"], "plural"), text(spec, "group"));
    let name = text(&object["metadata"], "name");
    if !name.is_empty() && name != wanted {
        let detail = "must be spec.names.plural+\".\"+spec.group";
        errors.push(FieldError::invalid("metadata.name", name, detail));
    }
}

fn all(new: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let spec = &new["spec"];
    group(text(spec, "group"), errors);
    one_of("spec.scope", &spec["scope"], ["Cluster", "Namespaced"], errors);
    let old_spec = old.map(|old| &old["spec"]);
    versions::check(spec, old_spec, errors);
    for key in ["plural", "singular", "kind", "listKind"] {
        if text(&spec["names"], key).is_empty() {
            errors.push(FieldError::required(format!("spec.names.{key}"), ""));
        }
    }
    names::check(&spec["names"], "spec.names", errors);
    conversion::check(&spec["conversion"], errors);
    errors.extend(status(new));
    stored_versions(new, errors);
    approved(new, old, errors);
    let keeps = |spec: &Value| spec["preserveUnknownFields"] == true;
    if keeps(spec) && !old_spec.is_some_and(keeps) {
        let detail = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in \
                      spec.versions[*].schema instead";
        errors.push(FieldError::invalid_value(
            "spec.preserveUnknownFields",
            &spec["preserveUnknownFields"],
            detail,
        ));
    }
}

fn group(group: &str, errors: &mut Vec<FieldError>) {
    if group.is_empty() {
        errors.push(FieldError::required("spec.group", ""));
        return;
    }
    let texts = subdomain(group);
    if !texts.is_empty() {
        errors.push(FieldError::invalid("spec.group", group, texts.join(",")));
    } else if !group.contains('.') {
        let detail = "should be a domain with at least one dot";
        errors.push(FieldError::invalid("spec.group", group, detail));
    }
}

/// A text that has to be one of two.
fn one_of(field: &str, value: &Value, allowed: [&str; 2], errors: &mut Vec<FieldError>) {
    match value.as_str().unwrap_or_default() {
        "" => errors.push(FieldError::required(field, "")),
        text if allowed.contains(&text) => {}
        _ => errors.push(FieldError::not_supported(field, value, allowed)),
    }
}

fn stored_versions(object: &Value, errors: &mut Vec<FieldError>) {
    let field = "status.storedVersions";
    let value = &object["status"]["storedVersions"];
    let stored = list(&object["status"], "storedVersions");
    if stored.is_empty() {
        let detail = "must have at least one stored version";
        errors.push(FieldError::invalid_value(field, value, detail));
        return;
    }
    let versions = list(&object["spec"], "versions");
    for version in versions.iter().filter(|version| version["storage"] == true) {
        if !stored.contains(&version["name"]) {
            let detail = format!("must have the storage version {}", text(version, "name"));
            errors.push(FieldError::invalid_value(field, value, detail));
        }
    }
    for (i, old) in stored.iter().enumerate() {
        if versions.iter().all(|version| version["name"] != *old) {
            let name = old.as_str().unwrap_or_default();
            let detail = format!(
                "missing from spec.versions; {name} was previously a storage version, and must \
                 remain in spec.versions until a storage migration ensures no data remains \
                 persisted in {name} and removes {name} from status.storedVersions"
            );
            errors.push(FieldError::invalid(format!("{field}[{i}]"), name, detail));
        }
    }
}

fn approved(new: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    if !approval::is_protected(text(&new["spec"], "group")) {
        return;
    }
    let (state, reason) = approval::state(new);
    if old.is_some_and(|old| approval::state(old).0 == state) {
        return;
    }
    let field = format!("metadata.annotations[{}]", approval::ANNOTATION);
    match state {
        Approval::Approved | Approval::Bypassed => {}
        Approval::Missing => errors.push(FieldError::required(field, reason)),
        Approval::Invalid => {
            let value = text(&new["metadata"]["annotations"], approval::ANNOTATION);
            errors.push(FieldError::invalid(field, value, reason));
        }
    }
}
