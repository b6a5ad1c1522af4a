//! Imports into a second cluster, right and wrong, with real controllers on the other end: watch
//! traces, retold as the audit logs of a source and a target.

use crate::judged::Judged;
use crate::watch_trace::{Retold, instant, retell};
use fulcrum_harness::verdict::Outcome::{Failed, Passed, Unknown};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Later than any trace lasts.
const EVERYTHING: i64 = i64::MAX;

fn trace(name: &str) -> String {
    let file = format!("fixtures/capi/{name}.jsonl");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(path).expect("the fixture is there")
}

fn part(name: &str, cluster: &str, until: i64) -> Retold {
    retell(&trace(name), cluster, until)
}

/// A story of both clusters.
fn both(name: &str) -> Judged {
    let parent = part(name, "parent", EVERYTHING).log();
    let child = part(name, "child", EVERYTHING).log();
    Judged::of(Some(&parent), Some(&child), None)
}

/// A story of the child alone, up to some millisecond.
fn child_until(name: &str, until: i64) -> Judged {
    Judged::of(None, Some(&part(name, "child", until).log()), None)
}

fn child(name: &str) -> Judged {
    child_until(name, EVERYTHING)
}

/// What the source alone could tell is unknown in every story of the child alone.
fn only_the_source_could_tell(judged: &Judged) {
    for rule in ["H1a", "T1", "T10"] {
        judged.came_out(rule, Unknown).says("source");
    }
    judged.measured_nothing("unowned window");
}

/// The reader arrives at the objects that the trace itself says the story left.
#[test]
fn the_reader_follows_a_trace_to_its_end() {
    for name in ["import", "import-old-uids", "import-without-machineset", "import-with-status"] {
        let retold = part(name, "child", EVERYTHING);
        let mut left = 0;
        for line in trace(name).lines() {
            let event: Value = serde_json::from_str(line).expect("traces are JSON lines");
            let of_child = event["cluster"].as_str().unwrap_or("child") == "child";
            if event["type"] != "FINAL" || !of_child {
                continue;
            }
            let place = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
            let object = &retold.objects()[&(place("kind"), place("name"))];
            assert_eq!(object["spec"], event["object"]["spec"], "{name}: {}", place("name"));
            left += 1;
        }
        assert_eq!(retold.objects().len(), left, "{name}: something is left too many");
    }
}

/// 46 objects, paused at 76.7 s, unpaused at 105.0 s, the source's copies deleted after 142 s.
#[test]
fn a_right_import_passes() {
    let judged = both("import");
    for rule in ["H1a", "H1b", "O1", "H6", "T10"] {
        judged.came_out(rule, Passed);
    }
    judged.came_out("H6", Passed).says("46 objects");
    judged.came_out("A5", Unknown);
    judged.checked("infrastructure-conserved", Unknown);
    judged.measured("unowned window", 28.253, 0.01);
    judged.measured("time to re-observation", 16.616, 0.01);
}

/// One program wrote at both API servers; the traces do not say from where.
#[test]
fn who_dialled_in_a_right_import_is_not_known() {
    both("import").came_out("T1", Unknown).says("importer").says("is not in the log");
}

/// The status came along, so nothing dips; that controllers reconciled shows by `Paused=False`.
/// The trace ends with everything still on the source.
#[test]
fn an_import_with_its_status_is_observed_again_all_the_same() {
    let judged = both("import-with-status");
    for rule in ["H1a", "H1b", "O1", "H6"] {
        judged.came_out(rule, Passed);
    }
    judged.measured("unowned window", 29.236, 0.01);
    judged.measured("time to re-observation", 12.186, 0.01);
    judged.did_not_come_out("T10", Passed).says("default/c1-kubeconfig");
}

/// Every owner reference still bears the source's UIDs, so the garbage collector takes away
/// everything but the Cluster, paused or not.
#[test]
fn an_import_with_the_old_uids_is_collected() {
    let judged = child("import-old-uids");
    only_the_source_could_tell(&judged);
    judged.came_out("O1", Failed).names("DevCluster", "default/c1").says("UID");
    judged.came_out("H6", Failed).says("generic-garbage-collector");
    judged.did_not_come_out("C1", Passed);
}

/// The MachineDeployment makes a MachineSet of its own, and that two more Machines.
#[test]
fn an_import_without_the_machineset_doubles_machines() {
    let judged = child("import-without-machineset");
    only_the_source_could_tell(&judged);
    judged.fails_with("Machine", "default/c1-md-0-5rnmp-mlsnl");
    judged.did_not_come_out("H6", Passed);
}

/// The control plane makes a certificate authority of its own, and the cluster is out of reach.
#[test]
fn an_import_without_secrets_makes_new_ones() {
    let judged = child("import-without-secrets");
    only_the_source_could_tell(&judged);
    judged.came_out("H6", Failed).names("Secret", "default/c1-ca");
    judged.came_out("O1", Passed);
}

#[test]
fn an_import_without_the_kubeconfig_makes_a_new_one() {
    let judged = child("import-without-kubeconfig");
    only_the_source_could_tell(&judged);
    judged.came_out("H6", Failed).names("Secret", "default/c1-kubeconfig");
    judged.came_out("O1", Passed);
    judged.measured("time to re-observation", 26.283, 0.01);
}

/// A MachineSet and a Machine still bear the annotation when their Cluster is unpaused: nobody
/// looks after them.
#[test]
fn what_is_left_paused_is_never_observed_again() {
    let judged = child_until("import-paused-annotation-left", 135_000);
    only_the_source_could_tell(&judged);
    let finding = judged.checked("re-observation", Failed);
    finding.names("MachineSet", "default/c1-md-0-8tsm2");
    finding.names("Machine", "default/c1-md-0-8tsm2-kj9cl");
}

/// A minute later somebody took the annotations off.
#[test]
fn what_is_left_paused_is_observed_once_the_annotation_goes() {
    let judged = child("import-paused-annotation-left");
    judged.measured("time to re-observation", 62.457, 0.01);
}

/// The traces begin at their own zero, and the reader tells so.
#[test]
fn times_are_those_of_the_trace() {
    let judged = child("import-paused-annotation-left");
    let unpause = judged
        .history
        .writes()
        .find(|write| write.object.is_cluster() && write.told.spec_paused == Some(false));
    assert_eq!(unpause.expect("it was unpaused").completed, instant(74_881));
}
