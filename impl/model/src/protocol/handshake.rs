//! What two records mean when they meet (H7), and the way out of a hold.

use super::record::{Activation, Phase, Reading, Record};
use super::{Claim, Effect, Ended, Goal, Notice, Place, State, Step, Work, source};

/// A session began. The records decide; the questions that were open are asked again.
pub(super) fn meet(state: &mut State, peer: Option<Claim>) -> Vec<Effect> {
    if !state.listens() {
        return Vec::new();
    }
    // "No record" is an answer to hold on (R3).
    if let (Some(mine), Some(theirs)) = (state.record(), &peer) {
        match compare(mine, theirs) {
            Meeting::Fits => {}
            Meeting::TheyFollow(activation) => return give_way(state, activation),
            Meeting::Conflict if state.place == Place::Parent => {
                return state.write_phase(Phase::Held);
            }
            Meeting::Conflict => return vec![Effect::Say(Notice::Conflict)],
        }
    }
    resume_talk(state, peer)
}

enum Meeting {
    Fits,
    /// The other side owns the epoch that follows ours: our store is an old one.
    TheyFollow(Activation),
    Conflict,
}

fn compare(mine: &Record, theirs: &Claim) -> Meeting {
    if !mine.phase.owns() || !theirs.phase.owns() {
        return Meeting::Fits;
    }
    if mine.lineage != theirs.lineage {
        return Meeting::Conflict;
    }
    if theirs.epoch == mine.epoch.next() {
        return match &theirs.activation {
            Some(done) if done.epoch() == theirs.epoch => Meeting::TheyFollow(done.clone()),
            _ => Meeting::Conflict,
        };
    }
    // The other side gives way.
    if mine.epoch == theirs.epoch.next() { Meeting::Fits } else { Meeting::Conflict }
}

fn resume_talk(state: &mut State, peer: Option<Claim>) -> Vec<Effect> {
    if let Work::Asking(_) = state.work {
        return state.ask_again();
    }
    let mut effects = match peer.map(|claim| (claim.phase, claim.last)) {
        Some((Phase::Staging | Phase::Staged { .. }, Some(mv))) => source::answer(state, mv),
        _ => Vec::new(),
    };
    if state.rests() && matches!(state.phase(), Some(Phase::Staging | Phase::Staged { .. })) {
        effects.push(Effect::Arm(super::Timer::Resend));
    }
    effects
}

/// Only a side that was restored comes here. What it has is paused, then compared with what the new
/// owner activated: equal content is cleaned up, other content is an operator's.
fn give_way(state: &mut State, activation: Activation) -> Vec<Effect> {
    state.goal = Some(Goal::Yield(activation));
    state.perform(Step::Pause)
}

pub(super) fn yielding(
    state: &mut State,
    activation: &Activation,
    step: Step,
    how: Ended,
) -> Vec<Effect> {
    match (step, how) {
        (Step::Pause, _) => state.settled(Step::Read),
        (Step::Settle, _) => state.perform(Step::Read),
        (Step::Read, Ended::Read(reading)) => given_way(state, activation, reading),
        _ => Vec::new(),
    }
}

fn given_way(state: &mut State, activation: &Activation, reading: Reading) -> Vec<Effect> {
    if reading.count() != activation.count || reading.digest() != activation.digest {
        return state.write_phase(Phase::Held);
    }
    let record = Record {
        epoch: activation.epoch(),
        phase: Phase::Cleaning { reading },
        last: Some(activation.mv),
        activation: Some(activation.clone()),
        ..state.own().clone()
    };
    state.write(record)
}

/// An operator ends a hold. The way back is that of an abort: pause, barrier, unpause.
pub(super) fn resume(state: &mut State, others_stopped: bool) -> Vec<Effect> {
    let no = |why| vec![Effect::Say(Notice::RequestRefused(why))];
    match state.phase() {
        Some(Phase::Held) if !others_stopped => {
            no("nothing can make it safe unless the controllers of the other side are stopped")
        }
        Some(Phase::Held) => state.write_phase(Phase::Aborting { paused: true }),
        _ => no("nothing is held here"),
    }
}
