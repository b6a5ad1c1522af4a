//! What no Cluster claims and yet keeps Clusters from moving, since it may be theirs (rule D5).
//!
//! Found once, and told to each Cluster that it concerns.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{self, Problem};
use crate::object::{ObjectKey, OwnerFault};

use super::inventory::Inventory;

/// Problems by the Clusters that they concern.
#[derive(Default)]
pub(super) struct Unplaced {
    problems: Vec<Problem>,
    /// For each Cluster the problems that concern it by themselves.
    of_cluster: BTreeMap<usize, BTreeSet<usize>>,
    /// For each namespace the problems that concern all Clusters in it.
    of_namespace: BTreeMap<Option<String>, BTreeSet<usize>>,
}

impl Unplaced {
    pub(super) fn of(inventory: &Inventory<'_>) -> Self {
        let mut unplaced = Self::default();
        unplaced.find_clashes(inventory);
        unplaced.find_broken_owners(inventory);
        unplaced.find_ambiguous(inventory);
        unplaced.find_cycles(inventory);
        unplaced
    }

    /// What concerns the Cluster at a position, in the order in which it was found.
    pub(super) fn problems(&self, at: usize, cluster: &ObjectKey) -> Vec<Problem> {
        let own = self.of_cluster.get(&at).into_iter().flatten();
        let near = self.of_namespace.get(&cluster.namespace).into_iter().flatten();
        let numbers: BTreeSet<usize> = own.chain(near).copied().collect();
        numbers.into_iter().map(|number| self.problems[number].clone()).collect()
    }

    fn add(&mut self, problem: Problem, clusters: impl IntoIterator<Item = usize>) {
        let number = self.problems.len();
        self.problems.push(problem);
        for cluster in clusters {
            self.of_cluster.entry(cluster).or_default().insert(number);
        }
    }

    /// Lets the last problem concern every Cluster of a namespace.
    fn spread(&mut self, namespace: Option<&str>) {
        let last = self.problems.len().saturating_sub(1);
        self.of_namespace.entry(namespace.map(str::to_owned)).or_default().insert(last);
    }

    /// Two objects that share a key or a UID. What cannot move is served under two groups at times,
    /// as Events are.
    fn find_clashes(&mut self, inventory: &Inventory<'_>) {
        for (one, two) in inventory.index.clashes() {
            if !inventory.moves[one] || !inventory.moves[two] {
                continue;
            }
            let claimed_by = [&inventory.claimed_by[one], &inventory.claimed_by[two]];
            let clusters: BTreeSet<usize> = claimed_by.into_iter().flatten().copied().collect();
            let is_free = clusters.is_empty();
            self.add(graph::clash(&inventory.index, (one, two)), clusters);
            if is_free {
                self.spread(inventory.key(one).namespace.as_deref());
                self.spread(inventory.key(two).namespace.as_deref());
            }
        }
    }

    /// Objects that no Cluster claims because their owners are missing or foreign.
    fn find_broken_owners(&mut self, inventory: &Inventory<'_>) {
        let is_unclaimed = |at: &usize| inventory.claimed_by[*at].is_empty();
        let unclaimed = (0..inventory.moves.len()).filter(is_unclaimed);
        for at in unclaimed.filter(|&at| inventory.moves[at]) {
            let problems = inventory.owner_problems(at);
            if problems.is_empty() {
                continue;
            }
            let concerned = Concerned::of(inventory, at);
            for problem in problems {
                self.add(problem, concerned.clusters.iter().copied());
                if concerned.namespace {
                    self.spread(inventory.key(at).namespace.as_deref());
                }
            }
        }
    }

    /// Secrets whose names fit several Clusters.
    fn find_ambiguous(&mut self, inventory: &Inventory<'_>) {
        for (secret, clusters) in &inventory.ambiguous {
            let problem = Problem::Ambiguous {
                object: inventory.key(*secret).clone(),
                clusters: inventory.keys(clusters),
            };
            let claimed_by = &inventory.claimed_by[*secret];
            let others = clusters.iter().filter(|cluster| !claimed_by.contains(cluster));
            self.add(problem, others.copied());
        }
    }

    /// Owner cycles among objects that could move.
    fn find_cycles(&mut self, inventory: &Inventory<'_>) {
        for cycle in graph::cycles(&inventory.index, &inventory.owners) {
            if cycle.iter().all(|key| inventory.types.moves(&key.group_kind())) {
                let namespace = cycle[0].namespace.clone();
                self.add(Problem::Cycle(cycle), []);
                self.spread(namespace.as_deref());
            }
        }
    }
}

/// Whose an unclaimed object with broken owners probably is.
struct Concerned {
    clusters: BTreeSet<usize>,
    /// Whether it may be any Cluster's of its namespace.
    namespace: bool,
}

impl Concerned {
    fn of(inventory: &Inventory<'_>, at: usize) -> Self {
        let faults = inventory.owners[at].iter().filter_map(|owner| owner.as_ref().err());
        let owners = faults.filter_map(|fault| inventory.index.find(meant(fault)?));
        let mut clusters: BTreeSet<usize> =
            owners.flat_map(|owner| &inventory.claimed_by[owner]).copied().collect();
        let key = inventory.key(at);
        let mut namespace = false;
        match inventory.named_cluster(at) {
            Some(name) => clusters.extend(inventory.cluster(key.namespace.as_deref(), name)),
            None if key.group.is_empty() => {
                clusters.extend(inventory.named_for(at).into_iter().map(|(cluster, _)| cluster));
            }
            None => namespace = true,
        }
        Self { clusters, namespace }
    }
}

/// The object that a broken owner reference seems to mean.
fn meant(fault: &OwnerFault) -> Option<&ObjectKey> {
    match fault {
        OwnerFault::OtherNamespace(owner)
        | OwnerFault::OtherName(owner)
        | OwnerFault::Namespaced(owner)
        | OwnerFault::OtherUid { name: owner, .. } => Some(owner),
        OwnerFault::Absent => None,
    }
}
