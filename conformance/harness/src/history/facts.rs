//! What the bodies of one request tell of an object, without the bodies.

use serde::{Serialize, Serializer};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// A part of an object that a write can touch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    /// `spec.paused`.
    Pause,
    /// The rest of `spec`, and for objects without one their data.
    Spec,
    /// `metadata.labels`.
    Labels,
    /// `metadata.annotations`.
    Annotations,
    /// `metadata.ownerReferences`.
    Owners,
    /// `metadata.finalizers`.
    Finalizers,
    /// The conditions in `status`.
    Conditions,
    /// `status` beside the conditions.
    Status,
}

/// An owner reference.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Owner {
    /// The API group of the owner.
    pub group: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The UID that is referred to.
    pub uid: String,
}

/// The values in a part of an object, as digests of path and value: enough to tell whether one
/// part covers another, and nothing can be read back from it.
///
/// It is written out as one digest of all of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leaves(Arc<[u64]>);

impl Leaves {
    /// Of digests in any order.
    #[must_use]
    pub fn new(mut digests: Vec<u64>) -> Self {
        digests.sort_unstable();
        digests.dedup();
        Self(digests.into())
    }

    /// No value at all.
    #[must_use]
    pub fn none() -> Self {
        Self::new(Vec::new())
    }

    /// Whether everything in `other` is in here with the same value; this may hold more, since
    /// defaulting and conversion add.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || other.missing_in(self) == 0
    }

    /// How many of these values `other` does not hold.
    #[must_use]
    pub fn missing_in(&self, other: &Self) -> usize {
        self.0.iter().filter(|digest| other.0.binary_search(digest).is_err()).count()
    }

    /// Whether this digest is among them.
    #[must_use]
    pub fn contains(&self, digest: u64) -> bool {
        self.0.binary_search(&digest).is_ok()
    }

    /// What is in here and not in `before`.
    #[must_use]
    pub fn added_to(&self, before: &Self) -> Self {
        let new = |digest: &&u64| before.0.binary_search(digest).is_err();
        Self::new(self.0.iter().filter(new).copied().collect())
    }

    /// One digest of all of them.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.0.iter().fold(Fnv::new(), |hash, leaf| hash.bytes(&leaf.to_le_bytes())).finish()
    }

    /// The same values in shared memory, when `known` holds the same.
    #[must_use]
    pub fn shared_with(self, known: &Self) -> Self {
        if self == *known { known.clone() } else { self }
    }
}

impl Serialize for Leaves {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.digest()))
    }
}

/// Fowler, Noll and Vo's hash (FNV-1a, 64 bits): small, stable over releases, and no secret depends
/// on it.
#[derive(Clone, Copy, Debug)]
pub struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self::new()
    }
}

impl Fnv {
    /// The empty hash.
    #[must_use]
    pub fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// With these bytes added.
    #[must_use]
    pub fn bytes(self, bytes: &[u8]) -> Self {
        let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        Self(bytes.iter().fold(self.0, mix))
    }

    /// With a text added, and its end.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes()).bytes(&[0xff])
    }

    /// The hash.
    #[must_use]
    pub fn finish(self) -> u64 {
        self.0
    }
}

/// The digest that a text leaves under a top-level key: a label in the [`Leaves`] of all labels.
pub(crate) fn leaf(key: &str, value: &str) -> u64 {
    Fnv::new().text(key).bytes(b"s").bytes(value.as_bytes()).finish()
}

/// The digest of a top-level key by itself.
pub(crate) fn key_of_leaf(key: &str) -> u64 {
    Fnv::new().text(key).finish()
}

/// The conditions of an object other than `Paused`, as a number and a digest of type, status,
/// reason and message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Conditions {
    /// How many.
    pub count: usize,
    /// Their digest; times and observed generations are left out.
    pub digest: u64,
}

