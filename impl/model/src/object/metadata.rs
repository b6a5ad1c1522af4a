//! `metadata`, read as strictly as an API server would.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::{GroupKind, ObjectError, Uid};

/// An entry of `metadata.ownerReferences`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerReference {
    /// Group and version of the owner.
    pub api_version: String,
    /// The owner's kind.
    pub kind: String,
    /// The owner's name.
    pub name: String,
    /// The owner's UID; `None` only in manifests written by hand.
    pub uid: Option<Uid>,
    /// Whether the owner is the controller.
    pub controller: bool,
    /// Whether the owner's foreground deletion waits for the dependent.
    pub block_owner_deletion: bool,
}

impl OwnerReference {
    /// Group and kind of the owner. The version does not matter for who owns what.
    #[must_use]
    pub fn group_kind(&self) -> GroupKind {
        GroupKind {
            group: group_and_version(&self.api_version).0.to_owned(),
            kind: self.kind.clone(),
        }
    }
}

impl fmt::Display for OwnerReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.group_kind(), self.name)?;
        match &self.uid {
            Some(uid) => write!(f, " (uid {uid})"),
            None => Ok(()),
        }
    }
}

/// The part of an object's metadata that a move looks at.
#[derive(Clone, Debug)]
pub(super) struct Metadata {
    pub(super) uid: Option<Uid>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) owners: Vec<OwnerReference>,
    pub(super) finalizers: Vec<String>,
    pub(super) deleting: bool,
}

impl Metadata {
    /// Namespace, name and the rest of the metadata of an object.
    pub(super) fn read(
        object: &Map<String, Value>,
    ) -> Result<(Option<String>, String, Self), ObjectError> {
        let metadata = match object.get("metadata") {
            None | Some(Value::Null) => return Err(ObjectError::Missing("metadata.name")),
            Some(Value::Object(metadata)) => metadata,
            Some(_) => return Err(wrong("metadata", "a map")),
        };
        let name = required(metadata, "name", "metadata.name")?;
        let namespace = optional(metadata, "namespace", "metadata.namespace")?;
        let rest = Self {
            uid: optional(metadata, "uid", "metadata.uid")?.map(Uid::new),
            labels: strings_by_key(metadata, "labels")?,
            annotations: strings_by_key(metadata, "annotations")?,
            owners: owners(metadata)?,
            finalizers: finalizers(metadata)?,
            deleting: optional(metadata, "deletionTimestamp", "metadata.deletionTimestamp")?
                .is_some(),
        };
        Ok((namespace, name, rest))
    }
}

/// Group and version of an `apiVersion`; the group of core kinds is empty.
pub(super) fn group_and_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// A string that must be there and say something.
pub(super) fn required(
    map: &Map<String, Value>,
    field: &str,
    path: &'static str,
) -> Result<String, ObjectError> {
    optional(map, field, path)?.ok_or(ObjectError::Missing(path))
}

/// A string that may be missing, null or empty.
fn optional(
    map: &Map<String, Value>,
    field: &str,
    path: &str,
) -> Result<Option<String>, ObjectError> {
    match map.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(_) => Err(wrong(path, "a string")),
    }
}

fn strings_by_key(
    metadata: &Map<String, Value>,
    field: &str,
) -> Result<BTreeMap<String, String>, ObjectError> {
    let map = match metadata.get(field) {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(map)) => map,
        Some(_) => return Err(wrong(&format!("metadata.{field}"), "a map")),
    };
    let entry = |(key, value): (&String, &Value)| match value {
        Value::String(text) => Ok((key.clone(), text.clone())),
        Value::Null => Ok((key.clone(), String::new())),
        _ => Err(wrong(&format!("metadata.{field}.{key}"), "a string")),
    };
    map.iter().map(entry).collect()
}

fn list<'a>(metadata: &'a Map<String, Value>, field: &str) -> Result<&'a [Value], ObjectError> {
    match metadata.get(field) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(entries)) => Ok(entries),
        Some(_) => Err(wrong(&format!("metadata.{field}"), "a list")),
    }
}

fn finalizers(metadata: &Map<String, Value>) -> Result<Vec<String>, ObjectError> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    list(metadata, "finalizers")?
        .iter()
        .map(|value| text(value).ok_or_else(|| wrong("metadata.finalizers", "a list of strings")))
        .collect()
}

fn owners(metadata: &Map<String, Value>) -> Result<Vec<OwnerReference>, ObjectError> {
    list(metadata, "ownerReferences")?
        .iter()
        .enumerate()
        .map(|(position, entry)| owner(position, entry))
        .collect()
}

fn owner(position: usize, entry: &Value) -> Result<OwnerReference, ObjectError> {
    let path = |field: &str| format!("metadata.ownerReferences[{position}]{field}");
    let entry = entry.as_object().ok_or_else(|| wrong(&path(""), "a map"))?;
    let text = |field: &str| {
        let path = path(&format!(".{field}"));
        optional(entry, field, &path)?.ok_or_else(|| wrong(&path, "a string"))
    };
    let flag = |field: &str| match entry.get(field) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(wrong(&path(&format!(".{field}")), "true or false")),
    };
    Ok(OwnerReference {
        api_version: text("apiVersion")?,
        kind: text("kind")?,
        name: text("name")?,
        uid: optional(entry, "uid", &path(".uid"))?.map(Uid::new),
        controller: flag("controller")?,
        block_owner_deletion: flag("blockOwnerDeletion")?,
    })
}

fn wrong(field: &str, expected: &'static str) -> ObjectError {
    ObjectError::WrongType { field: field.to_owned(), expected }
}
