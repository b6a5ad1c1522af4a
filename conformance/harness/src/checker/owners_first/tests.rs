//! Owners that come first, late, never, or under another UID.

use super::*;
use crate::checker::tests::judged;
use crate::history::Verb;
use crate::history::build::{CONTROLLER, MOVER, Story, key, pivot, reference, touching};
use crate::history::facts::{Area, Facts};
use crate::verdict::{Finding, Outcome};

#[test]
fn a_pivot_passes() {
    let finding = judged(&CHECKER, pivot());
    assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
}

#[test]
fn of_writes_of_one_moment_the_versions_say_which_came_first() {
    let created = |write: &Write| write.side == Side::Target && write.creates();
    let at = pivot().history().writes().find(|write| created(write)).map(|write| write.received);
    let at = at.expect("a pivot has copies");
    let story = pivot().changed(created, |write| (write.received, write.completed) = (at, at));
    let finding = judged(&CHECKER, story);
    assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
}

/// A pivot in which the copy of the MachineSet comes after that of its Machine.
fn late_machine_set() -> Story {
    let late = key("MachineSet ms");
    pivot()
        .without(|write| write.side == Side::Target && write.creates() && write.object == late)
        .at(1_500)
        .copy("MachineSet ms", &["MachineDeployment md"])
}

/// The same story, in which a Machine is created without owners.
fn without_owners(story: Story) -> Story {
    let machine = key("Machine m1");
    story.changed(
        |write| write.side == Side::Target && write.creates() && write.object == machine,
        |write| write.told.owners = Some(Vec::new()),
    )
}

/// `actor` makes the MachineSet with the UID of `uids` the owner of the copy of the Machine.
fn owned_later(story: Story, actor: &str, uids: Side) -> Story {
    let owners = Some(vec![reference(uids, "MachineSet ms")]);
    let told = Facts { owners, ..touching(Area::Owners) };
    story.write(Side::Target, actor, Verb::Patch, "Machine m1", told)
}

fn assert_failed(finding: &Finding, says: &str) {
    assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
    assert!(finding.summary.contains("Machine default/m1"), "{}", finding.summary);
    assert!(finding.summary.contains(says), "{}", finding.summary);
}

#[test]
fn a_machine_before_its_machine_set_fails() {
    let finding = judged(&CHECKER, late_machine_set());
    assert_failed(&finding, "before its owner MachineSet ms");
    assert_eq!(finding.witness.len(), 2);
}

#[test]
fn an_owner_that_is_patched_in_later_counts_from_the_beginning() {
    let story = late_machine_set().without(|write| write.side == Side::Source);
    let story = owned_later(without_owners(story).at(1_600), MOVER, Side::Target);
    let finding = judged(&CHECKER, story);
    assert_failed(&finding, "before its owner MachineSet ms");
    assert_eq!(finding.witness.len(), 3, "created, made an owner, created the owner");
}

#[test]
fn an_owner_that_was_there_may_be_patched_in_later() {
    let story = owned_later(without_owners(pivot()).at(1_600), MOVER, Side::Target);
    let finding = judged(&CHECKER, story);
    assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
    assert!(finding.summary.contains("without a reference"), "{}", finding.summary);
}

#[test]
fn without_any_reference_the_original_tells_the_owner() {
    let finding = judged(&CHECKER, without_owners(late_machine_set()));
    assert_failed(&finding, "before MachineSet default/ms, which owns its original");
}

#[test]
fn a_reference_with_the_sources_uid_fails() {
    let story = pivot().changed(
        |write| write.side == Side::Target && write.object == key("DockerMachine m1"),
        |write| {
            if write.told.owners.is_some() {
                write.told.owners = Some(vec![reference(Side::Source, "Machine m1")]);
            }
        },
    );
    let finding = judged(&CHECKER, story);
    assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
    assert!(finding.summary.contains("source's UID"), "{}", finding.summary);
}

#[test]
fn a_reference_with_the_sources_uid_that_is_patched_in_later_fails() {
    for at in [1_600, 6_000] {
        let finding = judged(&CHECKER, owned_later(pivot().at(at), MOVER, Side::Source));
        assert_failed(&finding, "source's UID");
    }
}

#[test]
fn a_set_that_adopts_a_machine_when_the_target_owns_passes() {
    let owners = Some(vec![reference(Side::Target, "MachineSet ms2")]);
    let told = Facts { owners, ..touching(Area::Owners) };
    let story = pivot()
        .at(6_000)
        .create(Side::Target, CONTROLLER, "MachineSet ms2", &["MachineDeployment md"])
        .at(6_100)
        .write(Side::Target, CONTROLLER, Verb::Patch, "Machine m1", told);
    let finding = judged(&CHECKER, story);
    assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
}

#[test]
fn owners_that_the_mover_writes_and_the_log_does_not_hold_are_unknown() {
    let story = pivot().at(1_600).write(
        Side::Target,
        MOVER,
        Verb::Patch,
        "Machine m1",
        touching(Area::Owners),
    );
    let finding = judged(&CHECKER, story);
    assert_eq!(finding.outcome, Outcome::Unknown, "{finding:?}");
    assert!(finding.summary.contains("the owners of Machine default/m1"), "{}", finding.summary);
}

#[test]
fn owners_that_are_not_logged_are_unknown() {
    let story = pivot()
        .changed(|write| write.object == key("DockerMachine m1"), |write| write.told.owners = None);
    assert_eq!(judged(&CHECKER, story).outcome, Outcome::Unknown);
}
