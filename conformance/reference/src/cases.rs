//! The cases that the reference answers for by itself: its model, the orderings of its graph, its
//! sessions, and its moves between two API servers.

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

/// Who may speak to whom, in `impl/cell/tests`, `impl/agent/tests` and `impl/identity/tests`.
const SESSIONS: &[(&str, &[&str])] = &[
    ("both-know-each-other", &["T2"]),
    ("without-certificate", &["T2", "T3"]),
    ("foreign-certificate", &["T3"]),
    ("expired-certificate", &["T3"]),
    ("revoked-certificate", &["T3"]),
    ("newest-lives", &["T4"]),
    ("silent-is-given-up", &["T5"]),
    ("renewal", &["T6"]),
    ("way-back", &["T7"]),
];

/// Moves of real objects by cell and agent, in `conformance/reference/tests`.
const MOVES: &[(&str, &[&str])] = &[
    ("docker-cluster", &["I2", "I3", "T1", "T2", "T10", "A2"]),
    ("exercise-6.6", &["I2", "I3", "T1", "T2", "T10", "A2"]),
    ("foreign-pause", &["A1"]),
    ("being-deleted", &["P2"]),
    ("absent-owner", &["D5"]),
    ("crash-of-the-cell", &["R1", "H2", "C2"]),
    ("crash-of-the-agent", &["R1", "H2"]),
    ("independence", &["L1", "T1", "T10", "A2"]),
];

/// All of them.
#[must_use]
pub fn cases() -> Vec<Case> {
    let named = |room: &'static str, cases: &'static [(&str, &[&str])]| {
        cases.iter().map(move |(name, rules)| Case { id: format!("{room}/{name}"), rules })
    };
    let own = named("graph", GRAPH).chain(named("session", SESSIONS)).chain(named("move", MOVES));
    let model = fulcrum_explore::catalogue::all()
        .into_iter()
        .map(|it| Case { id: format!("model/{}", it.scenario.name), rules: it.rules });
    own.chain(model).collect()
}
