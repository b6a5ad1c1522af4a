//! The types of an API server that move, and the paths of their objects (rule D1).

use std::collections::BTreeMap;

use fulcrum_model::object::{GroupKind, Object, ObjectKey};
use serde_json::{Value, json};

use crate::api::{Api, ApiError};

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// Labels of the definitions whose objects can move.
const LABELS: [&str; 4] = [
    "cluster.x-k8s.io/provider",
    "clusterctl.cluster.x-k8s.io",
    "clusterctl.cluster.x-k8s.io/move",
    "clusterctl.cluster.x-k8s.io/move-hierarchy",
];

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Type {
    /// The version at which its objects are read: the stored one, if it is served.
    pub(crate) version: String,
    /// The versions that are served.
    pub(crate) served: Vec<String>,
    /// The plural.
    pub(crate) plural: String,
    /// Whether its objects lie in namespaces.
    pub(crate) namespaced: bool,
    /// Whether its objects have a status with conditions: a controller reconciles them.
    pub(crate) reconciled: bool,
}

/// The types whose objects can move.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalog {
    types: BTreeMap<GroupKind, Type>,
    definitions: Vec<Object>,
}

impl Catalog {
    /// Asks the server.
    pub(crate) async fn discover(api: &Api) -> Result<Self, ApiError> {
        Ok(Self::of(&api.list(DEFINITIONS).await?))
    }

    /// The types of these definitions, and Secrets and ConfigMaps.
    pub(crate) fn of(definitions: &[Value]) -> Self {
        let mut catalog = Self::default();
        for (kind, plural) in [("Secret", "secrets"), ("ConfigMap", "configmaps")] {
            let key = GroupKind { group: String::new(), kind: kind.to_owned() };
            let core = Type {
                version: "v1".to_owned(),
                served: vec!["v1".to_owned()],
                plural: plural.to_owned(),
                namespaced: true,
                reconciled: false,
            };
            catalog.types.insert(key, core);
        }
        for definition in definitions.iter().filter(|definition| moves(definition)) {
            if let Some((key, found)) = read(definition) {
                catalog.types.insert(key, found);
                catalog.definitions.extend(Object::from_value(reduced(definition)).ok());
            }
        }
        catalog
    }

    /// The definitions, without their schemas.
    pub(crate) fn definitions(&self) -> &[Object] {
        &self.definitions
    }

    /// All types.
    pub(crate) fn types(&self) -> impl Iterator<Item = (&GroupKind, &Type)> {
        self.types.iter()
    }

    pub(crate) fn get(&self, kind: &GroupKind) -> Option<&Type> {
        self.types.get(kind)
    }

    /// The path of an object at the version at which it is read.
    pub(crate) fn path(&self, key: &ObjectKey) -> Option<String> {
        let version = &self.get(&key.group_kind())?.version;
        Some(format!("{}/{}", self.collection(key, version)?, key.name))
    }

    /// The path of the collection of an object at a version.
    pub(crate) fn collection(&self, key: &ObjectKey, version: &str) -> Option<String> {
        let found = self.get(&key.group_kind())?;
        if found.namespaced != key.namespace.is_some()
            || !found.served.iter().any(|served| served == version)
        {
            return None;
        }
        Some(path(&key.group, version, key.namespace.as_deref(), &found.plural))
    }
}

/// The path of a collection; without namespace that of all namespaces.
pub(crate) fn path(group: &str, version: &str, namespace: Option<&str>, plural: &str) -> String {
    let root = match group {
        "" => format!("/api/{version}"),
        group => format!("/apis/{group}/{version}"),
    };
    match namespace {
        Some(namespace) => format!("{root}/namespaces/{namespace}/{plural}"),
        None => format!("{root}/{plural}"),
    }
}

fn moves(definition: &Value) -> bool {
    let labels = definition.pointer("/metadata/labels");
    labels.is_some_and(|labels| LABELS.iter().any(|label| labels.get(*label).is_some()))
}

fn versions(definition: &Value) -> &[Value] {
    let versions = definition.pointer("/spec/versions").and_then(Value::as_array);
    versions.map_or(&[], Vec::as_slice)
}

