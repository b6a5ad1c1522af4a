//! What is there: everything that can move, and of it what belongs to the Cluster.
//!
//! A source selects afresh each time (rule D2), a target finds its copies by their mark.

pub(crate) mod content;
pub(crate) mod copies;
pub(crate) mod source;

use std::collections::BTreeMap;
use std::sync::Arc;

use fulcrum_model::digest::{Digest, SetDigest};
use fulcrum_model::object::{Object, ObjectKey};
use fulcrum_model::protocol::{Entry, Name, Reading};
use fulcrum_model::transform::MOVE_ID;
use serde_json::{Value, json};

use crate::api::Api;
use crate::catalog::{Catalog, path};
use crate::error::ReadError;
use crate::ids;
use crate::parcel::SentObject;

/// The annotation of a copy with the digest that the mover wrote last.
pub(crate) const APPLIED: &str = "fulcrum.dev/applied-digest";

/// What a server holds of the types that move.
pub(crate) struct Seen {
    /// The types.
    pub(crate) catalog: Arc<Catalog>,
    /// The objects: custom resources of all namespaces, core objects of the Cluster's.
    pub(crate) objects: Vec<Object>,
}

/// What belongs to the Cluster.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    /// What the protocol sees, owners first.
    pub(crate) reading: Reading,
    /// The objects of the reading.
    pub(crate) objects: BTreeMap<Name, Object>,
    /// What is sent of them, and of the library objects beside them; empty at a target.
    pub(crate) sent: BTreeMap<Name, SentObject>,
}

impl Seen {
    /// Lists everything that can move. A type that is gone has no objects; any other failure is one.
    pub(crate) async fn list(
        api: &Api,
        catalog: Arc<Catalog>,
        namespace: &str,
    ) -> Result<Self, ReadError> {
        let mut objects = Vec::new();
        for (kind, found) in catalog.types() {
            let within = kind.group.is_empty().then_some(namespace);
            let path = path(&kind.group, &found.version, within, &found.plural);
            let items = match api.list(&path).await {
                Err(error) if error.is_absent() => continue,
                items => items?,
            };
            let api_version = match kind.group.as_str() {
                "" => found.version.clone(),
                group => format!("{group}/{}", found.version),
            };
            for mut item in items {
                // A list of core objects leaves both off.
                item["apiVersion"] = json!(api_version);
                item["kind"] = json!(kind.kind);
                let object = Object::from_value(item);
                objects.push(object.map_err(|source| ReadError::NoObject {
                    path: path.clone(),
                    source: Box::new(source),
                })?);
            }
        }
        Ok(Self { catalog, objects })
    }

    /// The object of a key.
    pub(crate) fn get(&self, key: &ObjectKey) -> Option<&Object> {
        self.objects.iter().find(|object| object.key() == key)
    }
}

impl Snapshot {
    /// A snapshot without objects.
    pub(crate) fn empty() -> Self {
        let reading = reading(Vec::new());
        Self { reading, objects: BTreeMap::new(), sent: BTreeMap::new() }
    }
}

/// Whether an object is a copy that a mover made and has not let go yet.
pub(crate) fn is_copy(object: &Object) -> bool {
    object.annotations().contains_key(MOVE_ID)
}

/// The reading of these entries.
pub(crate) fn reading(entries: Vec<Entry>) -> Reading {
    let digests: BTreeMap<ObjectKey, Digest> = entries
        .iter()
        .filter_map(|entry| Some((ids::key_of(&entry.name)?, entry.digest)))
        .collect();
    Reading::new(entries, SetDigest::of(&digests).digest)
}

/// The entry of an object whose content is `content`.
pub(crate) fn entry(object: &Object, content: &Value) -> Result<Entry, ReadError> {
    let wrong =
        |field, expected| ReadError::Id { object: Box::new(object.key().clone()), field, expected };
    let uid = object.uid().and_then(|uid| ids::uid_of(uid.as_str()));
    let version = object.resource_version().and_then(ids::version_of);
    Ok(Entry {
        name: ids::name_of(object.key()),
        uid: uid.ok_or_else(|| wrong("uid", "UUID"))?,
        version: version.ok_or_else(|| wrong("resourceVersion", "number"))?,
        digest: content::digest(content),
        applied: object.annotations().get(APPLIED).and_then(|text| ids::digest_of(text)),
        deleting: object.is_deleting(),
    })
}
