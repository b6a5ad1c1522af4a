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
//!   is the last of its step. Until its outcome is there, nothing else is put in but the end of a
//!   session: a session that begins, timers and requests wait, messages may be dropped.
//!   [`Effect::Await`] alone may be interrupted by any input; whatever waits or writes next replaces it.
//! - Guard every write by what it names: the record by its version, an object by uid and version,
//!   a creation by absence. Give every request a deadline, after which it can land no more.
//! - Start anew ([`Input::Started`]) when the API server was restored: versions count from the past.
//! - Answer [`Outcome::Unknown`] where the answer was lost; never guess from a read.
//!
//! Read on: [`record`] (what is durable), [`message`], [`input`] and [`effect`], [`state`], then the
//! two roles, `source` and `target`, `handshake` (what two records mean when they meet) and `hold`
//! (what an operator may decide).

pub mod effect;
pub mod input;
pub mod message;
pub mod record;
pub mod state;

mod handshake;
mod hold;
mod source;
mod target;

pub use effect::{Condition, Effect, Fence, Notice, Timer, Write};
pub use input::{Input, Outcome, RecordOutcome, Request};
pub use message::{Claim, Message, Refusal, Round};
pub use record::{
    Activation, Entry, Epoch, LateWrite, Lineage, Move, Name, Phase, Reading, Record, Stored, Uid,
    Version,
};
pub use state::{Place, Standing, State};

use state::{Goal, Question, Step, Work};

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
        Input::Started { stored, live, witness } => start(state, stored, live, witness),
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
        // Where the record is old, nobody acts anyway.
        Input::PauseLost if state.listens() && !state.regressed() => pause_lost(state),
        Input::Received(message) if state.listens() => received(state, message),
        Input::Timer(timer) if state.listens() => timed_out(state, timer),
        Input::Request(request) if state.listens() => requested(state, request),
        // Whoever asks while a write is under way asks again: so does a peer whose message is lost.
        Input::Received(_) | Input::Timer(_) | Input::Request(_) | Input::PauseLost => Vec::new(),
    }
}

fn start(
    state: &mut State,
    stored: Option<Stored>,
    live: bool,
    witness: Option<Epoch>,
) -> Vec<Effect> {
    *state = State { stored, live, witness, connected: state.connected, ..State::new(state.place) };
    let mut effects = gate(state);
    match state.record().cloned() {
        // The first write settles what an earlier life may have under way (H2).
        Some(record) => {
            let starts = record.starts + 1;
            // An abort that begins anew may have unpaused before: what it sees proves nothing (Q2).
            let unproven = record.unproven || record.phase == (Phase::Aborting { paused: true });
            effects.extend(state.write(Record { starts, unproven, ..record }));
        }
        None => effects.extend(state.rest()),
    }
    effects
}

/// Controllers may act once the record is there and known not to be old (H8).
fn gate(state: &State) -> Vec<Effect> {
    if state.closed() { Vec::new() } else { vec![Effect::OpenGate] }
}

fn record_written(state: &mut State, outcome: RecordOutcome) -> Vec<Effect> {
    let Work::Writing(record) = &state.work else {
        return Vec::new();
    };
    let record = (**record).clone();
    match outcome {
        RecordOutcome::Ok(version) => written(state, Stored { record, version }),
        RecordOutcome::Conflict(Some(found)) if found.record == record => written(state, *found),
        // Another write of ours, of an earlier life: the store is right, and we begin from it.
        RecordOutcome::Conflict(stored) => {
            start(state, stored.map(|it| *it), state.live, state.witness)
        }
        // Only the same guarded write again can tell.
        RecordOutcome::Unknown => state.write(record),
    }
}

fn written(state: &mut State, stored: Stored) -> Vec<Effect> {
    let closed = state.closed();
    state.stored = Some(stored);
    let mut effects = if closed { gate(state) } else { Vec::new() };
    effects.extend(enter(state));
    effects
}

