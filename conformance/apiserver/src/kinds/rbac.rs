//! Roles and their bindings: who may do what. The decisions are made in [`crate::auth`].
//!
//! `shape` says what they hold, `check` judges; nobody writes rights that they do not hold.

mod check;
mod shape;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::auth::{escalation, rbac};
use crate::meta::NameRule;
use crate::registry::{Caller, Resource, Strategy};
use crate::schema::{self, Schema};
use crate::status::{FieldError, FieldErrorKind, GroupResource, Status};

/// The resources of the group `rbac.authorization.k8s.io`.
#[must_use]
pub fn resources() -> Vec<Resource> {
    vec![
        resource("Role", true, shape::role(), Arc::new(Role { namespaced: true })),
        resource("ClusterRole", false, shape::cluster_role(), Arc::new(Role { namespaced: false })),
        resource("RoleBinding", true, shape::binding(), Arc::new(Binding { namespaced: true })),
        resource(
            "ClusterRoleBinding",
            false,
            shape::binding(),
            Arc::new(Binding { namespaced: false }),
        ),
    ]
}

fn resource(kind: &str, namespaced: bool, schema: Schema, strategy: Arc<dyn Strategy>) -> Resource {
    let plural = format!("{}s", kind.to_lowercase());
    let mut resource = Resource::builtin(rbac::GROUP, "v1", kind, &plural);
    resource.namespaced = namespaced;
    resource.schema = schema;
    resource.strategy = strategy;
    resource
}

/// The strategy of roles.
#[derive(Clone, Copy, Debug)]
struct Role {
    namespaced: bool,
}

impl Strategy for Role {
    fn name_rule(&self) -> NameRule {
        NameRule::Path
    }

    fn empty(&self) -> Value {
        json!({"rules": null})
    }

    fn create_on_update(&self) -> bool {
        true
    }

    fn complete(&self, object: &mut Value) -> Result<(), Status> {
        let (kind, schema) = if self.namespaced {
            ("Role", shape::role())
        } else {
            ("ClusterRole", shape::cluster_role())
        };
        refuse_types(kind, object, &schema)?;
        for rule in maps(object, "rules") {
            let lists = ["apiGroups", "resources", "resourceNames", "nonResourceURLs"];
            drop_empty(rule, &lists);
            null_if_empty(rule, "verbs");
        }
        if let Some(object) = object.as_object_mut() {
            null_if_empty(object, "rules");
        }
        Ok(())
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        check::role(object, self.namespaced)
    }

    fn validate_update(&self, new: &Value, _old: &Value, _subresource: &str) -> Vec<FieldError> {
        check::role(new, self.namespaced)
    }

    fn admit(&self, by: &Caller<'_>, new: &Value, old: Option<&Value>) -> Result<(), Status> {
        let plural = if self.namespaced { "roles" } else { "clusterroles" };
        escalation::role(by, &GroupResource::new(rbac::GROUP, plural), new, old)
    }
}

/// The strategy of bindings.
#[derive(Clone, Copy, Debug)]
struct Binding {
    namespaced: bool,
}

impl Strategy for Binding {
    fn name_rule(&self) -> NameRule {
        NameRule::Path
    }

    fn empty(&self) -> Value {
        json!({"roleRef": {"apiGroup": "", "kind": "", "name": ""}})
    }

    fn create_on_update(&self) -> bool {
        true
    }

    fn complete(&self, object: &mut Value) -> Result<(), Status> {
        let kind = if self.namespaced { "RoleBinding" } else { "ClusterRoleBinding" };
        refuse_types(kind, object, &shape::binding())?;
        for subject in maps(object, "subjects") {
            let of_group = matches!(word(subject, "kind"), "User" | "Group");
            if of_group && word(subject, "apiGroup").is_empty() {
                subject.insert("apiGroup".to_owned(), json!(rbac::GROUP));
            }
            drop_empty(subject, &["apiGroup", "namespace"]);
            fill(subject, &[("kind", ""), ("name", "")]);
        }
        let Some(object) = object.as_object_mut() else {
            return Ok(());
        };
        drop_empty(object, &["subjects"]);
        let role = object.entry("roleRef").or_insert_with(|| json!({}));
        if let Some(role) = role.as_object_mut() {
            fill(role, &[("apiGroup", rbac::GROUP), ("kind", ""), ("name", "")]);
        }
        Ok(())
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        check::binding(object, self.namespaced)
    }

    fn validate_update(&self, new: &Value, old: &Value, _subresource: &str) -> Vec<FieldError> {
        let mut errors = check::binding(new, self.namespaced);
        errors.extend(check::same_role(new, old));
        errors
    }

    fn admit(&self, by: &Caller<'_>, new: &Value, old: Option<&Value>) -> Result<(), Status> {
        let plural = if self.namespaced { "rolebindings" } else { "clusterrolebindings" };
        escalation::binding(by, &GroupResource::new(rbac::GROUP, plural), new, old)
    }
}

/// Refuses a value of another type than that of the schema.
///
/// # Errors
/// 400, as of Go's decoder.
pub(super) fn refuse_types(kind: &str, object: &Value, schema: &Schema) -> Result<(), Status> {
    let errors = schema::validate(object, schema);
    let Some(error) = errors.iter().find(|error| error.kind == FieldErrorKind::TypeInvalid) else {
        return Ok(());
    };
    let have = error.value.trim_matches('"');
    Err(Status::bad_request(format!(
        "{kind} in version \"v1\" cannot be handled as a {kind}: json: cannot unmarshal {have} \
         into Go struct field {kind}.{}",
        error.field
    )))
}

/// Drops empty texts, lists and maps.
pub(super) fn drop_empty(map: &mut Map<String, Value>, keys: &[&str]) {
    map.retain(|key, value| !(keys.contains(&key.as_str()) && is_empty(value)));
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Writes `null` for a list that is empty or not there, as Go does.
fn null_if_empty(map: &mut Map<String, Value>, key: &str) {
    let list = map.entry(key).or_insert(Value::Null);
    if is_empty(list) {
        *list = Value::Null;
    }
}

/// Writes texts that are empty or not there.
fn fill(map: &mut Map<String, Value>, texts: &[(&str, &str)]) {
    for &(key, text) in texts {
        if map.get(key).is_none_or(is_empty) {
            map.insert(key.to_owned(), json!(text));
        }
    }
}

/// The maps in a list.
fn maps<'a>(object: &'a mut Value, key: &str) -> impl Iterator<Item = &'a mut Map<String, Value>> {
    let list = object.get_mut(key).and_then(Value::as_array_mut);
    list.into_iter().flatten().filter_map(Value::as_object_mut)
}

fn word<'a>(map: &'a Map<String, Value>, key: &str) -> &'a str {
    map.get(key).and_then(Value::as_str).unwrap_or_default()
}
