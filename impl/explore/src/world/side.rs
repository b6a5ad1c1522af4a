//! One side: its store, the mover's process, the controllers, and what lies outside the store.

use std::collections::VecDeque;

use fulcrum_model::protocol::{
    Condition, Epoch, Fence, Phase, Reading, Record, State, Stored, Timer, Version, Write,
};

use super::controller::Controller;
use super::store::{Content, Store};
use super::{At, LINEAGE};

/// One side of the move.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Side {
    /// What its API server holds.
    pub store: Store,
    /// The mover: the function under test.
    pub machine: State,
    /// Whether the mover's process runs.
    pub up: bool,
    /// The whole side is gone for ever.
    pub dead: bool,
    /// Whether controllers may act (H8).
    pub gate: bool,
    /// What the mover has still to do, in order.
    pub pending: VecDeque<Pending>,
    /// What it waits for.
    pub waits: Option<Condition>,
    /// Requests whose answer was lost and that may still land.
    pub floating: Vec<Floating>,
    /// Timers that are armed, in order.
    pub timers: Vec<Timer>,
    /// The controllers.
    pub controller: Controller,
    /// The highest epoch seen outside this store.
    pub witness: Option<Epoch>,
    /// A backup of the store.
    pub backup: Option<Box<Store>>,
    /// What a driver that breaks a rule remembers.
    pub lie: Lie,
}

/// What a driver that breaks a rule remembers; empty where no rule is broken.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Lie {
    /// So many writes of the record are answered and not made.
    pub unwritten: u8,
    /// What the next reading is answered with.
    pub reading: Option<Reading>,
}

/// An effect on this side's API server, in the order of the mover.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Pending {
    /// Write the record.
    Record(Box<Record>, Option<Version>),
    /// Raise the witness.
    Raise(Epoch),
    /// Pause (`true`) or unpause the Cluster.
    Pause(bool),
    /// Read all objects.
    Read,
    /// Write to objects, one at a time.
    Apply(Vec<Write>),
    /// Look whether the move can begin.
    Preflight,
    /// Set the fence.
    Fence(Fence),
    /// Drop the mover's marks.
    Tidy,
}

/// A request that may land later, if its guard still holds.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Floating {
    /// A write of the record: what and its guard.
    Record(HeldRecord, Option<Version>),
    /// A pause or unpause of the Cluster with this uid and version; no version: unguarded.
    Pause(bool, u8, Option<u8>),
    /// A creation of a copy, with the attempt whose mark it bears.
    Create(usize, Content, Option<u32>),
    /// An update of the copy with this uid and version.
    Update(usize, Content, u8, u8),
    /// A deletion of the object with this uid and version; no version: unguarded.
    Delete(usize, u8, Option<u8>),
    /// A write of the fence at this version.
    Fence(Fence, u8),
}

/// A record in a sorted list: the order says nothing.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct HeldRecord(pub Box<Record>);

impl PartialOrd for HeldRecord {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for HeldRecord {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |it: &Self| (it.0.epoch, it.0.phase.name(), it.0.starts);
        key(self).cmp(&key(other))
    }
}

impl Floating {
    /// Whether its guard can still hold; whether a creation may land is seen when it does.
    pub(crate) fn can_land(&self, store: &Store) -> bool {
        let fits = |object: usize, uid: u8, version: Option<u8>| {
            store.get(object).is_some_and(|found| {
                found.uid == uid && version.is_none_or(|version| version == found.version)
            })
        };
        match self {
            Self::Record(_, expect) => store.record.as_ref().map(|it| it.version) == *expect,
            Self::Pause(_, uid, version) => fits(super::store::CLUSTER, *uid, *version),
            Self::Create(..) => true,
            Self::Update(object, _, uid, version) => fits(*object, *uid, Some(*version)),
            Self::Delete(object, uid, version) => fits(*object, *uid, *version),
            Self::Fence(_, version) => store.fence_version == *version,
        }
    }

    /// Whether a deadline settles it; a record is settled by its guard alone.
    pub(crate) fn is_of_object(&self) -> bool {
        !matches!(self, Self::Record(..))
    }
}

impl Side {
    /// A side that made the cluster and owns it: one machine, seen by its controllers.
    pub(crate) fn owner(at: At, user_paused: bool) -> Self {
        let mut side = Self::empty(at);
        let content = Content { replicas: 1, user_paused };
        side.store.create(super::store::CLUSTER, content, false);
        side.store.create(0, Content::MACHINE, false);
        for object in [super::store::CLUSTER, 0] {
            let slot = side.store.slot(object).as_mut().expect("it was just created");
            slot.seen_paused = user_paused;
        }
        let record = Record::owner(LINEAGE, Epoch(1));
        side.store.record = Some(Stored { record, version: Version(1) });
        side.witness = Some(Epoch(1));
        side.controller = Controller::fresh(&side.store);
        side
    }

    /// A side with nothing on it.
    pub(crate) fn empty(at: At) -> Self {
        Self {
            store: Store::default(),
            machine: State::new(at.place()),
            up: false,
            dead: false,
            gate: true,
            pending: VecDeque::new(),
            waits: None,
            floating: Vec::new(),
            timers: Vec::new(),
            controller: Controller::default(),
            witness: None,
            backup: None,
            lie: Lie::default(),
        }
    }

    /// The phase that is stored, which is what counts; the process may not know it yet.
    #[must_use]
    pub fn phase(&self) -> Option<&Phase> {
        self.store.record.as_ref().map(|stored| &stored.record.phase)
    }

    /// Whether controllers here may act on an object.
    #[must_use]
    pub fn acts_on(&self, object: usize) -> bool {
        !self.dead && self.gate && self.store.unpaused(object)
    }

    /// Whether the mover takes inputs from outside.
    #[must_use]
    pub fn listens(&self) -> bool {
        self.up && self.pending.is_empty() && self.machine.listens()
    }

    /// Controllers that start list everything first.
    pub(crate) fn open_gate(&mut self) {
        if !std::mem::replace(&mut self.gate, true) {
            self.controller = Controller::fresh(&self.store);
        }
    }

    /// Somebody took the mover's pause away where it has to stand.
    pub(crate) fn has_lost_its_pause(&self) -> bool {
        let needed = self.phase().is_some_and(Phase::is_paused);
        needed && self.store.cluster.as_ref().is_some_and(|cluster| !cluster.paused())
    }

    pub(crate) fn float(&mut self, request: Floating) {
        self.floating.push(request);
        self.floating.sort();
    }

    /// The process is gone, and with it all that is not stored.
    pub(crate) fn stop(&mut self) {
        self.machine = State::new(self.machine.place());
        self.up = false;
        self.pending.clear();
        self.waits = None;
        self.timers.clear();
        self.lie = Lie::default();
    }

    pub(crate) fn arm(&mut self, timer: Timer) {
        if !self.timers.contains(&timer) {
            self.timers.push(timer);
            self.timers.sort();
        }
    }
}
