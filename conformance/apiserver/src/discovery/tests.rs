//! What the conversations do not show: the order of groups and versions, the media types, the
//! health checks in words.

use std::cmp::Reverse;

use http::Method;
use serde_json::Value;

use super::accept::{Aggregated, Wanted};
use super::{accept, document, groups, storage_version_hash};
use crate::registry::{Registry, Resource, Subresource};

fn registry() -> Registry {
    let mut namespaces = Resource::builtin("", "v1", "Namespace", "namespaces");
    namespaces.namespaced = false;
    namespaces.subresources = vec![Subresource::STATUS];
    let policies = Resource::builtin("apiextensions.k8s.io", "v1", "Thing", "things");
    let scaled = Resource::builtin("apps", "v1", "Deployment", "deployments");
    let old = Resource::builtin("apps", "v1beta1", "Deployment", "deployments");
    Registry::new(vec![policies, old, scaled, namespaces])
}

fn get(path: &str, accept: &str) -> (u16, Value) {
    let found = document(&registry(), &Method::GET, path, accept).expect("there is a document");
    let body = String::from_utf8(found.body).expect("documents are texts");
    (found.code, serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

#[test]
fn versions_are_in_the_order_of_kubernetes() {
    let mut versions = ["foo1", "v1alpha1", "v10", "v1", "v2beta1", "v1beta2", "bar", "v2"];
    versions.sort_by_cached_key(|version| Reverse(groups::age(version)));
    assert_eq!(versions, ["v10", "v2", "v1", "v2beta1", "v1beta2", "v1alpha1", "bar", "foo1"]);
}

#[test]
fn groups_go_by_rank() {
    let (_, list) = get("/apis", "");
    let names: Vec<_> = list["groups"].as_array().unwrap().iter().map(|g| &g["name"]).collect();
    assert_eq!(names, ["apps", "apiextensions.k8s.io"]);
    assert_eq!(list["groups"][0]["preferredVersion"]["version"], "v1");
}

#[test]
fn subresources_follow_their_resource() {
    let (_, list) = get("/api/v1/", "application/json");
    assert_eq!(list["resources"][1]["name"], "namespaces/status");
    assert_eq!(list["resources"][1].get("storageVersionHash"), None);
    assert_eq!(list["resources"][0]["storageVersionHash"], "Q3oi5N2YM8M=");
    assert_eq!(storage_version_hash("apps", "v1", "Deployment"), "8aSe+NMegvE=");
}

#[test]
fn the_first_known_form_is_given() {
    let v2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    let beta = v2.replace("v=v2;", "v=v2beta1;");
    let unknown = v2.replace("v=v2;", "v=v9;");
    let aggregated = |version| Some(Wanted::Aggregated(version));
    assert_eq!(accept::discovery(""), Some(Wanted::Plain));
    assert_eq!(
        accept::discovery(&format!("{unknown},{beta},{v2}")),
        aggregated(Aggregated::V2Beta1)
    );
    assert_eq!(accept::discovery(&format!("{beta};q=0.5, {v2}")), aggregated(Aggregated::V2));
    assert_eq!(accept::discovery(&format!("{unknown},application/json")), Some(Wanted::Plain));
    assert_eq!(accept::discovery("text/html"), None);
}

#[test]
fn what_is_not_there() {
    assert_eq!(get("/apis/apps/v9", "").0, 404);
    assert_eq!(get("/apis/apps/v9", "").1["kind"], "Status");
    assert_eq!(get("/apis/nope", "").1, "404 page not found\n");
    assert_eq!(get("/version", "text/html").0, 406);
    assert_eq!(document(&registry(), &Method::GET, "//api", ""), None);
    assert_eq!(document(&registry(), &Method::GET, "/api/v1/namespaces", ""), None);
}

#[test]
fn health_in_words() {
    let (_, text) = get("/livez?verbose&exclude=etcd&exclude=moon", "");
    let text = text.as_str().unwrap();
    assert!(text.starts_with("[+]ping ok\n[+]log ok\n[+]etcd excluded: ok\n"), "{text}");
    let end = "warn: some health checks cannot be excluded: no matches for \"moon\"\n\
               livez check passed\n";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn openapi_names_what_is_served() {
    let (_, index) = get("/openapi/v3", "");
    let url = index["paths"]["apis/apps/v1"]["serverRelativeURL"].as_str().unwrap();
    let (code, document) = get(url, "application/json");
    assert_eq!(code, 200);
    let path = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}";
    let patch = &document["paths"][path]["patch"];
    assert_eq!(patch["x-kubernetes-group-version-kind"]["kind"], "Deployment");
    assert_eq!(patch["parameters"][2]["name"], "fieldValidation");
    assert!(document["components"]["schemas"]["io.k8s.api.apps.v1.Deployment"].is_object());
}
