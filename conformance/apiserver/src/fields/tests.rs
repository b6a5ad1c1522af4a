//! Sets, comparisons and merges, most of them as recorded.

use serde_json::{Value, json};

use super::*;
use crate::schema::Schema;

fn widget() -> Schema {
    Schema::parse(&json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {
            "size": {"type": "integer"},
            "ratio": {"type": "number"},
            "ports": {"type": "array", "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "properties": {
                    "name": {"type": "string"},
                    "port": {"type": "integer", "default": 80}}}},
            "tags": {"type": "array", "x-kubernetes-list-type": "set",
                "items": {"type": "string"}},
            "steps": {"type": "array", "items": {"type": "string"}},
            "settings": {"type": "object", "additionalProperties": {"type": "string"}},
            "pair": {"type": "object", "x-kubernetes-map-type": "atomic",
                "properties": {"a": {"type": "string"}}},
            "template": {"type": "object", "x-kubernetes-preserve-unknown-fields": true,
                "properties": {"known": {"type": "string"}}}}}}}))
    .expect("the schema is valid")
}

fn found(old: &Value, new: &Value) -> [Value; 3] {
    let schema = widget();
    let found = compare(Type::root(&schema), old, new);
    [found.removed, found.modified, found.added].map(|set| v1::write(&set))
}

#[test]
fn everything_of_a_new_object_is_added() {
    let new = json!({"metadata": {"labels": {"l": "x"}, "finalizers": ["x.example.com/f"],
            "ownerReferences": [{"uid": "u", "name": "o", "kind": "K", "apiVersion": "v1"}]},
        "spec": {"ports": [{"name": "x", "port": 80}], "tags": ["t"], "steps": ["s"],
            "settings": {"a": "1"}, "size": 1, "pair": {"a": "b"},
            "template": {"known": "k", "free": {"list": [{"x": 1}]}}}});
    let want = json!({
        "f:metadata": {".": {}, "f:labels": {".": {}, "f:l": {}},
            "f:finalizers": {".": {}, "v:\"x.example.com/f\"": {}},
            "f:ownerReferences": {".": {}, "k:{\"uid\":\"u\"}": {}}},
        "f:spec": {".": {}, "f:ports": {".": {},
                "k:{\"name\":\"x\"}": {".": {}, "f:name": {}, "f:port": {}}},
            "f:settings": {".": {}, "f:a": {}}, "f:size": {}, "f:steps": {}, "f:pair": {},
            "f:tags": {".": {}, "v:\"t\"": {}},
            "f:template": {".": {}, "f:known": {}, "f:free": {".": {}, "f:list": {}}}}});
    assert_eq!(found(&json!({}), &new), [json!({}), json!({}), want]);
}

#[test]
fn only_differences_are_found() {
    let old = json!({"spec": {"size": 1, "ratio": 1, "settings": {"a": "1"}, "tags": ["x", "y"],
        "ports": [{"name": "x", "port": 1}], "steps": ["a"]}});
    let new = json!({"spec": {"size": 2, "ratio": 1.0, "settings": {}, "tags": ["y", "z"],
        "ports": [{"name": "x", "port": 2}], "steps": ["b"]}});
    assert_eq!(
        found(&old, &new),
        [
            json!({"f:spec": {"f:settings": {"f:a": {}}, "f:tags": {"v:\"x\"": {}}}}),
            json!({"f:spec": {"f:size": {}, "f:steps": {},
                "f:ports": {"k:{\"name\":\"x\"}": {"f:port": {}}}}}),
            json!({"f:spec": {"f:tags": {"v:\"z\"": {}}}}),
        ]
    );
}

#[test]
fn an_empty_container_is_a_leaf() {
    let [removed, modified, added] = found(&json!({}), &json!({"spec": {}}));
    assert_eq!((removed, modified), (json!({}), json!({})));
    assert_eq!(added, json!({"f:spec": {}}));
}

#[test]
fn items_of_the_same_key_are_one_leaf() {
    let twice = json!({"spec": {"tags": ["x", "x"]}});
    let [removed, _, added] = found(&json!({"spec": {"tags": ["x"]}}), &twice);
    assert_eq!(removed, json!({"f:spec": {"f:tags": {"v:\"x\"": {}}}}));
    assert_eq!(added, json!({"f:spec": {"f:tags": {"v:\"x\"": {}}}}));
}

