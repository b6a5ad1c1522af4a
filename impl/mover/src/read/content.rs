//! The content of an object: what is sent, and what both sides compare.

use fulcrum_model::digest::Digest;
use fulcrum_model::transform::{is_bookkeeping, paused_by, strip, unpause};
use serde_json::{Map, Value};

/// The digest of the content of an object, in the canonical form and without finalizers: a
/// controller may add its own to a paused object, and the clean-up takes them away.
pub(crate) fn digest(value: &Value) -> Digest {
    let mut value = value.clone();
    if let Some(metadata) = metadata(&mut value) {
        metadata.remove("finalizers");
    }
    Digest::of(&value)
}

/// What is sent of an object: without what a server sets but for its managers, without the mover's
/// pause and notes, and without the owners at these positions.
pub(crate) fn sent(value: &Value, left_owners: &[usize]) -> Value {
    let mut sent = value.clone();
    if let Some(mark) = paused_by(&sent).map(str::to_owned) {
        unpause(&mut sent, &mark);
    }
    let managers = value.pointer("/metadata/managedFields").cloned();
    strip(&mut sent);
    let Some(metadata) = metadata(&mut sent) else { return sent };
    if let Some(managers) = managers {
        metadata.insert("managedFields".to_owned(), managers);
    }
    if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
        annotations.retain(|key, _| !is_bookkeeping(key));
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
    if let Some(Value::Array(owners)) = metadata.get_mut("ownerReferences") {
        let mut position = 0..;
        owners.retain(|_| position.next().is_some_and(|at| !left_owners.contains(&at)));
        if owners.is_empty() {
            metadata.remove("ownerReferences");
        }
    }
    sent
}

fn metadata(value: &mut Value) -> Option<&mut Map<String, Value>> {
    value.get_mut("metadata")?.as_object_mut()
}

#[cfg(test)]
mod tests {
    use fulcrum_model::transform::pause;
    use serde_json::json;

    use super::*;

    fn cluster() -> Value {
        json!({
            "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Cluster",
            "metadata": {
                "name": "c", "namespace": "n", "uid": "u", "resourceVersion": "7",
                "managedFields": [{"manager": "kubectl"}], "finalizers": ["f"],
                "ownerReferences": [{"name": "a"}, {"name": "b"}],
            },
            "spec": {"a": 1}, "status": {"phase": "Provisioned"},
        })
    }

    #[test]
    fn what_is_sent_has_neither_pause_nor_status_nor_left_owner() {
        let mut paused = cluster();
        pause(&mut paused, "m");
        let expected = json!({
            "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Cluster",
            "metadata": {
                "name": "c", "namespace": "n", "managedFields": [{"manager": "kubectl"}],
                "finalizers": ["f"], "ownerReferences": [{"name": "b"}],
            },
            "spec": {"a": 1},
        });
        assert_eq!(sent(&paused, &[0]), expected);
        assert_eq!(digest(&sent(&paused, &[])), digest(&cluster()));
    }

    #[test]
    fn finalizers_do_not_count_and_content_does() {
        let mut other = cluster();
        other["metadata"]["finalizers"] = json!([]);
        assert_eq!(digest(&other), digest(&cluster()));
        other["spec"]["a"] = json!(2);
        assert_ne!(digest(&other), digest(&cluster()));
    }
}
