//! What people do with a workload cluster: deploy, and look.

use std::sync::Arc;

use fulcrum_apiserver::auth::User;
use serde_json::{Value, json};

use super::{DEPLOYMENTS, POD_START, Program, Workload};
use crate::api::resources::NAMESPACES;
use crate::api::{Api, ApiError};

/// Something to deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Its namespace, which is made if need be.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// How many pods.
    pub replicas: u64,
    /// Whether its pods may run on control planes.
    pub tolerates_control_planes: bool,
}

impl App {
    /// One of so many pods, on workers.
    #[must_use]
    pub fn new(namespace: &str, name: &str, replicas: u64) -> Self {
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        Self { namespace, name, replicas, tolerates_control_planes: false }
    }

    /// Its Deployment.
    #[must_use]
    pub fn deployment(&self) -> Value {
        let labels = json!({"app": self.name});
        let mut pod = json!({
            "containers": [{"name": self.name, "image": format!("{}:v1", self.name)}],
        });
        if self.tolerates_control_planes {
            pod["tolerations"] = json!([{
                "key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule",
            }]);
        }
        json!({
            "apiVersion": DEPLOYMENTS.api_version(),
            "kind": DEPLOYMENTS.kind,
            "metadata": {"name": self.name, "namespace": self.namespace, "labels": labels},
            "spec": {
                "replicas": self.replicas,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        })
    }
}

impl Workload {
    /// A client of its API server, as an administrator who is inside.
    ///
    /// # Errors
    /// When there is none.
    pub fn admin(&self) -> Result<Api, ApiError> {
        let server = self.server().ok_or(ApiError::Unreachable)?;
        let link = self.0.given.net.link(self.name(), self.name());
        let entropy = self.0.given.entropy.fork("admin");
        Ok(Api::new(server, User::admin(), "admin", link).seeded(entropy))
    }

    /// What the pods of a Deployment of this namespace and name run, from their next start on.
    pub fn set_program(&self, namespace: &str, name: &str, program: Arc<dyn Program>) {
        self.lock().programs.insert((namespace.to_owned(), name.to_owned()), program);
    }

    /// Deploys something.
    ///
    /// # Errors
    /// As the API server refuses, or when there is none.
    pub async fn deploy(&self, app: &App) -> Result<(), ApiError> {
        let admin = self.admin()?;
        if admin.get(&NAMESPACES, "", &app.namespace).await?.is_none() {
            let namespace = json!({
                "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": app.namespace},
            });
            admin.create(&NAMESPACES, "", &namespace).await?;
        }
        admin.create(&DEPLOYMENTS, &app.namespace, &app.deployment()).await.map(drop)
    }

    /// The nodes on which pods of a Deployment run, by pod.
    #[must_use]
    pub fn placed(&self, namespace: &str, name: &str) -> Vec<String> {
        let state = self.lock();
        let runs = state.pods.values().filter(|run| run.namespace == namespace && run.app == name);
        let mut nodes: Vec<(String, String)> = runs
            .filter(|run| run.running)
            .filter_map(|run| {
                Some((run.name.clone(), state.hosts.get(&run.host)?.node().to_owned()))
            })
            .collect();
        nodes.sort();
        nodes.into_iter().map(|(_, node)| node).collect()
    }

    /// The provider ids of the machines that are, or were, a node.
    #[must_use]
    pub fn machines_of(&self, node: &str) -> Vec<String> {
        let state = self.lock();
        let hosts = state.hosts.iter().filter(|(_, host)| host.node() == node);
        hosts.map(|(id, _)| id.clone()).collect()
    }

    /// Kills everything that pods run, at once; kubelets start it again.
    pub fn kill_pods(&self) {
        let now = self.now();
        let killed: Vec<_> = {
            let mut state = self.lock();
            let runs = state.pods.values_mut();
            runs.map(|run| {
                run.restarts += u64::from(run.running);
                run.running = false;
                run.starts_at = now.checked_add(POD_START).unwrap_or(now);
                run.process.take()
            })
            .collect()
        };
        drop(killed);
        self.account();
        self.wake();
    }

    /// Waits until its API server answers.
    pub async fn up(&self) {
        self.0.given.net.link(self.name(), self.name()).open().await;
    }
}
