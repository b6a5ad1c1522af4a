//! Which types move (rule D1).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::object::{CLUSTER_API, GroupKind, Index, Object, ObjectKey};

/// The label by which a CRD says which provider it is of.
const PROVIDER_LABEL: &str = "cluster.x-k8s.io/provider";

/// The label of every CRD that clusterctl installed. Objects of such a type move if something that
/// moves owns them, as `clusterctl move` has it.
const CLUSTERCTL_LABEL: &str = "clusterctl.cluster.x-k8s.io";

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
    is_of_clusterctl: bool,
    label: Option<MoveLabel>,
}

impl MovingType {
    /// Whether a dump for a move holds its objects. Of what clusterctl brings beside the providers,
    /// such as cert-manager, it need not.
    fn is_expected(&self) -> bool {
        self.is_of_a_provider || self.label.is_some()
    }
}

/// The types of the input.
///
/// A type whose CRD is in the input moves if the CRD has the label of a provider, that of
/// clusterctl, or one of the labels to move. A type without CRD in the input (a dump of objects
/// alone) is judged by its group. Secrets and ConfigMaps always are candidates.
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
    pub fn moves(&self, kind: &GroupKind) -> bool {
        if kind.group.is_empty() {
            return kind.kind == "Secret" || kind.kind == "ConfigMap";
        }
        match self.get(kind) {
            Some(known) => known.is_expected() || known.is_of_clusterctl,
            None => is_group_of_providers(&kind.group),
        }
    }

    /// Why an object of this kind may be missing from a dump that is whole, if it may.
    pub(super) fn may_be_missing(&self, kind: &GroupKind) -> Option<&'static str> {
        match self.get(kind) {
            _ if !self.moves(kind) => Some("its type does not move"),
            Some(known) if !known.is_expected() => Some("its CRD names no provider"),
            _ => None,
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
        is_of_clusterctl: crd.labels().contains_key(CLUSTERCTL_LABEL),
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

    fn kind(group: &str, kind: &str) -> GroupKind {
        GroupKind { group: group.to_owned(), kind: kind.to_owned() }
    }

    #[test]
    fn labels_of_crds_decide() {
        let crds = [
            crd("metal.example", "Host", json!({"clusterctl.cluster.x-k8s.io/move-hierarchy": ""})),
            crd("infra.example", "Thing", json!({"cluster.x-k8s.io/provider": "infra"})),
            crd("metal.example", "Firmware", json!({"clusterctl.cluster.x-k8s.io": ""})),
            crd("stray.cluster.x-k8s.io", "Stray", json!({})),
        ];
        let types = Types::of(&Index::new(&crds));
        let stray = kind("stray.cluster.x-k8s.io", "Stray");
        let firmware = kind("metal.example", "Firmware");
        let (host, thing) = (kind("metal.example", "Host"), kind("infra.example", "Thing"));
        assert!(types.moves(&host) && types.moves(&thing) && types.moves(&firmware));
        assert!(!types.moves(&stray));
        assert_eq!(types.may_be_missing(&host), None);
        assert_eq!(types.may_be_missing(&thing), None);
        assert_eq!(types.may_be_missing(&firmware), Some("its CRD names no provider"));
        assert_eq!(types.may_be_missing(&stray), Some("its type does not move"));
        let thing = types.get(&thing).expect("a type");
        assert_eq!((thing.storage_version.as_str(), thing.plural.as_str()), ("v2", "things"));
    }

    #[test]
    fn without_crds_the_group_decides() {
        let types = Types::default();
        assert!(types.moves(&kind("cluster.x-k8s.io", "Machine")));
        assert!(types.moves(&kind("ipam.cluster.x-k8s.io", "IPAddress")));
        assert!(types.moves(&kind("", "Secret")));
        assert_eq!(types.may_be_missing(&kind("cluster.x-k8s.io", "Machine")), None);
        for (group, name) in [
            ("", "Pod"),
            ("apps", "Deployment"),
            ("notcluster.x-k8s.io", "X"),
            ("clusterctl.cluster.x-k8s.io", "Provider"),
        ] {
            assert!(!types.moves(&kind(group, name)), "{name}.{group}");
        }
    }
}
