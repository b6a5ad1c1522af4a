//! Audit logs written by hand: an API server that keeps its objects, so that it answers and logs
//! what a real one would.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The instant from which the stories count their milliseconds.
const BEGINNING: i64 = 1_772_359_200_000; // 2026-03-01T10:00:00Z

/// How long each request takes, in milliseconds.
const LATENCY: i64 = 4;

/// Who asks, as the audit log names it.
#[derive(Clone, Copy)]
pub(crate) struct Client {
    pub(crate) user: &'static str,
    pub(crate) agent: &'static str,
    pub(crate) address: &'static str,
}

/// One API server: its objects, and the log of what was asked of it.
#[derive(Clone)]
pub(crate) struct ApiServer {
    name: &'static str,
    objects: BTreeMap<String, Value>,
    events: Vec<Value>,
    revision: u64,
    secret_bodies: bool,
    clock_error: i64,
}

/// The instant `at` milliseconds into the story, as the logs write it.
pub(crate) fn instant(at: i64) -> Timestamp {
    Timestamp::from_millisecond(BEGINNING + at).expect("stories take place in this century")
}

/// `Kind/name`, by which the stories name the objects of the namespace `default`.
pub(crate) fn key(object: &Value) -> String {
    let kind = object["kind"].as_str().expect("objects have a kind");
    let name = object["metadata"]["name"].as_str().expect("objects have a name");
    format!("{kind}/{name}")
}