/// Begins the phase that was just recorded.
fn enter(state: &mut State) -> Vec<Effect> {
    match state.own().phase.clone() {
        phase if phase.stages() => target::enter(state, &phase),
        _ if state.regressed() => state.rest(),
        phase if phase.is_of_target() => target::enter(state, &phase),
        phase => source::enter(state, phase),
    }
}

fn done(state: &mut State, outcome: Outcome) -> Vec<Effect> {
    let Work::Doing(step) = state.work else { return Vec::new() };
    if step.waits() || step == Step::Read {
        return Vec::new();
    }
    if step == Step::Raise && outcome == Outcome::Ok {
        state.witness = state.witness.max(Some(state.own().epoch));
    }
    match (step, outcome) {
        (_, Outcome::Ok) => ended(state, step, Ended::Done),
        // These are the same however often they are made, and a later guarded one settles them.
        (Step::Fence | Step::Lower | Step::Raise | Step::Pause | Step::Unpause | Step::Tidy, _) => {
            state.back_off(step)
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
    let step = match state.work {
        Work::Backoff(step) if condition == Condition::Backoff => return state.perform(step),
        Work::Doing(step) => step,
        _ => return Vec::new(),
    };
    if !step.waits_for(condition, state.unproven()) {
        return Vec::new();
    }
    if step == Step::Settle {
        state.unsettled = false;
    }
    ended(state, step, Ended::Done)
}

fn ended(state: &mut State, step: Step, how: Ended) -> Vec<Effect> {
    match state.goal.clone() {
        Some(Goal::GiveWay(activation)) => {
            return handshake::giving_way(state, &activation, step, how);
        }
        Some(Goal::Wait) => return handshake::waiting(state),
        Some(Goal::Resume { lineage }) => return hold::resuming(state, lineage, step, how),
        Some(Goal::Yield { lineage, epoch }) => {
            return hold::yielding(state, lineage, epoch, step, how);
        }
        _ => {}
    }
    match state.own().phase.clone() {
        phase if phase.is_of_target() => target::ended(state, &phase, step, how),
        phase => source::ended(state, phase, step, how),
    }
}

/// Without a fence anybody may take the pause away. Before the commit the attempt is given up;
/// after it, and at a target, the pause is put back (Q5).
fn pause_lost(state: &mut State) -> Vec<Effect> {
    let mut effects = vec![Effect::Say(Notice::PauseLost)];
    effects.extend(match (state.phase(), &state.work) {
        (Some(Phase::Quiescing), Work::Asking(_) | Work::Doing(Step::Settle | Step::Barrier)) => {
            state.write_phase(Phase::Aborting { paused: true })
        }
        // The pause is not made yet.
        (Some(Phase::Quiescing), _) => return Vec::new(),
        (Some(phase), _) if phase.is_paused() => state.perform(Step::Pause),
        _ => return Vec::new(),
    });
    effects
}

/// Whoever asked is told no.
fn no(why: &'static str) -> Vec<Effect> {
    vec![Effect::Say(Notice::RequestRefused(why))]
}

const OTHERS_NOT_STOPPED: &str =
    "nothing can make it safe unless the controllers of the other side are stopped";

fn received(state: &mut State, message: Message) -> Vec<Effect> {
    match message {
        // Said to a store that was restored: see `meet`.
        Message::CompleteAck(done) if handshake::is_followed(state, &done) => {
            handshake::give_way(state, done)
        }
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
                vec![Effect::Send(Message::Claim(Box::new(claim))), Effect::Arm(Timer::Resend)]
            }
            (Work::Rest, Some(Phase::Owner)) => source::ask_for_release(state),
            _ => Vec::new(),
        },
    }
}

fn requested(state: &mut State, request: Request) -> Vec<Effect> {
    match request {
        Request::Move(id) => source::begin(state, id),
        Request::Abort => source::give_up(state),
        Request::Takeover { lineage, others_stopped } => {
            target::take_over(state, lineage, others_stopped)
        }
        Request::Resume { lineage, others_stopped } => hold::resume(state, lineage, others_stopped),
        Request::Yield { lineage, epoch } => hold::give_up(state, lineage, epoch),
    }
}
