//! What a cluster takes over from its infrastructure and its control plane.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Found, Scope};
use crate::api::Res;
use crate::api::resources::CLUSTERS;
use crate::capi::object::{
    CLUSTER_NAME, at, ensure_owner, flag, has_exact_owner, is_deleting, label, name, namespace,
    plain_owner, put, set_label, text,
};
use crate::capi::{Outcome, draft, failed, refs};
use crate::runtime::{Context, Requeue};

/// How long until an object is looked for again that was not there.
const EXTERNAL_WAIT: Duration = Duration::from_secs(30);

/// The object behind a reference of a cluster, which the cluster owns from now on.
async fn external(
    cx: &Context,
    cluster: &Value,
    reference: &Value,
) -> Outcome<Option<(&'static Res, Value)>> {
    let Some((res, object)) = refs::follow(cx, reference, namespace(cluster))? else {
        return Ok(None);
    };
    let owner = plain_owner(&CLUSTERS, cluster);
    if has_exact_owner(&object, &owner) && label(&object, CLUSTER_NAME) == Some(name(cluster)) {
        return Ok(Some((res, object)));
    }
    let mut wanted = object.clone();
    ensure_owner(&mut wanted, &owner);
    set_label(&mut wanted, CLUSTER_NAME, name(cluster));
    draft::patch(cx, res, &object, &wanted).await?;
    Ok(Some((res, wanted)))
}

/// What a missing object means.
fn missing(cluster: &Value, kind: &str, was_done: bool, done: &str) -> Outcome<Requeue> {
    if is_deleting(cluster) {
        return Ok(Requeue::Done);
    }
    if was_done {
        return Err(failed(format!("{kind} has been deleted after being {done}")));
    }
    Ok(Requeue::After(EXTERNAL_WAIT))
}

/// Copies the endpoint once the infrastructure stands.
pub(super) async fn infrastructure(cx: &Context, scope: &mut Scope) -> Outcome<Requeue> {
    let field = "status.initialization.infrastructureProvisioned";
    let reference = at(&scope.cluster, "spec.infrastructureRef").clone();
    if reference.is_null() {
        if !is_deleting(&scope.cluster) {
            put(&mut scope.cluster, field, json!(true));
        }
        return Ok(Requeue::Done);
    }
    let was_done = flag(&scope.cluster, field);
    let Some((res, object)) = external(cx, &scope.cluster, &reference).await? else {
        scope.infrastructure = Found::Missing;
        return missing(&scope.cluster, text(&reference, "kind"), was_done, "provisioned");
    };
    let provisioned = flag(&object, "status.initialization.provisioned");
    let endpoint = at(&object, "spec.controlPlaneEndpoint").clone();
    let gone = is_deleting(&object);
    scope.infrastructure = Found::There(res, object);
    if gone || (!provisioned && !was_done) {
        return Ok(Requeue::Done);
    }
    let is_known = !text(&scope.cluster, "spec.controlPlaneEndpoint.host").is_empty();
    if !is_known && !text(&endpoint, "host").is_empty() {
        put(&mut scope.cluster, "spec.controlPlaneEndpoint", endpoint);
    }
    put(&mut scope.cluster, field, json!(true));
    Ok(Requeue::Done)
}

/// Notes that the control plane is initialised.
pub(super) async fn control_plane(cx: &Context, scope: &mut Scope) -> Outcome<Requeue> {
    let field = "status.initialization.controlPlaneInitialized";
    let reference = at(&scope.cluster, "spec.controlPlaneRef").clone();
    if reference.is_null() {
        return Ok(Requeue::Done);
    }
    let was_done = flag(&scope.cluster, field);
    let Some((res, object)) = external(cx, &scope.cluster, &reference).await? else {
        scope.control_plane = Found::Missing;
        return missing(&scope.cluster, text(&reference, "kind"), was_done, "initialized");
    };
    let initialized = flag(&object, field);
    let gone = is_deleting(&object);
    scope.control_plane = Found::There(res, object);
    if !gone && (initialized || was_done) {
        put(&mut scope.cluster, field, json!(true));
    }
    Ok(Requeue::Done)
}
