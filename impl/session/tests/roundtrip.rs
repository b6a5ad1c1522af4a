//! What is written to the wire is read back as it was: every message, every phase of a claim.

use std::collections::BTreeMap;

use fulcrum_model::digest::Digest;
use fulcrum_model::protocol::{
    Activation, Claim, Epoch, Lineage, Message, Move, Phase, Reading, Refusal, Round, Standing,
};
use fulcrum_mover::{ClusterName, Parcel};
use fulcrum_proto::v1::{self, move_message::Body};
use fulcrum_session::{About, Conversation, Incoming, Limits, SessionError, record};
use rstest::rstest;

fn mv() -> Move {
    Move { lineage: Lineage(7), epoch: Epoch(3), attempt: 2, id: 0xabc }
}

fn digest() -> Digest {
    Digest::from_bytes([9; 32])
}

fn done() -> Activation {
    Activation { mv: mv(), count: 5, digest: digest() }
}

fn cluster() -> ClusterName {
    ClusterName { namespace: "default".to_owned(), name: "c".to_owned() }
}

fn conversation() -> Conversation {
    Conversation::new(cluster(), Some(Lineage(7)), &Limits::default())
}

fn sent(message: Message) -> Vec<v1::MoveMessage> {
    let parcel = Parcel { message, manifests: BTreeMap::new() };
    conversation().send(&parcel, None).expect("it can be sent")
}

fn received(message: v1::MoveMessage) -> Option<Message> {
    match conversation().receive(message).expect("it can be read") {
        Incoming::Parcel(parcel) => Some(parcel.message),
        Incoming::Waiting | Incoming::Passed => None,
    }
}

#[rstest]
#[case::begin(Message::Begin(mv()), 3)]
#[case::ready(Message::Ready(mv()), 3)]
#[case::report(
    Message::StageReport { mv: mv(), round: Round::Difference, count: 5, digest: digest() }, 3
)]
#[case::last_report(
    Message::StageReport { mv: mv(), round: Round::Last, count: 5, digest: digest() }, 4
)]
#[case::complete(Message::Complete { mv: mv(), count: 5, digest: digest() }, 4)]
#[case::not_staged(Message::NotStaged(mv()), 4)]
#[case::ack(Message::CompleteAck(done()), 4)]
#[case::abort(Message::Abort(mv()), 3)]
#[case::released(Message::Released(mv()), 4)]
#[case::already_owner(Message::Refused(mv(), Refusal::AlreadyOwner), 3)]
#[case::foreign_lineage(Message::Refused(mv(), Refusal::ForeignLineage), 3)]
#[case::not_next(Message::Refused(mv(), Refusal::NotNext), 3)]
#[case::foreign_object(Message::Refused(mv(), Refusal::ForeignObject), 3)]
#[case::held(Message::Refused(mv(), Refusal::Held), 3)]
#[case::cleaned_up(Message::Refused(mv(), Refusal::CleanedUp), 4)]
fn a_message_is_read_as_it_was_written(#[case] message: Message, #[case] epoch: u64) {
    let wire = sent(message.clone());
    assert_eq!(wire.len(), 1);
    assert_eq!(wire[0].epoch, epoch);
    assert_eq!(received(wire[0].clone()), Some(message));
}

fn claim(phase: Phase) -> Claim {
    Claim { lineage: Lineage(7), epoch: Epoch(3), phase, last: None, activation: None }
}

fn running(phase: Phase, epoch: u32) -> Claim {
    Claim { epoch: Epoch(epoch), last: Some(mv()), ..claim(phase) }
}

fn rests(phase: Phase) -> Claim {
    Claim { epoch: Epoch(4), last: Some(mv()), activation: Some(done()), ..claim(phase) }
}

#[rstest]
#[case::first_owner(claim(Phase::Owner))]
#[case::copying(running(Phase::Copying, 3))]
#[case::quiescing(running(Phase::Quiescing, 3))]
#[case::aborting(running(Phase::Aborting { paused: true }, 3))]
#[case::committed(running(Phase::Committed, 4))]
#[case::completing(running(Phase::Completing { reading: Reading::new(vec![], digest()) }, 4))]
#[case::cleaning(running(
    Phase::Cleaning { reading: Reading::new(vec![], digest()), deleting: false }, 4
))]
#[case::released(rests(Phase::Released))]
#[case::owner(rests(Phase::Owner))]
#[case::held(rests(Phase::Held))]
#[case::staging(running(Phase::Staging, 3))]
#[case::staged(running(Phase::Staged { count: 5, digest: digest() }, 3))]
#[case::discarding(running(Phase::Discarding, 3))]
#[case::activating(running(Phase::Activating { count: 5, digest: digest() }, 4))]
#[case::verifying(running(Phase::Verifying { count: 5, digest: digest() }, 4))]
fn a_claim_is_read_as_it_was_written(#[case] claim: Claim) {
    assert_eq!(record::from_wire(&record::to_wire(&claim)), Ok(claim));
}

