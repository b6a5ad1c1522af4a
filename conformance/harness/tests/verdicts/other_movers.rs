//! Movers unlike `clusterctl`, told as the audit logs that they would leave: one that does
//! everything right, and one for each way to go wrong.

use crate::audit_log::key;
use crate::cluster::{cluster, machine, object, secret_object, stripped, with_local_owners};
use crate::judged::Judged;
use crate::story::{AGENT, CELL, CORE, DIALLER, Story, USER, show_paused};
use fulcrum_harness::verdict::Outcome::{Failed, Passed, Unknown};
use serde_json::json;

/// A cell on the source and an agent on the target, each with its own name: copies first, applied
/// server-side; pauses what is slow to see a pause first; carries what changed in between;
/// verifies before it deletes, in reverse order and with preconditions.
fn right_pivot() -> Story {
    let mut story = Story::provisioned();
    story.copy(1_000, AGENT);
    let early = json!({"metadata": {"annotations": {"cluster.x-k8s.io/paused": "",
        "pivot.example.com/paused-by": "move-1"}}});
    story.source.patch(3_000, CELL, "MachineHealthCheck/c1-md", &early);
    show_paused(&mut story.source, 3_500, "MachineHealthCheck/c1-md", true);
    let label = json!({"metadata": {"labels": {"team": "blue"}}});
    story.source.patch(4_000, USER, "MachineDeployment/c1-md", &label);
    story.pause_source(5_000, CELL);
    story.copy_these(7_000, AGENT, &["MachineDeployment/c1-md".to_owned()]);
    story.unpause_target(8_000, AGENT);
    story.clean_up(12_000, CELL);
    story
}

#[test]
fn a_right_pivot_passes() {
    let mut story = right_pivot();
    story.quiet_infrastructure();
    let judged = Judged::story(&story);
    for rule in ["H1a", "H1b", "O1", "H6", "C1", "T10"] {
        judged.came_out(rule, Passed);
    }
    judged.did_not_come_out("T1", Failed);
    judged.did_not_come_out("A5", Failed);
    judged.came_out("Q4", Passed).says("0 of 20");
    judged.measured("unowned window", 3.0, 0.01);
}

#[test]
fn the_pause_that_came_early_is_told_apart_from_the_window() {
    let judged = Judged::story(&right_pivot());
    judged.measured("unowned window", 3.0, 0.01);
    judged.says("MachineHealthCheck default/c1-md");
}

#[test]
fn without_a_record_of_the_infrastructure_nothing_is_said_of_it() {
    Judged::story(&right_pivot()).came_out("C1", Unknown);
}

/// It pauses after it has copied, and does not look again.
#[test]
fn a_write_between_copy_and_pause_is_lost() {
    let mut story = Story::provisioned();
    story.copy(1_000, AGENT);
    let scaled = json!({"spec": {"replicas": 3}});
    story.source.patch(4_000, USER, "MachineDeployment/c1-md", &scaled);
    story.pause_source(5_000, CELL);
    story.unpause_target(8_000, AGENT);
    story.clean_up(12_000, CELL);
    let judged = Judged::story(&story);
    judged.came_out("H6", Failed).names("MachineDeployment", "default/c1-md").says("kubectl");
    judged.came_out("H1a", Passed);
    judged.came_out("H1b", Passed);
}

/// The write comes while nobody owns the cluster, after the last reading.
#[test]
fn a_write_to_the_paused_source_is_lost() {
    let mut story = Story::provisioned();
    story.pause_source(1_000, CELL);
    story.copy(3_000, AGENT);
    let label = json!({"metadata": {"labels": {"team": "blue"}}});
    story.source.patch(7_000, USER, "MachineDeployment/c1-md", &label);
    story.unpause_target(8_000, AGENT);
    story.clean_up(12_000, CELL);
    let judged = Judged::story(&story);
    judged.came_out("H6", Failed).names("MachineDeployment", "default/c1-md").says("kubectl");
}

