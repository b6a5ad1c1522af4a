//! The ConfigMap that lets one machine alone initialise a control plane.

use serde_json::{Value, json};

use super::cluster_owner;
use crate::api::ApiError;
use crate::api::resources::CONFIG_MAPS;
use crate::capi::Outcome;
use crate::capi::object::{CLUSTER_NAME, name, namespace};
use crate::runtime::Context;

fn lock_name(cluster: &Value) -> String {
    format!("{}-lock", name(cluster))
}

/// Takes the lock for a machine; true if it holds it now.
pub(super) async fn take(cx: &Context, cluster: &Value, machine: &Value) -> Outcome<bool> {
    let (ns, lock) = (namespace(cluster), lock_name(cluster));
    let information = json!({"machineName": name(machine)}).to_string();
    let object = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {
            "name": lock, "namespace": ns, "labels": {CLUSTER_NAME: name(cluster)},
            "ownerReferences": [cluster_owner(cluster)],
        },
        "data": {"lock-information": information},
    });
    if let Some(held) = cx.api.get(&CONFIG_MAPS, ns, &lock).await? {
        return Ok(held["data"]["lock-information"] == information);
    }
    match cx.api.create(&CONFIG_MAPS, ns, &object).await {
        Ok(_) => Ok(true),
        Err(ApiError::AlreadyExists) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Removes the lock, if it is there; whoever needs that tries again.
pub(super) async fn release(cx: &Context, cluster: &Value) {
    let (ns, lock) = (namespace(cluster), lock_name(cluster));
    if let Ok(Some(_)) = cx.api.get(&CONFIG_MAPS, ns, &lock).await {
        let _ = cx.api.delete(&CONFIG_MAPS, ns, &lock, &Default::default()).await;
    }
}
