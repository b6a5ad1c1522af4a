//! Sets are cut into batches and put together again, whatever happens on the way.

#[path = "support/set.rs"]
mod set;

use fulcrum_model::protocol::{Message, Reading, Round};
use fulcrum_mover::{ClusterName, Parcel};
use fulcrum_proto::v1::{self, move_message::Body};
use fulcrum_session::{Conversation, Incoming, Limits, SessionError};
use serde_json::Value;

use set::{mv, secret, stage};

/// A few objects fill a batch.
const LIMIT: u32 = 64 * 1024;

fn cluster() -> ClusterName {
    ClusterName { namespace: "default".to_owned(), name: "c".to_owned() }
}

fn conversation() -> Conversation {
    let limits = Limits { max_message_bytes: LIMIT, ..Limits::default() };
    Conversation::new(cluster(), None, &limits)
}

fn send(from: &Conversation, round: Round, objects: &[(u32, Value)]) -> Vec<v1::MoveMessage> {
    from.send(&stage(round, objects), None).expect("it can be sent")
}

/// The sets that messages make whole.
fn receive(to: &Conversation, messages: Vec<v1::MoveMessage>) -> Vec<Parcel> {
    let mut whole = Vec::new();
    for message in messages {
        match to.receive(message).expect("it can be read") {
            Incoming::Parcel(parcel) => whole.push(parcel),
            Incoming::Waiting => {}
            Incoming::Passed => panic!("a batch is not passed over"),
        }
    }
    whole
}

fn reading(parcel: &Parcel) -> &Reading {
    match &parcel.message {
        Message::Stage { set, .. } => set,
        other => panic!("a set, not {other:?}"),
    }
}

fn many() -> Vec<(u32, Value)> {
    let text = "x".repeat(20_000);
    (1..=10).map(|number| secret(number, &text, (number > 1).then_some(1))).collect()
}

fn same(found: &Parcel, sent: &Parcel) {
    assert_eq!(found.message, sent.message);
    assert_eq!(found.manifests.len(), sent.manifests.len());
    for (name, object) in &sent.manifests {
        let found = &found.manifests[name];
        assert_eq!((&found.key, &found.source_uid), (&object.key, &object.source_uid));
        assert!(found.manifest == object.manifest, "the manifest of {name:?} is another");
    }
}

#[test]
fn a_set_is_cut_and_put_together() {
    let messages = send(&conversation(), Round::Bulk, &many());
    assert!(messages.len() > 2, "one batch is no test");
    let whole = receive(&conversation(), messages);
    assert_eq!(whole.len(), 1);
    same(&whole[0], &stage(Round::Bulk, &many()));
}

#[test]
fn an_empty_set_is_one_batch() {
    let messages = send(&conversation(), Round::Bulk, &[]);
    assert_eq!(messages.len(), 1);
    same(&receive(&conversation(), messages)[0], &stage(Round::Bulk, &[]));
}

#[test]
fn the_order_of_arrival_does_not_matter() {
    let mut messages = send(&conversation(), Round::Bulk, &many());
    messages.reverse();
    same(&receive(&conversation(), messages)[0], &stage(Round::Bulk, &many()));
}

#[test]
fn a_batch_that_comes_twice_counts_once() {
    let messages = send(&conversation(), Round::Bulk, &many());
    let doubled = messages.iter().flat_map(|message| [message.clone(), message.clone()]).collect();
    let whole = receive(&conversation(), doubled);
    assert_eq!(whole.len(), 1);
    same(&whole[0], &stage(Round::Bulk, &many()));
}

#[test]
fn a_lost_batch_is_waited_for() {
    let to = conversation();
    let mut messages = send(&conversation(), Round::Bulk, &many());
    let lost = messages.remove(1);
    assert!(receive(&to, messages).is_empty());
    assert_eq!(receive(&to, vec![lost]).len(), 1);
}

#[test]
fn a_round_that_is_sent_again_keeps_its_numbers_and_is_told_again() {
    let (from, to) = (conversation(), conversation());
    let first = send(&from, Round::Bulk, &many());
    let again = send(&from, Round::Bulk, &many());
    assert_eq!(first, again);
    assert_eq!(receive(&to, first).len(), 1);
    assert_eq!(receive(&to, again).len(), 1);
}

#[test]
fn a_difference_has_what_changed_and_what_is_gone() {
    let (from, to) = (conversation(), conversation());
    let before = [secret(1, "a", None), secret(2, "b", Some(1)), secret(3, "c", None)];
    receive(&to, send(&from, Round::Bulk, &before));
    let after = [secret(1, "a", None), secret(2, "changed", Some(1)), secret(4, "d", Some(2))];
    let messages = send(&from, Round::Difference, &after);
    let [batch, delete] = messages.as_slice() else { panic!("{} messages", messages.len()) };
    let Some(Body::Batch(batch)) = &batch.body else { panic!("a batch") };
    assert_eq!(batch.objects.len(), 2);
    assert_eq!(batch.objects[1].owners.len(), 1);
    let Some(Body::Delete(delete)) = &delete.body else { panic!("a deletion") };
    assert_eq!(delete.objects.len(), 1);
    assert_eq!(delete.position.unwrap().number, 3);
    let whole = receive(&to, messages);
    same(&whole[0], &stage(Round::Difference, &after));
}

#[test]
fn a_new_owner_comes_before_what_it_owns() {
    let (from, to) = (conversation(), conversation());
    receive(&to, send(&from, Round::Bulk, &[secret(1, "a", None), secret(2, "b", None)]));
    let after = [secret(3, "c", None), secret(1, "a", Some(3)), secret(2, "b", None)];
    let whole = receive(&to, send(&from, Round::Difference, &after));
    let place = |name: &str| {
        let entries = reading(&whole[0]).entries();
        entries.iter().position(|entry| entry.name.0.contains(name)).expect("it is there")
    };
    assert!(place("s3") < place("s1"));
    assert!(reading(&whole[0]).same_set(match &stage(Round::Difference, &after).message {
        Message::Stage { set, .. } => set,
        _ => unreachable!("it stages"),
    }));
}

