//! What the controllers, the scheduler and the kubelets of a cluster want done next.
//!
//! A plan is made of one view of the objects and of what the machines do, without a write. It is
//! carried out action by action, and made anew until there is nothing left to do.

use std::any::Any;
use std::sync::Arc;

use fulcrum_apiserver::ApiServer;
use jiff::Timestamp;
use serde_json::Value;

use super::DEPLOYMENTS;
use crate::api::Res;
use crate::api::resources::{NODES, PODS};

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum By {
    Kubelet(String),
    Scheduler,
    /// A controller of the controller manager, such as `node-controller`.
    Controller(&'static str),
}

impl By {
    /// The user name.
    pub(super) fn user(&self) -> String {
        match self {
            Self::Kubelet(node) => format!("system:node:{node}"),
            Self::Scheduler => "system:kube-scheduler".to_owned(),
            Self::Controller(name) => format!("system:serviceaccount:kube-system:{name}"),
        }
    }

    /// The user agent.
    pub(super) fn agent(&self) -> &'static str {
        match self {
            Self::Kubelet(_) => "kubelet",
            Self::Scheduler => "kube-scheduler",
            Self::Controller(_) => "kube-controller-manager",
        }
    }
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    /// The kubelet of this machine registers its node.
    Register { host: String, node: Value },
    /// A merge patch, of an object or its status.
    Patch { by: By, res: &'static Res, at: (String, String), sub: &'static str, patch: Value },
    /// A new pod.
    CreatePod { by: By, pod: Value },
    /// The end of a pod.
    DeletePod { by: By, at: (String, String), uid: String },
    /// A pod begins to run.
    Start { uid: String },
}

/// What to do, and when to look again at the latest.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) actions: Vec<Action>,
    pub(super) next: Option<Timestamp>,
    /// What was killed, to be dropped outside of the lock.
    pub(super) killed: Vec<Box<dyn Any + Send>>,
}

impl Plan {
    pub(super) fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Something will be due then.
    pub(super) fn at(&mut self, when: Timestamp) {
        self.next = Some(self.next.map_or(when, |next| next.min(when)));
    }
}

/// The objects that matter.
pub(super) struct View {
    pub(super) now: Timestamp,
    pub(super) endpoint_leads_here: bool,
    pub(super) nodes: Vec<Arc<Value>>,
    pub(super) pods: Vec<Arc<Value>>,
    pub(super) deployments: Vec<Arc<Value>>,
}

impl View {
    pub(super) fn of(server: &ApiServer, now: Timestamp, endpoint_leads_here: bool) -> Self {
        let list = |res: &Res| {
            let listed = server.store().list(&res.group_resource(), None, None);
            listed.map(|(objects, _)| objects).unwrap_or_default()
        };
        Self {
            now,
            endpoint_leads_here,
            nodes: list(&NODES),
            pods: list(&PODS),
            deployments: list(&DEPLOYMENTS),
        }
    }

    pub(super) fn node(&self, name: &str) -> Option<&Arc<Value>> {
        self.nodes.iter().find(|node| meta(node, "name") == name)
    }
}

/// A text in `metadata`.
pub(super) fn meta<'v>(object: &'v Value, field: &str) -> &'v str {
    object["metadata"][field].as_str().unwrap_or_default()
}

/// Namespace and name.
pub(super) fn place(object: &Value) -> (String, String) {
    (meta(object, "namespace").to_owned(), meta(object, "name").to_owned())
}

/// The node that a pod is bound to, or empty.
pub(super) fn node_of(pod: &Value) -> &str {
    pod["spec"]["nodeName"].as_str().unwrap_or_default()
}

/// Whether a pod is there because its kubelet runs it, whatever the API server holds.
pub(super) fn is_static(pod: &Value) -> bool {
    pod["metadata"]["annotations"].get("kubernetes.io/config.mirror").is_some()
}

/// The status of the condition of this type.
pub(super) fn condition<'v>(object: &'v Value, of: &str) -> Option<&'v str> {
    let all = object["status"]["conditions"].as_array()?;
    all.iter().find(|condition| condition["type"] == of)?["status"].as_str()
}
