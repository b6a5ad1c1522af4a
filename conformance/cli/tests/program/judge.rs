//! `fulcrum judge` on recorded logs, and on what is none.

use crate::run::{Ran, fulcrum, root};
use std::fs;
use std::path::Path;

const SOURCE: &str = "conformance/harness/fixtures/move-clusterctl/source.jsonl";
const TARGET: &str = "conformance/harness/fixtures/move-clusterctl/target.jsonl";

fn judge(source: &str, target: &str, more: &[&str]) -> Ran {
    let both = ["judge", "--source", source, "--target", target];
    fulcrum(&[both.as_slice(), more].concat())
}

/// A file of the test's own.
fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).expect("the folder is ours");
    path.display().to_string()
}

#[test]
fn the_exit_code_is_the_verdict() {
    let ran = judge(SOURCE, TARGET, &[]);
    let verdict = ran.out.lines().next().expect("a first line");
    let expected = match verdict.split(['.', ' ']).nth(1) {
        Some("passed") => 0,
        Some("failed") => 1,
        Some("unknown") => 4,
        other => panic!("verdict {other:?} in: {verdict}"),
    };
    assert_eq!(ran.code, Some(expected), "{verdict}");
    assert_eq!(ran.err, "");
}

#[test]
fn verbose_says_more() {
    let (short, long) = (judge(SOURCE, TARGET, &[]), judge(SOURCE, TARGET, &["--verbose"]));
    assert!(long.out.len() > short.out.len());
    assert_eq!(long.code, short.code);
}

#[test]
fn a_report_is_left_where_it_was_asked_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let report = folder.path().join("new/report");
    let name = report.display().to_string();
    let ran = judge(SOURCE, TARGET, &["--report", &name]);
    assert!(ran.out.ends_with(&format!("\nReport: {name}\n")), "{}", ran.out);
    for file in ["report.yaml", "junit.xml", "history.jsonl"] {
        let text = fs::read_to_string(report.join(file)).expect("it was written");
        assert!(!text.is_empty(), "{file}");
    }
    let yaml = fs::read_to_string(report.join("report.yaml")).expect("it was written");
    assert!(yaml.starts_with("apiVersion: "), "{yaml}");
    assert!(yaml.contains(SOURCE) && yaml.contains("sha256: "), "{yaml}");
}

#[test]
fn a_report_that_cannot_be_written_names_its_path() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let blocked = format!("{}/report", file(folder.path(), "a-file", ""));
    let ran = judge(SOURCE, TARGET, &["--report", &blocked]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains(&blocked) && ran.err.contains("caused by: "), "{}", ran.err);
}

#[test]
fn a_log_that_is_none_is_named_with_its_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let no_json = file(folder.path(), "no-json.log", "password: hunter2\n");
    let pod = r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"hunter2"}}"#;
    let no_event = file(folder.path(), "no-event.log", &format!("{pod}\n"));
    let empty = file(folder.path(), "empty.log", "");
    for log in [&no_json, &no_event, &empty] {
        let error = judge(SOURCE, log, &[]).failed(3);
        assert!(error.starts_with("error: ") && error.contains(log.as_str()), "{error}");
        assert!(error.contains("\n  try: "), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    assert!(judge(&no_json, TARGET, &[]).failed(3).contains("line 1"));
}

#[test]
fn a_log_that_is_cut_in_the_middle_is_named_with_its_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = fs::read_to_string(root().join(SOURCE)).expect("it is in the repository");
    let mut lines: Vec<&str> = log.lines().collect();
    lines[2] = &lines[2][..lines[2].len() / 2];
    let cut = file(folder.path(), "cut.log", &lines.join("\n"));
    let error = judge(&cut, TARGET, &[]).failed(3);
    assert!(error.contains("cut.log") && error.contains("line 3"), "{error}");
}

#[test]
fn an_infrastructure_file_that_is_none_is_named_with_its_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let acts = file(folder.path(), "acts.jsonl", "\nnonsense\n");
    let error = judge(SOURCE, TARGET, &["--infrastructure", &acts]).failed(3);
    assert!(error.contains("acts.jsonl") && error.contains("line 2"), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_named_with_its_cause() {
    let error = judge("no/such.log", TARGET, &[]).failed(3);
    assert!(error.contains("no/such.log") && error.contains("\n  caused by: "), "{error}");
}

#[test]
fn both_sides_are_needed() {
    assert!(fulcrum(&["judge"]).failed(2).contains("--source"));
    assert!(fulcrum(&["judge", "--source", SOURCE]).failed(2).contains("--target"));
}
