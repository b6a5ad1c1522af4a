//! The role of the source: the side that owns the cluster and gives it away.

mod clean_up;

use super::record::{Activation, LateWrite, Move, Phase, Reading, Record};
use super::{
    Effect, Ended, Goal, Message, Notice, Question, Refusal, Round, State, Step, Timer, Work, no,
};

/// Somebody asks for a move: look first whether it can begin.
pub(super) fn begin(state: &mut State, id: u128) -> Vec<Effect> {
    if !matches!(state.phase(), Some(Phase::Owner)) || state.regressed() || !state.rests() {
        return no("only an owner at rest can begin a move");
    }
    state.work = Work::Preflight(id);
    vec![Effect::Preflight]
}

pub(super) fn preflighted(state: &mut State, fits: bool) -> Vec<Effect> {
    let Work::Preflight(id) = state.work else {
        return Vec::new();
    };
    if !fits {
        state.rest();
        return vec![Effect::Say(Notice::PreflightRefused)];
    }
    let record = state.own();
    let last = Some(record.next_move(id));
    let record = Record { phase: Phase::Copying, last, late: Vec::new(), ..record.clone() };
    state.write(record)
}

/// What a source does first in a phase that was just recorded, also after a crash.
pub(super) fn enter(state: &mut State, phase: Phase) -> Vec<Effect> {
    match phase {
        Phase::Copying => {
            let mut effects = vec![Effect::Arm(Timer::Budget)];
            effects.extend(state.ask(vec![Message::Begin(running(state))], None));
            effects
        }
        Phase::Quiescing => {
            let mut effects = vec![Effect::Arm(Timer::Budget)];
            effects.extend(state.perform(Step::Fence));
            effects
        }
        Phase::Aborting { paused } => {
            let mut effects = vec![Effect::Arm(Timer::Budget)];
            effects.extend(tell(state, Message::Abort));
            effects.extend(match paused {
                // Whoever resumes from a hold began an epoch.
                true if state.witness < Some(state.own().epoch) => state.perform(Step::Raise),
                true => state.perform(Step::Fence),
                false => aborted(state),
            });
            effects
        }
        Phase::Committed => state.perform(Step::Raise),
        Phase::Completing { reading } => complete(state, reading),
        Phase::Cleaning { .. } => state.perform(Step::Fence),
        Phase::Released => {
            let effects = tell(state, Message::Released);
            state.rest();
            effects
        }
        Phase::Held => state.perform(Step::Pause),
        Phase::Owner => owned(state),
        _ => state.rest(),
    }
}

/// What comes after a step.
pub(super) fn ended(state: &mut State, phase: Phase, step: Step, how: Ended) -> Vec<Effect> {
    match (phase, step, how) {
        (Phase::Aborting { .. }, Step::Raise, _) => state.perform(Step::Fence),
        (Phase::Quiescing | Phase::Aborting { .. }, Step::Fence, _) => state.perform(Step::Pause),
        (Phase::Quiescing | Phase::Aborting { .. }, Step::Pause, _) => state.settled(Step::Barrier),
        (Phase::Quiescing | Phase::Aborting { .. }, Step::Settle, _) => {
            state.perform(if state.hurries() { Step::Unpause } else { Step::Barrier })
        }
        (Phase::Quiescing, Step::Barrier, _) => state.perform(Step::Read),
        (Phase::Quiescing, Step::Read, Ended::Read(set)) => send_difference(state, set),

        (Phase::Aborting { .. }, Step::Barrier, _) => state.perform(Step::Unpause),
        (Phase::Aborting { .. }, Step::Unpause, _) => {
            state.perform(if state.hurries() { Step::Lower } else { Step::Resumed })
        }
        (Phase::Aborting { .. }, Step::Resumed, _) => state.perform(Step::Lower),
        (Phase::Aborting { .. }, Step::Lower, _) => aborted(state),

        (Phase::Copying, Step::Read, Ended::Read(set)) => {
            let message = stage(state, Round::Bulk, set.clone());
            state.ask(vec![message], Some(set))
        }

        (Phase::Committed, Step::Raise, _) => state.settled(Step::Read),
        (Phase::Committed, Step::Settle, _) => state.perform(Step::Read),
        (Phase::Committed, Step::Read, Ended::Read(reading)) => record_last(state, reading),

        (Phase::Cleaning { .. }, Step::Fence, _) => state.settled(Step::Read),
        (Phase::Cleaning { .. }, Step::Settle, _) => state.perform(Step::Read),
        (Phase::Cleaning { .. }, Step::Apply, _) => state.settled(Step::Read),
        (Phase::Cleaning { reading, deleting }, Step::Read, Ended::Read(left)) => {
            clean_up::clean(state, &reading, deleting, &left)
        }
        (Phase::Owner, Step::Tidy, _) => {
            let record = Record { marked: false, ..state.own().clone() };
            state.write(record)
        }
        // The pause was put back.
        (Phase::Committed | Phase::Completing { .. } | Phase::Cleaning { .. }, Step::Pause, _) => {
            super::enter(state)
        }

        (Phase::Held, Step::Pause, _) => {
            state.rest();
            vec![Effect::Say(Notice::Conflict)]
        }
        _ => Vec::new(),
    }
}

