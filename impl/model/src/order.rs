//! The import order and its exact reverse.
//!
//! Level = 1 + the highest level of the owners (rule O1), so that an owner's UID exists before
//! something refers to it. Inside a level objects stand in the order of their numbers in the
//! [`Graph`]: kinds that are referred to first (O2). Deletion is the reverse (O4).

use petgraph::graph::{DiGraph, NodeIndex};

use crate::graph::{Edge, Graph, NodeId};
use crate::object::ObjectKey;

/// The objects of a graph, level by level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    nodes: Vec<NodeId>,
    /// Where each level begins in `nodes`, and the end of the last.
    bounds: Vec<usize>,
}

impl Order {
    /// The levels, owners first.
    pub fn levels(&self) -> impl Iterator<Item = &[NodeId]> + '_ {
        self.bounds.windows(2).map(|bounds| &self.nodes[bounds[0]..bounds[1]])
    }

    /// All objects in the order in which they are created on the target.
    #[must_use]
    pub fn import(&self) -> &[NodeId] {
        &self.nodes
    }

    /// All objects in the order in which they are deleted.
    pub fn deletion(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.nodes.iter().rev().copied()
    }
}

impl Graph {
    /// The order of its objects. Linear in objects and owner references.
    #[must_use]
    pub fn order(&self) -> Order {
        let level_of = levels(self.as_petgraph()).expect("a graph was built without cycles");
        // A counting sort: it keeps the order of the numbers inside a level.
        let depth = level_of.iter().max().map_or(0, |&deepest| deepest as usize + 1);
        let mut bounds = vec![0; depth + 1];
        for &level in &level_of {
            bounds[level as usize + 1] += 1;
        }
        for level in 0..depth {
            bounds[level + 1] += bounds[level];
        }
        let mut next = bounds.clone();
        let mut nodes = vec![NodeId::default(); level_of.len()];
        for (node, &level) in self.nodes().zip(&level_of) {
            nodes[next[level as usize]] = node;
            next[level as usize] += 1;
        }
        Order { nodes, bounds }
    }
}

/// The level of each node, or `None` if there is a cycle. Takes no recursion: a chain of owners
/// may be as long as the input.
pub(crate) fn levels(owners: &DiGraph<ObjectKey, Edge>) -> Option<Vec<u32>> {
    let mut waits_for = vec![0u32; owners.node_count()];
    for edge in owners.raw_edges() {
        waits_for[edge.target().index()] += 1;
    }
    let mut level_of = vec![0u32; waits_for.len()];
    let free = |node: &NodeIndex| waits_for[node.index()] == 0;
    let mut ready: Vec<NodeIndex> = owners.node_indices().filter(free).collect();
    let mut placed = 0;
    while let Some(owner) = ready.pop() {
        placed += 1;
        let below = level_of[owner.index()] + 1;
        for dependent in owners.neighbors(owner) {
            let at = dependent.index();
            level_of[at] = level_of[at].max(below);
            waits_for[at] -= 1;
            if waits_for[at] == 0 {
                ready.push(dependent);
            }
        }
    }
    (placed == level_of.len()).then_some(level_of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Object;
    use crate::object::fixture::object;

    fn levels_of(objects: &[Object]) -> Vec<Vec<String>> {
        let graph = Graph::build(objects).expect("a graph");
        let name = |node: &NodeId| graph.key(*node).name.clone();
        graph.order().levels().map(|level| level.iter().map(name).collect()).collect()
    }

    #[test]
    fn the_highest_owner_decides() {
        let objects = [
            object("Machine", "late", &[("Cluster", "c"), ("MachineSet", "ms")]),
            object("MachineSet", "ms", &[("MachineDeployment", "md")]),
            object("MachineDeployment", "md", &[("Cluster", "c")]),
            object("Cluster", "c", &[]),
        ];
        let expected = [vec!["c"], vec!["md"], vec!["ms"], vec!["late"]];
        assert_eq!(levels_of(&objects), expected);
    }

    #[test]
    fn deletion_is_the_reverse() {
        let objects = [object("Cluster", "c", &[]), object("Machine", "m", &[("Cluster", "c")])];
        let order = Graph::build(&objects).expect("a graph").order();
        let mut deletion: Vec<NodeId> = order.deletion().collect();
        deletion.reverse();
        assert_eq!(deletion, order.import());
    }

    #[test]
    fn nothing_has_no_levels() {
        assert!(levels_of(&[]).is_empty());
    }

    #[test]
    fn a_long_chain_does_not_overflow_the_stack() {
        let objects: Vec<_> = (0..100_000)
            .map(|n: u32| {
                let owner = format!("m{}", n.saturating_sub(1));
                let owners = [("Machine", owner.as_str())];
                object("Machine", &format!("m{n}"), if n == 0 { &[] } else { &owners })
            })
            .collect();
        let graph = Graph::build(&objects).expect("a graph");
        assert_eq!(graph.order().levels().count(), 100_000);
    }
}