#[test]
fn a_takeover_runs_no_move_of_its_lineage() {
    let mut taken = running(Phase::Activating { count: 5, digest: digest() }, 9);
    taken.lineage = Lineage(8);
    let wire = record::to_wire(&taken);
    assert_eq!((wire.attempt, wire.move_id.as_str()), (0, ""));
    assert_eq!(record::from_wire(&wire), Ok(Claim { last: None, ..taken }));
}

#[test]
fn an_unknown_phase_is_no_permission() {
    let wire = v1::Record { phase: 15, ..record::to_wire(&claim(Phase::Owner)) };
    let error = record::from_wire(&wire).expect_err("nobody knows that phase");
    assert_eq!(error.to_string(), "read Record.phase: 15 is no known phase");
}

#[test]
fn a_failed_verification_permits_nothing() {
    let mut wire = sent(Message::CompleteAck(done())).remove(0);
    let Some(Body::CompleteAck(ack)) = &mut wire.body else { panic!("an ack") };
    ack.outcome = v1::Outcome::Failed.into();
    assert_eq!(received(wire.clone()), None);
    let Some(Body::CompleteAck(ack)) = &mut wire.body else { panic!("an ack") };
    ack.outcome = 99;
    assert_eq!(received(wire), None);
}

#[test]
fn answers_to_hold_on_say_nothing() {
    for reason in [v1::RefusalReason::NoRecord, v1::RefusalReason::NoSuchMove] {
        let mut wire = sent(Message::Refused(mv(), Refusal::Held)).remove(0);
        let Some(Body::Refused(refused)) = &mut wire.body else { panic!("a refusal") };
        refused.reason = reason.into();
        assert_eq!(received(wire), None);
    }
}

#[test]
fn an_error_names_message_and_field() {
    let mut wire = sent(Message::Complete { mv: mv(), count: 5, digest: digest() }).remove(0);
    let Some(Body::Complete(complete)) = &mut wire.body else { panic!("a completion") };
    complete.digest.pop();
    let about = About::of(&wire);
    let error = conversation().receive(wire).expect_err("31 bytes are no digest");
    assert_eq!(error.to_string(), "read MoveComplete.digest: 31 bytes, not 32");
    let refusal = Conversation::refusal(&about, &error).expect("it says of which move it is");
    let Some(Body::Refused(refused)) = refusal.body else { panic!("a refusal") };
    assert_eq!(refused.reason(), v1::RefusalReason::Malformed);
    assert!(!refused.retriable);
}

#[test]
fn only_a_committed_source_completes() {
    let mut wire = sent(Message::Complete { mv: mv(), count: 5, digest: digest() }).remove(0);
    wire.epoch = 3;
    assert!(conversation().receive(wire.clone()).is_err());
    wire.epoch = 5;
    assert!(conversation().receive(wire).is_err());
}

#[test]
fn a_message_of_another_lineage_ends_the_session() {
    let mut wire = sent(Message::Begin(mv())).remove(0);
    wire.r#move = Some(v1::MoveIdentity { lineage: format!("{:032x}", 8), ..wire.r#move.unwrap() });
    let error = conversation().receive(wire).expect_err("it is another cluster's");
    assert!(matches!(error, SessionError::OtherCluster { .. }));
    assert_eq!(error.end_reason(), v1::SessionEndReason::OtherCluster);
}

#[test]
fn what_a_newer_peer_says_is_passed_over() {
    let wire = v1::MoveMessage { body: None, ..sent(Message::Begin(mv())).remove(0) };
    assert_eq!(received(wire), None);
}

#[test]
fn a_claim_travels_with_heartbeats_only() {
    assert!(sent(Message::Claim(Box::new(claim(Phase::Owner)))).is_empty());
}

#[test]
fn a_side_says_what_it_owns() {
    let owner = claim(Phase::Owner);
    let state = |standing, claim| record::ownership(standing, claim);
    assert_eq!(state(Standing::Owner, Some(&owner)), v1::OwnershipState::Owner);
    assert_eq!(state(Standing::Held, None), v1::OwnershipState::ClaimUnknown);
    assert_eq!(state(Standing::Unknown, None), v1::OwnershipState::NotOwner);
    assert_eq!(record::objects(Standing::Unknown, None), v1::LocalObjects::None);
    assert_eq!(record::objects(Standing::Held, None), v1::LocalObjects::Unpaused);
    assert_eq!(record::objects(Standing::Owner, Some(&owner)), v1::LocalObjects::Unpaused);
}
