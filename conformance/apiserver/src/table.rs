//! Objects as `kubectl get` shows them: tables, and objects cut down to their metadata.
//!
//! Custom resources have the columns of their definition (`custom`, with `jsonpath`), built-in
//! kinds those of Kubernetes (`builtin` says which, `columns` how they are headed, `basic` and
//! `workloads` what stands in them). `age` prints times.
//!
//! **Invariant:** every row has as many cells as there are columns.

mod age;
mod basic;
mod builtin;
mod cells;
mod columns;
mod custom;
mod jsonpath;
#[cfg(test)]
mod tests;
mod workloads;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::registry::Resource;

const META: &str = "meta.k8s.io/v1";

/// What a row holds beside its cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Include {
    /// Nothing.
    None,
    /// The metadata of the object.
    #[default]
    Metadata,
    /// The whole object.
    Object,
}

/// The `Table` of a list or of one object. A watch has columns in its first event only.
#[must_use]
pub fn table(
    resource: &Resource,
    list: &Value,
    include: Include,
    now: Timestamp,
    with_columns: bool,
) -> Value {
    let shape = Columns::of(resource);
    let objects = items(list).unwrap_or(std::slice::from_ref(list));
    let row = |object: &Value| {
        let mut row = json!({
            "cells": shape.cells(object, now),
            "object": included(resource, object, include),
        });
        if let Columns::Builtin(printer) = &shape
            && let Some(conditions) = printer.conditions(object)
        {
            row["conditions"] = conditions;
        }
        row
    };
    let rows: Vec<Value> = objects.iter().map(row).collect();
    json!({
        "kind": "Table",
        "apiVersion": META,
        "metadata": list_metadata(list),
        "columnDefinitions": if with_columns { shape.heads().into() } else { Value::Null },
        "rows": rows,
    })
}

/// The `PartialObjectMetadata` of an object, or the list of those of a list.
#[must_use]
pub fn partial(object_or_list: &Value) -> Value {
    let Some(items) = items(object_or_list) else {
        return partial_object(object_or_list);
    };
    let items: Vec<Value> = items.iter().map(partial_object).collect();
    json!({
        "kind": "PartialObjectMetadataList",
        "apiVersion": META,
        "metadata": list_metadata(object_or_list),
        "items": items,
    })
}

/// Where the columns come from.
enum Columns {
    Builtin(&'static builtin::Printer),
    Custom(custom::Columns),
}

impl Columns {
    fn of(resource: &Resource) -> Self {
        match &resource.custom {
            Some(custom) => Self::Custom(custom::Columns::new(&custom.columns)),
            None => Self::Builtin(builtin::printer(&resource.group, &resource.plural)),
        }
    }

    fn heads(&self) -> Vec<Value> {
        match self {
            Self::Builtin(printer) => printer.heads(),
            Self::Custom(columns) => columns.heads(),
        }
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        match self {
            Self::Builtin(printer) => printer.cells(object, now),
            Self::Custom(columns) => columns.cells(object, now),
        }
    }
}

/// The items, if this is a list: lists have no names, whatever their kind is called.
fn items(list: &Value) -> Option<&[Value]> {
    let is_list = list.pointer("/metadata/name").is_none();
    list.get("items").filter(|_| is_list)?.as_array().map(Vec::as_slice)
}

fn list_metadata(list: &Value) -> Value {
    let keep = |key: &str| {
        let value = list.get("metadata")?.get(key)?;
        let empty = value.is_null() || value.as_str() == Some("");
        (!empty).then(|| (key.to_owned(), value.clone()))
    };
    let keys = ["resourceVersion", "continue", "remainingItemCount"];
    Value::Object(keys.into_iter().filter_map(keep).collect())
}

fn partial_object(object: &Value) -> Value {
    let mut metadata =
        object.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
    metadata.retain(|_, value| !value.is_null());
    json!({"kind": "PartialObjectMetadata", "apiVersion": META, "metadata": metadata})
}

fn included(resource: &Resource, object: &Value, include: Include) -> Value {
    let ends_list = object.pointer("/metadata/annotations/k8s.io~1initial-events-end").is_some();
    match include {
        Include::None if !ends_list => Value::Null,
        Include::None | Include::Metadata => partial_object(object),
        Include::Object => {
            let mut whole: Map<String, Value> = object.as_object().cloned().unwrap_or_default();
            whole.entry("apiVersion").or_insert_with(|| resource.api_version().into());
            whole.entry("kind").or_insert_with(|| resource.kind.clone().into());
            Value::Object(whole)
        }
    }
}
