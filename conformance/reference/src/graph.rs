//! What `fulcrum graph` shows: for each Cluster of the input what would move, and in which order.
//!
//! The reading is that of `fulcrum-model`, turned into plain data here. A Cluster of which an object
//! cannot be placed has no plan, and all such objects are named; what nothing selects is listed
//! with the reason.

use std::collections::{BTreeMap, BTreeSet};

use fulcrum_model::graph::{Graph, NodeId, Problem};
use fulcrum_model::manifest::{self, ManifestErrors};
use fulcrum_model::object::ObjectKey;
use fulcrum_model::select::{Inventory, SelectError, Selection};
use serde::Serialize;
use thiserror::Error;

/// How many owners of an object are named where they are many.
const NAMED_OWNERS: usize = 3;

/// A file of the input.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name, for errors.
    pub file: String,
    /// What is in it: kubectl's JSON or YAML.
    pub bytes: Vec<u8>,
}

/// Never shows the bytes, in which there may be Secrets.
impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Source({}, {} bytes)", self.file, self.bytes.len())
    }
}

/// The plans of the Clusters of the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GraphReport {
    /// One plan for each Cluster, sorted by namespace and name.
    pub clusters: Vec<ClusterPlan>,
    /// The Clusters that have no plan, since objects of them cannot be placed.
    pub refused: Vec<String>,
    /// A line for each object that cannot be placed, with the place where it was read.
    pub problems: Vec<String>,
    /// What no Cluster selects. CRDs are not listed: they tell which types move.
    pub unselected: Vec<Left>,
    /// What a reader should know about the reading.
    pub notes: Vec<String>,
}

/// What moves with one Cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClusterPlan {
    /// The Cluster: `default/c1`.
    pub cluster: String,
    /// The objects, level by level: owners first.
    pub levels: Vec<Vec<PlannedObject>>,
    /// Owners that do not move, and are left off the copies.
    pub left_owners: Vec<LeftOwners>,
}

/// An object that moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedObject {
    /// Its place in the import order, from 1.
    pub position: usize,
    /// The API group, empty for core kinds.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The namespace, if it has one.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// The owners that move with it, in import order.
    pub owners: Vec<String>,
    /// What its spec refers to, as far as that moves with it.
    pub references: Vec<String>,
    /// Why it is selected.
    pub selected_by: String,
    /// Whether several Clusters may use it: it is copied, never paused or deleted.
    pub library: bool,
}

/// An object that stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Left {
    /// The object.
    pub object: String,
    /// Why it stays.
    pub reason: String,
}

/// Owners of one object that do not move with it, for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOwners {
    /// The object that moves.
    pub object: String,
    /// The first of the owners, at most three.
    pub owners: Vec<String>,
    /// How many they are.
    pub count: usize,
    /// Why they do not move.
    pub reason: String,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlanError {
    /// The input is not what kubectl writes, or has an object twice.
    #[error("{0}")]
    Unreadable(ManifestErrors),
    /// There is nothing to move.
    #[error(
        "there is no Cluster of cluster.x-k8s.io among the {objects} objects of {}",
        .files.join(", ")
    )]
    NoCluster {
        /// The files that were read.
        files: Vec<String>,
        /// How many objects they hold.
        objects: usize,
    },
    /// There are Clusters, but none can move.
    #[error("{0}")]
    Unlabelled(SelectError),
    /// Clusters that were asked for are not there.
    #[error(
        "there is no Cluster {} in the input, which has {}",
        .asked.join(" and no Cluster "), .there.join(", ")
    )]
    NotThere {
        /// What was asked for in vain.
        asked: Vec<String>,
        /// The Clusters that are there.
        there: Vec<String>,
    },
    /// Objects that should move cannot be placed.
    #[error("these objects cannot be placed:\n  {}", .problems.join("\n  "))]
    Unplaceable {
        /// A line for each of them, with the place where it was read.
        problems: Vec<String>,
    },
}

/// Plans the move of every Cluster of the input, or of those that are asked for, as
/// `namespace/name`.
///
/// The result is a function of the set of objects: their order in the input does not matter.
///
/// # Errors
/// [`PlanError`], which lists everything that is wrong, if no Cluster has a plan. Where some have
/// one, the report says which have none.
pub fn plan(sources: Vec<Source>, asked: &[String]) -> Result<GraphReport, PlanError> {
    let files = sources.iter().map(|source| (source.file.as_str(), source.bytes.as_slice()));
    let objects = manifest::read_all(files).map_err(PlanError::Unreadable)?;
    let inventory = Inventory::new(&objects);
    if inventory.clusters().next().is_none() {
        return Err(match inventory.nothing() {
            SelectError::NoCluster { objects } => {
                let files = sources.into_iter().map(|source| source.file).collect();
                PlanError::NoCluster { files, objects }
            }
            other => PlanError::Unlabelled(other),
        });
    }
    let mut plans = Vec::new();
    let mut refused = Vec::new();
    let mut problems = Problems::default();
    for cluster in wanted(&inventory, asked)? {
        match cluster_plan(&inventory, cluster) {
            Ok(plan) => plans.push(plan),
            Err(found) => {
                refused.push(cluster.full_name());
                problems.add(found);
            }
        }
    }
    if plans.is_empty() {
        return Err(PlanError::Unplaceable { problems: problems.lines });
    }
    let left = inventory.unselected().into_iter();
    Ok(GraphReport {
        clusters: plans,
        refused,
        problems: problems.lines,
        unselected: left
            .map(|(object, reason)| Left { object: object.to_string(), reason })
            .collect(),
        notes: notes(&inventory),
    })
}

