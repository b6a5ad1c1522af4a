//! What a process knows of the objects of a resource: behind by a lag, and stale after one's own
//! write.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

use super::Key;
use crate::api::Res;

/// An object before and after; nothing where it was not there.
type Change = (Option<Arc<Value>>, Option<Arc<Value>>);

/// The values by which an index finds an object.
pub type Index = fn(&Value) -> Vec<String>;

/// The objects of a resource, as a process knows them. Clones share them.
#[derive(Clone)]
pub struct Cache(Arc<Shared>);

struct Shared {
    objects: Mutex<BTreeMap<Key, Arc<Value>>>,
    synced: watch::Sender<bool>,
}

impl Default for Cache {
    fn default() -> Self {
        let (synced, _) = watch::channel(false);
        Self(Arc::new(Shared { objects: Mutex::default(), synced }))
    }
}

impl Cache {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Arc<Value>>> {
        self.0.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An object; the namespace is empty for cluster-scoped ones.
    #[must_use]
    pub fn get(&self, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.lock().get(&Key::new(namespace, name)).cloned()
    }

    /// The objects of a namespace (empty: of all), by namespace and name.
    #[must_use]
    pub fn list(&self, namespace: &str) -> Vec<Arc<Value>> {
        let objects = self.lock();
        let inside = |key: &Key| namespace.is_empty() || key.namespace == namespace;
        let found = objects.iter().filter(|(key, _)| inside(key));
        found.map(|(_, object)| Arc::clone(object)).collect()
    }

    /// The objects of a namespace (empty: of all) that an index finds under this value.
    #[must_use]
    pub fn by_index(&self, namespace: &str, index: Index, value: &str) -> Vec<Arc<Value>> {
        let mut found = self.list(namespace);
        found.retain(|object| index(object).iter().any(|one| one == value));
        found
    }

    /// The objects of a namespace (empty: of all) that carry these labels.
    #[must_use]
    pub fn by_labels(&self, namespace: &str, labels: &[(&str, &str)]) -> Vec<Arc<Value>> {
        let mut found = self.list(namespace);
        found.retain(|object| {
            let has = &object["metadata"]["labels"];
            labels.iter().all(|(label, value)| has[*label].as_str() == Some(*value))
        });
        found
    }

    /// Whether it has read the objects once.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        *self.0.synced.borrow()
    }

    /// Waits until it has read the objects once.
    pub async fn synced(&self) {
        // The sender lives as long as this handle.
        let _ = self.0.synced.subscribe().wait_for(|synced| *synced).await;
    }

    /// Learns of a write; the object before.
    pub(super) fn learn(&self, key: &Key, new: Option<Arc<Value>>) -> Option<Arc<Value>> {
        let mut objects = self.lock();
        match new {
            Some(new) => objects.insert(key.clone(), new),
            None => objects.remove(key),
        }
    }

    /// Replaces everything; each object that was or is there, before and after.
    pub(super) fn replace(&self, fresh: BTreeMap<Key, Arc<Value>>) -> Vec<Change> {
        let mut objects = self.lock();
        let mut old = std::mem::replace(&mut *objects, fresh);
        let mut changes = Vec::new();
        for (key, new) in objects.iter() {
            changes.push((old.remove(key), Some(Arc::clone(new))));
        }
        drop(objects);
        changes.extend(old.into_values().map(|gone| (Some(gone), None)));
        self.0.synced.send_replace(true);
        changes
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.lock().keys()).finish()
    }
}

/// The caches of a process, one a resource. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Caches(Arc<Mutex<BTreeMap<Res, Cache>>>);

impl Caches {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Res, Cache>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cache of a resource.
    ///
    /// # Panics
    /// When no controller of the process names the resource in its concerns or reads: such a cache
    /// would be empty for ever.
    #[must_use]
    pub fn of(&self, res: &Res) -> Cache {
        let found = self.lock().get(res).cloned();
        found.unwrap_or_else(|| panic!("{res} is not cached in this process"))
    }

    /// Whether a resource is cached here.
    #[must_use]
    pub fn has(&self, res: &Res) -> bool {
        self.lock().contains_key(res)
    }

    /// An object of a resource, as [`Cache::get`].
    #[must_use]
    pub fn get(&self, res: &Res, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.of(res).get(namespace, name)
    }

    /// The objects of a resource, as [`Cache::list`].
    #[must_use]
    pub fn list(&self, res: &Res, namespace: &str) -> Vec<Arc<Value>> {
        self.of(res).list(namespace)
    }

    /// Waits until each has read its objects once.
    pub async fn synced(&self) {
        let all: Vec<Cache> = self.lock().values().cloned().collect();
        for cache in all {
            cache.synced().await;
        }
    }

    /// Begins to cache a resource.
    pub(super) fn declare(&self, res: &Res) -> Cache {
        self.lock().entry(*res).or_default().clone()
    }
}
