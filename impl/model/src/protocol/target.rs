//! The role of the target: the side that stages copies, takes the cluster over and proves it.

mod copies;

use super::record::{Activation, Epoch, Lineage, Move, Phase, Reading, Record};
use super::{
    Effect, Ended, Goal, Message, OTHERS_NOT_STOPPED, Refusal, Round, State, Step, Timer, no,
};
use crate::digest::Digest;

/// What a target does first in a phase that was just recorded, also after a crash.
pub(super) fn enter(state: &mut State, phase: &Phase) -> Vec<Effect> {
    match phase {
        Phase::Staging => match state.goal {
            // Late writes to copies were recorded on the way: go on.
            Some(Goal::Converge { .. }) => state.settled(Step::Read),
            _ => state.perform(Step::Fence),
        },
        Phase::Staged { count, digest } => {
            let mut effects = vec![report(state, Round::Difference, *count, *digest)];
            effects.extend(wait(state));
            effects
        }
        Phase::Discarding => state.settled(Step::Read),
        Phase::Activating { .. } => state.perform(Step::Raise),
        Phase::Verifying { .. } => state.perform(Step::Unpause),
        _ => state.rest(),
    }
}

/// What comes after a step.
pub(super) fn ended(state: &mut State, phase: &Phase, step: Step, how: Ended) -> Vec<Effect> {
    match (phase, step, how) {
        (Phase::Staging, Step::Fence, _) => {
            let mut effects = vec![Effect::Send(Message::Ready(running(state)))];
            effects.extend(wait(state));
            effects
        }
        (Phase::Staging | Phase::Staged { .. }, Step::Settle, _) => state.perform(Step::Read),
        (Phase::Staging | Phase::Staged { .. }, Step::Read, Ended::Read(have)) => {
            staged(state, &have)
        }
        (Phase::Staging | Phase::Staged { .. }, Step::Apply, Ended::Foreign) => {
            let refused = Message::Refused(running(state), Refusal::ForeignObject);
            let mut effects = vec![Effect::Send(refused)];
            effects.extend(wait(state));
            effects
        }
        (Phase::Staging | Phase::Staged { .. } | Phase::Discarding, Step::Apply, how) => {
            if let Some(Goal::Converge { whole, .. }) = &mut state.goal {
                *whole = matches!(how, Ended::Done);
            }
            state.settled(Step::Read)
        }
        // The pause was put back.
        (_, Step::Pause, _) => super::enter(state),

        (Phase::Discarding, Step::Settle, _) => state.perform(Step::Read),
        (Phase::Discarding, Step::Read, Ended::Read(have)) => copies::discard(state, &have),
        (Phase::Discarding, Step::Lower, _) => copies::discarded(state),

        (Phase::Activating { .. }, Step::Raise, _) => state.settled(Step::Barrier),
        (Phase::Activating { .. }, Step::Settle, _) => state.perform(Step::Barrier),
        (Phase::Activating { count, digest }, Step::Barrier, _) => {
            state.write_phase(Phase::Verifying { count: *count, digest: *digest })
        }

        (Phase::Verifying { .. }, Step::Unpause, _) => state.settled(Step::Verify),
        (Phase::Verifying { .. }, Step::Settle, _) => state.perform(Step::Verify),
        (Phase::Verifying { .. }, Step::Verify, _) => state.perform(Step::Lower),
        (Phase::Verifying { count, digest }, Step::Lower, _) => own(state, *count, *digest),
        _ => Vec::new(),
    }
}

/// What a source says.
pub(super) fn receive(state: &mut State, message: Message) -> Vec<Effect> {
    match message {
        Message::Begin(mv) => begin(state, mv),
        Message::Stage { mv, round, set } => match state.phase() {
            // An old message, or a source that was restored: what is staged is later than the bulk.
            Some(&Phase::Staged { count, digest }) if round == Round::Bulk && stages(state, mv) => {
                vec![report(state, round, count, digest)]
            }
            Some(Phase::Staging | Phase::Staged { .. }) if stages(state, mv) && state.rests() => {
                let whole = state.has_staged(&set);
                state.goal = Some(Goal::Converge { round, set, whole });
                state.settled(Step::Read)
            }
            _ if state.refuses() => refuse(mv, Refusal::Held),
            Some(Phase::Owner) => refuse(mv, Refusal::AlreadyOwner),
            // A store that was restored since: the attempt cannot go on.
            None | Some(Phase::Released) if round != Round::Last => refuse(mv, Refusal::NotNext),
            _ => Vec::new(),
        },
        Message::Complete { mv, count, digest } => complete(state, mv, count, digest),
        Message::Abort(mv) => match state.phase() {
            Some(Phase::Staging | Phase::Staged { .. }) if stages(state, mv) => {
                state.write_phase(Phase::Discarding)
            }
            _ => Vec::new(),
        },
        Message::Released(mv) if state.is_marked_by(mv) && state.rests() => {
            state.perform(Step::Tidy)
        }
        _ => Vec::new(),
    }
}

/// An operator wants the staged cluster to own itself.
///
/// A target that has recorded a message of the next epoch needs nobody for it: it is `Activating`
/// already. Every other takeover rests on the operator's word that the source is stopped (H10).
pub(super) fn take_over(state: &mut State, lineage: Lineage, others_stopped: bool) -> Vec<Effect> {
    match state.phase() {
        Some(Phase::Staged { .. }) if !state.rests() => no("the copies are being changed"),
        Some(Phase::Staged { .. }) if !others_stopped => no(OTHERS_NOT_STOPPED),
        Some(Phase::Staged { .. }) => {
            state.goal = Some(Goal::Takeover { lineage });
            state.settled(Step::Read)
        }
        _ => no("the whole set is not staged here"),
    }
}

