//! Strategic merge patch of built-in kinds: maps merge, and so do the lists whose elements have a
//! key. Directives (`$patch`, `$retainKeys`, `$deleteFromPrimitiveList/…`, `$setElementOrder/…`)
//! say what a plain patch cannot.

use serde_json::{Map, Value};

use crate::status::Status;

/// What stands before the name of a list in directives.
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
const ORDER: &str = "$setElementOrder/";

/// How a list merges.
enum Merge {
    /// The patch replaces it.
    Atomic,
    /// Its elements are values, each once.
    Set,
    /// Its elements are maps that this field tells apart.
    By(&'static str),
}

/// How the list `field` of the map at `parent` merges, as Go's types say.
fn merge_of(parent: &str, field: &str) -> Merge {
    match (parent, field) {
        ("metadata", "finalizers") | ("spec", "podCIDRs") => Merge::Set,
        ("metadata", "ownerReferences") => Merge::By("uid"),
        (_, "conditions") | ("status", "addresses") => Merge::By("type"),
        (_, "containers" | "initContainers" | "ephemeralContainers" | "env" | "volumes")
        | (_, "imagePullSecrets" | "secrets") => Merge::By("name"),
        ("spec", "ports") => Merge::By("port"),
        (_, "ports") => Merge::By("containerPort"),
        (_, "volumeMounts") => Merge::By("mountPath"),
        (_, "volumeDevices") => Merge::By("devicePath"),
        (_, "hostAliases") => Merge::By("ip"),
        (_, "topologySpreadConstraints") => Merge::By("topologyKey"),
        ("spec", "taints") => Merge::By("key"),
        _ => Merge::Atomic,
    }
}

/// The live object with the patch laid over it.
///
/// # Errors
/// 400 for a directive that nobody knows, or an element without the field that tells it apart.
pub fn apply(live: &Value, patch: Map<String, Value>) -> Result<Value, Status> {
    let merged = merge_map("", live.as_object().cloned().unwrap_or_default(), patch)?;
    Ok(Value::Object(merged))
}

fn merge_map(
    name: &str,
    mut live: Map<String, Value>,
    mut patch: Map<String, Value>,
) -> Result<Map<String, Value>, Status> {
    match patch.remove("$patch").as_ref().and_then(Value::as_str) {
        None => {}
        Some("replace") => return Ok(fresh_map(patch)),
        Some("delete") => return Ok(Map::new()),
        Some("merge") => {}
        Some(other) => {
            return Err(Status::bad_request(format!("Unknown patch type found: {other}")));
        }
    }
    if let Some(Value::Array(kept)) = patch.remove("$retainKeys") {
        live.retain(|key, _| kept.iter().any(|name| name == key.as_str()));
    }
    let mut orders = Map::new();
    for (key, value) in patch {
        if let Some(list) = key.strip_prefix(DELETE_FROM) {
            delete_from(&mut live, list, &value);
        } else if let Some(list) = key.strip_prefix(ORDER) {
            orders.insert(list.to_owned(), value);
        } else {
            merge_field(name, &mut live, key, value)?;
        }
    }
    for (list, order) in orders {
        reorder(name, &mut live, &list, &order);
    }
    Ok(live)
}

fn merge_field(
    name: &str,
    live: &mut Map<String, Value>,
    key: String,
    patch: Value,
) -> Result<(), Status> {
    let merged = match (live.remove(&key), patch) {
        (_, Value::Null) => return Ok(()),
        (Some(Value::Object(before)), Value::Object(patch)) => {
            Value::Object(merge_map(&key, before, patch)?)
        }
        (Some(Value::Array(before)), Value::Array(patch)) => {
            Value::Array(merge_list(name, &key, before, patch)?)
        }
        (_, Value::Array(patch)) => Value::Array(merge_list(name, &key, Vec::new(), patch)?),
        (_, Value::Object(patch)) => Value::Object(merge_map(&key, Map::new(), patch)?),
        (_, other) => other,
    };
    live.insert(key, merged);
    Ok(())
}

/// What a patch makes where nothing was: without directives and nulls.
fn fresh_map(patch: Map<String, Value>) -> Map<String, Value> {
    patch
        .into_iter()
        .filter(|(key, value)| !key.starts_with('$') && !value.is_null())
        .map(|(key, value)| (key, fresh(value)))
        .collect()
}

fn fresh(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(fresh_map(map)),
        other => other,
    }
}

