//! The subresource `scale`.

use serde_json::{Value, json};

use super::patch::Means;
use super::{Op, decode, update};
use crate::http::answer::Answer;
use crate::json::metadata;
use crate::patch;
use crate::registry::ScalePaths;
use crate::status::Status;

/// Where the numbers of an object stand.
fn paths(op: &Op<'_>) -> ScalePaths {
    let custom = op.resource.custom.as_ref().and_then(|custom| custom.scale.clone());
    custom.unwrap_or_else(|| ScalePaths {
        spec: ".spec.replicas".to_owned(),
        status: ".status.replicas".to_owned(),
        selector: String::new(),
    })
}

fn pointer(path: &str) -> String {
    path.replace('.', "/")
}

/// The scale of an object.
pub(crate) fn of(op: &Op<'_>, live: &Value) -> Value {
    let paths = paths(op);
    let number = |path: &str| live.pointer(&pointer(path)).and_then(Value::as_i64);
    let field = |name: &str| live["metadata"][name].clone();
    let mut scale = json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": field("name"), "namespace": field("namespace"), "uid": field("uid"),
            "resourceVersion": field("resourceVersion"),
            "creationTimestamp": field("creationTimestamp"),
        },
        "spec": {},
        "status": {"replicas": number(&paths.status).unwrap_or_default()},
    });
    if let Some(replicas) = number(&paths.spec).filter(|replicas| *replicas != 0) {
        scale["spec"]["replicas"] = json!(replicas);
    }
    let selector = live.pointer(&pointer(&paths.selector)).and_then(Value::as_str);
    if let Some(selector) = selector.filter(|selector| !selector.is_empty()) {
        scale["status"]["selector"] = json!(selector);
    }
    scale
}

/// Carries out a PUT of a scale.
///
/// # Errors
/// As the API refuses.
pub(crate) fn put(op: &Op<'_>) -> Result<Answer, Status> {
    let scale = decode::body(op)?.object;
    let live = op.existing()?;
    write(op, &live, &scale)
}

/// Carries out a PATCH of a scale.
///
/// # Errors
/// As the API refuses.
pub(crate) fn patch(op: &Op<'_>, means: Means) -> Result<Answer, Status> {
    let live = op.existing()?;
    let Means::Patch(kind) = means else {
        return Err(Status::unsupported_patch_custom());
    };
    let scale = patch::apply(kind, &of(op, &live), &op.request.body)?;
    write(op, &live, &scale)
}

fn write(op: &Op<'_>, live: &Value, scale: &Value) -> Result<Answer, Status> {
    let replicas = scale.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or_default();
    if replicas < 0 {
        return Err(Status::bad_request("spec.replicas must not be negative"));
    }
    let path = paths(op).spec;
    let mut object = live.clone();
    let mut place = &mut object;
    for part in path.split('.').filter(|part| !part.is_empty()) {
        place = &mut place[part];
    }
    *place = json!(replicas);
    let sent = metadata(scale, "resourceVersion");
    if !sent.is_empty() {
        object["metadata"]["resourceVersion"] = json!(sent);
    }
    let object = op.tracked(|tracked, who| tracked.update(Some(live), object, who));
    let stored = update::replace(op, live, object)?;
    Ok(Answer::object(200, of(op, &stored)))
}
