//! The Secret with the bootstrap data.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{DATA, Scope, token};
use crate::api::ApiError;
use crate::api::resources::{KUBEADM_CONFIGS, SECRETS};
use crate::capi::Outcome;
use crate::capi::certificates::SECRET_TYPE;
use crate::capi::object::{CLUSTER_NAME, int, name, namespace, plain_owner, put, text};
use crate::runtime::Context;
use crate::workload::Bootstrap;
pub(super) use crate::workload::BootstrapRole as Role;

pub(super) const CONTROL_PLANE_ENDPOINT: &str = "spec.clusterConfiguration.controlPlaneEndpoint";

/// The endpoint of a cluster, as `host:port`.
pub(super) fn endpoint(cluster: &Value) -> String {
    let host = text(cluster, "spec.controlPlaneEndpoint.host");
    let port = int(cluster, "spec.controlPlaneEndpoint.port").unwrap_or_default();
    format!("{host}:{port}")
}

/// The owner of the Secret: controller, but it does not block.
pub(super) fn owner(config: &Value) -> Value {
    let mut owner = plain_owner(&KUBEADM_CONFIGS, config);
    put(&mut owner, "controller", json!(true));
    owner
}

/// Writes the Secret, and notes it in the status.
pub(super) async fn store(
    cx: &Context,
    scope: &mut Scope,
    role: Role,
    authority: &str,
) -> Outcome<()> {
    let (config, machine) = (&scope.config, &scope.machine);
    let endpoint = match role {
        Role::Init => endpoint(&scope.cluster),
        Role::Join | Role::JoinControlPlane => {
            let path = "spec.joinConfiguration.discovery.bootstrapToken.apiServerEndpoint";
            text(config, path).to_owned()
        }
    };
    let host = endpoint.rsplit_once(':').map_or(endpoint.as_str(), |(host, _)| host);
    let token = if role == Role::Init { "" } else { text(config, token::PATH) };
    let data = Bootstrap {
        role,
        node: name(machine).to_owned(),
        version: text(machine, "spec.version").to_owned(),
        endpoint: host.to_owned(),
        ca_hash: authority.to_owned(),
        token: token.to_owned(),
    };
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": SECRET_TYPE,
        "metadata": {
            "name": name(config), "namespace": namespace(config),
            "labels": {CLUSTER_NAME: name(&scope.cluster)}, "ownerReferences": [owner(config)],
        },
        "data": {
            "value": STANDARD.encode(data.text()), "format": STANDARD.encode("cloud-config"),
        },
    });
    match cx.api.create(&SECRETS, namespace(config), &secret).await {
        Err(ApiError::AlreadyExists) => {
            cx.api.update(&SECRETS, &secret).await?;
        }
        created => {
            created?;
        }
    }
    let secret = json!(name(config));
    put(&mut scope.config, "status.dataSecretName", secret);
    put(&mut scope.config, "status.initialization.dataSecretCreated", json!(true));
    scope.set(DATA, true, "Available", "");
    Ok(())
}