/// The Clusters that are asked for, sorted; all of them if none is.
fn wanted<'a>(
    inventory: &Inventory<'a>,
    asked: &[String],
) -> Result<Vec<&'a ObjectKey>, PlanError> {
    let there: Vec<String> = inventory.clusters().map(ObjectKey::full_name).collect();
    let missing: Vec<String> = asked.iter().filter(|name| !there.contains(name)).cloned().collect();
    if !missing.is_empty() {
        return Err(PlanError::NotThere { asked: missing, there });
    }
    let is_wanted = |cluster: &&ObjectKey| asked.is_empty() || asked.contains(&cluster.full_name());
    Ok(inventory.clusters().filter(is_wanted).collect())
}

/// Problems, each once: what belongs to no Cluster for certain is a problem of several.
#[derive(Default)]
struct Problems {
    lines: Vec<String>,
    seen: BTreeSet<String>,
}

impl Problems {
    fn add(&mut self, lines: Vec<String>) {
        for line in lines {
            if self.seen.insert(line.clone()) {
                self.lines.push(line);
            }
        }
    }
}

fn notes(inventory: &Inventory<'_>) -> Vec<String> {
    let guesses = inventory.guesses_types().then(|| {
        "The input lacks CRDs: whether a type moves was judged by its group, cluster.x-k8s.io or \
         one that ends so."
            .to_owned()
    });
    guesses.into_iter().collect()
}

fn cluster_plan(
    inventory: &Inventory<'_>,
    cluster: &ObjectKey,
) -> Result<ClusterPlan, Vec<String>> {
    let lines = |problems: &[Problem]| problems.iter().map(ToString::to_string).collect::<Vec<_>>();
    let selection = inventory.select(cluster).map_err(|error| match error {
        SelectError::Unplaceable { error, .. } => lines(error.problems()),
        other => vec![other.to_string()],
    })?;
    let graph = inventory.graph(&selection).map_err(|error| lines(error.problems()))?;
    Ok(ClusterPlan {
        cluster: cluster.full_name(),
        levels: levels(&graph, &selection),
        left_owners: left_owners(&selection),
    })
}

/// The owners that are left off, by object and reason, in the order in which they are first met.
fn left_owners(selection: &Selection) -> Vec<LeftOwners> {
    let mut all: Vec<LeftOwners> = Vec::new();
    let mut known: BTreeMap<(&ObjectKey, &str), usize> = BTreeMap::new();
    for left in &selection.left_owners {
        let at = *known.entry((&left.object, left.reason.as_str())).or_insert(all.len());
        if at == all.len() {
            all.push(LeftOwners {
                object: left.object.to_string(),
                owners: Vec::new(),
                count: 0,
                reason: left.reason.clone(),
            });
        }
        all[at].count += 1;
        if all[at].owners.len() < NAMED_OWNERS {
            all[at].owners.push(left.owner.to_string());
        }
    }
    all
}

fn levels(graph: &Graph, selection: &Selection) -> Vec<Vec<PlannedObject>> {
    let order = graph.order();
    let mut position = vec![0; graph.len()];
    for (at, node) in order.import().iter().enumerate() {
        position[node.index()] = at + 1;
    }
    let planned = |node: &NodeId| {
        let named = |mut nodes: Vec<NodeId>| -> Vec<String> {
            nodes.sort_by_key(|node| position[node.index()]);
            nodes.into_iter().map(|node| graph.key(node).to_string()).collect()
        };
        let key = graph.key(*node);
        let selected = &selection.selected[key];
        PlannedObject {
            position: position[node.index()],
            group: key.group.clone(),
            kind: key.kind.clone(),
            namespace: key.namespace.clone(),
            name: key.name.clone(),
            owners: named(graph.owners(*node)),
            references: named(graph.references(*node).to_vec()),
            selected_by: selected.why.to_string(),
            library: selected.library,
        }
    };
    order.levels().map(|level| level.iter().map(planned).collect()).collect()
}

#[cfg(test)]
mod tests;
