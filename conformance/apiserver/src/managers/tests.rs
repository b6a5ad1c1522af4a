//! The entries after updates, as recorded.

mod applying;

use serde_json::{Value, json};

use super::*;
use crate::schema::Schema;

const V1: &str = "sim.example.com/v1";

fn widget() -> Schema {
    Schema::parse(&json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {
            "size": {"type": "integer"}, "color": {"type": "string"}, "code": {"type": "string"},
            "ports": {"type": "array", "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "properties": {"name": {"type": "string"},
                    "port": {"type": "integer", "default": 80},
                    "protocol": {"type": "string"}}}},
            "tags": {"type": "array", "x-kubernetes-list-type": "set",
                "items": {"type": "string"}},
            "steps": {"type": "array", "items": {"type": "string"}},
            "settings": {"type": "object", "additionalProperties": {"type": "string"}},
            "pair": {"type": "object", "x-kubernetes-map-type": "atomic",
                "properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
            "nested": {"type": "object", "properties": {"level": {"type": "integer"}}}}},
        "status": {"type": "object", "properties": {"phase": {"type": "string"}}}}}))
    .expect("the schema is valid")
}

fn who<'a>(manager: &'a str, subresource: &'a str) -> Who<'a> {
    Who {
        manager,
        operation: Operation::Update,
        version: V1,
        subresource,
        time: "2026-01-01T00:00:00Z",
    }
}

fn object(metadata: Value, spec: Value) -> Value {
    let mut object = json!({"apiVersion": V1, "kind": "Widget", "metadata": {"name": "a"}});
    for (name, value) in metadata.as_object().expect("metadata is an object") {
        object["metadata"][name] = value.clone();
    }
    object["spec"] = spec;
    object
}

fn stored(mut object: Value) -> Value {
    object["metadata"]["uid"] = json!("u");
    object
}

fn put(live: Option<&Value>, new: Value, manager: &str) -> Value {
    stored(update(live, new, &widget(), &["status"], &who(manager, "")))
}

fn lay(live: Option<&Value>, config: &Value, force: bool, manager: &str) -> Result<Value, Status> {
    let by = who(manager, "");
    apply(live, config, &widget(), &["status"], force, &by).map(stored)
}

fn laid(live: Option<&Value>, config: &Value, manager: &str) -> Value {
    lay(live, config, false, manager).expect("nobody is in the way")
}

/// The fields of an entry, null if there is none.
fn fields(object: &Value, manager: &str) -> Value {
    let entries = object["metadata"]["managedFields"].as_array();
    entries
        .into_iter()
        .flatten()
        .find(|entry| entry["manager"] == manager)
        .map_or(Value::Null, |entry| entry["fieldsV1"].clone())
}

fn created() -> Value {
    let metadata = json!({"labels": {"l": "x"}, "annotations": {"n": "y"},
        "finalizers": ["x.example.com/f"]});
    let spec = json!({"size": 1, "color": "red", "nested": {"level": 3},
        "ports": [{"name": "x", "port": 80}], "tags": ["t"], "steps": ["s"],
        "settings": {"a": "1"}});
    put(None, object(metadata, spec), "creator")
}

fn of_creator() -> Value {
    json!({"f:metadata": {"f:annotations": {".": {}, "f:n": {}},
            "f:finalizers": {".": {}, "v:\"x.example.com/f\"": {}},
            "f:labels": {".": {}, "f:l": {}}},
        "f:spec": {".": {}, "f:color": {}, "f:nested": {".": {}, "f:level": {}},
            "f:ports": {".": {}, "k:{\"name\":\"x\"}": {".": {}, "f:name": {}, "f:port": {}}},
            "f:settings": {".": {}, "f:a": {}}, "f:size": {}, "f:steps": {},
            "f:tags": {".": {}, "v:\"t\"": {}}}})
}

fn without(mut fields: Value, field: &str) -> Value {
    let spec = fields["f:spec"].as_object_mut().expect("there is a spec");
    spec.remove(field);
    fields
}

#[test]
fn the_creator_owns_all_that_is_there() {
    let made = created();
    assert_eq!(
        made["metadata"]["managedFields"],
        json!([{"manager": "creator", "operation": "Update", "apiVersion": V1,
            "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": of_creator()}])
    );
}

#[test]
fn a_changed_field_changes_hands_and_a_removed_one_is_nobodys() {
    let made = created();
    let mut new = made.clone();
    new["spec"]["size"] = json!(2);
    let patched = put(Some(&made), new, "patcher");
    assert_eq!(fields(&patched, "patcher"), json!({"f:spec": {"f:size": {}}}));
    assert_eq!(fields(&patched, "creator"), without(of_creator(), "f:size"));

    let mut new = patched.clone();
    new["spec"].as_object_mut().expect("spec is an object").remove("settings");
    let removed = put(Some(&patched), new, "remover");
    assert_eq!(fields(&removed, "remover"), Value::Null);
    let left = without(without(of_creator(), "f:size"), "f:settings");
    assert_eq!(fields(&removed, "creator"), left);
    assert_eq!(put(Some(&removed), removed.clone(), "late"), removed);
}

#[test]
fn a_subresource_has_an_entry_of_its_own() {
    let made = created();
    let mut new = made.clone();
    new["status"] = json!({"phase": "Ready"});
    new["metadata"]["managedFields"] = json!([]);
    let by = who("creator", "status");
    let after = update(Some(&made), new, &widget(), &["spec"], &by);
    let entries = after["metadata"]["managedFields"].as_array().map(Vec::len);
    assert_eq!(entries, Some(2));
    assert_eq!(after["metadata"]["managedFields"][1]["subresource"], "status");
    assert_eq!(
        after["metadata"]["managedFields"][1]["fieldsV1"],
        json!({"f:status": {".": {}, "f:phase": {}}})
    );
}

#[test]
fn a_field_that_another_version_lacks_ends_the_tracking() {
    let (with, lacking) = (
        widget(),
        Schema::parse(&json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}})),
    );
    let lacking = lacking.expect("the schema is valid");
    let others = [(V1, &lacking)];
    let tracked = Tracked { others: &others, ..Tracked::new(&with, &[]) };
    let live = put(None, object(json!({}), json!({"size": 1})), "one");
    let mut by = who("two", "");
    by.version = "sim.example.com/v1alpha1";
    let plain = tracked.update(Some(&live), object(json!({}), json!({"size": 2})), &by);
    assert_eq!(fields(&plain, "two"), json!({"f:spec": {"f:size": {}}}));
    let new = object(json!({}), json!({"size": 2, "code": "abc"}));
    let after = tracked.update(Some(&live), new, &by);
    assert_eq!(after["metadata"].get("managedFields"), None);
}

#[test]
fn the_eleventh_update_unites_the_oldest_two() {
    let mut live = put(None, object(json!({}), json!({"settings": {}})), "m00");
    for number in 1..=10 {
        let mut new = live.clone();
        new["spec"]["settings"][format!("k{number}")] = json!("v");
        let (manager, time) = (format!("m{number:02}"), format!("2026-01-01T00:00:{number:02}Z"));
        let mut by = who(&manager, "");
        by.time = &time;
        live = stored(update(Some(&live), new, &widget(), &[], &by));
    }
    let entries = live["metadata"]["managedFields"].as_array().map(Vec::len);
    assert_eq!(entries, Some(10));
    assert_eq!(
        fields(&live, "ancient-changes"),
        json!({"f:spec": {".": {}, "f:settings": {".": {}, "f:k1": {}}}})
    );
}
