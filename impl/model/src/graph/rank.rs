//! The order of kinds inside a level: what is referred to comes before what refers to it.
//!
//! Owner and spec references together are cyclic (a Cluster owns the templates that its parts
//! refer to), and two kinds may refer to each other. So references order *kinds*, and kinds that
//! refer to each other, directly or around a corner, share a rank.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::object::{GroupKind, Index};

/// What the specs of the objects name.
pub(super) struct Names {
    /// For each object the positions of those that it refers to, itself left out.
    pub(super) targets: Vec<BTreeSet<usize>>,
    /// The kinds, sorted.
    kinds: BTreeMap<GroupKind, usize>,
    /// The kind of each object.
    kind_of: Vec<usize>,
    /// Pairs of kinds, the first of which refers to the second.
    refers: BTreeSet<(usize, usize)>,
}

/// Reads the specs of all objects.
pub(super) fn names(index: &Index<'_>) -> Names {
    let mut kinds = BTreeMap::new();
    let mut kind_of = Vec::with_capacity(index.objects().len());
    for object in index.objects() {
        let next = kinds.len();
        kind_of.push(*kinds.entry(object.key().group_kind()).or_insert(next));
    }
    let mut names = Names {
        targets: Vec::with_capacity(kind_of.len()),
        kinds,
        kind_of,
        refers: BTreeSet::new(),
    };
    for (at, object) in index.objects().iter().enumerate() {
        let mut targets = BTreeSet::new();
        for reference in object.references() {
            if let Some(&kind) = names.kinds.get(&reference.group_kind()) {
                names.refers.insert((names.kind_of[at], kind));
                targets.extend(index.target(object, &reference).filter(|&target| target != at));
            }
        }
        names.targets.push(targets);
    }
    names
}

/// The positions of all objects by kind rank, then by key.
pub(super) fn ordered(index: &Index<'_>, names: &Names) -> Vec<usize> {
    let ranks = ranks(names);
    let mut ordered: Vec<usize> = (0..index.objects().len()).collect();
    // Stable: the index has its objects in the order of their keys.
    ordered.sort_by_key(|&at| ranks[names.kind_of[at]]);
    ordered
}

/// The rank of each kind: 0 if it refers to no other, else one more than what it refers to.
fn ranks(names: &Names) -> Vec<usize> {
    let mut graph: DiGraph<(), ()> = DiGraph::new();
    let nodes: Vec<NodeIndex> = names.kinds.iter().map(|_| graph.add_node(())).collect();
    for &(from, to) in &names.refers {
        graph.add_edge(nodes[from], nodes[to], ());
    }
    let mut ranks = vec![0; nodes.len()];
    // Components come with what is referred to first.
    for component in kosaraju_scc(&graph) {
        let referred = component.iter().flat_map(|&kind| graph.neighbors(kind));
        let outside = referred.filter(|kind| !component.contains(kind));
        let rank = outside.map(|kind| ranks[kind.index()] + 1).max().unwrap_or(0);
        for kind in &component {
            ranks[kind.index()] = rank;
        }
    }
    ranks
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::object::Object;

    fn referring(kind: &str, to: &[&str]) -> Object {
        let refs: Vec<_> = to.iter().map(|kind| json!({"kind": kind, "name": "x"})).collect();
        Object::from_value(json!({
            "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": kind,
            "metadata": {"namespace": "default", "name": "x"}, "spec": {"refs": refs},
        }))
        .expect("an object")
    }

    fn order_of(objects: &[Object]) -> Vec<&str> {
        let index = Index::new(objects);
        let ordered = ordered(&index, &names(&index));
        ordered.iter().map(|&at| objects_name(&index, at)).collect()
    }

    fn objects_name<'a>(index: &Index<'a>, at: usize) -> &'a str {
        &index.object(at).key().kind
    }

    #[test]
    fn what_is_referred_to_comes_first() {
        let objects = [referring("A", &["B"]), referring("B", &["Z"]), referring("Z", &[])];
        assert_eq!(order_of(&objects), ["Z", "B", "A"]);
    }

    #[test]
    fn kinds_that_refer_to_each_other_share_a_rank() {
        let objects = [
            referring("A", &["C"]),
            referring("B", &["A"]),
            referring("C", &["B", "Z"]),
            referring("Z", &[]),
        ];
        assert_eq!(order_of(&objects), ["Z", "A", "B", "C"]);
    }

    #[test]
    fn kinds_that_are_not_there_do_not_count() {
        let objects = [referring("A", &["Gone"]), referring("B", &[])];
        assert_eq!(order_of(&objects), ["A", "B"]);
    }
}
