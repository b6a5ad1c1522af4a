//! What a machine takes over from its bootstrap configuration and its infrastructure.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Found, Scope};
use crate::api::Res;
use crate::api::resources::{MACHINE_SETS, MACHINES};
use crate::capi::object::{
    CERTIFICATES_EXPIRY, CLUSTER_NAME, annotation, at, cluster_of, controlling_owner, cut,
    ensure_owner, flag, has_exact_owner, is_control_plane, is_deleting, label, namespace, owners,
    put, remove_owners, set_label, text,
};
use crate::capi::{Outcome, draft, failed, refs};
use crate::runtime::{Context, Requeue};

/// How long until an object is looked for again that was not there.
const EXTERNAL_WAIT: Duration = Duration::from_secs(30);

/// The object behind a reference of a machine; from now on the machine owns it, and no longer what
/// made it.
async fn external(
    cx: &Context,
    scope: &Scope,
    reference: &Value,
) -> Outcome<Option<(&'static Res, Value)>> {
    let machine = &scope.machine;
    let Some((res, object)) = refs::follow(cx, reference, namespace(machine))? else {
        return Ok(None);
    };
    let control_plane =
        is_control_plane(machine).then(|| at(&scope.cluster, "spec.controlPlaneRef"));
    let is_maker = |owner: &Value| {
        MACHINE_SETS.is(owner)
            || control_plane.and_then(Res::of).is_some_and(|control_plane| control_plane.is(owner))
    };
    let owner = controlling_owner(&MACHINES, machine);
    let cluster = cluster_of(machine);
    let is_taken = !owners(&object).iter().any(is_maker)
        && has_exact_owner(&object, &owner)
        && label(&object, CLUSTER_NAME) == Some(cluster);
    if is_taken {
        return Ok(Some((res, object)));
    }
    let mut wanted = object.clone();
    remove_owners(&mut wanted, is_maker);
    let other = owners(&wanted).iter().find(|one| flag(one, "controller"));
    if other.is_some_and(|other| other["uid"] != owner["uid"] && other["name"] != owner["name"]) {
        return Err(failed("the object is controlled by another owner"));
    }
    ensure_owner(&mut wanted, &owner);
    set_label(&mut wanted, CLUSTER_NAME, cluster);
    draft::patch(cx, res, &object, &wanted).await?;
    Ok(Some((res, wanted)))
}

/// Copies the name of the bootstrap Secret once it is there.
pub(super) async fn bootstrap(cx: &Context, scope: &mut Scope) -> Outcome<Requeue> {
    let reference = at(&scope.machine, "spec.bootstrap.configRef").clone();
    if reference.is_null() {
        return Ok(Requeue::Done);
    }
    let Some((res, config)) = external(cx, scope, &reference).await? else {
        scope.bootstrap = Found::Missing;
        let wait = !is_deleting(&scope.machine);
        return Ok(if wait { Requeue::After(EXTERNAL_WAIT) } else { Requeue::Done });
    };
    let created = flag(&config, "status.initialization.dataSecretCreated");
    let secret = text(&config, "status.dataSecretName").to_owned();
    let gone = is_deleting(&config);
    scope.bootstrap = Found::There(res, config);
    let known = !at(&scope.machine, "spec.bootstrap.dataSecretName").is_null();
    if !known {
        if gone || !created {
            return Ok(Requeue::Done);
        }
        if secret.is_empty() {
            return Err(failed("got empty status.dataSecretName from the bootstrap config"));
        }
        put(&mut scope.machine, "spec.bootstrap.dataSecretName", json!(secret));
    }
    put(&mut scope.machine, "status.initialization.bootstrapDataSecretCreated", json!(true));
    Ok(Requeue::Done)
}

/// Copies the providerID once the infrastructure reports it.
pub(super) async fn infrastructure(cx: &Context, scope: &mut Scope) -> Outcome<Requeue> {
    let reference = at(&scope.machine, "spec.infrastructureRef").clone();
    let was_provisioned = flag(&scope.machine, "status.initialization.infrastructureProvisioned");
    let Some((res, object)) = external(cx, scope, &reference).await? else {
        scope.infrastructure = Found::Missing;
        if is_deleting(&scope.machine) {
            return Ok(Requeue::Done);
        }
        if was_provisioned {
            return Err(failed(format!("could not find {}", text(&reference, "kind"))));
        }
        return Ok(Requeue::After(EXTERNAL_WAIT));
    };
    let provisioned = flag(&object, "status.initialization.provisioned");
    let provider_id = text(&object, "spec.providerID").to_owned();
    let addresses = at(&object, "status.addresses").clone();
    let domain = at(&object, "status.failureDomain").clone();
    let gone = is_deleting(&object);
    scope.infrastructure = Found::There(res, object);
    if gone || (!provisioned && !was_provisioned) {
        return Ok(Requeue::Done);
    }
    if provider_id.is_empty() {
        cx.defer(&scope.key(), Duration::from_secs(5));
        return Ok(Requeue::Done);
    }
    if !addresses.is_null() {
        put(&mut scope.machine, "status.addresses", addresses);
    }
    if !domain.is_null() {
        put(&mut scope.machine, "status.failureDomain", domain);
    }
    put(&mut scope.machine, "spec.providerID", json!(provider_id));
    put(&mut scope.machine, "status.initialization.infrastructureProvisioned", json!(true));
    Ok(Requeue::Done)
}

/// Shows when the certificates expire, as machine or bootstrap configuration are annotated.
pub(super) fn certificate_expiry(scope: &mut Scope) {
    if !is_control_plane(&scope.machine) {
        return;
    }
    let expiry = annotation(&scope.machine, CERTIFICATES_EXPIRY)
        .or_else(|| annotation(scope.bootstrap.object()?, CERTIFICATES_EXPIRY));
    match expiry.map(str::to_owned) {
        Some(expiry) => put(&mut scope.machine, "status.certificatesExpiryDate", json!(expiry)),
        None => cut(&mut scope.machine, "status.certificatesExpiryDate"),
    }
}
