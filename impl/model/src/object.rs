//! A Kubernetes object as a mover reads it: its key, its metadata, and the JSON that it came as.
//!
//! Start with [`Object::from_value`]. [`Index`] finds objects by key and by UID and resolves owner
//! references the way Kubernetes' garbage collector does; [`Reference`] is what a spec names.

#[cfg(test)]
pub(crate) mod fixture;
mod index;
mod key;
mod listed;
mod metadata;
mod place;
mod reference;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use thiserror::Error;

pub use self::index::{Index, OwnerFault};
pub use self::key::{GroupKind, ObjectKey, Uid};
pub use self::metadata::OwnerReference;
pub use self::place::Place;
pub use self::reference::{Reference, Role};

pub(crate) use self::listed::listed;

use self::metadata::Metadata;

/// The group of Cluster API's own kinds.
pub const CLUSTER_API: &str = "cluster.x-k8s.io";

/// The label that says which Cluster an object belongs to. It is no proof of ownership.
pub const CLUSTER_NAME_LABEL: &str = "cluster.x-k8s.io/cluster-name";

/// Why a JSON value is no Kubernetes object. Values are never quoted: they may be a Secret's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ObjectError {
    /// The value is a list, a string, a number or null.
    #[error("no Kubernetes object: not a map")]
    NotAMap,
    /// A field without which there is no object is missing or empty.
    #[error("no Kubernetes object: `{0}` is missing")]
    Missing(&'static str),
    /// A field of the metadata has a type that Kubernetes does not accept there.
    #[error("no Kubernetes object: `{field}` is not {expected}")]
    WrongType {
        /// The path of the field.
        field: String,
        /// What Kubernetes expects there.
        expected: &'static str,
    },
}

/// A Kubernetes object of any kind.
///
/// Two objects are equal when their JSON is. `Debug` prints the key only, since the object may be
/// a Secret.
#[derive(Clone)]
pub struct Object {
    key: ObjectKey,
    version: String,
    metadata: Metadata,
    value: Value,
    place: Option<Place>,
}

impl Object {
    /// Reads the metadata of `value`.
    ///
    /// # Errors
    /// [`ObjectError`] if `value` is not a map with `apiVersion`, `kind` and `metadata.name`, or
    /// if a field of its metadata has the wrong type.
    pub fn from_value(value: Value) -> Result<Self, ObjectError> {
        let fields = value.as_object().ok_or(ObjectError::NotAMap)?;
        let kind = metadata::required(fields, "kind", "kind")?;
        let api_version = metadata::required(fields, "apiVersion", "apiVersion")?;
        let (group, version) = metadata::group_and_version(&api_version);
        let (namespace, name, metadata) = Metadata::read(fields)?;
        let key = ObjectKey { group: group.to_owned(), kind, namespace, name };
        let version = version.to_owned();
        Ok(Self { key, version, metadata, value, place: None })
    }

    /// The same object with the place where it was read.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Group, kind, namespace and name.
    #[must_use]
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }

    /// The version part of `apiVersion`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The UID that an API server gave it; `None` in a manifest written by hand.
    #[must_use]
    pub fn uid(&self) -> Option<&Uid> {
        self.metadata.uid.as_ref()
    }

    /// `metadata.labels`.
    #[must_use]
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.metadata.labels
    }

    /// `metadata.annotations`.
    #[must_use]
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        &self.metadata.annotations
    }

    /// `metadata.ownerReferences`, in the order of the object.
    #[must_use]
    pub fn owners(&self) -> &[OwnerReference] {
        &self.metadata.owners
    }

    /// `metadata.finalizers`.
    #[must_use]
    pub fn finalizers(&self) -> &[String] {
        &self.metadata.finalizers
    }

    /// `metadata.resourceVersion`: what an API server calls one state of the object.
    #[must_use]
    pub fn resource_version(&self) -> Option<&str> {
        self.value.pointer("/metadata/resourceVersion")?.as_str()
    }

    /// Whether it has a deletionTimestamp.
    #[must_use]
    pub fn is_deleting(&self) -> bool {
        self.metadata.deleting
    }

    /// The whole object.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The whole object, without a copy.
    #[must_use]
    pub fn into_value(self) -> Value {
        self.value
    }

    /// Where it was read.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// What its spec names: templates, bootstrap configuration, credentials.
    ///
    /// In the order of their targets, each target and field once.
    #[must_use]
    pub fn references(&self) -> Vec<Reference> {
        reference::of(self)
    }

    /// `spec.clusterName`: the Cluster that a Machine, MachineDeployment, MachineHealthCheck or
    /// ClusterResourceSetBinding says it belongs to.
    #[must_use]
    pub fn cluster_name(&self) -> Option<&str> {
        self.value.pointer("/spec/clusterName")?.as_str()
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({})", self.key)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn machine() -> Value {
        json!({
            "apiVersion": "cluster.x-k8s.io/v1beta2",
            "kind": "Machine",
            "metadata": {
                "name": "m", "namespace": "default", "uid": "u-m",
                "labels": {"a": "b"},
                "ownerReferences": [{
                    "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "MachineSet",
                    "name": "ms", "uid": "u-ms", "controller": true,
                }],
            },
        })
    }

    #[test]
    fn metadata_is_read() {
        let object = Object::from_value(machine()).expect("a Machine");
        assert_eq!(object.key().to_string(), "Machine.cluster.x-k8s.io default/m");
        assert_eq!(object.version(), "v1beta2");
        assert_eq!(object.uid().map(Uid::as_str), Some("u-m"));
        let owner = &object.owners()[0];
        assert!(owner.controller && !owner.block_owner_deletion);
        assert_eq!(owner.to_string(), "MachineSet.cluster.x-k8s.io ms (uid u-ms)");
    }

    #[test]
    fn what_is_no_object_says_what_is_missing() {
        let without = |field: &str| {
            let mut value = machine();
            value.as_object_mut().expect("a map").remove(field);
            Object::from_value(value).expect_err("no object").to_string()
        };
        assert_eq!(without("kind"), "no Kubernetes object: `kind` is missing");
        assert_eq!(without("apiVersion"), "no Kubernetes object: `apiVersion` is missing");
        assert_eq!(without("metadata"), "no Kubernetes object: `metadata.name` is missing");
        assert_eq!(Object::from_value(json!([1])), Err(ObjectError::NotAMap));
    }

    #[test]
    fn wrong_types_are_named_and_values_are_not_quoted() {
        let mut value = machine();
        value["metadata"]["labels"]["a"] = json!(7);
        let error = Object::from_value(value).expect_err("a number is no label");
        assert_eq!(error.to_string(), "no Kubernetes object: `metadata.labels.a` is not a string",);
        let mut value = machine();
        value["metadata"]["ownerReferences"][0]["name"] = json!(null);
        let error = Object::from_value(value).expect_err("an owner has a name");
        assert!(error.to_string().contains("metadata.ownerReferences[0].name"), "{error}");
    }

    #[test]
    fn debug_does_not_show_a_secret() {
        let secret = Object::from_value(json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "n"},
            "data": {"key": "aHVzaA=="},
        }))
        .expect("a Secret");
        assert_eq!(format!("{secret:?}"), "Object(Secret n/s)");
    }
}
