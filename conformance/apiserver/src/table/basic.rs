//! The cells of the plain built-in kinds.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::age;
use super::cells::{first, keys, list, number};
use crate::json::text_at;

/// The cell of the name.
pub(super) fn name(object: &Value) -> Value {
    text_at(object, "/metadata/name").into()
}

/// The cell of the age.
pub(super) fn aged(object: &Value, now: Timestamp) -> Value {
    age::since(text_at(object, "/metadata/creationTimestamp"), now).into()
}

pub(super) fn named(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), aged(object, now)]
}

pub(super) fn unprinted(object: &Value, _: Timestamp) -> Vec<Value> {
    let created = first(&[text_at(object, "/metadata/creationTimestamp"), "0001-01-01T00:00:00Z"]);
    vec![name(object), created.into()]
}

pub(super) fn config_map(object: &Value, now: Timestamp) -> Vec<Value> {
    let data = keys(object, "/data") + keys(object, "/binaryData");
    vec![name(object), data.into(), aged(object, now)]
}

pub(super) fn secret(object: &Value, now: Timestamp) -> Vec<Value> {
    let data = keys(object, "/data");
    vec![name(object), text_at(object, "/type").into(), data.into(), aged(object, now)]
}

pub(super) fn namespace(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), text_at(object, "/status/phase").into(), aged(object, now)]
}

pub(super) fn service_account(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), list(object, "/secrets").len().into(), aged(object, now)]
}

pub(super) fn lease(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), text_at(object, "/spec/holderIdentity").into(), aged(object, now)]
}

pub(super) fn role_binding(object: &Value, now: Timestamp) -> Vec<Value> {
    let role = format!("{}/{}", text_at(object, "/roleRef/kind"), text_at(object, "/roleRef/name"));
    let subjects = |kind: &str| {
        let subjects = list(object, "/subjects").iter().filter(|s| text_at(s, "/kind") == kind);
        let names = subjects.map(|subject| match kind {
            "ServiceAccount" => {
                format!("{}/{}", text_at(subject, "/namespace"), text_at(subject, "/name"))
            }
            _ => text_at(subject, "/name").to_owned(),
        });
        names.collect::<Vec<_>>().join(", ")
    };
    vec![
        name(object),
        role.into(),
        aged(object, now),
        subjects("User").into(),
        subjects("Group").into(),
        subjects("ServiceAccount").into(),
    ]
}

pub(super) fn policy(object: &Value, now: Timestamp) -> Vec<Value> {
    let kind = object.pointer("/spec/paramKind").filter(|kind| !kind.is_null());
    let kind = kind.map_or_else(
        || "<unset>".to_owned(),
        |kind| format!("{}/{}", text_at(kind, "/apiVersion"), text_at(kind, "/kind")),
    );
    let validations = list(object, "/spec/validations").len();
    vec![name(object), validations.into(), kind.into(), aged(object, now)]
}

pub(super) fn policy_binding(object: &Value, now: Timestamp) -> Vec<Value> {
    let (namespace, parameter) =
        (text_at(object, "/spec/paramRef/namespace"), text_at(object, "/spec/paramRef/name"));
    let parameter = match parameter {
        "" => "<unset>".to_owned(),
        _ => format!("{}/{parameter}", first(&[namespace, "*"])),
    };
    vec![
        name(object),
        text_at(object, "/spec/policyName").into(),
        parameter.into(),
        aged(object, now),
    ]
}

/// An event, in the form of the core group or in that of `events.k8s.io`.
pub(super) fn event(object: &Value, now: Timestamp) -> Vec<Value> {
    let either = |old: &str, new: &str| first(&[text_at(object, old), text_at(object, new)]);
    let first_seen = first(&[
        either("/firstTimestamp", "/deprecatedFirstTimestamp"),
        text_at(object, "/eventTime"),
    ]);
    let last = first(&[either("/lastTimestamp", "/deprecatedLastTimestamp"), first_seen]);
    let count = number(object, "/count").max(number(object, "/deprecatedCount")).max(1);
    let (last, count) = match object.get("series").filter(|series| !series.is_null()) {
        Some(series) => (text_at(series, "/lastObservedTime"), number(series, "/count")),
        None => (last, count),
    };
    let kind = either("/involvedObject/kind", "/regarding/kind").to_lowercase();
    let target = match either("/involvedObject/name", "/regarding/name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    };
    let component = first(&[
        either("/source/component", "/deprecatedSource/component"),
        either("/reportingComponent", "/reportingController"),
    ]);
    let instance = first(&[
        either("/source/host", "/deprecatedSource/host"),
        text_at(object, "/reportingInstance"),
    ]);
    let source = match instance {
        "" => component.to_owned(),
        _ => format!("{component}, {instance}"),
    };
    vec![
        age::since(last, now).into(),
        text_at(object, "/type").into(),
        text_at(object, "/reason").into(),
        target.into(),
        either("/involvedObject/fieldPath", "/regarding/fieldPath").into(),
        source.into(),
        either("/message", "/note").trim().into(),
        age::since(first_seen, now).into(),
        json!(count),
        name(object),
    ]
}
