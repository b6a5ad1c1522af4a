//! The controllers of definitions: which names are accepted, when a definition is established,
//! and what happens to its objects when it is deleted.
//!
//! Expected flow, each step a write to `status` that the next one waits for:
//! 1. The names are accepted, unless another definition of the group has them; two definitions
//!    of a group are never looked at in the same step.
//! 2. In a group of Kubernetes itself a condition tells of the approval.
//! 3. A definition whose names are accepted is established, and served from then on.
//! 4. A deleted one loses its objects. They are counted at once and every five seconds; when
//!    none is left, the finalizer goes. After a minute the work begins anew.
//!
//! The writes are those of `kube-apiserver`, not of the controller manager.

mod names;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Action, Propagation, Step, finalizers, is_deleted};
use crate::clock::{later, seconds};
use crate::json::metadata;
use crate::kinds::crd::approval::{self, Approval};
use crate::kinds::crd::conditions::{self, Condition};
use crate::kinds::crd::{CLEANUP, resource};
use crate::status::GroupResource;
use crate::store::{Key, Store};

/// From a write to the look at it.
const DELAY: SignedDuration = SignedDuration::from_millis(10);
/// From one count of the objects left to the next, and from a refusal to the next attempt.
const AGAIN: SignedDuration = SignedDuration::from_secs(5);
/// How long objects are counted before the work begins anew.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);

/// The controller.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    /// The revision up to which the log is read; `None`: nothing yet.
    seen: Option<u64>,
    /// When to look at a definition; those of the same moment in the order of their writes.
    due: BTreeMap<String, (Timestamp, u64)>,
    /// Definitions whose objects were deleted.
    counts: BTreeMap<String, Count>,
}

/// Objects are on their way out.
#[derive(Clone, Debug)]
struct Count {
    uid: String,
    due: Timestamp,
    until: Timestamp,
}

fn group(definition: &Value) -> &str {
    definition["spec"]["group"].as_str().unwrap_or_default()
}

fn accepted(definition: &Value) -> &Value {
    &definition["status"]["acceptedNames"]
}

/// All definitions by name.
fn all(store: &Store) -> Vec<Arc<Value>> {
    // Reading the present never fails.
    store.list(&resource(), None, None).unwrap_or_default().0
}

impl Definitions {
    /// A controller that has seen nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the log and looks at the definitions that are due.
    ///
    /// After a step that deleted something the next one is due at once, when the actions are
    /// carried out.
    pub fn step(&mut self, store: &Store, now: Timestamp) -> Step {
        self.read(store, now);
        let mut actions = self.count(store, now);
        let mut due: Vec<((Timestamp, u64), String)> = self
            .due
            .iter()
            .filter(|(_, (moment, _))| *moment <= now)
            .map(|(name, order)| (*order, name.clone()))
            .collect();
        due.sort();
        let mut named = BTreeSet::new();
        for (_, name) in due {
            let key = Key::new(&resource(), "", &name);
            let Some(definition) = store.get(&key) else {
                self.due.remove(&name);
                continue;
            };
            // Whatever was named in this step is not in the store yet.
            if named.contains(group(&definition)) {
                continue;
            }
            self.due.remove(&name);
            if let Some(status) = names::update(&definition, &all(store), &seconds(now)) {
                named.insert(group(&definition).to_owned());
                actions.push(write(&key, &definition, status));
            } else if let Some(action) =
                approved(&key, &definition, now).or_else(|| ready(&key, &definition, now))
            {
                actions.push(action);
            } else if is_deleted(&definition) {
                actions.extend(self.empty(store, &key, &definition, now));
            }
        }
        let moments = self.due.values().map(|(moment, _)| *moment);
        Step { actions, next: moments.chain(self.counts.values().map(|count| count.due)).min() }
    }

