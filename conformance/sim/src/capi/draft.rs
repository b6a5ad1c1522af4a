//! An object that a reconcile works on, and how what was changed is written: first the
//! conditions, then metadata and spec, then the rest of the status.
//!
//! **Invariant:** nothing is written that was not changed here, and each of the three patches is a
//! request of its own: a process that dies between two leaves the object half written.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::api::{ApiError, Res};
use crate::capi::Outcome;
use crate::capi::object::{at, cut, generation, name, namespace, put, text};
use crate::runtime::Context;

/// How often a patch of conditions is tried against a newer object.
const ATTEMPTS: u32 = 8;

/// An object as it was read, and as it shall be.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    res: &'static Res,
    before: Value,
    object: Value,
}

impl Deref for Draft {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.object
    }
}

impl DerefMut for Draft {
    fn deref_mut(&mut self) -> &mut Value {
        &mut self.object
    }
}

impl Draft {
    /// Works on an object as it was read.
    pub(crate) fn new(res: &'static Res, object: Value) -> Self {
        Self { res, before: object.clone(), object }
    }

    /// Writes what was changed. `observed`: nothing failed, so that the generation was dealt with.
    pub(crate) async fn write(&mut self, cx: &Context, observed: bool) -> Outcome<()> {
        if observed {
            let generation = generation(&self.object);
            put(&mut self.object, "status.observedGeneration", json!(generation));
        }
        self.write_conditions(cx).await?;
        let (ns, id) = (namespace(&self.before), name(&self.before));
        let status_aside = |object: &Value| {
            let mut object = object.clone();
            cut(&mut object, "status");
            object
        };
        let patch = difference(&status_aside(&self.before), &status_aside(&self.object));
        if let Some(patch) = patch {
            cx.api.patch_merge(self.res, ns, id, "", &patch).await?;
        }
        let status = |object: &Value| {
            let mut status = at(object, "status").clone();
            cut(&mut status, "conditions");
            if status.is_null() { json!({}) } else { status }
        };
        if let Some(patch) = difference(&status(&self.before), &status(&self.object)) {
            let patch = json!({"status": patch});
            let written = cx.api.patch_merge(self.res, ns, id, "status", &patch).await;
            // The last finalizer went with the patch before.
            if !matches!(written, Err(ApiError::NotFound)) {
                written?;
            }
        }
        self.before = self.object.clone();
        Ok(())
    }

    /// Writes what was changed in the conditions, on top of what others wrote meanwhile.
    pub(crate) async fn write_conditions(&mut self, cx: &Context) -> Outcome<()> {
        let (old, new) = (by_type(&self.before), by_type(&self.object));
        if old == new {
            return Ok(());
        }
        let mut latest = self.before.clone();
        for attempt in 0..ATTEMPTS {
            let patch = json!({
                "metadata": {"resourceVersion": text(&latest, "metadata.resourceVersion")},
                "status": {"conditions": merged(&old, &new, &latest)},
            });
            let (ns, id) = (namespace(&self.before), name(&self.before));
            match cx.api.patch_merge(self.res, ns, id, "status", &patch).await {
                Ok(written) => {
                    let conditions = at(&self.object, "status.conditions").clone();
                    put(&mut self.before, "status.conditions", conditions);
                    let version = at(&written, "metadata.resourceVersion").clone();
                    put(&mut self.before, "metadata.resourceVersion", version.clone());
                    put(&mut self.object, "metadata.resourceVersion", version);
                    return Ok(());
                }
                Err(ApiError::Conflict) if attempt + 1 < ATTEMPTS => {
                    tokio::time::sleep(Duration::from_millis(100 << attempt.min(3))).await;
                    match cx.api.get(self.res, ns, id).await? {
                        Some(object) => latest = object,
                        None => return Err(ApiError::NotFound.into()),
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(ApiError::Conflict.into())
    }
}

fn by_type(object: &Value) -> BTreeMap<String, Value> {
    let list = at(object, "status.conditions").as_array();
    let list = list.into_iter().flatten();
    list.map(|one| (text(one, "type").to_owned(), one.clone())).collect()
}

/// The conditions of `latest` with what was changed from `old` to `new`.
fn merged(
    old: &BTreeMap<String, Value>,
    new: &BTreeMap<String, Value>,
    latest: &Value,
) -> Vec<Value> {
    let mut result = latest.clone();
    let mut list = by_type(&result);
    for kind in old.keys().filter(|kind| !new.contains_key(*kind)) {
        list.remove(kind);
    }
    for (kind, condition) in new.iter().filter(|(kind, one)| old.get(*kind) != Some(*one)) {
        list.insert(kind.clone(), condition.clone());
    }
    let list: Vec<Value> = list.into_values().collect();
    put(&mut result, "status.conditions", json!(list));
    super::conditions::sorted(&result)
}

/// The merge patch that makes `new` of `old`; `None` if they are equal.
pub(crate) fn difference(old: &Value, new: &Value) -> Option<Value> {
    let (Some(before), Some(after)) = (old.as_object(), new.as_object()) else {
        return (old != new).then(|| new.clone());
    };
    let mut patch = Map::new();
    for key in before.keys().filter(|key| after.get(*key).is_none_or(Value::is_null)) {
        if !before[key].is_null() {
            patch.insert(key.clone(), Value::Null);
        }
    }
    for (key, value) in after.iter().filter(|(_, value)| !value.is_null()) {
        match before.get(key).filter(|old| !old.is_null()) {
            None => drop(patch.insert(key.clone(), value.clone())),
            Some(old) => {
                if let Some(inner) = difference(old, value) {
                    patch.insert(key.clone(), inner);
                }
            }
        }
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

/// Writes a changed object as one merge patch of metadata and spec.
pub(crate) async fn patch(
    cx: &Context,
    res: &'static Res,
    before: &Value,
    after: &Value,
) -> Outcome<()> {
    if let Some(patch) = difference(before, after) {
        cx.api.patch_merge(res, namespace(before), name(before), "", &patch).await?;
    }
    Ok(())
}