/// Answers and questions of the target.
pub(super) fn receive(state: &mut State, message: Message) -> Vec<Effect> {
    match message {
        Message::Ready(mv) if state.asks(mv, &Phase::Copying) && !state.has_asked_for_a_set() => {
            state.perform(Step::Read)
        }
        Message::StageReport { mv, round: Round::Bulk, .. } if state.asks(mv, &Phase::Copying) => {
            state.write_phase(Phase::Quiescing)
        }
        Message::StageReport { mv, round: Round::Difference, count, digest }
            if state.asks(mv, &Phase::Quiescing) =>
        {
            match asked_set(state) {
                Some(set) if set.count() == count && set.digest() == digest => commit(state),
                _ => Vec::new(),
            }
        }
        Message::CompleteAck(activation) => acknowledged(state, activation),
        Message::Refused(mv, refusal) => refused(state, mv, refusal),
        Message::NotStaged(mv) if state.has_cleaned_up_after(mv) => {
            vec![Effect::Send(Message::Refused(mv, Refusal::CleanedUp))]
        }
        Message::Ready(mv) | Message::StageReport { mv, .. } | Message::NotStaged(mv) => {
            answer(state, mv)
        }
        Message::Claim(claim) => match (&claim.phase, claim.last) {
            (Phase::Staging | Phase::Staged { .. }, Some(mv)) => answer(state, mv),
            (phase, _) if phase.owns() => follow(state, &claim),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// No question of a target stays unanswered (R2).
pub(super) fn answer(state: &mut State, mv: Move) -> Vec<Effect> {
    let Some(record) = state.record() else {
        return Vec::new();
    };
    if record.lineage != mv.lineage {
        return vec![Effect::Send(Message::Refused(mv, Refusal::ForeignLineage))];
    }
    if state.refuses() {
        return vec![Effect::Send(Message::Refused(mv, Refusal::Held))];
    }
    if state.regressed() {
        return Vec::new();
    }
    let runs = record.last == Some(mv);
    match &record.phase {
        Phase::Owner | Phase::Aborting { .. } => vec![Effect::Send(Message::Abort(mv))],
        Phase::Copying | Phase::Quiescing if !runs => vec![Effect::Send(Message::Abort(mv))],
        Phase::Copying | Phase::Quiescing | Phase::Completing { .. } => state.ask_again(),
        // Also where the next move is staged already: whoever asks was restored.
        Phase::Cleaning { .. }
        | Phase::Released
        | Phase::Staging
        | Phase::Staged { .. }
        | Phase::Discarding => match &record.activation {
            Some(done) if done.mv.epoch == mv.epoch => vec![Effect::Send(complete_again(done))],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// An operator, a budget or a refusal ends the attempt, if it is not committed.
pub(super) fn out_of_time(state: &mut State) -> Vec<Effect> {
    match (state.phase(), &state.work) {
        (Some(Phase::Copying), _) => state.write_phase(Phase::Aborting { paused: false }),
        (Some(Phase::Quiescing), _) => state.write_phase(Phase::Aborting { paused: true }),
        // The pause, or its end, cannot be seen in time: the next attempt must not trust what it
        // sees.
        (Some(Phase::Aborting { .. }), Work::Doing(Step::Settle) | Work::Backoff(_)) => {
            state.goal = Some(Goal::Hurry);
            Vec::new()
        }
        (Some(Phase::Aborting { .. }), Work::Doing(Step::Barrier)) => {
            state.goal = Some(Goal::Hurry);
            state.perform(Step::Unpause)
        }
        (Some(Phase::Aborting { .. }), Work::Doing(Step::Resumed)) => {
            state.goal = Some(Goal::Hurry);
            state.perform(Step::Lower)
        }
        _ => Vec::new(),
    }
}

/// An operator gives the move up.
pub(super) fn give_up(state: &mut State) -> Vec<Effect> {
    match state.phase() {
        Some(Phase::Copying | Phase::Quiescing) => out_of_time(state),
        Some(Phase::Committed | Phase::Completing { .. }) => {
            no("the move is committed: it can only be completed")
        }
        _ => no("no move runs here that could be given up"),
    }
}

/// The record says that this side owns the cluster.
fn owned(state: &mut State) -> Vec<Effect> {
    state.rest();
    // Nobody releases what was taken over.
    if state.own().marked && state.own().activation.is_none() {
        return state.perform(Step::Tidy);
    }
    ask_for_release(state)
}

/// The ack is what the other side waits for; that it releases us is what we wait for (I3).
pub(super) fn ask_for_release(state: &State) -> Vec<Effect> {
    match state.record() {
        Some(Record { marked: true, activation: Some(done), .. }) => {
            vec![Effect::Send(Message::CompleteAck(done.clone())), Effect::Arm(Timer::Resend)]
        }
        _ => Vec::new(),
    }
}

/// Somebody claims to own the epoch that this side has followed.
fn follow(state: &State, claim: &super::Claim) -> Vec<Effect> {
    match state.record() {
        Some(Record { lineage, phase: Phase::Owner, activation: Some(done), .. })
            if *lineage == claim.lineage && done.epoch() == claim.epoch.next() =>
        {
            vec![Effect::Send(Message::CompleteAck(done.clone()))]
        }
        _ => Vec::new(),
    }
}

fn running(state: &State) -> Move {
    state.own().last.expect("a source that moves has recorded which move")
}

fn tell(state: &State, message: fn(Move) -> Message) -> Vec<Effect> {
    state.own().last.map(|mv| Effect::Send(message(mv))).into_iter().collect()
}

fn stage(state: &State, round: Round, set: Reading) -> Message {
    Message::Stage { mv: running(state), round, set }
}

fn asked_set(state: &State) -> Option<&Reading> {
    match &state.work {
        Work::Asking(Question { set, .. }) => set.as_ref(),
        _ => None,
    }
}

/// The second look of P2: on what the paused source has now.
fn send_difference(state: &mut State, set: Reading) -> Vec<Effect> {
    if set.entries().iter().any(|entry| entry.deleting) {
        return state.write_phase(Phase::Aborting { paused: true });
    }
    let message = stage(state, Round::Difference, set.clone());
    state.ask(vec![message], Some(set))
}

fn commit(state: &mut State) -> Vec<Effect> {
    let record = state.own();
    let epoch = record.epoch.next();
    let record = Record { epoch, phase: Phase::Committed, unproven: false, ..record.clone() };
    state.write(record)
}

fn aborted(state: &mut State) -> Vec<Effect> {
    let record = state.own();
    let unproven = record.unproven || state.hurries();
    let record = Record { phase: Phase::Owner, unproven, ..record.clone() };
    state.write(record)
}

/// A deletion that came after the commit cannot be carried: it is reported (I7).
fn record_last(state: &mut State, reading: Reading) -> Vec<Effect> {
    let mut record = state.own().clone();
    record.report(reading.entries().iter().filter(|entry| entry.deleting).map(LateWrite::of));
    record.phase = Phase::Completing { reading };
    state.write(record)
}

fn complete(state: &mut State, reading: Reading) -> Vec<Effect> {
    let mv = running(state);
    let complete = Message::Complete { mv, count: reading.count(), digest: reading.digest() };
    let messages = vec![stage(state, Round::Last, reading.clone()), complete];
    state.ask(messages, Some(reading))
}

fn complete_again(done: &Activation) -> Message {
    Message::Complete { mv: done.mv, count: done.count, digest: done.digest }
}

fn acknowledged(state: &mut State, activation: Activation) -> Vec<Effect> {
    let Some(record) = state.record() else {
        return Vec::new();
    };
    let reading = match &record.phase {
        Phase::Completing { reading } if record.last == Some(activation.mv) => reading.clone(),
        Phase::Released if record.activation.as_ref() == Some(&activation) => {
            return vec![Effect::Send(Message::Released(activation.mv))];
        }
        _ => return Vec::new(),
    };
    let phase = Phase::Cleaning { reading, deleting: false };
    let record = Record { phase, activation: Some(activation), ..record.clone() };
    state.write(record)
}

fn refused(state: &mut State, mv: Move, refusal: Refusal) -> Vec<Effect> {
    if state.record().and_then(|record| record.last) != Some(mv) {
        return Vec::new();
    }
    let mut effects = vec![Effect::Say(Notice::Refused(refusal))];
    match state.phase() {
        Some(Phase::Copying | Phase::Quiescing) => effects.extend(out_of_time(state)),
        Some(Phase::Staging | Phase::Staged { .. }) if refusal == Refusal::CleanedUp => {
            effects.extend(state.write_phase(Phase::Held));
        }
        _ => {}
    }
    effects
}

impl State {
    fn asks(&self, mv: Move, phase: &Phase) -> bool {
        matches!(self.work, Work::Asking(_))
            && self.record().is_some_and(|record| record.last == Some(mv) && record.phase == *phase)
    }

    fn has_asked_for_a_set(&self) -> bool {
        asked_set(self).is_some()
    }

    /// A restored target asks for what is not here any more.
    fn has_cleaned_up_after(&self, mv: Move) -> bool {
        self.record().is_some_and(|record| {
            (record.phase == Phase::Released || record.phase.stages())
                && record.activation.as_ref().is_some_and(|done| done.mv == mv)
        })
    }

    fn hurries(&self) -> bool {
        self.goal == Some(Goal::Hurry)
    }
}
