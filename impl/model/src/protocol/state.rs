//! One side of a hand-over, at rest or in the middle of a step.

use super::effect::{Condition, Effect, Fence, Timer, Write};
use super::message::{Claim, Message, Round};
use super::record::{Activation, Epoch, Lineage, Move, Phase, Reading, Record, Stored, Version};
use crate::digest::Digest;

/// Which end of the stream a side is. It matters only where two claims do not fit (H7).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// The cell: its cluster made the other one.
    Parent,
    /// The agent: its cluster is the one that is moved.
    Child,
}

/// What a side says of the ownership of the cluster (H10).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Standing {
    /// Nothing is known of the cluster.
    Unknown,
    /// This side owns it.
    Owner,
    /// The other side owns it.
    Released,
    /// Given away, and the other side has not confirmed yet.
    InTransit,
    /// Copies are here, and who owns the cluster is not known.
    OwnerUnknown,
    /// An operator has to decide.
    Held,
}

/// One side of the hand-over of one cluster.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct State {
    pub(super) place: Place,
    pub(super) stored: Option<Stored>,
    /// Without a record: objects of the cluster are here.
    pub(super) live: bool,
    pub(super) work: Work,
    pub(super) goal: Option<Goal>,
    pub(super) connected: bool,
    /// A write to an object may still land though its answer is lost.
    pub(super) unsettled: bool,
    /// The highest epoch that was seen outside this store.
    pub(super) witness: Option<Epoch>,
}

/// What is going on; all of it is forgotten in a crash.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Work {
    Down,
    Rest,
    Preflight(u128),
    Writing(Box<Record>),
    Asking(Question),
    Doing(Step),
    /// It failed: a while must pass before it is tried again.
    Backoff(Step),
}

/// A question to the peer, repeated until it is answered.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Question {
    pub(super) messages: Vec<Message>,
    pub(super) set: Option<Reading>,
}

/// One step of a phase: the effect whose outcome is awaited.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Step {
    Fence,
    Raise,
    Pause,
    Settle,
    Barrier,
    Read,
    Apply,
    Unpause,
    Resumed,
    Verify,
    Lower,
    Tidy,
}

/// What a reading is for, where the phase alone does not say.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Goal {
    /// Target: make the copies this set, then report.
    Converge {
        round: Round,
        set: Reading,
        /// Every copy of the set has been made: one that is missing was deleted by somebody.
        whole: bool,
    },
    /// Target: count the copies, then activate.
    Count { mv: Move, count: usize, digest: Digest },
    /// Target: count the copies, then own them without a word of the source.
    Takeover { lineage: Lineage },
    /// A source that aborts: wait for nobody any more.
    Hurry,
    /// A restored source: compare with what the new owner activated, then give way.
    GiveWay(Activation),
    /// A restored source whose successor has not verified yet: pause, and wait.
    Wait,
    /// An operator says that this side owns the cluster.
    Resume { lineage: Lineage },
    /// An operator says that the other side owns it.
    Yield { lineage: Lineage, epoch: Epoch },
}

impl State {
    /// A side that has not started yet.
    #[must_use]
    pub fn new(place: Place) -> Self {
        Self {
            place,
            stored: None,
            live: false,
            work: Work::Down,
            goal: None,
            connected: false,
            unsettled: true,
            witness: None,
        }
    }

    /// Which end of the stream this is.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// The record that the store is known to hold.
    #[must_use]
    pub fn record(&self) -> Option<&Record> {
        self.stored.as_ref().map(|stored| &stored.record)
    }

