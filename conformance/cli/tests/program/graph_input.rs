//! What `fulcrum graph` says about input that it cannot use, and what it never says.

use crate::run::{fulcrum, fulcrum_reading};
use serde_json::Value;
use std::fs;

const CLUSTER: &str = "\
apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata: {name: c1, namespace: default, uid: uid-c1}
spec: {}
";

/// A ConfigMap that is owned by a Machine-like object of that name and UID.
fn owned(kind: &str, name: &str, owner_kind: &str, owner: &str) -> String {
    format!(
        "apiVersion: cluster.x-k8s.io/v1beta2
kind: {kind}
metadata:
  name: {name}
  namespace: default
  uid: uid-{name}
  ownerReferences:
  - {{apiVersion: cluster.x-k8s.io/v1beta2, kind: {owner_kind}, name: {owner}, uid: uid-{owner}}}
spec: {{clusterName: c1}}
"
    )
}

/// What the program says of documents that it must refuse.
fn refused(documents: &[&str]) -> String {
    fulcrum_reading(&["graph", "-"], &documents.join("---\n")).failed(3)
}

#[test]
fn two_objects_of_one_key_are_both_named() {
    let again = CLUSTER.replace("uid-c1", "uid-other");
    let error = refused(&[CLUSTER, &again]);
    assert!(error.starts_with("error: "), "{error}");
    assert!(error.contains("default/c1"), "{error}");
    assert!(error.contains("document 1") && error.contains("document 2"), "{error}");
}

#[test]
fn an_owner_cycle_names_its_objects() {
    let one = owned("MachineSet", "one", "Machine", "two");
    let two = owned("Machine", "two", "MachineSet", "one");
    let three = owned("Machine", "three", "Cluster", "c1");
    let error = refused(&[CLUSTER, &one, &two, &three]);
    assert!(error.contains("default/one") && error.contains("default/two"), "{error}");
    assert!(!error.contains("default/three"), "{error}");
}

#[test]
fn an_owner_that_is_missing_is_named() {
    let error = refused(&[CLUSTER, &owned("Machine", "m", "MachineSet", "gone")]);
    assert!(error.contains("default/m") && error.contains("gone"), "{error}");
}

#[test]
fn what_is_no_object_is_named_with_its_place() {
    let error = refused(&[CLUSTER, "just: data\n"]);
    assert!(error.contains("standard input, document 2"), "{error}");
    let error = refused(&["{\"broken\": \n"]);
    assert!(error.contains("standard input"), "{error}");
}

#[test]
fn no_cluster_is_an_error_and_not_a_plan_of_nothing() {
    let error = refused(&["apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n"]);
    assert!(error.contains("Cluster"), "{error}");
    refused(&[""]);
}

/// Two Clusters in namespaces of their own, the second with a Machine that has lost its owner.
fn good_and_bad() -> String {
    let bad = CLUSTER.replace("c1", "c2").replace("default", "other");
    let stray = owned("Machine", "m", "MachineSet", "gone").replace("default", "other");
    let stray = stray.replace("c1", "c2");
    [CLUSTER, bad.as_str(), stray.as_str()].join("---\n")
}

#[test]
fn a_bad_cluster_hides_no_plan_of_another() {
    let input = good_and_bad();
    let ran = fulcrum_reading(&["graph", "-"], &input);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    assert!(ran.out.starts_with("Cluster default/c1: 1 objects in 1 levels"), "{}", ran.out);
    assert!(ran.out.contains("Cluster other/c2: no plan"), "{}", ran.out);
    assert!(ran.err.starts_with("error: ") && ran.err.contains("other/m"), "{}", ran.err);
    let ran = fulcrum_reading(&["graph", "-", "--json"], &input);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    let report: Value = serde_json::from_str(&ran.out).expect("it says that it is JSON");
    assert_eq!(report["clusters"][0]["cluster"], "default/c1");
    assert_eq!(report["refused"][0], "other/c2");
    assert!(report["problems"][0].as_str().expect("words").contains("other/m"), "{report}");
}

