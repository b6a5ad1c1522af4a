//! What logs leave open: clocks of several servers, parts that are lost, labels that are not logged,
//! programs that are not what they seem, and a way back. A verdict that rests on it is unknown.

use crate::audit_log::{Client, instant, key};
use crate::cluster::{cluster, object};
use crate::judged::{Judged, text};
use crate::story::{AGENT, CELL, CORE, INFRA, Story, USER, show_paused};
use fulcrum_harness::judge::Evidence;
use fulcrum_harness::verdict::Outcome::{Failed, Passed, Unknown};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::time::Duration;

/// An applier that calls itself a controller.
const FLUX: Client = Client {
    user: "system:serviceaccount:flux-system:kustomize-controller",
    agent: "kustomize-controller/v1.6.0",
    address: "10.1.0.7",
};

/// The part of a cell that cleans up, under its own name.
const CLEANER: Client = Client {
    user: "system:serviceaccount:pivot-system:cleaner",
    agent: "pivot-cleaner/0.3",
    address: "10.1.0.10",
};

/// A move in which every rule is kept, up to the clean-up.
fn before_clean_up() -> Story {
    let mut story = Story::provisioned();
    story.copy(1_000, AGENT);
    story.pause_source(5_000, CELL);
    story.unpause_target(8_000, AGENT);
    story
}

/// All of it.
fn right() -> Story {
    let mut story = before_clean_up();
    story.clean_up(12_000, CELL);
    story
}

fn lines<'e>(events: impl IntoIterator<Item = &'e Value>) -> String {
    events.into_iter().map(|event| format!("{event}\n")).collect()
}

fn judged_within(story: &Story, clock_error: Duration) -> Judged {
    Judged::read(&Evidence {
        source: vec![text("source.log", &story.source.log())],
        target: vec![text("target.log", &story.target.log())],
        clock_error,
        ..Evidence::default()
    })
    .expect("the logs are well-formed")
}

/// The source was paused 3 s before the target was unpaused.
#[test]
fn clocks_that_may_differ_by_more_than_the_window_leave_it_unknown() {
    let judged = judged_within(&right(), Duration::from_secs(5));
    judged.came_out("H1a", Unknown).says("--clock-error");
    judged.checked("clean-up", Unknown).says("5 s");
    judged.came_out("O1", Passed);
    judged.came_out("H6", Passed);
    judged.says("at most 5 s from each other");
}

#[test]
fn a_smaller_clock_error_can_be_stated() {
    let judged = judged_within(&right(), Duration::from_secs(1));
    judged.came_out("H1a", Passed);
    judged.checked("clean-up", Passed);
    judged.measured("unowned window", 3.0, 1.01);
}

#[test]
fn what_lies_further_apart_is_found_with_any_clocks() {
    let mut story = Story::provisioned();
    story.copy(1_000, AGENT);
    story.unpause_target(3_000, AGENT);
    story.pause_source(20_000, CELL);
    story.clean_up(30_000, CELL);
    judged_within(&story, Duration::from_secs(5)).came_out("H1a", Failed);
}

/// The events of controllers come from a second API server, whose clock differs.
fn at_two_servers(events: &[Value], skew: i64) -> [String; 2] {
    let of_controllers = |event: &&Value| {
        [CORE.user, INFRA.user].iter().any(|user| event["user"]["username"] == *user)
    };
    let others = events.iter().filter(|event| !of_controllers(event));
    let mut second: Vec<Value> = events.iter().filter(of_controllers).cloned().collect();
    for event in &mut second {
        for stamp in ["requestReceivedTimestamp", "stageTimestamp"] {
            let at: jiff::Timestamp =
                event[stamp].as_str().and_then(|at| at.parse().ok()).expect("a time");
            event[stamp] = json!(format!("{:.6}", at + SignedDuration::from_millis(skew)));
        }
    }
    [lines(others), lines(&second)]
}

