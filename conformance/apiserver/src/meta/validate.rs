//! The rules for metadata, on create and on update.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Meta, NameRule, OwnerReference, names};
use crate::status::{FieldError, quote};

/// Bytes of all keys and values of the annotations.
const MAX_ANNOTATIONS: usize = 256 * 1024;
/// Bytes of the name of a field manager.
const MAX_MANAGER: usize = 128;
/// Finalizers that need no domain.
const STANDARD_FINALIZERS: [&str; 3] = ["orphan", "foregroundDeletion", "kubernetes"];

/// Judges the metadata of an object as a whole (on create; on update some kinds repeat it).
/// Built-in kinds (`custom` false) also want finalizers with a domain.
#[must_use]
pub fn validate(meta: &Meta, namespaced: bool, rule: NameRule, custom: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if !meta.generate_name.is_empty() {
        let name = &meta.generate_name;
        each(&mut errors, "metadata.generateName", name, rule.check(name, true));
    }
    if meta.name.is_empty() {
        let detail = "name or generateName is required";
        errors.push(FieldError::required("metadata.name", detail));
    } else {
        let name = &meta.name;
        each(&mut errors, "metadata.name", name, rule.check(name, false));
    }
    namespace(meta, namespaced, &mut errors);
    if let Some(generation) = meta.generation.filter(|&g| g < 0) {
        let detail = "must be greater than or equal to 0";
        errors.push(FieldError::invalid_value("metadata.generation", &json!(generation), detail));
    }
    labels(&meta.labels, &mut errors);
    annotations(&meta.annotations, &mut errors);
    owners(&meta.owner_references, &mut errors);
    finalizers(&meta.finalizers, &mut errors);
    managed_fields(&meta.managed_fields, &mut errors);
    if !custom {
        unqualified_finalizers(&meta.finalizers, &mut errors);
    }
    errors
}

/// Judges the metadata of an update once.
#[must_use]
pub fn validate_update(new: &Meta, old: &Meta, custom: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if old.deletion_timestamp.is_some() {
        no_new_finalizers(new, old, &mut errors);
    }
    if new.resource_version.is_empty() {
        let detail = "must be specified for an update";
        errors.push(FieldError::invalid("metadata.resourceVersion", "", detail));
    }
    let generation = new.generation.unwrap_or_default();
    if generation < old.generation.unwrap_or_default() {
        let detail = "must not be decremented";
        errors.push(FieldError::invalid_value("metadata.generation", &json!(generation), detail));
    }
    immutable("name", &json!(new.name), &json!(old.name), &mut errors);
    immutable("namespace", &json!(new.namespace), &json!(old.namespace), &mut errors);
    immutable("uid", &json!(new.uid), &json!(old.uid), &mut errors);
    let (now, was) = (&new.creation_timestamp, &old.creation_timestamp);
    immutable("creationTimestamp", &json!(now), &json!(was), &mut errors);
    let (now, was) = (&new.deletion_timestamp, &old.deletion_timestamp);
    immutable("deletionTimestamp", &json!(now), &json!(was), &mut errors);
    let now = json!(new.deletion_grace_period_seconds);
    let was = json!(old.deletion_grace_period_seconds);
    immutable("deletionGracePeriodSeconds", &now, &was, &mut errors);
    labels(&new.labels, &mut errors);
    annotations(&new.annotations, &mut errors);
    owners(&new.owner_references, &mut errors);
    managed_fields(&new.managed_fields, &mut errors);
    if !custom {
        unqualified_finalizers(&new.finalizers, &mut errors);
    }
    errors
}

/// What every update goes through before the rules of its kind: both judgements, with names
/// that only have to fit into a path. The same errors therefore come again from the kind.
#[must_use]
pub fn validate_common_update(new: &Meta, old: &Meta, namespaced: bool) -> Vec<FieldError> {
    let mut errors = validate(new, namespaced, NameRule::Path, true);
    errors.extend(validate_update(new, old, true));
    errors
}

/// The warnings for finalizers of a custom resource that are new and have no domain or path.
#[must_use]
pub fn finalizer_warnings(new: &Meta, old: Option<&Meta>) -> Vec<String> {
    let known = |f: &&String| old.is_none_or(|old| !old.finalizers.contains(f));
    let added: BTreeSet<&String> = new.finalizers.iter().filter(known).collect();
    let mut warnings = Vec::new();
    for finalizer in added {
        let quoted = quote(finalizer);
        for text in names::qualified(finalizer) {
            warnings.push(format!("metadata.finalizers: {quoted}: {text}"));
        }
        if finalizer.contains('/') || STANDARD_FINALIZERS.contains(&finalizer.as_str()) {
            continue;
        }
        let path = if finalizer.contains('.') { " including a path (/)" } else { "" };
        warnings.push(format!(
            "metadata.finalizers: {quoted}: prefer a domain-qualified finalizer name{path} to \
             avoid accidental conflicts with other finalizer writers"
        ));
    }
    warnings
}

/// Judges the name of a field manager at `field` (an option of a request, or an entry of
/// `managedFields`).
#[must_use]
pub fn validate_field_manager(manager: &str, field: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if manager.len() > MAX_MANAGER {
        errors.push(FieldError::too_long(field, MAX_MANAGER as u64));
    }
    for (at, c) in manager.char_indices().filter(|(_, c)| c.is_control()) {
        let detail = format!("invalid character U+{:04X} (at position {at})", u32::from(c));
        errors.push(FieldError::invalid(field, manager, detail));
    }
    errors
}

fn each(errors: &mut Vec<FieldError>, field: &str, value: &str, texts: Vec<String>) {
    errors.extend(texts.into_iter().map(|text| FieldError::invalid(field, value, text)));
}

