//! The cells of workloads and of what they run on.

pub(super) mod pods;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::basic::{aged, name};
use super::cells::{each, first, labels, list, number, selector, texts};
use crate::json::text_at;

const CONTAINERS: &str = "/spec/template/spec/containers";

/// Names and images of the containers of a template.
fn containers(object: &Value) -> [Value; 2] {
    ["name", "image"].map(|key| each(object, CONTAINERS, key).into())
}

/// What is wanted; one if nothing is said.
fn wanted(object: &Value) -> i64 {
    object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1)
}

/// How many are ready of how many.
fn ready(object: &Value) -> Value {
    format!("{}/{}", number(object, "/status/readyReplicas"), wanted(object)).into()
}

pub(super) fn deployment(object: &Value, now: Timestamp) -> Vec<Value> {
    let [names, images] = containers(object);
    vec![
        name(object),
        ready(object),
        number(object, "/status/updatedReplicas").into(),
        number(object, "/status/availableReplicas").into(),
        aged(object, now),
        names,
        images,
        selector(object, "/spec/selector").into(),
    ]
}

pub(super) fn replica_set(object: &Value, now: Timestamp) -> Vec<Value> {
    let [names, images] = containers(object);
    vec![
        name(object),
        wanted(object).into(),
        number(object, "/status/replicas").into(),
        number(object, "/status/readyReplicas").into(),
        aged(object, now),
        names,
        images,
        selector_or_none(object),
    ]
}

pub(super) fn stateful_set(object: &Value, now: Timestamp) -> Vec<Value> {
    let [names, images] = containers(object);
    vec![name(object), ready(object), aged(object, now), names, images]
}

pub(super) fn daemon_set(object: &Value, now: Timestamp) -> Vec<Value> {
    let [names, images] = containers(object);
    vec![
        name(object),
        number(object, "/status/desiredNumberScheduled").into(),
        number(object, "/status/currentNumberScheduled").into(),
        number(object, "/status/numberReady").into(),
        number(object, "/status/updatedNumberScheduled").into(),
        number(object, "/status/numberAvailable").into(),
        labels(object, "/spec/template/spec/nodeSelector").into(),
        aged(object, now),
        names,
        images,
        selector_or_none(object),
    ]
}

fn selector_or_none(object: &Value) -> Value {
    first(&[&selector(object, "/spec/selector"), "<none>"]).into()
}

pub(super) fn service(object: &Value, now: Timestamp) -> Vec<Value> {
    let port = |port: &Value| {
        let (number_of_it, node) = (number(port, "/port"), number(port, "/nodePort"));
        let protocol = first(&[text_at(port, "/protocol"), "TCP"]);
        match node {
            0 => format!("{number_of_it}/{protocol}"),
            _ => format!("{number_of_it}:{node}/{protocol}"),
        }
    };
    let ports: Vec<String> = list(object, "/spec/ports").iter().map(port).collect();
    let address =
        [text_at(object, "/spec/clusterIPs/0"), text_at(object, "/spec/clusterIP"), "<none>"];
    vec![
        name(object),
        text_at(object, "/spec/type").into(),
        first(&address).into(),
        external_address(object).into(),
        first(&[&ports.join(","), "<none>"]).into(),
        aged(object, now),
        labels(object, "/spec/selector").into(),
    ]
}

fn external_address(service: &Value) -> String {
    let own = texts(service, "/spec/externalIPs");
    match text_at(service, "/spec/type") {
        "ClusterIP" | "NodePort" => first(&[&own, "<none>"]).to_owned(),
        "LoadBalancer" => {
            let ingress = list(service, "/status/loadBalancer/ingress").iter();
            let ingress = ingress.map(|at| first(&[text_at(at, "/ip"), text_at(at, "/hostname")]));
            let mut addresses: Vec<&str> =
                ingress.filter(|at| !at.is_empty()).collect::<BTreeSet<_>>().into_iter().collect();
            if !own.is_empty() {
                addresses.push(&own);
            }
            first(&[&addresses.join(","), "<pending>"]).to_owned()
        }
        "ExternalName" => text_at(service, "/spec/externalName").to_owned(),
        _ => "<unknown>".to_owned(),
    }
}

pub(super) fn node(object: &Value, now: Timestamp) -> Vec<Value> {
    let conditions = list(object, "/status/conditions");
    let ready = conditions.iter().rfind(|condition| text_at(condition, "/type") == "Ready");
    let mut status = match ready.map(|condition| text_at(condition, "/status")) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if object.pointer("/spec/unschedulable").and_then(Value::as_bool) == Some(true) {
        status.push_str(",SchedulingDisabled");
    }
    let address = |kind: &str| -> Value {
        let mut addresses = list(object, "/status/addresses").iter();
        let found = addresses.find(|address| text_at(address, "/type") == kind);
        found.map_or("<none>", |address| text_at(address, "/address")).into()
    };
    let known = |key: &str| -> Value {
        first(&[text_at(object, &format!("/status/nodeInfo/{key}")), "<unknown>"]).into()
    };
    vec![
        name(object),
        status.into(),
        roles(object).into(),
        aged(object, now),
        text_at(object, "/status/nodeInfo/kubeletVersion").into(),
        address("InternalIP"),
        address("ExternalIP"),
        known("osImage"),
        known("kernelVersion"),
        known("containerRuntimeVersion"),
    ]
}

fn roles(node: &Value) -> String {
    let labels = node.pointer("/metadata/labels").and_then(Value::as_object);
    let mut roles = BTreeSet::new();
    for (key, value) in labels.into_iter().flatten() {
        match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => roles.insert(role),
            None if key == "kubernetes.io/role" => roles.insert(value.as_str().unwrap_or_default()),
            None => false,
        };
    }
    roles.remove("");
    let roles: Vec<&str> = roles.into_iter().collect();
    first(&[&roles.join(","), "<none>"]).to_owned()
}
