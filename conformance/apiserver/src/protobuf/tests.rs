use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{decode, encode};

const RECORDINGS: [&str; 3] = [
    include_str!("../../fixtures/reality/api/kubectl/create.jsonl"),
    include_str!("../../fixtures/reality/api/kubectl/get.jsonl"),
    include_str!("../../fixtures/reality/api/misc/media-types.jsonl"),
];

/// What was sent and answered as protobuf.
fn recorded() -> Vec<Vec<u8>> {
    let lines = RECORDINGS.iter().flat_map(|text| text.lines());
    let steps = lines.map(|line| serde_json::from_str(line).unwrap());
    steps
        .flat_map(|step: Value| {
            ["/request/base64", "/response/body/protobuf"]
                .map(|at| step.pointer(at).and_then(Value::as_str).map(str::to_owned))
        })
        .flatten()
        .map(|text| STANDARD.decode(text).unwrap())
        .collect()
}

#[test]
fn what_was_recorded_comes_back_byte_for_byte() {
    let messages = recorded();
    assert!(messages.len() > 15, "{}", messages.len());
    for message in messages {
        let object = decode(&message).unwrap();
        assert_eq!(encode(&object), Some(message), "{object}");
    }
}

#[test]
fn a_config_map_as_kubectl_creates_it() {
    let body = b"k8s\0\n\x0f\n\x02v1\x12\tConfigMap\x12+\n!\n\x01c\x12\0\x1a\x10\
        c-kubectl-create\"\0*\x002\x008\0B\0\x12\x06\n\x01a\x12\x01b\x1a\0\"\0";
    let expected = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "c-kubectl-create"},
        "data": {"a": "b"},
    });
    assert_eq!(decode(body), Ok(expected));
}

#[test]
fn times_bytes_and_owners_come_back() {
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {
            "name": "l",
            "creationTimestamp": "2026-11-24T12:43:24Z",
            "ownerReferences": [{
                "apiVersion": "v1", "kind": "Secret", "name": "s", "uid": "u", "controller": false,
            }],
        },
        "spec": {"leaseTransitions": 0, "renewTime": "2026-11-24T12:43:24.000120Z"},
    });
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "data": {"empty": "", "k": "AAEC"}, "immutable": false,
    });
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {"user": "u", "extra": {"scopes": ["a", "b"]}, "nonResourceAttributes": {}},
    });
    for object in [lease, secret, review] {
        assert_eq!(decode(&encode(&object).unwrap()), Ok(object));
    }
}

#[test]
fn delete_options_are_of_every_version() {
    let options = json!({
        "apiVersion": "apps/v1", "kind": "DeleteOptions",
        "gracePeriodSeconds": -1, "propagationPolicy": "Background",
    });
    assert_eq!(decode(&encode(&options).unwrap()), Ok(options));
}

#[test]
fn a_list_is_one_of_its_items() {
    let list = json!({
        "apiVersion": "v1", "kind": "ConfigMapList",
        "metadata": {"resourceVersion": "7", "remainingItemCount": 0},
        "items": [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}],
    });
    assert_eq!(decode(&encode(&list).unwrap()), Ok(list));
}

#[test]
fn what_is_not_known_is_refused() {
    assert_eq!(encode(&json!({"apiVersion": "v1", "kind": "Pod"})), None);
    let pod = b"k8s\0\n\x09\n\x02v1\x12\x03Pod\x12\0";
    assert_eq!(decode(pod).map_err(|status| status.code), Err(415));
    for body in [&b""[..], b"{}", b"k8s\0", b"k8s\0\n\x0f\n", b"k8s\0\x12\xff"] {
        assert_eq!(decode(body).map_err(|status| status.code), Err(400), "{body:?}");
    }
}