/// What one write tells of its object. `None` is unknown: the log does not say, or the write did
/// not touch it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// `spec.paused`; in a body that holds the whole spec, its absence is `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec_paused: Option<bool>,
    /// Whether the annotation `cluster.x-k8s.io/paused` stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused_annotation: Option<bool>,
    /// The name of the Cluster that it belongs to, by label or `spec.clusterName`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_name: Option<String>,
    /// The owner references.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owners: Option<Vec<Owner>>,
    /// The finalizers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finalizers: Option<Vec<String>>,
    /// Whether it has a deletionTimestamp.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleting: Option<bool>,
    /// Whether the answer says that it is gone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
    /// The status of the condition `Paused`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused_condition: Option<bool>,
    /// The other conditions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Conditions>,
    /// A digest of `status` beside conditions and observed generation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u64>,
    /// `status.observedGeneration`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `spec.replicas`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i64>,
    /// `spec.providerID`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// The sum of the restart counts of a Pod's containers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restarts: Option<u64>,
    /// `spec` without `paused`; of a Secret or ConfigMap its data, as a digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<Leaves>,
    /// The labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Leaves>,
    /// The keys of the labels.
    #[serde(skip)]
    pub label_keys: Option<Leaves>,
    /// The annotations, without those that tools keep for themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Leaves>,
    /// The keys of the annotations that a patch sets: a mover's mark shows here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sets_annotations: Vec<String>,
    /// The preconditions of a deletion: whether it names UID and resourceVersion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guarded: Option<bool>,
    /// Which parts the request touches; `None` when its body is not in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub touched: Option<BTreeSet<Area>>,
}

impl Facts {
    /// Whether the request touches this part, as far as the log tells.
    #[must_use]
    pub fn touches(&self, area: Area) -> bool {
        self.touched.as_ref().is_some_and(|touched| touched.contains(&area))
    }

    /// Whether the request touches nothing but these parts.
    #[must_use]
    pub fn touches_only(&self, areas: &[Area]) -> bool {
        self.touched.as_ref().is_some_and(|touched| touched.iter().all(|area| areas.contains(area)))
    }
}

impl Facts {
    /// Lays what is known later over what was known before. What a request asks for (its marks,
    /// guards and touched parts) is no fact about the object and stays as it was.
    pub fn overlay(&mut self, later: Self) {
        self.spec_paused = later.spec_paused.or(self.spec_paused);
        self.paused_annotation = later.paused_annotation.or(self.paused_annotation);
        self.cluster_name = later.cluster_name.or(self.cluster_name.take());
        self.owners = later.owners.or(self.owners.take());
        self.finalizers = later.finalizers.or(self.finalizers.take());
        self.deleting = later.deleting.or(self.deleting);
        self.paused_condition = later.paused_condition.or(self.paused_condition);
        self.conditions = later.conditions.or(self.conditions);
        self.status = later.status.or(self.status);
        self.observed_generation = later.observed_generation.or(self.observed_generation);
        self.replicas = later.replicas.or(self.replicas);
        self.provider_id = later.provider_id.or(self.provider_id.take());
        self.restarts = later.restarts.or(self.restarts);
        self.spec = later.spec.or(self.spec.take());
        self.labels = later.labels.or(self.labels.take());
        self.label_keys = later.label_keys.or(self.label_keys.take());
        self.annotations = later.annotations.or(self.annotations.take());
    }

    /// Forgets what a request asks for in `status`: a server takes it on the status subresource
    /// only.
    pub fn forget_status(&mut self) {
        self.forget(Area::Conditions);
        self.forget(Area::Status);
        self.observed_generation = None;
        self.restarts = None;
        if let Some(touched) = &mut self.touched {
            touched.retain(|area| !matches!(area, Area::Conditions | Area::Status));
        }
    }

    /// Forgets what was known of a part.
    pub fn forget(&mut self, area: Area) {
        match area {
            Area::Pause => self.spec_paused = None,
            Area::Spec => self.spec = None,
            Area::Labels => (self.labels, self.label_keys) = (None, None),
            Area::Annotations => self.annotations = None,
            Area::Owners => self.owners = None,
            Area::Finalizers => self.finalizers = None,
            Area::Conditions => (self.paused_condition, self.conditions) = (None, None),
            Area::Status => self.status = None,
        }
    }
}

impl Area {
    /// All parts.
    pub const ALL: [Self; 8] = [
        Self::Pause,
        Self::Spec,
        Self::Labels,
        Self::Annotations,
        Self::Owners,
        Self::Finalizers,
        Self::Conditions,
        Self::Status,
    ];
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pause => "spec.paused",
            Self::Spec => "spec",
            Self::Labels => "labels",
            Self::Annotations => "annotations",
            Self::Owners => "owner references",
            Self::Finalizers => "finalizers",
            Self::Conditions => "conditions",
            Self::Status => "status",
        })
    }
}