fn name(version: &Value) -> Option<String> {
    version.get("name")?.as_str().map(str::to_owned)
}

fn read(definition: &Value) -> Option<(GroupKind, Type)> {
    let text = |pointer: &str| definition.pointer(pointer)?.as_str().map(str::to_owned);
    let served = || versions(definition).iter().filter(|version| version["served"] == true);
    let stored = served().find(|version| version["storage"] == true).or_else(|| served().next())?;
    let conditions = "/schema/openAPIV3Schema/properties/status/properties/conditions";
    let key = GroupKind { group: text("/spec/group")?, kind: text("/spec/names/kind")? };
    let found = Type {
        version: name(stored)?,
        served: served().filter_map(name).collect(),
        plural: text("/spec/names/plural")?,
        namespaced: text("/spec/scope")? == "Namespaced",
        reconciled: stored.pointer(conditions).is_some(),
    };
    Some((key, found))
}

/// What the selection looks at.
fn reduced(definition: &Value) -> Value {
    let version = |version: &Value| {
        json!({
            "name": version["name"], "served": version["served"], "storage": version["storage"],
        })
    };
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {
            "name": definition["metadata"]["name"], "labels": definition["metadata"]["labels"],
        },
        "spec": {
            "group": definition["spec"]["group"], "names": definition["spec"]["names"],
            "scope": definition["spec"]["scope"],
            "versions": versions(definition).iter().map(version).collect::<Vec<_>>(),
        },
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A definition of a kind of a provider.
    pub(crate) fn definition(group: &str, kind: &str, reconciled: bool) -> Value {
        let status = match reconciled {
            true => json!({"properties": {"conditions": {"type": "array"}}}),
            false => json!({}),
        };
        let schema = json!({"openAPIV3Schema": {"properties": {"status": status}}});
        let plural = format!("{}s", kind.to_lowercase());
        json!({
            "metadata": {
                "name": format!("{plural}.{group}"), "labels": {"cluster.x-k8s.io/provider": "p"},
            },
            "spec": {
                "group": group, "names": {"kind": kind, "plural": plural}, "scope": "Namespaced",
                "versions": [
                    {"name": "v1beta1", "served": true, "storage": false, "schema": schema},
                    {"name": "v1beta2", "served": true, "storage": true, "schema": schema},
                ],
            },
        })
    }

    fn key(group: &str, kind: &str, namespace: Option<&str>) -> ObjectKey {
        ObjectKey {
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.map(str::to_owned),
            name: "x".to_owned(),
        }
    }

    #[test]
    fn paths_are_those_of_the_stored_version() {
        let catalog = Catalog::of(&[definition("cluster.x-k8s.io", "Machine", true)]);
        let machine = key("cluster.x-k8s.io", "Machine", Some("n"));
        let expected = "/apis/cluster.x-k8s.io/v1beta2/namespaces/n/machines/x";
        assert_eq!(catalog.path(&machine).as_deref(), Some(expected));
        let expected = "/apis/cluster.x-k8s.io/v1beta1/namespaces/n/machines";
        assert_eq!(catalog.collection(&machine, "v1beta1").as_deref(), Some(expected));
        assert_eq!(catalog.collection(&machine, "v1alpha4"), None);
        let secret = key("", "Secret", Some("n"));
        let expected = "/api/v1/namespaces/n/secrets/x";
        assert_eq!(catalog.path(&secret).as_deref(), Some(expected));
        assert!(catalog.get(&machine.group_kind()).is_some_and(|found| found.reconciled));
    }

    #[test]
    fn what_does_not_move_has_no_path() {
        let mut unlabelled = definition("cluster.x-k8s.io", "Machine", true);
        unlabelled["metadata"]["labels"] = json!({});
        let catalog = Catalog::of(&[unlabelled]);
        assert_eq!(catalog.path(&key("cluster.x-k8s.io", "Machine", Some("n"))), None);
        assert_eq!(catalog.path(&key("", "Pod", Some("n"))), None);
        assert_eq!(catalog.path(&key("", "Secret", None)), None);
    }
}
