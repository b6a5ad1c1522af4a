//! What a checker must not take for right, and what it must not hold against a mover.

use crate::audit_log::Client;
use crate::cluster::{stripped, with_local_owners};
use crate::judged::Judged;
use crate::story::{AGENT, CELL, CORE, DIALLER, Story, USER};
use fulcrum_harness::verdict::Outcome::{Failed, Passed, Unknown};
use serde_json::{Value, json};

/// The owners of a worker's Machine, as a side has them.
fn owners_of_machine(story: &Story, at_target: bool) -> Value {
    let machine = stripped(story.source.object("Machine/c1-md-1-a"));
    let machine = if at_target { with_local_owners(&machine, &story.target) } else { machine };
    json!({"metadata": {"ownerReferences": machine["metadata"]["ownerReferences"]}})
}

/// It creates a Machine without owners, then its MachineSet, and only then says who owns it.
#[test]
fn an_owner_that_is_named_later_must_have_been_there_first() {
    let without_owners = |story: &Story| {
        let mut machine = stripped(story.source.object("Machine/c1-md-1-a"));
        let metadata = machine["metadata"].as_object_mut().expect("metadata is an object");
        metadata.remove("ownerReferences");
        machine
    };
    let story = Story::with_a_machine_first(without_owners, |story| {
        let owners = owners_of_machine(story, true);
        story.target.patch(4_800, AGENT, "Machine/c1-md-1-a", &owners);
    });
    let judged = Judged::story(&story);
    judged.came_out("O1", Failed).names("Machine", "default/c1-md-1-a").shows(4_800);
}

/// It patches in what the source's object says, UID and all.
#[test]
fn an_owner_that_is_named_later_by_the_sources_uid_is_found() {
    let mut story = Story::provisioned();
    story.pause_source(1_000, CELL);
    story.copy(3_000, AGENT);
    let owners = owners_of_machine(&story, false);
    story.target.patch(6_000, AGENT, "Machine/c1-md-1-a", &owners);
    story.unpause_target(8_000, AGENT);
    story.clean_up(12_000, CELL);
    Judged::story(&story).came_out("O1", Failed).says("source's UID").shows(6_000);
}

/// A move that is given up: the source is unpaused again, and its controllers make a machine.
#[test]
fn a_source_that_goes_on_after_a_move_that_was_given_up_is_no_second_owner() {
    let mut story = Story::provisioned();
    story.quiet_infrastructure();
    story.pause_source(1_000, CELL);
    story.copy(3_000, AGENT);
    let unpaused = json!({"spec": {"paused": null}});
    story.source.patch(5_000, CELL, "Cluster/c1", &unpaused);
    let scaled = json!({"spec": {"replicas": 2}});
    story.source.patch(20_000, CORE, "MachineSet/c1-md-1", &scaled);
    story.act_on_machine(21_000, "create", "c1-md-1-b", Some("source"));
    story.source.patch(22_000, USER, "MachineDeployment/c1-md", &scaled);
    Judged::story(&story).came_out("H1b", Passed);
}

/// Somebody had paused the Cluster before, and the mover leaves that as it was on both sides.
#[test]
fn a_pause_of_somebody_else_is_held_against_nobody() {
    let mut story = Story::provisioned();
    let paused = json!({"spec": {"paused": true}});
    story.source.patch(-60_000, USER, "Cluster/c1", &paused);
    story.copy(1_000, AGENT);
    story.clean_up(12_000, CELL);
    story.target.patch(900_000, USER, "MachineDeployment/c1-md", &json!({"metadata": {}}));
    let judged = Judged::story(&story);
    judged.came_out("Q3", Unknown).says("alice");
    judged.checked("clean-up", Unknown).says("alice");
}

/// The source's log ends when one Secret is gone, and everything else is still to go.
#[test]
fn a_log_that_ends_in_the_middle_of_the_clean_up_leaves_it_unknown() {
    let mut story = Story::provisioned();
    story.pause_source(1_000, CELL);
    story.copy(3_000, AGENT);
    story.unpause_target(8_000, AGENT);
    story.delete_these(12_000, CELL, &["Secret/c1-ca".to_owned()]);
    let judged = Judged::story(&story);
    judged.came_out("T10", Unknown).names("Secret", "default/c1-kubeconfig");
}

/// A move by one user with one program, at an address on each side.
fn moved_from(source: &'static str, target: &'static str) -> Story {
    let [here, there] = [source, target].map(|address| Client { address, ..DIALLER });
    let mut story = Story::provisioned();
    story.pause_source(1_000, here);
    story.copy(3_000, there);
    story.unpause_target(8_000, there);
    story.clean_up(12_000, here);
    story
}

#[test]
fn one_name_at_one_address_dialled_the_child() {
    let judged = Judged::story(&moved_from("10.9.0.5", "10.9.0.5"));
    judged.came_out("T1", Failed).says("pivotctl").says("10.9.0.5");
}

#[test]
fn one_name_at_two_addresses_may_be_two_programs() {
    let judged = Judged::story(&moved_from("10.1.0.9", "10.2.0.9"));
    judged.came_out("T1", Unknown).says("10.1.0.9").says("10.2.0.9");
}

#[test]
fn one_name_without_addresses_is_unknown() {
    let story = moved_from("10.9.0.5", "10.9.0.5");
    let [source, target] = [&story.source, &story.target]
        .map(|server| server.log().replace(r#""sourceIPs":["10.9.0.5"],"#, ""));
    let judged = Judged::of(Some(&source), Some(&target), None);
    judged.came_out("T1", Unknown).says("pivotctl").says("is not in the log");
}

/// The log of the target begins after one copy was made, and goes on with it.
#[test]
fn a_copy_whose_creation_is_not_logged_is_not_lost() {
    let mut story = Story::provisioned();
    story.pause_source(1_000, CELL);
    story.copy(3_000, AGENT);
    story.unpause_target(8_000, AGENT);
    story.clean_up(12_000, CELL);
    let creates = |line: &&str| line.contains("\"code\":201") && line.contains("machinehealth");
    let target: String = story
        .target
        .log()
        .lines()
        .filter(|line| !creates(line))
        .map(|line| format!("{line}\n"))
        .collect();
    let judged = Judged::of(Some(&story.source.log()), Some(&target), None);
    judged.came_out("H6", Unknown).names("MachineHealthCheck", "default/c1-md").says("creation");
}
