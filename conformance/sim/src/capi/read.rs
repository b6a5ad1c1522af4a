//! Reading what a process has cached, and naming what it makes.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::api::Res;
use crate::capi::object::{CLUSTER_NAME, at, label, name, text};
use crate::runtime::Context;

/// An object, as it is cached.
pub(crate) fn one(cx: &Context, res: &Res, namespace: &str, name: &str) -> Option<Value> {
    cx.caches.get(res, namespace, name).map(Arc::unwrap_or_clone)
}

/// The objects of a namespace, as they are cached, by name.
pub(crate) fn all(cx: &Context, res: &Res, namespace: &str) -> Vec<Arc<Value>> {
    cx.caches.list(res, namespace)
}

/// The objects of a namespace that carry the name of a cluster, by name.
pub(crate) fn of_cluster(
    cx: &Context,
    res: &Res,
    namespace: &str,
    cluster: &str,
) -> Vec<Arc<Value>> {
    let mut found = all(cx, res, namespace);
    found.retain(|object| label(object, CLUSTER_NAME) == Some(cluster));
    found
}

/// A generated name: five letters behind a prefix, cut where names end.
pub(crate) fn generated(cx: &Context, prefix: &str) -> String {
    let mut prefix = format!("{prefix}-");
    prefix.truncate(58);
    format!("{prefix}{}", cx.entropy.suffix())
}

/// The versions of machines and how many have each, the oldest version first.
pub(crate) fn versions<'a>(machines: impl IntoIterator<Item = &'a Value>) -> Value {
    let mut found: Vec<(String, i64)> = Vec::new();
    for machine in machines {
        count(&mut found, text(machine, "spec.version"), 1);
    }
    shown(found)
}

/// The sum of such counts in the status of several objects.
pub(crate) fn sum_versions<'a>(objects: impl IntoIterator<Item = &'a Value>) -> Value {
    let mut found = Vec::new();
    for object in objects {
        for one in at(object, "status.versions").as_array().into_iter().flatten() {
            count(&mut found, text(one, "version"), one["replicas"].as_i64().unwrap_or_default());
        }
    }
    shown(found)
}

fn count(found: &mut Vec<(String, i64)>, version: &str, more: i64) {
    if version.is_empty() {
        return;
    }
    match found.iter_mut().find(|(known, _)| known == version) {
        Some((_, count)) => *count += more,
        None => found.push((version.to_owned(), more)),
    }
}

fn shown(mut found: Vec<(String, i64)>) -> Value {
    found.sort_by_key(|(version, _)| numbers(version));
    let list: Vec<Value> = found
        .into_iter()
        .map(|(version, replicas)| json!({"version": version, "replicas": replicas}))
        .collect();
    if list.is_empty() { Value::Null } else { json!(list) }
}

/// The numbers of a version such as `v1.34.4`.
pub(crate) fn numbers(version: &str) -> Vec<u64> {
    let version = version.trim_start_matches('v');
    let version = version.split(['-', '+']).next().unwrap_or_default();
    version.split('.').map(|part| part.parse().unwrap_or_default()).collect()
}

/// `Machine a is`, `Machines a, b are`, and what follows; nothing without machines.
pub(crate) fn unhealthy_note<'a>(
    machines: impl IntoIterator<Item = &'a Value>,
    what: &str,
) -> String {
    let mut names: Vec<String> =
        machines.into_iter().map(|machine| name(machine).to_owned()).collect();
    names.sort();
    let (noun, verb) = if names.len() == 1 { ("Machine", "is") } else { ("Machines", "are") };
    match names.is_empty() {
        true => String::new(),
        false => format!("{noun} {} {verb} {what}", crate::capi::conditions::listed(&names)),
    }
}
