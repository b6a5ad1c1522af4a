//! The move: a cell and an agent between two API servers.

use std::time::Duration;

use fulcrum_apiserver::ApiServer;
use fulcrum_model::object::Object;
use fulcrum_model::select::cluster_key;
use fulcrum_mover::ClusterName;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::compare::{self, Mapped};
use super::standin::StandIn;
use super::{LIMIT, RehearsalError, world};
use crate::graph::ClusterPlan;
use crate::pair::Pair;

/// How often to look how far it is.
const LOOK: Duration = Duration::from_secs(1);

/// How a rehearsed move ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "ending", rename_all = "kebab-case")]
pub enum Ending {
    /// The child owns the cluster, and the parent's copies are gone.
    Moved {
        /// Seconds from the request to the end, in the time of the rehearsal.
        seconds: u64,
    },
    /// The parent still owns the cluster.
    Refused {
        /// What was said.
        said: Vec<String>,
    },
    /// Neither, within two hours.
    Open {
        /// Where the parent stands.
        parent: String,
        /// Where the child stands.
        child: String,
        /// What was said.
        said: Vec<String>,
    },
}

impl Ending {
    /// Whether the cluster moved.
    #[must_use]
    pub fn is_moved(&self) -> bool {
        matches!(self, Self::Moved { .. })
    }
}

/// Two clusters with what was dumped, and the reference implementation between them. Everything
/// that runs ends with it.
pub struct Course<'a> {
    objects: &'a [Object],
    plan: &'a ClusterPlan,
    /// The API server that holds the dump.
    pub parent: ApiServer,
    /// The API server of the cluster that is moved.
    pub child: ApiServer,
    /// The cell and the agent.
    pub pair: Pair,
    running: JoinSet<()>,
    begun: Instant,
}

impl<'a> Course<'a> {
    /// Two clusters that are ready for the move of one Cluster. Only in a runtime whose time stands
    /// still where nothing is to be done.
    ///
    /// # Errors
    /// [`RehearsalError`] if an object cannot be put into an API server, or cell and agent do not
    /// start.
    pub async fn prepare(
        objects: &'a [Object],
        plan: &'a ClusterPlan,
    ) -> Result<Self, RehearsalError> {
        let (namespace, name) = plan.cluster.split_once('/').unwrap_or(("default", &plan.cluster));
        let cluster = ClusterName { namespace: namespace.to_owned(), name: name.to_owned() };
        let key = cluster_key(Some(namespace), name);
        let (parent, child) = (world::server(objects, 1)?, world::server(objects, 2)?);
        world::fill(&parent, objects)?;
        let mut running = JoinSet::new();
        for server in [&parent, &child] {
            let controllers = server.clone();
            running.spawn(async move { controllers.run().await });
            running.spawn(StandIn::new(server.clone(), objects, &key).run());
        }
        let pair = Pair::start(parent.clone(), child.clone(), cluster).await?;
        Ok(Self { objects, plan, parent, child, pair, running, begun: Instant::now() })
    }

    /// Asks for the pivot.
    ///
    /// # Errors
    /// [`RehearsalError::Pair`] if the parent refuses to be asked.
    pub async fn begin(&mut self) -> Result<(), RehearsalError> {
        self.begun = Instant::now();
        Ok(self.pair.pivot().await?)
    }

    /// Waits until the child owns the cluster and the parent is done, or the parent has given up.
    pub async fn ending(&self) -> Ending {
        match timeout(LIMIT, self.ended()).await {
            Ok(ending) => ending,
            Err(_) => {
                let (parent, child) = self.pair.phases().await;
                Ending::Open { parent, child, said: self.said().await }
            }
        }
    }

    async fn ended(&self) -> Ending {
        loop {
            let (parent, child) = self.pair.phases().await;
            if parent == "Released" && child == "Owner" {
                return Ending::Moved { seconds: self.begun.elapsed().as_secs() };
            }
            let said = self.said().await;
            if parent == "Owner" && !said.is_empty() {
                return Ending::Refused { said };
            }
            sleep(LOOK).await;
        }
    }

    /// What the cell says last.
    async fn said(&self) -> Vec<String> {
        let status = self.pair.status().await;
        status.and_then(|status| status.last_notice).into_iter().collect()
    }

    /// Each planned object with its UIDs, and what is still on the parent.
    pub async fn outcome(&self) -> (Vec<Mapped>, Vec<String>) {
        let mapped = compare::mapped(self.objects, self.plan, &self.child).await;
        (mapped, compare::behind(self.objects, self.plan, &self.parent).await)
    }

    /// Ends everything that runs.
    pub async fn end(mut self) {
        self.pair.stop().await;
        self.running.shutdown().await;
    }
}
