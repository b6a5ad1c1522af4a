//! Which types move (rule D1).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::object::{CLUSTER_API, GroupKind, Index, Object, ObjectKey};

/// The label by which a CRD says which provider it is of.
const PROVIDER_LABEL: &str = "cluster.x-k8s.io/provider";

/// The label of objects and types that move although nothing ties them to a Cluster.
const MOVE_LABEL: &str = "clusterctl.cluster.x-k8s.io/move";

/// The same, and with everything that they own.
const MOVE_HIERARCHY_LABEL: &str = "clusterctl.cluster.x-k8s.io/move-hierarchy";

/// A label that makes an object move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveLabel {
    /// The object moves.
    Object,
    /// The object moves with everything that it owns.
    Hierarchy,
}

impl MoveLabel {
    fn of(object: &Object) -> Option<Self> {
        let labels = object.labels();
        match (labels.contains_key(MOVE_HIERARCHY_LABEL), labels.contains_key(MOVE_LABEL)) {
            (true, _) => Some(Self::Hierarchy),
            (false, true) => Some(Self::Object),
            (false, false) => None,
        }
    }
}

/// What a CRD says of its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovingType {
    /// The plural, as it stands in paths.
    pub plural: String,
    /// The storage version: the one that is read.
    pub storage_version: String,
    /// Whether its objects belong to the whole cluster.
    pub is_cluster_scoped: bool,
    is_of_a_provider: bool,
    label: Option<MoveLabel>,
}

/// The types of the input.
///
/// A type whose CRD is in the input moves if the CRD has the label of a provider or one of the
/// labels to move. A type without CRD in the input (a dump of objects alone) is judged by its
/// group. Secrets and ConfigMaps always are candidates.
#[derive(Clone, Debug, Default)]
pub struct Types {
    known: BTreeMap<GroupKind, MovingType>,
}

impl Types {
    pub(super) fn of(index: &Index<'_>) -> Self {
        let crds = index.objects().iter().filter(|object| is_crd(object.key()));
        Self { known: crds.filter_map(|crd| read(crd)).collect() }
    }

    /// The type of a kind, where its CRD is in the input.
    #[must_use]
    pub fn get(&self, kind: &GroupKind) -> Option<&MovingType> {
        self.known.get(kind)
    }

    /// Whether objects of this kind can move.
    #[must_use]
    pub fn moves(&self, key: &ObjectKey) -> bool {
        if key.group.is_empty() {
            return key.kind == "Secret" || key.kind == "ConfigMap";
        }
        match self.get(&key.group_kind()) {
            Some(known) => known.is_of_a_provider || known.label.is_some(),
            None => is_group_of_providers(&key.group),
        }
    }

    /// Whether it was the group alone that decided about this kind.
    pub(super) fn is_guess(&self, key: &ObjectKey) -> bool {
        !key.group.is_empty() && self.get(&key.group_kind()).is_none()
    }

    /// The label to move that the object or its type has.
    pub(super) fn label(&self, object: &Object) -> Option<MoveLabel> {
        let of_type = || self.get(&object.key().group_kind()).and_then(|known| known.label);
        MoveLabel::of(object).or_else(of_type)
    }
}

/// Whether the object defines a type.
pub(super) fn is_crd(key: &ObjectKey) -> bool {
    key.is("apiextensions.k8s.io", "CustomResourceDefinition")
}

/// The groups of Cluster API and of the providers that follow its convention. The group of
/// clusterctl's own inventory is none of them.
fn is_group_of_providers(group: &str) -> bool {
    let below = group.strip_suffix(CLUSTER_API).is_some_and(|rest| rest.ends_with('.'));
    group == CLUSTER_API || (below && group != "clusterctl.cluster.x-k8s.io")
}

fn read(crd: &Object) -> Option<(GroupKind, MovingType)> {
    let text = |pointer: &str| crd.value().pointer(pointer).and_then(Value::as_str);
    let kind = GroupKind {
        group: text("/spec/group")?.to_owned(),
        kind: text("/spec/names/kind")?.to_owned(),
    };
    let versions = crd.value().pointer("/spec/versions").and_then(Value::as_array);
    let stored = versions.into_iter().flatten().find(|version| version["storage"] == true);
    let storage_version = stored.and_then(|version| version["name"].as_str()).unwrap_or_default();
    let known = MovingType {
        plural: text("/spec/names/plural").unwrap_or_default().to_owned(),
        storage_version: storage_version.to_owned(),
        is_cluster_scoped: text("/spec/scope") == Some("Cluster"),
        is_of_a_provider: crd.labels().contains_key(PROVIDER_LABEL),
        label: MoveLabel::of(crd),
    };
    Some((kind, known))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn crd(group: &str, kind: &str, labels: Value) -> Object {
        Object::from_value(json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{kind}.{group}"), "labels": labels},
            "spec": {
                "group": group, "names": {"kind": kind, "plural": "things"}, "scope": "Namespaced",
                "versions": [{"name": "v1", "storage": false}, {"name": "v2", "storage": true}],
            },
        }))
        .expect("a CRD")
    }

    fn key(group: &str, kind: &str) -> ObjectKey {
        ObjectKey {
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: None,
            name: "x".to_owned(),
        }
    }

    #[test]
    fn labels_of_crds_decide() {
        let crds = [
            crd("metal.example", "Host", json!({"clusterctl.cluster.x-k8s.io/move-hierarchy": ""})),
            crd("infra.example", "Thing", json!({"cluster.x-k8s.io/provider": "infra"})),
            crd("stray.cluster.x-k8s.io", "Stray", json!({})),
        ];
        let types = Types::of(&Index::new(&crds));
        assert!(types.moves(&key("metal.example", "Host")));
        assert!(types.moves(&key("infra.example", "Thing")));
        assert!(!types.moves(&key("stray.cluster.x-k8s.io", "Stray")));
        let thing = types.get(&key("infra.example", "Thing").group_kind()).expect("a type");
        assert_eq!((thing.storage_version.as_str(), thing.plural.as_str()), ("v2", "things"));
    }

    #[test]
    fn without_crds_the_group_decides() {
        let types = Types::default();
        assert!(types.moves(&key("cluster.x-k8s.io", "Machine")));
        assert!(types.moves(&key("ipam.cluster.x-k8s.io", "IPAddress")));
        assert!(types.moves(&key("", "Secret")));
        for (group, kind) in [
            ("", "Pod"),
            ("apps", "Deployment"),
            ("notcluster.x-k8s.io", "X"),
            ("clusterctl.cluster.x-k8s.io", "Provider"),
        ] {
            assert!(!types.moves(&key(group, kind)), "{kind}.{group}");
        }
    }
}
