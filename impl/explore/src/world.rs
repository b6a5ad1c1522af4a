//! The world around the two role machines: two stores with their controllers, a wire, the
//! infrastructure outside both, and everything that may go wrong, counted by a budget.
//!
//! One step is one write, one send, one receipt, one cached read or one decision. What is left out
//! is said in the crate's documentation.

pub mod action;
pub mod controller;
pub mod driver;
pub mod side;
pub mod store;

mod landing;
mod user;

pub use crate::at::At;

use std::fmt;

use fulcrum_model::protocol::{LateWrite, Lineage, Message, Name, Phase, Place, Standing, State};

use crate::mutation::Mutation;
use crate::scenario::{Budget, Scenario};
use side::Side;
use store::{Content, SLOTS};

/// The lineage of the cluster in every scenario.
pub const LINEAGE: Lineage = Lineage(1);

/// A state of the whole.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct World {
    /// The parent, then the child.
    pub sides: [Side; 2],
    /// Messages under way to the parent, then to the child.
    pub wires: [Vec<Message>; 2],
    /// A second copy of a message to each side, which may arrive at any time.
    pub strays: [Option<Message>; 2],
    /// Whether a session is open.
    pub session: bool,
    /// The machines that exist, a bit each.
    pub infrastructure: u8,
    /// Names of machines are never used twice.
    pub next_slot: u8,
    /// What may still go wrong, and what users and operators may still do.
    pub budget: Budget,
    /// What an onlooker knows.
    pub ghost: Ghost,
}

/// What an onlooker knows and no process does: only properties read it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Ghost {
    /// The most machines that anybody ever asked for.
    pub wanted: u8,
    /// What the target read last, before it activated.
    pub counted: Vec<(Name, Content)>,
    /// What the target last recorded as activated: the content of each object.
    pub activated: Vec<(Name, Content)>,
    /// A user paused the Cluster before the story began, and nobody but a user may end that.
    pub user_pauses: bool,
    /// Late writes that stood in a record.
    pub reported: Vec<LateWrite>,
    /// A side was restored, and the other has not met it since: that one cannot know that what it
    /// deletes is all there is (C2).
    pub unmet_restore: [bool; 2],
    /// Machines that a user deleted by force.
    pub vanished: Vec<Name>,
    /// A fail-over met a creation under way: Cluster API's own race, not the move's.
    pub raced: bool,
}

/// A property that does not hold, and what shows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Violation {
    /// H1a: an object is effectively unpaused on both sides.
    TwoOwners,
    /// H1b: a controller acted for a side that does not own the cluster.
    ActedUnowned,
    /// More machines than anybody asked for.
    DuplicateMachine,
    /// H6: somebody's write was destroyed, neither carried nor reported.
    LostInSilence,
    /// R3: the last copy of an object was deleted.
    LastCopyDeleted,
    /// Q1: the mover took away a pause that is not its own.
    ForeignPauseLost,
    /// C1: the mover deleted an object that controllers may act upon: the deletion would reach the infrastructure.
    DeletionReachesInfrastructure,
    /// I3: the move is over, and objects still bear the mover's marks.
    BookkeepingLeft,
    /// A machine runs, and its owner has no object for it.
    MachineForgotten,
    /// A quiet state has no owner, and nobody says why.
    QuietWithoutOwner,
    /// From here no end can be reached any more, whatever happens.
    NoProgress,
}

impl Violation {
    /// The rules of the contract that it breaks.
    #[must_use]
    pub fn rules(self) -> &'static [&'static str] {
        match self {
            Self::TwoOwners => &["H1a"],
            Self::ActedUnowned => &["H1b"],
            Self::DuplicateMachine => &["A2", "H4"],
            Self::LostInSilence => &["H6"],
            Self::LastCopyDeleted => &["R3"],
            Self::ForeignPauseLost => &["Q1"],
            Self::DeletionReachesInfrastructure => &["C1"],
            Self::BookkeepingLeft => &["I3"],
            Self::MachineForgotten => &["H5"],
            Self::QuietWithoutOwner => &["H10"],
            Self::NoProgress => &["R1", "R2"],
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TwoOwners => "an object is unpaused on both sides",
            Self::ActedUnowned => "a side that does not own the cluster acted",
            Self::DuplicateMachine => "there are more machines than anybody asked for",
            Self::LostInSilence => "a user's write was lost in silence",
            Self::LastCopyDeleted => "the last copy of an object was deleted",
            Self::ForeignPauseLost => "a user's pause was taken away by the mover",
            Self::DeletionReachesInfrastructure => "the mover deleted an object that is not paused",
            Self::BookkeepingLeft => "the move is over, and its marks are left on objects",
            Self::MachineForgotten => "a machine runs without an object at its owner",
            Self::QuietWithoutOwner => "all is quiet, nobody owns the cluster, and nobody says why",
            Self::NoProgress => "no end can be reached from here",
        })
    }
}

