//! What happens to a side: the inputs of a step.

use super::effect::{Condition, Timer};
use super::message::{Claim, Message};
use super::record::{Epoch, Lineage, Reading, Stored, Version};

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// The process started and read its record, and the highest epoch that the witness outside
    /// this store has seen (H8).
    Started {
        /// The record. That there is none is said only when the deadline of every request of an
        /// earlier life has passed: absence has no version that a guarded write could settle.
        stored: Option<Stored>,
        /// Objects of the cluster are here. Without a record nobody knows whose they are (H4).
        live: bool,
        /// The witness.
        witness: Option<Epoch>,
    },
    /// A session with the other side began, with what it says of its record.
    SessionUp(Option<Claim>),
    /// The session ended.
    SessionDown,
    /// A message of the other side.
    Received(Message),
    /// The outcome of [`Effect::WriteRecord`](super::Effect::WriteRecord).
    RecordWritten(RecordOutcome),
    /// The outcome of [`Effect::Preflight`](super::Effect::Preflight).
    Preflight(bool),
    /// The outcome of [`Effect::Read`](super::Effect::Read).
    Read(Reading),
    /// The outcome of any other effect that has one.
    Done(Outcome),
    /// What [`Effect::Await`](super::Effect::Await) waits for is so.
    Reached(Condition),
    /// Somebody took the mover's pause away: seen where no fence forbids it (Q5).
    PauseLost,
    /// A timer that was armed.
    Timer(Timer),
    /// Somebody asks.
    Request(Request),
}

/// What became of a write of the record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RecordOutcome {
    /// Written, at this version.
    Ok(Version),
    /// The guard did not hold: this is stored.
    Conflict(Option<Box<Stored>>),
    /// The answer was lost: the write may have landed, may land later, or never.
    Unknown,
}

/// What became of a write to objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// All done.
    Ok,
    /// A guard did not hold, or an object was not there.
    Conflict,
    /// An object of that name is there that is not ours.
    Foreign,
    /// The answer was lost.
    Unknown,
}

/// What somebody may ask for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Request {
    /// Give the cluster to the other side, under this random id.
    Move(u128),
    /// Give up the move that runs, if it is not committed.
    Abort,
    /// Own the staged cluster though its source says nothing (H10).
    Takeover {
        /// The new lineage that this begins.
        lineage: Lineage,
        /// The operator states that the other side's controllers are stopped.
        others_stopped: bool,
    },
    /// End a hold: this side owns the cluster.
    Resume {
        /// The new lineage that this begins.
        lineage: Lineage,
        /// The operator states that the other side's controllers are stopped.
        others_stopped: bool,
    },
    /// End a hold: the other side owns the cluster, and what is here is deleted and reported.
    Yield {
        /// The lineage that the other side claims.
        lineage: Lineage,
        /// The epoch that it claims.
        epoch: Epoch,
    },
}
