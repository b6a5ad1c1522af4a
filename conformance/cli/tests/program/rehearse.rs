//! `fulcrum rehearse` on the objects of a real cluster.

use crate::run::{fulcrum, root};
use serde_json::Value;
use std::fs;

const DUMP: &str = "impl/model/fixtures/real-objects/capd-1cp-2md";

#[test]
fn a_real_cluster_moves_and_is_told() {
    let text = fulcrum(&["rehearse", DUMP]).fine();
    assert!(text.contains("Preflight: nothing speaks against it"), "{text}");
    assert!(text.contains("s of simulated time"), "{text}");
    assert!(text.contains("Digests: the same on both sides for every object"), "{text}");
    assert!(text.contains("\n  level 1\n     1  Cluster"), "{text}");
    assert!(text.contains(" -> "), "{text}");
    assert!(text.contains("Left where they are"), "{text}");
}

#[test]
fn a_rehearsal_is_the_same_each_time_and_shows_no_secret() {
    let (first, second) =
        (fulcrum(&["rehearse", DUMP]).fine(), fulcrum(&["rehearse", DUMP]).fine());
    assert_eq!(first, second);
    assert!(!first.contains("redacted:"), "{first}");
}

#[test]
fn a_damaged_cluster_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for entry in fs::read_dir(root().join(DUMP)).expect("the dump is there") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_owned();
        let mut value: Value =
            serde_json::from_slice(&fs::read(&path).expect("it can be read")).expect("JSON");
        if name.to_string_lossy().starts_with("Machine.") {
            value["items"][0]["metadata"]["deletionTimestamp"] = "2026-11-24T05:00:00Z".into();
        }
        fs::write(folder.path().join(name), value.to_string()).expect("the folder is ours");
    }
    let run = fulcrum(&["rehearse", &folder.path().display().to_string()]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert!(run.out.contains("P2  refuses  Machine"), "{}", run.out);
    assert!(run.out.contains("the parent still owns it"), "{}", run.out);
}

#[test]
fn the_result_is_there_for_a_program() {
    let text = fulcrum(&["rehearse", DUMP, "--json"]).fine();
    let report: Value = serde_json::from_str(&text).expect("it says that it is JSON");
    assert_eq!(report["clusters"][0]["ending"]["ending"], "moved");
    assert_eq!(report["clusters"][0]["behind"], serde_json::json!([]));
}
