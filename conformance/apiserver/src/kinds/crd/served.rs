//! The resources that a definition defines.

use std::sync::Arc;

use serde_json::Value;

use super::{conditions, list, storage_version, text};
use crate::kinds::custom::CustomKind;
use crate::registry::{Custom, Resource, ScalePaths, Subresource};
use crate::schema::Schema;

/// Verbs of a custom resource, in the order of discovery.
const VERBS: &[&str] =
    &["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

/// The resources of a definition, one for each served version; none before it is established.
///
/// Every schema is read anew, so the caller keeps what it gets until the definition changes.
#[must_use]
pub fn resources(definition: &Value) -> Vec<Resource> {
    let spec = &definition["spec"];
    if !conditions::is_true(definition, "Established") {
        return Vec::new();
    }
    let Some(storage) = storage_version(spec) else {
        return Vec::new();
    };
    let group = text(spec, "group");
    let versions = list(spec, "versions");
    let used = |version: &&Value| version["served"] == true || version["storage"] == true;
    let schemas: Vec<(&Value, Schema)> =
        versions.iter().filter(used).map(|version| (version, schema(version))).collect();
    let storage_schema = schemas
        .iter()
        .find(|(version, _)| text(version, "name") == storage)
        .map_or_else(Schema::open, |(_, schema)| schema.clone());
    let is_served = |version: &Value| version["served"] == true;
    let served: Vec<(String, Schema)> = schemas
        .iter()
        .filter(|(version, _)| is_served(version))
        .map(|(version, schema)| (format!("{group}/{}", text(version, "name")), schema.clone()))
        .collect();
    let terminating = conditions::is_true(definition, "Terminating");
    schemas
        .iter()
        .filter(|(version, _)| is_served(version))
        .map(|(version, schema)| {
            let custom = Custom {
                storage_version: storage.to_owned(),
                storage_schema: storage_schema.clone(),
                served: served.clone(),
                columns: list(version, "additionalPrinterColumns").to_vec(),
                deprecated: deprecated(definition, version),
                scale: scale(version),
                terminating,
            };
            resource(definition, version, schema, custom)
        })
        .collect()
}

fn resource(definition: &Value, version: &Value, schema: &Schema, custom: Custom) -> Resource {
    let spec = &definition["spec"];
    let names = &definition["status"]["acceptedNames"];
    let owned = |key: &str| text(names, key).to_owned();
    let texts = |key: &str| {
        let all = list(names, key).iter().filter_map(Value::as_str);
        all.map(str::to_owned).collect::<Vec<_>>()
    };
    let group = text(spec, "group").to_owned();
    let name = text(version, "name").to_owned();
    let status = version["subresources"]["status"].is_object();
    let strategy = CustomKind {
        group: group.clone(),
        version: name.clone(),
        kind: owned("kind"),
        plural: owned("plural"),
        status,
        schema: schema.clone(),
        storage_version: custom.storage_version.clone(),
        storage_schema: custom.storage_schema.clone(),
        scale: custom.scale.clone(),
    };
    let mut subresources = Vec::new();
    if status {
        subresources.push(Subresource::STATUS);
    }
    if custom.scale.is_some() {
        subresources.push(Subresource::SCALE);
    }
    Resource {
        group,
        version: name,
        plural: owned("plural"),
        singular: owned("singular"),
        kind: owned("kind"),
        list_kind: owned("listKind"),
        short_names: texts("shortNames"),
        categories: texts("categories"),
        namespaced: text(spec, "scope") == "Namespaced",
        verbs: VERBS,
        schema: schema.clone(),
        subresources,
        selectable: list(version, "selectableFields")
            .iter()
            .map(|field| text(field, "jsonPath").trim_start_matches('.').to_owned())
            .collect(),
        stored: None,
        custom: Some(custom),
        strategy: Arc::new(strategy),
    }
}

fn schema(version: &Value) -> Schema {
    let schema = &version["schema"]["openAPIV3Schema"];
    // What validation let pass can be read; an old definition may hold anything.
    Schema::parse(schema).unwrap_or_else(|_| Schema::open())
}

fn deprecated(definition: &Value, version: &Value) -> Option<String> {
    if version["deprecated"] != true {
        return None;
    }
    let own = version["deprecationWarning"].as_str();
    Some(own.map_or_else(
        || {
            let group = text(&definition["spec"], "group");
            let kind = text(&definition["status"]["acceptedNames"], "kind");
            format!("{group}/{} {kind} is deprecated", text(version, "name"))
        },
        str::to_owned,
    ))
}

fn scale(version: &Value) -> Option<ScalePaths> {
    let scale = &version["subresources"]["scale"];
    scale.is_object().then(|| ScalePaths {
        spec: text(scale, "specReplicasPath").to_owned(),
        status: text(scale, "statusReplicasPath").to_owned(),
        selector: text(scale, "labelSelectorPath").to_owned(),
    })
}