    /// An action of this controller was refused: its definition is looked at again.
    pub fn failed(&mut self, action: &Action, now: Timestamp) {
        let (Action::Delete { key, .. } | Action::Patch { key, .. }) = action else {
            return;
        };
        let name =
            if key.resource == resource() { key.name.clone() } else { key.resource.to_string() };
        // What could not be deleted is deleted again.
        self.counts.remove(&name);
        self.enqueue(&name, later(now, AGAIN), u64::MAX);
    }

    /// The earlier moment counts, as in a delaying queue.
    fn enqueue(&mut self, name: &str, moment: Timestamp, order: u64) {
        let due = self.due.entry(name.to_owned()).or_insert((moment, order));
        *due = (*due).min((moment, order));
    }

    fn read(&mut self, store: &Store, now: Timestamp) {
        // A store that was restored may be behind what was seen.
        let seen = self.seen.filter(|seen| *seen <= store.revision());
        let moment = later(now, DELAY);
        let Some(events) = seen.and_then(|seen| store.events_since(seen).ok()) else {
            self.seen = Some(store.revision());
            self.due.clear();
            self.counts.clear();
            for definition in all(store) {
                // In the order of their last writes.
                let order = metadata(&definition, "resourceVersion").parse().unwrap_or_default();
                self.enqueue(metadata(&definition, "name"), moment, order);
            }
            return;
        };
        self.seen = events.last().map(|event| event.version).or(seen);
        for event in events.iter().filter(|event| event.key.resource == resource()) {
            if event.new.is_some() {
                self.enqueue(&event.key.name, moment, event.version);
            } else {
                self.counts.remove(&event.key.name);
            }
            if let Some(old) = &event.old
                && Some(accepted(old)) != event.new.as_deref().map(accepted)
            {
                self.enqueue_others(store, old, moment, event.version);
            }
        }
    }

    /// Names of the group may have become free.
    fn enqueue_others(&mut self, store: &Store, than: &Value, moment: Timestamp, order: u64) {
        let others = all(store);
        let others = others.iter().filter(|other| group(other) == group(than));
        for name in others.map(|other| metadata(other, "name")) {
            if name != metadata(than, "name") {
                self.enqueue(name, moment, order);
            }
        }
    }

    /// Deletes the objects of a deleted definition, unless that is under way.
    fn empty(
        &mut self,
        store: &Store,
        key: &Key,
        definition: &Value,
        now: Timestamp,
    ) -> Vec<Action> {
        let uid = metadata(definition, "uid").to_owned();
        let known = self.counts.get(&key.name).is_some_and(|count| count.uid == uid);
        if known || !awaits(definition) {
            return Vec::new();
        }
        let count = Count { uid, due: now, until: later(now, PATIENCE) };
        self.counts.insert(key.name.clone(), count);
        let progress = terminating("True", "InstanceDeletionInProgress", PROGRESS);
        let mut actions = Vec::new();
        if !progress.holds(definition) {
            actions.push(tell(key, definition, &progress, now));
        }
        let kind = instance_resource(definition);
        for object in instances(store, definition).iter().filter(|object| !is_deleted(object)) {
            actions.push(Action::Delete {
                key: Key::new(&kind, metadata(object, "namespace"), metadata(object, "name")),
                propagation: Propagation::Background,
                uid: String::new(),
                version: String::new(),
            });
        }
        actions
    }

    /// Counts what is left of the objects of deleted definitions.
    fn count(&mut self, store: &Store, now: Timestamp) -> Vec<Action> {
        let mut actions = Vec::new();
        let due: Vec<(String, Count)> = self
            .counts
            .iter()
            .filter(|(_, count)| count.due <= now)
            .map(|(name, count)| (name.clone(), count.clone()))
            .collect();
        for (name, count) in due {
            let key = Key::new(&resource(), "", &name);
            let awaiting = |definition: &Arc<Value>| {
                metadata(definition, "uid") == count.uid && awaits(definition)
            };
            let Some(definition) = store.get(&key).filter(awaiting) else {
                self.counts.remove(&name);
                continue;
            };
            if instances(store, &definition).is_empty() {
                actions.push(release(&key, &definition, now));
            } else if count.until <= now {
                self.counts.remove(&name);
                self.enqueue(&name, later(now, DELAY), u64::MAX);
                let failed = terminating("True", "InstanceDeletionCheck", TOO_LONG);
                actions.push(tell(&key, &definition, &failed, now));
                continue;
            }
            self.counts.insert(name, Count { due: later(now, AGAIN), ..count });
        }
        actions
    }
}

