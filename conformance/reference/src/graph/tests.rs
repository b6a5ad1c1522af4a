//! What a plan says, and what it says where there is none.

use super::*;

const CLUSTER: &str = "apiVersion: cluster.x-k8s.io/v1beta2\nkind: Cluster\n\
                       metadata: {name: c1, namespace: default}\n";

const MACHINE: &str = "apiVersion: cluster.x-k8s.io/v1beta2\nkind: Machine\n\
                       metadata:\n  name: m\n  namespace: default\n  ownerReferences:\n  \
                       - {apiVersion: cluster.x-k8s.io/v1beta2, kind: Cluster, name: c1}\n";

fn planned(files: &[(&str, &str)], asked: &[&str]) -> Result<GraphReport, PlanError> {
    let source = |(file, text): &(&str, &str)| Source {
        file: (*file).to_owned(),
        bytes: text.as_bytes().to_vec(),
    };
    let asked: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
    plan(files.iter().map(source).collect(), &asked)
}

fn all(files: &[(&str, &str)]) -> Result<GraphReport, PlanError> {
    planned(files, &[])
}

#[test]
fn a_plan_tells_levels_positions_and_owners() {
    let report = all(&[("b.yaml", MACHINE), ("a.yaml", CLUSTER)]).expect("a plan");
    let plan = &report.clusters[0];
    assert_eq!(plan.cluster, "default/c1");
    let machine = &plan.levels[1][0];
    assert_eq!((machine.position, machine.name.as_str()), (2, "m"));
    assert_eq!(machine.owners, ["Cluster.cluster.x-k8s.io default/c1"]);
    assert_eq!(report.notes.len(), 1);
}

#[test]
fn an_input_without_cluster_names_its_files() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n";
    let error = all(&[("pods.yaml", pod)]).expect_err("no Cluster").to_string();
    assert_eq!(error, "there is no Cluster of cluster.x-k8s.io among the 1 objects of pods.yaml",);
}

#[test]
fn problems_name_object_and_place() {
    let stray = MACHINE.replace("c1", "c2");
    let error =
        all(&[("a.yaml", CLUSTER), ("b.yaml", stray.as_str())]).expect_err("an orphan").to_string();
    assert_eq!(
        error,
        "these objects cannot be placed:\n  Machine.cluster.x-k8s.io default/m (b.yaml, \
         document 1): owner Cluster.cluster.x-k8s.io c2: it is not in the input",
    );
    let twice = all(&[("a.yaml", CLUSTER), ("b.yaml", CLUSTER)]);
    let twice = twice.expect_err("a duplicate").to_string();
    assert!(twice.contains("a.yaml, document 1, and in b.yaml, document 1"), "{twice}");
}

#[test]
fn a_cluster_whose_crd_has_no_label_is_told_what_is_missing() {
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n\
               metadata: {name: clusters.cluster.x-k8s.io}\n\
               spec: {group: cluster.x-k8s.io, names: {kind: Cluster}}\n";
    let error = all(&[("a.yaml", CLUSTER), ("crd.yaml", crd)]).expect_err("no label");
    assert_eq!(
        error.to_string(),
        "no Cluster can move: the CRD clusters.cluster.x-k8s.io in the input has neither the \
         label cluster.x-k8s.io/provider nor clusterctl.cluster.x-k8s.io",
    );
}

#[test]
fn a_bad_cluster_hides_no_plan_of_another() {
    let elsewhere = |text: &str| text.replace("default", "other");
    let stray = elsewhere(&MACHINE.replace("c1", "c2"));
    let second = elsewhere(CLUSTER);
    let files = [("a.yaml", CLUSTER), ("b.yaml", second.as_str()), ("c.yaml", stray.as_str())];
    let report = all(&files).expect("one plan");
    assert_eq!(report.clusters.len(), 1);
    assert_eq!(report.clusters[0].cluster, "default/c1");
    assert_eq!(report.refused, ["other/c1"]);
    assert_eq!(report.problems.len(), 1);
    assert!(report.problems[0].contains("other/m (c.yaml"), "{:?}", report.problems);
    let good = planned(&files, &["default/c1"]).expect("a plan");
    assert!(good.refused.is_empty() && good.problems.is_empty());
    let bad = planned(&files, &["other/c1"]);
    assert_eq!(bad, Err(PlanError::Unplaceable { problems: report.problems }));
}

#[test]
fn a_cluster_that_is_not_there_is_told_with_those_that_are() {
    let second = CLUSTER.replace("c1", "c2");
    let files = [("a.yaml", CLUSTER), ("b.yaml", second.as_str())];
    let one = planned(&files, &["default/c2", "default/c2"]).expect("a plan");
    assert_eq!(one.clusters.len(), 1);
    let error = planned(&files, &["default/c2", "c1"]).expect_err("it has a namespace");
    assert_eq!(
        error.to_string(),
        "there is no Cluster c1 in the input, which has default/c1, default/c2",
    );
}

/// So many Clusters that share one template.
fn sharing(clusters: usize) -> GraphReport {
    let mut text = String::new();
    let mut owners = String::new();
    for number in 100..100 + clusters {
        text += &CLUSTER.replace("c1", &format!("c{number}"));
        text += "---\n";
        owners += &format!(
            "  - {{apiVersion: cluster.x-k8s.io/v1beta2, kind: Cluster, name: c{number}}}\n"
        );
    }
    text += "apiVersion: infrastructure.cluster.x-k8s.io/v1beta2\n\
             kind: DockerMachineTemplate\n\
             metadata:\n  name: t\n  namespace: default\n  ownerReferences:\n";
    text += &owners;
    all(&[("a.yaml", text.as_str())]).expect("plans")
}

#[test]
fn what_many_clusters_share_is_said_in_few_words() {
    let report = sharing(40);
    let plan = &report.clusters[0];
    assert_eq!(
        plan.levels[1][0].selected_by,
        "used by more than one Cluster: default/c100, default/c101, default/c102 and 37 more",
    );
    assert_eq!(plan.left_owners.len(), 1);
    assert_eq!((plan.left_owners[0].owners.len(), plan.left_owners[0].count), (3, 39));
    assert_eq!(plan.left_owners[0].owners[0], "Cluster.cluster.x-k8s.io c101");
    let sizes = |report: &GraphReport| format!("{report:?}").len() / report.clusters.len();
    assert!(sizes(&report) < sizes(&sharing(10)) + 20, "a plan grows with its own objects");
}
