//! The roles and bindings that every cluster has, as far as users meet them.
//!
//! They are in force without being in the store, so nothing lists, changes or removes them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{AUTHENTICATED, MASTERS, UNAUTHENTICATED};

/// The group of those who look after the cluster's health.
const MONITORING: &str = "system:monitoring";

static ROLES: LazyLock<BTreeMap<&str, Value>> = LazyLock::new(|| {
    let everything = json!([
        {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
        {"verbs": ["*"], "nonResourceURLs": ["*"]},
    ]);
    let reviews = json!([
        {"verbs": ["create"], "apiGroups": ["authorization.k8s.io"],
         "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]},
        {"verbs": ["create"], "apiGroups": ["authentication.k8s.io"],
         "resources": ["selfsubjectreviews"]},
    ]);
    let discovery = json!([{"verbs": ["get"], "nonResourceURLs": [
        "/livez", "/readyz", "/healthz", "/version", "/version/", "/openapi", "/openapi/*",
        "/api", "/api/*", "/apis", "/apis/*",
    ]}]);
    let public = json!([{"verbs": ["get"], "nonResourceURLs": [
        "/livez", "/readyz", "/healthz", "/version", "/version/",
    ]}]);
    let monitoring = json!([
        {"verbs": ["get"], "nonResourceURLs": [
            "/metrics", "/metrics/slis", "/livez", "/readyz", "/healthz", "/livez/*", "/readyz/*",
            "/healthz/*",
        ]},
        {"verbs": ["get"], "apiGroups": [""], "resources": ["nodes/metrics"]},
    ]);
    let all = [
        ("cluster-admin", everything),
        ("system:basic-user", reviews),
        ("system:discovery", discovery),
        ("system:monitoring", monitoring),
        ("system:public-info-viewer", public),
    ];
    all.into_iter().map(|(name, rules)| (name, json!({"rules": rules}))).collect()
});

static BINDINGS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    [
        binding("cluster-admin", &[MASTERS]),
        binding("system:basic-user", &[AUTHENTICATED]),
        binding("system:discovery", &[AUTHENTICATED]),
        binding("system:monitoring", &[MONITORING]),
        binding("system:public-info-viewer", &[AUTHENTICATED, UNAUTHENTICATED]),
    ]
    .into()
});

fn binding(role: &str, groups: &[&str]) -> Value {
    let subjects: Vec<Value> =
        groups.iter().map(|group| json!({"kind": "Group", "name": group})).collect();
    json!({
        "metadata": {"name": role},
        "roleRef": {"kind": "ClusterRole", "name": role},
        "subjects": subjects,
    })
}

/// The ClusterRole of this name.
pub(super) fn role(name: &str) -> Option<&'static Value> {
    ROLES.get(name)
}

/// The ClusterRoleBindings.
pub(super) fn bindings() -> &'static [Value] {
    &BINDINGS
}
