//! Server-side apply.

use std::collections::BTreeMap;

use serde_json::Value;

use super::conflict::{self, Conflict};
use super::entry::{Entries, Entry};
use super::{NOBODYS, Operation, Tracked, Who, bare, fits, last_applied, nothing};
use crate::fields::{Set, Type, check, equal, merge, named, remove};
use crate::schema::Schema;
use crate::status::Status;

/// The manager that owns what was there before the first apply.
const BEFORE: &str = "before-first-apply";

/// Why a configuration could not be laid over an object.
enum Refusal {
    /// Others own some of its fields with other values.
    Conflicts(Vec<Conflict>),
    /// The stored object does not fit the schema.
    Misfit(String),
}

impl Tracked<'_> {
    /// `live` with `config` laid over it, and with its `metadata.managedFields`.
    ///
    /// The manager's entry keeps its time (a new one has none) if the object stays as it is.
    /// An object without entries gets one of `before-first-apply` for all that is there.
    ///
    /// # Errors
    /// 400 if `config` has managedFields; 500 without reason if it does not fit the schema; 409
    /// if others own fields with other values and `force` is not set.
    pub fn apply(
        &self,
        live: Option<&Value>,
        config: &Value,
        force: bool,
        who: &Who<'_>,
    ) -> Result<Value, Status> {
        if config.pointer("/metadata/managedFields").is_some_and(|sent| !sent.is_null()) {
            return Err(Status::bad_request("metadata.managedFields must be nil"));
        }
        let kind = Type::root(self.schema);
        let errors = check(kind, config, false);
        if !errors.is_empty() {
            let why = crate::fields::check::join(&errors);
            return Err(misfit("failed to create typed patch object", config, &why));
        }
        let current = live.or(self.empty).cloned().unwrap_or_else(nothing);
        let mut entries = Entries::of(Some(&current))
            .map_err(|why| Status::internal(format!("failed to decode managed fields: {why}")))?;
        if entries.is_empty() {
            let before = Who { manager: BEFORE, ..*who };
            entries = self.track(self.empty, &current, entries, &before).map_err(|why| {
                Status::internal(format!("failed to create manager for existing fields: {why}"))
            })?;
        }
        let outcome = match self.lay(&current, config, entries.clone(), force, who) {
            Err(Refusal::Conflicts(conflicts)) => {
                match last_applied::left_over(kind, &current, conflicts, who) {
                    none if none.is_empty() => self.lay(&current, config, entries, true, who),
                    conflicts => Err(Refusal::Conflicts(conflicts)),
                }
            }
            outcome => outcome,
        };
        let mut applied = outcome.map_err(|refusal| match refusal {
            Refusal::Conflicts(conflicts) => conflict::refuse(&conflicts),
            Refusal::Misfit(why) => misfit("failed to create typed live object", &current, &why),
        })?;
        last_applied::refresh(&mut applied, config, who);
        Ok(applied)
    }

    fn lay(
        &self,
        current: &Value,
        config: &Value,
        mut entries: Entries,
        force: bool,
        who: &Who<'_>,
    ) -> Result<Value, Refusal> {
        let kind = Type::root(self.schema);
        let (old, wanted) = (bare(current), bare(config));
        fits(kind, &old).map_err(Refusal::Misfit)?;
        let set = named(kind, &wanted).difference_with_contents(&Set::of_fields(self.reset));
        let mut own = Entry::new(who, Operation::Apply, set);
        let identity = own.identity();
        let last = entries.get(&identity).cloned();
        own.time = last.as_ref().and_then(|last| last.time.clone());
        entries.insert(own);

        let merged = merge(kind, &old, &wanted);
        let new = self.drop_abandoned(merged, &entries, last.as_ref(), who);
        self.take_from_others(&old, &new, &mut entries, &identity, force, who)?;

        let changed = !equal(&old, &new);
        let nobodys = Set::of_fields(&NOBODYS);
        entries.retain(|entry| {
            if entry.identity() == identity {
                entry.set = entry.set.difference(&nobodys);
                if changed {
                    entry.time = Some(who.time.to_owned());
                }
            }
            true
        });
        let mut applied = if changed { new } else { old };
        drop_emptied(&mut applied, Some(current), Some(config));
        for name in ["apiVersion", "kind"] {
            if let Some(value) = config.get(name).or_else(|| current.get(name)) {
                applied[name] = value.clone();
            }
        }
        entries.write(&mut applied);
        Ok(applied)
    }

    /// Takes from all entries but `own` what the apply changes.
    fn take_from_others(
        &self,
        old: &Value,
        new: &Value,
        entries: &mut Entries,
        own: &str,
        force: bool,
        who: &Who<'_>,
    ) -> Result<(), Refusal> {
        let by_version = self.comparisons(old, new, entries, who).map_err(Refusal::Misfit)?;
        let mut conflicts = Vec::new();
        entries.retain(|entry| {
            if entry.identity() == own {
                return true;
            }
            let Some(Some(found)) = by_version.get(&entry.version) else {
                return false;
            };
            let wanted = entry.set.intersection(&found.modified.union(&found.added));
            conflicts.extend(conflict::over(entry, &wanted));
            entry.set = entry.set.difference(&wanted).difference(&found.removed);
            true
        });
        if force || conflicts.is_empty() {
            return Ok(());
        }
        Err(Refusal::Conflicts(conflicts))
    }

    /// `merged` without what the manager applied last, does not apply now, and nobody else owns.
    fn drop_abandoned(
        &self,
        merged: Value,
        entries: &Entries,
        last: Option<&Entry>,
        who: &Who<'_>,
    ) -> Value {
        let Some(last) = last.filter(|last| !last.set.is_empty()) else {
            return merged;
        };
        let Some(schema) = self.schema_of(&last.version, who) else {
            return merged;
        };
        let kind = Type::root(schema);
        let abandoned = last.set.with_named_fields(kind);
        let pruned = some_object(remove(kind, &merged, &abandoned));
        let pruned = self.give_back(&merged, pruned, entries, &last.version, who);

        let left = named(kind, &pruned).with_named_fields(kind);
        let all = named(kind, &merged).with_named_fields(kind);
        let gone = all.difference(&left).intersection(&abandoned);
        some_object(remove(kind, &merged, &gone))
    }

    /// `pruned` with all of `merged` that an entry owns, those of version `first` first.
    fn give_back(
        &self,
        merged: &Value,
        mut pruned: Value,
        entries: &Entries,
        first: &str,
        who: &Who<'_>,
    ) -> Value {
        let mut owned: BTreeMap<&str, Set> = BTreeMap::new();
        for (_, entry) in entries.iter() {
            let set = owned.entry(&entry.version).or_default();
            *set = set.union(&entry.set);
        }
        let mut versions: Vec<(&str, Set)> = owned.into_iter().collect();
        versions.sort_by_key(|(version, _)| *version != first);
        for (version, set) in versions {
            let Some(schema) = self.schema_of(version, who) else {
                continue;
            };
            pruned = give_back(schema, merged, &pruned, &set);
        }
        pruned
    }
}