/// It overwrites, with a copy that it read earlier, what somebody wrote to the staged copy.
#[test]
fn a_write_to_a_staged_copy_is_lost() {
    let mut story = Story::provisioned();
    story.pause_source(1_000, CELL);
    story.copy(3_000, AGENT);
    let scaled = json!({"spec": {"replicas": 3}});
    story.target.patch(6_000, USER, "MachineDeployment/c1-md", &scaled);
    story.copy_these(7_000, AGENT, &["MachineDeployment/c1-md".to_owned()]);
    story.unpause_target(8_000, AGENT);
    story.clean_up(12_000, CELL);
    let judged = Judged::story(&story);
    judged.came_out("H6", Failed).names("MachineDeployment", "default/c1-md").says("kubectl");
}

/// It takes the Cluster away first: what is still there counts as unpaused on the source, too.
#[test]
fn deleting_what_holds_the_pause_first_makes_two_owners() {
    let mut story = Story::provisioned();
    story.pause_source(1_000, CELL);
    story.copy(3_000, AGENT);
    story.unpause_target(8_000, AGENT);
    let owners_first: Vec<String> = cluster("c1").iter().map(key).collect();
    story.delete_these(12_000, CELL, &owners_first);
    let judged = Judged::story(&story);
    judged.came_out("H1a", Failed).shows(12_008);
}

/// It lets the target go before it has paused the source.
#[test]
fn unpausing_the_target_before_the_source_is_paused_makes_two_owners() {
    let mut story = Story::provisioned();
    story.copy(1_000, AGENT);
    story.unpause_target(3_000, AGENT);
    story.pause_source(5_000, CELL);
    story.clean_up(12_000, CELL);
    let judged = Judged::story(&story);
    judged.came_out("H1a", Failed).names("Cluster", "default/c1");
    judged.came_out("O1", Passed);
}

/// It never pauses its copies: they are at work from their first moment.
#[test]
fn copies_that_are_not_paused_make_two_owners() {
    let mut story = Story::provisioned();
    for (step, object) in cluster("c1").iter().enumerate() {
        let at = 1_000 + 20 * i64::try_from(step).expect("the cluster is small");
        let copy = with_local_owners(&stripped(story.source.object(&key(object))), &story.target);
        story.target.create(at, AGENT, &copy);
    }
    story.pause_source(3_000, CELL);
    story.clean_up(12_000, CELL);
    let judged = Judged::story(&story);
    judged.came_out("H1a", Failed).names("Cluster", "default/c1");
    judged.came_out("H6", Passed);
    judged.came_out("O1", Passed);
}

/// `c1-b-ca` belongs to the Cluster `c1-b`; this mover takes it for one of `c1`'s and deletes it.
#[test]
fn a_neighbour_whose_name_begins_the_same_loses_its_secret() {
    let mut story = right_pivot_before_clean_up_beside("c1-b");
    let secret = "Secret/c1-b-ca".to_owned();
    let copy = stripped(story.source.object(&secret));
    story.target.create(6_000, AGENT, &without_owners(copy));
    story.unpause_target(8_000, AGENT);
    story.clean_up(12_000, CELL);
    story.delete_these(13_000, CELL, &[secret]);
    let judged = Judged::story(&story);
    judged.fails_with("Secret", "default/c1-b-ca");
    judged.came_out("T10", Passed);
}

/// A neighbour that is left alone changes nothing.
#[test]
fn a_neighbour_whose_name_begins_the_same_is_no_part_of_the_move() {
    let mut story = right_pivot_before_clean_up_beside("c1-b");
    story.unpause_target(8_000, AGENT);
    story.clean_up(12_000, CELL);
    let judged = Judged::story(&story);
    for rule in ["H1a", "H1b", "O1", "H6", "T10"] {
        judged.came_out(rule, Passed);
    }
}

/// A controller of the source had read the MachineDeployment before the pause, and acts after it.
#[test]
fn a_controller_that_acts_after_its_pause_is_found() {
    let mut story = Story::provisioned();
    story.pause_source(1_000, CELL);
    let late = object(
        "Machine",
        "c1-md-1-b",
        Some(("MachineSet", "c1-md-1")),
        json!({"clusterName": "c1"}),
    );
    let late = with_local_owners(&late, &story.source);
    story.source.apply(2_500, CORE, &late);
    story.copy(3_000, AGENT);
    story.unpause_target(8_000, AGENT);
    story.clean_up(12_000, CELL);
    let judged = Judged::story(&story);
    judged.came_out("H1b", Failed).names("Machine", "default/c1-md-1-b").says("capi-manager");
    judged.came_out("H6", Failed).names("Machine", "default/c1-md-1-b");
}

