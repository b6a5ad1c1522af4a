use serde_json::json;

use super::field::float;
use super::{FieldError, GroupKind, GroupResource, Status, print, quote, success};

fn widgets() -> GroupResource {
    GroupResource::new("sim.example.com", "widgets")
}

#[test]
fn a_missing_object() {
    let body = Status::not_found(&widgets(), "nope").to_value();
    let expected = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "widgets.sim.example.com \"nope\" not found", "reason": "NotFound",
        "details": {"name": "nope", "group": "sim.example.com", "kind": "widgets"},
        "code": 404,
    });
    assert_eq!(body, expected);
}

#[test]
fn the_core_group_is_not_named() {
    let configmaps = GroupResource::new("", "configmaps");
    let body = Status::already_exists(&configmaps, "a", false).to_value();
    assert_eq!(body["message"], "configmaps \"a\" already exists");
    assert_eq!(body["details"], json!({"name": "a", "kind": "configmaps"}));
}

#[test]
fn an_error_that_comes_twice_is_printed_once() {
    let error = FieldError::invalid("metadata.labels", "bad key", "no");
    let kind = GroupKind::new("sim.example.com", "Widget");
    let status = Status::invalid(&kind, "a", vec![error.clone(), error]);
    assert_eq!(
        status.message,
        "Widget.sim.example.com \"a\" is invalid: metadata.labels: Invalid value: \"bad key\": no"
    );
    let causes = status.details.map(|d| d.causes.len());
    assert_eq!(causes, Some(2));
}

#[test]
fn several_errors_stand_in_brackets() {
    let errors = vec![
        FieldError::required("spec.size", ""),
        FieldError::not_supported("spec.color", &json!("pink"), ["red", "green"]),
        FieldError::too_many("spec.ports", 5, 4),
        FieldError::too_long("spec.code", 8),
    ];
    let status = Status::invalid(&GroupKind::new("", "W"), "a", errors);
    assert_eq!(
        status.message,
        "W \"a\" is invalid: [spec.size: Required value, spec.color: Unsupported value: \
         \"pink\": supported values: \"red\", \"green\", spec.ports: Too many: 5: must have at \
         most 4 items, spec.code: Too long: may not be more than 8 bytes]"
    );
}

#[test]
fn an_update_without_version_names_the_plural() {
    let body = Status::must_have_version(&widgets(), "a").to_value();
    assert_eq!(
        body["message"],
        "widgets.sim.example.com \"a\" is invalid: metadata.resourceVersion: Invalid value: 0: \
         must be specified for an update"
    );
    assert_eq!(body["details"]["kind"], "widgets");
}

#[test]
fn a_version_of_the_future() {
    let status = Status::future_version(457, 999_999_999);
    assert_eq!(status.retry_after, Some(1));
    assert_eq!(
        status.to_value()["details"],
        json!({
            "causes": [{
                "reason": "ResourceVersionTooLarge",
                "message": "Too large resource version",
            }],
            "retryAfterSeconds": 1,
        })
    );
    assert_eq!(status.message, "Timeout: Too large resource version: 999999999, current: 457");
}

#[test]
fn forbidden_with_and_without_name() {
    let r = GroupResource::new("", "configmaps");
    let listed = Status::forbidden(&r, "", "no", Vec::new());
    assert_eq!(listed.message, "configmaps is forbidden: no");
    let path = Status::forbidden_path("User \"plain\" cannot get path \"/metrics\"");
    assert_eq!(path.message, "forbidden: User \"plain\" cannot get path \"/metrics\"");
    assert_eq!(path.to_value()["details"], json!({}));
}

#[test]
fn an_internal_error_has_no_reason_and_no_details() {
    let body = Status::internal("etcdserver: request is too large").to_value();
    assert!(body.get("reason").is_none() && body.get("details").is_none());
}

#[test]
fn a_deletion_that_is_done() {
    let body = success(&widgets(), "a", "u");
    assert!(body.get("code").is_none() && body.get("message").is_none());
    assert_eq!(body["details"]["uid"], "u");
}

#[test]
fn values_are_printed_as_go_does() {
    assert_eq!(quote("a\"b\\c\nd\u{1}é"), "\"a\\\"b\\\\c\\nd\\x01é\"");
    assert_eq!(print(&json!(70000)), "70000");
    assert_eq!(print(&json!(null)), "null");
    assert_eq!(print(&json!({"a": "<b>"})), "{\"a\":\"\\u003cb\\u003e\"}");
    assert_eq!(float(1.5), "1.5");
    assert_eq!(float(1e21), "1e+21");
    assert_eq!(float(0.00001), "1e-05");
}