    /// The version at which the record is known to be stored.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.stored.as_ref().map(|stored| stored.version)
    }

    /// What this side says of itself in the handshake.
    #[must_use]
    pub fn claim(&self) -> Option<Claim> {
        self.record().map(|record| Claim {
            lineage: record.lineage,
            epoch: record.epoch,
            phase: record.phase.clone(),
            last: record.last,
            activation: record.activation.clone(),
        })
    }

    /// Whether inputs other than an outcome are taken now.
    #[must_use]
    pub fn listens(&self) -> bool {
        match &self.work {
            Work::Rest | Work::Asking(_) | Work::Backoff(_) => true,
            Work::Doing(step) => step.waits(),
            Work::Down | Work::Preflight(_) | Work::Writing(_) => false,
        }
    }

    /// Whether nothing is going on.
    #[must_use]
    pub fn rests(&self) -> bool {
        self.work == Work::Rest
    }

    /// What this side says of the ownership of the cluster.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match self.record().map(|record| &record.phase) {
            None if self.regressed() || self.live => Standing::Held,
            None => Standing::Unknown,
            Some(Phase::Held) => Standing::Held,
            Some(phase) if self.regressed() && !phase.stages() => Standing::Held,
            Some(Phase::Committed | Phase::Completing { .. }) => Standing::InTransit,
            Some(Phase::Cleaning { .. } | Phase::Released) => Standing::Released,
            Some(Phase::Staging | Phase::Staged { .. } | Phase::Discarding) => {
                Standing::OwnerUnknown
            }
            Some(_) => Standing::Owner,
        }
    }

    /// A short word for what is going on: the phase and the step inside it.
    #[must_use]
    pub fn describe(&self) -> String {
        let phase = self.record().map_or("no record", |record| record.phase.name());
        let work = match &self.work {
            Work::Down => "down".to_owned(),
            Work::Rest => "at rest".to_owned(),
            Work::Preflight(_) => "preflight".to_owned(),
            Work::Writing(record) => format!("writing {}", record.phase.name()),
            Work::Asking(_) => "asking".to_owned(),
            Work::Doing(step) => format!("{step:?}").to_lowercase(),
            Work::Backoff(step) => format!("{step:?} again").to_lowercase(),
        };
        format!("{phase}, {work}")
    }

    /// Whether the store is older than what the witness has seen (H8): no controller may act on it.
    #[must_use]
    pub fn regressed(&self) -> bool {
        self.witness > self.record().map(|record| record.epoch)
    }

    /// Whether no controller may act here yet: what is stored is old, or says nothing (H8).
    pub(super) fn closed(&self) -> bool {
        self.regressed() || self.record().is_none() && self.live
    }

    /// Whether no move may begin or end here before an operator has decided. What was lost whole,
    /// or is not of this side's making, can be staged again.
    pub(super) fn refuses(&self) -> bool {
        match self.phase() {
            None => self.live,
            Some(Phase::Released) => false,
            Some(_) => self.standing() == Standing::Held,
        }
    }

    pub(super) fn phase(&self) -> Option<&Phase> {
        self.record().map(|record| &record.phase)
    }

    /// Whether conditions prove nothing: who gives way, or resumes, had no barrier of his own (Q2).
    pub(super) fn unproven(&self) -> bool {
        let goal = matches!(self.goal, Some(Goal::GiveWay(_) | Goal::Yield { .. }));
        goal || self.record().is_none_or(|record| record.unproven)
    }

    /// An epoch above every one that was seen here: for who owns by an operator's word.
    pub(super) fn next_epoch(&self) -> Epoch {
        self.witness.map_or(self.own().epoch, |seen| seen.max(self.own().epoch)).next()
    }

    /// The record, where one must be.
    pub(super) fn own(&self) -> &Record {
        self.record().expect("a step of a phase runs only where a record is stored")
    }

    /// Begins to write the record. Nothing else is issued before the outcome (H2).
    pub(super) fn write(&mut self, record: Record) -> Vec<Effect> {
        let expect = self.stored.as_ref().map(|stored| stored.version);
        self.goal = self.goal.take().filter(|goal| matches!(goal, Goal::Converge { .. }));
        self.work = Work::Writing(Box::new(record.clone()));
        vec![Effect::WriteRecord { record: Box::new(record), expect }]
    }

    pub(super) fn write_phase(&mut self, phase: Phase) -> Vec<Effect> {
        let record = self.own().with_phase(phase);
        self.write(record)
    }

    pub(super) fn rest(&mut self) -> Vec<Effect> {
        self.work = Work::Rest;
        self.goal = None;
        Vec::new()
    }

    pub(super) fn perform(&mut self, step: Step) -> Vec<Effect> {
        let effect = match step {
            Step::Fence => Effect::Fence(match self.phase() {
                Some(Phase::Cleaning { .. }) => Fence::Tombstone,
                _ => Fence::Up,
            }),
            // What is discarded here is owned elsewhere (C3).
            Step::Lower => Effect::Fence(match self.phase() {
                Some(Phase::Discarding) => Fence::Tombstone,
                _ => Fence::Down,
            }),
            Step::Raise => Effect::RaiseWitness(self.own().epoch),
            Step::Pause => Effect::Pause,
            Step::Unpause => Effect::Unpause,
            Step::Settle => Effect::Await(Condition::Settled),
            Step::Barrier => Effect::Await(Condition::Paused { quiet: self.unproven() }),
            Step::Resumed => Effect::Await(Condition::Unpaused),
            Step::Verify => Effect::Await(Condition::Verified),
            Step::Read => Effect::Read,
            Step::Tidy => Effect::DropBookkeeping,
            Step::Apply => unreachable!("what to apply comes from a reading: see `apply`"),
        };
        self.work = Work::Doing(step);
        vec![effect]
    }

    /// It failed: tries again after a while, in which whoever waits is heard.
    pub(super) fn back_off(&mut self, step: Step) -> Vec<Effect> {
        self.work = Work::Backoff(step);
        vec![Effect::Await(Condition::Backoff)]
    }

    pub(super) fn apply(&mut self, writes: Vec<Write>) -> Vec<Effect> {
        self.work = Work::Doing(Step::Apply);
        vec![Effect::Apply(writes)]
    }

    /// Waits until no write of ours can land any more, then does `step`.
    pub(super) fn settled(&mut self, step: Step) -> Vec<Effect> {
        self.perform(if self.unsettled { Step::Settle } else { step })
    }

    pub(super) fn ask(&mut self, messages: Vec<Message>, set: Option<Reading>) -> Vec<Effect> {
        self.work = Work::Asking(Question { messages, set });
        self.ask_again()
    }

    pub(super) fn ask_again(&self) -> Vec<Effect> {
        let Work::Asking(question) = &self.work else {
            return Vec::new();
        };
        let mut effects: Vec<_> = question.messages.iter().cloned().map(Effect::Send).collect();
        effects.push(Effect::Arm(Timer::Resend));
        effects
    }
}

impl Step {
    /// A step that waits may be interrupted.
    pub(super) fn waits(self) -> bool {
        matches!(self, Self::Settle | Self::Barrier | Self::Resumed | Self::Verify)
    }

    /// Whether this is what it waits for; where conditions prove nothing, the quiet time is.
    pub(super) fn waits_for(self, condition: Condition, unproven: bool) -> bool {
        match (self, condition) {
            (Self::Barrier, Condition::Paused { quiet }) => quiet || !unproven,
            (Self::Settle, Condition::Settled)
            | (Self::Resumed, Condition::Unpaused)
            | (Self::Verify, Condition::Verified) => true,
            _ => false,
        }
    }
}
