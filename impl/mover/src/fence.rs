//! The admission fence: a ValidatingAdmissionPolicy that is written, then proven by a refused dry
//! run (rules Q5, C3).
//!
//! The policy stays when the fence is down: it then refuses the probe alone. Each write counts its
//! revision, and the probe is refused by the very revision, so that what is proven is this write.

mod policy;

use std::time::Duration;

use fulcrum_model::protocol::{Fence, Outcome};
use serde_json::{Value, json};

use crate::api::{Api, ApiError};
use crate::settings::ClusterName;
use policy::Policy;

const POLICIES: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
const BINDINGS: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";
const WHO_AM_I: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

/// The annotation that counts the writes of the policy.
const REVISION: &str = "fulcrum.dev/revision";

/// How often a probe is made, and how often before the write is made again.
const PROBE_EVERY: Duration = Duration::from_millis(250);
const PROBES: u32 = 40;

/// Makes the fence so, and proves it. A server that knows no such policies has no fence: that is
/// said, and the pause is watched instead.
pub(crate) async fn make(
    api: &Api,
    cluster: &ClusterName,
    groups: Vec<String>,
    fence: Fence,
) -> Result<Outcome, ApiError> {
    let Some(mover) = who_am_i(api).await? else { return Ok(unfenced(cluster)) };
    let mut policy = Policy { cluster, groups, fence, mover, revision: 1 };
    let path = format!("{POLICIES}/{}", policy.name());
    // An absent object and an absent type are told apart by the list alone.
    let live = api.find(&path).await?;
    if live.is_none() && api.find(POLICIES).await?.is_none() {
        return Ok(unfenced(cluster));
    }
    policy.revision = live.as_ref().map_or(1, |live| revision(live) + 1);
    let mut body = policy.document();
    body["metadata"]["annotations"] = json!({REVISION: policy.revision.to_string()});
    let written = match live {
        Some(live) => {
            body["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"].clone();
            api.replace(&path, &body).await
        }
        None => api.create(POLICIES, &body).await,
    };
    match written {
        Err(error) if error.is_conflict() => return Ok(Outcome::Conflict),
        written => drop(written?),
    }
    match api.create(BINDINGS, &policy.binding()).await {
        Err(error) if error.is_conflict() => {}
        made => drop(made?),
    }
    prove(api, &policy).await
}

fn unfenced(cluster: &ClusterName) -> Outcome {
    tracing::warn!(%cluster, "this server has no admission policies: the pause is only watched");
    Outcome::Ok
}

fn revision(live: &Value) -> u64 {
    let text = live["metadata"]["annotations"][REVISION].as_str();
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The name of this user; `None`: the server cannot tell.
async fn who_am_i(api: &Api) -> Result<Option<String>, ApiError> {
    let review = json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "metadata": {},
    });
    match api.create(WHO_AM_I, &review).await {
        Ok(review) => {
            let name = review.pointer("/status/userInfo/username").and_then(Value::as_str);
            Ok(name.map(str::to_owned))
        }
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}

async fn prove(api: &Api, policy: &Policy<'_>) -> Result<Outcome, ApiError> {
    let namespace = &policy.cluster.namespace;
    ensure_namespace(api, namespace).await?;
    let path = format!("/api/v1/namespaces/{namespace}/configmaps");
    let probe = policy.probe();
    for _ in 0..PROBES {
        match api.try_create(&path, &probe).await {
            Err(error) if error.message.contains(&policy.name()) => return Ok(Outcome::Ok),
            Err(error) if error.is_lost() => return Ok(Outcome::Unknown),
            Err(error) if !error.is_conflict() => return Err(error),
            Ok(_) | Err(_) => tokio::time::sleep(PROBE_EVERY).await,
        }
    }
    Ok(Outcome::Unknown)
}

/// Makes a namespace that is not there.
pub(crate) async fn ensure_namespace(api: &Api, namespace: &str) -> Result<(), ApiError> {
    if api.find(&format!("/api/v1/namespaces/{namespace}")).await?.is_some() {
        return Ok(());
    }
    let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    match api.create("/api/v1/namespaces", &body).await {
        Err(error) if error.is_conflict() => Ok(()),
        made => made.map(drop),
    }
}
