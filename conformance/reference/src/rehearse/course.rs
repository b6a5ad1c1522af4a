//! The move: two movers, and what one says carried to the other.

use std::sync::Arc;
use std::time::Duration;

use fulcrum_apiserver::ApiServer;
use fulcrum_model::object::Object;
use fulcrum_model::protocol::{Lineage, Notice, Phase, Place, Request};
use fulcrum_model::select::cluster_key;
use fulcrum_mover::{Clock, ClusterName, Handle, NoWitness, Parcel, Report, Settings};
use jiff::Timestamp;
use kube::Client;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::compare::{self, Mapped};
use super::standin::StandIn;
use super::{LIMIT, RehearsalError, world};
use crate::graph::ClusterPlan;

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

/// The lineage and the move of every rehearsal.
const LINEAGE: Lineage = Lineage(0x6675_6c63_7275_6d00);
const MOVE: u128 = 0x7265_6865_6172_7365;

/// The clock of the servers, for the movers.
struct ServerClock(ApiServer);

impl Clock for ServerClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

fn settings(place: Place, cluster: ClusterName) -> Settings {
    Settings {
        place,
        cluster,
        record_namespace: world::RECORDS.to_owned(),
        deadline: Duration::from_secs(20),
        quiet: Duration::from_mins(1),
        backoff: Duration::from_secs(5),
        resend: Duration::from_secs(15),
        budget: Duration::from_mins(10),
        poll: Duration::from_secs(1),
    }
}

/// Everything that runs during a rehearsal; it ends with it.
struct Side {
    server: ApiServer,
    handle: Handle,
}

fn side(
    place: Place,
    server: ApiServer,
    objects: &[Object],
    cluster: &ClusterName,
    running: &mut JoinSet<()>,
) -> Side {
    let client = Client::new(server.clone(), "default");
    let clock = Arc::new(ServerClock(server.clone()));
    let settings = settings(place, cluster.clone());
    let (mover, handle) = fulcrum_mover::mover(client, settings, Arc::new(NoWitness), clock);
    let controllers = server.clone();
    running.spawn(async move { controllers.run().await });
    running.spawn(StandIn::new(server.clone(), objects, &cluster.key()).run());
    running.spawn(async move {
        // What ends a mover shows in its report, which no longer changes.
        let _ = mover.run().await;
    });
    Side { server, handle }
}

/// Carries what one side says to the other.
async fn carry(mut from: mpsc::Receiver<Parcel>, to: Handle) {
    while let Some(parcel) = from.recv().await {
        tokio::time::sleep(Duration::from_millis(20)).await;
        to.receive(parcel).await;
    }
}

/// Rehearses the move of one Cluster: how it ended, what became of each object, what is left.
///
/// # Errors
/// [`RehearsalError::World`] if an object cannot be put into an API server.
pub(super) async fn run(
    objects: &[Object],
    plan: &ClusterPlan,
) -> Result<(Ending, Vec<Mapped>, Vec<String>), RehearsalError> {
    let (namespace, name) = plan.cluster.split_once('/').unwrap_or(("default", &plan.cluster));
    let cluster = ClusterName { namespace: namespace.to_owned(), name: name.to_owned() };
    let key = cluster_key(Some(namespace), name);
    let (parent, child) = (world::server(objects, 1)?, world::server(objects, 2)?);
    world::fill(&parent, objects)?;
    let founding = settings(Place::Parent, cluster.clone());
    let client = Client::new(parent.clone(), "default");
    fulcrum_mover::found(client, &founding, LINEAGE).await.map_err(|error| {
        RehearsalError::World { object: key.to_string(), reason: error.to_string() }
    })?;
    let mut running = JoinSet::new();
    let parent = side(Place::Parent, parent, objects, &cluster, &mut running);
    let child = side(Place::Child, child, objects, &cluster, &mut running);
    parent.handle.started().await;
    child.handle.started().await;
    let (to_child, from_parent) = mpsc::channel(64);
    let (to_parent, from_child) = mpsc::channel(64);
    running.spawn(carry(from_parent, child.handle.clone()));
    running.spawn(carry(from_child, parent.handle.clone()));
    let (parents, childs) = (parent.handle.claim(), child.handle.claim());
    parent.handle.session_up(childs, to_child).await;
    child.handle.session_up(parents, to_parent).await;
    let begun = Instant::now();
    parent.handle.request(Request::Move(MOVE)).await;
    let ending = timeout(LIMIT, ended(&parent.handle, &child.handle, begun)).await;
    let ending = ending.unwrap_or_else(|_| open(&parent.handle, &child.handle));
    let mapped = compare::mapped(objects, plan, &child.server).await;
    let behind = compare::behind(objects, plan, &parent.server).await;
    running.shutdown().await;
    Ok((ending, mapped, behind))
}

/// Waits until the child owns the cluster and the parent is done, or the parent has given up.
async fn ended(parent: &Handle, child: &Handle, begun: Instant) -> Ending {
    let (mut parents, mut childs) = (parent.watch(), child.watch());
    loop {
        {
            let (parent, child) = (parents.borrow(), childs.borrow());
            let phase = |report: &Report| report.claim.as_ref().map(|claim| claim.phase.clone());
            if phase(&parent) == Some(Phase::Released) && phase(&child) == Some(Phase::Owner) {
                return Ending::Moved { seconds: begun.elapsed().as_secs() };
            }
            let refused = parent.notices.iter().any(|said| {
                matches!(said.notice, Notice::PreflightRefused | Notice::RequestRefused(_))
            });
            let tried = parent.claim.as_ref().is_some_and(|claim| claim.last.is_some());
            let owner = phase(&parent) == Some(Phase::Owner);
            let at_rest = parent.describe.ends_with("at rest");
            if owner && at_rest && (refused || tried) {
                return Ending::Refused { said: said(&parent) };
            }
        }
        tokio::select! {
            biased;
            changed = parents.changed() => if changed.is_err() { break },
            changed = childs.changed() => if changed.is_err() { break },
        }
    }
    open(parent, child)
}

fn open(parent: &Handle, child: &Handle) -> Ending {
    let (parent, child) = (parent.watch().borrow().clone(), child.watch().borrow().clone());
    let mut said = said(&parent);
    said.extend(self::said(&child));
    Ending::Open { parent: parent.describe, child: child.describe, said }
}

fn said(report: &Report) -> Vec<String> {
    report.notices.iter().map(|said| words(&said.notice)).collect()
}

fn words(notice: &Notice) -> String {
    match notice {
        Notice::PreflightRefused => "the preflight refused the move".to_owned(),
        Notice::Refused(refusal) => format!("the other side refused: {refusal:?}"),
        Notice::RequestRefused(why) => format!("the request was refused: {why}"),
        Notice::Late(late) => format!("{} write(s) came late and are left behind", late.len()),
        Notice::Conflict => "the claims of both sides do not fit".to_owned(),
        Notice::PauseLost => "somebody took the pause away".to_owned(),
    }
}
