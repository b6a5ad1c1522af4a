//! What a spec names.
//!
//! Cluster API writes references in many shapes: `{apiGroup, kind, name}`, `{apiVersion, kind,
//! name, namespace}`, and, for Secrets, a bare name in a field that is known for it. All of them
//! are found at any depth, so that providers nobody has heard of are read right.

use std::fmt;

use serde_json::{Map, Value};

use super::{CLUSTER_API, GroupKind, Object, ObjectKey};

/// Fields that name what an infrastructure provider logs in with.
const CREDENTIALS: [&str; 13] = [
    "acsEndpoint",
    "clientSecret",
    "credentialRef",
    "credentialsRef",
    "credentialsSecretRef",
    "hetznerSecretRef",
    "identityRef",
    "identitySecret",
    "infraClusterSecretRef",
    "principalSecret",
    "s3CredentialSecret",
    "secretRef",
    "sourceIdentityRef",
];

/// Fields that hold the bare name of a Secret with credentials.
const CREDENTIALS_BY_NAME: [&str; 3] = ["credentialsName", "secretName", "secretRef"];

/// Core kinds that a reference without a group means.
const CORE: [&str; 2] = ["ConfigMap", "Secret"];

/// What a reference is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A part of the cluster: a template, a configuration, infrastructure.
    Part,
    /// The bootstrap data of a Machine.
    BootstrapData,
    /// Bytes that a spec reads from a Secret or ConfigMap.
    Content,
    /// What a provider logs in with: an identity, or the Secret with its credentials.
    Credentials,
    /// Who uses the object. It leads the other way: the Machine of a host has the host.
    Consumer,
}

/// An object that a spec names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The group of the target, empty for core kinds.
    pub group: String,
    /// The kind of the target.
    pub kind: String,
    /// The namespace, where the reference says one.
    pub namespace: Option<String>,
    /// The name of the target.
    pub name: String,
    /// The path of the field: `spec.template.spec.bootstrap.configRef`.
    pub field: String,
    /// What it is for.
    pub role: Role,
}

impl Reference {
    /// Group and kind of the target.
    #[must_use]
    pub fn group_kind(&self) -> GroupKind {
        GroupKind { group: self.group.clone(), kind: self.kind.clone() }
    }

    /// The key of the target, for a target in `namespace`.
    pub(super) fn key_in(&self, namespace: Option<&str>) -> ObjectKey {
        ObjectKey {
            group: self.group.clone(),
            kind: self.kind.clone(),
            namespace: namespace.map(str::to_owned),
            name: self.name.clone(),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} at {}", self.group_kind(), self.name, self.field)
    }
}

/// The references in the spec of `object`, sorted, each once.
pub(super) fn of(object: &Object) -> Vec<Reference> {
    let Some(spec) = object.value().get("spec") else {
        return Vec::new();
    };
    let mut scan = Scan { group: &object.key().group, found: Vec::new() };
    scan.value(spec, "spec", "spec");
    if object.key().is_cluster() {
        scan.found.extend(cluster_class(spec));
    }
    scan.found.sort();
    scan.found.dedup();
    scan.found
}

/// `spec.topology.classRef` of a Cluster, or `class` and `classNamespace` before v1beta2.
fn cluster_class(spec: &Value) -> Option<Reference> {
    let topology = spec.get("topology")?;
    let class_ref = topology.get("classRef");
    let (name, namespace, field) = match class_ref {
        Some(class) => (class.get("name"), class.get("namespace"), "classRef"),
        None => (topology.get("class"), topology.get("classNamespace"), "class"),
    };
    Some(Reference {
        group: CLUSTER_API.to_owned(),
        kind: "ClusterClass".to_owned(),
        namespace: namespace.and_then(not_empty).map(str::to_owned),
        name: name.and_then(not_empty)?.to_owned(),
        field: format!("spec.topology.{field}"),
        role: Role::Part,
    })
}

fn not_empty(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// A walk through a spec. JSON readers bound its depth.
struct Scan<'a> {
    /// The group of the object whose spec it is.
    group: &'a str,
    found: Vec<Reference>,
}

impl Scan<'_> {
    fn value(&mut self, value: &Value, path: &str, field: &str) {
        match value {
            Value::Object(map) => self.map(map, path, field),
            Value::Array(entries) => {
                for (position, entry) in entries.iter().enumerate() {
                    self.value(entry, &format!("{path}[{position}]"), field);
                }
            }
            Value::String(name) => self.name(name, path, field),
            _ => {}
        }
    }

    fn map(&mut self, map: &Map<String, Value>, path: &str, field: &str) {
        let text = |key: &str| map.get(key).and_then(not_empty);
        if let Some(name) = text("name") {
            let found = match text("kind") {
                Some(kind) => Some((self.group_of(map, kind), kind.to_owned())),
                None if field == "secret" || CREDENTIALS.contains(&field) => Some(secret()),
                None => None,
            };
            if let Some((group, kind)) = found {
                let role = role(&group, &kind, field);
                self.push(group, kind, text("namespace"), name, path, role);
            }
        }
        for (key, value) in map {
            self.value(value, &format!("{path}.{key}"), key);
        }
    }

    /// A field that holds nothing but the name of an object.
    fn name(&mut self, name: &str, path: &str, field: &str) {
        let (target, role) = match field {
            "dataSecretName" => (secret(), Role::BootstrapData),
            "clusterResourceSetName" => {
                let group = self.group.to_owned();
                ((group, "ClusterResourceSet".to_owned()), Role::Part)
            }
            _ if CREDENTIALS_BY_NAME.contains(&field) => (secret(), Role::Credentials),
            _ => return,
        };
        if !name.is_empty() {
            self.push(target.0, target.1, None, name, path, role);
        }
    }

    fn push(
        &mut self,
        group: String,
        kind: String,
        namespace: Option<&str>,
        name: &str,
        path: &str,
        role: Role,
    ) {
        self.found.push(Reference {
            group,
            kind,
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
            field: path.to_owned(),
            role,
        });
    }

    /// The group that a reference means: what it says, or else that of the referring object.
    fn group_of(&self, map: &Map<String, Value>, kind: &str) -> String {
        let text = |key: &str| map.get(key).and_then(not_empty);
        if let Some(group) = text("apiGroup") {
            return group.to_owned();
        }
        if let Some(api_version) = text("apiVersion") {
            return super::metadata::group_and_version(api_version).0.to_owned();
        }
        match CORE.contains(&kind) {
            true => String::new(),
            false => self.group.to_owned(),
        }
    }
}

fn secret() -> (String, String) {
    (String::new(), "Secret".to_owned())
}

fn role(group: &str, kind: &str, field: &str) -> Role {
    match field {
        "consumerRef" => Role::Consumer,
        _ if CREDENTIALS.contains(&field) => Role::Credentials,
        _ if group.is_empty() && CORE.contains(&kind) => Role::Content,
        _ => Role::Part,
    }
}

#[cfg(test)]
mod tests;
