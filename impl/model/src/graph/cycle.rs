//! Owner cycles, as a person reads them: who is owned by whom, all the way round.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::object::ObjectKey;

use super::Edge;

/// Cycles that together name every object that is in one. Each begins with its smallest key that
/// no earlier cycle has, and leads from an object to its owner.
///
/// Kosaraju's algorithm and not Tarjan's, which petgraph does by recursion: a cycle may be as
/// long as the input.
pub(super) fn all(owners: &DiGraph<ObjectKey, Edge>) -> Vec<Vec<ObjectKey>> {
    let mut cycles = Vec::new();
    for component in kosaraju_scc(owners) {
        let mut members: Vec<NodeIndex> = component;
        members.sort_by_key(|&node| &owners[node]);
        let inside: BTreeSet<NodeIndex> = members.iter().copied().collect();
        let mut told = BTreeSet::new();
        for &start in &members {
            if told.contains(&start) {
                continue;
            }
            if let Some(cycle) = through(owners, &inside, start) {
                told.extend(cycle.iter().copied());
                cycles.push(cycle.into_iter().map(|node| owners[node].clone()).collect());
            }
        }
    }
    cycles.sort();
    cycles
}

/// A shortest cycle through `start`, if there is one.
fn through(
    owners: &DiGraph<ObjectKey, Edge>,
    inside: &BTreeSet<NodeIndex>,
    start: NodeIndex,
) -> Option<Vec<NodeIndex>> {
    let mut reached_from: BTreeMap<NodeIndex, NodeIndex> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        let mut above: Vec<NodeIndex> =
            owners.neighbors_directed(node, Direction::Incoming).collect();
        above.sort_unstable();
        for owner in above.into_iter().filter(|owner| inside.contains(owner)) {
            if owner == start {
                return Some(path_back(&reached_from, start, node));
            }
            if let Entry::Vacant(entry) = reached_from.entry(owner) {
                entry.insert(node);
                queue.push_back(owner);
            }
        }
    }
    None
}

/// The way from `start` to `end`, told by where each node was reached from.
fn path_back(
    reached_from: &BTreeMap<NodeIndex, NodeIndex>,
    start: NodeIndex,
    end: NodeIndex,
) -> Vec<NodeIndex> {
    let mut path = vec![end];
    let mut node = end;
    while node != start {
        node = reached_from[&node];
        path.push(node);
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use crate::graph::{Graph, Problem};
    use crate::object::fixture::object;

    fn cycles(pairs: &[(&str, &[&str])]) -> Vec<String> {
        let objects: Vec<_> = pairs
            .iter()
            .map(|(name, owners)| {
                let owners: Vec<_> = owners.iter().map(|owner| ("Machine", *owner)).collect();
                object("Machine", name, &owners)
            })
            .collect();
        let error = Graph::build(&objects).expect_err("a cycle");
        let names = |problem: &Problem| match problem {
            Problem::Cycle(path) => {
                path.iter().map(|key| key.name.as_str()).collect::<Vec<_>>().join(" ")
            }
            other => panic!("not a cycle: {other}"),
        };
        error.problems().iter().map(names).collect()
    }

    #[test]
    fn the_whole_cycle_is_told() {
        assert_eq!(cycles(&[("a", &["b"]), ("b", &["c"]), ("c", &["a"])]), ["a b c"]);
        assert_eq!(cycles(&[("a", &["a"])]), ["a"]);
    }

    #[test]
    fn what_hangs_below_a_cycle_is_not_in_it() {
        assert_eq!(cycles(&[("a", &["b"]), ("b", &["a"]), ("c", &["a"])]), ["a b"]);
    }

    #[test]
    fn knotted_cycles_are_all_told() {
        let pairs: [(&str, &[&str]); 3] = [("a", &["b"]), ("b", &["a", "c"]), ("c", &["b"])];
        assert_eq!(cycles(&pairs), ["a b", "c b"]);
    }

    #[test]
    fn a_long_cycle_does_not_overflow_the_stack() {
        let objects: Vec<_> = (0..20_000)
            .map(|n| {
                let owner = format!("m{}", (n + 1) % 20_000);
                object("Machine", &format!("m{n}"), &[("Machine", owner.as_str())])
            })
            .collect();
        let error = Graph::build(&objects).expect_err("a cycle");
        assert_eq!(error.problems().len(), 1);
    }
}
