//! Objects for unit tests, in the namespace `default` and without UIDs.

use serde_json::{Value, json};

use super::Object;

/// An object of the group of Cluster API with owners of that group.
pub(crate) fn object(kind: &str, name: &str, owners: &[(&str, &str)]) -> Object {
    with_spec("cluster.x-k8s.io/v1beta2", kind, name, owners, &Value::Null)
}

/// An object of the core group with owners of the group of Cluster API.
pub(crate) fn core(kind: &str, name: &str, owners: &[(&str, &str)]) -> Object {
    with_spec("v1", kind, name, owners, &Value::Null)
}

/// An object of any group with a spec, with owners of the group of Cluster API.
pub(crate) fn with_spec(
    api_version: &str,
    kind: &str,
    name: &str,
    owners: &[(&str, &str)],
    spec: &Value,
) -> Object {
    let group = "cluster.x-k8s.io/v1beta2";
    let owner =
        |(kind, name): &(&str, &str)| json!({"apiVersion": group, "kind": kind, "name": name});
    let owners: Vec<Value> = owners.iter().map(owner).collect();
    let mut value = json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"namespace": "default", "name": name, "ownerReferences": owners},
    });
    if !spec.is_null() {
        value["spec"] = spec.clone();
    }
    Object::from_value(value).expect("a well-formed object")
}