#[test]
fn a_cluster_can_be_asked_for() {
    let input = good_and_bad();
    let text = fulcrum_reading(&["graph", "-", "--cluster", "default/c1"], &input).fine();
    assert!(!text.contains("other/c2"), "{text}");
    let both = ["graph", "-", "--cluster", "default/c1", "--cluster", "other/c2"];
    assert_eq!(fulcrum_reading(&both, &input).code, Some(3));
    let error = fulcrum_reading(&["graph", "-", "--cluster", "other/c9"], &input).failed(2);
    assert!(error.contains("no Cluster other/c9"), "{error}");
    assert!(error.contains("default/c1, other/c2"), "{error}");
}

#[test]
fn utf_16_is_told_to_be_saved_anew() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("dump.yaml");
    let letters = CLUSTER.encode_utf16().flat_map(u16::to_le_bytes);
    let bytes: Vec<u8> = [0xff, 0xfe].into_iter().chain(letters).collect();
    fs::write(&file, bytes).expect("the folder is ours");
    let error = fulcrum(&["graph", &file.display().to_string()]).failed(3);
    assert!(error.contains("UTF-16") && error.contains("save it as UTF-8"), "{error}");
}

#[test]
fn files_and_folders_that_are_not_there_are_named() {
    let error = fulcrum(&["graph", "no/such/file.json"]).failed(3);
    assert!(error.contains("no/such/file.json") && error.contains("caused by: "), "{error}");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let name = folder.path().display().to_string();
    fs::write(folder.path().join("readme.txt"), CLUSTER).expect("the folder is ours");
    let error = fulcrum(&["graph", &name]).failed(3);
    assert!(error.contains(&name) && error.contains(".yaml"), "{error}");
}

#[test]
fn arguments_that_make_no_sense_are_usage() {
    assert!(fulcrum(&["graph"]).failed(2).contains("FILE|DIR"));
    fulcrum(&["graph", "-", "--dot", "--svg"]).failed(2);
}

/// Something that no output may repeat.
const VALUE: &str = "hunter2-correct-horse";

/// The same in base 64, as an API server shows it.
const ENCODED: &str = "aHVudGVyMi1jb3JyZWN0LWhvcnNl";

/// Secrets whose values are in order, and Secrets in which they stand where they cannot.
fn secrets() -> Vec<String> {
    let secret = |rest: &str| format!("apiVersion: v1\nkind: Secret\n{rest}");
    let name = "metadata: {name: c1-ca, namespace: default, uid: uid-s}\n";
    vec![
        secret(&format!("{name}data: {{key: {ENCODED}}}\nstringData: {{key: {VALUE}}}\n")),
        secret(&format!("{name}data: {VALUE}\n")),
        secret(&format!("{name}stringData: [{VALUE}]\n")),
        secret(&format!("{name}data: {{key: {{nested: {VALUE}}}}}\n")),
        secret(&format!("{name}stringData: {{key: \"{VALUE}\n")),
        secret(&format!("{name}stringData:\n  key: {VALUE}\n bad: [\n")),
        secret(&format!("data: {{key: {ENCODED}}}\nstringData: {{key: {VALUE}}}\n")),
        secret(&format!("metadata: {VALUE}\nstringData: {{key: {VALUE}}}\n")),
        format!(
            "{{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {{\"name\": \"c1-ca\", \
             \"namespace\": \"default\"}}, \"stringData\": {{\"key\": \"{VALUE}\", }}}}\n"
        ),
        secret(&format!(
            "metadata:\n  name: c1-ca\n  namespace: default\n  annotations:\n    \
             kubectl.kubernetes.io/last-applied-configuration: '{{\"stringData\": \"{VALUE}\"}}'\n"
        )),
    ]
}

#[test]
fn no_value_of_a_secret_is_ever_printed() {
    for secret in secrets() {
        let secret = secret.as_str();
        for documents in [[CLUSTER, secret], [secret, CLUSTER]] {
            let input = documents.join("---\n");
            for format in ["--json", "--dot", "--svg", "--reverse"] {
                let ran = fulcrum_reading(&["graph", "-", format], &input);
                assert!(matches!(ran.code, Some(0 | 3)), "{}", ran.err);
                let said = ran.all();
                assert!(!said.contains("hunter2") && !said.contains(ENCODED), "{input}\n{said}");
            }
        }
    }
}
