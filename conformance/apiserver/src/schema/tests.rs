use serde_json::{Value, json};

use super::{
    Kind, ListType, Schema, default, format, integral, prune, rules_unchecked, validate,
    validate_status, validate_update,
};
use crate::status::{FieldError, GroupKind, Status};

const WORLD: &str = include_str!("../../fixtures/reality/world.json");
const CAPI: &str = include_str!("../../fixtures/reality/world-capi.json");
const INVALID: &str = include_str!("../../fixtures/reality/api/create/schema-invalid.jsonl");
const PRUNING: &str = include_str!("../../fixtures/reality/api/create/pruning.jsonl");
const CLUSTERS: &str = include_str!("../../fixtures/reality/api/capi/cluster-create.jsonl");

/// The schema of the first version of a kind of the recorded worlds.
fn schema(kind: &str) -> Schema {
    for world in [WORLD, CAPI] {
        let objects: Vec<Value> = serde_json::from_str(world).unwrap();
        let found = objects.iter().find(|crd| crd["spec"]["names"]["kind"] == kind);
        if let Some(crd) = found {
            return Schema::parse(&crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
                .unwrap();
        }
    }
    panic!("no kind {kind} in the recorded worlds");
}

fn small(value: Value) -> Schema {
    Schema::parse(&value).unwrap()
}

fn texts(errors: &[FieldError]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

/// Plays the creates of a conversation: refusals cause by cause, warnings, and what is stored.
fn replay(conversation: &str) {
    for line in conversation.lines().skip(1) {
        let step: Value = serde_json::from_str(line).unwrap();
        if step["request"]["method"] != "POST" {
            continue;
        }
        let mut object = step["request"]["body"].clone();
        let kind = object["kind"].as_str().unwrap().to_owned();
        let schema = schema(&kind);
        integral(&mut object);
        let unknown = prune(&mut object, &schema);
        default(&mut object, &schema);
        let mut errors = validate(&object, &schema);
        errors.extend(rules_unchecked(&schema, &errors));

        let answer = &step["response"]["body"];
        if step["response"]["code"] == 201 {
            assert_eq!(texts(&errors), [""; 0], "{step}");
            let mut spec = answer.get("spec").cloned();
            spec.iter_mut().for_each(integral);
            assert_eq!(object.get("spec"), spec.as_ref(), "{step}");
        } else {
            let group = answer["details"]["group"].as_str().unwrap();
            let name = object["metadata"]["name"].as_str().unwrap();
            let status = Status::invalid(&GroupKind::new(group, &kind), name, errors);
            assert_eq!(
                sorted(&status.to_value()["details"]["causes"]),
                sorted(&answer["details"]["causes"])
            );
        }
        let warnings: Vec<String> =
            unknown.iter().map(|path| format!("299 - \"unknown field \\\"{path}\\\"\"")).collect();
        let sent = &step["response"]["headers"]["warning"];
        let sent: Vec<&str> =
            sent.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert_eq!(warnings, sent, "{step}");
    }
}

fn sorted(causes: &Value) -> Vec<String> {
    let mut texts: Vec<String> =
        causes.as_array().into_iter().flatten().map(Value::to_string).collect();
    texts.sort();
    texts
}

#[test]
fn refusals_are_those_of_the_recording() {
    replay(INVALID);
}

#[test]
fn pruning_is_that_of_the_recording() {
    replay(PRUNING);
}

#[test]
fn clusters_are_judged_as_recorded() {
    replay(CLUSTERS);
}

#[test]
fn the_parts_of_a_schema() {
    let widget = schema("Widget");
    let spec = widget.property("spec").unwrap();
    let ports = spec.property("ports").unwrap();
    assert_eq!(
        (widget.kind(), ports.kind(), ports.list_type()),
        (Kind::Object, Kind::Array, ListType::Map(vec!["name".to_owned()]))
    );
    assert_eq!(spec.property("quantity").unwrap().kind(), Kind::IntOrString);
    assert_eq!(spec.property("tags").unwrap().list_type(), ListType::Set);
    assert!(spec.property("pair").unwrap().map_type_atomic());
    assert!(spec.property("embedded").unwrap().is_embedded());
    assert!(spec.property("settings").unwrap().additional().is_some());
    assert!(widget.has_validations() && spec.validations().is_empty());
    assert!(Schema::open().preserves_unknown());
}

#[test]
fn defaults_are_written_into_objects_that_are_there() {
    let widget = schema("Widget");
    let mut object = json!({
        "spec": {"size": 1, "color": null, "note": null, "paused": null, "ports": [{"name": "x"}]},
    });
    default(&mut object, &widget);
    assert_eq!(
        object["spec"],
        json!({
            "size": 1, "color": "red", "note": null, "nested": {"level": 3},
            "ports": [{"name": "x", "port": 80}],
        })
    );
    let mut bare = json!({"spec": null});
    default(&mut bare, &widget);
    assert_eq!(bare, json!({}));
}

#[test]
fn an_unchanged_error_is_forgiven() {
    let schema = small(json!({"type": "object", "properties": {"spec": {
        "type": "object",
        "properties": {
            "a": {"type": "string", "maxLength": 2},
            "b": {"type": "string"},
            "list": {"type": "array", "items": {"type": "string", "maxLength": 2}},
            "map": {
                "type": "array", "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "properties": {
                    "name": {"type": "string"}, "a": {"type": "string", "maxLength": 2},
                }},
            },
        },
    }}}));
    let old = json!({"spec": {
        "a": "long", "list": ["long"], "map": [{"name": "x", "a": "long"}],
    }});
    let touched = json!({"spec": {
        "a": "long", "b": "new", "list": ["long"],
        "map": [{"name": "y"}, {"name": "x", "a": "long", "b": 1}],
    }});
    assert_eq!(texts(&validate_update(&touched, &old, &schema)), [""; 0]);
    let longer = json!({"spec": {"a": "longer", "list": ["long", "x"]}});
    assert_eq!(
        texts(&validate_update(&longer, &old, &schema)),
        [
            "spec.a: Too long: may not be more than 2 bytes",
            "spec.list[0]: Too long: may not be more than 2 bytes",
        ]
    );
}

