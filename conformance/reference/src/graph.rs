//! What `fulcrum graph` shows: for each Cluster of the input what would move, and in which order.
//!
//! The reading is that of `fulcrum-model`, turned into plain data here. What cannot be placed is
//! an error that names all of it; what nothing selects is listed with the reason.

use std::collections::BTreeSet;

use fulcrum_model::graph::{Graph, NodeId};
use fulcrum_model::manifest::{self, ManifestErrors};
use fulcrum_model::object::{Object, ObjectKey};
use fulcrum_model::select::{Inventory, SelectError, Selection};
use serde::Serialize;
use thiserror::Error;

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

/// The plans of all Clusters of the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GraphReport {
    /// One plan for each Cluster, sorted by namespace and name.
    pub clusters: Vec<ClusterPlan>,
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
    pub left_owners: Vec<LeftOwner>,
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

/// An owner that does not move with what it owns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOwner {
    /// The object that moves.
    pub object: String,
    /// The owner.
    pub owner: String,
    /// Why the owner does not move.
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
    /// Objects that should move cannot be placed.
    #[error("these objects cannot be placed:\n  {}", .problems.join("\n  "))]
    Unplaceable {
        /// A line for each of them, with the place where it was read.
        problems: Vec<String>,
    },
}

/// Plans the move of every Cluster of the input.
///
/// The result is a function of the set of objects: their order in the input does not matter.
///
/// # Errors
/// [`PlanError`], which lists everything that is wrong.
pub fn plan(sources: Vec<Source>) -> Result<GraphReport, PlanError> {
    let files = sources.iter().map(|source| (source.file.as_str(), source.bytes.as_slice()));
    let objects = manifest::read_all(files).map_err(PlanError::Unreadable)?;
    let inventory = Inventory::new(&objects);
    let clusters: Vec<&ObjectKey> = inventory.clusters().collect();
    if clusters.is_empty() {
        return Err(PlanError::NoCluster {
            files: sources.into_iter().map(|source| source.file).collect(),
            objects: objects.len(),
        });
    }
    let mut plans = Vec::new();
    let mut problems = Problems::default();
    for cluster in clusters {
        match cluster_plan(&inventory, &objects, cluster) {
            Ok(plan) => plans.push(plan),
            Err(found) => problems.add(found),
        }
    }
    if !problems.lines.is_empty() {
        return Err(PlanError::Unplaceable { problems: problems.lines });
    }
    let left = inventory.unselected().into_iter();
    Ok(GraphReport {
        clusters: plans,
        unselected: left
            .map(|(object, reason)| Left { object: object.to_string(), reason })
            .collect(),
        notes: notes(&inventory),
    })
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
    objects: &[Object],
    cluster: &ObjectKey,
) -> Result<ClusterPlan, Vec<String>> {
    let lines = |problems: &[fulcrum_model::graph::Problem]| {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let selection = inventory.select(cluster).map_err(|error| match error {
        SelectError::Unplaceable { error, .. } => lines(error.problems()),
        other => vec![other.to_string()],
    })?;
    let graph = selection.graph(objects).map_err(|error| lines(error.problems()))?;
    let left_owners = selection.left_owners.iter().map(|left| LeftOwner {
        object: left.object.to_string(),
        owner: left.owner.to_string(),
        reason: left.reason.clone(),
    });
    Ok(ClusterPlan {
        cluster: cluster.full_name(),
        levels: levels(&graph, &selection),
        left_owners: left_owners.collect(),
    })
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
mod tests {
    use super::*;

    const CLUSTER: &str = "apiVersion: cluster.x-k8s.io/v1beta2\nkind: Cluster\n\
                           metadata: {name: c1, namespace: default}\n";

    const MACHINE: &str = "apiVersion: cluster.x-k8s.io/v1beta2\nkind: Machine\n\
                           metadata:\n  name: m\n  namespace: default\n  ownerReferences:\n  \
                           - {apiVersion: cluster.x-k8s.io/v1beta2, kind: Cluster, name: c1}\n";

    fn source(file: &str, text: &str) -> Source {
        Source { file: file.to_owned(), bytes: text.as_bytes().to_vec() }
    }

    #[test]
    fn a_plan_tells_levels_positions_and_owners() {
        let report = plan(vec![source("b.yaml", MACHINE), source("a.yaml", CLUSTER)]);
        let report = report.expect("a plan");
        let plan = &report.clusters[0];
        assert_eq!(plan.cluster, "default/c1");
        let machine = &plan.levels[1][0];
        assert_eq!((machine.position, machine.name.as_str()), (2, "m"));
        assert_eq!(machine.owners, ["Cluster.cluster.x-k8s.io default/c1"]);
        assert_eq!(report.notes.len(), 1);
    }

    #[test]
    fn an_input_without_cluster_names_its_files() {
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n";
        let error = plan(vec![source("pods.yaml", pod)]).expect_err("no Cluster").to_string();
        assert_eq!(
            error,
            "there is no Cluster of cluster.x-k8s.io among the 1 objects of pods.yaml",
        );
    }

    #[test]
    fn problems_name_object_and_place() {
        let error =
            plan(vec![source("a.yaml", CLUSTER), source("b.yaml", &MACHINE.replace("c1", "c2"))])
                .expect_err("an orphan")
                .to_string();
        assert_eq!(
            error,
            "these objects cannot be placed:\n  Machine.cluster.x-k8s.io default/m (b.yaml, \
             document 1): owner Cluster.cluster.x-k8s.io c2: it is not in the input",
        );
        let twice = plan(vec![source("a.yaml", CLUSTER), source("b.yaml", CLUSTER)]);
        let twice = twice.expect_err("a duplicate").to_string();
        assert!(twice.contains("a.yaml, document 1, and in b.yaml, document 1"), "{twice}");
    }
}
