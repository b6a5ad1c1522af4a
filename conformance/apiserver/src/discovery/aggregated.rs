//! Discovery in one document: all groups with all versions and resources.

use serde_json::{Value, json};

use super::groups::{self, Group, Version};
use super::legacy;
use crate::registry::{Registry, Resource, Subresource};

/// The document of `/api`, at a version of `apidiscovery.k8s.io`.
pub(super) fn core(registry: &Registry, version: &str) -> Value {
    let core = groups::find(registry, "");
    list(version, core.iter().map(of_group).collect())
}

/// The document of `/apis`, at a version of `apidiscovery.k8s.io`.
pub(super) fn groups(registry: &Registry, version: &str) -> Value {
    let groups = groups::all(registry);
    list(version, groups.iter().filter(|group| !group.name.is_empty()).map(of_group).collect())
}

fn list(version: &str, items: Vec<Value>) -> Value {
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": format!("apidiscovery.k8s.io/{version}"),
        "metadata": {},
        "items": items,
    })
}

fn of_group(group: &Group) -> Value {
    let versions: Vec<Value> = group.versions.iter().map(of_version).collect();
    let metadata = if group.name.is_empty() { json!({}) } else { json!({"name": group.name}) };
    json!({"metadata": metadata, "versions": versions})
}

fn of_version(version: &Version) -> Value {
    let resources: Vec<Value> = version.resources.iter().map(|r| of_resource(r)).collect();
    json!({"version": version.name, "resources": resources, "freshness": "Current"})
}

fn of_resource(resource: &Resource) -> Value {
    let mut entry = json!({
        "resource": resource.plural,
        "responseKind": kind(&resource.group, &resource.version, &resource.kind),
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular,
        "verbs": resource.verbs,
    });
    legacy::names(&mut entry, resource);
    let subresources = legacy::subresources(resource);
    if !subresources.is_empty() {
        let entries = subresources.into_iter().map(|s| of_subresource(resource, s));
        entry["subresources"] = entries.collect();
    }
    entry
}

fn of_subresource(resource: &Resource, subresource: &Subresource) -> Value {
    let own = (resource.group.as_str(), resource.version.as_str(), resource.kind.as_str());
    let (group, version, name) = subresource.body.unwrap_or(own);
    json!({
        "subresource": subresource.name,
        "responseKind": kind(group, version, name),
        "verbs": subresource.verbs,
    })
}

fn kind(group: &str, version: &str, kind: &str) -> Value {
    json!({"group": group, "version": version, "kind": kind})
}
