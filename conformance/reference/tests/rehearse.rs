//! Rehearsals of real clusters, and of damaged ones.

#[path = "support/dump.rs"]
mod dump;

use fulcrum_reference::rehearse::{Ending, Rehearsal, rehearse};
use serde_json::{Value, json};

use crate::dump::{dump, sources};

fn run(files: &[(String, Value)]) -> Rehearsal {
    rehearse(sources(files), &[]).expect("it can be rehearsed")
}

/// The objects of a kind.
fn items<'a>(files: &'a mut [(String, Value)], kind: &str) -> &'a mut Vec<Value> {
    let file =
        files.iter_mut().find(|(name, _)| name.starts_with(kind)).expect("the kind is there");
    file.1["items"].as_array_mut().expect("a list has items")
}

fn moves_whole(folder: &str, count: usize) {
    let rehearsal = run(&dump(folder));
    let [cluster] = rehearsal.clusters.as_slice() else {
        panic!("one cluster");
    };
    assert!(cluster.findings.iter().all(|finding| !finding.refuses), "{:#?}", cluster.findings);
    assert!(cluster.ending.is_moved(), "{:#?}", cluster.ending);
    assert_eq!(cluster.objects.len(), count);
    for object in &cluster.objects {
        assert!(object.same, "{object:?}");
        assert_ne!(object.source_uid, object.target_uid, "{object:?}");
    }
    assert_eq!(cluster.behind, Vec::<String>::new());
    assert!(cluster.is_fine());
}

#[test]
fn a_docker_cluster_moves_whole() {
    moves_whole("capd-1cp-2md", 30);
}

#[test]
fn the_cluster_of_the_exercise_moves_whole() {
    moves_whole("dev-exercise-6.6", 45);
}

#[test]
fn the_same_objects_give_the_same_rehearsal() {
    let files = dump("capd-1cp-2md");
    assert_eq!(run(&files), run(&files));
}

#[test]
fn a_machine_that_is_being_deleted_is_refused() {
    let mut files = dump("capd-1cp-2md");
    let machine = &mut items(&mut files, "Machine.")[0];
    machine["metadata"]["deletionTimestamp"] = json!("2026-11-24T05:00:00Z");
    let rehearsal = run(&files);
    let cluster = &rehearsal.clusters[0];
    assert!(cluster.findings.iter().any(|f| f.rule == "P2" && f.fault == "it is being deleted"));
    assert!(matches!(cluster.ending, Ending::Refused { .. }), "{:?}", cluster.ending);
    assert!(cluster.objects.iter().all(|object| object.target_uid.is_empty()));
    assert!(!cluster.is_fine());
}

#[test]
fn a_missing_kubeconfig_is_a_finding() {
    let mut files = dump("capd-1cp-2md");
    let is_kubeconfig = |secret: &Value| {
        secret["metadata"]["name"].as_str().is_some_and(|name| name.ends_with("-kubeconfig"))
    };
    items(&mut files, "Secret").retain(|secret| !is_kubeconfig(secret));
    let rehearsal = run(&files);
    let cluster = &rehearsal.clusters[0];
    assert!(cluster.findings.iter().any(|f| f.rule == "P3" && f.object.ends_with("-kubeconfig")));
    assert!(!cluster.is_fine());
}

#[test]
fn a_foreign_pause_stays_and_is_said() {
    let mut files = dump("capd-1cp-2md");
    items(&mut files, "Cluster.")[0]["spec"]["paused"] = json!(true);
    let rehearsal = run(&files);
    let cluster = &rehearsal.clusters[0];
    assert!(cluster.findings.iter().any(|f| f.rule == "A1"), "{:#?}", cluster.findings);
    assert!(cluster.ending.is_moved(), "{:#?}", cluster.ending);
    assert!(cluster.objects.iter().all(|object| object.same), "{:#?}", cluster.objects);
}

#[test]
fn an_owner_that_is_not_there_is_refused_by_name() {
    let mut files = dump("capd-1cp-2md");
    items(&mut files, "MachineSet.").clear();
    let error = rehearse(sources(&files), &[]).expect_err("it cannot be planned");
    assert!(error.to_string().contains("MachineSet"), "{error}");
}

#[test]
fn what_nothing_selects_is_left_and_said() {
    let mut files = dump("capd-1cp-2md");
    let stray = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "stray", "namespace": "default", "uid": "11111111-1111-4111-8111-111111111111"},
    });
    items(&mut files, "Secret").push(stray);
    let rehearsal = run(&files);
    assert!(rehearsal.left.iter().any(|left| left.object.contains("stray")));
    assert!(rehearsal.clusters[0].ending.is_moved());
}