impl ApiServer {
    /// An empty API server whose audit policy logs Secrets without their bodies.
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            objects: BTreeMap::new(),
            events: Vec::new(),
            revision: 100,
            secret_bodies: false,
            clock_error: 0,
        }
    }

    /// The same with the bodies of Secrets in its log, as no policy should have it.
    pub(crate) fn logs_secret_bodies(&mut self) {
        self.secret_bodies = true;
    }

    /// Lets this server's clock be `milliseconds` ahead from here on.
    pub(crate) fn clock_is_ahead_by(&mut self, milliseconds: i64) {
        self.clock_error = milliseconds;
    }

    /// The object as it is stored.
    pub(crate) fn object(&self, key: &str) -> &Value {
        self.objects.get(key).unwrap_or_else(|| panic!("{} has no {key}", self.name))
    }

    /// Whether there is such an object.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.objects.contains_key(key)
    }

    /// The log: one event a line.
    pub(crate) fn log(&self) -> String {
        self.events.iter().map(|event| format!("{event}\n")).collect()
    }

    /// The events of the log, to be changed by a story about bad logs.
    pub(crate) fn events(&self) -> &[Value] {
        &self.events
    }

    /// `POST`: a new object.
    pub(crate) fn create(&mut self, at: i64, by: Client, object: &Value) {
        let stored = self.store_new(at, object);
        self.record(at, by, "create", &stored, "", 201, Some(object), Some(&stored));
    }

    /// Server-side apply of an object that may be there already.
    pub(crate) fn apply(&mut self, at: i64, by: Client, object: &Value) {
        if !self.objects.contains_key(&key(object)) {
            let stored = self.store_new(at, object);
            self.record(at, by, "patch", &stored, "", 201, Some(object), Some(&stored));
        } else {
            self.patch(at, by, &key(object), object);
        }
        self.ask("fieldManager=pivot&force=true");
    }

    /// A merge patch; one that empties the finalizers of a deleting object removes it.
    pub(crate) fn patch(&mut self, at: i64, by: Client, key: &str, change: &Value) {
        self.change(at, by, key, "", change);
    }

    /// A merge patch of the status subresource.
    pub(crate) fn patch_status(&mut self, at: i64, by: Client, key: &str, change: &Value) {
        self.change(at, by, key, "status", change);
    }

    /// `DELETE`, which finalizers (and orphaning) put off.
    pub(crate) fn delete(&mut self, at: i64, by: Client, key: &str, options: &Value) {
        let mut object = self.object(key).clone();
        if options["propagationPolicy"] == "Orphan" {
            let mut finalizers =
                object["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
            finalizers.push(json!("orphan"));
            object["metadata"]["finalizers"] = json!(finalizers);
        }
        let held = object["metadata"]["finalizers"].as_array().is_some_and(|held| !held.is_empty());
        let answer = if held {
            object["metadata"]["deletionTimestamp"] = json!(format!("{:.0}", instant(at)));
            self.objects.insert(key.to_owned(), object.clone());
            object.clone()
        } else {
            self.objects.remove(key);
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})
        };
        self.record(at, by, "delete", &object, "", 200, Some(options), Some(&answer));
    }

    /// `DELETE` of the collection of a kind, with this query. What that takes is not followed.
    pub(crate) fn delete_collection(&mut self, at: i64, by: Client, kind: &str, query: &str) {
        let any = json!({"kind": kind, "metadata": {}});
        self.record(at, by, "deletecollection", &any, "", 200, None, None);
        let event = self.events.last_mut().expect("a request was just recorded");
        event["objectRef"].as_object_mut().expect("it is an object").remove("name");
        self.ask(query);
    }

    /// A create that only asks whether it would be let through.
    pub(crate) fn dry_run(&mut self, at: i64, by: Client, object: &Value) {
        self.record(at, by, "create", object, "", 201, Some(object), Some(object));
        self.ask("dryRun=All");
    }

    /// A merge patch that the server refuses, and that changes nothing.
    pub(crate) fn refused_patch(&mut self, at: i64, by: Client, key: &str, change: &Value) {
        let object = self.object(key).clone();
        let answer = json!({"kind": "Status", "apiVersion": "v1", "metadata": {},
            "status": "Failure", "reason": "Conflict", "code": 409});
        self.record(at, by, "patch", &object, "", 409, Some(change), Some(&answer));
    }

    /// Adds a query to the last request.
    fn ask(&mut self, query: &str) {
        let event = self.events.last_mut().expect("a request was just recorded");
        let uri = event["requestURI"].as_str().expect("events have a URI").to_owned();
        event["requestURI"] = json!(format!("{uri}?{query}"));
    }

    fn store_new(&mut self, at: i64, object: &Value) -> Value {
        self.revision += 1;
        let mut stored = object.clone();
        stored.as_object_mut().expect("objects are objects").remove("status");
        let metadata = stored["metadata"].as_object_mut().expect("metadata is an object");
        metadata.insert("uid".to_owned(), json!(self.uid()));
        metadata.insert("resourceVersion".to_owned(), json!(self.revision.to_string()));
        metadata.insert("generation".to_owned(), json!(1));
        metadata.insert("creationTimestamp".to_owned(), json!(format!("{:.0}", instant(at))));
        let replaced = self.objects.insert(key(&stored), stored.clone());
        assert!(replaced.is_none(), "{} already has {}", self.name, key(&stored));
        stored
    }

    fn uid(&self) -> String {
        let first = if self.name == "source" { "aaaaaaaa" } else { "bbbbbbbb" };
        format!("{first}-0000-4000-8000-{:012}", self.revision)
    }

    fn change(&mut self, at: i64, by: Client, key: &str, subresource: &str, change: &Value) {
        self.revision += 1;
        let mut object = self.object(key).clone();
        let spec = object["spec"].clone();
        merge(&mut object, change);
        object["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        if object["spec"] != spec {
            let generation = object["metadata"]["generation"].as_i64().unwrap_or(1);
            object["metadata"]["generation"] = json!(generation + 1);
        }
        let deleting = object["metadata"].get("deletionTimestamp").is_some();
        let held = object["metadata"]["finalizers"].as_array().is_some_and(|held| !held.is_empty());
        if deleting && !held {
            self.objects.remove(key);
        } else {
            self.objects.insert(key.to_owned(), object.clone());
        }
        self.record(at, by, "patch", &object, subresource, 200, Some(change), Some(&object));
    }

    #[allow(clippy::too_many_arguments, reason = "an audit event has that many parts")]
    fn record(
        &mut self,
        at: i64,
        by: Client,
        verb: &str,
        object: &Value,
        subresource: &str,
        code: u16,
        request: Option<&Value>,
        response: Option<&Value>,
    ) {
        let kind = object["kind"].as_str().expect("objects have a kind");
        let name = &object["metadata"]["name"];
        let (group, version, resource) = place(kind);
        let mut reference = json!({"resource": resource, "namespace": "default", "name": name,
            "apiVersion": version});
        if !group.is_empty() {
            reference["apiGroup"] = json!(group);
        }
        if !subresource.is_empty() {
            reference["subresource"] = json!(subresource);
        }
        let bodies = kind != "Secret" || self.secret_bodies;
        let at = at + self.clock_error;
        let mut event = json!({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1",
            "level": if bodies { "RequestResponse" } else { "Metadata" },
            "auditID": format!("{}-{}", self.name, self.events.len()),
            "stage": "ResponseComplete",
            "requestURI": uri(group, version, resource, name, verb, subresource),
            "verb": verb,
            "user": {"username": by.user, "groups": ["system:authenticated"]},
            "sourceIPs": [by.address],
            "userAgent": by.agent,
            "objectRef": reference,
            "responseStatus": {"metadata": {}, "code": code},
            "requestReceivedTimestamp": format!("{:.6}", instant(at)),
            "stageTimestamp": format!("{:.6}", instant(at + LATENCY)),
        });
        if let Some(answer) = response.filter(|answer| answer["kind"] == "Status") {
            event["responseStatus"]["status"] = answer["status"].clone();
            event["responseStatus"]["details"] = json!({"name": name, "kind": resource,
                "uid": object["metadata"]["uid"]});
        }
        if bodies {
            event["requestObject"] = request.cloned().unwrap_or_default();
            event["responseObject"] = response.cloned().unwrap_or_default();
        }
        self.events.push(event);
    }
}

