//! Compares what happened with what was recorded.

use std::collections::BTreeSet;

use crate::trace::{Sequences, Story};

/// What is not compared, and why.
const LEFT_OUT: [(&str, &str, &str); 6] = [
    ("", "label", "labels of templates and Nodes are the recording's own"),
    ("Event", "", "Events are not simulated"),
    ("InfraMachineTemplate", "", "the recorded provider writes a capacity into them"),
    ("KubeadmControlPlane", "condition EtcdClusterHealthy", "it flaps with the fake etcd"),
    ("", "status.currentHealthy", "it follows the 15 s rate of the checks"),
    ("", "status.expectedMachines", "it follows the 15 s rate of the checks"),
];

fn is_left_out(kind: &str, facet: &str) -> bool {
    LEFT_OUT.iter().any(|(of, begin, _)| {
        (of.is_empty() || *of == kind) && (begin.is_empty() || facet.starts_with(begin))
    })
}

/// A sequence without what says only that nothing is known yet, and without what shows a step of
/// a count: which of them are seen depends on the turn of the reconciles.
fn essence(facet: &str, states: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for state in states {
        let is_passing = state.starts_with("Unknown/");
        if !is_passing && kept.last() != Some(state) {
            kept.push(state.clone());
        }
    }
    let counts = facet.starts_with("status.") && facet.ends_with("eplicas");
    if counts {
        kept.drain(..kept.len().saturating_sub(1));
    }
    kept
}

/// Whether a sequence is a known one, but for states of waiting that nobody saw: a wait that ends
/// before the next turn of its controller is not shown.
fn is_like(found: &[String], known: &[String]) -> bool {
    let mut found = found.iter().peekable();
    for state in known {
        if found.peek() == Some(&state) {
            found.next();
        } else if !state.starts_with("False/WaitingFor") {
            return false;
        }
    }
    found.next().is_none()
}

/// Asserts that each object went through states that were recorded for one of its kind and name.
pub(crate) fn sequences(played: &Story, recorded: &Story) {
    let (played, recorded) = (played.sequences(), recorded.sequences());
    let mut wrong = unknown(&played, &recorded);
    for key @ (kind, name, facet) in recorded.keys() {
        if !is_left_out(kind, facet) && !played.contains_key(key) {
            wrong.push(format!("{kind} {name}: {facet} never changed"));
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

fn unknown(played: &Sequences, recorded: &Sequences) -> Vec<String> {
    let mut wrong = Vec::new();
    for (key @ (kind, name, facet), sequences) in played {
        if is_left_out(kind, facet) {
            continue;
        }
        let known: BTreeSet<Vec<String>> =
            recorded.get(key).into_iter().flatten().map(|one| essence(facet, one)).collect();
        let found: BTreeSet<Vec<String>> =
            sequences.iter().map(|one| essence(facet, one)).collect();
        let is_new = |one: &&Vec<String>| !known.iter().any(|known| is_like(one, known));
        for sequence in found.iter().filter(|one| !one.is_empty()).filter(is_new) {
            let known: Vec<String> = known.iter().map(|one| one.join(", ")).collect();
            wrong.push(format!(
                "{kind} {name}: {facet} was [{}], recorded [{}]",
                sequence.join(", "),
                known.join("] or [")
            ));
        }
    }
    wrong
}

/// Kind, name pattern, facet and state of a moment.
pub(crate) type Moment = (&'static str, &'static str, &'static str, &'static str);

/// Asserts that moments come when they were recorded, within a factor of two and three seconds.
pub(crate) fn moments(played: &Story, recorded: &Story, moments: &[Moment]) {
    let mut wrong = Vec::new();
    for (kind, name, facet, state) in moments {
        let was = recorded.first(kind, name, facet, state);
        let is = played.first(kind, name, facet, state);
        let is_near = match (was, is) {
            (Some(was), Some(is)) => is <= 2 * was + 3_000 && was <= 2 * is + 3_000,
            _ => false,
        };
        if !is_near {
            wrong.push(format!("{kind} {name}: {facet} {state} at {is:?}, recorded {was:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
