//! OpenAPI documents, as much of them as clients need: which kinds there are and where, and that
//! the server validates fields itself. The schemas are open.

use std::fmt::Write;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha512};

use super::groups::{self, Version};
use super::{Document, GIT_VERSION, accept};
use crate::registry::{Registry, Resource};

const V2_PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// What may be patched with. Without the strategic form clients take their own schemas for it.
const PATCHES: &[&str] = &[
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/apply-patch+yaml",
];

/// `/openapi/v3`: where the documents are.
pub(super) fn index(registry: &Registry) -> Document {
    let mut paths = Map::new();
    for group in groups::all(registry) {
        for version in &group.versions {
            let path = version.path(&group.name);
            let mut hash = String::new();
            for byte in Sha512::digest(spec(&group.name, version).to_string()) {
                let _ = write!(hash, "{byte:02X}");
            }
            let url = format!("/openapi/v3{path}?hash={hash}");
            paths.insert(path[1..].to_owned(), json!({"serverRelativeURL": url}));
        }
    }
    Document::text(200, &json!({"paths": paths}).to_string())
}

/// `/openapi/v3/apis/GROUP/VERSION`.
pub(super) fn v3(registry: &Registry, group: &str, version: &str) -> Document {
    let versions = groups::find(registry, group).map(|group| group.versions).unwrap_or_default();
    let version = versions.iter().find(|found| found.name == version);
    version.map_or_else(Document::not_found, |version| Document::json(&spec(group, version)))
}

/// `/openapi/v2`: no definitions, in either form.
pub(super) fn v2(header: &str) -> Document {
    let answer = accept::first(header, |media| match media {
        "application/json" => Some(Document::json(&json!({
            "swagger": "2.0",
            "info": info(),
            "paths": {},
            "definitions": {},
        }))),
        V2_PROTOBUF | "application/com.github.proto-openapi.spec.v2@v1.0+protobuf" => {
            Some(Document::bytes(V2_PROTOBUF, v2_protobuf()))
        }
        _ => None,
    });
    answer.unwrap_or_else(|| Document::text(406, ""))
}

/// Field 1: the version of swagger. Field 2: the title and the version of the API.
fn v2_protobuf() -> Vec<u8> {
    let info = [field(1, b"Kubernetes"), field(2, GIT_VERSION.as_bytes())].concat();
    [field(1, b"2.0"), field(2, &info)].concat()
}

/// A protobuf field of at most 127 bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).expect("the texts are short");
    let mut field = vec![(number << 3) | 2, length];
    field.extend_from_slice(bytes);
    field
}

fn info() -> Value {
    json!({"title": "Kubernetes", "version": GIT_VERSION})
}

fn spec(group: &str, version: &Version) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for resource in &version.resources {
        let base = version.path(group);
        let namespace = if resource.namespaced { "/namespaces/{namespace}" } else { "" };
        let collection = format!("{base}{namespace}/{}", resource.plural);
        let verbs = [("list", "get"), ("create", "post"), ("deletecollection", "delete")];
        insert(&mut paths, &collection, operations(resource, &verbs));
        let verbs = [("get", "get"), ("update", "put"), ("patch", "patch"), ("delete", "delete")];
        insert(&mut paths, &format!("{collection}/{{name}}"), operations(resource, &verbs));
        schemas.insert(name(resource, &resource.kind), schema(resource, &resource.kind));
        if resource.verbs.contains(&"list") {
            let list = &resource.list_kind;
            schemas.insert(name(resource, list), schema(resource, list));
        }
    }
    json!({
        "openapi": "3.0.0",
        "info": info(),
        "paths": paths,
        "components": {"schemas": schemas},
    })
}

fn insert(paths: &mut Map<String, Value>, path: &str, operations: Map<String, Value>) {
    if !operations.is_empty() {
        paths.insert(path.to_owned(), Value::Object(operations));
    }
}

/// The operations of a path: `(verb, method)`, of those verbs that the resource knows.
fn operations(resource: &Resource, verbs: &[(&str, &str)]) -> Map<String, Value> {
    let known = verbs.iter().filter(|(verb, _)| resource.verbs.contains(verb));
    known.map(|(verb, method)| ((*method).to_owned(), operation(resource, verb))).collect()
}

fn operation(resource: &Resource, verb: &str) -> Value {
    let id = format!("{verb}{}{}", title(&resource.group), title(&resource.version));
    let mut operation = json!({
        "operationId": format!("{id}{}", resource.kind),
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": verb,
        "x-kubernetes-group-version-kind": kind(resource, &resource.kind),
    });
    let parameters: &[&str] = match verb {
        "create" | "update" => &["dryRun", "fieldManager", "fieldValidation"],
        "patch" => &["dryRun", "fieldManager", "fieldValidation", "force"],
        "delete" | "deletecollection" => &["dryRun"],
        _ => &[],
    };
    if !parameters.is_empty() {
        operation["parameters"] = parameters.iter().map(|name| parameter(name)).collect();
    }
    if verb == "patch" {
        let forms = PATCHES.iter().map(|form| ((*form).to_owned(), json!({"schema": {}})));
        operation["requestBody"] = json!({"content": forms.collect::<Map<_, _>>()});
    }
    operation
}

fn parameter(name: &str) -> Value {
    let kind = if name == "force" { "boolean" } else { "string" };
    json!({"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": true}})
}

/// `sim.example.com` as `SimExampleCom`.
fn title(text: &str) -> String {
    let upper = |part: &str| match part.split_at_checked(1) {
        Some((first, rest)) => first.to_uppercase() + rest,
        None => part.to_owned(),
    };
    text.split(['.', '-']).map(upper).collect()
}

/// The name of a schema: `com.example.sim.v1.Widget`, `io.k8s.api.apps.v1.Deployment`.
fn name(resource: &Resource, kind: &str) -> String {
    let version = &resource.version;
    if resource.custom.is_some() {
        let group: Vec<&str> = resource.group.rsplit('.').collect();
        return format!("{}.{version}.{kind}", group.join("."));
    }
    let group = resource.group.split('.').next().filter(|group| !group.is_empty());
    format!("io.k8s.api.{}.{version}.{kind}", group.unwrap_or("core"))
}

fn schema(resource: &Resource, kind_of_it: &str) -> Value {
    json!({
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        },
        "x-kubernetes-preserve-unknown-fields": true,
        "x-kubernetes-group-version-kind": [kind(resource, kind_of_it)],
    })
}

fn kind(resource: &Resource, kind: &str) -> Value {
    json!({"group": resource.group, "version": resource.version, "kind": kind})
}
