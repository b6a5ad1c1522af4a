//! What every controller does first: finalizer, pause, references.

use serde_json::{Value, json};

use crate::api::{ApiError, Res};
use crate::capi::conditions::{self, Condition};
use crate::capi::draft::Draft;
use crate::capi::object::{
    self, PAUSED, annotation, flag, generation, has_finalizer, is_deleting, kind, name, namespace,
};
use crate::capi::{Outcome, draft};
use crate::runtime::Context;

/// Adds a finalizer; true if it was added, so that the change wakes the controller again.
pub(crate) async fn adds_finalizer(
    cx: &Context,
    res: &'static Res,
    object: &Value,
    finalizer: &str,
) -> Outcome<bool> {
    if is_deleting(object) || has_finalizer(object, finalizer) {
        return Ok(false);
    }
    let mut wanted = object.clone();
    let mut all = object::at(object, "metadata.finalizers").as_array().cloned().unwrap_or_default();
    all.push(json!(finalizer));
    object::put(&mut wanted, "metadata.finalizers", json!(all));
    match draft::patch(cx, res, object, &wanted).await {
        Err(error) if error == ApiError::NotFound.into() => Ok(true),
        other => other.map(|()| true),
    }
}

/// Whether nothing is to be done with an object, by its cluster or by an annotation.
pub(crate) fn is_paused(cluster: Option<&Value>, object: &Value) -> bool {
    cluster.is_some_and(|cluster| flag(cluster, "spec.paused"))
        || annotation(object, PAUSED).is_some()
}

fn condition(cluster: Option<&Value>, object: &Value) -> Condition {
    let mut messages = Vec::new();
    if cluster.is_some_and(|cluster| flag(cluster, "spec.paused")) {
        messages.push("Cluster spec.paused is set to true".to_owned());
    }
    if annotation(object, PAUSED).is_some() {
        messages.push(format!("{} has the {PAUSED} annotation", kind(object)));
    }
    if messages.is_empty() {
        return Condition::new("Paused", false, "NotPaused", "");
    }
    Condition::new("Paused", true, "Paused", messages.join(", "))
}

/// Keeps the condition Paused; true if the reconcile ends here: paused, or the condition was just
/// written and wakes the controller again.
pub(crate) async fn is_held(
    cx: &Context,
    cluster: Option<&Value>,
    draft: &mut Draft,
) -> Outcome<bool> {
    let new = condition(cluster, draft);
    let paused = is_paused(cluster, draft);
    let now = cx.clock.text();
    if let Some(old) = conditions::get(draft, "Paused").filter(|old| old.says_as(&new)) {
        if old.generation == generation(draft) {
            return Ok(paused);
        }
        if !paused {
            conditions::set(draft, &now, new);
            return Ok(false);
        }
    }
    conditions::set(draft, &now, new);
    draft.write_conditions(cx).await?;
    Ok(true)
}

/// Deletes an object that is not being deleted; one that is gone is no error.
pub(crate) async fn delete(cx: &Context, res: &Res, object: &Value) -> Outcome<bool> {
    if is_deleting(object) {
        return Ok(false);
    }
    match cx.api.delete(res, namespace(object), name(object), &Default::default()).await {
        Ok(()) => Ok(true),
        Err(ApiError::NotFound) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
