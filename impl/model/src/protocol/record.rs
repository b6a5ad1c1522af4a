//! The durable ownership record of one side, and the readings that it rests on.

use std::fmt;
use std::sync::Arc;

use crate::digest::Digest;

/// An unguessable id made at enrolment: a re-created cluster of the same name is another lineage.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Lineage(pub u128);

/// Counts the changes of owner in a lineage.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Epoch(pub u32);

impl Epoch {
    /// The epoch of the next owner.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// The resourceVersion of an object, as the number that it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Version(pub u64);

/// The uid of an object, as the number that a UUID is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Uid(pub u128);

/// What an object is called on both sides: its key, compared and never taken apart here.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Name(pub Arc<str>);

/// One attempt to move one cluster: `(lineage, epoch, attempt, id)` (rule R2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Move {
    /// Whose cluster.
    pub lineage: Lineage,
    /// The epoch of the owner that gives the cluster away.
    pub epoch: Epoch,
    /// Counted durably by the source; a higher attempt of an epoch replaces a lower one.
    pub attempt: u32,
    /// Random, so that a source restored from a backup never repeats one.
    pub id: u128,
}

/// One object as one reading of one API server found it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Entry {
    /// What it is called.
    pub name: Name,
    /// Its uid there.
    pub uid: Uid,
    /// Its resourceVersion there.
    pub version: Version,
    /// The digest of its content, in canonical form.
    pub digest: Digest,
    /// Of a staged copy: the digest that the mover wrote last.
    pub applied: Option<Digest>,
    /// Whether it has a deletionTimestamp.
    pub deleting: bool,
}

/// All objects of a cluster in import order, owners first, as one API server had them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Reading {
    entries: Arc<[Entry]>,
    digest: Digest,
}

impl Reading {
    /// A reading of `entries` in import order, with the digest of the whole set.
    #[must_use]
    pub fn new(entries: Vec<Entry>, digest: Digest) -> Self {
        Self { entries: entries.into(), digest }
    }

    /// The objects, owners first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many objects there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// The digest of the set: names and contents; uids and versions do not count.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The object of that name.
    #[must_use]
    pub fn get(&self, name: &Name) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == *name)
    }

    /// Whether `other` holds the same objects with the same content.
    #[must_use]
    pub fn same_set(&self, other: &Self) -> bool {
        self.count() == other.count() && self.digest == other.digest
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries.iter().map(|entry| &entry.name.0)).finish()
    }
}

/// A write that a user made and the move did not carry: reported, never lost in silence (H6).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LateWrite {
    /// The object that was written to.
    pub name: Name,
    /// The content that the move leaves behind.
    pub digest: Digest,
    /// The write was a deletion.
    pub deleted: bool,
}

impl LateWrite {
    /// What an object holds that the move leaves behind.
    pub(super) fn of(entry: &Entry) -> Self {
        Self { name: entry.name.clone(), digest: entry.digest, deleted: entry.deleting }
    }

    /// The deletion of an object that is gone.
    pub(super) fn gone(entry: &Entry) -> Self {
        Self { deleted: true, ..Self::of(entry) }
    }
}

/// How a move ended on its target; recorded once and replayed to whoever asks (A2).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Activation {
    /// The move.
    pub mv: Move,
    /// The number of objects that were activated.
    pub count: usize,
    /// The digest of the set that was activated.
    pub digest: Digest,
}

impl Activation {
    /// The epoch that it began.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.mv.epoch.next()
    }
}

/// Where one side stands. The phases of a source come first, those of a target after.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Phase {
    /// At rest: this side owns the cluster.
    Owner,
    /// Source: the bulk is copied while this side still works.
    Copying,
    /// Source: fence, pause, barrier and the difference.
    Quiescing,
    /// Source: the move was given up before its commit; the pause is taken back.
    Aborting {
        /// The attempt had begun to pause.
        paused: bool,
    },
    /// Source: the point of no return is behind; nobody owns the cluster.
    Committed,
    /// Source: the last reading is recorded and the target is told to take over.
    Completing {
        /// What the target is to have, and what the clean-up compares with.
        reading: Reading,
    },
    /// Source: the target owns the cluster; the copies here are deleted.
    Cleaning {
        /// The last reading.
        reading: Reading,
        /// What had changed or vanished before the first deletion is reported (H6).
        deleting: bool,
    },
    /// At rest: the other side owns the cluster, or will.
    Released,
    /// Target: copies are made, paused.
    Staging,
    /// Target: the copies equalled what the paused source had.
    Staged {
        /// The number of copies.
        count: usize,
        /// Their digest.
        digest: Digest,
    },
    /// Target: the source aborted; the copies are removed.
    Discarding,
    /// Target: heard of the next epoch and counted the set; the barrier comes before the unpause.
    Activating {
        /// The number of objects.
        count: usize,
        /// Their digest.
        digest: Digest,
    },
    /// Target: past the barrier; unpaused, the first reconcile is awaited.
    Verifying {
        /// The number of objects.
        count: usize,
        /// Their digest.
        digest: Digest,
    },
    /// Two live claims that do not fit: the copies here are paused, an operator decides (H7).
    Held,
}

