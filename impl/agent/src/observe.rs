//! What a heartbeat tells of the child: its Cluster API controllers and its nodes.

use std::convert::Infallible;
use std::time::Duration;

use fulcrum_proto::v1;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Node;
use kube::ResourceExt as _;
use kube::api::{Api, ListParams};
use tokio::sync::watch;

use crate::error::AgentError;
use crate::keep::within;

/// The label of everything that belongs to a Cluster API provider.
const PROVIDER: &str = "cluster.x-k8s.io/provider";

/// The label of nodes of the control plane.
const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";

/// The child, as it was seen last.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Observed {
    pub(crate) capi_controllers_ready: bool,
    /// By name.
    pub(crate) nodes: Vec<v1::NodeState>,
}

impl Observed {
    /// How many nodes are Ready.
    pub(crate) fn ready(&self) -> usize {
        self.nodes.iter().filter(|node| node.ready).count()
    }
}

/// Looks at the child again and again. What cannot be seen stays as it was, but for the controllers:
/// those are said to be ready only when they were seen to be.
pub(crate) async fn observe(
    client: &kube::Client,
    pace: Duration,
    deadline: Duration,
    seen: &watch::Sender<Observed>,
) -> Infallible {
    loop {
        let ready = controllers_ready(client, deadline).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "the controllers are not seen");
            false
        });
        let nodes = nodes(client, deadline).await;
        seen.send_modify(|seen| {
            seen.capi_controllers_ready = ready;
            match nodes {
                Ok(nodes) => seen.nodes = nodes,
                Err(error) => tracing::debug!(%error, "the nodes are not seen"),
            }
        });
        tokio::time::sleep(pace).await;
    }
}

async fn controllers_ready(client: &kube::Client, deadline: Duration) -> Result<bool, AgentError> {
    let api: Api<Deployment> = Api::all(client.clone());
    let params = ListParams::default().labels(PROVIDER);
    let object = format!("Deployments with the label {PROVIDER}");
    let found = within(deadline, "list", object, api.list(&params)).await?;
    Ok(!found.items.is_empty() && found.items.iter().all(is_available))
}

fn is_available(deployment: &Deployment) -> bool {
    let conditions = deployment.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.into_iter().flatten().any(|it| it.type_ == "Available" && it.status == "True")
}

async fn nodes(
    client: &kube::Client,
    deadline: Duration,
) -> Result<Vec<v1::NodeState>, AgentError> {
    let api: Api<Node> = Api::all(client.clone());
    let params = ListParams::default();
    let found = within(deadline, "list", "Nodes".to_owned(), api.list(&params)).await?;
    let mut nodes: Vec<v1::NodeState> = found.items.iter().map(state).collect();
    nodes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(nodes)
}

fn state(node: &Node) -> v1::NodeState {
    let status = node.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_ref());
    let info = status.and_then(|status| status.node_info.as_ref());
    let spec = node.spec.as_ref();
    v1::NodeState {
        name: node.name_any(),
        ready: conditions
            .into_iter()
            .flatten()
            .any(|it| it.type_ == "Ready" && it.status == "True"),
        control_plane: node.labels().contains_key(CONTROL_PLANE),
        kubelet_version: info.map(|info| info.kubelet_version.clone()).unwrap_or_default(),
        provider_id: spec.and_then(|spec| spec.provider_id.clone()).unwrap_or_default(),
    }
}