fn namespace(meta: &Meta, namespaced: bool, errors: &mut Vec<FieldError>) {
    let field = "metadata.namespace";
    let name = meta.namespace.as_str();
    match (namespaced, name.is_empty()) {
        (true, true) => errors.push(FieldError::required(field, "")),
        (true, false) => each(errors, field, name, names::label(name)),
        (false, false) => errors.push(FieldError::forbidden(field, "not allowed on this type")),
        (false, true) => {}
    }
}

fn labels(labels: &BTreeMap<String, String>, errors: &mut Vec<FieldError>) {
    for (key, value) in labels {
        each(errors, "metadata.labels", key, names::qualified(key));
        each(errors, "metadata.labels", value, names::label_value(value));
    }
}

fn annotations(annotations: &BTreeMap<String, String>, errors: &mut Vec<FieldError>) {
    let field = "metadata.annotations";
    for key in annotations.keys() {
        each(errors, field, key, names::qualified(&key.to_lowercase()));
    }
    let size: usize = annotations.iter().map(|(k, v)| k.len() + v.len()).sum();
    if size > MAX_ANNOTATIONS {
        errors.push(FieldError::too_long(field, MAX_ANNOTATIONS as u64));
    }
}

fn owners(owners: &[OwnerReference], errors: &mut Vec<FieldError>) {
    let field = "metadata.ownerReferences";
    let mut controller: Option<String> = None;
    for owner in owners {
        single_owner(owner, errors);
        if owner.controller != Some(true) {
            continue;
        }
        let this = format!("{}/{}", owner.kind, owner.name);
        let Some(first) = &controller else {
            controller = Some(this);
            continue;
        };
        let all: Vec<String> = owners.iter().map(OwnerReference::print).collect();
        let value = format!("[{}]", all.join(","));
        let detail = format!(
            "Only one reference can have Controller set to true. Found \"true\" in references \
             for {first} and {this}"
        );
        errors.push(FieldError::invalid_printed(field, value, detail));
    }
}

fn single_owner(owner: &OwnerReference, errors: &mut Vec<FieldError>) {
    let field = "metadata.ownerReferences";
    let version = owner.api_version.rsplit('/').next().unwrap_or_default();
    if version.is_empty() {
        let detail = "version must not be empty";
        let at = format!("{field}.apiVersion");
        errors.push(FieldError::invalid(at, &owner.api_version, detail));
    }
    let wanted = [("kind", &owner.kind), ("name", &owner.name), ("uid", &owner.uid)];
    for (key, _) in wanted.iter().filter(|(_, text)| text.is_empty()) {
        let at = format!("{field}.{key}");
        errors.push(FieldError::invalid(at, "", "must not be empty"));
    }
    if owner.api_version == "v1" && owner.kind == "Event" {
        let detail = "/v1, Kind=Event is disallowed from being an owner";
        errors.push(FieldError::invalid_printed(field, owner.print(), detail));
    }
}

fn finalizers(finalizers: &[String], errors: &mut Vec<FieldError>) {
    let field = "metadata.finalizers";
    for finalizer in finalizers {
        each(errors, field, finalizer, names::qualified(finalizer));
    }
    let has = |name: &str| finalizers.iter().any(|f| f == name);
    if has("orphan") && has("foregroundDeletion") {
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.push(FieldError::invalid_value(field, &json!(finalizers), detail));
    }
}

fn unqualified_finalizers(finalizers: &[String], errors: &mut Vec<FieldError>) {
    for (i, finalizer) in finalizers.iter().enumerate() {
        let field = format!("metadata.finalizers[{i}]");
        let texts = names::qualified(finalizer);
        if !texts.is_empty() {
            each(errors, &field, finalizer, texts);
        } else if !finalizer.contains('/') && !STANDARD_FINALIZERS.contains(&finalizer.as_str()) {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            errors.push(FieldError::invalid(field, finalizer, detail));
        }
    }
}

fn no_new_finalizers(new: &Meta, old: &Meta, errors: &mut Vec<FieldError>) {
    let extra: BTreeSet<&String> =
        new.finalizers.iter().filter(|f| !old.finalizers.contains(f)).collect();
    if extra.is_empty() {
        return;
    }
    let extra: Vec<String> = extra.into_iter().map(|f| quote(f)).collect();
    let detail = format!(
        "no new finalizers can be added if the object is being deleted, found new finalizers \
         []string{{{}}}",
        extra.join(", ")
    );
    errors.push(FieldError::forbidden("metadata.finalizers", detail));
}

fn immutable(field: &str, new: &Value, old: &Value, errors: &mut Vec<FieldError>) {
    if new != old {
        let at = format!("metadata.{field}");
        errors.push(FieldError::invalid_value(at, new, "field is immutable"));
    }
}

fn managed_fields(entries: &[Value], errors: &mut Vec<FieldError>) {
    for (i, entry) in entries.iter().enumerate() {
        let at = format!("metadata.managedFields[{i}]");
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        let operation = text("operation");
        if !matches!(operation, "Apply" | "Update") {
            let detail = "must be `Apply` or `Update`";
            errors.push(FieldError::invalid(format!("{at}.operation"), operation, detail));
        }
        let sort = text("fieldsType");
        if !matches!(sort, "" | "FieldsV1") {
            let detail = "must be `FieldsV1`";
            errors.push(FieldError::invalid(format!("{at}.fieldsType"), sort, detail));
        }
        errors.extend(validate_field_manager(text("manager"), &format!("{at}.manager")));
        if text("subresource").len() > 256 {
            errors.push(FieldError::too_long(format!("{at}.subresource"), 256));
        }
    }
}
