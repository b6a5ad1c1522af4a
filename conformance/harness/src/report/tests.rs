//! A report on disk.

use super::*;
use crate::input::Input;
use crate::verdict::{Finding, Line, Measurement, Outcome};
use std::time::Duration;

fn judgement() -> Judgement {
    let paused = Line {
        at: "2026-11-24T13:29:43.651Z".parse().expect("a timestamp"),
        cluster: "source".to_owned(),
        actor: "clusterctl".to_owned(),
        what: "pauses Cluster default/child".to_owned(),
    };
    let finding = |rule, checker, outcome| Finding {
        rule,
        checker,
        outcome,
        summary: format!("expected: \"one\" owner & seen <two> by {rule}"),
        witness: vec![paused.clone()],
    };
    Judgement {
        findings: vec![
            finding("H1a", "checker/one-owner-intent", Outcome::Failed),
            finding("O1", "checker/owners-first", Outcome::Passed),
            finding("T1", "checker/no-dial-in", Outcome::Unknown),
        ],
        measurements: vec![Measurement {
            name: "unowned window",
            value: Duration::from_millis(3_060),
            error: Duration::from_millis(20),
            note: String::new(),
        }],
        timeline: vec![paused.clone()],
        notes: vec!["no reads: in the log".to_owned()],
    }
}

fn evidence() -> Evidence {
    Evidence {
        source: vec![Input::Bytes { name: "source.jsonl".to_owned(), bytes: b"abc".to_vec() }],
        ..Evidence::default()
    }
}

fn yaml(judgement: &Judgement) -> serde_json::Value {
    let inputs = InputReport::all(&evidence()).expect("the bytes are there");
    let mut bytes = Vec::new();
    ConformanceReport::new(judgement, inputs).write(&mut bytes).expect("a vector takes every byte");
    let text = String::from_utf8(bytes).expect("YAML is UTF-8");
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn the_report_is_typed_and_reads_back() {
    let report = yaml(&judgement());
    assert_eq!(report["apiVersion"], "fulcrum.dev/v1alpha1");
    assert_eq!(report["kind"], "ConformanceReport");
    assert_eq!(report["outcome"], "failed");
    assert_eq!(report["counts"]["unknown"], 1);
    assert_eq!(report["rules"][0]["id"], "H1a");
    assert_eq!(report["rules"][0]["core"], true);
    assert_eq!(report["rules"][0]["witness"][0]["at"], "2026-11-24T13:29:43.651Z");
    assert_eq!(report["measurements"][0]["seconds"], 3.06);
    assert_eq!(report["measurements"][0]["plusOrMinusSeconds"], 0.02);
    assert_eq!(report["notes"][0], "no reads: in the log");
    let input = &report["inputs"][0];
    assert_eq!(input["bytes"], 3);
    assert_eq!(input["sha256"], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[test]
fn rules_that_no_checker_looks_at_are_listed() {
    let report = yaml(&judgement());
    let not_judged = report["notJudged"].as_array().expect("a list");
    assert_eq!(report["counts"]["notJudged"], not_judged.len());
    assert!(not_judged.iter().any(|id| id == "F1"));
    assert!(not_judged.iter().all(|id| id != "O1"));
}

#[test]
fn junit_has_a_case_for_each_checker_and_skips_what_is_unknown() {
    let mut bytes = Vec::new();
    junit::write(&judgement(), &mut bytes).expect("a vector takes every byte");
    let report = quick_junit::Report::deserialize_from_str(
        std::str::from_utf8(&bytes).expect("XML is UTF-8"),
    )
    .expect("what was written reads back");
    assert_eq!((report.tests, report.failures, report.skipped), (3, 1, 1));
    let names: Vec<&str> =
        report.test_suites[0].test_cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names, ["checker/one-owner-intent", "checker/owners-first", "checker/no-dial-in"]);
}

#[test]
fn a_file_and_its_bytes_have_one_digest() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("source.jsonl");
    fs::write(&path, b"abc").expect("the folder is ours");
    let mut evidence = evidence();
    evidence.source.push(Input::File(path));
    evidence.target.push(Input::File(folder.path().join("missing")));
    let error = InputReport::all(&evidence).expect_err("no such file");
    assert!(error.to_string().contains("missing"), "{error}");
    evidence.target.clear();
    let inputs = InputReport::all(&evidence).expect("they are there");
    assert_eq!(inputs[0].sha256, inputs[1].sha256);
    assert_eq!(inputs[0].bytes, inputs[1].bytes);
}

#[test]
fn the_folder_is_made_and_the_same_judgement_gives_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folders = [folder.path().join("a/b"), folder.path().join("c")];
    for folder in &folders {
        write(folder, &judgement(), &History::default(), &evidence()).expect("it can be written");
    }
    for file in ["report.yaml", "junit.xml", "history.jsonl"] {
        let read = |folder: &Path| fs::read(folder.join(file)).expect("it was written");
        assert_eq!(read(&folders[0]), read(&folders[1]), "{file}");
    }
}

#[test]
fn an_old_report_is_replaced_and_other_files_stay() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (old, other) = (folder.path().join("report.yaml"), folder.path().join("mine.txt"));
    fs::write(&old, "old").expect("the folder is ours");
    fs::write(&other, "mine").expect("the folder is ours");
    replace(&old, |out| out.write_all(b"new")).expect("the folder is ours");
    assert_eq!(fs::read_to_string(&old).expect("it is there"), "new");
    assert_eq!(fs::read_to_string(&other).expect("it is there"), "mine");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2);
}

#[test]
fn a_path_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("no/such/report.yaml");
    let error = replace(&path, |out| out.write_all(b"new")).expect_err("no such folder");
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
}