#[test]
fn repetitions_are_forgiven_if_there_were_some() {
    let widget = schema("Widget");
    let old = json!({"spec": {"size": 1, "tags": ["x", "x"]}});
    let new = json!({"spec": {"size": 2, "tags": ["x", "x", "y", "y"]}});
    assert_eq!(texts(&validate_update(&new, &old, &widget)), [""; 0]);
    let clean = json!({"spec": {"size": 1}});
    assert_eq!(validate_update(&new, &clean, &widget).len(), 2);
}

#[test]
fn a_status_is_named_in_the_field_and_not_in_the_text() {
    let widget = schema("Widget");
    let old = json!({"spec": {}});
    let new = json!({"spec": {}, "status": "x"});
    assert_eq!(
        texts(&validate_status(&new, &old, &widget)),
        ["status: Invalid value: \"string\":  in body must be of type object: \"string\""]
    );
    let new = json!({"status": {"phase": 1, "conditions": [{"type": "Ready"}]}});
    assert_eq!(
        texts(&validate_status(&new, &old, &widget)),
        [
            "status.conditions[0].status: Required value",
            "status.phase: Invalid value: \"integer\": phase in body must be of type string: \
             \"integer\"",
            "status.phase: Unsupported value: 1: supported values: \"Pending\", \"Ready\"",
        ]
    );
}

#[test]
fn exactly_one_alternative() {
    let schema = small(json!({"type": "object", "oneOf": [
        {"required": ["a"]}, {"required": ["b"]},
    ]}));
    assert_eq!(
        texts(&validate(&json!({}), &schema)),
        [
            "<nil>: Invalid value: \"\": \"\" must validate one and only one schema (oneOf). \
             Found none valid",
            "a: Required value",
        ]
    );
    assert_eq!(texts(&validate(&json!({"a": 1}), &schema)), [""; 0]);
    assert_eq!(
        texts(&validate(&json!({"a": 1, "b": 1}), &schema)),
        ["<nil>: Invalid value: \"\": \"\" must validate one and only one schema (oneOf). \
          Found 2 valid alternatives"]
    );
}

#[test]
fn unknown_fields_are_named_by_path() {
    let widget = schema("Widget");
    let mut object = json!({
        "apiVersion": "v", "kind": "Widget", "metadata": {"odd": 1}, "top": 1,
        "spec": {"size": 1, "ports": [{"name": "x", "odd": 1}], "settings": {"any": "x"}},
    });
    assert_eq!(prune(&mut object, &widget), ["spec.ports[0].odd", "top"]);
    assert_eq!(object["metadata"], json!({"odd": 1}));
    assert_eq!(object["spec"]["ports"], json!([{"name": "x"}]));
}

#[test]
fn whole_floats_become_integers() {
    let mut value = json!([1.0, 1000.0, 0.1, 9_007_199_254_740_993_i64, 1e300]);
    integral(&mut value);
    assert_eq!(value, json!([1, 1000, 0.1, 9_007_199_254_740_993_i64, 1e300]));
}

#[test]
fn formats() {
    let good = [
        ("date-time", "2026-01-02T03:04:05.6Z"),
        ("date", "2026-02-28"),
        ("ipv4", "10.0.0.1"),
        ("cidr", "10.0.0.0/8"),
        ("byte", "eA=="),
        ("duration", "1h30m"),
        ("uri", "https://example.com/x"),
        ("uuid", "00000000-1111-2222-3333-444444444444"),
        ("int32", "not checked"),
    ];
    for (name, text) in good {
        assert!(format::fits(name, text), "{name}: {text}");
    }
    let bad = [
        ("date-time", "yesterday"),
        ("date", "2026-02-30"),
        ("ipv4", "10.0.0"),
        ("cidr", "10.0.0.0/33"),
        ("duration", "soon"),
        ("hostname", "-x"),
    ];
    for (name, text) in bad {
        assert!(!format::fits(name, text), "{name}: {text}");
    }
}
