//! One look at one object, against what the store has now.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::graph::{self, Owner};
use super::{FOREGROUND, Gc, Job, ORPHAN};
use crate::controllers::{Action, Kinds, Propagation, finalizers, is_deleted};
use crate::json::metadata;
use crate::store::{Key, Store};

/// What becomes of one reference.
enum Standing {
    Solid,
    Dangling,
    Waiting,
}

/// The kind of the owner is not served, or cannot own this object.
struct Unknown;

fn classify(
    store: &Store,
    kinds: &dyn Kinds,
    dependent: &Key,
    reference: &Owner,
) -> Result<Standing, Unknown> {
    let (resource, namespaced) =
        kinds.find(&reference.api_version, &reference.kind).ok_or(Unknown)?;
    if namespaced && dependent.namespace.is_empty() {
        return Err(Unknown);
    }
    let namespace = if namespaced { dependent.namespace.as_str() } else { "" };
    let owner = store.get(&Key::new(&resource, namespace, &reference.name));
    Ok(match owner {
        Some(owner) if metadata(&owner, "uid") == reference.uid => {
            let waits = is_deleted(&owner) && has(&owner, FOREGROUND);
            if waits { Standing::Waiting } else { Standing::Solid }
        }
        _ => Standing::Dangling,
    })
}

fn has(object: &Value, finalizer: &str) -> bool {
    finalizers(object).any(|has| has == finalizer)
}

fn delete(key: &Key, object: &Value, propagation: Propagation) -> Action {
    Action::Delete {
        key: key.clone(),
        propagation,
        uid: metadata(object, "uid").to_owned(),
        version: metadata(object, "resourceVersion").to_owned(),
    }
}

fn patch(key: &Key, object: &Value, field: &str, value: Vec<Value>) -> Action {
    let mut metadata = json!({"resourceVersion": metadata(object, "resourceVersion")});
    metadata[field] = value.into();
    Action::Patch { key: key.clone(), subresource: "", patch: json!({ "metadata": metadata }) }
}

fn without_finalizer(key: &Key, object: &Value, finalizer: &str) -> Option<Action> {
    let left = finalizers(object).filter(|kept| *kept != finalizer).map(Value::from).collect();
    has(object, finalizer).then(|| patch(key, object, "finalizers", left))
}

/// The references of an object, some changed or left out; `None` when that changes nothing.
fn with_references(
    key: &Key,
    object: &Value,
    change: impl Fn(&Value) -> Option<Value>,
) -> Option<Action> {
    let all = object["metadata"]["ownerReferences"].as_array()?;
    let left: Vec<Value> = all.iter().filter_map(change).collect();
    (left != *all).then(|| patch(key, object, "ownerReferences", left))
}

fn without_owners(key: &Key, object: &Value, uids: &[String]) -> Option<Action> {
    with_references(key, object, |reference| {
        let goes = uids.iter().any(|uid| reference["uid"] == uid.as_str());
        (!goes).then(|| reference.clone())
    })
}

impl Gc {
    /// The object of a node as it is now, if it still is that one.
    fn live(&self, store: &Store, uid: &str) -> Option<(Key, Arc<Value>)> {
        let key = &self.graph.get(uid)?.key;
        let object = store.get(key)?;
        (metadata(&object, "uid") == uid).then(|| (key.clone(), object))
    }

    /// Deletes, unlinks or leaves alone.
    pub(super) fn collect(
        &mut self,
        store: &Store,
        kinds: &dyn Kinds,
        uid: &str,
        now: Timestamp,
    ) -> Vec<Action> {
        let Some(node) = self.graph.get(uid) else {
            return Vec::new();
        };
        let waits = node.waits;
        if node.deleted && !waits {
            return Vec::new();
        }
        let Some((key, object)) = self.live(store, uid) else {
            return Vec::new();
        };
        if waits {
            return self.release(&key, &object, uid, now);
        }
        let (mut solid, mut waiting, mut unsound) = (0, 0, Vec::new());
        for reference in graph::owners(&object) {
            match classify(store, kinds, &key, &reference) {
                Ok(Standing::Solid) => solid += 1,
                Ok(Standing::Dangling) => unsound.push(reference.uid),
                Ok(Standing::Waiting) => {
                    waiting += 1;
                    unsound.push(reference.uid);
                }
                Err(Unknown) => {
                    self.stuck.insert(uid.to_owned());
                    return Vec::new();
                }
            }
        }
        if solid > 0 || unsound.is_empty() {
            return without_owners(&key, &object, &unsound).into_iter().collect();
        }
        if waiting > 0 && !self.graph.dependents(uid).is_empty() {
            return self.collect_in_foreground(&key, &object, uid);
        }
        let propagation = if has(&object, ORPHAN) {
            Propagation::Orphan
        } else if has(&object, FOREGROUND) {
            Propagation::Foreground
        } else {
            Propagation::Background
        };
        vec![delete(&key, &object, propagation)]
    }

    /// An owner waits for this one, which has dependents of its own. If one of these waits as well
    /// there may be a circle: then this one ceases to block its owners.
    fn collect_in_foreground(&self, key: &Key, object: &Value, uid: &str) -> Vec<Action> {
        let circle = self
            .graph
            .dependents(uid)
            .iter()
            .any(|dependent| self.graph.get(dependent).is_some_and(|node| node.waits));
        let unblock = circle.then(|| {
            with_references(key, object, |reference| {
                let mut reference = reference.clone();
                if reference["blockOwnerDeletion"] == true {
                    reference["blockOwnerDeletion"] = false.into();
                }
                Some(reference)
            })
        });
        let mut deletion = delete(key, object, Propagation::Foreground);
        let mut actions: Vec<Action> = unblock.flatten().into_iter().collect();
        if let (false, Action::Delete { version, .. }) = (actions.is_empty(), &mut deletion) {
            // The patch just before moves the resourceVersion.
            version.clear();
        }
        actions.push(deletion);
        actions
    }

    /// One that is deleted in the foreground: when nothing blocks it any more it may go.
    fn release(&mut self, key: &Key, object: &Value, uid: &str, now: Timestamp) -> Vec<Action> {
        let mut blocked = false;
        let mut next = Vec::new();
        for node in self.graph.blocking(uid) {
            blocked = true;
            if !node.waits {
                next.push(node.uid.clone());
            }
        }
        if blocked {
            self.collect_later(next, now);
            return Vec::new();
        }
        without_finalizer(key, object, FOREGROUND).into_iter().collect()
    }

    /// Takes the reference out of every dependent that was seen; when a later look finds none left
    /// the owner may go.
    pub(super) fn orphan(&mut self, store: &Store, uid: &str, now: Timestamp) -> Vec<Action> {
        let Some((owner, object)) = self.live(store, uid) else {
            return Vec::new();
        };
        let uids = [uid.to_owned()];
        let mut actions = Vec::new();
        for dependent in self.graph.dependents(uid) {
            if let Some((key, object)) = self.live(store, &dependent) {
                actions.extend(without_owners(&key, &object, &uids));
            }
        }
        if actions.is_empty() {
            actions.extend(without_finalizer(&owner, &object, ORPHAN));
        } else {
            self.enqueue(Job::Orphan(uid.to_owned()), now);
        }
        actions
    }
}
