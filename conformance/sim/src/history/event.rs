//! A write as an event of an audit log.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Fields of `metadata` that the server decides: no request is about them.
const SERVERS: [&str; 6] = [
    "managedFields",
    "resourceVersion",
    "generation",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
];

/// An event, and what finds it again. It holds bodies, so it is never printed.
pub(super) struct Line {
    pub(super) cluster: String,
    /// Group, plural, namespace and name.
    pub(super) key: [String; 4],
    /// The resourceVersion of the write; 0 for one that was refused.
    pub(super) version: u64,
    /// Whether its request is known, and not only what came of it.
    pub(super) told: bool,
    event: Value,
}

/// What there is to say of a write.
pub(super) struct Telling<'a> {
    pub(super) cluster: &'a str,
    pub(super) key: [String; 4],
    pub(super) api_version: &'a str,
    pub(super) subresource: &'a str,
    pub(super) version: u64,
    pub(super) user: &'a str,
    pub(super) agent: &'a str,
    pub(super) verb: &'a str,
    pub(super) query: &'a str,
    pub(super) code: u16,
    pub(super) asked: Value,
    pub(super) answered: Value,
    pub(super) received: Timestamp,
    pub(super) completed: Timestamp,
}

impl Line {
    pub(super) fn of(telling: Telling<'_>) -> Self {
        let [group, plural, namespace, name] = &telling.key;
        let event = json!({
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": "RequestResponse",
            "stage": "ResponseComplete",
            "verb": telling.verb,
            "requestURI": format!("/{plural}/{name}{}", telling.query),
            "user": {"username": telling.user},
            "userAgent": telling.agent,
            "objectRef": {
                "apiGroup": group,
                "apiVersion": telling.api_version,
                "resource": plural,
                "namespace": namespace,
                "name": name,
                "subresource": telling.subresource,
            },
            "responseStatus": {"code": telling.code},
            "requestObject": telling.asked,
            "responseObject": telling.answered,
            "requestReceivedTimestamp": telling.received,
            "stageTimestamp": telling.completed,
        });
        Self {
            cluster: telling.cluster.to_owned(),
            key: telling.key.clone(),
            version: telling.version,
            told: false,
            event,
        }
    }

    /// Gives it a number, so that two equal writes are two.
    pub(super) fn number(&mut self, number: u64) {
        self.event["auditID"] = json!(format!("{}-{number}", self.cluster));
    }

    /// Says what its request was.
    pub(super) fn tell(&mut self, fields: Map<String, Value>) {
        self.told = true;
        for (field, value) in fields {
            self.event[&field] = value;
        }
    }

    /// The UID that the caller named.
    pub(super) fn name_uid(&mut self, uid: &str) {
        self.event["objectRef"]["uid"] = json!(uid);
    }

    /// As a line of a log. Values that are not there are left out.
    pub(super) fn bytes(mut self) -> Vec<u8> {
        if let Some(event) = self.event.as_object_mut() {
            event.retain(|_, value| !value.is_null());
        }
        let mut bytes = self.event.to_string().into_bytes();
        bytes.push(b'\n');
        bytes
    }
}

/// The merge patch that leads from one object to another, without what the server decides itself.
pub(super) fn difference(old: &Value, new: &Value) -> Value {
    let patch = merge_patch(old, new).unwrap_or_else(|| json!({}));
    let mut patch = sent(&patch);
    if patch["metadata"].as_object().is_some_and(Map::is_empty)
        && let Some(patch) = patch.as_object_mut()
    {
        patch.remove("metadata");
    }
    patch
}

/// `None`: there is no difference.
fn merge_patch(old: &Value, new: &Value) -> Option<Value> {
    let (Value::Object(old), Value::Object(new)) = (old, new) else {
        return (old != new).then(|| new.clone());
    };
    let mut patch = Map::new();
    for (field, value) in new {
        match old.get(field) {
            Some(before) => {
                if let Some(change) = merge_patch(before, value) {
                    patch.insert(field.clone(), change);
                }
            }
            None => drop(patch.insert(field.clone(), value.clone())),
        }
    }
    for field in old.keys().filter(|field| !new.contains_key(*field)) {
        patch.insert(field.clone(), Value::Null);
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

/// An object, or a patch of one, without what the server decides.
pub(super) fn sent(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        SERVERS.iter().for_each(|field| drop(metadata.remove(*field)));
    }
    object
}
