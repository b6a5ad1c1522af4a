//! The record of a side as it states it: a [`Claim`] to and from `Record`.
//!
//! Three things of a claim do not travel, and nothing on the other side rests on them: the entries
//! of a reading (its digest does), whether an abort had paused, and the last move of a side at rest
//! where it is not the one of its last outcome.

use fulcrum_model::digest::Digest;
use fulcrum_model::protocol::{Activation, Claim, Epoch, Lineage, Move, Phase, Reading, Standing};
use fulcrum_mover::ids;
use fulcrum_proto::v1;

use crate::error::{SessionError, malformed};
use crate::fields;

const MESSAGE: &str = "Record";

/// A claim on the wire.
#[must_use]
pub fn to_wire(claim: &Claim) -> v1::Record {
    let running = running(claim);
    let of_epoch = claim.last.filter(|mv| mv.lineage == claim.lineage && mv.epoch == claim.epoch);
    let (count, digest) = reading(&claim.phase);
    v1::Record {
        lineage: ids::hex(claim.lineage.0),
        epoch: claim.epoch.0.into(),
        role: role(&claim.phase).into(),
        phase: phase(&claim.phase).into(),
        attempt: running.or(of_epoch).map_or(0, |mv| mv.attempt),
        move_id: running.map_or_else(String::new, |mv| ids::hex(mv.id)),
        count: fields::count(count),
        digest: digest.map(fields::digest_bytes).unwrap_or_default(),
        last_outcome: claim.activation.as_ref().map(outcome),
    }
}

/// A claim of the wire.
///
/// # Errors
/// [`SessionError::Malformed`]: a field cannot be read, or a newer peer is in a phase that is not
/// known here. No permission follows from such a record.
pub fn from_wire(record: &v1::Record) -> Result<Claim, SessionError> {
    let lineage = Lineage(fields::id(MESSAGE, "lineage", &record.lineage)?);
    let epoch = fields::epoch(MESSAGE, "epoch", record.epoch)?;
    let phase = phase_of(record)?;
    let activation = match &record.last_outcome {
        Some(outcome) => activation(outcome)?,
        None => None,
    };
    let last = if record.move_id.is_empty() {
        activation.as_ref().map(|done| done.mv)
    } else {
        let id = fields::id(MESSAGE, "move_id", &record.move_id)?;
        let epoch = epoch_of_move(&phase, epoch)
            .ok_or_else(|| malformed(MESSAGE, "epoch", "no epoch lies before it"))?;
        Some(Move { lineage, epoch, attempt: record.attempt, id })
    };
    Ok(Claim { lineage, epoch, phase, last, activation })
}

/// What a side says of ownership, beyond its phase.
#[must_use]
pub fn ownership(standing: Standing, claim: Option<&Claim>) -> v1::OwnershipState {
    match (standing, claim) {
        (Standing::Unknown | Standing::Released, _) => v1::OwnershipState::NotOwner,
        (Standing::Owner, _) => v1::OwnershipState::Owner,
        (Standing::InTransit, _) => v1::OwnershipState::InTransit,
        (Standing::OwnerUnknown, _) => v1::OwnershipState::StagedOwnerUnknown,
        (Standing::Held, Some(_)) => v1::OwnershipState::Held,
        (Standing::Held, None) => v1::OwnershipState::ClaimUnknown,
    }
}

/// What a side holds of the cluster's objects, as far as its record says.
#[must_use]
pub fn objects(standing: Standing, claim: Option<&Claim>) -> v1::LocalObjects {
    match claim.map(|claim| &claim.phase) {
        // Without a record a hold means that there are live objects (H4).
        None if standing == Standing::Held => v1::LocalObjects::Unpaused,
        None | Some(Phase::Released) => v1::LocalObjects::None,
        Some(phase) if phase.is_paused() => v1::LocalObjects::Paused,
        Some(_) => v1::LocalObjects::Unpaused,
    }
}

/// The move that runs, if one does and it is of this lineage: a takeover answers to none.
fn running(claim: &Claim) -> Option<Move> {
    let runs = role(&claim.phase) != v1::Role::None;
    claim.last.filter(|mv| {
        runs && mv.lineage == claim.lineage
            && epoch_of_move(&claim.phase, claim.epoch) == Some(mv.epoch)
    })
}

/// The epoch of the move that runs in a phase of a record of `epoch`.
fn epoch_of_move(phase: &Phase, epoch: Epoch) -> Option<Epoch> {
    match phase {
        Phase::Committed
        | Phase::Completing { .. }
        | Phase::Cleaning { .. }
        | Phase::Activating { .. }
        | Phase::Verifying { .. } => epoch.0.checked_sub(1).map(Epoch),
        _ => Some(epoch),
    }
}

