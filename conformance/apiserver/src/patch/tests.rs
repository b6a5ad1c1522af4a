use serde_json::{Value, json};

use super::{Kind, apply};

fn patched(kind: Kind, live: &Value, patch: &Value) -> Result<Value, u16> {
    apply(kind, live, patch.to_string().as_bytes()).map_err(|status| status.code)
}

fn widget() -> Value {
    json!({"spec": {"size": 1, "steps": ["x", "y"]}})
}

#[test]
fn json_patch_changes_maps_and_lists() {
    let patch = json!([
        {"op": "test", "path": "/spec/size", "value": 1},
        {"op": "add", "path": "/spec/steps/-", "value": "z"},
        {"op": "add", "path": "/spec/steps/0", "value": "w"},
        {"op": "remove", "path": "/spec/steps/-1"},
        {"op": "copy", "from": "/spec/steps/0", "path": "/spec/a~1b"},
        {"op": "move", "from": "/spec/size", "path": "/spec/c~0d"},
        {"op": "replace", "path": "/spec/new", "value": true},
        {"op": "test", "path": "/spec/none", "value": null},
    ]);
    assert_eq!(
        patched(Kind::Json, &widget(), &patch),
        Ok(json!({"spec": {"steps": ["w", "x", "y"], "a/b": "w", "c~d": 1, "new": true}}))
    );
}

#[test]
fn json_patch_fails_with_the_same_answer_each_time() {
    for patch in [
        json!([{"op": "test", "path": "/spec/size", "value": 2}]),
        json!([{"op": "test", "path": "/spec/none", "value": 2}]),
        json!([{"op": "remove", "path": "/spec/none"}]),
        json!([{"op": "add", "path": "/metadata/labels/x", "value": "y"}]),
        json!([{"op": "add", "path": "/spec/size/x", "value": "y"}]),
        json!([{"op": "add", "path": "/spec/steps/7", "value": "z"}]),
        json!([{"op": "replace", "path": "/spec/steps/2", "value": "z"}]),
        json!([{"op": "frobnicate", "path": "/data/x", "value": 1}]),
        json!([{"op": "add", "value": 1}]),
        json!([{"op": "add", "path": "/a", "value": 1}, {"op": "remove", "path": "/b"}]),
    ] {
        let status = apply(Kind::Json, &widget(), patch.to_string().as_bytes()).unwrap_err();
        assert_eq!((status.code, status.reason), (422, "Invalid"), "{patch}");
        assert_eq!(
            status.message,
            "the server rejected our request due to an error in our request"
        );
    }
}

#[test]
fn bodies_that_are_no_patch_are_refused() {
    for (kind, body) in [
        (Kind::Json, r#"{"op":"add"}"#),
        (Kind::Json, "["),
        (Kind::Json, "[1]"),
        (Kind::Json, r#"[{"op":1}]"#),
        (Kind::Merge, "[]"),
        (Kind::Merge, "{"),
        (Kind::Merge, ""),
    ] {
        let status = apply(kind, &widget(), body.as_bytes()).unwrap_err();
        assert_eq!((status.code, status.reason), (400, "BadRequest"), "{body}");
    }
    let many = Value::from(vec![json!({"op": "add", "path": "/x", "value": 1}); 10_001]);
    let status = apply(Kind::Json, &widget(), many.to_string().as_bytes()).unwrap_err();
    assert_eq!(status.code, 413);
    assert_eq!(
        status.message,
        "Request entity too large: The allowed maximum operations in a JSON patch is 10000, \
         got 10001"
    );
}

#[test]
fn merge_patch_merges_deletes_and_replaces() {
    let live = json!({"labels": {"l": "x", "m": "y"}, "spec": {"code": "abc", "steps": ["x"]}});
    let patch = json!({
        "labels": {"l": null, "n": "z"},
        "spec": {"code": null, "steps": ["z"], "template": {"a": null, "b": {"c": null, "d": 1}}},
        "none": null,
    });
    assert_eq!(
        patched(Kind::Merge, &live, &patch),
        Ok(json!({
            "labels": {"m": "y", "n": "z"},
            "spec": {"steps": ["z"], "template": {"b": {"d": 1}}},
        }))
    );
    assert_eq!(patched(Kind::Merge, &live, &json!({})), Ok(live.clone()));
}

#[test]
fn the_kind_is_the_media_type_without_parameters() {
    let kind = Kind::of("application/merge-patch+json; charset=utf-8");
    assert_eq!(kind, Some(Kind::Merge));
    assert_eq!(Kind::of("application/json"), None);
}
