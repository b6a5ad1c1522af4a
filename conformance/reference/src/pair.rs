//! The reference implementation between two API servers: a cell on the parent, an agent on the
//! child, and between them gRPC with mTLS over links in memory.
//!
//! Each of both can be killed and started again, as a process can: what it holds in memory is gone,
//! what is in its API server stays.

mod parts;

use std::sync::Arc;
use std::time::Duration;

use fulcrum_agent::Agent;
use fulcrum_apiserver::ApiServer;
use fulcrum_apiserver::auth::User;
use fulcrum_cell::{Cell, ManagedCluster};
use fulcrum_identity::Secret;
use fulcrum_mover::record::PivotRecord;
use fulcrum_mover::{Clock, ClusterName, NoWitness};
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::{Client, CustomResourceExt};
use serde_json::{Value, json};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

use parts::{Letter, Links, Nobody, PairEntropy, ServerClock, incoming};

/// Where both sides keep what is theirs.
pub const NAMESPACE: &str = "fulcrum-system";
/// The name by which the agent knows the cell.
const HOST: &str = "cell.parent.example";
/// How often to look at what is waited for.
const LOOK: Duration = Duration::from_millis(500);
/// How many looks until an enrolment is given up.
const LOOKS: u32 = 240;

/// The user that the cell is for the parent's API server.
pub const CELL_USER: &str = "fulcrum-cell";
/// The user that asks for moves and looks on.
const OPERATOR: &str = "operator";

/// The user that the agent is for the child's API server.
pub const AGENT_USER: &str = "fulcrum-agent";

/// Why a pair does not run.
#[derive(Debug, Error)]
pub enum PairError {
    /// The parent's API server refuses something.
    #[error("{what} on the parent")]
    Parent {
        /// What was wanted.
        what: &'static str,
        /// Why not.
        #[source]
        source: Box<kube::Error>,
    },
    /// The cell does not start.
    #[error("start the cell")]
    Cell(#[source] Box<fulcrum_cell::CellError>),
    /// The cell has written no token.
    #[error("the cell has written no enrolment token for {0}")]
    NoToken(String),
}

/// The definitions that both sides need, and no more.
#[must_use]
pub fn definitions() -> Vec<Value> {
    [PivotRecord::crd(), ManagedCluster::crd()]
        .iter()
        .map(|definition| serde_json::to_value(definition).unwrap_or_default())
        .collect()
}

/// An API server, as one side reaches it.
#[derive(Clone)]
pub struct Site {
    client: Arc<dyn Fn(&str) -> Client + Send + Sync>,
    clock: Arc<dyn Clock>,
}

impl Site {
    /// A server that gives a client to a user, and its time.
    pub fn new(
        client: impl Fn(&str) -> Client + Send + Sync + 'static,
        clock: impl Clock + 'static,
    ) -> Self {
        Self { client: Arc::new(client), clock: Arc::new(clock) }
    }

    fn client(&self, user: &str) -> Client {
        (self.client)(user)
    }
}

impl From<ApiServer> for Site {
    /// A server that believes who somebody says to be, and lets everybody do everything.
    fn from(server: ApiServer) -> Self {
        let clock = ServerClock(server.clone());
        let client = move |user: &str| {
            let user = User { name: user.to_owned(), ..User::admin() };
            Client::new(server.for_user(user), NAMESPACE)
        };
        Self::new(client, clock)
    }
}

/// A cell and an agent.
pub struct Pair {
    parent: Site,
    child: Site,
    cluster: ClusterName,
    links: Links,
    /// What the cell runs; empty when it is killed.
    cell: Option<JoinSet<()>>,
    agent: Option<JoinSet<()>>,
    bundle: String,
    /// How often each was started: a new life draws other numbers.
    lives: u64,
}

impl Pair {
    /// A cell that manages the Cluster, and an agent that enrols with it.
    ///
    /// # Errors
    /// [`PairError`] if the API servers lack what they need.
    pub async fn start(
        parent: impl Into<Site>,
        child: impl Into<Site>,
        cluster: ClusterName,
    ) -> Result<Self, PairError> {
        let mut pair = Self {
            parent: parent.into(),
            child: child.into(),
            cluster,
            links: Links::default(),
            cell: None,
            agent: None,
            bundle: String::new(),
            lives: 0,
        };
        let managed = json!({
            "apiVersion": "pivot.fulcrum.dev/v1alpha1", "kind": "ManagedCluster",
            "metadata": {"name": pair.cluster.name, "namespace": pair.cluster.namespace},
            "spec": {"clusterRef": {"name": pair.cluster.name}},
        });
        let managed = serde_json::from_value(managed).expect("it is a ManagedCluster");
        let made = pair.managed().create(&PostParams::default(), &managed).await;
        made.map_err(|source| PairError::Parent {
            what: "make the ManagedCluster",
            source: Box::new(source),
        })?;
        pair.start_cell().await?;
        pair.start_agent().await?;
        Ok(pair)
    }

    fn managed(&self) -> Api<ManagedCluster> {
        Api::namespaced(self.parent.client(OPERATOR), &self.cluster.namespace)
    }

