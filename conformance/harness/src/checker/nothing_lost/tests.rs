//! What is lost, what is carried, and what the logs do not tell.

use super::*;
use crate::checker::tests::judged;
use crate::history::Verb;
use crate::history::build::{COLLECTOR, CONTROLLER, MOVER, Story, key, pivot, touching};
use crate::history::facts::{Facts, Leaves};
use crate::verdict::Outcome;

#[test]
fn a_pivot_passes() {
    let finding = judged(&CHECKER, pivot());
    assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
}

#[test]
fn a_late_write_that_is_not_carried_fails() {
    let story = pivot().at(2_700).edit(Side::Source, "kubectl-user", "MachineDeployment md");
    let finding = judged(&CHECKER, story);
    assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
    assert!(finding.summary.contains("kubectl-user changed spec"), "{}", finding.summary);
    assert!(finding.summary.contains("MachineDeployment default/md"), "{}", finding.summary);
}

#[test]
fn a_late_write_that_is_carried_passes() {
    let story = pivot()
        .at(2_700)
        .edit(Side::Source, "kubectl-user", "MachineDeployment md")
        .at(2_800)
        .edit(Side::Target, MOVER, "MachineDeployment md");
    let finding = judged(&CHECKER, story);
    assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
}

#[test]
fn a_write_to_a_staged_copy_that_the_mover_overwrites_fails() {
    let story = pivot()
        .at(2_300)
        .write(
            Side::Target,
            "kubectl-user",
            Verb::Patch,
            "MachineDeployment md",
            Facts { spec: Some(Leaves::new(vec![7])), ..touching(Area::Spec) },
        )
        .at(2_600)
        .edit(Side::Target, MOVER, "MachineDeployment md");
    let finding = judged(&CHECKER, story);
    assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
    assert!(finding.summary.contains("kubectl-user changed spec"), "{}", finding.summary);
}

/// A pivot in which somebody changes a staged copy and the mover removes it.
fn changed_and_removed() -> Story {
    let deployment = key("MachineDeployment md");
    let written = Facts { spec: Some(Leaves::new(vec![7])), ..touching(Area::Spec) };
    pivot()
        .without(|write| write.object == deployment && write.subresource == "status")
        .at(2_300)
        .write(Side::Target, "kubectl-user", Verb::Patch, "MachineDeployment md", written)
        .at(2_600)
        .delete(Side::Target, MOVER, "MachineDeployment md")
}

#[test]
fn a_write_to_a_staged_copy_that_the_mover_removes_fails() {
    let finding = judged(&CHECKER, changed_and_removed());
    assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
    assert!(finding.summary.contains("the mover removed it"), "{}", finding.summary);
}

#[test]
fn a_write_to_the_staged_copy_of_an_earlier_attempt_fails() {
    let story = changed_and_removed().at(2_700).copy("MachineDeployment md", &["Cluster c1"]);
    let finding = judged(&CHECKER, story);
    assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
    assert!(finding.summary.contains("the mover overwrote it"), "{}", finding.summary);
}

#[test]
fn a_staged_copy_that_the_mover_takes_away_fails() {
    let deployment = key("MachineDeployment md");
    let story = pivot()
        .without(|write| write.object == deployment && write.subresource == "status")
        .at(2_600)
        .delete(Side::Target, MOVER, "MachineDeployment md");
    let finding = judged(&CHECKER, story);
    assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
    assert!(finding.summary.contains("is not on the target"), "{}", finding.summary);
}

#[test]
fn an_object_of_another_cluster_whose_deletion_the_mover_asks_for_fails() {
    let other = key("Machine m9");
    let story = pivot()
        .at(500)
        .create(Side::Source, "user", "Cluster c2", &[])
        .create(Side::Source, "user", "Machine m9", &["Cluster c2"])
        .changed(|write| write.object == other, |write| write.told.cluster_name = Some("c2".into()))
        .at(5_500)
        .write(Side::Source, MOVER, Verb::Delete, "Machine m9", Facts::default());
    let finding = judged(&CHECKER, story);
    assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
    assert!(finding.summary.contains("Machine default/m9"), "{}", finding.summary);
}

#[test]
fn an_object_without_a_copy_fails() {
    let forgotten = key("Secret c1-ca");
    let story = pivot().without(|write| write.side == Side::Target && write.object == forgotten);
    let finding = judged(&CHECKER, story);
    assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
    assert!(finding.summary.contains("Secret default/c1-ca"), "{}", finding.summary);
}

