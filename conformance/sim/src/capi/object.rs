//! Reading and writing objects of Cluster API: fields by dotted path, metadata by name.

use serde_json::{Map, Value, json};

use crate::api::resources::Res;

/// The label and the field value that tie an object to its cluster.
pub(crate) const CLUSTER_NAME: &str = "cluster.x-k8s.io/cluster-name";
/// Marks machines of the control plane; its value is empty.
pub(crate) const CONTROL_PLANE: &str = "cluster.x-k8s.io/control-plane";
/// Names the control plane that a machine belongs to.
pub(crate) const CONTROL_PLANE_NAME: &str = "cluster.x-k8s.io/control-plane-name";
/// Names the `MachineDeployment` that an object belongs to.
pub(crate) const DEPLOYMENT_NAME: &str = "cluster.x-k8s.io/deployment-name";
/// Names the `MachineSet` that an object belongs to.
pub(crate) const SET_NAME: &str = "cluster.x-k8s.io/set-name";
/// Tells the `MachineSets` of one `MachineDeployment` apart.
pub(crate) const TEMPLATE_HASH: &str = "machine-template-hash";
/// The annotation that stops the reconciles of one object.
pub(crate) const PAUSED: &str = "cluster.x-k8s.io/paused";
/// Counts the revisions of a `MachineDeployment`.
pub(crate) const REVISION: &str = "machinedeployment.clusters.x-k8s.io/revision";
/// Names the template that an object was cloned from.
pub(crate) const CLONED_FROM_NAME: &str = "cluster.x-k8s.io/cloned-from-name";
/// Group and kind of that template.
pub(crate) const CLONED_FROM_KIND: &str = "cluster.x-k8s.io/cloned-from-groupkind";
/// When the certificates of a control plane machine expire.
pub(crate) const CERTIFICATES_EXPIRY: &str = "machine.cluster.x-k8s.io/certificates-expiry";
/// The `apiVersion` of the core kinds.
pub(crate) const CORE_VERSION: &str = "cluster.x-k8s.io/v1beta2";

static NULL: Value = Value::Null;

/// The field at a dotted path; null if it is not there.
pub(crate) fn at<'a>(object: &'a Value, path: &str) -> &'a Value {
    path.split('.').try_fold(object, |value, key| value.get(key)).unwrap_or(&NULL)
}

/// The text at a dotted path; empty if there is none.
pub(crate) fn text<'a>(object: &'a Value, path: &str) -> &'a str {
    at(object, path).as_str().unwrap_or_default()
}

/// The number at a dotted path.
pub(crate) fn int(object: &Value, path: &str) -> Option<i64> {
    at(object, path).as_i64()
}

/// Whether `true` stands at a dotted path.
pub(crate) fn flag(object: &Value, path: &str) -> bool {
    at(object, path).as_bool().unwrap_or_default()
}

/// Writes a field, and the maps on the way to it.
pub(crate) fn put(object: &mut Value, path: &str, value: Value) {
    let mut place = object;
    for key in path.split('.') {
        place = map(place).entry(key).or_insert(Value::Null);
    }
    *place = value;
}

/// Removes a field.
pub(crate) fn cut(object: &mut Value, path: &str) {
    let (parent, key) = path.rsplit_once('.').unwrap_or(("", path));
    let mut place = object;
    for step in parent.split('.').filter(|step| !step.is_empty()) {
        match place.get_mut(step) {
            Some(next) => place = next,
            None => return,
        }
    }
    if let Some(fields) = place.as_object_mut() {
        fields.remove(key);
    }
}

fn map(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("it was made an object")
}

/// The name.
pub(crate) fn name(object: &Value) -> &str {
    text(object, "metadata.name")
}

/// The namespace.
pub(crate) fn namespace(object: &Value) -> &str {
    text(object, "metadata.namespace")
}

/// The uid.
pub(crate) fn uid(object: &Value) -> &str {
    text(object, "metadata.uid")
}

/// The generation.
pub(crate) fn generation(object: &Value) -> i64 {
    int(object, "metadata.generation").unwrap_or_default()
}

/// The kind.
pub(crate) fn kind(object: &Value) -> &str {
    text(object, "kind")
}

/// Whether it is being deleted.
pub(crate) fn is_deleting(object: &Value) -> bool {
    !at(object, "metadata.deletionTimestamp").is_null()
}

/// A label; `None` if it is not there.
pub(crate) fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    at(object, "metadata.labels").get(key)?.as_str()
}

/// An annotation; `None` if it is not there.
pub(crate) fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    at(object, "metadata.annotations").get(key)?.as_str()
}

/// Sets a label.
pub(crate) fn set_label(object: &mut Value, key: &str, value: &str) {
    let metadata = map(object).entry("metadata").or_insert(Value::Null);
    let labels = map(metadata).entry("labels").or_insert(Value::Null);
    map(labels).insert(key.to_owned(), json!(value));
}

/// Sets an annotation.
pub(crate) fn set_annotation(object: &mut Value, key: &str, value: &str) {
    let metadata = map(object).entry("metadata").or_insert(Value::Null);
    let annotations = map(metadata).entry("annotations").or_insert(Value::Null);
    map(annotations).insert(key.to_owned(), json!(value));
}

