//! The versions of each object by kind and path, and the log.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Event, Key};
use crate::status::{GroupResource, Status};

/// Everything that a snapshot holds.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) revision: u64,
    pub(super) compacted: u64,
    /// Events up to this revision are gone from the log.
    forgotten: u64,
    pub(super) kinds: BTreeMap<GroupResource, Kind>,
    events: Vec<Arc<Event>>,
}

/// The objects of one kind.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    floor: u64,
    objects: BTreeMap<String, Vec<Version>>,
}

#[derive(Clone, Debug)]
struct Version {
    at: u64,
    /// Absent: deleted then.
    object: Option<Arc<Value>>,
}

fn at(versions: &[Version], revision: u64) -> Option<&Arc<Value>> {
    let after = versions.partition_point(|version| version.at <= revision);
    versions[..after].last()?.object.as_ref()
}

/// Writes `metadata.resourceVersion`.
pub(super) fn stamp(object: &mut Value, version: u64) {
    let Some(fields) = object.as_object_mut() else {
        return;
    };
    let metadata = fields.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.insert("resourceVersion".to_owned(), version.to_string().into());
    }
}

impl State {
    pub(super) fn new() -> Self {
        Self { revision: 1, compacted: 0, forgotten: 0, kinds: BTreeMap::new(), events: Vec::new() }
    }

    pub(super) fn serve(&mut self, resource: &GroupResource) {
        let floor = self.revision;
        self.kinds
            .entry(resource.clone())
            .or_insert_with(|| Kind { floor, objects: BTreeMap::new() });
    }

    pub(super) fn floor(&self, resource: &GroupResource) -> u64 {
        self.kinds.get(resource).map_or(self.revision, |kind| kind.floor)
    }

    /// The object now, with the revision that wrote it.
    fn current(&self, key: &Key) -> Option<(u64, &Arc<Value>)> {
        let versions = self.kinds.get(&key.resource)?.objects.get(&key.path())?;
        let last = versions.last()?;
        Some((last.at, last.object.as_ref()?))
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<Value>> {
        self.current(key).map(|(_, object)| Arc::clone(object))
    }

    fn checked(&self, key: &Key, expected: Option<u64>) -> Result<Arc<Value>, Status> {
        let Some((version, object)) = self.current(key) else {
            return Err(Status::not_found(&key.resource, &key.name));
        };
        if expected.is_some_and(|expected| expected != version) {
            return Err(Status::conflict_stale(&key.resource, &key.name));
        }
        Ok(Arc::clone(object))
    }

    pub(super) fn create(&mut self, key: &Key, object: Value) -> Result<Arc<Value>, Status> {
        if let Some((_, old)) = self.current(key) {
            let deleting = old.pointer("/metadata/deletionTimestamp").is_some();
            return Err(Status::already_exists(&key.resource, &key.name, deleting));
        }
        self.serve(&key.resource);
        Ok(self.put(key, None, object))
    }

    pub(super) fn update(
        &mut self,
        key: &Key,
        object: Value,
        expected: Option<u64>,
    ) -> Result<Arc<Value>, Status> {
        let old = self.checked(key, expected)?;
        Ok(self.put(key, Some(old), object))
    }

    fn put(&mut self, key: &Key, old: Option<Arc<Value>>, mut object: Value) -> Arc<Value> {
        stamp(&mut object, self.revision + 1);
        let object = Arc::new(object);
        self.record(key, old, Some(Arc::clone(&object)));
        object
    }

    pub(super) fn delete(
        &mut self,
        key: &Key,
        expected: Option<u64>,
    ) -> Result<Arc<Value>, Status> {
        let old = self.checked(key, expected)?;
        let mut last = Value::clone(&old);
        self.record(key, Some(old), None);
        stamp(&mut last, self.revision);
        Ok(Arc::new(last))
    }

    fn record(&mut self, key: &Key, old: Option<Arc<Value>>, new: Option<Arc<Value>>) {
        self.revision += 1;
        let version = Version { at: self.revision, object: new.clone() };
        if let Some(kind) = self.kinds.get_mut(&key.resource) {
            kind.objects.entry(key.path()).or_default().push(version);
        }
        self.events.push(Arc::new(Event { version: self.revision, key: key.clone(), old, new }));
    }

    /// The revision to read at, when it can be read.
    pub(super) fn readable(
        &self,
        resource: &GroupResource,
        at: Option<u64>,
    ) -> Result<u64, Status> {
        let version = at.unwrap_or(self.revision);
        if version > self.revision {
            return Err(Status::future_version(self.revision, version));
        }
        if self.is_gone(resource, version) {
            return Err(Status::expired("The resourceVersion for the provided list is too old."));
        }
        Ok(version)
    }

    /// Neither in the cache nor in the store behind it.
    pub(super) fn is_gone(&self, resource: &GroupResource, version: u64) -> bool {
        version < self.floor(resource) && version < self.compacted
    }

    /// Paths and objects of a kind at a revision, in the order of the paths.
    pub(super) fn view<'a>(
        &'a self,
        resource: &GroupResource,
        namespace: Option<&str>,
        version: u64,
    ) -> impl Iterator<Item = (&'a str, Arc<Value>)> + use<'a> {
        let prefix = namespace.map_or_else(String::new, |namespace| format!("{namespace}/"));
        let from = prefix.clone();
        self.kinds
            .get(resource)
            .into_iter()
            .flat_map(move |kind| kind.objects.range(from.clone()..))
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .filter_map(move |(path, versions)| {
                Some((path.as_str(), Arc::clone(at(versions, version)?)))
            })
    }

    pub(super) fn events_since(&self, version: u64) -> Result<Vec<Arc<Event>>, Status> {
        if version < self.forgotten {
            return Err(Status::expired(format!(
                "too old resource version: {version} ({})",
                self.forgotten
            )));
        }
        let after = self.events.partition_point(|event| event.version <= version);
        Ok(self.events[after..].to_vec())
    }

    pub(super) fn forget(&mut self) {
        self.forgotten = self.revision;
        self.events.clear();
        let (now, compacted) = (self.revision, self.compacted);
        for kind in self.kinds.values_mut() {
            kind.floor = now;
            kind.objects.retain(|_, versions| {
                let keep = versions.partition_point(|version| version.at <= compacted);
                versions.drain(..keep.saturating_sub(1));
                versions.iter().any(|version| version.object.is_some())
            });
        }
    }
}
