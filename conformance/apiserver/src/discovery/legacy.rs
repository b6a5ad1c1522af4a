//! Discovery in the old form: a document for the groups, for each group and for each version.

use serde_json::{Map, Value, json};

use super::groups::{self, Group, Version};
use super::storage_version_hash;
use crate::registry::{Registry, Resource, Subresource};

/// `/api`.
pub(super) fn core(registry: &Registry) -> Value {
    let versions: Vec<String> = groups::find(registry, "")
        .map(|core| core.versions.into_iter().map(|version| version.name).collect())
        .unwrap_or_default();
    json!({
        "kind": "APIVersions",
        "versions": versions,
        "serverAddressByClientCIDRs": [
            {"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:6443"},
        ],
    })
}

/// `/apis`.
pub(super) fn groups(registry: &Registry) -> Value {
    let named = groups::all(registry).into_iter().filter(|group| !group.name.is_empty());
    let groups: Vec<Value> = named.map(|group| Value::Object(entry(&group))).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/GROUP`.
pub(super) fn group(group: &Group) -> Value {
    let mut document = entry(group);
    document.insert("kind".to_owned(), "APIGroup".into());
    document.insert("apiVersion".to_owned(), "v1".into());
    Value::Object(document)
}

fn entry(group: &Group) -> Map<String, Value> {
    let version = |version: &Version| json!({"groupVersion": version.api_version(&group.name), "version": version.name});
    let versions: Vec<Value> = group.versions.iter().map(version).collect();
    let preferred = versions.first().cloned().unwrap_or_default();
    Map::from_iter([
        ("name".to_owned(), group.name.clone().into()),
        ("versions".to_owned(), versions.into()),
        ("preferredVersion".to_owned(), preferred),
    ])
}

/// `/api/VERSION`, `/apis/GROUP/VERSION`.
pub(super) fn resources(group: &str, version: &Version) -> Value {
    let mut resources = Vec::new();
    for resource in &version.resources {
        resources.push(of_resource(resource));
        for subresource in subresources(resource) {
            resources.push(of_subresource(resource, subresource));
        }
    }
    json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": version.api_version(group),
        "resources": resources,
    })
}

/// The subresources in the order of discovery.
pub(super) fn subresources(resource: &Resource) -> Vec<&Subresource> {
    let mut subresources: Vec<&Subresource> = resource.subresources.iter().collect();
    if resource.custom.is_none() {
        subresources.sort_by_key(|subresource| subresource.name);
    }
    subresources
}

fn of_resource(resource: &Resource) -> Value {
    let mut entry = json!({
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": resource.verbs,
    });
    names(&mut entry, resource);
    if resource.verbs.contains(&"get") {
        entry["storageVersionHash"] = hash(resource).into();
    }
    entry
}

/// Adds short names and categories, where there are some.
pub(super) fn names(entry: &mut Value, resource: &Resource) {
    if !resource.short_names.is_empty() {
        entry["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        entry["categories"] = json!(resource.categories);
    }
}

fn hash(resource: &Resource) -> String {
    let stored = resource.stored_as();
    let custom = resource.custom.as_ref().map(|custom| custom.storage_version.as_str());
    storage_version_hash(&stored.group, custom.unwrap_or(&resource.version), &resource.kind)
}

fn of_subresource(resource: &Resource, subresource: &Subresource) -> Value {
    let mut entry = json!({
        "name": format!("{}/{}", resource.plural, subresource.name),
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": subresource.verbs,
    });
    if let Some((group, version, kind)) = subresource.body {
        entry["kind"] = kind.into();
        entry["version"] = version.into();
        if !group.is_empty() {
            entry["group"] = group.into();
        }
    }
    entry
}
