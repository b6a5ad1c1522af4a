//! Two real moves with `clusterctl`, recorded from real API servers. What is asserted here was read
//! out of the logs by other means; the snapshots hold the rest for reading.

use crate::judged::Judged;
use fulcrum_harness::history::Side;
use fulcrum_harness::recorded::{MOVE_CAPD, MOVE_CLUSTERCTL};
use fulcrum_harness::verdict::Outcome::{Failed, Passed, Unknown};
use std::collections::BTreeSet;

/// One move between two API servers without controllers; of the source's objects the log holds
/// little more than their metadata.
fn without_controllers() -> Judged {
    Judged::read(&MOVE_CLUSTERCTL.evidence()).expect("the recording is well-formed")
}

/// One move between two clusters with all their controllers, amid the whole life of the child.
fn with_controllers() -> Judged {
    Judged::read(&MOVE_CAPD.evidence()).expect("the recording is well-formed")
}

fn keep(name: &str, judged: &Judged) {
    let text = format!("{judged}\n{}", judged.timeline());
    insta::with_settings!({snapshot_path => "snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn the_judgement_without_controllers_reads_so() {
    keep("move-clusterctl", &without_controllers());
}

#[test]
fn the_judgement_with_controllers_reads_so() {
    keep("move-capd", &with_controllers());
}

#[test]
fn without_controllers_there_was_one_owner_or_none() {
    let judged = without_controllers();
    judged.came_out("H1a", Passed);
    judged.came_out("H1b", Passed);
}

/// 69 objects in six levels, one after the other. The owners of the 18 Secrets are not logged.
#[test]
fn without_controllers_every_owner_came_first() {
    let judged = without_controllers();
    judged.came_out("O1", Passed).says("51 objects").says("18 Secrets");
    assert_eq!(creations(&judged), 69);
}

/// Nobody wrote late, but what the originals held is not in the trimmed log.
#[test]
fn without_controllers_nothing_is_seen_to_be_lost() {
    without_controllers().came_out("H6", Unknown).says("69 objects");
}

/// Each source UID has become another one on the target. On a create `objectRef.uid` is what the
/// mover sent along, which was the source's.
#[test]
fn without_controllers_every_copy_has_a_new_uid() {
    let judged = without_controllers();
    let created: Vec<_> = judged.history.writes().filter(|write| write.creates()).collect();
    let sent: BTreeSet<_> = created.iter().filter_map(|write| write.named_uid.as_ref()).collect();
    let given: BTreeSet<_> = created.iter().filter_map(|write| write.uid.as_ref()).collect();
    assert_eq!((sent.len(), given.len()), (69, 51), "Secrets are logged without their answers");
    assert!(sent.is_disjoint(&given), "an object kept its UID");
}

/// From 13:04:06.977-06.985 to 13:04:10.504-10.511.
#[test]
fn without_controllers_the_window_was_three_and_a_half_seconds() {
    without_controllers().measured("unowned window", 3.526, 0.008);
}

/// The first deletion came 1.8 s before the target was unpaused, and none had preconditions.
#[test]
fn without_controllers_it_deleted_before_anybody_had_verified() {
    let judged = without_controllers();
    judged.checked("clean-up", Failed);
    judged.checked("infrastructure-conserved", Unknown);
}

#[test]
fn without_controllers_the_credentials_were_taken_along() {
    let judged = without_controllers();
    judged.came_out("T10", Passed);
    judged.came_out("T1", Unknown).says("clusterctl").says("is not in the log");
    judged.came_out("A5", Unknown);
}

/// Everything was copied while nobody owned the cluster, and no controller looked at it again.
#[test]
fn without_controllers_the_bulk_was_copied_inside_the_window() {
    let judged = without_controllers();
    judged.checked("re-observation", Failed).says("69 of 69");
    judged.measured_nothing("time to re-observation");
}

#[test]
fn with_controllers_there_was_one_owner_or_none() {
    with_controllers().came_out("H1a", Passed);
}

/// On the source 11 writes of its controllers after the pause, each only `Paused=True`, the last of
/// them after the first copy; on the target 12 such and two to the status of templates.
#[test]
fn with_controllers_what_they_wrote_while_paused_was_no_effect() {
    with_controllers().came_out("H1b", Passed).says("25 writes").says("template");
}

#[test]
fn with_controllers_every_owner_came_first() {
    let judged = with_controllers();
    judged.came_out("O1", Passed).says("15 objects").says("7 Secrets");
    judged.came_out("H6", Passed).says("22 objects").says("15");
}

/// From 13:29:43.652-43.670 to 13:29:46.712-46.727.
#[test]
fn with_controllers_the_window_was_three_seconds() {
    with_controllers().measured("unowned window", 3.058, 0.017);
}

/// The MachineHealthCheck is reconciled once in 15 s: it showed `Paused=False` after 12.8 s, and
/// its other condition after 27.9 s, as the last of 12 objects.
#[test]
fn with_controllers_everything_was_observed_again_within_28_seconds() {
    let judged = with_controllers();
    judged.measured("time to re-observation", 27.856, 0.012);
    judged.checked("re-observation", Failed).says("22 of 22");
}

/// Between 13:28:57 and 13:30:17 nothing was done to a machine of the child. What came later (a
/// worker more, a worker killed and replaced, everything torn down after the logs end) was the
/// owner's or nobody's affair.
#[test]
fn with_controllers_no_machine_was_touched() {
    let judged = with_controllers();
    judged.checked("infrastructure-conserved", Passed);
    judged.checked("clean-up", Failed);
}

/// The five credentials and both bootstrap Secrets went from the parent. The same program and user
/// wrote at both API servers, and the child's saw only the address of its load balancer. Of Pods and
/// traffic nothing is logged.
#[test]
fn with_controllers_the_parent_kept_no_credential_and_who_dialled_is_not_known() {
    let judged = with_controllers();
    judged.came_out("T10", Passed);
    judged.came_out("T1", Unknown).says("clusterctl").says("172.18.0.3 to the target's");
    judged.came_out("A5", Unknown);
}

/// Eight dry-run creates of a Cluster `probe` and its kin on each side changed nothing.
#[test]
fn with_controllers_dry_runs_are_no_objects() {
    let judged = with_controllers();
    let dry = judged.history.writes().filter(|write| write.dry_run).count();
    assert_eq!(dry, 16);
    let everything = format!("{judged}{}", judged.timeline());
    assert!(!everything.contains("probe"), "{everything}");
}

/// What a bootstrap token, an encoded key or a private key would look like stands nowhere.
#[test]
fn with_controllers_nothing_secret_is_said() {
    let judged = with_controllers();
    let mut written = Vec::new();
    judged.history.write_jsonl(&mut written).expect("memory takes everything");
    let written = String::from_utf8(written).expect("JSON is UTF-8");
    let everything = format!("{judged}{}{written}", judged.timeline());
    for never in ["tls.key", "redacted", "caCertHashes", "joinConfiguration", "PRIVATE KEY"] {
        assert!(!everything.contains(never), "{never} is said");
    }
}

fn creations(judged: &Judged) -> usize {
    let at_target = judged.history.writes().filter(|write| write.side == Side::Target);
    at_target.filter(|write| write.creates()).count()
}
