//! What the recorded conversations do not show of the built-in kinds.

use serde_json::{Value, json};

use super::{builtin, omit_empty, parts, payload};
use crate::json::text_at;
use crate::registry::Resource;

fn served(kind: &str) -> Resource {
    let found = builtin().into_iter().find(|resource| resource.kind == kind);
    found.expect("the kind is built in")
}

fn completed(kind: &str, mut object: Value) -> Value {
    served(kind).strategy.complete(&mut object).expect("the object can be decoded");
    object
}

#[test]
fn what_go_leaves_out_is_left_out() {
    let schema = parts::schema(json!({
        "text": parts::string(),
        "pointer": parts::pointer(parts::integer()),
        "map": parts::texts(),
        "inner": parts::object(json!({"flag": parts::boolean()})),
        "list": parts::list(parts::string()),
        "free": parts::free(),
    }));
    let mut object = json!({
        "text": "", "pointer": 0, "map": {}, "inner": {"flag": false}, "list": [],
        "free": {"a": null, "b": ""}, "metadata": {"name": ""},
    });
    omit_empty(&mut object, &schema);
    let left = json!({"pointer": 0, "inner": {}, "free": {"b": ""}, "metadata": {"name": ""}});
    assert_eq!(object, left);
}

#[test]
fn base64_is_read_as_go_reads_it() {
    let read = |text: &str| {
        let mut object = json!({"kind": "Secret", "apiVersion": "v1", "data": {"k": text}});
        let fault = payload::normalise(&mut object, "data").err().map(|fault| fault.message);
        (object["data"]["k"].clone(), fault.map(|why| why.rsplit(' ').next().map(str::to_owned)))
    };
    for (text, at) in [("v", "0"), ("***", "0"), ("d g\n==", "1"), ("dg=", "3"), ("dg==x", "4")] {
        assert_eq!(read(text).1, Some(Some(at.to_owned())), "{text:?}");
    }
    assert_eq!(read("d\ng=\n="), (json!("dg=="), None));
    assert_eq!(read("dh=="), (json!("dg=="), None));
    assert_eq!(read("aGVsbG8=\n"), (json!("aGVsbG8="), None));
}

#[test]
fn an_event_has_two_forms() {
    let events = builtin().into_iter().filter(|resource| resource.kind == "Event");
    let strategies: Vec<_> = events.map(|resource| resource.strategy).collect();
    let stored = json!({
        "apiVersion": "v1", "kind": "Event", "involvedObject": {"name": "a"}, "message": "m",
        "source": {}, "firstTimestamp": null, "lastTimestamp": null, "eventTime": null,
        "reportingComponent": "", "reportingInstance": "",
    });
    let shown = strategies[1].to_served(stored.clone());
    let expected = json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "regarding": {"name": "a"}, "note": "m",
        "deprecatedSource": {}, "deprecatedFirstTimestamp": null, "deprecatedLastTimestamp": null,
        "eventTime": null,
    });
    assert_eq!(shown, expected);
    assert_eq!(strategies[1].to_stored(shown), stored);
    assert_eq!(strategies[0].to_served(stored.clone()), stored);
}

#[test]
fn an_image_without_a_tag_is_always_pulled() {
    let container = |image: &str| json!({"name": "c", "image": image});
    let images = ["i", "r:5000/i", "i:latest", "i:v1", "i@sha256:0"];
    let containers: Vec<Value> = images.into_iter().map(container).collect();
    let pod = completed("Pod", json!({"kind": "Pod", "spec": {"containers": containers}}));
    let policies: Vec<&str> = super::list(&pod, "/spec/containers")
        .iter()
        .map(|container| text_at(container, "/imagePullPolicy"))
        .collect();
    assert_eq!(policies, ["Always", "Always", "Always", "IfNotPresent", "IfNotPresent"]);
}

#[test]
fn a_deleted_namespace_stays_until_it_is_empty() {
    let strategy = served("Namespace").strategy;
    let mut namespace = completed("Namespace", json!({"metadata": {"name": "n"}}));
    strategy.prepare_create(&mut namespace);
    assert!(strategy.begin_deletion(&mut namespace, "2024-01-01T00:00:00Z"));
    assert_eq!(namespace["status"]["phase"], "Terminating");
    let before = namespace.clone();
    assert!(strategy.begin_deletion(&mut namespace, "2024-01-01T00:00:01Z"));
    assert_eq!(namespace, before);
    namespace["spec"]["finalizers"] = json!([]);
    assert!(!strategy.begin_deletion(&mut namespace, "2024-01-01T00:00:02Z"));
}
