//! What `fulcrum rehearse` does: the real objects of a cluster, put into a parent that is simulated,
//! and handed to a child that is simulated, by the cell and the agent of the reference
//! implementation, over gRPC with mTLS.
//!
//! Reading order: `world` (two API servers and what is in them), `standin` (what stands for the
//! controllers), `course` (the move), `compare` (what came of it).
//!
//! **Invariant:** time is virtual and chance comes from a seed: the same objects give the same
//! rehearsal.

mod compare;
mod course;
mod standin;
mod world;

use std::time::Duration;

use fulcrum_model::manifest;
use fulcrum_model::object::Object;
use fulcrum_model::select::Inventory;
use fulcrum_mover::preflight;
use serde::Serialize;
use thiserror::Error;

pub use compare::Mapped;
pub use course::{Course, Ending};

use crate::graph::{self, ClusterPlan, GraphReport, Left, PlanError, Source};
use crate::pair::PairError;

/// What was found and done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rehearsal {
    /// One for each Cluster that was asked for and can be planned.
    pub clusters: Vec<ClusterRehearsal>,
    /// Clusters without a plan, and why: rule D5.
    pub refused: Vec<String>,
    /// A line for each object that cannot be placed.
    pub problems: Vec<String>,
    /// What nothing selects, so that it would be left.
    pub left: Vec<Left>,
    /// What a reader should know about the reading.
    pub notes: Vec<String>,
}

/// The rehearsal of one Cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClusterRehearsal {
    /// The plan: the levels in which it is imported.
    pub plan: ClusterPlan,
    /// What speaks against the move, by rule.
    pub findings: Vec<Finding>,
    /// How the move ended.
    pub ending: Ending,
    /// Each object with its UID on both sides, and whether it is the same.
    pub objects: Vec<Mapped>,
    /// What is still on the parent of what should have moved.
    pub behind: Vec<String>,
}

/// Something that speaks against a move.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The rule of the contract.
    pub rule: &'static str,
    /// The object.
    pub object: String,
    /// What is wrong.
    pub fault: String,
    /// Whether the move is refused for it.
    pub refuses: bool,
}

/// Why nothing was rehearsed.
#[derive(Debug, Error)]
pub enum RehearsalError {
    /// There is no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// An object cannot be put into an API server.
    #[error("put {object} into the simulated parent: {reason}")]
    World {
        /// The object.
        object: String,
        /// As the server says.
        reason: String,
    },
    /// Cell and agent do not run.
    #[error(transparent)]
    Pair(#[from] PairError),
    /// The runtime cannot be made.
    #[error("start the simulation")]
    Runtime(#[source] std::io::Error),
}

impl ClusterRehearsal {
    /// Whether the cluster moved whole, and nothing spoke against it.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.ending.is_moved()
            && self.behind.is_empty()
            && self.objects.iter().all(|object| object.same)
            && !self.findings.iter().any(|finding| finding.refuses)
    }
}

/// How long a rehearsal may take in virtual time.
pub(crate) const LIMIT: Duration = Duration::from_hours(2);

/// The objects of the input.
///
/// # Errors
/// [`RehearsalError::Plan`] if it is not what kubectl writes.
pub fn objects(sources: &[Source]) -> Result<Vec<Object>, RehearsalError> {
    let files = sources.iter().map(|source| (source.file.as_str(), source.bytes.as_slice()));
    Ok(manifest::read_all(files).map_err(PlanError::Unreadable)?)
}

/// Rehearses the move of every Cluster of the input, or of those that are asked for.
///
/// # Errors
/// [`RehearsalError`] if the input cannot be read, or if no Cluster has a plan.
pub fn rehearse(sources: Vec<Source>, asked: &[String]) -> Result<Rehearsal, RehearsalError> {
    let objects = objects(&sources)?;
    let GraphReport { clusters, refused, problems, unselected, notes } =
        graph::plan(sources, asked)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(RehearsalError::Runtime)?;
    let mut rehearsed = Vec::new();
    for plan in clusters {
        let findings = findings(&objects, &plan);
        let (ending, mapped, behind) = runtime.block_on(whole(&objects, &plan))?;
        rehearsed.push(ClusterRehearsal { plan, findings, ending, objects: mapped, behind });
    }
    Ok(Rehearsal { clusters: rehearsed, refused, problems, left: unselected, notes })
}

/// The move of one Cluster, undisturbed.
async fn whole(
    objects: &[Object],
    plan: &ClusterPlan,
) -> Result<(Ending, Vec<Mapped>, Vec<String>), RehearsalError> {
    let mut course = Course::prepare(objects, plan).await?;
    course.begin().await?;
    let ending = course.ending().await;
    let (mapped, behind) = course.outcome().await;
    course.end().await;
    Ok((ending, mapped, behind))
}

/// What speaks against the move of a Cluster.
fn findings(objects: &[Object], plan: &ClusterPlan) -> Vec<Finding> {
    let inventory = Inventory::new(objects);
    let cluster = inventory.clusters().find(|key| key.full_name() == plan.cluster).cloned();
    let selection = cluster.as_ref().and_then(|key| inventory.select(key).ok());
    let selected: Vec<&Object> = objects
        .iter()
        .filter(|object| {
            selection.as_ref().is_some_and(|chosen| chosen.selected.contains_key(object.key()))
        })
        .collect();
    let mut findings: Vec<Finding> = preflight::problems(selected.iter().copied())
        .into_iter()
        .map(|problem| Finding {
            rule: "P2",
            object: problem.object.to_string(),
            fault: problem.fault.to_owned(),
            refuses: true,
        })
        .collect();
    findings.extend(selected.iter().filter_map(|object| foreign_pause(object)));
    findings.extend(credentials(&selected, plan));
    findings.sort();
    findings
}

/// A pause that is not the mover's comes back as it was: rule A1.
fn foreign_pause(object: &Object) -> Option<Finding> {
    let paused = fulcrum_model::transform::is_paused(object.value());
    (paused && fulcrum_model::transform::paused_by(object.value()).is_none()).then(|| Finding {
        rule: "A1",
        object: object.key().to_string(),
        fault: "somebody paused it: it stays paused on the child, and is not verified".to_owned(),
        refuses: false,
    })
}

/// The Secrets without which the child cannot reach itself or grow: rule L7.
const CREDENTIALS: [(&str, &str); 2] = [
    ("kubeconfig", "the child's controllers reach no node without it"),
    ("ca", "no machine can join without it"),
];

fn credentials(selected: &[&Object], plan: &ClusterPlan) -> Vec<Finding> {
    let (namespace, name) = plan.cluster.split_once('/').unwrap_or(("", plan.cluster.as_str()));
    let has = |suffix: &str| {
        let wanted = format!("{name}-{suffix}");
        selected.iter().any(|object| {
            let key = object.key();
            key.is_secret() && key.name == wanted && key.namespace.as_deref() == Some(namespace)
        })
    };
    CREDENTIALS
        .iter()
        .filter(|(suffix, _)| !has(suffix))
        .map(|(suffix, why)| Finding {
            rule: "P3",
            object: format!("Secret {namespace}/{name}-{suffix}"),
            fault: format!("it is not there: {why}"),
            refuses: true,
        })
        .collect()
}