fn role(phase: &Phase) -> v1::Role {
    match phase {
        Phase::Owner | Phase::Released | Phase::Held => v1::Role::None,
        phase if phase.is_of_target() => v1::Role::Target,
        _ => v1::Role::Source,
    }
}

fn phase(phase: &Phase) -> v1::Phase {
    match phase {
        Phase::Owner => v1::Phase::Owner,
        Phase::Copying => v1::Phase::Copying,
        Phase::Quiescing => v1::Phase::Quiescing,
        Phase::Aborting { .. } => v1::Phase::Aborting,
        Phase::Committed => v1::Phase::Committed,
        Phase::Completing { .. } => v1::Phase::Completing,
        Phase::Cleaning { .. } => v1::Phase::Cleaning,
        Phase::Released => v1::Phase::Released,
        Phase::Staging => v1::Phase::Staging,
        Phase::Staged { .. } => v1::Phase::Staged,
        Phase::Discarding => v1::Phase::Discarding,
        Phase::Activating { .. } => v1::Phase::Activating,
        Phase::Verifying { .. } => v1::Phase::Verifying,
        Phase::Held => v1::Phase::Held,
    }
}

/// The count and the digest that a phase holds.
fn reading(phase: &Phase) -> (usize, Option<Digest>) {
    match phase {
        Phase::Completing { reading } | Phase::Cleaning { reading, .. } => {
            (reading.count(), Some(reading.digest()))
        }
        Phase::Staged { count, digest }
        | Phase::Activating { count, digest }
        | Phase::Verifying { count, digest } => (*count, Some(*digest)),
        _ => (0, None),
    }
}

fn phase_of(record: &v1::Record) -> Result<Phase, SessionError> {
    let count = fields::count_of(record.count);
    let digest = || fields::digest(MESSAGE, "digest", &record.digest);
    Ok(match v1::Phase::try_from(record.phase) {
        // Nothing is recorded yet: an owner that looks whether it may begin.
        Ok(v1::Phase::Owner | v1::Phase::Preflight) => Phase::Owner,
        Ok(v1::Phase::Copying) => Phase::Copying,
        Ok(v1::Phase::Quiescing) => Phase::Quiescing,
        Ok(v1::Phase::Aborting) => Phase::Aborting { paused: true },
        Ok(v1::Phase::Committed) => Phase::Committed,
        Ok(v1::Phase::Completing) => {
            Phase::Completing { reading: Reading::new(Vec::new(), digest()?) }
        }
        Ok(v1::Phase::Cleaning) => {
            Phase::Cleaning { reading: Reading::new(Vec::new(), digest()?), deleting: false }
        }
        Ok(v1::Phase::Released) => Phase::Released,
        Ok(v1::Phase::Staging) => Phase::Staging,
        Ok(v1::Phase::Staged) => Phase::Staged { count, digest: digest()? },
        Ok(v1::Phase::Activating) => Phase::Activating { count, digest: digest()? },
        Ok(v1::Phase::Verifying) => Phase::Verifying { count, digest: digest()? },
        Ok(v1::Phase::Discarding) => Phase::Discarding,
        Ok(v1::Phase::Held) => Phase::Held,
        Ok(v1::Phase::Unspecified) | Err(_) => {
            let fault = format!("{} is no known phase", record.phase);
            return Err(malformed(MESSAGE, "phase", fault));
        }
    })
}

/// How a move ended, on the wire. What is recorded was verified.
fn outcome(activation: &Activation) -> v1::MoveOutcome {
    v1::MoveOutcome {
        r#move: Some(fields::identity(&activation.mv)),
        outcome: v1::Outcome::Verified.into(),
        count: fields::count(activation.count),
        digest: fields::digest_bytes(activation.digest),
    }
}

/// How a move ended, of the wire; nothing where it did not end in a new owner.
fn activation(outcome: &v1::MoveOutcome) -> Result<Option<Activation>, SessionError> {
    const MESSAGE: &str = "MoveOutcome";
    if !is_verified(outcome.outcome) {
        return Ok(None);
    }
    let identity = fields::required(MESSAGE, "move", outcome.r#move.as_ref())?;
    Ok(Some(Activation {
        mv: fields::move_of(identity)?,
        count: fields::count_of(outcome.count),
        digest: fields::digest(MESSAGE, "digest", &outcome.digest)?,
    }))
}

/// Whether an outcome permits what follows a verification. An unknown one never does.
pub(crate) fn is_verified(outcome: i32) -> bool {
    matches!(
        v1::Outcome::try_from(outcome),
        Ok(v1::Outcome::Verified | v1::Outcome::VerifiedWithChanges)
    )
}
