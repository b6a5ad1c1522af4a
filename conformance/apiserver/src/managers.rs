//! Who owns which fields of an object: `metadata.managedFields`, and server-side apply.
//!
//! An *update* (POST, PUT and the patches that are no apply) makes its manager the owner of
//! what it changed; an *apply* of what it names, and takes away what its manager named before
//! and names no more. Start with [`Tracked`].
//!
//! **Invariant:** the object that comes back is what the request means, before any strategy;
//! defaults, validation and the store are for the caller.

mod apply;
mod conflict;
mod entry;
mod last_applied;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use self::entry::{Entries, Entry};
use crate::fields::{Comparison, Set, Type, check, compare};
use crate::schema::Schema;
use crate::status::Status;

/// How many entries of updates an object keeps; older ones are united to `ancient-changes`.
const MOST_UPDATES: usize = 10;

/// What no manager owns.
const NOBODYS: [&str; 12] = [
    "apiVersion",
    "kind",
    "metadata",
    "metadata.name",
    "metadata.namespace",
    "metadata.creationTimestamp",
    "metadata.selfLink",
    "metadata.uid",
    "metadata.clusterName",
    "metadata.generation",
    "metadata.managedFields",
    "metadata.resourceVersion",
];

/// The way in which a manager came to own its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// By server-side apply.
    Apply,
    /// By any other write.
    Update,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        })
    }
}

/// Who writes.
#[derive(Clone, Copy, Debug)]
pub struct Who<'a> {
    /// Name of the field manager.
    pub manager: &'a str,
    /// What it does; [`update`] and [`apply()`] write their own.
    pub operation: Operation,
    /// The apiVersion of the request, such as `sim.example.com/v1`.
    pub version: &'a str,
    /// The subresource written to, such as `status`; empty for the object itself.
    pub subresource: &'a str,
    /// The time of the request, RFC 3339 with seconds.
    pub time: &'a str,
}

/// A kind as far as the ownership of its fields goes.
#[derive(Clone, Copy)]
pub struct Tracked<'a> {
    /// The schema at the version of the request.
    pub schema: &'a Schema,
    /// Dotted paths that the strategy resets on this path, so that nobody gains them.
    pub reset: &'a [&'a str],
    /// The other served versions, by apiVersion. Entries of a version that is not there
    /// vanish; if it is empty, all entries are read with `schema`.
    pub others: &'a [(&'a str, &'a Schema)],
    /// What a new object of a built-in kind consists of before anything is set.
    pub empty: Option<&'a Value>,
}

/// [`Tracked::update`] of a kind with one version.
#[must_use]
pub fn update(
    live: Option<&Value>,
    new: Value,
    schema: &Schema,
    reset: &[&str],
    who: &Who<'_>,
) -> Value {
    Tracked::new(schema, reset).update(live, new, who)
}

/// [`Tracked::apply`] of a kind with one version.
///
/// # Errors
/// As there.
pub fn apply(
    live: Option<&Value>,
    config: &Value,
    schema: &Schema,
    reset: &[&str],
    force: bool,
    who: &Who<'_>,
) -> Result<Value, Status> {
    Tracked::new(schema, reset).apply(live, config, force, who)
}

impl<'a> Tracked<'a> {
    /// A kind with one version and nothing in its empty object.
    #[must_use]
    pub fn new(schema: &'a Schema, reset: &'a [&'a str]) -> Self {
        Self { schema, reset, others: &[], empty: None }
    }

    /// `new`, which was made of `live` and is to be stored, with its `metadata.managedFields`.
    ///
    /// Entries that `new` brings replace those of `live`, save on a subresource; an empty list
    /// or `[{}]` ends the tracking of an object. An object without entries is not tracked,
    /// unless it is new: without `live`, or with a `live` that has no uid. Should one of the
    /// objects not fit the schema, all entries are gone.
    #[must_use]
    pub fn update(&self, live: Option<&Value>, mut new: Value, who: &Who<'_>) -> Value {
        let entries = Entries::of_request(live, &new, who);
        take_entries(&mut new);
        let exists = live
            .and_then(|object| object.pointer("/metadata/uid"))
            .and_then(Value::as_str)
            .is_some_and(|uid| !uid.is_empty());
        if entries.is_empty() && exists {
            return new;
        }
        if let Ok(entries) = self.track(live.or(self.empty), &new, entries, who) {
            entries.write(&mut new);
        }
        new
    }

    /// The entries after an update of `live` to `new`.
    fn track(
        &self,
        live: Option<&Value>,
        new: &Value,
        mut entries: Entries,
        who: &Who<'_>,
    ) -> Result<Entries, String> {
        let (old, new) = (live.map_or_else(nothing, bare), bare(new));
        let by_version = self.comparisons(&old, &new, &entries, who)?;
        entries.retain(|entry| match by_version.get(&entry.version) {
            Some(Some(found)) => {
                let lost = found.modified.union(&found.added).union(&found.removed);
                entry.set = entry.set.difference(&lost);
                true
            }
            _ => false,
        });
        let gained = match by_version.get(who.version) {
            Some(Some(found)) => found.modified.union(&found.added),
            _ => Set::default(),
        };
        let gained = gained.difference(&Set::of_fields(&NOBODYS));
        if !gained.is_empty() {
            let mut own = Entry::new(who, Operation::Update, gained);
            if let Some(before) = entries.get(&own.identity()) {
                own.set = own.set.union(&before.set);
            }
            own.time = Some(who.time.to_owned());
            entries.insert(own);
        }
        entries.cap(MOST_UPDATES);
        Ok(entries)
    }

    /// The schema of a version; `None` if it is not served.
    fn schema_of(&self, version: &str, who: &Who<'_>) -> Option<&'a Schema> {
        if version == who.version || self.others.is_empty() {
            return Some(self.schema);
        }
        let other = self.others.iter().find(|(name, _)| *name == version);
        other.map(|(_, schema)| *schema)
    }

    /// What became of the object at the version of the request and at those of the entries;
    /// `None` for those that are not served.
    fn comparisons(
        &self,
        old: &Value,
        new: &Value,
        entries: &Entries,
        who: &Who<'_>,
    ) -> Result<BTreeMap<String, Option<Comparison>>, String> {
        let reset = Set::of_fields(self.reset);
        let mut found = BTreeMap::new();
        for version in std::iter::once(who.version).chain(entries.versions()) {
            if found.contains_key(version) {
                continue;
            }
            let comparison = match self.schema_of(version, who) {
                Some(schema) => {
                    let kind = Type::root(schema);
                    fits(kind, old)?;
                    fits(kind, new)?;
                    Some(compare(kind, old, new).without(&reset))
                }
                None => None,
            };
            found.insert(version.to_owned(), comparison);
        }
        Ok(found)
    }
}

/// Whether a stored object fits its schema; items with the same key are allowed.
fn fits(kind: Type<'_>, object: &Value) -> Result<(), String> {
    let errors = check(kind, object, true);
    if errors.is_empty() {
        return Ok(());
    }
    Err(crate::fields::check::join(&errors))
}

fn nothing() -> Value {
    Value::Object(Map::new())
}

/// An object without what names its kind and without its entries.
fn bare(object: &Value) -> Value {
    let mut bare = object.clone();
    take_entries(&mut bare);
    if let Some(fields) = bare.as_object_mut() {
        fields.remove("apiVersion");
        fields.remove("kind");
    }
    bare
}

fn take_entries(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
}
