//! Certificates and kubeconfig: made if the control plane was never seen to run, demanded later.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::Scope;
use crate::api::ApiError;
use crate::api::resources::{KUBEADM_CONTROL_PLANES, SECRETS};
use crate::capi::Outcome;
use crate::capi::certificates::{self, PURPOSES};
use crate::capi::conditions::{self, Condition, is_true};
use crate::capi::object::{controlling_owner, name, namespace, text};
use crate::remote::Kubeconfig;
use crate::runtime::{Context, Requeue};

const CERTIFICATES: &str = "CertificatesAvailable";

/// Sees to the certificates. A control plane that does not say that it is initialised gets new
/// ones for those that are missing: after an import without its Secrets, too.
pub(super) async fn certificates(cx: &Context, scope: &mut Scope<'_>) -> Outcome<()> {
    let now = cx.clock.text();
    let owner = controlling_owner(&KUBEADM_CONTROL_PLANES, &scope.plane);
    if !is_true(&scope.plane, "Initialized") {
        if let Err(error) = certificates::generate(cx, &scope.cluster, &owner).await {
            let why = "Please check controller logs for errors";
            let condition = Condition::unknown(CERTIFICATES, "InternalError", why);
            conditions::set(&mut scope.plane, &now, condition);
            return Err(error);
        }
    } else {
        let missing = certificates::missing(cx, &scope.cluster, &PURPOSES);
        if !missing.is_empty() {
            let noun = if missing.len() == 1 { "certificate" } else { "certificates" };
            let verb = if missing.len() == 1 { "is" } else { "are" };
            let why = format!(
                "Cluster {noun} for {} {verb} not available, please check cluster certificate \
                 secrets",
                missing.join(", ")
            );
            let condition = Condition::new(CERTIFICATES, false, "NotAvailable", why);
            conditions::set(&mut scope.plane, &now, condition);
            return Ok(());
        }
    }
    certificates::adopt(cx, &scope.cluster, &scope.plane, &PURPOSES).await?;
    conditions::set(&mut scope.plane, &now, Condition::new(CERTIFICATES, true, "Available", ""));
    Ok(())
}

/// Makes the kubeconfig if it is missing; something while the CA is not there.
pub(super) async fn ensure(cx: &Context, scope: &Scope<'_>) -> Outcome<Option<Requeue>> {
    let cluster = &scope.cluster;
    if certificates::secret(cx, cluster, "kubeconfig").is_some() {
        certificates::adopt(cx, cluster, &scope.plane, &["kubeconfig"]).await?;
        return Ok(None);
    }
    // The CA is read from the server: it may just have been made.
    let secret = format!("{}-ca", name(cluster));
    let ca = cx.api.get(&SECRETS, namespace(cluster), &secret).await?;
    let hash = ca.as_ref().and_then(certificates::hash_of);
    let Some(ca_hash) = hash else {
        return Ok(Some(Requeue::After(Duration::from_secs(30))));
    };
    let host = text(cluster, "spec.controlPlaneEndpoint.host").to_owned();
    let kubeconfig = Kubeconfig { cluster: name(cluster).to_owned(), host, ca_hash };
    let owner = controlling_owner(&KUBEADM_CONTROL_PLANES, &scope.plane);
    let data = json!({"value": STANDARD.encode(kubeconfig.text())});
    let secret = certificates::made(cluster, "kubeconfig", &owner, data);
    match cx.api.create(&SECRETS, namespace(cluster), &secret).await {
        Ok(_) | Err(ApiError::AlreadyExists) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
