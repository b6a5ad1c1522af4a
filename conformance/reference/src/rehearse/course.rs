//! The move: a cell and an agent between two API servers.

use std::time::Duration;

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

/// Rehearses the move of one Cluster: how it ended, what became of each object, what is left.
///
/// # Errors
/// [`RehearsalError`] if an object cannot be put into an API server, or cell and agent do not start.
pub(super) async fn run(
    objects: &[Object],
    plan: &ClusterPlan,
) -> Result<(Ending, Vec<Mapped>, Vec<String>), RehearsalError> {
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
    let begun = Instant::now();
    pair.pivot().await?;
    let ending = match timeout(LIMIT, ended(&pair, begun)).await {
        Ok(ending) => ending,
        Err(_) => open(&pair).await,
    };
    let mapped = compare::mapped(objects, plan, &child).await;
    let behind = compare::behind(objects, plan, &parent).await;
    pair.stop().await;
    running.shutdown().await;
    Ok((ending, mapped, behind))
}

/// Waits until the child owns the cluster and the parent is done, or the parent has given up.
async fn ended(pair: &Pair, begun: Instant) -> Ending {
    loop {
        let (parent, child) = pair.phases().await;
        if parent == "Released" && child == "Owner" {
            return Ending::Moved { seconds: begun.elapsed().as_secs() };
        }
        let said = said(pair).await;
        if parent == "Owner" && !said.is_empty() {
            return Ending::Refused { said };
        }
        sleep(LOOK).await;
    }
}

async fn open(pair: &Pair) -> Ending {
    let (parent, child) = pair.phases().await;
    Ending::Open { parent, child, said: said(pair).await }
}

/// What the cell says last.
async fn said(pair: &Pair) -> Vec<String> {
    pair.status().await.and_then(|status| status.last_notice).into_iter().collect()
}
