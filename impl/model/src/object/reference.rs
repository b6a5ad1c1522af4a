//! What a spec names.
//!
//! Cluster API writes references in many shapes: `{apiGroup, kind, name}`, `{apiVersion, kind,
//! name, namespace}`, and, for Secrets, a bare name in a field that is known for it. All of them
//! are found at any depth, so that providers nobody has heard of are read right.

use std::fmt;

use serde_json::{Map, Value};

use super::{CLUSTER_API, GroupKind, Object, ObjectKey};

/// Fields that name what an infrastructure provider logs in with.
const CREDENTIALS: [&str; 8] = [
    "clientSecret",
    "credentialRef",
    "credentialsRef",
    "credentialsSecretRef",
    "hetznerSecretRef",
    "identityRef",
    "secretRef",
    "sourceIdentityRef",
];

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
            "secretName" | "secretRef" => (secret(), Role::Credentials),
            "clusterResourceSetName" => {
                let group = self.group.to_owned();
                ((group, "ClusterResourceSet".to_owned()), Role::Part)
            }
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
        _ if CREDENTIALS.contains(&field) => Role::Credentials,
        _ if group.is_empty() && CORE.contains(&kind) => Role::Content,
        _ => Role::Part,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(kind: &str, api_version: &str, spec: Value) -> Vec<String> {
        let object = Object::from_value(json!({
            "apiVersion": api_version, "kind": kind,
            "metadata": {"name": "x", "namespace": "default"}, "spec": spec,
        }))
        .expect("an object");
        let shown = |reference: &Reference| format!("{:?}: {reference}", reference.role);
        object.references().iter().map(shown).collect()
    }

    #[test]
    fn machines_name_their_parts_and_their_data() {
        let spec = json!({
            "bootstrap": {
                "configRef": {
                    "apiGroup": "bootstrap.cluster.x-k8s.io", "kind": "KubeadmConfig", "name": "m",
                },
                "dataSecretName": "m",
            },
            "infrastructureRef": {
                "apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1",
                "kind": "DockerMachine", "name": "m",
            },
        });
        assert_eq!(
            found("Machine", "cluster.x-k8s.io/v1beta2", spec),
            [
                "BootstrapData: Secret m at spec.bootstrap.dataSecretName",
                "Part: KubeadmConfig.bootstrap.cluster.x-k8s.io m at spec.bootstrap.configRef",
                "Part: DockerMachine.infrastructure.cluster.x-k8s.io m at spec.infrastructureRef",
            ],
        );
    }

    #[test]
    fn credentials_and_contents_are_told_apart() {
        let spec = json!({
            "identityRef": {"kind": "AWSClusterRoleIdentity", "name": "role"},
            "credentialsRef": {"name": "login", "namespace": "keys"},
            "files": [{"contentFrom": {"secret": {"name": "file", "key": "k"}}}],
        });
        assert_eq!(
            found("AWSCluster", "infrastructure.cluster.x-k8s.io/v1beta2", spec),
            [
                "Content: Secret file at spec.files[0].contentFrom.secret",
                "Credentials: Secret login at spec.credentialsRef",
                "Credentials: AWSClusterRoleIdentity.infrastructure.cluster.x-k8s.io role \
                 at spec.identityRef",
            ],
        );
    }

    #[test]
    fn classes_are_found_in_both_shapes() {
        let new = json!({"topology": {"classRef": {"name": "c", "namespace": "n"}}});
        let old = json!({"topology": {"class": "c"}});
        let cluster = |spec| found("Cluster", "cluster.x-k8s.io/v1beta2", spec);
        assert_eq!(
            cluster(new),
            ["Part: ClusterClass.cluster.x-k8s.io c at spec.topology.classRef"],
        );
        assert_eq!(cluster(old), ["Part: ClusterClass.cluster.x-k8s.io c at spec.topology.class"]);
    }

    #[test]
    fn a_selector_of_a_patch_is_no_reference() {
        let spec = json!({
            "patches": [{"definitions": [{"selector": {
                "apiVersion": "infrastructure.cluster.x-k8s.io/v1beta2",
                "kind": "DockerMachineTemplate", "matchResources": {"controlPlane": true},
            }}]}],
        });
        assert!(found("ClusterClass", "cluster.x-k8s.io/v1beta2", spec).is_empty());
    }
}
