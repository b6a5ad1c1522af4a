//! The object graph: who owns whom, and in which order kinds are told apart.
//!
//! Nodes are objects, edges lead from an owner to what it owns. Nodes are numbered in the order
//! that breaks ties inside a level (kind rank, group, kind, namespace, name), so that whatever
//! walks them in number order is a function of the *set* of objects (rule O3).
//!
//! **Invariant:** a [`Graph`] has no cycle and no edge to an object that is not in it. What would
//! break this is a [`Problem`], and [`Graph::build`] reports all of them at once.

mod cycle;
mod problem;
mod rank;

use std::collections::{BTreeMap, BTreeSet};

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::object::{Index, Object, ObjectKey, OwnerFault};
use crate::order;

pub(crate) use self::problem::clash;
pub use self::problem::{GraphError, Problem};

/// The number of an object in its graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// The number as an index into something that has an entry for each node.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl From<NodeIndex> for NodeId {
    fn from(node: NodeIndex) -> Self {
        Self(u32::try_from(node.index()).expect("petgraph numbers nodes with 32 bits"))
    }
}

impl From<NodeId> for NodeIndex {
    fn from(node: NodeId) -> Self {
        NodeIndex::new(node.index())
    }
}

/// Why one object comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// The first is an owner of the second.
    Owner,
    /// The second belongs to the first without an owner reference: a Secret by its name, a
    /// MachineHealthCheck by `spec.clusterName` (rule D3).
    Soft,
}

/// Objects, their owners and their references. Has no cycle.
#[derive(Clone, Debug)]
pub struct Graph {
    owners: DiGraph<ObjectKey, Edge>,
    references: Vec<Vec<NodeId>>,
}

impl Graph {
    /// The graph of `objects`, each of whose owners must be among them.
    ///
    /// # Errors
    /// [`GraphError`] with everything that is wrong: objects that share a key or a UID, owners
    /// that are missing or foreign, owner cycles.
    pub fn build<'a>(objects: impl IntoIterator<Item = &'a Object>) -> Result<Self, GraphError> {
        Self::assemble(&Index::new(objects), &Links::default())
    }

    /// The graph of the objects of `index`, with what their owner references do not tell.
    pub(crate) fn assemble(index: &Index<'_>, links: &Links) -> Result<Self, GraphError> {
        let mut problems: Vec<Problem> =
            index.clashes().into_iter().map(|pair| clash(index, pair)).collect();
        let names = rank::names(index);
        let ordered = rank::ordered(index, &names);
        let mut node_of = vec![NodeIndex::new(0); ordered.len()];
        let mut owners = DiGraph::with_capacity(ordered.len(), ordered.len());
        for &at in &ordered {
            node_of[at] = owners.add_node(index.object(at).key().clone());
        }
        for &at in &ordered {
            for owner in owners_of(index, at, links, &mut problems) {
                owners.add_edge(node_of[owner], node_of[at], Edge::Owner);
            }
        }
        add_soft_edges(&mut owners, index, links, &node_of);
        if order::levels(&owners).is_none() {
            problems.extend(cycle::all(&owners).into_iter().map(Problem::Cycle));
        }
        if !problems.is_empty() {
            return Err(GraphError::new(problems));
        }
        let targets = |at: &usize| {
            let mut nodes: Vec<NodeId> =
                names.targets[*at].iter().map(|&target| node_of[target].into()).collect();
            nodes.sort_unstable();
            nodes
        };
        let references = ordered.iter().map(targets).collect();
        Ok(Self { owners, references })
    }

    /// The number of objects.
    #[must_use]
    pub fn len(&self) -> usize {
        self.owners.node_count()
    }

    /// Whether there is no object.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The key of an object.
    ///
    /// # Panics
    /// If `node` is of another, larger graph.
    #[must_use]
    pub fn key(&self, node: NodeId) -> &ObjectKey {
        &self.owners[NodeIndex::from(node)]
    }

    /// All objects, in the order of their numbers.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.owners.node_indices().map(NodeId::from)
    }

    /// What owns `node` by an owner reference, in the order of their numbers.
    #[must_use]
    pub fn owners(&self, node: NodeId) -> Vec<NodeId> {
        let incoming = self.owners.edges_directed(node.into(), Direction::Incoming);
        let mut owners: Vec<NodeId> = incoming
            .filter(|edge| *edge.weight() == Edge::Owner)
            .map(|edge| edge.source().into())
            .collect();
        owners.sort_unstable();
        owners
    }

    /// What the spec of `node` refers to, as far as it is in the graph.
    #[must_use]
    pub fn references(&self, node: NodeId) -> &[NodeId] {
        &self.references[node.index()]
    }

    /// The graph as petgraph has it: an edge leads from an owner to what it owns.
    #[must_use]
    pub fn as_petgraph(&self) -> &DiGraph<ObjectKey, Edge> {
        &self.owners
    }
}

