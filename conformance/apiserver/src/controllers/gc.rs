//! The garbage collector: deletes what has no owner left, carries out Foreground and Orphan.
//!
//! An object is looked at some 30 ms after something made it suspect: an owner that is not there
//! or has other coordinates, an owner that went, an owner that waits for its dependents. Then each
//! of its owner references is read anew, by kind, the namespace of the dependent, and name:
//!
//! 1. nothing there, or another uid: *dangling*;
//! 2. there, and being deleted in the foreground: *waiting*;
//! 3. else *solid*.
//!
//! With a solid one the others are patched away. Without, the object is deleted: in the foreground
//! when an owner waits and the object has dependents of its own, else by what its finalizers say.
//! A kind that is not served, or a namespaced owner of a cluster-scoped object, decides nothing:
//! the object stays until the kinds change.

mod attempt;
mod graph;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Action, Kinds, Step};
use crate::clock;
use crate::json::metadata;
use crate::status::GroupResource;
use crate::store::{Event, Key, Store};
use graph::{Graph, Node, Owner};

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// What is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Job {
    /// Whether this uid is to be deleted.
    Collect(String),
    /// The dependents of this uid are to lose their reference.
    Orphan(String),
}

/// The collector.
#[derive(Clone, Debug)]
pub struct Gc {
    graph: Graph,
    /// The revision up to which the log is read; `None`: nothing yet.
    seen: Option<u64>,
    delay: SignedDuration,
    queue: BTreeMap<(Timestamp, u64), Job>,
    queued: BTreeSet<Job>,
    order: u64,
    /// Those with an owner that cannot be looked up, until the kinds change.
    stuck: BTreeSet<String>,
    /// Events to be made with the next step.
    reports: Vec<Action>,
}

impl Default for Gc {
    fn default() -> Self {
        Self::new(SignedDuration::from_millis(30))
    }
}

impl Gc {
    /// A collector that looks at things so long after they became suspect.
    pub fn new(delay: SignedDuration) -> Self {
        Self {
            graph: Graph::default(),
            seen: None,
            delay,
            queue: BTreeMap::new(),
            queued: BTreeSet::new(),
            order: 0,
            stuck: BTreeSet::new(),
            reports: Vec::new(),
        }
    }

