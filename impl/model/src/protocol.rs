//! The hand-over of one cluster as a function: [`step`] takes what happened and returns what to do.
//!
//! **Invariant:** no I/O, no clock, no randomness, no async. A driver feeds it on a cluster, a
//! simulator in virtual time, and a model checker in every order that there is.
//!
//! # Expected flow
//! The side that owns the cluster is the *source* of a move, the other its *target*; an unpivot is
//! the same with the roles exchanged.
//! 1. Source: preflight, record `Copying`, [`Message::Begin`]. Target: record `Staging`, fence,
//!    [`Message::Ready`].
//! 2. Source: reads, sends the bulk. Target: converges its copies to the set, reads, reports.
//! 3. Source: record `Quiescing`, fence, pause, barrier, reads again, sends the difference.
//!    Target: converges, records `Staged`, reports. Anything that fails up to here ends in `Aborting`.
//! 4. Source: record `Committed` in one guarded write. From here it never unpauses.
//! 5. Source: raises the witness, reads once more, records that reading in `Completing`, sends it and
//!    [`Message::Complete`].
//! 6. Target: counts again; `Activating`, barrier; `Verifying`, unpause, first reconcile; record
//!    `Owner`, [`Message::CompleteAck`].
//! 7. Source: `Cleaning`: tombstone, deletes what equals the recorded reading, reports what does
//!    not; record `Released`, [`Message::Released`].
//!
//! # What a driver must do
//! - Perform the effects of one step in order. An effect with an outcome ([`Effect::has_outcome`])
//!   is the last of its step, and nothing but its outcome is put in until it is there. [`Effect::Await`] alone may
//!   be interrupted by any input; whatever waits or writes next replaces it.
//! - Guard every write by what it names: the record by its version, an object by uid and version,
//!   a creation by absence. Give every request a deadline, after which it can land no more.
//! - Answer [`Outcome::Unknown`] where the answer was lost; never guess from a read.
//!
//! Read on: [`record`] (what is durable), [`message`], then the two roles, `source` and `target`,
//! and `handshake` (what two records mean when they meet).

pub mod message;
pub mod record;

mod handshake;
mod source;
mod target;

use crate::digest::Digest;

pub use message::{Claim, Message, Refusal, Round};
pub use record::{
    Activation, Entry, Epoch, LateWrite, Lineage, Move, Name, Phase, Reading, Record, Uid, Version,
};

/// Which end of the stream a side is. It matters only where two claims do not fit (H7).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// The cell: its cluster made the other one.
    Parent,
    /// The agent: its cluster is the one that is moved.
    Child,
}

/// A record with the version that the store gave it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Stored {
    /// What is stored.
    pub record: Record,
    /// Its resourceVersion: the guard of the next write.
    pub version: Version,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// The process started and read its record, and the highest epoch that the witness outside
    /// this store has seen (H8).
    Started {
        /// The record. That there is none is said only when the deadline of every request of an
        /// earlier life has passed: absence has no version that a guarded write could settle.
        stored: Option<Stored>,
        /// The witness.
        witness: Option<Epoch>,
    },
    /// A session with the other side began, with what it says of its record.
    SessionUp(Option<Claim>),
    /// The session ended.
    SessionDown,
    /// A message of the other side.
    Received(Message),
    /// The outcome of [`Effect::WriteRecord`].
    RecordWritten(RecordOutcome),
    /// The outcome of [`Effect::Preflight`].
    Preflight(bool),
    /// The outcome of [`Effect::Read`].
    Read(Reading),
    /// The outcome of any other effect that has one.
    Done(Outcome),
    /// What [`Effect::Await`] waits for is so.
    Reached(Condition),
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
    Conflict(Option<Stored>),
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
        /// The operator states that the other side's controllers are stopped.
        others_stopped: bool,
    },
}

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
    /// Make the fence so, and prove it by a refused dry run (Q5, C3).
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
    /// Remove the mover's marks and annotations from the objects (I3).
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
            | Self::Await(_) => true,
            Self::OpenGate
            | Self::Send(_)
            | Self::DropBookkeeping
            | Self::Arm(_)
            | Self::Say(_) => false,
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