/// What a selection knows beyond the owner references of its objects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    /// Owner references that are left off the copies: for each object their places in its list.
    pub(crate) left_off: BTreeMap<ObjectKey, BTreeSet<usize>>,
    /// The Cluster.
    pub(crate) cluster: Option<ObjectKey>,
    /// What belongs to the Cluster without an owner reference.
    pub(crate) soft: BTreeSet<ObjectKey>,
}

/// The owner cycles of the objects of `index`, whose owners are given by position.
pub(crate) fn cycles(
    index: &Index<'_>,
    owners: &[Vec<Result<usize, OwnerFault>>],
) -> Vec<Vec<ObjectKey>> {
    let mut graph = DiGraph::with_capacity(owners.len(), owners.len());
    for object in index.objects() {
        graph.add_node(object.key().clone());
    }
    for (at, owners) in owners.iter().enumerate() {
        for &owner in owners.iter().flatten() {
            graph.add_edge(NodeIndex::new(owner), NodeIndex::new(at), Edge::Owner);
        }
    }
    match order::levels(&graph) {
        Some(_) => Vec::new(),
        None => cycle::all(&graph),
    }
}

/// The owners of the object at a position; their faults become problems.
fn owners_of(
    index: &Index<'_>,
    at: usize,
    links: &Links,
    problems: &mut Vec<Problem>,
) -> BTreeSet<usize> {
    let object = index.object(at);
    let left_off = links.left_off.get(object.key());
    let mut owners = BTreeSet::new();
    for (place, reference) in object.owners().iter().enumerate() {
        if left_off.is_some_and(|places| places.contains(&place)) {
            continue;
        }
        match index.owner(object, reference) {
            Ok(owner) => {
                owners.insert(owner);
            }
            Err(fault) => problems.push(Problem::owner(object, reference, fault)),
        }
    }
    owners
}

/// Puts what belongs to the Cluster after it, but for what owns it: an owner reference outweighs.
fn add_soft_edges(
    owners: &mut DiGraph<ObjectKey, Edge>,
    index: &Index<'_>,
    links: &Links,
    node_of: &[NodeIndex],
) {
    let Some(cluster) = links.cluster.as_ref().and_then(|cluster| index.find(cluster)) else {
        return;
    };
    let cluster = node_of[cluster];
    let above = above(owners, cluster);
    for at in links.soft.iter().filter_map(|key| index.find(key)) {
        let node = node_of[at];
        let mut its_owners = owners.neighbors_directed(node, Direction::Incoming);
        if !above.contains(&node) && !its_owners.any(|owner| owner == cluster) {
            owners.add_edge(cluster, node, Edge::Soft);
        }
    }
}

/// The node and everything that owns it, directly or around a corner.
fn above(owners: &DiGraph<ObjectKey, Edge>, node: NodeIndex) -> BTreeSet<NodeIndex> {
    let mut above = BTreeSet::from([node]);
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        for owner in owners.neighbors_directed(node, Direction::Incoming) {
            if above.insert(owner) {
                open.push(owner);
            }
        }
    }
    above
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::fixture::{core, object};

    #[test]
    fn numbers_do_not_depend_on_the_order_of_the_input() {
        let objects = [
            object("Cluster", "c", &[]),
            object("Machine", "m2", &[("Cluster", "c")]),
            object("Machine", "m1", &[("Cluster", "c")]),
        ];
        let keys = |graph: &Graph| -> Vec<String> {
            graph.nodes().map(|node| graph.key(node).name.clone()).collect()
        };
        let forward = Graph::build(&objects).expect("a graph");
        let backward = Graph::build(objects.iter().rev()).expect("a graph");
        assert_eq!(keys(&forward), ["c", "m1", "m2"]);
        assert_eq!(keys(&forward), keys(&backward));
        let machine = forward.nodes().nth(1).expect("three objects");
        assert_eq!(forward.owners(machine), [forward.nodes().next().expect("the Cluster")]);
    }

    #[test]
    fn every_problem_is_reported() {
        let objects = [
            object("Machine", "m", &[("MachineSet", "gone")]),
            object("Machine", "a", &[("Machine", "b")]),
            object("Machine", "b", &[("Machine", "a")]),
            core("Secret", "s", &[("Cluster", "also-gone")]),
            core("Secret", "s", &[]),
        ];
        let error = Graph::build(&objects).expect_err("nothing is right here");
        assert_eq!(error.problems().len(), 4, "{error}");
        let text = error.to_string();
        for part in [
            "Machine.cluster.x-k8s.io default/m: owner MachineSet.cluster.x-k8s.io gone",
            "Machine.cluster.x-k8s.io default/a is owned by Machine.cluster.x-k8s.io default/b",
            "owner Cluster.cluster.x-k8s.io also-gone",
            "Secret default/s is there twice",
        ] {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
    }

    #[test]
    fn an_owner_named_twice_is_one_edge() {
        let objects = [
            object("Cluster", "c", &[]),
            object("Machine", "m", &[("Cluster", "c"), ("Cluster", "c")]),
        ];
        let graph = Graph::build(&objects).expect("a graph");
        assert_eq!(graph.as_petgraph().edge_count(), 1);
    }
}
