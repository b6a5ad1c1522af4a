//! The annotation of client-side apply, as server-side apply by `kubectl` respects it.

use serde_json::Value;

use super::conflict::Conflict;
use super::{Who, bare};
use crate::fields::{Set, Type, check, compare, named};

/// The annotation in which `kubectl apply` keeps what it sent.
const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The only manager for which the annotation counts.
const MANAGER: &str = "kubectl";

/// The conflicts that remain: those over fields that client-side apply set and that still have
/// its value are none.
pub(super) fn left_over(
    kind: Type<'_>,
    current: &Value,
    mut conflicts: Vec<Conflict>,
    who: &Who<'_>,
) -> Vec<Conflict> {
    if who.manager == MANAGER
        && let Some(theirs) = set_by_client(kind, current, who.version)
    {
        conflicts.retain(|conflict| !theirs.contains(&conflict.path));
    }
    conflicts
}

fn set_by_client(kind: Type<'_>, current: &Value, version: &str) -> Option<Set> {
    let sent: Value = serde_json::from_str(annotation(current)?).ok()?;
    if sent.get("apiVersion")?.as_str()? != version || !check(kind, &sent, false).is_empty() {
        return None;
    }
    let (sent, current) = (bare(&sent), bare(current));
    let found = compare(kind, &sent, &current);
    let differing = found.modified.union(&found.added).union(&found.removed);
    Some(named(kind, &sent).difference(&differing))
}

/// Writes what was applied into the annotation, if the object has it and `kubectl` applied.
pub(super) fn refresh(applied: &mut Value, config: &Value, who: &Who<'_>) {
    if who.manager != MANAGER || annotation(applied).is_none() {
        return;
    }
    let mut sent = config.clone();
    if let Some(annotations) =
        sent.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut)
    {
        annotations.remove(ANNOTATION);
    }
    if let Some(annotations) =
        applied.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut)
    {
        annotations.insert(ANNOTATION.to_owned(), Value::String(format!("{sent}\n")));
    }
}

fn annotation(object: &Value) -> Option<&str> {
    let value = object.pointer("/metadata/annotations")?.get(ANNOTATION)?;
    value.as_str().filter(|text| !text.is_empty())
}
