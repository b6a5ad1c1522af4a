//! Reviews: who am I, and may I or somebody else do this? They are answered and not stored.

mod check;
mod shape;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::rbac::{drop_empty, refuse_types};
use crate::auth::{Attributes, Decision, User, authorize};
use crate::json::text;
use crate::registry::{Caller, Resource, Strategy};
use crate::schema::Schema;
use crate::status::{GroupKind, Status};

const AUTHENTICATION: &str = "authentication.k8s.io";
const AUTHORIZATION: &str = "authorization.k8s.io";

/// The reviews of the groups `authentication.k8s.io` and `authorization.k8s.io`.
#[must_use]
pub fn resources() -> Vec<Resource> {
    let access = |whom: Whom| {
        let mut resource =
            resource(AUTHORIZATION, whom.kind(), shape::access(whom), Arc::new(Access(whom)));
        resource.namespaced = whom == Whom::InNamespace;
        resource
    };
    vec![
        resource(AUTHENTICATION, "SelfSubjectReview", shape::identity(), Arc::new(Identity)),
        access(Whom::Caller),
        access(Whom::Named),
        access(Whom::InNamespace),
    ]
}

fn resource(group: &str, kind: &str, schema: Schema, strategy: Arc<dyn Strategy>) -> Resource {
    let plural = format!("{}s", kind.to_lowercase());
    let mut resource = Resource::builtin(group, "v1", kind, &plural);
    resource.namespaced = false;
    resource.verbs = &["create"];
    resource.schema = schema;
    resource.strategy = strategy;
    resource
}

/// The strategy of SelfSubjectReview.
#[derive(Clone, Copy, Debug)]
struct Identity;

impl Strategy for Identity {
    fn empty(&self) -> Value {
        json!({"status": {"userInfo": {}}})
    }

    fn complete(&self, object: &mut Value) -> Result<(), Status> {
        refuse_types("SelfSubjectReview", object, &shape::identity())
    }

    fn answer(&self, by: &Caller<'_>, object: &Value) -> Option<Result<Value, Status>> {
        let mut info = Map::new();
        info.insert("username".to_owned(), json!(by.user.name));
        info.insert("uid".to_owned(), json!(by.user.uid));
        info.insert("groups".to_owned(), json!(by.user.groups));
        info.insert("extra".to_owned(), json!(by.user.extra));
        drop_empty(&mut info, &["username", "uid", "groups", "extra"]);
        Some(Ok(json!({
            "kind": object["kind"],
            "apiVersion": object["apiVersion"],
            "metadata": {"creationTimestamp": by.now},
            "status": {"userInfo": info},
        })))
    }
}

/// About whose rights a review asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whom {
    /// Of whoever asks.
    Caller,
    /// Of the user in the review.
    Named,
    /// The same, in one namespace.
    InNamespace,
}

impl Whom {
    fn kind(self) -> &'static str {
        match self {
            Self::Caller => "SelfSubjectAccessReview",
            Self::Named => "SubjectAccessReview",
            Self::InNamespace => "LocalSubjectAccessReview",
        }
    }
}

/// The strategy of the reviews of rights.
#[derive(Clone, Copy, Debug)]
struct Access(Whom);

impl Strategy for Access {
    fn empty(&self) -> Value {
        json!({"spec": {}, "status": {"allowed": false}})
    }

    fn complete(&self, object: &mut Value) -> Result<(), Status> {
        refuse_types(self.0.kind(), object, &shape::access(self.0))?;
        let Some(object) = object.as_object_mut() else {
            return Ok(());
        };
        let spec = object.entry("spec").or_insert_with(|| json!({}));
        if let Some(spec) = spec.as_object_mut() {
            drop_empty(spec, &["user", "uid", "groups", "extra"]);
            for key in ["resourceAttributes", "nonResourceAttributes"] {
                let attributes = spec.get_mut(key).and_then(Value::as_object_mut);
                attributes.into_iter().for_each(drop_empty_texts);
            }
        }
        let status = object.entry("status").or_insert_with(|| json!({}));
        if let Some(status) = status.as_object_mut() {
            status.entry("allowed").or_insert(json!(false));
        }
        Ok(())
    }

    fn answer(&self, by: &Caller<'_>, object: &Value) -> Option<Result<Value, Status>> {
        let errors = check::review(self.0, object);
        if !errors.is_empty() {
            // Go asks for the kind of an object that has forgotten it.
            return Some(Err(Status::invalid(&GroupKind::new(AUTHORIZATION, ""), "", errors)));
        }
        let spec = &object["spec"];
        let asked = match self.0 {
            Whom::Caller => by.user.clone(),
            Whom::Named | Whom::InNamespace => user(spec),
        };
        let (allowed, reason) = match authorize(by.store, &asked, &attributes(spec)) {
            Decision::Allowed(reason) => (true, reason),
            Decision::Denied(reason) => (false, reason),
        };
        let mut answer = object.clone();
        answer["status"] = json!({"allowed": allowed});
        if !reason.is_empty() {
            answer["status"]["reason"] = json!(reason);
        }
        Some(Ok(answer))
    }
}

/// The user that a review names.
fn user(spec: &Value) -> User {
    let extra = spec["extra"].as_object().into_iter().flatten();
    let extra: BTreeMap<String, Vec<String>> =
        extra.map(|(key, values)| (key.clone(), texts(values))).collect();
    User {
        name: text(spec, "user").to_owned(),
        uid: text(spec, "uid").to_owned(),
        groups: texts(&spec["groups"]),
        extra,
    }
}

/// What a review asks for.
fn attributes(spec: &Value) -> Attributes<'_> {
    let asked = &spec["resourceAttributes"];
    if !asked.is_object() {
        let asked = &spec["nonResourceAttributes"];
        return Attributes {
            verb: text(asked, "verb"),
            path: text(asked, "path"),
            ..Attributes::default()
        };
    }
    Attributes {
        verb: text(asked, "verb"),
        group: text(asked, "group"),
        version: text(asked, "version"),
        resource: text(asked, "resource"),
        subresource: text(asked, "subresource"),
        namespace: text(asked, "namespace"),
        name: text(asked, "name"),
        path: "",
    }
}

fn drop_empty_texts(map: &mut Map<String, Value>) {
    map.retain(|_, value| value.as_str() != Some(""));
}

/// The texts of a list.
fn texts(list: &Value) -> Vec<String> {
    let texts = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}
