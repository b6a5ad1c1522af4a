//! The cases that the reference answers for by itself: its model, and the orderings of its graph.

/// A case, and the rules of the contract that it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What it is called.
    pub id: String,
    /// The ids of the rules.
    pub rules: &'static [&'static str],
}

/// The snapshots and properties of the object graph, in `impl/model/tests`.
const GRAPH: &[(&str, &[&str])] = &[
    ("exercise-6.6", &["D2", "O1", "O2", "O4"]),
    ("exercise-6.6-ha", &["D2", "O1", "O2", "O4"]),
    ("real-capd-1cp-2md", &["D1", "D2", "O1", "O2", "O4"]),
    ("real-dev-exercise-6.6", &["D1", "D2", "O1", "O2", "O4"]),
    ("cluster-class", &["D2", "D3", "D4", "O1", "O2"]),
    ("cluster-resource-set", &["D2", "D3", "D4", "O1"]),
    ("credentials", &["D2", "D4"]),
    ("ipam", &["D1", "D2", "O1"]),
    ("machine-before", &["D2", "O1"]),
    ("machine-pool", &["D2", "O1"]),
    ("machine-health-check", &["D2", "D3", "O1"]),
    ("topology-shim", &["D2", "D3", "O1"]),
    ("prefix-neighbour", &["D3"]),
    ("shared-template", &["D4", "I2"]),
    ("bad-cycle", &["D5"]),
    ("bad-virtual-owner", &["D5"]),
    ("bad-foreign-owner", &["D5"]),
    ("bad-wrong-name", &["D5"]),
    ("bad-orphan", &["D5"]),
    ("bad-same-uid", &["D5"]),
    ("bad-duplicate", &["D5"]),
    ("bad-unselected", &["D5"]),
    ("bad-no-cluster", &["D6"]),
    ("shuffled", &["O3"]),
    ("levels", &["O1"]),
    ("inside-a-level", &["O2"]),
    ("deletion", &["O4"]),
    ("batches", &["T8"]),
    ("digest", &["H5"]),
    ("covers", &["I4"]),
    ("round-trip", &["I1", "I2", "U2"]),
];

/// All of them.
#[must_use]
pub fn cases() -> Vec<Case> {
    let graph = GRAPH.iter().map(|(name, rules)| Case { id: format!("graph/{name}"), rules });
    let model = fulcrum_explore::catalogue::all()
        .into_iter()
        .map(|it| Case { id: format!("model/{}", it.scenario.name), rules: it.rules });
    graph.chain(model).collect()
}