    /// Reads the log and looks at what is due.
    pub fn step(&mut self, store: &Store, kinds: &dyn Kinds, now: Timestamp) -> Step {
        self.read(store, now);
        let mut actions = std::mem::take(&mut self.reports);
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let job = entry.remove();
            self.queued.remove(&job);
            match job {
                Job::Collect(uid) => actions.extend(self.collect(store, kinds, &uid, now)),
                Job::Orphan(uid) => actions.extend(self.orphan(store, &uid, now)),
            }
        }
        Step { actions, next: self.queue.keys().next().map(|(due, _)| *due) }
    }

    /// An action of this collector was refused: its object is looked at again. Events are not
    /// made twice.
    pub fn failed(&mut self, store: &Store, action: &Action, now: Timestamp) {
        let (Action::Delete { key, .. } | Action::Patch { key, .. }) = action else {
            return;
        };
        let Some(object) = store.get(key) else {
            return;
        };
        let uid = metadata(&object, "uid").to_owned();
        let owners: Vec<String> = graph::owners(&object).map(|owner| owner.uid).collect();
        for uid in owners.into_iter().chain([uid]) {
            if self.graph.get(&uid).is_some_and(|node| node.orphaning) {
                self.enqueue(Job::Orphan(uid), now);
            } else {
                self.enqueue(Job::Collect(uid), now);
            }
        }
    }

    fn enqueue(&mut self, job: Job, now: Timestamp) {
        if self.queued.insert(job.clone()) {
            let due = clock::later(now, self.delay);
            self.order += 1;
            self.queue.insert((due, self.order), job);
        }
    }

    fn collect_later(&mut self, uids: impl IntoIterator<Item = String>, now: Timestamp) {
        for uid in uids {
            self.enqueue(Job::Collect(uid), now);
        }
    }

    /// Takes in what happened since the last step, or everything when the log does not go back.
    fn read(&mut self, store: &Store, now: Timestamp) {
        // A store that was restored may be behind what was seen.
        let seen = self.seen.filter(|seen| *seen <= store.revision());
        let Some(events) = seen.and_then(|seen| store.events_since(seen).ok()) else {
            return self.relist(store, now);
        };
        for event in events {
            self.seen = Some(event.version);
            self.observe(&event, now);
        }
    }

    fn relist(&mut self, store: &Store, now: Timestamp) {
        self.graph = Graph::default();
        self.stuck.clear();
        self.seen = Some(store.revision());
        for resource in store.resources() {
            // Reading the present never fails.
            let (objects, _) = store.list(&resource, None, None).unwrap_or_default();
            for object in objects {
                let namespace = metadata(&object, "namespace");
                let key = Key::new(&resource, namespace, metadata(&object, "name"));
                self.stored(key, &object, now);
            }
        }
    }

    fn observe(&mut self, event: &Event, now: Timestamp) {
        if event.key.resource.resource == "customresourcedefinitions" {
            let stuck = std::mem::take(&mut self.stuck);
            self.collect_later(stuck, now);
        }
        match (&event.new, &event.old) {
            (Some(new), _) => self.stored(event.key.clone(), new, now),
            (None, Some(old)) => self.gone(metadata(old, "uid"), now),
            (None, None) => {}
        }
    }

    fn stored(&mut self, key: Key, new: &Value, now: Timestamp) {
        if is_ignored(&key.resource) {
            return;
        }
        let node = Node::new(key, new);
        let uid = node.uid.clone();
        let change = self.graph.put(node);
        self.suspect(&uid, &change.added, now);
        if change.is_new {
            self.strays(&uid, now);
        }
        let waiting: Vec<String> = change
            .released
            .into_iter()
            .filter(|owner| self.graph.get(owner).is_some_and(|owner| owner.waits))
            .collect();
        self.collect_later(waiting, now);
        if change.orphans {
            self.enqueue(Job::Orphan(uid), now);
        } else if change.begins_to_wait {
            let dependents = self.graph.dependents(&uid);
            self.collect_later(dependents.into_iter().chain([uid]), now);
        }
    }

    /// A dependent with references that are new: is there reason to doubt them?
    fn suspect(&mut self, uid: &str, added: &[Owner], now: Timestamp) {
        let Some(node) = self.graph.get(uid) else {
            return;
        };
        let mut doubtful = false;
        for reference in added {
            match self.graph.get(&reference.uid) {
                Some(owner) if owner.is_elsewhere(node) => {
                    if !doubtful {
                        self.reports.push(report(node, reference, now));
                    }
                    doubtful = true;
                }
                Some(owner) => doubtful |= !owner.answers_to(reference),
                None => doubtful = true,
            }
        }
        if doubtful {
            self.enqueue(Job::Collect(uid.to_owned()), now);
        }
    }

    /// An owner that came after those who refer to it: who of them means something else?
    fn strays(&mut self, uid: &str, now: Timestamp) {
        let Some(owner) = self.graph.get(uid) else {
            return;
        };
        let mut strays = Vec::new();
        for dependent in self.graph.dependents(uid) {
            let Some(node) = self.graph.get(&dependent) else {
                continue;
            };
            let Some(reference) = node.owners.iter().find(|owner| owner.uid == uid) else {
                continue;
            };
            if owner.is_elsewhere(node) {
                self.reports.push(report(node, reference, now));
            } else if owner.answers_to(reference) {
                continue;
            }
            strays.push(dependent);
        }
        self.collect_later(strays, now);
    }

    fn gone(&mut self, uid: &str, now: Timestamp) {
        let Some(node) = self.graph.remove(uid) else {
            return;
        };
        self.stuck.remove(uid);
        let mut suspects = self.graph.dependents(uid);
        for owner in &node.owners {
            if self.graph.get(&owner.uid).is_some_and(|owner| owner.waits) {
                suspects.push(owner.uid.clone());
            }
        }
        self.collect_later(suspects, now);
    }
}

fn is_ignored(resource: &GroupResource) -> bool {
    resource.resource == "events" && matches!(resource.group.as_str(), "" | "events.k8s.io")
}

/// The Event that tells of an owner in another namespace.
fn report(node: &Node, reference: &Owner, now: Timestamp) -> Action {
    let namespace =
        if node.key.namespace.is_empty() { "default" } else { node.key.namespace.as_str() };
    let name = format!("{}.{:x}", node.key.name, now.as_nanosecond());
    let time = clock::seconds(now);
    let mut involved = json!({
        "kind": node.kind,
        "name": node.key.name,
        "uid": node.uid,
        "apiVersion": node.api_version,
    });
    if !node.key.namespace.is_empty() {
        involved["namespace"] = node.key.namespace.clone().into();
    }
    let message = format!(
        "ownerRef [{}/{}, namespace: {}, name: {}, uid: {}] does not exist in namespace \"{}\"",
        reference.api_version,
        reference.kind,
        node.key.namespace,
        reference.name,
        reference.uid,
        node.key.namespace,
    );
    let events = GroupResource::new("", "events");
    Action::Create {
        object: json!({
            "kind": "Event",
            "apiVersion": "v1",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": involved,
            "reason": "OwnerRefInvalidNamespace",
            "message": message,
            "source": {"component": "garbage-collector-controller"},
            "firstTimestamp": time,
            "lastTimestamp": time,
            "count": 1,
            "type": "Warning",
            "eventTime": null,
            "reportingComponent": "garbage-collector-controller",
            "reportingInstance": "",
        }),
        key: Key::new(&events, namespace, &name),
    }
}
