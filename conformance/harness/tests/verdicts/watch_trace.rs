//! Reads the watch traces of real Cluster API controllers and retells one cluster's part of them as
//! an audit log.
//!
//! A trace has a line for each change that a watch saw: `ADDED` with the object, `MODIFIED` with
//! the paths that were `set` and `unset`, `DELETED`, each with its author (`by`) and `verb` where
//! the recording knew them. `t` counts milliseconds. A watch sees a change a few of them after it
//! was made, and so each request here lasts from 5 ms before `t` to `t`.

use super::who::{self, Author};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The instant of `t` = 0; the traces do not say it.
const BEGINNING: i64 = 1_795_521_600_000; // 2026-11-24T12:00:00Z

/// How much later than a change its watch may see it, in milliseconds.
const LAG: i64 = 5;

/// One line of a trace.
#[derive(Deserialize)]
pub(crate) struct Event {
    pub(crate) t: i64,
    #[serde(rename = "type")]
    what: String,
    #[serde(default = "child")]
    pub(crate) cluster: String,
    #[serde(default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) by: Option<String>,
    verb: Option<String>,
    object: Option<Value>,
    #[serde(default)]
    set: BTreeMap<String, Value>,
    #[serde(default)]
    unset: Vec<String>,
}

impl Event {
    /// Whether it changes this path.
    pub(crate) fn touches(&self, path: &str) -> bool {
        self.set.contains_key(path) || self.unsets(path)
    }

    /// Whether it removes this path.
    pub(crate) fn unsets(&self, path: &str) -> bool {
        self.unset.iter().any(|unset| unset == path)
    }

    /// Whether it announces that the object will be deleted, or begins to delete it.
    pub(crate) fn marks_for_deletion(&self) -> bool {
        let announced = "metadata.annotations[clusterctl.cluster.x-k8s.io/delete-for-move]";
        self.touches("metadata.deletionTimestamp") || self.touches(announced)
    }
}

/// Stories of one cluster do not name it: they show the child.
fn child() -> String {
    "child".to_owned()
}

/// One API server's part of a trace, up to the point that was read.
#[derive(Default)]
pub(crate) struct Retold {
    objects: BTreeMap<(String, String), Value>,
    authors: who::Authors,
    log: Vec<Value>,
}

/// The instant of a `t`.
pub(crate) fn instant(t: i64) -> Timestamp {
    Timestamp::from_millisecond(BEGINNING + t).expect("the traces were recorded in this century")
}

/// The part of `trace` that `cluster` saw, up to `until` milliseconds.
pub(crate) fn retell(trace: &str, cluster: &str, until: i64) -> Retold {
    let mut retold = Retold::default();
    for line in trace.lines() {
        let event: Event = serde_json::from_str(line).expect("traces are JSON lines");
        if event.cluster == cluster && event.t <= until {
            retold.follow(&event);
        }
    }
    retold
}

impl Retold {
    /// The audit log: one event a line.
    pub(crate) fn log(&self) -> String {
        self.log.iter().map(|event| format!("{event}\n")).collect()
    }

    /// The objects as the trace left them, by kind and name.
    pub(crate) fn objects(&self) -> &BTreeMap<(String, String), Value> {
        &self.objects
    }

    fn follow(&mut self, event: &Event) {
        match event.what.as_str() {
            "ADDED" => self.add(event),
            "MODIFIED" => self.modify(event),
            "DELETED" => self.remove(event),
            _ => {} // notes, Kubernetes Events, and the objects as the story left them
        }
    }

    fn add(&mut self, event: &Event) {
        let mut object = event.object.clone().expect("what is added is shown");
        object["kind"] = json!(event.kind);
        object["apiVersion"] = json!(api_version(&event.kind));
        let author = self.authors.of_new(event, &object);
        let verb = event.verb.as_deref().unwrap_or("create");
        let mut request = object.clone();
        let metadata = request["metadata"].as_object_mut().expect("metadata is an object");
        for set_by_server in ["uid", "resourceVersion", "generation", "creationTimestamp"] {
            metadata.remove(set_by_server);
        }
        self.objects.insert(place(event), object.clone());
        self.record(event, author, verb, 201, &request, &object);
    }

    fn modify(&mut self, event: &Event) {
        let mut object = self.objects[&place(event)].clone();
        let mut request = json!({});
        for (path, value) in &event.set {
            Path::parse(path).put(&mut object, value);
        }
        for path in &event.unset {
            Path::parse(path).remove(&mut object);
        }
        for path in event.set.keys().chain(&event.unset) {
            Path::parse(path).ask(&mut request, &object);
        }
        let author = self.authors.of_change(event);
        self.objects.insert(place(event), object.clone());
        let verb = event.verb.as_deref().unwrap_or("patch");
        let request = if verb == "delete" { Value::Null } else { request }; // options are not shown
        self.record(event, author, verb, 200, &request, &object);
    }

    fn remove(&mut self, event: &Event) {
        let mut object = self.objects.remove(&place(event)).expect("only what is there can go");
        let author = self.authors.of_removal(event, &object);
        if object["metadata"].get("deletionTimestamp").is_none() {
            let done = json!({"kind": "Status", "apiVersion": "v1", "status": "Success"});
            self.record(event, author, "delete", 200, &Value::Null, &done);
            return;
        }
        object["metadata"]["finalizers"] = json!([]);
        let request = json!({"metadata": {"finalizers": []}});
        self.record(event, author, "patch", 200, &request, &object);
    }

