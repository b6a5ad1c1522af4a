//! Logs that are none, cut, thin, split or at odds: an error or an unknown that names thing and
//! place, never an accusation, and never the value of a Secret.

use crate::cluster::{cluster, object};
use crate::judged::{Judged, fixture, text};
use crate::story::{AGENT, CELL, CORE, Story, USER};
use fulcrum_harness::judge::{Evidence, Input};
use fulcrum_harness::verdict::Outcome::{Failed, Passed, Unknown};
use serde_json::{Value, json};
use std::time::Duration;

/// What the Secrets of the stories hold, as it is logged and as it is meant.
const SECRET: [&str; 2] = ["c2VjcmV0LXZhbHVl", "secret-value"];

/// A move in which every rule is kept.
fn told() -> Story {
    let mut story = Story::provisioned();
    story.copy(1_000, AGENT);
    story.pause_source(5_000, CELL);
    story.unpause_target(8_000, AGENT);
    story.clean_up(12_000, CELL);
    story
}

/// Why this cannot be read, with everything that the error says.
fn refused(source: Input) -> String {
    let target = text("target.log", &told().target.log());
    let evidence = Evidence { source: vec![source], target: vec![target], ..Evidence::default() };
    let Err(error) = Judged::read(&evidence) else {
        panic!("it was read");
    };
    let error: &(dyn std::error::Error + 'static) = &error;
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(|error| format!("{error}\n")).collect()
}

/// Judges a story whose events are changed on their way into the log.
fn judged_with(story: &Story, change: impl Fn(&mut Value)) -> Judged {
    let changed = |events: &[Value]| {
        let mut events = events.to_vec();
        events.iter_mut().for_each(&change);
        events.iter().map(|event| format!("{event}\n")).collect::<String>()
    };
    let source = changed(story.source.events());
    let target = changed(story.target.events());
    Judged::of(Some(&source), Some(&target), None)
}

fn without(event: &mut Value, fields: &[&str]) {
    let event = event.as_object_mut().expect("events are objects");
    for field in fields {
        event.remove(*field);
    }
}

fn nobody_is_accused(judged: &Judged) {
    for finding in &judged.judgement.findings {
        assert_ne!(finding.outcome, Failed, "{judged}");
    }
}

#[test]
fn a_text_is_no_log() {
    let error = refused(text("notes.txt", "The move went well.\n"));
    assert!(error.contains("notes.txt") && error.contains("line 1"), "{error}");
    assert!(!error.contains("went well"), "what is no log is not quoted: {error}");
}

#[test]
fn a_manifest_is_no_log() {
    let error = refused(text("pod.json", r#"{"kind":"Pod","apiVersion":"v1","metadata":{}}"#));
    assert!(error.contains("pod.json") && error.contains("Pod"), "{error}");
}

#[test]
fn an_empty_file_is_no_log() {
    let error = refused(text("empty.log", ""));
    assert!(error.contains("empty.log") && error.contains("empty"), "{error}");
}

#[test]
fn a_missing_file_is_named() {
    let error = refused(fixture("no-such.log"));
    assert!(error.contains("no-such.log"), "{error}");
}

/// A log that turns into something else half-way.
#[test]
fn a_foreign_line_in_a_log_is_named() {
    let mut log = told().source.log();
    let lines = log.lines().count();
    log.push_str("Killed\n");
    let error = refused(text("source.log", &log));
    assert!(error.contains("source.log"), "{error}");
    assert!(error.contains(&format!("line {}", lines + 1)), "{error}");
}

/// The node died while it wrote: everything before counts.
#[test]
fn a_cut_at_the_end_is_noted() {
    let story = told();
    let log = story.source.log();
    let cut = &log[..log.len() - 100];
    let judged = Judged::of(Some(cut), Some(&story.target.log()), None);
    judged.says("source.log");
    judged.came_out("H1a", Passed);
    judged.came_out("O1", Passed);
    judged.measured("unowned window", 3.0, 0.01);
}

/// In the middle a write may be lost with it.
#[test]
fn a_cut_in_the_middle_is_an_error() {
    let log = told().source.log();
    let mut lines: Vec<&str> = log.lines().collect();
    let tenth = lines[9];
    lines[9] = &tenth[..tenth.len() / 2];
    let error = refused(text("source.log", &lines.join("\n")));
    assert!(error.contains("source.log") && error.contains("line 10"), "{error}");
}

/// Who and which object is known, and nothing of what was written.
#[test]
fn at_the_level_of_metadata_much_is_unknown() {
    let judged = judged_with(&told(), |event| {
        event["level"] = json!("Metadata");
        without(event, &["requestObject", "responseObject"]);
    });
    nobody_is_accused(&judged);
    for rule in ["H1a", "H6", "C1", "T1", "A5"] {
        judged.came_out(rule, Unknown);
    }
    judged.did_not_come_out("H1b", Passed);
    judged.did_not_come_out("O1", Passed);
    judged.measured_nothing("unowned window");
}

/// The level `Request`: what was sent is known, and what the server made of it is not.
#[test]
fn without_answers_nobody_is_accused() {
    let judged = judged_with(&told(), |event| {
        if event["level"] == "RequestResponse" {
            event["level"] = json!("Request");
        }
        without(event, &["responseObject"]);
    });
    nobody_is_accused(&judged);
    judged.measured("unowned window", 3.0, 0.01);
}

/// The clock of one side is an hour ahead, or behind: what lies within a side is still judged.
#[test]
fn clocks_an_hour_apart_make_it_unknown() {
    for hour in [3_600_000, -3_600_000] {
        let mut story = Story::provisioned();
        story.target.clock_is_ahead_by(hour);
        story.copy(1_000, AGENT);
        story.pause_source(5_000, CELL);
        story.unpause_target(8_000, AGENT);
        story.clean_up(12_000, CELL);
        let judged = Judged::story(&story);
        judged.came_out("H1a", Unknown).says("clocks");
        judged.came_out("Q3", Unknown).says("clocks");
        judged.came_out("O1", Passed);
        judged.came_out("H6", Passed);
        judged.measured_nothing("unowned window");
        nobody_is_accused(&judged);
    }
}

/// The same of a real move.
#[test]
fn real_logs_an_hour_apart_make_it_unknown() {
    let parent = include_str!("../../fixtures/move-capd/parent.jsonl");
    let later = parent.replace("\"2026-11-24T13:", "\"2026-11-24T14:");
    let judged = Judged::read(&Evidence {
        source: vec![text("parent.jsonl", &later)],
        target: vec![fixture("move-capd/child.jsonl")],
        infrastructure: Vec::new(),
        clock_error: Duration::ZERO,
    })
    .expect("it is still a log");
    judged.came_out("H1a", Unknown).says("clocks");
    judged.came_out("O1", Passed);
    judged.measured_nothing("unowned window");
}

/// A real move of which only metadata are logged. A worker that is replaced much later is not taken
/// for a copy that was lost.
#[test]
fn a_real_move_at_the_level_of_metadata_loses_nothing() {
    let bare = |log: &str| -> String {
        let lines = log.lines().map(|line| {
            let mut event: Value = serde_json::from_str(line).expect("an event");
            without(&mut event, &["requestObject", "responseObject"]);
            event["level"] = "Metadata".into();
            format!("{event}\n")
        });
        lines.collect()
    };
    let parent = bare(include_str!("../../fixtures/move-capd/parent.jsonl"));
    let child = bare(include_str!("../../fixtures/move-capd/child.jsonl"));
    let judged = Judged::of(Some(&parent), Some(&child), None);
    for rule in ["H1a", "H1b", "H6", "O1", "C1", "T10", "A5", "Q3", "Q4"] {
        judged.came_out(rule, Unknown);
    }
}

/// The source's log does not speak of the Cluster at all.
#[test]
fn a_source_that_says_nothing_of_the_cluster_leaves_it_unknown() {
    let parent = include_str!("../../fixtures/move-capd/parent.jsonl");
    let others: String = parent
        .lines()
        .filter(|line| !line.contains("cluster.x-k8s.io"))
        .map(|line| format!("{line}\n"))
        .collect();
    let child = include_str!("../../fixtures/move-capd/child.jsonl");
    let judged = Judged::of(Some(&others), Some(child), None);
    for rule in ["H1a", "H1b", "H6", "Q3"] {
        judged.came_out(rule, Unknown);
    }
    judged.came_out("O1", Passed);
}

/// The logs were handed over the wrong way round.
#[test]
fn exchanged_logs_accuse_nobody_of_two_owners() {
    let story = told();
    let judged = Judged::of(Some(&story.target.log()), Some(&story.source.log()), None);
    judged.came_out("H1a", Unknown).says("may be exchanged");
    judged.measured_nothing("unowned window");
    nobody_is_accused(&judged);
}

/// One log was handed over twice.
#[test]
fn a_log_that_stands_for_both_sides_accuses_nobody() {
    let story = told();
    let judged = Judged::of(Some(&story.source.log()), Some(&story.source.log()), None);
    for finding in &judged.judgement.findings {
        assert_eq!(finding.outcome, Unknown, "{finding:?}");
    }
    judged.came_out("H1a", Unknown).says("both logs are of one API server");
}

#[test]
fn files_in_any_order_and_overlapping_give_the_same() {
    let story = told();
    let whole = Judged::story(&story);
    let (source, target) = (story.source.log(), story.target.log());
    let (source, target): (Vec<_>, Vec<_>) = (source.lines().collect(), target.lines().collect());
    let thirds = |lines: &[&str]| {
        let third = lines.len() / 3;
        // The second begins before the first ends, as copies of a rotated log do.
        [&lines[..third + 5], &lines[third..2 * third], &lines[2 * third..]]
            .map(|part| text("part.log", &part.join("\n")))
    };
    for turn in 0..3 {
        let mut evidence = Evidence {
            source: thirds(&source).to_vec(),
            target: thirds(&target).to_vec(),
            infrastructure: Vec::new(),
            clock_error: Duration::ZERO,
        };
        evidence.source.rotate_left(turn);
        evidence.target.reverse();
        let judged = Judged::read(&evidence).expect("the parts are logs");
        assert_eq!(judged.judgement, whole.judgement, "turned by {turn}");
    }
}

#[test]
fn lines_in_any_order_give_the_same() {
    let story = told();
    let backwards = |log: String| log.lines().rev().collect::<Vec<_>>().join("\n");
    let judged = Judged::of(
        Some(&backwards(story.source.log())),
        Some(&backwards(story.target.log())),
        None,
    );
    assert_eq!(judged.judgement, Judged::story(&story).judgement);
}

#[test]
fn a_list_of_events_is_a_log() {
    let story = told();
    let list = |events: &[Value]| {
        json!({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": events}).to_string()
    };
    let source = list(story.source.events());
    let target = list(story.target.events());
    let judged = Judged::of(Some(&source), Some(&target), None);
    assert_eq!(judged.judgement, Judged::story(&story).judgement);
}

/// A request is logged when it comes in, too, and reads stand between the writes.
#[test]
fn other_stages_and_reads_change_nothing() {
    let story = told();
    let fuller = |events: &[Value]| {
        let mut log = String::new();
        for event in events {
            let mut begun = event.clone();
            begun["stage"] = json!("RequestReceived");
            without(&mut begun, &["responseStatus", "responseObject", "requestObject"]);
            let mut read = event.clone();
            read["verb"] = json!("get");
            read["auditID"] = json!(format!("read-{}", event["auditID"]));
            log.push_str(&format!("{begun}\n{event}\n{read}\n"));
        }
        log
    };
    let source = fuller(story.source.events());
    let target = fuller(story.target.events());
    let judged = Judged::of(Some(&source), Some(&target), None);
    assert_eq!(judged.judgement, Judged::story(&story).judgement);
}

/// A probe asks whether objects would be let in; a stale controller is refused.
#[test]
fn what_changes_nothing_changes_no_verdict() {
    let mut story = Story::provisioned();
    for object in cluster("probe") {
        story.target.dry_run(500, USER, &object);
    }
    story.copy(1_000, AGENT);
    story.pause_source(5_000, CELL);
    let scaled = json!({"spec": {"replicas": 9}});
    story.source.refused_patch(7_000, CORE, "MachineSet/c1-md-1", &scaled);
    story.target.refused_patch(7_100, USER, "MachineDeployment/c1-md", &scaled);
    story.target.dry_run(7_200, CORE, &object("Machine", "c1-md-1-z", None, json!({})));
    story.unpause_target(8_000, AGENT);
    story.clean_up(12_000, CELL);
    let judged = Judged::story(&story);
    for rule in ["H1a", "H1b", "O1", "H6", "T10"] {
        judged.came_out(rule, Passed);
    }
    nobody_is_accused(&judged);
}

/// A policy that logs the bodies of Secrets is a mistake; the judgement does not repeat it.
#[test]
fn no_value_of_a_secret_is_ever_said() {
    let mut story = Story::provisioned();
    story.source.logs_secret_bodies();
    story.target.logs_secret_bodies();
    let rotated = json!({"data": {"value": SECRET[0]}});
    story.source.patch(500, USER, "Secret/c1-ca", &rotated);
    story.copy(1_000, AGENT);
    story.pause_source(5_000, CELL);
    let again = json!({"data": {"value": SECRET[0], "more": SECRET[0]}});
    story.source.patch(6_000, USER, "Secret/c1-ca", &again);
    story.unpause_target(8_000, AGENT);
    story.clean_up(12_000, CELL);
    let judged = Judged::story(&story);
    judged.came_out("H6", Failed).names("Secret", "default/c1-ca");
    let mut written = Vec::new();
    judged.history.write_jsonl(&mut written).expect("memory takes everything");
    let written = String::from_utf8(written).expect("JSON is UTF-8");
    let everything = format!("{judged}{}{written}{:?}", judged.timeline(), judged.history);
    for value in SECRET {
        assert!(!everything.contains(value), "a Secret's value is said");
    }
}

/// Nor does an error quote the line that it is about.
#[test]
fn no_error_quotes_what_it_could_not_read() {
    let mut story = Story::provisioned();
    story.source.logs_secret_bodies();
    let patch = json!({"data": {"value": SECRET[0]}});
    story.source.patch(500, USER, "Secret/c1-ca", &patch);
    let log = story.source.log();
    let line = log.lines().last().expect("it was just written");
    let broken = [
        format!("{}\n{line}\n", &line[..line.len() - 40]),
        line.replace("\"verb\":\"patch\"", "\"verb\":7"),
        line.replace("audit.k8s.io", "example.com"),
        format!("[{line}]"),
        line.replace(':', " "),
    ];
    for text_of_log in &broken {
        let error = refused(text("source.log", text_of_log));
        for value in SECRET {
            assert!(!error.contains(value), "{error}");
        }
    }
}
