//! What two records mean when they meet (H7).

use super::record::{Activation, Phase, Reading, Record};
use super::{Claim, Effect, Ended, Goal, Message, Notice, Place, State, Step, Timer, Work, source};

/// A session began. The records decide; the questions that were open are asked again.
pub(super) fn meet(state: &mut State, peer: Option<Claim>) -> Vec<Effect> {
    if !state.listens() {
        return Vec::new();
    }
    if let Some(mine) = state.record() {
        match compare(mine, peer.as_ref()) {
            Meeting::Fits => {}
            Meeting::TheyFollow(activation) => return give_way(state, activation),
            Meeting::TheyTakeOver => return wait_paused(state),
            Meeting::TheyLost => return state.write_phase(Phase::Held),
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
    /// The other side owned the epoch that follows ours: our store is an old one.
    TheyFollow(Activation),
    /// The other side begins to own the epoch that follows ours: our store is an old one.
    TheyTakeOver,
    /// What the other side acknowledged is not there any more: what is here may be all there is.
    TheyLost,
    Conflict,
}

fn compare(mine: &Record, theirs: Option<&Claim>) -> Meeting {
    if let Phase::Cleaning { .. } = mine.phase {
        let here = theirs.is_some_and(|it| it.lineage != mine.lineage || it.epoch >= mine.epoch);
        return if here { Meeting::Fits } else { Meeting::TheyLost };
    }
    // "No record" is an answer to hold on (R3).
    let Some(theirs) = theirs.filter(|_| mine.phase.owns()) else {
        return Meeting::Fits;
    };
    if let Some(done) = theirs.activation.as_ref().filter(|done| follows(mine, done)) {
        return Meeting::TheyFollow(done.clone());
    }
    if !theirs.phase.owns() {
        return Meeting::Fits;
    }
    if mine.lineage != theirs.lineage {
        return Meeting::Conflict;
    }
    if theirs.epoch == mine.epoch.next() {
        return match theirs.phase {
            Phase::Activating { .. } | Phase::Verifying { .. } => Meeting::TheyTakeOver,
            _ => Meeting::Conflict,
        };
    }
    // The other side gives way.
    if mine.epoch == theirs.epoch.next() { Meeting::Fits } else { Meeting::Conflict }
}

/// Whether the epoch that is owned here has ended elsewhere.
pub(super) fn is_followed(state: &State, done: &Activation) -> bool {
    state.record().is_some_and(|record| record.phase.owns() && follows(record, done))
}

/// Whether it began the epoch after the recorded one.
fn follows(mine: &Record, done: &Activation) -> bool {
    done.mv.lineage == mine.lineage && done.epoch() == mine.epoch.next()
}

fn resume_talk(state: &mut State, peer: Option<Claim>) -> Vec<Effect> {
    if let Work::Asking(_) = state.work {
        return state.ask_again();
    }
    let mut effects = match peer.map(|claim| (claim.phase, claim.last)) {
        Some((Phase::Staging | Phase::Staged { .. }, Some(mv))) => source::answer(state, mv),
        _ => Vec::new(),
    };
    if state.rests() {
        match state.phase() {
            Some(Phase::Staging | Phase::Staged { .. }) => effects.push(Effect::Arm(Timer::Resend)),
            Some(Phase::Owner) => effects.extend(source::ask_for_release(state)),
            _ => {}
        }
    }
    effects
}

/// The other side may yet fail to verify: nothing is compared before it owns.
fn wait_paused(state: &mut State) -> Vec<Effect> {
    state.goal = Some(Goal::Wait);
    state.perform(Step::Pause)
}

/// Paused: ask until the other side says that it owns.
pub(super) fn waiting(state: &mut State) -> Vec<Effect> {
    state.goal = None;
    let claim = state.claim().expect("who waits for a successor has a record");
    state.ask(vec![Message::Claim(Box::new(claim))], None)
}

/// Only a side that was restored comes here. What it has is paused, then compared with what the new
/// owner activated: equal content is cleaned up, other content is an operator's.
pub(super) fn give_way(state: &mut State, activation: Activation) -> Vec<Effect> {
    if matches!(state.goal, Some(Goal::GiveWay(_))) {
        return Vec::new();
    }
    state.goal = Some(Goal::GiveWay(activation));
    state.perform(Step::Pause)
}

pub(super) fn giving_way(
    state: &mut State,
    activation: &Activation,
    step: Step,
    how: Ended,
) -> Vec<Effect> {
    match (step, how) {
        (Step::Read, Ended::Read(reading)) => given_way(state, activation, reading),
        (step, _) => read_paused(state, step),
    }
}

/// Paused, and nobody acts any more: read. Behind a closed gate nobody acts anyway.
pub(super) fn read_paused(state: &mut State, step: Step) -> Vec<Effect> {
    match step {
        Step::Pause => state.settled(if state.closed() { Step::Read } else { Step::Barrier }),
        Step::Settle if !state.closed() => state.perform(Step::Barrier),
        Step::Settle | Step::Barrier => state.perform(Step::Read),
        _ => Vec::new(),
    }
}

fn given_way(state: &mut State, activation: &Activation, reading: Reading) -> Vec<Effect> {
    if reading.count() != activation.count || reading.digest() != activation.digest {
        return state.write_phase(Phase::Held);
    }
    let record = Record {
        epoch: activation.epoch(),
        phase: Phase::Cleaning { reading, deleting: false },
        last: Some(activation.mv),
        activation: Some(activation.clone()),
        unproven: true,
        ..state.own().clone()
    };
    state.write(record)
}