#[test]
fn api_servers_of_one_side_whose_clocks_differ_change_no_verdict() {
    let mut story = before_clean_up();
    // The last writes before the deletions; by the other clock they come after them.
    for key in ["DockerCluster/c1", "Machine/c1-cp-1", "MachineSet/c1-md-1"] {
        show_paused(&mut story.source, 11_990, key, true);
    }
    story.clean_up(12_000, CELL);
    for skew in [-300, -40, 40, 500, 1_000] {
        let source = at_two_servers(story.source.events(), skew);
        let target = at_two_servers(story.target.events(), skew);
        let apart = Judged::read(&Evidence {
            source: source.iter().map(|log| text("source.log", log)).collect(),
            target: target.iter().map(|log| text("target.log", log)).collect(),
            clock_error: Duration::ZERO,
            ..Evidence::default()
        })
        .expect("the logs are well-formed");
        let merged = Judged::of(Some(&source.concat()), Some(&target.concat()), None);
        for judged in [apart, merged] {
            for rule in ["H1a", "O1", "H6", "T10"] {
                judged.came_out(rule, Passed);
            }
            judged.checked("clean-up", Passed);
        }
    }
}

/// A move whose Secrets stay on the source, until somebody deletes a collection of them.
fn with_secrets_deleted(query: &str, bodies: bool) -> Judged {
    let mut story = Story::provisioned();
    if bodies {
        story.source.logs_secret_bodies();
        for credential in ["ca", "etcd", "kubeconfig", "proxy", "sa"] {
            let shown = json!({"metadata": {"annotations": {"example.com/shown": ""}}});
            story.source.patch(500, USER, &format!("Secret/c1-{credential}"), &shown);
        }
    }
    story.copy(1_000, AGENT);
    story.pause_source(5_000, CELL);
    story.unpause_target(8_000, AGENT);
    let mut keys: Vec<String> = cluster("c1").iter().rev().map(key).collect();
    keys.retain(|key| !key.starts_with("Secret/"));
    story.delete_these(12_000, CELL, &keys);
    story.source.delete_collection(20_000, USER, "Secret", query);
    Judged::story(&story)
}

#[test]
fn a_selector_whose_labels_are_not_logged_leaves_it_unknown() {
    let judged = with_secrets_deleted("labelSelector=owner%3Dhelm", false);
    judged.came_out("T10", Unknown).says("selector");
}

#[test]
fn a_selector_that_takes_nothing_of_the_cluster_deletes_nothing_of_it() {
    with_secrets_deleted("labelSelector=owner%3Dhelm", true).came_out("T10", Failed);
    with_secrets_deleted("fieldSelector=metadata.name%3Dother", false).came_out("T10", Failed);
}

#[test]
fn a_selector_that_takes_the_credentials_deletes_them() {
    let query = "labelSelector=cluster.x-k8s.io%2Fcluster-name+in+%28c0%2Cc1%29";
    with_secrets_deleted(query, true).came_out("T10", Passed);
}

#[test]
fn a_selector_on_the_target_accuses_nobody() {
    for (query, outcome) in
        [("labelSelector=owner%3Dhelm", Unknown), ("fieldSelector=metadata.name%3Dother", Passed)]
    {
        let mut story = Story::provisioned();
        story.copy(1_000, AGENT);
        story.pause_source(5_000, CELL);
        story.target.delete_collection(6_000, USER, "Secret", query);
        story.unpause_target(8_000, AGENT);
        story.clean_up(12_000, CELL);
        Judged::story(&story).came_out("H6", outcome);
    }
}

/// The program that deletes at the source is not the one that paused it.
#[test]
fn who_cleans_up_under_another_name_is_no_controller() {
    let mut story = before_clean_up();
    story.clean_up(12_000, CLEANER);
    let judged = Judged::story(&story);
    for rule in ["H1a", "H1b", "H6", "T10"] {
        judged.came_out(rule, Passed);
    }
    judged.checked("clean-up", Passed).says("20 objects");
}

#[test]
fn an_applier_that_writes_labels_is_no_controller() {
    let mut story = Story::provisioned();
    story.pause_source(1_000, CELL);
    let label = json!({"metadata": {"labels": {"team": "blue"}}});
    story.source.patch(2_500, FLUX, "MachineDeployment/c1-md", &label);
    story.copy(3_000, AGENT);
    story.unpause_target(8_000, AGENT);
    story.clean_up(12_000, CELL);
    let judged = Judged::story(&story);
    judged.came_out("H1b", Passed);
    judged.came_out("H6", Passed);
}