fn begin(state: &mut State, mv: Move) -> Vec<Effect> {
    if state.refuses() {
        return refuse(mv, Refusal::Held);
    }
    let Some(record) = state.record() else {
        return stage_anew(state, mv);
    };
    if record.lineage != mv.lineage {
        return refuse(mv, Refusal::ForeignLineage);
    }
    let newer = record.last.is_none_or(|last| (last.epoch, last.attempt) < (mv.epoch, mv.attempt));
    match record.phase {
        Phase::Staging | Phase::Staged { .. } if record.last == Some(mv) => {
            vec![Effect::Send(Message::Ready(mv))]
        }
        Phase::Staging | Phase::Staged { .. } | Phase::Released
            if record.epoch <= mv.epoch && newer =>
        {
            stage_anew(state, mv)
        }
        Phase::Owner => refuse(mv, Refusal::AlreadyOwner),
        Phase::Staging | Phase::Staged { .. } | Phase::Released => refuse(mv, Refusal::NotNext),
        _ => Vec::new(),
    }
}

/// Records a move to be staged here. A store that is epochs behind was restored: whoever owns the
/// later epoch says what is to be here.
fn stage_anew(state: &mut State, mv: Move) -> Vec<Effect> {
    let record = match state.record() {
        Some(record) => record.clone(),
        None => Record::owner(mv.lineage, mv.epoch),
    };
    state.goal = None;
    state.write(Record {
        epoch: mv.epoch,
        phase: Phase::Staging,
        last: Some(mv),
        late: Vec::new(),
        marked: false,
        ..record
    })
}

/// Only a committed source sends it: it outranks every attempt of the epoch before (R2).
fn complete(state: &mut State, mv: Move, count: usize, digest: Digest) -> Vec<Effect> {
    if state.refuses() {
        return refuse(mv, Refusal::Held);
    }
    let Some(record) = state.record() else {
        return stage_anew(state, mv);
    };
    if record.lineage != mv.lineage {
        return refuse(mv, Refusal::ForeignLineage);
    }
    match &record.activation {
        Some(done) if done.mv == mv && !record.phase.is_of_target() => {
            return vec![Effect::Send(Message::CompleteAck(done.clone()))];
        }
        _ => {}
    }
    let runs = record.last == Some(mv);
    match record.phase {
        Phase::Staging | Phase::Staged { .. } if runs && state.rests() => {
            state.goal = Some(Goal::Count { mv, count, digest });
            state.settled(Step::Read)
        }
        // The copies are being changed: the source asks again.
        Phase::Staging | Phase::Staged { .. } if runs => Vec::new(),
        Phase::Staging | Phase::Staged { .. } | Phase::Released if record.epoch <= mv.epoch => {
            stage_anew(state, mv)
        }
        Phase::Owner => refuse(mv, Refusal::AlreadyOwner),
        _ => Vec::new(),
    }
}

fn refuse(mv: Move, refusal: Refusal) -> Vec<Effect> {
    vec![Effect::Send(Message::Refused(mv, refusal))]
}

fn running(state: &State) -> Move {
    state.own().last.expect("a target that stages has recorded which move")
}

fn stages(state: &State, mv: Move) -> bool {
    state.record().and_then(|record| record.last) == Some(mv)
}

fn wait(state: &mut State) -> Vec<Effect> {
    state.rest();
    vec![Effect::Arm(Timer::Resend)]
}

fn report(state: &State, round: Round, count: usize, digest: Digest) -> Effect {
    Effect::Send(Message::StageReport { mv: running(state), round, count, digest })
}

/// The copies were read: is that what it should be?
fn staged(state: &mut State, have: &Reading) -> Vec<Effect> {
    match state.goal.clone() {
        Some(Goal::Converge { round, set, whole }) => {
            copies::converge(state, round, &set, whole, have)
        }
        Some(Goal::Count { mv, count, digest }) => {
            if have.count() == count && have.digest() == digest {
                return activate(state, mv.lineage, mv.epoch.next(), have);
            }
            let mut effects = vec![Effect::Send(Message::NotStaged(mv))];
            effects.extend(wait(state));
            effects
        }
        Some(Goal::Takeover { lineage }) => match state.phase() {
            Some(Phase::Staged { count, digest })
                if have.count() == *count && have.digest() == *digest =>
            {
                activate(state, lineage, state.next_epoch(), have)
            }
            _ => {
                let mut effects = wait(state);
                effects.extend(no("the copies have changed"));
                effects
            }
        },
        _ => wait(state),
    }
}

fn activate(state: &mut State, lineage: Lineage, epoch: Epoch, have: &Reading) -> Vec<Effect> {
    let phase = Phase::Activating { count: have.count(), digest: have.digest() };
    let record = Record { lineage, epoch, phase, ..state.own().clone() };
    state.write(record)
}

fn own(state: &mut State, count: usize, digest: Digest) -> Vec<Effect> {
    let record = state.own();
    let mv = running(state);
    // A takeover answers to nobody's move.
    let by_move = mv.lineage == record.lineage && mv.epoch.next() == record.epoch;
    let activation = if by_move { Some(Activation { mv, count, digest }) } else { None };
    let record =
        Record { phase: Phase::Owner, activation, unproven: false, marked: true, ..record.clone() };
    state.write(record)
}

impl State {
    /// Whether every copy of a set is recorded to be here.
    fn has_staged(&self, set: &Reading) -> bool {
        matches!(self.phase(), Some(Phase::Staged { digest, .. }) if *digest == set.digest())
    }

    fn is_marked_by(&self, mv: Move) -> bool {
        self.record().is_some_and(|record| {
            record.phase == Phase::Owner
                && record.marked
                && record.activation.as_ref().is_some_and(|done| done.mv == mv)
        })
    }
}