/// What a controller writes to `status` besides the condition `Paused` shows that it still works.
#[test]
fn a_status_that_still_moves_after_the_pause_is_found() {
    let mut story = Story::provisioned();
    story.pause_source(1_000, CELL);
    let rolled = json!({"status": {"replicas": 2, "conditions": [
        {"type": "Ready", "status": "False", "reason": "NotReady", "message": ""},
        {"type": "Paused", "status": "True", "reason": "Paused", "message": ""}]}});
    story.source.patch_status(2_500, CORE, "MachineSet/c1-md-1", &rolled);
    story.copy(3_000, AGENT);
    story.unpause_target(8_000, AGENT);
    story.clean_up(12_000, CELL);
    Judged::story(&story).came_out("H1b", Failed).names("MachineSet", "default/c1-md-1");
}

/// The source's controllers see the Machine go and remove what it stood for.
#[test]
fn a_machine_that_the_source_destroys_is_found() {
    let mut story = right_pivot();
    story.quiet_infrastructure();
    story.act_on_machine(12_100, "delete", "c1-md-1-a", Some("source"));
    Judged::story(&story).came_out("C1", Failed).says("c1-md-1-a");
}

/// Nobody owns the cluster and yet a machine goes, whoever did it.
#[test]
fn a_machine_that_goes_inside_the_window_is_found() {
    let mut story = right_pivot();
    story.quiet_infrastructure();
    story.act_on_machine(6_500, "delete", "c1-md-1-a", None);
    Judged::story(&story).came_out("C1", Failed).says("c1-md-1-a");
}

/// A Machine is copied before the MachineSet that owns it.
#[test]
fn a_copy_that_comes_before_its_owner_is_found() {
    let orphan = |story: &Story| {
        let mut orphan = stripped(story.source.object("Machine/c1-md-1-a"));
        let uid = story.source.object("MachineSet/c1-md-1")["metadata"]["uid"].clone();
        orphan["metadata"]["ownerReferences"][0]["uid"] = uid;
        orphan
    };
    let story = Story::with_a_machine_first(orphan, |_| {});
    Judged::story(&story).came_out("O1", Failed).names("Machine", "default/c1-md-1-a");
}

/// One object is never copied, and deleted with the rest.
#[test]
fn an_object_that_was_forgotten_is_found() {
    let mut story = Story::provisioned();
    story.pause_source(1_000, CELL);
    let mut keys: Vec<String> = cluster("c1").iter().map(key).collect();
    keys.retain(|key| key != "MachineHealthCheck/c1-md");
    story.copy_these(3_000, AGENT, &keys);
    story.unpause_target(8_000, AGENT);
    story.clean_up(12_000, CELL);
    Judged::story(&story).came_out("H6", Failed).names("MachineHealthCheck", "default/c1-md");
}

/// The kubeconfig stays behind.
#[test]
fn a_credential_that_is_left_behind_is_found() {
    let mut story = Story::provisioned();
    story.pause_source(1_000, CELL);
    story.copy(3_000, AGENT);
    story.unpause_target(8_000, AGENT);
    let mut keys: Vec<String> = cluster("c1").iter().rev().map(key).collect();
    keys.retain(|key| key != "Secret/c1-kubeconfig");
    story.delete_these(12_000, CELL, &keys);
    Judged::story(&story).came_out("T10", Failed).names("Secret", "default/c1-kubeconfig");
}

/// An orphaning DELETE only marks; that the Secret then went, a log without its body does not show.
/// It was deleted all the same.
#[test]
fn a_secret_that_was_orphaned_is_not_held_against_the_mover() {
    let mut story = Story::provisioned();
    story.pause_source(1_000, CELL);
    story.copy(3_000, AGENT);
    story.unpause_target(8_000, AGENT);
    for (step, object) in cluster("c1").iter().rev().enumerate() {
        let at = 12_000 + 30 * i64::try_from(step).expect("the cluster is small");
        story.delete_one(at, CELL, &key(object), "Orphan");
    }
    let judged = Judged::story(&story);
    judged.did_not_come_out("T10", Failed);
    judged.came_out("H6", Passed);
    judged.came_out("H1a", Passed);
}