#[test]
fn a_library_object_travels_and_is_no_part_of_the_set() {
    let mut parcel = stage(Round::Bulk, &[secret(1, "a", None)]);
    let class = stage(Round::Bulk, &[secret(2, "class", None)]);
    parcel.manifests.extend(class.manifests);
    let messages = conversation().send(&parcel, None).expect("it can be sent");
    let whole = receive(&conversation(), messages);
    same(&whole[0], &parcel);
    assert_eq!(reading(&whole[0]).count(), 1);
    assert_eq!(whole[0].manifests.len(), 2);
}

#[test]
fn an_unchanged_round_is_one_empty_batch() {
    let (from, to) = (conversation(), conversation());
    receive(&to, send(&from, Round::Bulk, &many()));
    let messages = send(&from, Round::Difference, &many());
    assert_eq!(messages.len(), 1);
    same(&receive(&to, messages)[0], &stage(Round::Difference, &many()));
}

#[test]
fn the_last_round_is_of_the_next_epoch() {
    let messages = send(&conversation(), Round::Last, &many());
    assert!(messages.iter().all(|message| message.epoch == 4));
}

#[test]
fn a_round_without_the_one_before_is_asked_for_from_the_start() {
    let (from, to) = (conversation(), conversation());
    send(&from, Round::Bulk, &many());
    let mut lost = send(&from, Round::Difference, &[secret(1, "a", None)]);
    let error = to.receive(lost.remove(0)).expect_err("the bulk never came");
    assert!(matches!(error, SessionError::Gap { expected: 1, .. }));
    assert!(error.is_retriable());
}

#[test]
fn who_is_asked_for_the_start_sends_it() {
    let (from, to) = (conversation(), conversation());
    send(&from, Round::Bulk, &many());
    let lost = send(&from, Round::Difference, &[secret(1, "a", None)]).remove(0);
    let about = fulcrum_session::About::of(&lost);
    let error = to.receive(lost).expect_err("the bulk never came");
    let refusal = Conversation::refusal(&about, &error).expect("it is of a move");
    assert!(matches!(from.receive(refusal), Ok(Incoming::Passed)));
    let whole = receive(&to, send(&from, Round::Difference, &many()));
    same(&whole[0], &stage(Round::Difference, &many()));
}

#[test]
fn a_number_is_not_used_for_other_objects() {
    let to = conversation();
    let one = send(&conversation(), Round::Bulk, &[secret(1, "a", None)]).remove(0);
    let other = send(&conversation(), Round::Bulk, &[secret(1, "b", None)]).remove(0);
    to.receive(one).expect("it can be read");
    assert!(matches!(to.receive(other), Err(SessionError::Malformed { field: "number", .. })));
}

#[test]
fn an_object_that_is_too_large_is_named_and_not_sent() {
    let text = "x".repeat(70_000);
    let large = [secret(1, "a", None), secret(2, &text, None)];
    let error = conversation().send(&stage(Round::Bulk, &large), None).expect_err("too large");
    let SessionError::Cut { source } = error else { panic!("{error}") };
    assert_eq!(source.oversized.len(), 1);
    assert_eq!(source.oversized[0].object.name, "s2");
}

#[test]
fn a_message_that_is_too_large_is_not_read() {
    let wide = Conversation::new(cluster(), None, &Limits::default());
    let text = "x".repeat(70_000);
    let message = send(&wide, Round::Bulk, &[secret(1, &text, None)]).remove(0);
    let error = conversation().receive(message).expect_err("too large");
    assert!(matches!(error, SessionError::TooLarge { what: "a message", .. }));
}

#[test]
fn a_round_of_endless_batches_is_not_begun() {
    let mut message = send(&conversation(), Round::Bulk, &[]).remove(0);
    let Some(Body::Batch(batch)) = &mut message.body else { panic!("a batch") };
    batch.position.as_mut().unwrap().total = u32::MAX;
    let error = conversation().receive(message).expect_err("too many");
    assert!(matches!(error, SessionError::TooLarge { .. }));
}

#[test]
fn a_manifest_must_be_the_object_of_its_key() {
    let mut message = send(&conversation(), Round::Bulk, &[secret(1, "a", None)]).remove(0);
    let Some(Body::Batch(batch)) = &mut message.body else { panic!("a batch") };
    batch.objects[0].key.as_mut().unwrap().name = "other".to_owned();
    let error = conversation().receive(message).expect_err("another object").to_string();
    assert!(error.starts_with("read ObjectCopy.manifest: that of Secret default/other"), "{error}");
}

#[test]
fn every_object_is_answered_once_the_target_has_it() {
    let (from, to) = (conversation(), conversation());
    let objects = [secret(1, "a", None), secret(2, "b", Some(1))];
    let whole = receive(&to, send(&from, Round::Bulk, &objects));
    let set = reading(&whole[0]);
    let report = Message::StageReport {
        mv: mv(),
        round: Round::Bulk,
        count: set.count(),
        digest: set.digest(),
    };
    let parcel = Parcel { message: report, manifests: Default::default() };
    let answers = to.send(&parcel, None).expect("it can be sent");
    let [ack, report] = answers.as_slice() else { panic!("{} answers", answers.len()) };
    let Some(Body::Ack(ack)) = &ack.body else { panic!("an ack") };
    assert_eq!((ack.number, ack.results.len()), (1, 2));
    assert!(matches!(report.body, Some(Body::StageReport(_))));
}
