//! CustomResourceDefinitions: the kind itself, and the resources that its objects define.
//!
//! Reading order: `shape` says what a definition holds, `complete` fills in what Go's types
//! always have, `check` judges, `served` makes resources of an established definition. The
//! conditions, which the controller writes, are in `conditions`.
//!
//! **Invariant:** versions are converted by their names alone; a conversion by webhook is stored
//! and never called.

pub(crate) mod approval;
mod check;
mod complete;
pub(crate) mod conditions;
mod served;
mod shape;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::json::text;
use crate::registry::{Resource, Strategy, Subresource};
use crate::status::{FieldError, GroupResource, Status};
use conditions::Condition;
pub use served::resources;

/// The group of definitions.
const GROUP: &str = "apiextensions.k8s.io";
/// The finalizer that a DELETE sets and that goes when all objects are gone.
pub(crate) const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// The resource customresourcedefinitions.
#[must_use]
pub fn definition() -> Vec<Resource> {
    let definitions = resource();
    let mut resource =
        Resource::builtin(GROUP, "v1", "CustomResourceDefinition", &definitions.resource);
    resource.namespaced = false;
    resource.short_names = vec!["crd".to_owned(), "crds".to_owned()];
    resource.categories = vec!["api-extensions".to_owned()];
    resource.schema = shape::schema();
    resource.subresources = vec![Subresource::STATUS];
    resource.strategy = Arc::new(Definition);
    vec![resource]
}

/// Under which resource definitions are stored.
pub(crate) fn resource() -> GroupResource {
    GroupResource::new(GROUP, "customresourcedefinitions")
}

/// The strategy of definitions.
#[derive(Clone, Copy, Debug)]
struct Definition;

impl Strategy for Definition {
    fn empty(&self) -> Value {
        json!({
            "spec": {
                "group": "",
                "names": {"plural": "", "kind": ""},
                "scope": "",
                "versions": null,
            },
            "status": empty_status(),
        })
    }

    fn reset_fields(&self, subresource: &str) -> &'static [&'static str] {
        match subresource {
            "status" => &["metadata", "spec"],
            _ => &["status"],
        }
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn unconditional_update(&self) -> bool {
        false
    }

    fn complete(&self, object: &mut Value) -> Result<(), Status> {
        complete::complete(object)
    }

    fn prepare_create(&self, object: &mut Value) {
        object["status"] = empty_status();
        store_storage_version(object);
    }

    /// As in Kubernetes, a write to `status` may change the metadata: the controller takes its
    /// finalizer off in this way.
    fn prepare_update(&self, new: &mut Value, old: &Value, subresource: &str) {
        if subresource == "status" {
            new["spec"] = old["spec"].clone();
        } else {
            new["status"] = old["status"].clone();
            store_storage_version(new);
        }
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        check::create(object)
    }

    fn validate_update(&self, new: &Value, old: &Value, subresource: &str) -> Vec<FieldError> {
        if subresource == "status" { check::status(new) } else { check::update(new, old) }
    }

    fn begin_deletion(&self, object: &mut Value, now: &str) -> bool {
        let metadata = &mut object["metadata"];
        if metadata["deletionTimestamp"].is_string() {
            return false;
        }
        metadata["deletionTimestamp"] = json!(now);
        add(&mut metadata["finalizers"], CLEANUP);
        let mut all = conditions::all(object);
        let pending = Condition {
            kind: "Terminating",
            status: "True",
            reason: "InstanceDeletionPending",
            message: "CustomResourceDefinition marked for deletion; CustomResource deletion will \
                      begin soon",
        };
        pending.set(&mut all, now);
        object["status"]["conditions"] = Value::Array(all);
        true
    }
}

fn empty_status() -> Value {
    json!({
        "conditions": null,
        "acceptedNames": {"plural": "", "kind": ""},
        "storedVersions": null,
    })
}

/// Notes the storage version among those in which objects may be stored.
fn store_storage_version(object: &mut Value) {
    if let Some(storage) = storage_version(&object["spec"]).map(str::to_owned) {
        add(&mut object["status"]["storedVersions"], &storage);
    }
}

/// The name of the storage version.
fn storage_version(spec: &Value) -> Option<&str> {
    let mut versions = list(spec, "versions").iter();
    versions.find(|version| version["storage"] == true).map(|version| text(version, "name"))
}

/// Adds a text to a list that may be absent, unless it is there.
fn add(to: &mut Value, what: &str) {
    match to {
        Value::Array(all) if all.iter().any(|one| one == what) => {}
        Value::Array(all) => all.push(json!(what)),
        none => *none = json!([what]),
    }
}

/// A list, or an empty one.
fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}