fn merge_list(
    name: &str,
    field: &str,
    live: Vec<Value>,
    patch: Vec<Value>,
) -> Result<Vec<Value>, Status> {
    match merge_of(name, field) {
        Merge::Atomic => Ok(patch),
        Merge::Set => {
            let only = live.iter().filter(|item| !patch.contains(item)).cloned().collect();
            Ok(interleave(only, patch, &live, |a, b| a == b))
        }
        Merge::By(key) => merge_keyed(field, key, live, patch),
    }
}

fn merge_keyed(
    field: &str,
    key: &str,
    live: Vec<Value>,
    patch: Vec<Value>,
) -> Result<Vec<Value>, Status> {
    let directive = |item: &Value, what: &str| item["$patch"] == what;
    if patch.iter().any(|item| directive(item, "replace")) {
        return Ok(patch.into_iter().filter(|item| !directive(item, "replace")).collect());
    }
    let same = |a: &Value, b: &Value| a[key] == b[key];
    let mut merged = Vec::new();
    let mut gone = Vec::new();
    for item in patch {
        let Some(map) = item.as_object().filter(|map| map.contains_key(key)) else {
            return Err(Status::bad_request(format!(
                "an element of {field} does not contain declared merge key: {key}"
            )));
        };
        if directive(&item, "delete") {
            gone.push(item);
            continue;
        }
        let before = live.iter().find(|other| same(other, &item));
        let before = before.and_then(Value::as_object).cloned().unwrap_or_default();
        merged.push(Value::Object(merge_map("", before, map.clone())?));
    }
    let left = |item: &&Value| !gone.iter().chain(&merged).any(|other| same(other, item));
    let only: Vec<Value> = live.iter().filter(left).cloned().collect();
    Ok(interleave(only, merged, &live, same))
}

/// Both lists in one. Each keeps its order; between them the order of the live list decides, and
/// what that does not know comes first if it is the patch's.
fn interleave(
    left: Vec<Value>,
    right: Vec<Value>,
    live: &[Value],
    same: impl Fn(&Value, &Value) -> bool,
) -> Vec<Value> {
    let place = |item: &Value| live.iter().position(|other| same(other, item));
    let mut all = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    loop {
        let first = match (left.peek(), right.peek()) {
            (None, None) => return all,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(a), Some(b)) => matches!((place(a), place(b)), (Some(a), Some(b)) if a < b),
        };
        all.extend(if first { left.next() } else { right.next() });
    }
}

fn delete_from(live: &mut Map<String, Value>, list: &str, gone: &Value) {
    let gone = gone.as_array().cloned().unwrap_or_default();
    if let Some(Value::Array(items)) = live.get_mut(list) {
        items.retain(|item| !gone.contains(item));
    }
}

/// Puts the elements that a directive names into its order.
fn reorder(name: &str, live: &mut Map<String, Value>, list: &str, order: &Value) {
    let (Some(Value::Array(items)), Some(order)) = (live.get_mut(list), order.as_array()) else {
        return;
    };
    let merge = merge_of(name, list);
    let same = |a: &Value, b: &Value| match merge {
        Merge::By(key) => a[key] == b[key],
        Merge::Set | Merge::Atomic => a == b,
    };
    let rank = |item: &Value| order.iter().position(|other| same(other, item));
    let (mut named, others): (Vec<Value>, Vec<Value>) =
        items.drain(..).partition(|item| rank(item).is_some());
    named.sort_by_key(|item| rank(item));
    let before: Vec<Value> = others.iter().chain(&named).cloned().collect();
    *items = interleave(others, named, &before, same);
}