/// How the admission fence stands on this side.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
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
    place: Place,
    stored: Option<Stored>,
    work: Work,
    goal: Option<Goal>,
    connected: bool,
    /// A write to an object may still land though its answer is lost.
    unsettled: bool,
    /// The highest epoch that was seen outside this store.
    witness: Option<Epoch>,
}

/// What is going on; all of it is forgotten in a crash.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Work {
    Down,
    Rest,
    Preflight(u128),
    Writing(Box<Record>),
    Asking(Question),
    Doing(Step),
}

/// A question to the peer, repeated until it is answered.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Question {
    messages: Vec<Message>,
    set: Option<Reading>,
}

/// One step of a phase: the effect whose outcome is awaited.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Step {
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
}

/// What a reading is for, where the phase alone does not say.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Goal {
    /// Target: make the copies this set, then report.
    Converge { round: Round, set: Reading },
    /// Target: count the copies, then activate.
    Count {
        mv: Move,
        count: usize,
        digest: Digest,
    },
    /// Target: count the copies, then own them without a word of the source.
    Takeover { lineage: Lineage },
    /// A source that aborts: wait for nobody any more.
    Hurry,
    /// A restored source: compare with what the new owner activated, then give way.
    Yield(Activation),
}

impl State {
    /// A side that has not started yet.
    #[must_use]
    pub fn new(place: Place) -> Self {
        Self {
            place,
            stored: None,
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
            Work::Rest | Work::Asking(_) => true,
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
            None if self.regressed() => Standing::Held,
            None => Standing::Unknown,
            Some(Phase::Held) => Standing::Held,
            Some(phase) if self.regressed() && !phase.is_of_target() => Standing::Held,
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
        let phase = self
            .record()
            .map_or("no record", |record| record.phase.name());
        let work = match &self.work {
            Work::Down => "down".to_owned(),
            Work::Rest => "at rest".to_owned(),
            Work::Preflight(_) => "preflight".to_owned(),
            Work::Writing(record) => format!("writing {}", record.phase.name()),
            Work::Asking(_) => "asking".to_owned(),
            Work::Doing(step) => format!("{step:?}").to_lowercase(),
        };
        format!("{phase}, {work}")
    }

    /// Whether the store is older than what the witness has seen (H8): no controller may act on it.
    #[must_use]
    pub fn regressed(&self) -> bool {
        self.witness > self.record().map(|record| record.epoch)
    }

    fn phase(&self) -> Option<&Phase> {
        self.record().map(|record| &record.phase)
    }

    /// The record, where one must be.
    fn own(&self) -> &Record {
        self.record()
            .expect("a step of a phase runs only where a record is stored")
    }

    /// Begins to write the record. Nothing else is issued before the outcome (H2).
    fn write(&mut self, record: Record) -> Vec<Effect> {
        let expect = self.stored.as_ref().map(|stored| stored.version);
        self.goal = self
            .goal
            .take()
            .filter(|goal| matches!(goal, Goal::Converge { .. }));
        self.work = Work::Writing(Box::new(record.clone()));
        vec![Effect::WriteRecord {
            record: Box::new(record),
            expect,
        }]
    }

    fn write_phase(&mut self, phase: Phase) -> Vec<Effect> {
        let record = self.own().with_phase(phase);
        self.write(record)
    }

    fn rest(&mut self) -> Vec<Effect> {
        self.work = Work::Rest;
        self.goal = None;
        Vec::new()
    }

    fn perform(&mut self, step: Step) -> Vec<Effect> {
        let effect = match step {
            Step::Fence => Effect::Fence(match self.phase() {
                Some(Phase::Cleaning { .. }) => Fence::Tombstone,
                _ => Fence::Up,
            }),
            Step::Lower => Effect::Fence(Fence::Down),
            Step::Raise => Effect::RaiseWitness(self.own().epoch),
            Step::Pause => Effect::Pause,
            Step::Unpause => Effect::Unpause,
            Step::Settle => Effect::Await(Condition::Settled),
            Step::Barrier => Effect::Await(Condition::Paused {
                quiet: self.own().unproven,
            }),
            Step::Resumed => Effect::Await(Condition::Unpaused),
            Step::Verify => Effect::Await(Condition::Verified),
            Step::Read => Effect::Read,
            Step::Apply => unreachable!("what to apply comes from a reading: see `apply`"),
        };
        self.work = Work::Doing(step);
        vec![effect]
    }

    fn apply(&mut self, writes: Vec<Write>) -> Vec<Effect> {
        self.work = Work::Doing(Step::Apply);
        vec![Effect::Apply(writes)]
    }

    /// Waits until no write of ours can land any more, then does `step`.
    fn settled(&mut self, step: Step) -> Vec<Effect> {
        self.perform(if self.unsettled { Step::Settle } else { step })
    }

    fn ask(&mut self, messages: Vec<Message>, set: Option<Reading>) -> Vec<Effect> {
        self.work = Work::Asking(Question { messages, set });
        self.ask_again()
    }

    fn ask_again(&self) -> Vec<Effect> {
        let Work::Asking(question) = &self.work else {
            return Vec::new();
        };
        let mut effects: Vec<_> = question
            .messages
            .iter()
            .cloned()
            .map(Effect::Send)
            .collect();
        effects.push(Effect::Arm(Timer::Resend));
        effects
    }
}

impl Step {
    /// A step that waits may be interrupted.
    fn waits(self) -> bool {
        matches!(
            self,
            Self::Settle | Self::Barrier | Self::Resumed | Self::Verify
        )
    }