#[test]
fn a_copy_whose_creation_is_not_logged_is_unknown() {
    let copied = key("MachineDeployment md");
    let story = pivot()
        .without(|write| write.side == Side::Target && write.creates() && write.object == copied);
    let finding = judged(&CHECKER, story);
    assert_eq!(finding.outcome, Outcome::Unknown, "{finding:?}");
    let says = "does not hold the creation of MachineDeployment default/md";
    assert!(finding.summary.contains(says), "{}", finding.summary);
}

#[test]
fn secrets_of_which_the_target_logs_none_are_unknown() {
    let story = pivot().without(|write| write.side == Side::Target && write.object.is_secret());
    let finding = judged(&CHECKER, story);
    assert_eq!(finding.outcome, Outcome::Unknown, "{finding:?}");
    assert!(finding.summary.contains("Secret default/c1-ca"), "{}", finding.summary);
}

#[test]
fn an_object_that_the_target_makes_for_itself_is_no_copy() {
    let forgotten = key("MachineSet ms");
    let story = pivot()
        .without(|write| write.side == Side::Target && write.object == forgotten)
        .at(3_500)
        .create(Side::Target, CONTROLLER, "MachineSet ms", &["MachineDeployment md"]);
    let finding = judged(&CHECKER, story);
    assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
    assert!(finding.summary.contains("capi-manager made one there"), "{}", finding.summary);
}

#[test]
fn a_credential_that_is_left_at_the_source_alone_fails() {
    let left = key("Secret c1-ca");
    let story = pivot()
        .without(|write| write.object == left && (write.side == Side::Target || write.told.gone));
    let finding = judged(&CHECKER, story);
    assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
    assert!(finding.summary.contains("was left at the source"), "{}", finding.summary);
}

#[test]
fn what_is_made_again_at_the_source_is_another_object() {
    let other = Facts { spec: Some(Leaves::new(vec![7])), ..touching(Area::Spec) };
    let story = pivot()
        .at(9_000)
        .create(Side::Source, "gitops", "MachineDeployment md", &["Cluster c1"])
        .at(9_100)
        .write(Side::Source, "gitops", Verb::Patch, "MachineDeployment md", other);
    let finding = judged(&CHECKER, story);
    assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
}

#[test]
fn two_losses_are_counted_in_plain_words() {
    for (objects, says) in [
        (vec!["MachineDeployment md", "MachineSet ms"], "and 1 more thing was lost"),
        (vec!["MachineDeployment md", "MachineSet ms", "Machine m1"], "2 more things were lost"),
    ] {
        let story = objects.iter().fold(pivot().at(2_700), |story, object| {
            story.edit(Side::Source, "kubectl-user", object)
        });
        let finding = judged(&CHECKER, story);
        assert!(finding.summary.contains(says), "{}", finding.summary);
    }
}

#[test]
fn a_copy_that_the_garbage_collector_takes_fails() {
    let story = pivot().at(1_500).delete(Side::Target, COLLECTOR, "Secret c1-ca");
    let finding = judged(&CHECKER, story);
    assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
    assert!(finding.summary.contains("generic-garbage-collector"), "{}", finding.summary);
}

#[test]
fn a_ca_that_the_target_makes_anew_fails() {
    let forgotten = key("Secret c1-ca");
    let story = pivot()
        .without_log_of(Side::Source)
        .without(|write| write.object == forgotten)
        .at(4_000)
        .create(Side::Target, CONTROLLER, "Secret c1-ca", &["Cluster c1"]);
    let finding = judged(&CHECKER, story);
    assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
    assert!(finding.summary.contains("made a new one"), "{}", finding.summary);
}

#[test]
fn content_that_is_not_logged_is_unknown() {
    let story = pivot().changed(
        |write| write.side == Side::Source && write.object == key("Machine m1"),
        |write| write.told.spec = None,
    );
    let finding = judged(&CHECKER, story);
    assert_eq!(finding.outcome, Outcome::Unknown, "{finding:?}");
    assert!(finding.summary.contains("Machine default/m1 (spec)"), "{}", finding.summary);
}

#[test]
fn without_a_log_of_the_source_it_is_unknown() {
    let story = pivot().without_log_of(Side::Source);
    assert_eq!(judged(&CHECKER, story).outcome, Outcome::Unknown);
}