fn uri(group: &str, version: &str, resource: &str, name: &Value, verb: &str, sub: &str) -> String {
    let root = if group.is_empty() { "/api".to_owned() } else { format!("/apis/{group}") };
    let mut uri = format!("{root}/{version}/namespaces/default/{resource}");
    if verb != "create" {
        uri.push('/');
        uri.push_str(name.as_str().unwrap_or_default());
    }
    if !sub.is_empty() {
        uri.push('/');
        uri.push_str(sub);
    }
    uri
}

/// Group, version and resource of the kinds that occur in the stories.
fn place(kind: &str) -> (&'static str, &'static str, &'static str) {
    let infrastructure = "infrastructure.cluster.x-k8s.io";
    match kind {
        "Secret" => ("", "v1", "secrets"),
        "Cluster" => ("cluster.x-k8s.io", "v1beta2", "clusters"),
        "MachineDeployment" => ("cluster.x-k8s.io", "v1beta2", "machinedeployments"),
        "MachineSet" => ("cluster.x-k8s.io", "v1beta2", "machinesets"),
        "Machine" => ("cluster.x-k8s.io", "v1beta2", "machines"),
        "MachineHealthCheck" => ("cluster.x-k8s.io", "v1beta2", "machinehealthchecks"),
        "KubeadmControlPlane" => {
            ("controlplane.cluster.x-k8s.io", "v1beta2", "kubeadmcontrolplanes")
        }
        "KubeadmConfig" => ("bootstrap.cluster.x-k8s.io", "v1beta2", "kubeadmconfigs"),
        "DockerCluster" => (infrastructure, "v1beta2", "dockerclusters"),
        "DockerMachine" => (infrastructure, "v1beta2", "dockermachines"),
        "DockerMachineTemplate" => (infrastructure, "v1beta2", "dockermachinetemplates"),
        other => panic!("no story has a {other}"),
    }
}

/// The `apiVersion` of a kind that occurs in the stories.
pub(crate) fn api_version(kind: &str) -> String {
    let (group, version, _) = place(kind);
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

/// JSON merge patch (RFC 7386).
fn merge(into: &mut Value, change: &Value) {
    let Value::Object(change) = change else {
        *into = change.clone();
        return;
    };
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    let object = into.as_object_mut().expect("it was just made one");
    for (name, value) in change {
        if value.is_null() {
            object.remove(name);
        } else {
            merge(object.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}