    fn record(
        &mut self,
        event: &Event,
        author: Author,
        verb: &str,
        code: u16,
        request: &Value,
        response: &Value,
    ) {
        let (verb, subresource) = verb.split_once('/').unwrap_or((verb, ""));
        let applied = verb == "patch" && code == 201;
        let (group, resource) = kind(&event.kind);
        let version = if group.is_empty() { "v1" } else { "v1beta2" };
        let mut reference = json!({"resource": resource, "apiGroup": group, "apiVersion": version,
            "namespace": "default", "name": event.name});
        if !subresource.is_empty() {
            reference["subresource"] = json!(subresource);
        }
        let bodies = event.kind != "Secret"; // the recording had none of Secrets
        let status = if response["kind"] == "Status" { json!("Success") } else { Value::Null };
        let mut line = json!({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1",
            "level": if bodies { "RequestResponse" } else { "Metadata" },
            "auditID": format!("{}-{}", event.cluster, self.log.len()),
            "stage": "ResponseComplete", "verb": verb,
            "requestURI": format!("/apis/{group}/{version}/namespaces/default/{resource}/{}{}",
                event.name, if applied { "?fieldManager=capi&force=true" } else { "" }),
            "user": {"username": author.user}, "userAgent": author.agent,
            "objectRef": reference, "responseStatus": {"code": code, "status": status},
            "requestReceivedTimestamp": format!("{:.6}", instant(event.t - LAG)),
            "stageTimestamp": format!("{:.6}", instant(event.t)),
        });
        if bodies {
            if !request.is_null() {
                line["requestObject"] = request.clone();
            }
            line["responseObject"] = response.clone();
            // A trace shows no new resourceVersion with a change: the order of its lines stands in.
            line["responseObject"]["metadata"]["resourceVersion"] =
                json!((1000 + self.log.len()).to_string());
        }
        self.log.push(line);
    }
}

fn place(event: &Event) -> (String, String) {
    (event.kind.clone(), event.name.clone())
}

/// Group and resource of the kinds in the traces.
fn kind(kind: &str) -> (&'static str, String) {
    let group = match kind {
        "Secret" | "ConfigMap" => "",
        "KubeadmControlPlane" => "controlplane.cluster.x-k8s.io",
        "KubeadmConfig" | "KubeadmConfigTemplate" => "bootstrap.cluster.x-k8s.io",
        dev if dev.starts_with("Dev") => "infrastructure.cluster.x-k8s.io",
        _ => "cluster.x-k8s.io",
    };
    (group, format!("{}s", kind.to_lowercase()))
}

fn api_version(of: &str) -> String {
    match kind(of).0 {
        "" => "v1".to_owned(),
        group => format!("{group}/v1beta2"),
    }
}

/// A path of a trace: fields, and at the end perhaps an item of a list or map, by its key.
struct Path {
    fields: Vec<String>,
    item: Option<String>,
}

impl Path {
    fn parse(path: &str) -> Self {
        let (fields, item) = match path.split_once('[') {
            Some((fields, item)) => (fields, Some(item.trim_end_matches(']').to_owned())),
            None => (path, None),
        };
        Self { fields: fields.split('.').map(str::to_owned).collect(), item }
    }

    fn last(&self) -> &str {
        self.fields.last().map_or("", String::as_str)
    }

    fn put(&self, object: &mut Value, value: &Value) {
        let at = self.fields.iter().fold(object, |at, field| &mut at[field.as_str()]);
        let Some(item) = &self.item else {
            *at = value.clone();
            return;
        };
        match self.last() {
            "finalizers" => without(at, self.last(), item).push(json!(item)),
            "conditions" => {
                let mut condition = value.clone();
                condition["type"] = json!(item);
                without(at, self.last(), item).push(condition);
            }
            "ownerReferences" => {
                let mut owner = value.clone();
                let (kind, name) = item.split_once('/').expect("owners are written kind/name");
                owner["kind"] = json!(kind);
                owner["name"] = json!(name);
                without(at, self.last(), item).push(owner);
            }
            _ => at[item.as_str()] = value.clone(),
        }
    }

    fn remove(&self, object: &mut Value) {
        let depth = self.fields.len() - usize::from(self.item.is_none());
        let at = self.fields[..depth].iter().fold(object, |at, field| &mut at[field.as_str()]);
        match (&self.item, self.last()) {
            (Some(item), "finalizers" | "conditions" | "ownerReferences") => {
                without(at, self.last(), item);
            }
            (item, last) => {
                if let Some(map) = at.as_object_mut() {
                    map.remove(item.as_deref().unwrap_or(last));
                }
            }
        }
    }

    /// Adds to a merge patch what brings this path to where `object` has it.
    fn ask(&self, patch: &mut Value, object: &Value) {
        let mut now = object;
        let mut at = patch;
        for field in &self.fields {
            now = &now[field.as_str()];
            at = &mut at[field.as_str()];
        }
        match (&self.item, self.last()) {
            (Some(item), "labels" | "annotations") => {
                at[item.as_str()] = now[item.as_str()].clone();
            }
            _ => *at = now.clone(),
        }
    }
}

/// The list without the item of this key.
fn without<'v>(list: &'v mut Value, name: &str, item: &str) -> &'v mut Vec<Value> {
    if !list.is_array() {
        *list = json!([]);
    }
    let list = list.as_array_mut().expect("it was just made one");
    list.retain(|entry| match name {
        "finalizers" => *entry != item,
        "conditions" => entry["type"] != item,
        _ => {
            let key = format!(
                "{}/{}",
                entry["kind"].as_str().unwrap_or_default(),
                entry["name"].as_str().unwrap_or_default()
            );
            key != item
        }
    });
    list
}
