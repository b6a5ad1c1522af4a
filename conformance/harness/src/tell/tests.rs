//! What a small judgement reads like.

use super::*;
use std::time::Duration;

fn at(second: &str) -> jiff::Timestamp {
    format!("2026-11-24T13:29:{second}Z").parse().expect("a timestamp")
}

fn line(second: &str, cluster: &str, actor: &str, what: &str) -> Line {
    Line {
        at: at(second),
        cluster: cluster.to_owned(),
        actor: actor.to_owned(),
        what: what.to_owned(),
    }
}

fn finding(rule: &'static str, outcome: Outcome, witness: Vec<Line>) -> Finding {
    Finding {
        rule,
        checker: "checker/example",
        outcome,
        summary: format!("What was seen about {rule}."),
        witness,
    }
}

fn judgement() -> Judgement {
    let paused = line("43.651", "source", "clusterctl", "pauses Cluster default/child");
    let unpaused = line("46.711", "target", "", "Cluster default/child is unpaused");
    Judgement {
        findings: vec![
            finding("H1a", Outcome::Passed, vec![paused.clone()]),
            finding("O1", Outcome::Failed, vec![paused.clone(), unpaused.clone()]),
            finding("T1", Outcome::Unknown, Vec::new()),
        ],
        measurements: vec![Measurement {
            name: "unowned window",
            value: Duration::from_millis(3_060),
            error: Duration::from_millis(20),
            note: "From the pause to the unpause.".to_owned(),
        }],
        timeline: vec![paused, unpaused],
        notes: vec!["The source log has no reads.".to_owned()],
    }
}

#[test]
fn failed_comes_first_and_only_its_witness_is_shown() {
    let told = tell(&judgement(), Style::default());
    let place = |words: &str| told.find(words).unwrap_or_else(|| panic!("`{words}` in:\n{told}"));
    assert!(told.starts_with("Verdict: failed. Of 3 checks: 1 failed, 1 unknown, 1 passed.\n"));
    assert!(place("FAILED (1)") < place("UNKNOWN (1)"));
    assert!(place("UNKNOWN (1)") < place("PASSED (1)"));
    assert!(place("       What was seen about O1.") < place("UNKNOWN (1)"));
    assert_eq!(told.matches("clusterctl: pauses").count(), 2, "witness of O1 and timeline");
}

#[test]
fn times_and_measurements_are_for_people() {
    let told = tell(&judgement(), Style::default());
    assert!(told.contains("first event shown, 2026-11-24T13:29:43.651Z;"), "{told}");
    assert!(
        told.contains("\n     +3.060 s  13:29:46.711  target  Cluster default/child is unpaused\n"),
        "{told}"
    );
    assert!(told.contains("  unowned window  3.06 s ± 0.02 s\n"), "{told}");
    assert!(told.ends_with("  - The source log has no reads.\n"), "{told}");
}

#[test]
fn no_line_is_wider_than_the_page_and_colour_is_only_for_who_asks() {
    let mut judgement = judgement();
    judgement.timeline[0].what = "a long word after another ".repeat(20);
    let told = tell(&judgement, Style { colour: false, verbose: true });
    assert!(told.lines().all(|line| line.chars().count() <= WIDTH), "{told}");
    assert!(!told.contains('\x1b'));
    assert!(tell(&judgement, Style { colour: true, verbose: false }).contains("\x1b[1;31mfailed"));
}

#[test]
fn one_check_is_no_plural() {
    let findings = vec![finding("O1", Outcome::Passed, Vec::new())];
    let told = tell(&Judgement { findings, ..Judgement::default() }, Style::default());
    assert!(
        told.starts_with("Verdict: passed. Of 1 check: 0 failed, 0 unknown, 1 passed."),
        "{told}"
    );
}

#[test]
fn an_empty_judgement_is_unknown() {
    let told = tell(&Judgement::default(), Style::default());
    assert_eq!(told, "Verdict: unknown. Of 0 checks: 0 failed, 0 unknown, 0 passed.\n");
}