#[test]
fn the_json_of_a_set_is_read_as_it_was_written() {
    let text = json!({"f:spec": {".": {}, "f:ports": {"k:{\"name\":\"x\",\"port\":1}": {".": {},
        "f:name": {}}}, "f:tags": {"v:\"t\"": {}, "v:1": {}}, "f:list": {"i:3": {}}}});
    let set = v1::read(&text).expect("the fields are valid");
    assert_eq!(v1::write(&set), text);
    assert!(v1::read(&json!({"x:y": {}})).is_err());
    assert!(v1::read(&json!({"f:a": 1})).is_err());
}

#[test]
fn members_come_before_what_is_below() {
    let set = v1::read(&json!({"f:spec": {"f:ports": {"k:{\"name\":\"x\"}": {"f:port": {}}},
        "f:size": {}}}))
    .expect("the fields are valid");
    let paths: Vec<String> = set.paths().iter().map(|steps| path::show(steps)).collect();
    assert_eq!(paths, [".spec.size", ".spec.ports[name=\"x\"].port"]);
}

#[test]
fn differences_go_path_by_path_or_with_contents() {
    let fields = json!({"f:status": {".": {}, "f:phase": {}}, "f:spec": {}});
    let set = v1::read(&fields).expect("the fields are valid");
    let status = Set::of_fields(&["status"]);
    assert_eq!(
        v1::write(&set.difference(&status)),
        json!({"f:status": {"f:phase": {}}, "f:spec": {}})
    );
    assert_eq!(v1::write(&set.difference_with_contents(&status)), json!({"f:spec": {}}));
}

#[test]
fn merged_lists_respect_both_orders() {
    let schema = widget();
    let tags = |live: Value, config: Value| {
        let object = |tags: Value| json!({"spec": {"tags": tags}});
        merge(Type::root(&schema), &object(live), &object(config))["spec"]["tags"].take()
    };
    assert_eq!(tags(json!(["t1", "t2"]), json!(["t3", "t1"])), json!(["t3", "t1", "t2"]));
    assert_eq!(tags(json!(["x"]), json!(["z", "x"])), json!(["z", "x"]));
    assert_eq!(tags(json!(["a"]), json!(["b"])), json!(["a", "b"]));
    assert_eq!(tags(json!(["a", "b", "c"]), json!(["c", "a"])), json!(["b", "c", "a"]));
}

#[test]
fn a_configuration_replaces_leaves_and_keeps_the_rest() {
    let schema = widget();
    let live = json!({"spec": {"size": 1, "pair": {"a": "1"}, "settings": {"a": "1"},
        "ports": [{"name": "x", "port": 1}]}});
    let config = json!({"spec": {"size": 2, "pair": {"b": "2"}, "settings": {"b": "2"},
        "ports": [{"name": "x", "port": 2}, {"name": "y"}]}});
    let want = json!({"spec": {"size": 2, "pair": {"b": "2"}, "settings": {"a": "1", "b": "2"},
        "ports": [{"name": "x", "port": 2}, {"name": "y"}]}});
    assert_eq!(merge(Type::root(&schema), &live, &config), want);
}

#[test]
fn a_removed_item_goes_with_what_is_in_it() {
    let schema = widget();
    let set = v1::read(&json!({"f:spec": {"f:ports": {"k:{\"name\":\"x\"}": {".": {},
        "f:name": {}}}, "f:settings": {"f:a": {}}}}))
    .expect("the fields are valid");
    let object = json!({"spec": {"ports": [{"name": "x", "port": 1}, {"name": "y"}],
        "settings": {"a": "1"}}});
    assert_eq!(
        remove(Type::root(&schema), &object, &set),
        json!({"spec": {"ports": [{"name": "y"}], "settings": null}})
    );
}

#[test]
fn objects_that_do_not_fit_are_told() {
    let schema = widget();
    let errors = |spec: Value| check(Type::root(&schema), &json!({"spec": spec}), false);
    assert_eq!(
        errors(json!({"size": 1, "bogus": 1})),
        [".spec.bogus: field not declared in schema"]
    );
    assert_eq!(
        errors(json!({"size": "x"})),
        [".spec.size: expected numeric (int or float), got string"]
    );
    assert_eq!(
        errors(json!({"ports": [{"name": "x"}, {"name": "x"}]})),
        [".spec.ports: duplicate entries for key [name=\"x\"]"]
    );
    assert_eq!(
        errors(json!({"ports": [{"port": 5}]})),
        [".spec.ports: element 0: associative list with keys has an element that omits all \
             key fields [\"name\"] (and doesn't have default values for any key fields)"]
    );
}
