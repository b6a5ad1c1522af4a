//! The conditions of a namespace that is being emptied.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock;
use crate::status::GroupResource;

/// What is left in a namespace.
#[derive(Clone, Debug, Default)]
pub(super) struct Left {
    /// How many objects of each kind.
    pub(super) by_resource: BTreeMap<GroupResource, usize>,
    /// How many objects with each finalizer.
    pub(super) by_finalizer: BTreeMap<String, usize>,
}

impl Left {
    pub(super) fn is_nothing(&self) -> bool {
        self.by_resource.is_empty()
    }
}

/// Type, status, reason, message.
type Condition = (&'static str, bool, &'static str, String);

fn sorted(mut parts: Vec<String>) -> String {
    parts.sort();
    parts.join(", ")
}

fn remaining(left: &Left) -> Condition {
    if left.by_resource.is_empty() {
        return (
            "NamespaceContentRemaining",
            false,
            "ContentRemoved",
            "All content successfully removed".to_owned(),
        );
    }
    // The dot after a resource without a group is the server's.
    let parts = left.by_resource.iter().map(|(resource, count)| {
        let GroupResource { group, resource } = resource;
        format!("{resource}.{group} has {count} resource instances")
    });
    (
        "NamespaceContentRemaining",
        true,
        "SomeResourcesRemain",
        format!("Some resources are remaining: {}", sorted(parts.collect())),
    )
}

fn finalizers(left: &Left) -> Condition {
    if left.by_finalizer.is_empty() {
        return (
            "NamespaceFinalizersRemaining",
            false,
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished".to_owned(),
        );
    }
    let parts = left
        .by_finalizer
        .iter()
        .map(|(finalizer, count)| format!("{finalizer} in {count} resource instances"));
    (
        "NamespaceFinalizersRemaining",
        true,
        "SomeFinalizersRemain",
        format!(
            "Some content in the namespace has finalizers remaining: {}",
            sorted(parts.collect())
        ),
    )
}

fn all(left: &Left) -> [Condition; 5] {
    [
        (
            "NamespaceDeletionDiscoveryFailure",
            false,
            "ResourcesDiscovered",
            "All resources successfully discovered".to_owned(),
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            false,
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed".to_owned(),
        ),
        (
            "NamespaceDeletionContentFailure",
            false,
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization".to_owned(),
        ),
        remaining(left),
        finalizers(left),
    ]
}

/// The conditions as they should be; `None` when they are. Times change with the status only.
pub(super) fn update(namespace: &Value, left: &Left, now: Timestamp) -> Option<Vec<Value>> {
    let mut conditions = namespace["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let mut changed = false;
    for (kind, is_true, reason, message) in all(left) {
        let status = if is_true { "True" } else { "False" };
        let mut wanted = json!({
            "type": kind,
            "status": status,
            "lastTransitionTime": clock::seconds(now),
            "reason": reason,
            "message": message,
        });
        let Some(old) = conditions.iter_mut().find(|old| old["type"] == kind) else {
            conditions.push(wanted);
            changed = true;
            continue;
        };
        if old["status"] == status {
            wanted["lastTransitionTime"] = old["lastTransitionTime"].clone();
        }
        if *old != wanted {
            *old = wanted;
            changed = true;
        }
    }
    changed.then_some(conditions)
}
