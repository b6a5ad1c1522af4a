//! The kinds of field that several messages have: ids, digests, counts, epochs.

use fulcrum_model::digest::Digest;
use fulcrum_model::protocol::{Epoch, Lineage, Move, Round};
use fulcrum_mover::ids;
use fulcrum_proto::v1;

use crate::error::{SessionError, malformed};

/// An id of a message.
pub(crate) fn id(
    message: &'static str,
    field: &'static str,
    text: &str,
) -> Result<u128, SessionError> {
    ids::id_of(text)
        .ok_or_else(|| malformed(message, field, "not 32 lower-case hexadecimal digits"))
}

/// A digest of 32 bytes.
pub(crate) fn digest(
    message: &'static str,
    field: &'static str,
    bytes: &[u8],
) -> Result<Digest, SessionError> {
    <[u8; 32]>::try_from(bytes)
        .map(Digest::from_bytes)
        .map_err(|_| malformed(message, field, format!("{} bytes, not 32", bytes.len())))
}

/// The bytes of a digest.
pub(crate) fn digest_bytes(digest: Digest) -> Vec<u8> {
    digest.as_bytes().to_vec()
}

/// An epoch. The model counts with 32 bits.
pub(crate) fn epoch(
    message: &'static str,
    field: &'static str,
    number: u64,
) -> Result<Epoch, SessionError> {
    // The next epoch must be a number as well.
    match u32::try_from(number) {
        Ok(number) if number < u32::MAX => Ok(Epoch(number)),
        _ => Err(malformed(message, field, format!("{number} is no epoch"))),
    }
}

/// A number of objects as the wire has it.
pub(crate) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A number of objects as the model has it.
pub(crate) fn count_of(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// What is there, or the error that it is not.
pub(crate) fn required<T>(
    message: &'static str,
    field: &'static str,
    value: Option<T>,
) -> Result<T, SessionError> {
    value.ok_or_else(|| malformed(message, field, "missing"))
}

/// A move on the wire.
pub(crate) fn identity(mv: &Move) -> v1::MoveIdentity {
    v1::MoveIdentity {
        lineage: ids::hex(mv.lineage.0),
        epoch: mv.epoch.0.into(),
        attempt: mv.attempt,
        move_id: ids::hex(mv.id),
    }
}

/// A move of the wire.
pub(crate) fn move_of(identity: &v1::MoveIdentity) -> Result<Move, SessionError> {
    const MESSAGE: &str = "MoveIdentity";
    if identity.attempt == 0 {
        return Err(malformed(MESSAGE, "attempt", "attempts count from 1"));
    }
    Ok(Move {
        lineage: Lineage(id(MESSAGE, "lineage", &identity.lineage)?),
        epoch: epoch(MESSAGE, "epoch", identity.epoch)?,
        attempt: identity.attempt,
        id: id(MESSAGE, "move_id", &identity.move_id)?,
    })
}

/// A round on the wire.
pub(crate) fn round(round: Round) -> v1::Round {
    match round {
        Round::Bulk => v1::Round::Bulk,
        Round::Difference => v1::Round::Difference,
        Round::Last => v1::Round::Last,
    }
}

/// A round of the wire.
pub(crate) fn round_of(message: &'static str, number: i32) -> Result<Round, SessionError> {
    match v1::Round::try_from(number) {
        Ok(v1::Round::Bulk) => Ok(Round::Bulk),
        Ok(v1::Round::Difference) => Ok(Round::Difference),
        Ok(v1::Round::Last) => Ok(Round::Last),
        Ok(v1::Round::Unspecified) | Err(_) => {
            Err(malformed(message, "round", format!("{number} is no known round")))
        }
    }
}
