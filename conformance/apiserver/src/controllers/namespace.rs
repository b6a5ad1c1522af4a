//! The namespace controller: empties a namespace that was deleted, then lets it go.
//!
//! Five seconds after a deleted namespace was written everything in it is deleted in the
//! background, pods first. Then the conditions tell what is left. If anything is, the next look
//! comes eight seconds later, or five after another write, whichever is first; else the finalizer
//! `kubernetes` is taken off by the subresource `finalize`.

mod conditions;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Action, Propagation, Step, finalizers, is_deleted};
use crate::clock::later;
use crate::json::metadata;
use crate::status::GroupResource;
use crate::store::{Key, Store};
use conditions::Left;

/// From the write of a deleted namespace to the look at it.
const GRACE: SignedDuration = SignedDuration::from_secs(5);
/// Half of the fifteen seconds that finalizers are thought to take, and one.
const AGAIN: SignedDuration = SignedDuration::from_secs(15 / 2 + 1);
/// What this controller puts into `spec.finalizers`.
const FINALIZER: &str = "kubernetes";

/// What is to be done with a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Delete what is in it.
    Empty,
    /// See what is left of that.
    Count,
}

/// The controller.
#[derive(Clone, Debug, Default)]
pub struct Namespaces {
    /// The revision up to which the log is read; `None`: nothing yet.
    seen: Option<u64>,
    due: BTreeMap<String, (Timestamp, Phase)>,
}

fn namespaces() -> GroupResource {
    GroupResource::new("", "namespaces")
}

impl Namespaces {
    /// A controller that has seen nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the log and looks at the namespaces that are due.
    ///
    /// After a step that deleted something the next one is due at once, when the actions are
    /// carried out.
    pub fn step(&mut self, store: &Store, now: Timestamp) -> Step {
        self.read(store, now);
        let due: Vec<(String, Phase)> = self
            .due
            .iter()
            .filter(|(_, (moment, _))| *moment <= now)
            .map(|(name, (_, phase))| (name.clone(), *phase))
            .collect();
        let mut actions = Vec::new();
        for (name, phase) in due {
            self.due.remove(&name);
            let key = Key::new(&namespaces(), "", &name);
            let Some(namespace) = store.get(&key).filter(|namespace| is_deleted(namespace)) else {
                continue;
            };
            if !spec_finalizers(&namespace).any(|finalizer| finalizer == FINALIZER) {
                continue;
            }
            if phase == Phase::Empty {
                actions.extend(deletions(store, &name));
                self.due.insert(name, (now, Phase::Count));
            } else {
                actions.extend(self.count(store, &key, &namespace, now));
            }
        }
        Step { actions, next: self.due.values().map(|(moment, _)| *moment).min() }
    }

    /// An action of this controller was refused: its namespace is looked at again.
    pub fn failed(&mut self, action: &Action, now: Timestamp) {
        let (Action::Delete { key, .. } | Action::Patch { key, .. }) = action else {
            return;
        };
        let name = if key.resource == namespaces() { &key.name } else { &key.namespace };
        self.enqueue(name, later(now, GRACE));
    }

    /// The earlier moment counts, as in a delaying queue.
    fn enqueue(&mut self, name: &str, moment: Timestamp) {
        let due = self.due.entry(name.to_owned()).or_insert((moment, Phase::Empty));
        due.0 = due.0.min(moment);
    }

    fn read(&mut self, store: &Store, now: Timestamp) {
        // A store that was restored may be behind what was seen.
        let seen = self.seen.filter(|seen| *seen <= store.revision());
        let written: Vec<Arc<Value>> = match seen.and_then(|seen| store.events_since(seen).ok()) {
            Some(events) => {
                self.seen = events.last().map(|event| event.version).or(seen);
                events
                    .iter()
                    .filter(|event| event.key.resource == namespaces())
                    .filter_map(|event| event.new.clone())
                    .collect()
            }
            None => {
                self.seen = Some(store.revision());
                self.due.clear();
                // Reading the present never fails.
                store.list(&namespaces(), None, None).unwrap_or_default().0
            }
        };
        for namespace in written.iter().filter(|namespace| is_deleted(namespace)) {
            self.enqueue(metadata(namespace, "name"), later(now, GRACE));
        }
    }

    /// Tells what is left and, when that is nothing, lets the namespace go.
    fn count(
        &mut self,
        store: &Store,
        key: &Key,
        namespace: &Value,
        now: Timestamp,
    ) -> Vec<Action> {
        let left = remainder(store, &key.name);
        let mut actions = Vec::new();
        if let Some(conditions) = conditions::update(namespace, &left, now) {
            actions.push(Action::Patch {
                key: key.clone(),
                subresource: "status",
                patch: json!({"status": {"conditions": conditions}}),
            });
        }
        if left.is_nothing() {
            let kept: Vec<&str> =
                spec_finalizers(namespace).filter(|finalizer| *finalizer != FINALIZER).collect();
            actions.push(Action::Patch {
                key: key.clone(),
                subresource: "finalize",
                patch: json!({"spec": {"finalizers": kept}}),
            });
        } else {
            self.enqueue(&key.name, later(now, AGAIN));
        }
        actions
    }
}

fn spec_finalizers(namespace: &Value) -> impl Iterator<Item = &str> {
    namespace["spec"]["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// The kinds with their objects in a namespace, pods first.
fn contents(store: &Store, namespace: &str) -> Vec<(GroupResource, Vec<Arc<Value>>)> {
    let mut resources = store.resources();
    resources.sort_by_key(|resource| !(resource.group.is_empty() && resource.resource == "pods"));
    resources
        .into_iter()
        .filter_map(|resource| {
            // Reading the present never fails.
            let (objects, _) = store.list(&resource, Some(namespace), None).unwrap_or_default();
            (!objects.is_empty()).then_some((resource, objects))
        })
        .collect()
}

fn deletions(store: &Store, namespace: &str) -> Vec<Action> {
    let mut actions = Vec::new();
    for (resource, objects) in contents(store, namespace) {
        for object in objects {
            actions.push(Action::Delete {
                key: Key::new(&resource, namespace, metadata(&object, "name")),
                propagation: Propagation::Background,
                uid: String::new(),
                version: String::new(),
            });
        }
    }
    actions
}

fn remainder(store: &Store, namespace: &str) -> Left {
    let mut left = Left::default();
    for (resource, objects) in contents(store, namespace) {
        for finalizer in objects.iter().flat_map(|object| finalizers(object)) {
            *left.by_finalizer.entry(finalizer.to_owned()).or_default() += 1;
        }
        left.by_resource.insert(resource, objects.len());
    }
    left
}
