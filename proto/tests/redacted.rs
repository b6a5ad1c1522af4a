//! No secret is shown by `Debug`, however deep the message that holds it lies.

use fulcrum_proto::v1::{
    Difference, Distributable, EnrolRequest, FromCell, MoveComplete, MoveMessage, MoveObjectBatch,
    ObjectCopy, OutsideWrite, from_cell, move_message,
};

const SECRET: &str = "correct-horse";

/// What `Debug` shows, plain and pretty, must hold no secret as text or as a list of numbers.
fn shows_no_secret(shown: &dyn std::fmt::Debug) {
    let numbers = format!("{:?}", SECRET.as_bytes());
    for text in [format!("{shown:?}"), format!("{shown:#?}")] {
        assert!(!text.contains(SECRET), "{text}");
        assert!(!text.contains(numbers.trim_matches(['[', ']'])), "{text}");
        assert!(text.contains("bytes)"), "{text}");
    }
}

fn envelope(body: move_message::Body) -> FromCell {
    FromCell {
        body: Some(from_cell::Body::Move(MoveMessage { r#move: None, epoch: 1, body: Some(body) })),
    }
}

#[test]
fn a_batch_hides_its_manifests() {
    shows_no_secret(&envelope(move_message::Body::Batch(MoveObjectBatch {
        position: None,
        objects: vec![ObjectCopy { manifest: SECRET.into(), ..ObjectCopy::default() }],
    })));
}

#[test]
fn a_move_complete_hides_its_distributables() {
    shows_no_secret(&envelope(move_message::Body::Complete(MoveComplete {
        distributables: vec![Distributable {
            name: "registry".to_owned(),
            manifest: SECRET.into(),
        }],
        ..MoveComplete::default()
    })));
}

#[test]
fn an_enrolment_hides_its_token() {
    shows_no_secret(&EnrolRequest { token: SECRET.to_owned(), ..EnrolRequest::default() });
}

#[test]
fn reports_hide_contents() {
    shows_no_secret(&Difference { found_manifest: SECRET.into(), ..Difference::default() });
    shows_no_secret(&OutsideWrite { patch: SECRET.into(), ..OutsideWrite::default() });
}
