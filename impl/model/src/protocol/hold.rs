//! The two ways out of a hold: an operator says which side owns the cluster (H7).

use super::record::{Epoch, LateWrite, Lineage, Phase, Reading, Record};
use super::{
    Effect, Ended, Goal, Notice, OTHERS_NOT_STOPPED, Standing, State, Step, handshake, no,
};

/// This side is to own the cluster.
pub(super) fn resume(state: &mut State, lineage: Lineage, others_stopped: bool) -> Vec<Effect> {
    if let Some(refusal) = not_held(state) {
        return refusal;
    }
    if state.record().is_none() {
        return no("the record is gone that would say whether the set is whole: restore it");
    }
    if !others_stopped {
        return no(OTHERS_NOT_STOPPED);
    }
    state.goal = Some(Goal::Resume { lineage });
    state.settled(Step::Read)
}

/// The way back is that of an abort: pause, barrier, unpause. What was restored, or held in the
/// middle, proves nothing by its conditions.
pub(super) fn resuming(state: &mut State, lineage: Lineage, step: Step, how: Ended) -> Vec<Effect> {
    let Ended::Read(here) = how else {
        return if step == Step::Settle { state.perform(Step::Read) } else { Vec::new() };
    };
    if let Some(why) = incomplete(state, &here) {
        state.rest();
        return no(why);
    }
    let record = Record {
        lineage,
        epoch: state.next_epoch(),
        phase: Phase::Aborting { paused: true },
        last: None,
        activation: None,
        unproven: true,
        ..state.own().clone()
    };
    state.write(record)
}

/// The other side owns the cluster.
pub(super) fn give_up(state: &mut State, lineage: Lineage, epoch: Epoch) -> Vec<Effect> {
    if let Some(refusal) = not_held(state) {
        return refusal;
    }
    if Some(epoch) < state.witness {
        return no("this side has seen a later epoch than the other side claims");
    }
    state.goal = Some(Goal::Yield { lineage, epoch });
    state.perform(Step::Pause)
}

/// Nobody can say what of it the other side has: all of it is reported before it goes (H6).
pub(super) fn yielding(
    state: &mut State,
    lineage: Lineage,
    epoch: Epoch,
    step: Step,
    how: Ended,
) -> Vec<Effect> {
    match (step, how) {
        (Step::Read, Ended::Read(reading)) => {
            let mut record = recorded(state, lineage);
            record.report(reading.entries().iter().map(LateWrite::of));
            let mut effects = vec![Effect::Say(Notice::Late(record.late.clone()))];
            let phase = Phase::Cleaning { reading, deleting: false };
            let (last, activation, unproven) = (None, None, true);
            let record = Record { lineage, epoch, phase, last, activation, unproven, ..record };
            effects.extend(state.write(record));
            effects
        }
        (step, _) => handshake::read_paused(state, step),
    }
}

fn not_held(state: &State) -> Option<Vec<Effect>> {
    match state.standing() {
        Standing::Held if state.rests() => None,
        Standing::Held => Some(no("something is being done here: ask again")),
        _ => Some(no("nothing is held here")),
    }
}

/// Whether a part of the set is known to be gone.
fn incomplete(state: &State, here: &Reading) -> Option<&'static str> {
    if here.count() == 0 {
        return Some("no objects of the cluster are here");
    }
    let record = state.own();
    let given = record.activation.as_ref().filter(|done| record.last == Some(done.mv))?;
    let whole = given.count == here.count() && given.digest == here.digest();
    let owned = record.phase == Phase::Owner || whole;
    (!owned).then_some("a part of what was given away is deleted here already")
}

fn recorded(state: &State, lineage: Lineage) -> Record {
    state.record().cloned().unwrap_or_else(|| Record::owner(lineage, Epoch(0)))
}