impl World {
    /// The beginning of a scenario.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let parent = Side::owner(At::Parent, scenario.user_pauses);
        let mut child = Side::empty(At::Child);
        if scenario.both_own {
            child = Side::owner(At::Child, false);
        }
        if scenario.mutation == Some(Mutation::BothPause) {
            child.machine = State::new(Place::Parent);
        }
        Self {
            sides: [parent, child],
            wires: [Vec::new(), Vec::new()],
            strays: [None, None],
            session: false,
            infrastructure: 1,
            next_slot: 1,
            budget: scenario.budget,
            ghost: Ghost {
                wanted: 1,
                counted: Vec::new(),
                activated: Vec::new(),
                user_pauses: scenario.user_pauses,
                reported: Vec::new(),
                unmet_restore: [false; 2],
                vanished: Vec::new(),
                raced: false,
            },
        }
    }

    /// A side.
    #[must_use]
    pub fn side(&self, at: At) -> &Side {
        &self.sides[at.index()]
    }

    pub(crate) fn side_mut(&mut self, at: At) -> &mut Side {
        &mut self.sides[at.index()]
    }

    /// What holds in a state by itself, without a look at how it came about.
    pub(crate) fn check(&self, scenario: &Scenario) -> Option<Violation> {
        let [parent, child] = &self.sides;
        // Where both own from the start, H1a is lost before the story begins.
        if !scenario.both_own
            && (0..=SLOTS).any(|object| parent.acts_on(object) && child.acts_on(object))
        {
            return Some(Violation::TwoOwners);
        }
        let machines = u8::try_from(self.infrastructure.count_ones()).expect("eight bits");
        if machines > self.ghost.wanted && !self.ghost.raced {
            return Some(Violation::DuplicateMachine);
        }
        None
    }

    /// The sides that own the cluster and may act on it.
    pub(crate) fn owners(&self) -> impl Iterator<Item = At> + '_ {
        At::BOTH.into_iter().filter(|at| {
            let side = self.side(*at);
            !side.dead && side.gate && side.phase() == Some(&Phase::Owner)
        })
    }

    /// A state in which nothing happens by itself any more: `None` where it is as it should be.
    pub(crate) fn judge_rest(&self) -> Option<Violation> {
        if At::BOTH.iter().any(|at| self.is_left_hanging(*at)) {
            return Some(Violation::NoProgress);
        }
        let owners: Vec<_> = self.owners().collect();
        match owners[..] {
            [owner] => {
                let mover_paused =
                    self.side(owner).store.cluster.as_ref().is_none_or(|it| it.mover_paused);
                let cluster = self.side(owner).store.cluster.as_ref();
                let user_paused = cluster.is_some_and(|it| it.content.user_paused);
                if self.ghost.user_pauses && !user_paused {
                    Some(Violation::ForeignPauseLost)
                } else if mover_paused {
                    Some(Violation::QuietWithoutOwner)
                } else if self.is_left_marked(owner) {
                    Some(Violation::BookkeepingLeft)
                } else if self.has_lost_a_deletion(owner) {
                    Some(Violation::LostInSilence)
                } else if self.knows_all_machines(owner) {
                    None
                } else {
                    Some(Violation::MachineForgotten)
                }
            }
            [] if self.explains_itself() => None,
            _ => Some(Violation::QuietWithoutOwner),
        }
    }

    /// The other side has released the owner, and marks are left.
    fn is_left_marked(&self, owner: At) -> bool {
        let other = self.side(owner.other());
        let done = |at: At| {
            let record = &self.side(at).store.record.as_ref()?.record;
            record.activation.clone()
        };
        let released = !other.dead && other.phase() == Some(&Phase::Released);
        released
            && done(owner).is_some()
            && done(owner) == done(owner.other())
            && self.side(owner).store.objects().any(|(_, it)| it.applied.is_some())
    }

    /// A deletion that was neither carried nor reported.
    fn has_lost_a_deletion(&self, owner: At) -> bool {
        let store = &self.side(owner).store;
        self.ghost.vanished.iter().any(|gone| {
            let reported = self.ghost.reported.iter().any(|it| it.deleted && it.name == *gone);
            store.get(store::object(gone)).is_some() && !reported
        })
    }

    /// A side in the middle of a move whose other side could answer.
    fn is_left_hanging(&self, at: At) -> bool {
        let side = self.side(at);
        let rests = matches!(side.phase(), None | Some(Phase::Owner | Phase::Released));
        let held = side.machine.standing() == Standing::Held;
        !(side.dead || rests || held || self.is_lost(at.other()))
    }

    /// A side that cannot answer for a move any more.
    fn is_lost(&self, at: At) -> bool {
        let side = self.side(at);
        side.dead || side.phase().is_none() || side.machine.standing() == Standing::Held
    }

    /// Nobody owns the cluster, and somebody says why: held, or a side is lost that would know, or
    /// the owner.
    fn explains_itself(&self) -> bool {
        let says_why = |at: At| match self.side(at).machine.standing() {
            // Of two sides that hold, each waits for the other (H7).
            Standing::Held => self.side(at.other()).phase() != Some(&Phase::Held),
            Standing::OwnerUnknown | Standing::InTransit | Standing::Unknown => {
                At::BOTH.iter().any(|at| self.is_lost(*at))
            }
            Standing::Owner | Standing::Released => false,
        };
        let died_owning = |at: At| {
            let side = self.side(at);
            side.dead && side.phase().is_some_and(Phase::owns)
        };
        At::BOTH.into_iter().any(|at| died_owning(at) || !self.side(at).dead && says_why(at))
    }

    /// Whether every machine that runs has its object at `at`.
    pub(crate) fn knows_all_machines(&self, at: At) -> bool {
        let store = &self.side(at).store;
        (0..SLOTS)
            .all(|slot| self.infrastructure >> slot & 1 == 0 || store.machines[slot].is_some())
    }
}
