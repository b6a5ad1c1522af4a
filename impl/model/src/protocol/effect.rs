//! What a side wants done: the effects of a step.

use super::message::{Message, Refusal};
use super::record::{Entry, Epoch, LateWrite, Name, Reading, Record, Uid, Version};

/// What to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Write the record, guarded by the version that it replaces (`None`: by absence).
    WriteRecord {
        /// What to write.
        record: Box<Record>,
        /// What is there now.
        expect: Option<Version>,
    },
    /// Raise the witness outside this store to this epoch (H8).
    RaiseWitness(Epoch),
    /// Controllers of this cluster may start: the record is not older than the witness (H8).
    OpenGate,
    /// Make the fence so, and prove it by a refused dry run (Q5, C3); guarded, and always a write.
    Fence(Fence),
    /// Look whether the move can begin (P1-P3).
    Preflight,
    /// Pause the cluster with the mover's mark in the same guarded write. A pause that is there
    /// already stays as it is. It always writes: a patch that changes nothing settles nothing.
    Pause,
    /// Take back a marked pause, and no other; guarded, and always a write.
    Unpause,
    /// Read all objects of the cluster: a fresh selection at a source, the copies at a target.
    Read,
    /// Write to objects, one after the other.
    Apply(Vec<Write>),
    /// Wait until it is so.
    Await(Condition),
    /// Tell the other side.
    Send(Message),
    /// Remove the mover's marks and annotations from the objects (I3). Asked for again after a crash.
    DropBookkeeping,
    /// Arm a timer.
    Arm(Timer),
    /// Tell whoever watches.
    Say(Notice),
}

impl Effect {
    /// Whether the driver owes an input for it.
    #[must_use]
    pub fn has_outcome(&self) -> bool {
        match self {
            Self::WriteRecord { .. }
            | Self::RaiseWitness(_)
            | Self::Fence(_)
            | Self::Preflight
            | Self::Pause
            | Self::Unpause
            | Self::Read
            | Self::Apply(_)
            | Self::DropBookkeeping
            | Self::Await(_) => true,
            Self::OpenGate | Self::Send(_) | Self::Arm(_) | Self::Say(_) => false,
        }
    }
}

/// One write to one object.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Write {
    /// Make the copy of this source object, or bring it up to date; created paused, with the mark
    /// of the move, its owners' uids remapped.
    Put {
        /// The source object.
        entry: Entry,
        /// The copy that it replaces; `None`: there must be none.
        replaces: Option<(Uid, Version)>,
    },
    /// Delete: finalizers stripped, dependents orphaned, nothing of it reaches the infrastructure.
    Delete {
        /// The object.
        name: Name,
        /// Its uid.
        uid: Uid,
        /// The version that was compared.
        version: Version,
    },
}

impl Write {
    /// Deletes all of a reading in reverse order, guarded by what was compared (O4, C1).
    pub(super) fn deletions(reading: &Reading) -> Vec<Self> {
        let entries = reading.entries().iter().rev();
        entries
            .map(|entry| Self::Delete {
                name: entry.name.clone(),
                uid: entry.uid,
                version: entry.version,
            })
            .collect()
    }
}

/// How the admission fence stands on this side.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Fence {
    /// Changes are anybody's.
    #[default]
    Down,
    /// Only the mover, status writers and the garbage collector change what is moved.
    Up,
    /// Nobody creates objects of a cluster that is owned elsewhere.
    Tombstone,
}

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Condition {
    /// No write of ours can land any more: the deadline of each has passed (H2).
    Settled,
    /// The pause has been seen by every controller (Q2, H4).
    Paused {
        /// Conditions prove nothing this time: wait the quiet time.
        quiet: bool,
    },
    /// Every controller has seen the end of our pause, or somebody else pauses the object.
    Unpaused,
    /// Every object has been reconciled once, and the machines are healthy (A2).
    Verified,
    /// What failed may be tried again.
    Backoff,
}

/// What may run out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Timer {
    /// An answer is overdue: ask again.
    Resend,
    /// The time that an attempt may take before its commit, or an abort may wait.
    Budget,
}

/// What is said to whoever watches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// The move was refused before it began.
    PreflightRefused,
    /// The peer refused.
    Refused(Refusal),
    /// The request is not safe, or makes no sense now.
    RequestRefused(&'static str),
    /// Writes that the move leaves behind.
    Late(Vec<LateWrite>),
    /// Two claims do not fit.
    Conflict,
    /// Somebody took the mover's pause away; it is put back, or the attempt given up.
    PauseLost,
}
