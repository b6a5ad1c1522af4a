//! What the two sides say to each other. Manifests travel beside a message, not in it: the driver
//! attaches them to the entries of a [`Message::Stage`] and takes them off again.

use super::record::{Activation, Epoch, Lineage, Move, Phase, Reading};
use crate::digest::Digest;

/// Which reading of the source a set stems from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Round {
    /// Before the pause: most of the work, while the source still acts.
    Bulk,
    /// After the barrier: what changed since.
    Difference,
    /// After the commit: the recorded last reading.
    Last,
}

/// A message of the move. Every one may be lost, doubled or late (R2).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Message {
    /// Source: prepare to stage this move.
    Begin(Move),
    /// Target: the move is recorded here and may be staged.
    Ready(Move),
    /// Source: the copies are to be exactly this set. On the wire: batches and deletions.
    Stage {
        /// The move.
        mv: Move,
        /// Which reading.
        round: Round,
        /// The whole set, owners first.
        set: Reading,
    },
    /// Target: what its API server has now.
    StageReport {
        /// The move.
        mv: Move,
        /// The round that it answers.
        round: Round,
        /// The number of copies.
        count: usize,
        /// Their digest.
        digest: Digest,
    },
    /// Source, committed: take over the epoch that follows the move's.
    Complete {
        /// The move.
        mv: Move,
        /// The number of objects.
        count: usize,
        /// Their digest.
        digest: Digest,
    },
    /// Target: what was to be activated is not what its API server has.
    NotStaged(Move),
    /// Target: activated and verified; replayed from the record.
    CompleteAck(Activation),
    /// Source: this move is over; remove its copies.
    Abort(Move),
    /// Either: no, and why.
    Refused(Move, Refusal),
    /// Source: its copies are gone.
    Released(Move),
    /// Either: a heartbeat with the record, which is a question to the other side.
    Claim(Box<Claim>),
}

/// Why a message was refused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Refusal {
    /// This side owns the cluster already (ALREADY_OWNER).
    AlreadyOwner,
    /// The move is of another lineage.
    ForeignLineage,
    /// The epoch or the attempt is behind what is recorded here, or skips one.
    NotNext,
    /// An object of that name is there that the mover did not make (I4).
    ForeignObject,
    /// An operator has to decide here first (H7).
    Held,
    /// The source has deleted its copies after an ack: what the target lost since is lost (C2).
    CleanedUp,
}

/// What a side says of its record in the handshake and in heartbeats.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Claim {
    /// Whose cluster.
    pub lineage: Lineage,
    /// The epoch.
    pub epoch: Epoch,
    /// The phase.
    pub phase: Phase,
    /// The move that runs there, or ran last.
    pub last: Option<Move>,
    /// How its last move ended.
    pub activation: Option<Activation>,
}
