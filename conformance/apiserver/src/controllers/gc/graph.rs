//! Who refers to whom, by uid, as the collector has seen it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{FOREGROUND, ORPHAN};
use crate::controllers::{finalizers, is_deleted};
use crate::json::metadata;
use crate::store::Key;

/// An owner reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) uid: String,
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) blocks: bool,
}

/// The owner references of an object.
pub(super) fn owners(object: &Value) -> impl Iterator<Item = Owner> {
    object["metadata"]["ownerReferences"].as_array().into_iter().flatten().map(|reference| {
        let field = |name: &str| reference[name].as_str().unwrap_or_default().to_owned();
        Owner {
            uid: field("uid"),
            api_version: field("apiVersion"),
            kind: field("kind"),
            name: field("name"),
            blocks: reference["blockOwnerDeletion"] == true,
        }
    })
}

/// An object as last seen.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) key: Key,
    pub(super) uid: String,
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) owners: Vec<Owner>,
    pub(super) deleted: bool,
    /// Being deleted in the foreground.
    pub(super) waits: bool,
    /// Being deleted, its dependents to stay.
    pub(super) orphaning: bool,
}

impl Node {
    pub(super) fn new(key: Key, object: &Value) -> Self {
        let deleted = is_deleted(object);
        Self {
            key,
            uid: metadata(object, "uid").to_owned(),
            api_version: object["apiVersion"].as_str().unwrap_or_default().to_owned(),
            kind: object["kind"].as_str().unwrap_or_default().to_owned(),
            owners: owners(object).collect(),
            deleted,
            waits: deleted && finalizers(object).any(|finalizer| finalizer == FOREGROUND),
            orphaning: deleted && finalizers(object).any(|finalizer| finalizer == ORPHAN),
        }
    }

    /// Whether this owner is in a namespace that is not the dependent's.
    pub(super) fn is_elsewhere(&self, dependent: &Self) -> bool {
        !self.key.namespace.is_empty() && self.key.namespace != dependent.key.namespace
    }

    /// Whether a reference names this object as it is.
    pub(super) fn answers_to(&self, reference: &Owner) -> bool {
        self.api_version == reference.api_version
            && self.kind == reference.kind
            && self.key.name == reference.name
    }
}

/// What a version of an object changed.
#[derive(Debug, Default)]
pub(super) struct Change {
    /// Not seen before.
    pub(super) is_new: bool,
    /// References that are new.
    pub(super) added: Vec<Owner>,
    /// Owners that it no longer refers to, or no longer blocks.
    pub(super) released: Vec<String>,
    /// From now on it waits for its dependents.
    pub(super) begins_to_wait: bool,
    /// From now on its dependents are to be orphaned.
    pub(super) orphans: bool,
}

/// The graph.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    nodes: BTreeMap<String, Node>,
    /// By owner, whether it was seen or not, in the order of the references.
    dependents: BTreeMap<String, Vec<String>>,
}

impl Graph {
    pub(super) fn get(&self, uid: &str) -> Option<&Node> {
        self.nodes.get(uid)
    }

    /// The uids of those that refer to this one.
    pub(super) fn dependents(&self, uid: &str) -> Vec<String> {
        self.dependents.get(uid).cloned().unwrap_or_default()
    }

    /// The dependents that block the deletion of this one.
    pub(super) fn blocking<'a>(&'a self, uid: &'a str) -> impl Iterator<Item = &'a Node> {
        self.dependents
            .get(uid)
            .into_iter()
            .flatten()
            .filter_map(move |dependent| self.nodes.get(dependent))
            .filter(move |node| node.owners.iter().any(|owner| owner.uid == uid && owner.blocks))
    }

    pub(super) fn put(&mut self, node: Node) -> Change {
        let uid = node.uid.clone();
        let (waits, orphaning) = (node.waits, node.orphaning);
        let owners = node.owners.clone();
        let before = self.nodes.insert(uid.clone(), node);
        let old: &[Owner] = before.as_ref().map_or(&[][..], |before| before.owners.as_slice());
        let mut change = Change {
            is_new: before.is_none(),
            begins_to_wait: waits && before.as_ref().is_none_or(|before| !before.waits),
            orphans: orphaning && before.as_ref().is_none_or(|before| !before.orphaning),
            ..Change::default()
        };
        for owner in old {
            match owners.iter().find(|now| now.uid == owner.uid) {
                None => {
                    self.unlink(&owner.uid, &uid);
                    change.released.push(owner.uid.clone());
                }
                Some(now) if owner.blocks && !now.blocks => {
                    change.released.push(owner.uid.clone());
                }
                Some(_) => {}
            }
        }
        for owner in owners {
            if old.iter().all(|old| old.uid != owner.uid) {
                let dependents = self.dependents.entry(owner.uid.clone()).or_default();
                if !dependents.contains(&uid) {
                    dependents.push(uid.clone());
                }
                change.added.push(owner);
            }
        }
        change
    }

    pub(super) fn remove(&mut self, uid: &str) -> Option<Node> {
        let node = self.nodes.remove(uid)?;
        for owner in &node.owners {
            self.unlink(&owner.uid, uid);
        }
        Some(node)
    }

    fn unlink(&mut self, owner: &str, dependent: &str) {
        if let Some(dependents) = self.dependents.get_mut(owner) {
            dependents.retain(|uid| uid != dependent);
            if dependents.is_empty() {
                self.dependents.remove(owner);
            }
        }
    }
}
