//! The Secrets of a cluster's certificates: what a control plane is made from, and what joins are
//! held to. What would be certificates are random texts; nothing here checks a signature.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::api::ApiError;
use crate::api::resources::SECRETS;
use crate::capi::object::{
    CLUSTER_NAME, at, controller, controlling_owner, ensure_owner, has_exact_owner, name,
    namespace, remove_owners, text,
};
use crate::capi::{Outcome, draft, read};
use crate::runtime::Context;
use crate::workload::ca_hash;

/// What they are for, in the order in which they are made.
pub(crate) const PURPOSES: [&str; 4] = ["ca", "sa", "proxy", "etcd"];
/// The type of the Secrets of Cluster API.
pub(crate) const SECRET_TYPE: &str = "cluster.x-k8s.io/secret";

/// The Secret of a cluster for a purpose, as it is cached.
pub(crate) fn secret(cx: &Context, cluster: &Value, purpose: &str) -> Option<Value> {
    let secret = format!("{}-{purpose}", name(cluster));
    read::one(cx, &SECRETS, namespace(cluster), &secret)
}

/// The hash of the certificate of the cluster's CA, if its Secret is there and holds one.
pub(crate) fn authority(cx: &Context, cluster: &Value) -> Option<String> {
    hash_of(&secret(cx, cluster, "ca")?)
}

/// The hash of the certificate in a Secret.
pub(crate) fn hash_of(secret: &Value) -> Option<String> {
    certificate(secret).map(|certificate| ca_hash(&certificate))
}

fn certificate(secret: &Value) -> Option<String> {
    let encoded = at(secret, "data").get("tls.crt")?.as_str()?;
    String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
}

/// Those that are missing.
pub(crate) fn missing(
    cx: &Context,
    cluster: &Value,
    purposes: &[&'static str],
) -> Vec<&'static str> {
    let is_missing = |purpose: &&&str| secret(cx, cluster, purpose).is_none();
    purposes.iter().filter(is_missing).copied().collect()
}

/// A Secret of a cluster.
pub(crate) fn made(cluster: &Value, purpose: &str, owner: &Value, data: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": SECRET_TYPE,
        "metadata": {
            "name": format!("{}-{purpose}", name(cluster)), "namespace": namespace(cluster),
            "labels": {CLUSTER_NAME: name(cluster)}, "ownerReferences": [owner],
        },
        "data": data,
    })
}

/// Makes those that are missing. One that is there but was not seen is left as it is: the next
/// reconcile sees it.
pub(crate) async fn generate(cx: &Context, cluster: &Value, owner: &Value) -> Outcome<()> {
    for purpose in missing(cx, cluster, &PURPOSES) {
        let (certificate, key) = (pem(cx, "CERTIFICATE"), pem(cx, "RSA PRIVATE KEY"));
        let data = json!({
            "tls.crt": STANDARD.encode(certificate), "tls.key": STANDARD.encode(key),
        });
        let secret = made(cluster, purpose, owner, data);
        match cx.api.create(&SECRETS, namespace(cluster), &secret).await {
            Ok(_) => {}
            Err(ApiError::AlreadyExists) if secret_is_there(cx, cluster, purpose).await? => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn secret_is_there(cx: &Context, cluster: &Value, purpose: &str) -> Outcome<bool> {
    let secret = format!("{}-{purpose}", name(cluster));
    Ok(cx.api.get(&SECRETS, namespace(cluster), &secret).await?.is_some())
}

fn pem(cx: &Context, what: &str) -> String {
    let bytes: Vec<u8> = (0..4).flat_map(|_| cx.entropy.bits().to_be_bytes()).collect();
    format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", STANDARD.encode(bytes))
}

/// Makes the control plane the controller of Secrets that it uses.
pub(crate) async fn adopt(
    cx: &Context,
    cluster: &Value,
    control_plane: &Value,
    purposes: &[&str],
) -> Outcome<()> {
    let res = &crate::api::resources::KUBEADM_CONTROL_PLANES;
    let owner = controlling_owner(res, control_plane);
    for purpose in purposes {
        let Some(secret) = secret(cx, cluster, purpose) else { continue };
        if text(&secret, "type") != SECRET_TYPE || has_exact_owner(&secret, &owner) {
            continue;
        }
        let mut wanted = secret.clone();
        if let Some(other) = controller(&secret).cloned() {
            remove_owners(&mut wanted, |one| *one == other);
        }
        ensure_owner(&mut wanted, &owner);
        draft::patch(cx, &SECRETS, &secret, &wanted).await?;
    }
    Ok(())
}
