//! All versions of all objects under one revision counter, and the log of what happened.
//!
//! A write takes the next revision, stamps it as `metadata.resourceVersion` and appends one
//! [`Event`]. Old versions stay readable, so that pages, exact lists and watches can go back to
//! any revision that the *floor* of the kind allows.
//!
//! **Invariant:** a refused write takes no revision; revisions in the log rise one by one.

mod history;
mod paging;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

use crate::status::{GroupResource, Status};
use history::State;
pub use paging::{Page, PageError, Query};

/// Where an object lives. The namespace is empty for cluster-scoped objects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Group and plural.
    pub resource: GroupResource,
    /// Namespace, or empty.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl Key {
    /// The key of an object of this resource.
    pub fn new(resource: &GroupResource, namespace: &str, name: &str) -> Self {
        Self { resource: resource.clone(), namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// `namespace/name`, or the name alone: lists are ordered by its bytes.
    pub fn path(&self) -> String {
        if self.namespace.is_empty() {
            self.name.clone()
        } else {
            format!("{}/{}", self.namespace, self.name)
        }
    }
}

/// One write: `old` is absent for a creation, `new` for a deletion.
#[derive(Clone, Debug)]
pub struct Event {
    /// The revision that this write took.
    pub version: u64,
    /// The object written.
    pub key: Key,
    /// As stored before, with its own resourceVersion.
    pub old: Option<Arc<Value>>,
    /// As stored now.
    pub new: Option<Arc<Value>>,
}

impl Event {
    /// The object before this write, under the revision of this write: what a DELETED event shows.
    pub fn departed(&self) -> Option<Value> {
        let mut object = Value::clone(self.old.as_deref()?);
        history::stamp(&mut object, self.version);
        Some(object)
    }
}

/// The state at one moment; taking and restoring it costs nothing until the next write.
#[derive(Clone, Debug)]
pub struct Snapshot(Arc<State>);

/// The store. Clones share their contents.
#[derive(Clone, Debug)]
pub struct Store {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<Arc<State>>,
    changed: watch::Sender<u64>,
}

impl Default for Store {
    fn default() -> Self {
        Self::new()
    }
}

impl Store {
    /// An empty store at revision 1, as etcd begins.
    pub fn new() -> Self {
        Self::from_snapshot(&Snapshot(Arc::new(State::new())))
    }

    /// A store of its own that begins with these contents.
    pub fn from_snapshot(snapshot: &Snapshot) -> Self {
        let (changed, _) = watch::channel(snapshot.0.revision);
        Self { shared: Arc::new(Shared { state: Mutex::new(Arc::clone(&snapshot.0)), changed }) }
    }

    fn lock(&self) -> MutexGuard<'_, Arc<State>> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write<T>(&self, change: impl FnOnce(&mut State) -> Result<T, Status>) -> Result<T, Status> {
        let mut guard = self.lock();
        let outcome = change(Arc::make_mut(&mut guard));
        let revision = guard.revision;
        // Told under the lock, so that subscribers never see the revision go back.
        self.shared.changed.send_if_modified(|seen| std::mem::replace(seen, revision) != revision);
        outcome
    }

    /// The revision of the last write.
    pub fn revision(&self) -> u64 {
        self.lock().revision
    }

    /// Begins to serve a kind: its floor is now. Nothing happens when it is served already.
    pub fn serve(&self, resource: &GroupResource) {
        let mut guard = self.lock();
        if guard.kinds.contains_key(resource) {
            return;
        }
        Arc::make_mut(&mut guard).serve(resource);
    }

    /// Ceases to serve a kind: its objects and their history are gone, without events.
    pub fn retire(&self, resource: &GroupResource) {
        Arc::make_mut(&mut self.lock()).kinds.remove(resource);
    }

    /// Whether a kind is served.
    pub fn serves(&self, resource: &GroupResource) -> bool {
        self.lock().kinds.contains_key(resource)
    }

    /// The kinds served, in order.
    pub fn resources(&self) -> Vec<GroupResource> {
        self.lock().kinds.keys().cloned().collect()
    }

    /// The oldest revision from which a watch of this kind can go on.
    pub fn floor(&self, resource: &GroupResource) -> u64 {
        self.lock().floor(resource)
    }

    /// The object as it is now.
    pub fn get(&self, key: &Key) -> Option<Arc<Value>> {
        self.lock().get(key)
    }

    /// Stores a new object. 409 when there is one.
    pub fn create(&self, key: &Key, object: Value) -> Result<Arc<Value>, Status> {
        self.write(|state| state.create(key, object))
    }

    /// Replaces an object. 404 without one; 409 when `expected` is given and is not the revision
    /// of the one stored.
    pub fn update(
        &self,
        key: &Key,
        object: Value,
        expected: Option<u64>,
    ) -> Result<Arc<Value>, Status> {
        self.write(|state| state.update(key, object, expected))
    }

    /// Takes an object away and returns it under the revision of the deletion. Errors as
    /// [`Store::update`].
    pub fn delete(&self, key: &Key, expected: Option<u64>) -> Result<Arc<Value>, Status> {
        self.write(|state| state.delete(key, expected))
    }

    /// The objects of a kind by [`Key::path`], now or as they were at a revision, and the revision
    /// of the answer.
    ///
    /// # Errors
    /// 410 when `at` is below the floor and compacted, 504 when it is yet to come.
    pub fn list(
        &self,
        resource: &GroupResource,
        namespace: Option<&str>,
        at: Option<u64>,
    ) -> Result<(Vec<Arc<Value>>, u64), Status> {
        let state = self.lock();
        let version = state.readable(resource, at)?;
        let items = state.view(resource, namespace, version).map(|(_, object)| object).collect();
        Ok((items, version))
    }

    /// One page of a list. The selector of the query must not call the store.
    pub fn page(&self, resource: &GroupResource, query: &Query<'_>) -> Result<Page, PageError> {
        paging::page(&self.lock(), resource, query)
    }

    /// What happened after this revision, in order; nothing for one yet to come.
    ///
    /// # Errors
    /// 410 when the log does not go back so far.
    pub fn events_since(&self, version: u64) -> Result<Vec<Arc<Event>>, Status> {
        self.lock().events_since(version)
    }

    /// The revision, and a wake-up with each write.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.shared.changed.subscribe()
    }

    /// The state now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(Arc::clone(&self.lock()))
    }

    /// Goes back to a state. Streams opened before are to be dropped by whoever holds them.
    pub fn restore(&self, snapshot: &Snapshot) {
        let mut guard = self.lock();
        *guard = Arc::clone(&snapshot.0);
        self.shared.changed.send_replace(guard.revision);
    }

    /// Lets go of what is older than this revision (at most now). What the floors still cover
    /// remains readable: compaction alone changes nothing that a cache holds.
    pub fn compact(&self, version: u64) {
        let mut guard = self.lock();
        let version = version.min(guard.revision);
        if version > guard.compacted {
            Arc::make_mut(&mut guard).compacted = version;
        }
    }

    /// The last compaction.
    pub fn compacted(&self) -> u64 {
        self.lock().compacted
    }

    /// What a restart of the API server does: every floor becomes now, the log is empty, and old
    /// versions that were compacted are gone.
    pub fn forget(&self) {
        Arc::make_mut(&mut self.lock()).forget();
    }
}