const PROGRESS: &str = "CustomResource deletion is in progress";
const TOO_LONG: &str =
    "could not confirm zero CustomResources remaining: context deadline exceeded";

fn terminating(
    status: &'static str,
    reason: &'static str,
    message: &'static str,
) -> Condition<'static> {
    Condition { kind: "Terminating", status, reason, message }
}

/// Whether the definition is deleted and the finalizer of this controller still on it.
fn awaits(definition: &Value) -> bool {
    is_deleted(definition) && finalizers(definition).any(|finalizer| finalizer == CLEANUP)
}

fn instance_resource(definition: &Value) -> GroupResource {
    let plural = accepted(definition)["plural"].as_str().unwrap_or_default();
    GroupResource::new(group(definition), plural)
}

/// The objects of a definition. One that was never established has none, whatever is stored
/// under its names.
fn instances(store: &Store, definition: &Value) -> Vec<Arc<Value>> {
    if !conditions::is_true(definition, "Established") {
        return Vec::new();
    }
    // Reading the present never fails.
    store.list(&instance_resource(definition), None, None).unwrap_or_default().0
}

/// Tells of the approval of a definition in a group of Kubernetes itself.
fn approved(key: &Key, definition: &Value, now: Timestamp) -> Option<Action> {
    if !approval::is_protected(group(definition)) {
        return None;
    }
    let (state, message) = approval::state(definition);
    let (status, reason) = match state {
        Approval::Invalid => ("False", "InvalidAnnotation"),
        Approval::Missing => ("False", "MissingAnnotation"),
        Approval::Approved => ("True", "ApprovedAnnotation"),
        Approval::Bypassed => ("False", "UnapprovedAnnotation"),
    };
    let kind = "KubernetesAPIApprovalPolicyConformant";
    let wanted = Condition { kind, status, reason, message: &message };
    (!wanted.holds(definition)).then(|| tell(key, definition, &wanted, now))
}

/// Establishes a definition whose names are accepted.
fn ready(key: &Key, definition: &Value, now: Timestamp) -> Option<Action> {
    let wanted = Condition {
        kind: "Established",
        status: "True",
        reason: "InitialNamesAccepted",
        message: names::ACCEPTED,
    };
    let ready = conditions::is_true(definition, "NamesAccepted")
        && !conditions::is_true(definition, "Established");
    ready.then(|| tell(key, definition, &wanted, now))
}

/// A write of one condition.
fn tell(key: &Key, definition: &Value, condition: &Condition<'_>, now: Timestamp) -> Action {
    let mut all = conditions::all(definition);
    condition.set(&mut all, &seconds(now));
    write(key, definition, json!({"conditions": all}))
}

/// A write to `status` that depends on nothing else having been written.
fn write(key: &Key, definition: &Value, status: Value) -> Action {
    let version = &definition["metadata"]["resourceVersion"];
    Action::Patch {
        key: key.clone(),
        subresource: "status",
        patch: json!({"metadata": {"resourceVersion": version}, "status": status}),
    }
}

/// Lets a definition without objects go.
fn release(key: &Key, definition: &Value, now: Timestamp) -> Action {
    let condition = if conditions::is_true(definition, "Established") {
        terminating("False", "InstanceDeletionCompleted", "removed all instances")
    } else {
        terminating("False", "NeverEstablished", "resource was never established")
    };
    let kept: Vec<&str> = finalizers(definition).filter(|one| *one != CLEANUP).collect();
    let mut action = tell(key, definition, &condition, now);
    if let Action::Patch { patch, .. } = &mut action {
        patch["metadata"]["finalizers"] = json!(kept);
    }
    action
}
