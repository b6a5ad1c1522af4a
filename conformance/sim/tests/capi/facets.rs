//! What is compared of an object: named facets, each with a state.

use std::collections::BTreeMap;

use serde_json::Value;

/// The letters of generated names.
const LETTERS: &str = "bcdfghjklmnpqrstvwxz2456789";

/// Fields whose value counts.
const VALUES: [&str; 14] = [
    "spec.replicas",
    "spec.paused",
    "status.phase",
    "status.replicas",
    "status.readyReplicas",
    "status.availableReplicas",
    "status.upToDateReplicas",
    "status.currentHealthy",
    "status.expectedMachines",
    "status.initialization.provisioned",
    "status.initialization.infrastructureProvisioned",
    "status.initialization.controlPlaneInitialized",
    "status.initialization.dataSecretCreated",
    "status.initialization.bootstrapDataSecretCreated",
];

/// Fields of which counts only that they are set.
const PRESENT: [&str; 5] = [
    "spec.providerID",
    "spec.bootstrap.dataSecretName",
    "spec.controlPlaneEndpoint.host",
    "status.nodeRef.name",
    "status.dataSecretName",
];

/// Facets with their states.
pub(crate) type Facets = BTreeMap<String, String>;

/// A name with its generated parts left out: `c1-md-0-p9brq-xjjrr` is `c1-md-0-*-*`.
pub(crate) fn pattern(name: &str) -> String {
    let is_generated = |part: &str| part.len() == 5 && part.chars().all(|c| LETTERS.contains(c));
    let parts = name.split('-').map(|part| if is_generated(part) { "*" } else { part });
    parts.collect::<Vec<_>>().join("-")
}

/// A kind, whatever the infrastructure is.
pub(crate) fn general(kind: &str) -> String {
    let bare = kind.strip_prefix("Dev").or_else(|| kind.strip_prefix("Docker"));
    bare.map_or_else(|| kind.to_owned(), |bare| format!("Infra{bare}"))
}

/// The state of one field as a recording names it, such as `status.conditions[Ready]`.
pub(crate) fn facet(path: &str, value: &Value) -> Option<(String, String)> {
    let inner = |prefix: &str| path.strip_prefix(prefix)?.strip_suffix(']');
    if let Some(kind) = inner("status.conditions[") {
        let text = |field: &str| value[field].as_str().unwrap_or_default();
        return Some((
            format!("condition {kind}"),
            format!("{}/{}", text("status"), text("reason")),
        ));
    }
    if let Some(finalizer) = inner("metadata.finalizers[") {
        return Some((format!("finalizer {finalizer}"), "set".to_owned()));
    }
    if let Some(owner) = inner("metadata.ownerReferences[") {
        let kind = owner.split('/').next().unwrap_or_default();
        let flags = ["controller", "blockOwnerDeletion"].map(|flag| value[flag] == true);
        let state = match flags {
            [true, true] => "controls and blocks",
            [true, false] => "controls",
            [false, true] => "blocks",
            [false, false] => "owns",
        };
        return Some((format!("owner {kind}"), state.to_owned()));
    }
    if let Some(label) = inner("metadata.labels[") {
        return Some((format!("label {label}"), "set".to_owned()));
    }
    if VALUES.contains(&path) {
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        return Some((path.to_owned(), shown));
    }
    PRESENT.contains(&path).then(|| (path.to_owned(), "set".to_owned()))
}

/// All facets of an object.
pub(crate) fn of_object(object: &Value) -> Facets {
    let mut found = Facets::new();
    let mut add = |path: &str, value: &Value| {
        if let Some((facet, state)) = facet(path, value) {
            found.insert(facet, state);
        }
    };
    let list = |path: &str| at(object, path).as_array().cloned().unwrap_or_default();
    for one in list("status.conditions") {
        let kind = one["type"].as_str().unwrap_or_default();
        add(&format!("status.conditions[{kind}]"), &one);
    }
    for one in list("metadata.finalizers") {
        add(&format!("metadata.finalizers[{}]", one.as_str().unwrap_or_default()), &one);
    }
    for one in list("metadata.ownerReferences") {
        let owner = format!("{}/", one["kind"].as_str().unwrap_or_default());
        add(&format!("metadata.ownerReferences[{owner}]"), &one);
    }
    for label in at(object, "metadata.labels").as_object().into_iter().flatten() {
        add(&format!("metadata.labels[{}]", label.0), label.1);
    }
    for path in VALUES.iter().chain(&PRESENT) {
        let value = at(object, path);
        if !value.is_null() {
            add(path, value);
        }
    }
    found
}

/// A field by its dotted path.
pub(crate) fn at<'a>(object: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(object, |value, key| &value[key])
}