/// Who paused the source by hand later writes to what it paused, as the same user with the same
/// program.
#[test]
fn a_late_write_of_who_paused_is_lost_like_any_other() {
    let mut story = Story::provisioned();
    story.pause_source(1_000, USER);
    story.copy(3_000, AGENT);
    let scaled = json!({"spec": {"replicas": 3}});
    story.source.patch(7_000, USER, "MachineDeployment/c1-md", &scaled);
    story.unpause_target(8_000, AGENT);
    story.clean_up(12_000, CELL);
    let judged = Judged::story(&story);
    judged.came_out("H6", Failed).names("MachineDeployment", "default/c1-md").says("kubectl");
}

/// The same move with the unpause of the target lost.
fn with_unpause_lost(story: &Story) -> Judged {
    let at = format!("{:.6}", instant(8_000));
    let kept = story.target.events().iter().filter(|event| event["requestReceivedTimestamp"] != at);
    Judged::of(Some(&story.source.log()), Some(&lines(kept)), None)
}

/// The target is last seen paused at 7,500 and first seen unpaused at 8,200.
#[test]
fn an_unpause_that_is_lost_lies_between_what_shows_it() {
    let mut story = Story::provisioned();
    story.copy(1_000, AGENT);
    story.pause_source(5_000, CELL);
    show_paused(&mut story.target, 7_500, "Cluster/c1", true);
    story.unpause_target(8_000, AGENT);
    story.clean_up(12_000, CELL);
    let judged = with_unpause_lost(&story);
    judged.says("not in the target's log");
    for rule in ["H1a", "H1b", "O1", "H6"] {
        judged.came_out(rule, Passed);
    }
    judged.checked("clean-up", Passed);
    judged.measured("unowned window", 2.85, 0.4);
}

/// Where the target is not seen paused after the source was, it may have been unpaused before.
#[test]
fn what_rests_on_an_unpause_that_is_lost_is_unknown() {
    let judged = with_unpause_lost(&right());
    judged.came_out("H1a", Unknown);
    judged.came_out("O1", Passed);
    judged.checked("clean-up", Passed);
    for finding in &judged.judgement.findings {
        assert_ne!(finding.outcome, Failed, "{judged}");
    }
}

/// There and back: an hour's life on the target is a minute here.
fn there_and_back() -> Story {
    let mut story = right();
    exchange(&mut story);
    story.pause_source(60_000, AGENT);
    story.copy(61_000, CELL);
    story.unpause_target(64_000, CELL);
    story.clean_up(68_000, AGENT);
    exchange(&mut story);
    story
}

/// The way back is told with the roles exchanged.
fn exchange(story: &mut Story) {
    std::mem::swap(&mut story.source, &mut story.target);
}

#[test]
fn a_move_back_is_no_part_of_the_move() {
    let judged = Judged::story(&there_and_back());
    judged.says("went back from the target to the source");
    for rule in ["H1a", "H1b", "O1", "H6", "T10"] {
        judged.came_out(rule, Passed);
    }
    judged.checked("clean-up", Passed);
    judged.measured("unowned window", 3.0, 0.01);
}

#[test]
fn a_move_back_is_judged_with_the_logs_exchanged() {
    let mut story = there_and_back();
    exchange(&mut story);
    let judged = Judged::story(&story);
    for rule in ["H1a", "O1", "H6", "T10"] {
        judged.came_out(rule, Passed);
    }
    judged.measured("unowned window", 4.0, 0.01);
}

/// What somebody makes anew at the source while the target owns is no move back.
#[test]
fn a_cluster_that_is_made_again_while_the_target_owns_has_two_owners() {
    let mut story = right();
    story.source.create(20_000, FLUX, &object("Cluster", "c1", None, json!({})));
    show_paused(&mut story.source, 25_000, "Cluster/c1", false);
    Judged::story(&story).came_out("H1a", Failed).names("Cluster", "default/c1");
}

/// The target was restored from a backup of the source: it has another Cluster under the same UID.
/// What moved has its own at each, so they are two servers.
#[test]
fn a_cluster_that_both_were_restored_with_hides_no_move() {
    let mut story = right();
    let before = story.source.events().len();
    story.source.create(-700_000, USER, &object("Cluster", "old", None, json!({})));
    let shared: String =
        story.source.events()[before..].iter().map(|event| format!("{event}\n")).collect();
    let target = format!("{shared}{}", story.target.log());
    let judged = Judged::of(Some(&story.source.log()), Some(&target), None);
    judged.came_out("H1a", Passed);
    judged.came_out("O1", Passed);
}
