//! The messages of a move that carry no objects, to and from `MoveMessage`.
//!
//! What the model does not know is said as the contract says it: a target is fenced when it is
//! ready, an abort is one of a move that no longer runs, a set that is not staged differs in more
//! than is listed.

use fulcrum_model::protocol::{Activation, Claim, Message, Move, Refusal, Round};
use fulcrum_proto::v1::{self, move_message::Body};

use crate::error::{SessionError, malformed};
use crate::{fields, record};

/// What a message of the other side comes to.
pub(crate) enum Read {
    /// A message of the model.
    Message(Message),
    /// A batch or deletions, which are put together elsewhere.
    Part(Move, v1::Position, Part),
    /// The other side cannot take a batch and wants them from the first one.
    Again,
    /// Nothing that the model needs to hear.
    Passed,
}

/// The objects of one batch, or those that are gone.
pub(crate) enum Part {
    Copies(Vec<v1::ObjectCopy>),
    Removals(Vec<v1::ObjectRemoval>),
}

/// An envelope of a step of `mv`; `after` where the step lies after the commit.
pub(crate) fn envelope(mv: &Move, after: bool, body: Body) -> v1::MoveMessage {
    let epoch = if after { mv.epoch.next() } else { mv.epoch };
    v1::MoveMessage { r#move: Some(fields::identity(mv)), epoch: epoch.0.into(), body: Some(body) }
}

/// A message on the wire. `claim` is what this side says of itself, for a refusal. Nothing comes of
/// a set of objects and of a claim: they travel otherwise.
pub(crate) fn to_wire(
    message: &Message,
    cluster: &v1::ObjectKey,
    claim: Option<&Claim>,
) -> Option<v1::MoveMessage> {
    let (mv, after, body) = match message {
        Message::Begin(mv) => (mv, false, begin(cluster)),
        Message::Ready(mv) => {
            let ready = v1::MoveReady { dry_run: false, fenced: true, providers: Vec::new() };
            (mv, false, Body::Ready(ready))
        }
        Message::StageReport { mv, round, count, digest } => {
            let report = v1::StageReport {
                round: fields::round(*round).into(),
                count: fields::count(*count),
                digest: fields::digest_bytes(*digest),
            };
            let after = *round == Round::Last;
            (mv, after, Body::StageReport(report))
        }
        Message::Complete { mv, count, digest } => {
            let complete = v1::MoveComplete {
                count: fields::count(*count),
                digest: fields::digest_bytes(*digest),
                distributables: Vec::new(),
            };
            (mv, true, Body::Complete(complete))
        }
        Message::NotStaged(mv) => {
            let staged = v1::NotStaged { truncated: true, ..v1::NotStaged::default() };
            (mv, true, Body::NotStaged(staged))
        }
        Message::CompleteAck(done) => (&done.mv, true, Body::CompleteAck(complete_ack(done))),
        Message::Abort(mv) => {
            let abort = v1::MoveAbort {
                reason: v1::AbortReason::NotRunning.into(),
                message: "the source runs no such move".to_owned(),
            };
            (mv, false, Body::Abort(abort))
        }
        Message::Refused(mv, refusal) => {
            let after = *refusal == Refusal::CleanedUp;
            (mv, after, Body::Refused(refused(*refusal, claim)))
        }
        Message::Released(mv) => {
            (mv, true, Body::Released(v1::MoveReleased { late_writes: Vec::new() }))
        }
        Message::Stage { .. } | Message::Claim(_) => return None,
    };
    Some(envelope(mv, after, body))
}

/// A message of the wire. Bodies of a newer peer are passed over.
pub(crate) fn from_wire(message: v1::MoveMessage) -> Result<Read, SessionError> {
    const MESSAGE: &str = "MoveMessage";
    let identity = fields::required(MESSAGE, "move", message.r#move.as_ref())?;
    let Some(body) = message.body else {
        return Ok(Read::Passed);
    };
    let refusal_of_request = identity.attempt == 0 && matches!(body, Body::Refused(_));
    if refusal_of_request {
        // The answer to a request for an unpivot, which names no move.
        return Ok(Read::Passed);
    }
    let mv = fields::move_of(identity)?;
    let after = step(&mv, message.epoch)?;
    let expects = |wanted: bool| {
        let fault = || malformed(MESSAGE, "epoch", "another one than that of the step");
        (after == wanted).then_some(()).ok_or_else(fault)
    };
    Ok(match body {
        Body::Begin(begin) => {
            expects(false)?;
            Read::Message(begun(mv, &begin)?)
        }
        Body::Ready(ready) if ready.dry_run => Read::Passed,
        Body::Ready(_) => Read::Message(Message::Ready(mv)),
        Body::Batch(batch) => {
            let position = fields::required("MoveObjectBatch", "position", batch.position)?;
            Read::Part(mv, position, Part::Copies(batch.objects))
        }
        Body::Delete(delete) => {
            let position = fields::required("ObjectDelete", "position", delete.position)?;
            Read::Part(mv, position, Part::Removals(delete.objects))
        }
        Body::StageReport(report) => Read::Message(Message::StageReport {
            mv,
            round: fields::round_of("StageReport", report.round)?,
            count: fields::count_of(report.count),
            digest: fields::digest("StageReport", "digest", &report.digest)?,
        }),
        Body::Complete(complete) => {
            // Only a committed source says the epoch that follows (R2).
            expects(true)?;
            Read::Message(Message::Complete {
                mv,
                count: fields::count_of(complete.count),
                digest: fields::digest("MoveComplete", "digest", &complete.digest)?,
            })
        }
        Body::NotStaged(_) => Read::Message(Message::NotStaged(mv)),
        // It is tried again and followed by another ack (A3).
        Body::CompleteAck(ack) if !record::is_verified(ack.outcome) => Read::Passed,
        Body::CompleteAck(ack) => Read::Message(Message::CompleteAck(Activation {
            mv,
            count: fields::count_of(ack.count),
            digest: fields::digest("MoveCompleteAck", "digest", &ack.digest)?,
        })),
        Body::Abort(_) => {
            expects(false)?;
            Read::Message(Message::Abort(mv))
        }
        Body::Released(_) => Read::Message(Message::Released(mv)),
        Body::Refused(refused) => refused_of(mv, &refused),
        // What became of each object is the target's to know; the source counts on its report.
        Body::Ack(_) => Read::Passed,
    })
}

/// Whether a step lies after the commit of its move.
fn step(mv: &Move, epoch: u64) -> Result<bool, SessionError> {
    if epoch == u64::from(mv.epoch.0) {
        Ok(false)
    } else if epoch == u64::from(mv.epoch.next().0) {
        Ok(true)
    } else {
        let fault = format!("{epoch} is neither that of the move, {}, nor the next", mv.epoch.0);
        Err(malformed("MoveMessage", "epoch", fault))
    }
}

fn begin(cluster: &v1::ObjectKey) -> Body {
    Body::Begin(v1::MoveBegin { cluster: Some(cluster.clone()), ..v1::MoveBegin::default() })
}

fn begun(mv: Move, begin: &v1::MoveBegin) -> Result<Message, SessionError> {
    if begin.dry_run {
        return Err(malformed("MoveBegin", "dry_run", "dry runs are not answered here"));
    }
    Ok(Message::Begin(mv))
}

fn complete_ack(done: &Activation) -> v1::MoveCompleteAck {
    v1::MoveCompleteAck {
        outcome: v1::Outcome::Verified.into(),
        count: fields::count(done.count),
        digest: fields::digest_bytes(done.digest),
        remarks: Vec::new(),
        distributables: Vec::new(),
    }
}

fn refused(refusal: Refusal, claim: Option<&Claim>) -> v1::MoveRefused {
    let (reason, message) = match refusal {
        Refusal::AlreadyOwner => {
            (v1::RefusalReason::AlreadyOwner, "this side owns the cluster already")
        }
        Refusal::ForeignLineage => {
            (v1::RefusalReason::OtherLineage, "the move is of another lineage")
        }
        Refusal::NotNext => {
            (v1::RefusalReason::WrongEpoch, "the move does not follow what is recorded here")
        }
        Refusal::ForeignObject => {
            (v1::RefusalReason::ForeignObject, "an object is there that is no copy of the mover")
        }
        Refusal::Held => (v1::RefusalReason::Held, "an operator has to decide here first"),
        Refusal::CleanedUp => {
            (v1::RefusalReason::CleanedUp, "the source has deleted its copies after the ack")
        }
    };
    v1::MoveRefused {
        reason: reason.into(),
        retriable: false,
        number: 0,
        record: claim.map(record::to_wire),
        message: message.to_owned(),
        differences: Vec::new(),
    }
}

/// The refusal of a message that cannot be read.
pub(crate) fn refusal(
    identity: v1::MoveIdentity,
    epoch: u64,
    number: u64,
    error: &SessionError,
) -> v1::MoveMessage {
    let refused = v1::MoveRefused {
        reason: v1::RefusalReason::Malformed.into(),
        retriable: error.is_retriable(),
        number,
        record: None,
        message: error.to_string(),
        differences: Vec::new(),
    };
    v1::MoveMessage { r#move: Some(identity), epoch, body: Some(Body::Refused(refused)) }
}

/// What a refusal says to the model. Those without a word of its own are answered as the nearest
/// one that ends the attempt; those to hold on, and those that pass by themselves, say nothing.
fn refused_of(mv: Move, refused: &v1::MoveRefused) -> Read {
    use v1::RefusalReason as Reason;

    let refusal = match v1::RefusalReason::try_from(refused.reason) {
        Ok(Reason::Malformed) if refused.retriable => return Read::Again,
        Ok(Reason::NoRecord | Reason::NoSuchMove | Reason::Busy) => return Read::Passed,
        _ if refused.retriable => return Read::Passed,
        Ok(Reason::AlreadyOwner) => Refusal::AlreadyOwner,
        Ok(Reason::OtherLineage) => Refusal::ForeignLineage,
        Ok(Reason::WrongEpoch | Reason::OldAttempt) => Refusal::NotNext,
        Ok(Reason::Held) => Refusal::Held,
        Ok(Reason::CleanedUp) => Refusal::CleanedUp,
        Ok(
            Reason::ForeignObject
            | Reason::Preflight
            | Reason::LibraryDiffers
            | Reason::NotIndependent
            | Reason::NotAllowed
            | Reason::NotReversible
            | Reason::Malformed
            | Reason::Unspecified,
        )
        | Err(_) => Refusal::ForeignObject,
    };
    Read::Message(Message::Refused(mv, refusal))
}
