//! What the expressions of a policy can name.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::matching::{Request, find_namespace};
use crate::cel::Cel;

/// The variables by name.
pub(super) type Variables = BTreeMap<&'static str, Cel>;

/// Whether an expression gave true or false; `None` if it gave something else.
pub(super) fn truth(given: &Cel) -> Option<bool> {
    match given {
        Cel::Bool(truth) => Some(*truth),
        _ => None,
    }
}

/// The text that an expression gave.
pub(super) fn words(given: &Cel) -> Option<&str> {
    match given {
        Cel::String(text) => Some(text),
        _ => None,
    }
}

/// An object of these fields.
pub(super) fn object(fields: BTreeMap<String, Cel>) -> Cel {
    Cel::Map(fields)
}

/// All but `params` and `variables`; `version` is the one in which the policy sees the object.
pub(super) fn of(request: &Request<'_>, version: &str) -> Variables {
    let show = |object: Option<&Value>| {
        let mut object = object.cloned().unwrap_or_default();
        if object.is_object() && version != request.review.resource.version {
            let group = &request.review.resource.group;
            object["apiVersion"] = json!(format!("{group}/{version}"));
        }
        Cel::from(&object)
    };
    BTreeMap::from([
        ("object", show(request.object)),
        ("oldObject", show(request.review.old)),
        ("request", Cel::from(&about(request, version))),
        ("namespaceObject", Cel::from(&namespace_object(request))),
        ("params", Cel::from(&Value::Null)),
    ])
}

/// The AdmissionRequest. Texts that are empty are absent in it.
fn about(request: &Request<'_>, version: &str) -> Value {
    let review = request.review;
    let resource = review.resource;
    let kind =
        |version: &str| json!({"group": resource.group, "version": version, "kind": resource.kind});
    let plural = |version: &str| json!({"group": resource.group, "version": version, "resource": resource.plural});
    let mut about = json!({
        "uid": "",
        "kind": kind(version),
        "resource": plural(version),
        "requestKind": kind(&resource.version),
        "requestResource": plural(&resource.version),
        "operation": review.operation.as_str(),
        "userInfo": user(request),
        "dryRun": review.dry_run,
    });
    let texts = [
        ("name", review.name),
        ("namespace", request.namespace()),
        ("subResource", review.subresource),
        ("requestSubResource", review.subresource),
    ];
    for (field, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        about[field] = json!(text);
    }
    about
}

fn user(request: &Request<'_>) -> Value {
    let user = request.review.user;
    let mut info = Map::new();
    for (field, text) in [("username", &user.name), ("uid", &user.uid)] {
        if !text.is_empty() {
            info.insert(field.to_owned(), json!(text));
        }
    }
    if !user.groups.is_empty() {
        info.insert("groups".to_owned(), json!(user.groups));
    }
    if !user.extra.is_empty() {
        info.insert("extra".to_owned(), json!(user.extra));
    }
    Value::Object(info)
}

/// The namespace of the object, without what is nobody's business; null for others.
fn namespace_object(request: &Request<'_>) -> Value {
    let found = match request.review.namespace {
        "" => None,
        name => find_namespace(request.store, name),
    };
    let mut object = found.map_or(Value::Null, |found| Value::clone(&found));
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        metadata.remove("ownerReferences");
    }
    object
}
