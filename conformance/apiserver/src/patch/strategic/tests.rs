//! What no conversation shows: lists of built-in kinds, order, directives in the wrong form.

use serde_json::{Value, json};

use super::{apply, parse};

fn patched(live: &Value, patch: &Value) -> Result<Value, (u16, String)> {
    let patch = parse(patch.to_string().as_bytes()).expect("it is an object");
    apply(live, patch).map_err(|status| (status.code, status.message))
}

fn pod() -> Value {
    json!({"kind": "Pod", "spec": {
        "containers": [{"name": "a", "image": "x", "ports": [{"containerPort": 1}]}, {"name": "b"}],
        "tolerations": [{"key": "x"}],
    }})
}

#[test]
fn lists_merge_by_their_key_or_are_replaced() {
    let patch = json!({"spec": {
        "containers": [{"name": "c"}, {"name": "a", "ports": [{"containerPort": 2}]}],
        "tolerations": [{"key": "y"}],
    }});
    let spec = patched(&pod(), &patch).expect("it applies")["spec"].take();
    let a =
        json!({"name": "a", "image": "x", "ports": [{"containerPort": 2}, {"containerPort": 1}]});
    assert_eq!(spec["containers"], json!([{"name": "c"}, a, {"name": "b"}]));
    assert_eq!(spec["tolerations"], json!([{"key": "y"}]));
    let node = json!({"kind": "Node", "spec": {"taints": [{"key": "a"}]}});
    let taints = json!({"spec": {"taints": [{"key": "b"}]}});
    assert_eq!(patched(&node, &taints).expect("it applies")["spec"], taints["spec"]);
}

#[test]
fn a_directive_orders_what_it_names() {
    let live = json!({"kind": "Pod", "metadata": {"finalizers": ["a", "x", "c"]}});
    let patch = json!({"metadata": {
        "finalizers": ["b"],
        "$setElementOrder/finalizers": ["c", "b", "a"],
    }});
    let merged = patched(&live, &patch).expect("it applies");
    assert_eq!(merged["metadata"]["finalizers"], json!(["x", "c", "b", "a"]));
}

#[test]
fn keys_that_are_not_retained_go() {
    let live = json!({"kind": "Deployment", "spec": {"strategy": {"type": "x", "rolling": {}}}});
    let strategy = |strategy: Value| json!({"spec": {"strategy": strategy}});
    let kept = patched(&live, &strategy(json!({"$retainKeys": ["type"], "type": "y"})));
    assert_eq!(kept.expect("it applies")["spec"]["strategy"], json!({"type": "y"}));
    let (code, message) = patched(&live, &strategy(json!({"$retainKeys": [], "type": "y"})))
        .expect_err("what it sets is not kept");
    assert_eq!((code, message.as_str()), (400, "invalid patch format of retainKeys"));
}

#[test]
fn what_cannot_be_told_apart_is_refused() {
    let container = |container: Value| json!({"spec": {"containers": [container]}});
    let refused = |patch: Value| patched(&pod(), &patch).expect_err("it does not apply");
    assert_eq!(
        refused(container(json!({"image": "y"}))),
        (500, "map: map[image:y] does not contain declared merge key: name".to_owned())
    );
    assert_eq!(
        refused(json!({"spec": {"$patch": "odd"}})),
        (500, "unknown patch type: odd in map: map[$patch:odd]".to_owned())
    );
    assert_eq!(parse(b"[]").expect_err("no object").code, 400);
}
