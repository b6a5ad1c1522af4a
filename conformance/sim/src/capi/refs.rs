//! References from one object to another of Cluster API, and who owns what they lead to.

use serde_json::Value;

use crate::api::Res;
use crate::api::resources::CLUSTERS;
use crate::capi::object::{ensure_owner, has_exact_owner, plain_owner, text};
use crate::capi::{Outcome, draft, failed, read};
use crate::runtime::Context;

/// The resource that a reference (`apiGroup`, `kind`, `name`) leads to.
pub(crate) fn resource(reference: &Value) -> Outcome<&'static Res> {
    Res::of(reference).ok_or_else(|| failed(format!("no such kind: {reference}")))
}

/// What a reference leads to, as it is cached.
pub(crate) fn follow(
    cx: &Context,
    reference: &Value,
    namespace: &str,
) -> Outcome<Option<(&'static Res, Value)>> {
    let res = resource(reference)?;
    Ok(read::one(cx, res, namespace, text(reference, "name")).map(|object| (res, object)))
}

/// Makes the cluster an owner of a template; false if there is no such template.
pub(crate) async fn own_template(
    cx: &Context,
    reference: &Value,
    namespace: &str,
    cluster: &Value,
) -> Outcome<bool> {
    if !text(reference, "kind").ends_with("Template") {
        return Ok(true);
    }
    let Some((res, template)) = follow(cx, reference, namespace)? else { return Ok(false) };
    let owner = plain_owner(&CLUSTERS, cluster);
    if !has_exact_owner(&template, &owner) {
        let mut wanted = template.clone();
        ensure_owner(&mut wanted, &owner);
        draft::patch(cx, res, &template, &wanted).await?;
    }
    Ok(true)
}