    fn waits_for(self, condition: Condition) -> bool {
        matches!(
            (self, condition),
            (Self::Settle, Condition::Settled)
                | (Self::Barrier, Condition::Paused { .. })
                | (Self::Resumed, Condition::Unpaused)
                | (Self::Verify, Condition::Verified)
        )
    }
}

/// What came of a step.
enum Ended {
    Done,
    Read(Reading),
    /// A guard did not hold: what the step rested on has changed.
    Conflict,
    Foreign,
}

/// One step of one side: what happened goes in, what to do comes out.
pub fn step(state: &mut State, input: Input) -> Vec<Effect> {
    match input {
        Input::Started { stored, witness } => start(state, stored, witness),
        Input::RecordWritten(outcome) => record_written(state, outcome),
        Input::Preflight(fits) => source::preflighted(state, fits),
        Input::Done(outcome) => done(state, outcome),
        Input::Read(reading) => match state.work {
            Work::Doing(Step::Read) => ended(state, Step::Read, Ended::Read(reading)),
            _ => Vec::new(),
        },
        Input::Reached(condition) => reached(state, condition),
        Input::SessionDown => {
            state.connected = false;
            Vec::new()
        }
        Input::SessionUp(peer) => {
            state.connected = true;
            handshake::meet(state, peer)
        }
        Input::Received(message) if state.listens() => received(state, message),
        Input::Timer(timer) if state.listens() => timed_out(state, timer),
        Input::Request(request) if state.listens() => requested(state, request),
        // Whoever asks while a write is under way asks again: so does a peer whose message is lost.
        Input::Received(_) | Input::Timer(_) | Input::Request(_) => Vec::new(),
    }
}

fn start(state: &mut State, stored: Option<Stored>, witness: Option<Epoch>) -> Vec<Effect> {
    *state = State {
        stored,
        witness,
        connected: state.connected,
        ..State::new(state.place)
    };
    let mut effects = gate(state);
    match state.record().cloned() {
        // The first write settles what an earlier life may have under way (H2).
        Some(record) => {
            let starts = record.starts + 1;
            // An abort that begins anew may have unpaused before: what it sees proves nothing (Q2).
            let unproven = record.unproven || record.phase == (Phase::Aborting { paused: true });
            effects.extend(state.write(Record {
                starts,
                unproven,
                ..record
            }));
        }
        None => effects.extend(state.rest()),
    }
    effects
}

/// Controllers may act once the record is not older than the witness (H8).
fn gate(state: &State) -> Vec<Effect> {
    if state.regressed() {
        Vec::new()
    } else {
        vec![Effect::OpenGate]
    }
}

fn record_written(state: &mut State, outcome: RecordOutcome) -> Vec<Effect> {
    let Work::Writing(record) = &state.work else {
        return Vec::new();
    };
    let record = (**record).clone();
    match outcome {
        RecordOutcome::Ok(version) => written(state, Stored { record, version }),
        RecordOutcome::Conflict(Some(found)) if found.record == record => written(state, found),
        // Another write of ours, of an earlier life: the store is right, and we begin from it.
        RecordOutcome::Conflict(stored) => start(state, stored, state.witness),
        // Only the same guarded write again can tell.
        RecordOutcome::Unknown => state.write(record),
    }
}

fn written(state: &mut State, stored: Stored) -> Vec<Effect> {
    let regressed = state.regressed();
    state.stored = Some(stored);
    let mut effects = if regressed { gate(state) } else { Vec::new() };
    effects.extend(enter(state));
    effects
}

/// Begins the phase that was just recorded.
fn enter(state: &mut State) -> Vec<Effect> {
    match state.own().phase.clone() {
        phase if phase.is_of_target() => target::enter(state, &phase),
        _ if state.regressed() => state.rest(),
        phase => source::enter(state, phase),
    }
}

fn done(state: &mut State, outcome: Outcome) -> Vec<Effect> {
    let Work::Doing(step) = state.work else {
        return Vec::new();
    };
    match (step, outcome) {
        (_, Outcome::Ok) => ended(state, step, Ended::Done),
        // These are the same however often they are made, and a later guarded one settles them.
        (Step::Fence | Step::Lower | Step::Raise | Step::Pause | Step::Unpause, _) => {
            state.perform(step)
        }
        (_, Outcome::Unknown) => {
            state.unsettled = true;
            ended(state, step, Ended::Conflict)
        }
        (_, Outcome::Conflict) => ended(state, step, Ended::Conflict),
        (_, Outcome::Foreign) => ended(state, step, Ended::Foreign),
    }
}

fn reached(state: &mut State, condition: Condition) -> Vec<Effect> {
    let Work::Doing(step) = state.work else {
        return Vec::new();
    };
    if !step.waits_for(condition) {
        return Vec::new();
    }
    if step == Step::Settle {
        state.unsettled = false;
    }
    ended(state, step, Ended::Done)
}

fn ended(state: &mut State, step: Step, how: Ended) -> Vec<Effect> {
    if let Some(Goal::Yield(activation)) = state.goal.clone() {
        return handshake::yielding(state, &activation, step, how);
    }
    match state.own().phase.clone() {
        phase if phase.is_of_target() => target::ended(state, &phase, step, how),
        phase => source::ended(state, phase, step, how),
    }
}

fn received(state: &mut State, message: Message) -> Vec<Effect> {
    match message {
        Message::Begin(_)
        | Message::Stage { .. }
        | Message::Complete { .. }
        | Message::Abort(_)
        | Message::Released(_) => target::receive(state, message),
        Message::Ready(_)
        | Message::StageReport { .. }
        | Message::NotStaged(_)
        | Message::CompleteAck(_)
        | Message::Refused(..)
        | Message::Claim(_) => source::receive(state, message),
    }
}

fn timed_out(state: &mut State, timer: Timer) -> Vec<Effect> {
    match timer {
        Timer::Budget => source::out_of_time(state),
        Timer::Resend if !state.connected => Vec::new(),
        Timer::Resend => match (&state.work, state.phase()) {
            (Work::Asking(_), _) => state.ask_again(),
            (Work::Rest, Some(Phase::Staging | Phase::Staged { .. })) => {
                let claim = state.claim().expect("a phase is of a record");
                vec![
                    Effect::Send(Message::Claim(claim)),
                    Effect::Arm(Timer::Resend),
                ]
            }
            _ => Vec::new(),
        },
    }
}

fn requested(state: &mut State, request: Request) -> Vec<Effect> {
    match request {
        Request::Move(id) => source::begin(state, id),
        Request::Abort => source::out_of_time(state),
        Request::Takeover {
            lineage,
            others_stopped,
        } => target::take_over(state, lineage, others_stopped),
        Request::Resume { others_stopped } => handshake::resume(state, others_stopped),
    }
}
