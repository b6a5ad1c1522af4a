//! The controllers of the infrastructure providers: one flavour finds its machines by name, the
//! other by an id. Both are written as the Docker provider with fake machines is.

mod cluster;
mod machine;
mod stages;

use serde_json::Value;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::api::Res;
use crate::api::resources::{
    CLOUD_CLUSTERS, CLOUD_MACHINES, DOCKER_CLUSTERS, DOCKER_MACHINES, SECRETS,
};
use crate::capi::object::{at, namespace, text};
use crate::capi::{Outcome, failed, read};
use crate::infrastructure::{Actor, Flavour, ProviderError};
use crate::runtime::{Context, ReconcileError};

pub(crate) use cluster::InfraClusters;
pub(crate) use machine::InfraMachines;

/// Where an infrastructure cluster names the Secret with the credentials of its provider.
const IDENTITY: &str = "spec.identityRef.name";

fn clusters(flavour: Flavour) -> &'static Res {
    match flavour {
        Flavour::ByName => &DOCKER_CLUSTERS,
        Flavour::ById => &CLOUD_CLUSTERS,
    }
}

fn machines(flavour: Flavour) -> &'static Res {
    match flavour {
        Flavour::ByName => &DOCKER_MACHINES,
        Flavour::ById => &CLOUD_MACHINES,
    }
}

fn refused(error: &ProviderError) -> ReconcileError {
    ReconcileError::failed(error)
}

/// Who acts: with the credentials that the infrastructure cluster names, if it names any.
fn actor(cx: &Context, cluster: &Value) -> Outcome<Actor> {
    let actor = cx.infrastructure.actor();
    let secret = text(cluster, IDENTITY);
    if secret.is_empty() {
        return Ok(actor);
    }
    let Some(found) = read::one(cx, &SECRETS, namespace(cluster), secret) else {
        return Err(failed(format!("the credentials of the provider are missing: {secret}")));
    };
    let token = at(&found, "data").get("token").and_then(Value::as_str).unwrap_or_default();
    let token = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match token {
        Some(token) => Ok(actor.with_credentials(&token)),
        None => Err(failed(format!("the credentials of the provider are unreadable: {secret}"))),
    }
}