/// One program at both API servers: it dialled the child.
#[test]
fn a_mover_that_dials_the_child_is_found() {
    let mut story = Story::provisioned();
    story.pause_source(1_000, DIALLER);
    story.copy(3_000, DIALLER);
    story.unpause_target(8_000, DIALLER);
    story.clean_up(12_000, DIALLER);
    Judged::story(&story).came_out("T1", Failed).says("pivotctl");
}

/// Each cluster names its service accounts by itself: the same name on both sides shows nothing.
#[test]
fn a_service_account_of_the_same_name_in_both_clusters_is_no_dial() {
    let mut story = Story::provisioned();
    story.pause_source(1_000, CELL);
    story.copy(3_000, CELL);
    story.unpause_target(8_000, CELL);
    story.clean_up(12_000, CELL);
    Judged::story(&story).did_not_come_out("T1", Failed);
}

#[test]
fn only_the_target_tells_of_the_target() {
    let judged = Judged::of(None, Some(&right_pivot().target.log()), None);
    for rule in ["H1a", "H6", "T10", "T1", "C1", "A5"] {
        judged.came_out(rule, Unknown);
    }
    judged.came_out("O1", Passed);
    judged.did_not_come_out("H1b", Failed);
    judged.measured_nothing("unowned window");
    judged.says("source");
}

#[test]
fn only_the_source_tells_of_the_source() {
    let judged = Judged::of(Some(&right_pivot().source.log()), None, None);
    for rule in ["H1a", "O1", "H6", "T1", "A5"] {
        judged.did_not_come_out(rule, Failed);
    }
    judged.came_out("H1a", Unknown);
    judged.came_out("O1", Unknown);
    judged.came_out("H6", Unknown);
    judged.measured_nothing("unowned window");
    judged.says("target");
}

/// A second worker joins on the target after the hand-over: that is the owner's work.
#[test]
fn what_the_new_owner_does_is_no_loss() {
    let mut story = right_pivot();
    story.quiet_infrastructure();
    let scaled = json!({"spec": {"replicas": 2}});
    story.target.patch(20_000, USER, "MachineDeployment/c1-md", &scaled);
    story.target.patch(20_100, CORE, "MachineSet/c1-md-1", &scaled);
    let mut new = Vec::new();
    machine(&mut new, "c1", "c1-md-1-b", ("MachineSet", "c1-md-1"));
    for (step, object) in new.iter().enumerate() {
        let at = 20_200 + 50 * i64::try_from(step).expect("a Machine has few objects");
        let object = with_local_owners(object, &story.target);
        story.target.apply(at, CORE, &object);
    }
    story.act_on_machine(21_000, "create", "c1-md-1-b", Some("target"));
    let judged = Judged::story(&story);
    for rule in ["H1a", "H1b", "O1", "H6", "C1", "T10"] {
        judged.came_out(rule, Passed);
    }
}

/// Everything of the right pivot up to the unpause, with another Cluster on the source.
fn right_pivot_before_clean_up_beside(neighbour: &str) -> Story {
    let mut story = Story::provisioned();
    let objects = vec![
        object("Cluster", neighbour, None, json!({})),
        object(
            "KubeadmControlPlane",
            "c1-b-cp",
            Some(("Cluster", neighbour)),
            json!({"replicas": 1}),
        ),
        secret_object("c1-b-ca", neighbour, ("KubeadmControlPlane", "c1-b-cp")),
        secret_object("c1-b-kubeconfig", neighbour, ("KubeadmControlPlane", "c1-b-cp")),
    ];
    for (step, object) in objects.into_iter().enumerate() {
        let at = -300_000 + 100 * i64::try_from(step).expect("the neighbour is small");
        let mut object = with_local_owners(&object, &story.source);
        object["metadata"]["labels"]["cluster.x-k8s.io/cluster-name"] = json!(neighbour);
        story.source.create(at, USER, &object);
    }
    story.pause_source(1_000, CELL);
    story.copy(3_000, AGENT);
    story
}

fn without_owners(mut object: serde_json::Value) -> serde_json::Value {
    let metadata = object["metadata"].as_object_mut().expect("metadata is an object");
    metadata.remove("ownerReferences");
    object
}