    /// Starts the cell, if it does not run.
    ///
    /// # Errors
    /// [`PairError::Cell`].
    pub async fn start_cell(&mut self) -> Result<(), PairError> {
        if self.cell.is_some() {
            return Ok(());
        }
        self.lives += 1;
        let cell = Cell::open(
            fulcrum_cell::Parts {
                client: self.parent.client(CELL_USER),
                clock: Arc::clone(&self.parent.clock),
                entropy: Arc::new(PairEntropy::new(self.lives)),
                witnesses: Arc::new(Nobody),
            },
            fulcrum_cell::Settings::new(NAMESPACE, vec![HOST.to_owned()]),
        );
        let cell = Box::pin(cell).await.map_err(|error| PairError::Cell(Box::new(error)))?;
        self.bundle = cell.trust_bundle();
        let (pivot, pivots) = mpsc::unbounded_channel();
        let (enrolment, enrolments) = mpsc::unbounded_channel();
        self.links.open(pivot, enrolment);
        let mut tasks = JoinSet::new();
        let (first, second, third) = (cell.clone(), cell.clone(), cell);
        // What ends one of these shows in what it no longer does.
        tasks.spawn(async move { drop(first.serve_pivot(incoming(pivots)).await) });
        tasks.spawn(async move { drop(second.serve_enrolment(incoming(enrolments)).await) });
        tasks.spawn(async move { drop(Box::pin(third.control()).await) });
        self.cell = Some(tasks);
        Ok(())
    }

    /// Starts the agent, if it does not run.
    ///
    /// # Errors
    /// [`PairError::NoToken`] if the cell has written none.
    pub async fn start_agent(&mut self) -> Result<(), PairError> {
        if self.agent.is_some() {
            return Ok(());
        }
        self.lives += 1;
        let token = Secret::new(self.token().await?);
        let invited = fulcrum_agent::Invited { token, ca: self.bundle.clone() };
        let parts = fulcrum_agent::Parts {
            client: self.child.client(AGENT_USER),
            clock: Arc::clone(&self.child.clock),
            entropy: Arc::new(PairEntropy::new(self.lives)),
            connect: Arc::new(self.links.clone()),
            invitation: Arc::new(Letter(invited)),
            witness: Arc::new(NoWitness),
        };
        let instance = format!("agent-{}", self.lives);
        let settings =
            fulcrum_agent::Settings::new(self.cluster.clone(), NAMESPACE, HOST, &instance);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { drop(Box::pin(Agent::new(parts, settings).run()).await) });
        self.agent = Some(tasks);
        Ok(())
    }

    /// Kills the cell: whatever it was doing stops where it waits next.
    pub async fn kill_cell(&mut self) {
        self.links.close();
        if let Some(mut tasks) = self.cell.take() {
            tasks.shutdown().await;
        }
    }

    /// Kills the agent.
    pub async fn kill_agent(&mut self) {
        if let Some(mut tasks) = self.agent.take() {
            tasks.shutdown().await;
        }
    }

    /// The token that the cell has written.
    async fn token(&self) -> Result<String, PairError> {
        let secrets: Api<k8s_openapi::api::core::v1::Secret> =
            Api::namespaced(self.parent.client(OPERATOR), &self.cluster.namespace);
        let name = format!("{}-enrolment", self.cluster.name);
        for _ in 0..LOOKS {
            let found = secrets.get_opt(&name).await.ok().flatten();
            let token = found.and_then(|secret| secret.data?.remove("token"));
            if let Some(token) = token.and_then(|bytes| String::from_utf8(bytes.0).ok()) {
                return Ok(token);
            }
            sleep(LOOK).await;
        }
        Err(PairError::NoToken(self.cluster.to_string()))
    }

    /// Asks for the pivot: the child is to own the cluster.
    ///
    /// # Errors
    /// [`PairError::Parent`].
    pub async fn pivot(&self) -> Result<(), PairError> {
        let patch = Patch::Merge(json!({"spec": {"pivot": true}}));
        let asked = self.managed().patch(&self.cluster.name, &PatchParams::default(), &patch).await;
        asked.map(drop).map_err(|source| PairError::Parent {
            what: "ask for the pivot",
            source: Box::new(source),
        })
    }

    /// The status of the ManagedCluster.
    pub async fn status(&self) -> Option<fulcrum_cell::ManagedClusterStatus> {
        self.managed().get_opt(&self.cluster.name).await.ok().flatten()?.status
    }

    /// The phases of the records on the parent and on the child; empty without one.
    pub async fn phases(&self) -> (String, String) {
        let phase = async |site: &Site| {
            let records: Api<PivotRecord> = Api::namespaced(site.client(OPERATOR), NAMESPACE);
            let name = format!("{}.{}", self.cluster.namespace, self.cluster.name);
            let record = records.get_opt(&name).await.ok().flatten();
            record.map(|record| record.spec.phase).unwrap_or_default()
        };
        (phase(&self.parent).await, phase(&self.child).await)
    }

    /// Whether the child owns the cluster and the parent is done with it.
    pub async fn is_moved(&self) -> bool {
        let (parent, child) = self.phases().await;
        parent == "Released" && child == "Owner"
    }

    /// Ends both.
    pub async fn stop(mut self) {
        self.kill_agent().await;
        self.kill_cell().await;
    }
}
