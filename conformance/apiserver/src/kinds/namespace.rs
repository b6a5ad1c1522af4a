//! Namespaces: their label, their own finalizers, and how they go.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use super::parts::{conditions, list, object, schema, string};
use super::restore;
use crate::json::text_at;
use crate::meta::{NameRule, names};
use crate::registry::{Caller, Resource, Strategy, Subresource};
use crate::schema::Schema;
use crate::status::{FieldError, GroupResource, Status};

/// The label with the name.
const LABEL: &str = "kubernetes.io/metadata.name";
/// The finalizer in `spec` of the controller that empties namespaces.
const FINALIZER: &str = "kubernetes";
/// Finalizers that need no domain.
const STANDARD: [&str; 3] = [FINALIZER, "orphan", "foregroundDeletion"];
/// Namespaces that stay.
const PROTECTED: [&str; 3] = ["default", "kube-system", "kube-public"];

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    schema(json!({
        "spec": object(json!({"finalizers": list(string())})),
        "status": object(json!({"phase": string(), "conditions": conditions()})),
    }))
});

pub(super) fn resources() -> Vec<Resource> {
    let mut resource = super::resource(("", "v1"), "Namespace", "namespaces", &["ns"]);
    resource.namespaced = false;
    resource.verbs = &["create", "delete", "get", "list", "patch", "update", "watch"];
    resource.schema = SCHEMA.clone();
    let finalize = Subresource { name: "finalize", body: None, verbs: &["patch", "update"] };
    resource.subresources = vec![finalize, Subresource::STATUS];
    resource.selectable = super::owned(&["status.phase"]);
    resource.strategy = Arc::new(Namespace);
    vec![resource]
}

/// The strategy of namespaces.
#[derive(Clone, Copy, Debug)]
struct Namespace;

impl Strategy for Namespace {
    fn name_rule(&self) -> NameRule {
        NameRule::Label
    }

    fn empty(&self) -> Value {
        json!({"spec": {}, "status": {}})
    }

    fn reset_fields(&self, subresource: &str) -> &'static [&'static str] {
        if subresource == "status" { &["spec"] } else { &["status"] }
    }

    fn complete(&self, namespace: &mut Value) -> Result<(), Status> {
        super::complete(namespace, &SCHEMA, &self.empty())?;
        super::fill(namespace, &json!({"status": {"phase": "Active"}}));
        label(namespace);
        Ok(())
    }

    fn prepare_create(&self, namespace: &mut Value) {
        namespace["status"] = json!({"phase": "Active"});
        match namespace["spec"]["finalizers"].as_array_mut() {
            Some(all) if all.iter().any(|one| one == FINALIZER) => {}
            Some(all) => all.push(json!(FINALIZER)),
            None => namespace["spec"]["finalizers"] = json!([FINALIZER]),
        }
        // the name may have been generated
        label(namespace);
    }

    fn prepare_update(&self, new: &mut Value, old: &Value, subresource: &str) {
        if subresource != "finalize" {
            restore(new, old, "spec");
        }
        if subresource != "status" {
            restore(new, old, "status");
        }
    }

    fn validate(&self, namespace: &Value) -> Vec<FieldError> {
        finalizers(namespace, |_| "spec.finalizers".to_owned())
    }

    fn validate_update(&self, new: &Value, _old: &Value, subresource: &str) -> Vec<FieldError> {
        match subresource {
            "status" => phase(new).into_iter().collect(),
            "finalize" => finalizers(new, |at| format!("spec.finalizers[{at}]")),
            _ => self.validate(new),
        }
    }

    fn admit_delete(&self, _by: &Caller<'_>, namespace: &Value) -> Result<(), Status> {
        let name = text_at(namespace, "/metadata/name");
        if !PROTECTED.contains(&name) {
            return Ok(());
        }
        let resource = GroupResource::new("", "namespaces");
        Err(Status::forbidden(&resource, name, "this namespace may not be deleted", Vec::new()))
    }

    /// What is deleted stays as it is until it has been emptied.
    fn begin_deletion(&self, namespace: &mut Value, now: &str) -> bool {
        if text_at(namespace, "/metadata/deletionTimestamp").is_empty() {
            namespace["metadata"]["deletionTimestamp"] = json!(now);
            namespace["status"]["phase"] = json!("Terminating");
            return true;
        }
        !super::list(namespace, "/spec/finalizers").is_empty()
    }
}

/// Writes the label, whatever was sent, once there is a name.
fn label(namespace: &mut Value) {
    let name = text_at(namespace, "/metadata/name").to_owned();
    let Some(Value::Object(metadata)) = namespace.get_mut("metadata") else {
        return;
    };
    if name.is_empty() {
        return;
    }
    let labels = metadata.entry("labels").or_insert_with(|| json!({}));
    if let Value::Object(labels) = labels {
        labels.insert(LABEL.to_owned(), json!(name));
    }
}

fn finalizers(namespace: &Value, field: impl Fn(usize) -> String) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (at, finalizer) in super::list(namespace, "/spec/finalizers").iter().enumerate() {
        let name = finalizer.as_str().unwrap_or_default();
        let mut texts = names::qualified(name);
        if !name.contains('/') && !STANDARD.contains(&name) {
            let why = "name is neither a standard finalizer name nor is it fully qualified";
            texts.push(why.to_owned());
        }
        errors.extend(texts.into_iter().map(|why| FieldError::invalid(field(at), name, why)));
    }
    errors
}

fn phase(namespace: &Value) -> Option<FieldError> {
    let phase = text_at(namespace, "/status/phase");
    let deleted = !text_at(namespace, "/metadata/deletionTimestamp").is_empty();
    let (wanted, why) = if deleted {
        ("Terminating", "may only be 'Terminating' if `deletionTimestamp` is not empty")
    } else {
        ("Active", "may only be 'Active' if `deletionTimestamp` is empty")
    };
    (phase != wanted).then(|| FieldError::invalid("status.Phase", phase, why))
}
