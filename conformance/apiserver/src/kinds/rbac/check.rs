//! What is wrong with roles and bindings.

use serde_json::{Value, json};

use crate::auth::rbac::GROUP;
use crate::json::text;
use crate::meta::names;
use crate::status::FieldError;
use crate::status::field::escape_html;

/// Judges a role.
pub(super) fn role(object: &Value, namespaced: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (at, one) in list(object, "rules").iter().enumerate() {
        rule(one, namespaced, &format!("rules[{at}]"), &mut errors);
    }
    let aggregation = &object["aggregationRule"];
    if aggregation.is_object() && list(aggregation, "clusterRoleSelectors").is_empty() {
        errors.push(FieldError::required(
            "aggregationRule.clusterRoleSelectors",
            "at least one clusterRoleSelector required if aggregationRule is non-nil",
        ));
    }
    errors
}

fn rule(rule: &Value, namespaced: bool, path: &str, errors: &mut Vec<FieldError>) {
    let lacks = |key: &str| list(rule, key).is_empty();
    let mut required = |key: &str, why: &str| {
        if lacks(key) {
            errors.push(FieldError::required(format!("{path}.{key}"), why));
        }
    };
    required("verbs", "verbs must contain at least one value");
    if lacks("nonResourceURLs") {
        required("apiGroups", "resource rules must supply at least one api group");
        required("resources", "resource rules must supply at least one resource");
        return;
    }
    let mut refuse = |why: &str| {
        let field = format!("{path}.nonResourceURLs");
        errors.push(FieldError::invalid_value(field, &rule["nonResourceURLs"], why));
    };
    if namespaced {
        refuse("namespaced rules cannot apply to non-resource URLs");
    }
    if !["apiGroups", "resources", "resourceNames"].into_iter().all(lacks) {
        refuse("rules cannot apply to both regular resources and non-resource URLs");
    }
}

/// Judges a binding.
pub(super) fn binding(object: &Value, namespaced: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let role = &object["roleRef"];
    let (group, kind, name) = (text(role, "apiGroup"), text(role, "kind"), text(role, "name"));
    if group != GROUP {
        errors.push(FieldError::not_supported("roleRef.apiGroup", &json!(group), [GROUP]));
    }
    let kinds: &[&str] = if namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    if !kinds.contains(&kind) {
        let kinds = kinds.iter().copied();
        errors.push(FieldError::not_supported("roleRef.kind", &json!(kind), kinds));
    }
    if name.is_empty() {
        errors.push(FieldError::required("roleRef.name", ""));
    }
    for why in names::path_segment(name, false) {
        errors.push(FieldError::invalid("roleRef.name", name, why));
    }
    for (at, one) in list(object, "subjects").iter().enumerate() {
        subject(one, namespaced, &format!("subjects[{at}]"), &mut errors);
    }
    errors
}

fn subject(subject: &Value, namespaced: bool, path: &str, errors: &mut Vec<FieldError>) {
    let field = |name: &str| format!("{path}.{name}");
    let (kind, name) = (text(subject, "kind"), text(subject, "name"));
    let group = text(subject, "apiGroup");
    if name.is_empty() {
        errors.push(FieldError::required(field("name"), ""));
    }
    match kind {
        "ServiceAccount" => {
            let complaints = if name.is_empty() { Vec::new() } else { names::subdomain(name) };
            for why in complaints {
                errors.push(FieldError::invalid(field("name"), name, why));
            }
            if !group.is_empty() {
                errors.push(FieldError::not_supported(field("apiGroup"), &json!(group), [""]));
            }
            if !namespaced && text(subject, "namespace").is_empty() {
                errors.push(FieldError::required(field("namespace"), ""));
            }
        }
        "User" | "Group" => {
            if group != GROUP {
                errors.push(FieldError::not_supported(field("apiGroup"), &json!(group), [GROUP]));
            }
        }
        _ => {
            let kinds = ["ServiceAccount", "User", "Group"];
            errors.push(FieldError::not_supported(field("kind"), &json!(kind), kinds));
        }
    }
}

/// The role of a binding stays.
pub(super) fn same_role(new: &Value, old: &Value) -> Option<FieldError> {
    let role = &new["roleRef"];
    if *role == old["roleRef"] {
        return None;
    }
    // Go's struct has no names for JSON here.
    let shown = ["apiGroup", "kind", "name"].map(|key| json!(text(role, key)).to_string());
    let [group, kind, name] = shown;
    let shown = format!("{{\"APIGroup\":{group},\"Kind\":{kind},\"Name\":{name}}}");
    Some(FieldError::invalid_printed("roleRef", escape_html(&shown), "cannot change roleRef"))
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}
