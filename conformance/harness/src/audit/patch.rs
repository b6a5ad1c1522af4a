//! Facts from a JSON patch: a list of operations on paths.

use super::body::{CLUSTER_NAME, OwnerReference, PAUSED, Reading, annotation_facts, touch};
use crate::history::facts::{Area, Facts, Owner};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Operation<'a> {
    op: String,
    path: String,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
}

impl Operation<'_> {
    /// The value that is put there; nothing where the path is removed.
    fn value<T: for<'de> Deserialize<'de>>(&self) -> Option<T> {
        serde_json::from_str(self.value?.get()).ok()
    }

    fn removes(&self) -> bool {
        self.op == "remove"
    }
}

/// What the operations tell, or nothing when it is no such patch.
pub(crate) fn tell(raw: &RawValue) -> Option<Facts> {
    let operations: Vec<Operation<'_>> = serde_json::from_str(raw.get()).ok()?;
    let mut facts = Facts { touched: Some(BTreeSet::new()), ..Facts::default() };
    for operation in operations.iter().filter(|operation| operation.op != "test") {
        apply(&mut facts, operation);
    }
    Some(facts)
}

fn apply(facts: &mut Facts, operation: &Operation<'_>) {
    let path = unescape(&operation.path);
    match path.as_str() {
        "/spec/paused" => {
            touch(facts, Area::Pause);
            facts.spec_paused = Some(operation.value().unwrap_or(false));
        }
        "/metadata/finalizers" => {
            touch(facts, Area::Finalizers);
            facts.finalizers = Some(operation.value().unwrap_or_default());
        }
        "/metadata/ownerReferences" => {
            touch(facts, Area::Owners);
            let owners: Vec<OwnerReference> = operation.value().unwrap_or_default();
            facts.owners = Some(owners.into_iter().map(Owner::from).collect());
        }
        "/metadata/annotations" => {
            facts.paused_annotation = Some(false);
            annotation_facts(facts, operation.value, Reading::Merge);
        }
        "/spec/replicas" => {
            touch(facts, Area::Spec);
            facts.replicas = operation.value();
        }
        other => apply_below(facts, operation, other),
    }
}

/// An operation somewhere inside of a part.
fn apply_below(facts: &mut Facts, operation: &Operation<'_>, path: &str) {
    if let Some(key) = path.strip_prefix("/metadata/annotations/") {
        touch(facts, Area::Annotations);
        match (key == PAUSED, operation.removes()) {
            (true, removed) => facts.paused_annotation = Some(!removed),
            (false, false) => facts.sets_annotations.push(key.to_owned()),
            (false, true) => {}
        }
    } else if let Some(key) = path.strip_prefix("/metadata/labels") {
        touch(facts, Area::Labels);
        if key.strip_prefix('/') == Some(CLUSTER_NAME) {
            facts.cluster_name = operation.value();
        }
    } else if let Some(area) = area_of(path) {
        touch(facts, area);
    }
}

fn area_of(path: &str) -> Option<Area> {
    let below = |prefix: &str| path.starts_with(prefix);
    let area = match () {
        () if below("/metadata/finalizers") => Area::Finalizers,
        () if below("/metadata/ownerReferences") => Area::Owners,
        () if below("/metadata") => return None,
        () if below("/status/conditions") => Area::Conditions,
        () if below("/status") => Area::Status,
        () => Area::Spec,
    };
    Some(area)
}

/// RFC 6901: `~1` is a slash, `~0` a tilde.
fn unescape(path: &str) -> String {
    path.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(json: &str) -> Facts {
        let raw: &RawValue = serde_json::from_str(json).expect("JSON");
        tell(raw).expect("a patch")
    }

    #[test]
    fn a_mark_that_replaces_all_annotations_is_seen_by_its_key() {
        let told = facts(
            r#"[{"op":"add","path":"/metadata/annotations","value":{"example.com/mark":""}}]"#,
        );
        assert_eq!(told.sets_annotations, ["example.com/mark"]);
        assert_eq!(told.paused_annotation, Some(false), "the others are gone");
        assert!(told.touches_only(&[Area::Annotations]));
    }

    #[test]
    fn pause_finalizers_and_the_escaped_annotation() {
        let told = facts(
            r#"[{"op":"test","path":"/metadata/resourceVersion","value":"7"},
                {"op":"replace","path":"/spec/paused","value":true},
                {"op":"remove","path":"/metadata/finalizers"},
                {"op":"add","path":"/metadata/annotations/cluster.x-k8s.io~1paused","value":""}]"#,
        );
        assert_eq!(told.spec_paused, Some(true));
        assert_eq!(told.finalizers, Some(Vec::new()));
        assert_eq!(told.paused_annotation, Some(true));
        assert!(!told.touches(Area::Spec), "the pause is no other part of the spec");
    }
}