fn give_back(schema: &Schema, merged: &Value, pruned: &Value, owned: &Set) -> Value {
    let kind = Type::root(schema);
    let all = named(kind, merged).with_named_fields(kind);
    let left = named(kind, pruned).with_named_fields(kind);
    let stays = left.union(&owned.with_named_fields(kind));
    some_object(remove(kind, merged, &all.difference(&stays)))
}

fn some_object(value: Value) -> Value {
    if value.is_null() { nothing() } else { value }
}

/// Drops the nulls that neither the stored object nor the configuration has: containers that
/// lost all they had.
fn drop_emptied(value: &mut Value, current: Option<&Value>, config: Option<&Value>) {
    let Some(fields) = value.as_object_mut() else {
        return;
    };
    fields.retain(|name, value| {
        let current = current.and_then(|object| object.get(name));
        let config = config.and_then(|object| object.get(name));
        drop_emptied(value, current, config);
        let meant = |other: Option<&Value>| other.is_some_and(Value::is_null);
        !value.is_null() || meant(current) || meant(config)
    });
}

/// The answer to an object that does not fit its schema: 500 without a reason.
fn misfit(what: &str, object: &Value, why: &str) -> Status {
    let text = |pointer: &str| {
        let value = object.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_default()
    };
    let version = text("/apiVersion");
    let group_version =
        if version.contains('/') { version.to_owned() } else { format!("/{version}") };
    Status::internal(format!(
        "{what} ({}/{}; {group_version}, Kind={}): {why}",
        text("/metadata/namespace"),
        text("/metadata/name"),
        text("/kind"),
    ))
}