/// Removes an annotation.
pub(crate) fn remove_annotation(object: &mut Value, key: &str) {
    if let Some(all) = object["metadata"]["annotations"].as_object_mut() {
        all.remove(key);
    }
}

/// The names of annotations that begin with `prefix`, in order.
pub(crate) fn annotations_with(object: &Value, prefix: &str) -> Vec<String> {
    let all = at(object, "metadata.annotations").as_object();
    let mut found: Vec<String> = all
        .map(|all| all.keys().filter(|key| key.starts_with(prefix)).cloned().collect())
        .unwrap_or_default();
    found.sort();
    found
}

/// Whether a finalizer is set.
pub(crate) fn has_finalizer(object: &Value, finalizer: &str) -> bool {
    let all = at(object, "metadata.finalizers").as_array();
    all.is_some_and(|all| all.iter().any(|one| one == finalizer))
}

/// Takes a finalizer off.
pub(crate) fn remove_finalizer(object: &mut Value, finalizer: &str) {
    if let Some(all) = object["metadata"]["finalizers"].as_array_mut() {
        all.retain(|one| one != finalizer);
    }
}

/// The owner references.
pub(crate) fn owners(object: &Value) -> &[Value] {
    at(object, "metadata.ownerReferences").as_array().map_or(&[], Vec::as_slice)
}

/// The owner that controls the object.
pub(crate) fn controller(object: &Value) -> Option<&Value> {
    owners(object).iter().find(|owner| flag(owner, "controller"))
}

/// Whether `owner` controls the object, by uid.
pub(crate) fn is_controlled_by(object: &Value, owner: &Value) -> bool {
    controller(object).is_some_and(|reference| text(reference, "uid") == uid(owner))
}

/// Whether one of the owners is of this resource.
pub(crate) fn owner_of<'a>(object: &'a Value, res: &Res) -> Option<&'a Value> {
    owners(object).iter().find(|owner| res.is(owner))
}

/// Whether `owner` (of resource `res`) is among the owners, by group, kind and name.
pub(crate) fn is_owned_by(object: &Value, res: &Res, owner: &Value) -> bool {
    owners(object).iter().any(|one| res.is(one) && text(one, "name") == name(owner))
}

/// A reference to an owner that neither controls nor blocks.
pub(crate) fn plain_owner(res: &Res, owner: &Value) -> Value {
    json!({
        "apiVersion": res.api_version(), "kind": res.kind,
        "name": name(owner), "uid": uid(owner),
    })
}

/// A reference to an owner that controls and blocks.
pub(crate) fn controlling_owner(res: &Res, owner: &Value) -> Value {
    let mut reference = plain_owner(res, owner);
    put(&mut reference, "controller", json!(true));
    put(&mut reference, "blockOwnerDeletion", json!(true));
    reference
}

fn is_same_owner(one: &Value, other: &Value) -> bool {
    let group = |value: &Value| {
        let version = text(value, "apiVersion");
        version.rsplit_once('/').map_or("", |(group, _)| group).to_owned()
    };
    group(one) == group(other) && one["kind"] == other["kind"] && one["name"] == other["name"]
}

/// Puts an owner reference in the place of the one to the same object, or at the end.
pub(crate) fn ensure_owner(object: &mut Value, reference: &Value) {
    let mut all = owners(object).to_vec();
    match all.iter_mut().find(|one| is_same_owner(one, reference)) {
        Some(one) => *one = reference.clone(),
        None => all.push(reference.clone()),
    }
    put(object, "metadata.ownerReferences", json!(all));
}

/// Removes the owner references that `drop` says.
pub(crate) fn remove_owners(object: &mut Value, drop: impl Fn(&Value) -> bool) {
    let mut all = owners(object).to_vec();
    all.retain(|one| !drop(one));
    put(object, "metadata.ownerReferences", json!(all));
}

/// Whether exactly this reference is there, its `blockOwnerDeletion` aside.
pub(crate) fn has_exact_owner(object: &Value, reference: &Value) -> bool {
    owners(object).iter().any(|one| {
        is_same_owner(one, reference)
            && one["uid"] == reference["uid"]
            && flag(one, "controller") == flag(reference, "controller")
    })
}

/// Whether the labels of an object match `matchLabels` of a selector (`matchExpressions` are not
/// used by what is simulated); an empty selector matches nothing.
pub(crate) fn selects(selector: &Value, object: &Value) -> bool {
    let Some(wanted) = at(selector, "matchLabels").as_object() else { return false };
    !wanted.is_empty() && wanted.iter().all(|(key, value)| label(object, key) == value.as_str())
}

/// A selector as text: `key=value,key=value`, in order of keys.
pub(crate) fn selector_text(selector: &Value) -> String {
    let wanted = at(selector, "matchLabels").as_object();
    let mut parts: Vec<String> = wanted
        .map(|all| {
            all.iter().map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default())).collect()
        })
        .unwrap_or_default();
    parts.sort();
    parts.join(",")
}

/// Whether a machine belongs to the control plane.
pub(crate) fn is_control_plane(machine: &Value) -> bool {
    label(machine, CONTROL_PLANE).is_some()
}

/// The name of the cluster that an object belongs to, by its spec or by its label.
pub(crate) fn cluster_of(object: &Value) -> &str {
    match text(object, "spec.clusterName") {
        "" => label(object, CLUSTER_NAME).unwrap_or_default(),
        name => name,
    }
}
