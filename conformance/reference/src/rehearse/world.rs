//! Two API servers: a parent that holds what was dumped, and a child that holds nothing yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use fulcrum_apiserver::auth::{Tokens, User};
use fulcrum_apiserver::clock::{Clock, RuntimeClock};
use fulcrum_apiserver::entropy::Seeded;
use fulcrum_apiserver::{ApiServer, Options};
use fulcrum_model::object::Object;
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::RehearsalError;
use crate::pair;

/// The moment at which every rehearsal begins.
pub(super) fn start() -> Timestamp {
    Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// An API server with the definitions of everything that was dumped.
pub(super) fn server(objects: &[Object], seed: u64) -> Result<ApiServer, RehearsalError> {
    let clock: Arc<dyn Clock> = Arc::new(RuntimeClock::starting_at(start()));
    let entropy = Arc::new(Seeded::new(seed));
    let server = ApiServer::new(Options { clock, entropy, tokens: Tokens::none_needed() });
    put(&server, definitions(objects))?;
    let taken = ["default", "kube-node-lease", "kube-public", "kube-system"];
    let mut namespaces: Vec<&str> =
        objects.iter().filter_map(|object| object.key().namespace.as_deref()).collect();
    namespaces.push(pair::NAMESPACE);
    namespaces.sort_unstable();
    namespaces.dedup();
    namespaces.retain(|name| !taken.contains(name));
    put(&server, namespaces.into_iter().map(namespace))?;
    Ok(server)
}

/// Puts the dumped objects into a server, as a backup that is restored.
pub(super) fn fill(server: &ApiServer, objects: &[Object]) -> Result<(), RehearsalError> {
    let values = objects.iter().filter(|object| is_data(object)).map(|object| {
        let mut value = object.value().clone();
        if object.uid().is_none() {
            value["metadata"]["uid"] = json!(made_up(object));
        }
        value
    });
    put(server, values)
}

/// Whether an object is neither a definition nor what every namespace has anyway.
pub(super) fn is_data(object: &Object) -> bool {
    let key = object.key();
    let usual = key.kind == "ConfigMap" && key.name == "kube-root-ca.crt";
    !usual && !["CustomResourceDefinition", "Namespace", "List"].contains(&key.kind.as_str())
}

/// A uid for an object that was written by hand, the same each time.
fn made_up(object: &Object) -> String {
    let digest = fulcrum_model::digest::Digest::of(&json!(object.key().to_string()));
    let hex = digest.to_string();
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

fn put(server: &ApiServer, objects: impl IntoIterator<Item = Value>) -> Result<(), RehearsalError> {
    for object in objects {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let object_name = format!("{} {name}", object["kind"].as_str().unwrap_or_default());
        server.seed([object]).map_err(|status| RehearsalError::World {
            object: object_name,
            reason: status.message,
        })?;
    }
    Ok(())
}

fn namespace(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {
            "name": name, "uid": format!("00000000-0000-4000-8000-{:012x}", name.len()),
            "labels": {"kubernetes.io/metadata.name": name},
        },
        "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
    })
}

/// Those that were dumped, and one for each other kind. Without schemas they are open.
fn definitions(objects: &[Object]) -> Vec<Value> {
    let mut found: BTreeMap<(String, String), Value> = BTreeMap::new();
    for object in objects.iter().filter(|object| object.key().kind == "CustomResourceDefinition") {
        let value = object.value();
        let text =
            |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let key = (text("/spec/group").to_owned(), text("/spec/names/kind").to_owned());
        found.insert(key, completed(value.clone()));
    }
    for object in objects.iter().filter(|object| is_data(object) && is_custom(object)) {
        let key = (object.key().group.clone(), object.key().kind.clone());
        found.entry(key).or_insert_with(|| completed(guessed(object)));
    }
    found.into_values().chain(pair::definitions().into_iter().map(completed)).collect()
}

fn is_custom(object: &Object) -> bool {
    let group = &object.key().group;
    group.contains('.') && !group.ends_with(".k8s.io") || group.ends_with("cluster.x-k8s.io")
}

/// A definition for a kind of which only objects are known.
fn guessed(object: &Object) -> Value {
    let (group, kind) = (&object.key().group, &object.key().kind);
    let plural = format!("{}s", kind.to_lowercase());
    let scope = if object.key().namespace.is_some() { "Namespaced" } else { "Cluster" };
    let moves = group.ends_with("cluster.x-k8s.io");
    let labels = if moves { json!({"cluster.x-k8s.io/provider": "unknown"}) } else { json!({}) };
    json!({
        "metadata": {"name": format!("{plural}.{group}"), "labels": labels},
        "spec": {
            "group": group, "scope": scope,
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase()},
            "versions": [{"name": object.version(), "served": true, "storage": true}],
        },
    })
}

/// A definition as an established one, without conversion, with a schema for each version.
fn completed(mut definition: Value) -> Value {
    definition["apiVersion"] = json!("apiextensions.k8s.io/v1");
    definition["kind"] = json!("CustomResourceDefinition");
    let spec = &mut definition["spec"];
    spec["conversion"] = json!({"strategy": "None"});
    let names = spec["names"].clone();
    for version in spec["versions"].as_array_mut().into_iter().flatten() {
        if version["schema"].is_null() {
            version["schema"] = json!({
                "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            });
            version["subresources"] = json!({"status": {}});
        }
    }
    let condition = |kind: &str, reason: &str| {
        json!({
            "type": kind, "status": "True", "reason": reason, "message": "",
            "lastTransitionTime": start(),
        })
    };
    definition["status"] = json!({
        "conditions": [
            condition("NamesAccepted", "NoConflicts"),
            condition("Established", "InitialNamesAccepted"),
        ],
        "acceptedNames": names,
        "storedVersions": [],
    });
    definition
}

/// Where an object is.
pub(super) fn path(server: &ApiServer, object: &Object) -> Option<String> {
    let api_version = object.value()["apiVersion"].as_str()?;
    let collection = server.collection(api_version, &object.key().kind)?;
    Some(match (&object.key().namespace, collection.rsplit_once('/')) {
        (Some(namespace), Some((root, plural))) => {
            format!("{root}/namespaces/{namespace}/{plural}/{}", object.key().name)
        }
        _ => format!("{collection}/{}", object.key().name),
    })
}

/// The object at a path, if there is one.
pub(super) async fn get(server: &ApiServer, path: &str) -> Option<Value> {
    let request = http::Request::get(path).body(Bytes::new()).ok()?;
    let answer = server.handle_as(&User::admin(), request).await;
    if !answer.status().is_success() {
        return None;
    }
    let body = answer.into_body().collect().await.ok()?.to_bytes();
    serde_json::from_slice(&body).ok()
}