impl Phase {
    /// The field's word for the phase.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::Copying => "Copying",
            Self::Quiescing => "Quiescing",
            Self::Aborting { .. } => "Aborting",
            Self::Committed => "Committed",
            Self::Completing { .. } => "Completing",
            Self::Cleaning { .. } => "Cleaning",
            Self::Released => "Released",
            Self::Staging => "Staging",
            Self::Staged { .. } => "Staged",
            Self::Discarding => "Discarding",
            Self::Activating { .. } => "Activating",
            Self::Verifying { .. } => "Verifying",
            Self::Held => "Held",
        }
    }

    /// Whether this is a phase of a target that is at work.
    #[must_use]
    pub fn is_of_target(&self) -> bool {
        matches!(
            self,
            Self::Staging
                | Self::Staged { .. }
                | Self::Discarding
                | Self::Activating { .. }
                | Self::Verifying { .. }
        )
    }

    /// Whether this is a phase of a target that does not own the cluster yet, or any more.
    #[must_use]
    pub fn stages(&self) -> bool {
        self.is_of_target() && !self.owns()
    }

    /// Whether a side in this phase keeps its objects paused: a pause that is lost is put back, or
    /// the attempt given up (Q5).
    #[must_use]
    pub fn is_paused(&self) -> bool {
        match self {
            Self::Quiescing
            | Self::Committed
            | Self::Completing { .. }
            | Self::Cleaning { .. }
            | Self::Staging
            | Self::Staged { .. }
            | Self::Discarding
            | Self::Activating { .. }
            | Self::Held => true,
            Self::Owner
            | Self::Copying
            | Self::Aborting { .. }
            | Self::Released
            | Self::Verifying { .. } => false,
        }
    }

    /// Whether a side in this phase may act on the cluster: it owns it.
    #[must_use]
    pub fn owns(&self) -> bool {
        match self {
            Self::Owner
            | Self::Copying
            | Self::Quiescing
            | Self::Aborting { .. }
            | Self::Activating { .. }
            | Self::Verifying { .. } => true,
            Self::Committed
            | Self::Completing { .. }
            | Self::Cleaning { .. }
            | Self::Released
            | Self::Staging
            | Self::Staged { .. }
            | Self::Discarding
            | Self::Held => false,
        }
    }
}

/// The durable record of one side, kept in the same store as the objects.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Record {
    /// Whose cluster.
    pub lineage: Lineage,
    /// The epoch of the owner, as far as this side knows.
    pub epoch: Epoch,
    /// Where this side stands.
    pub phase: Phase,
    /// The move that runs here, or ran last.
    pub last: Option<Move>,
    /// How the last move that ended here ended; kept through the next ones (R2).
    pub activation: Option<Activation>,
    /// The last abort could not see the pause and its end: the next barrier waits the quiet time (Q2).
    pub unproven: bool,
    /// Late writes that were found; durable before the deletion that they excuse (C1), and kept until
    /// the next move begins.
    pub late: Vec<LateWrite>,
    /// The mover's marks are still on the objects here: the source has not said `Released` yet (I3).
    pub marked: bool,
    /// Counts the starts of the process, each of which begins with a guarded write (H2).
    pub starts: u32,
}

impl Record {
    /// The record of a cluster that is owned where it was made.
    #[must_use]
    pub fn owner(lineage: Lineage, epoch: Epoch) -> Self {
        Self {
            lineage,
            epoch,
            phase: Phase::Owner,
            last: None,
            activation: None,
            unproven: false,
            late: Vec::new(),
            marked: false,
            starts: 0,
        }
    }

    /// The same record in another phase.
    #[must_use]
    pub fn with_phase(&self, phase: Phase) -> Self {
        Self { phase, ..self.clone() }
    }

    /// Adds reports of late writes, each once.
    pub(crate) fn report(&mut self, late: impl IntoIterator<Item = LateWrite>) {
        for write in late {
            if !self.late.contains(&write) {
                self.late.push(write);
            }
        }
    }

    /// The next attempt to give this epoch away.
    pub(crate) fn next_move(&self, id: u128) -> Move {
        let attempt = match self.last {
            Some(last) if last.epoch == self.epoch => last.attempt + 1,
            _ => 1,
        };
        Move { lineage: self.lineage, epoch: self.epoch, attempt, id }
    }
}

/// A record with the version that the store gave it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Stored {
    /// What is stored.
    pub record: Record,
    /// Its resourceVersion: the guard of the next write.
    pub version: Version,
}
