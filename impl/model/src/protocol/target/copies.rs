//! The copies: made what they should be, or removed; what somebody else wrote is reported first.

use super::{report, wait};
use crate::protocol::record::{Entry, LateWrite, Phase, Reading, Record};
use crate::protocol::{Effect, Notice, Round, State, Step, Write};

/// Reads, writes what differs, and reads again until nothing differs: what is reported was read.
pub(super) fn converge(
    state: &mut State,
    round: Round,
    set: &Reading,
    whole: bool,
    have: &Reading,
) -> Vec<Effect> {
    if have.same_set(set) {
        return converged(state, round, have);
    }
    let removed: Vec<_> =
        have.entries().iter().filter(|copy| set.get(&copy.name).is_none()).cloned().collect();
    let mut writes = Write::deletions(&Reading::new(removed.clone(), have.digest()));
    let removes = !removed.is_empty();
    let mut late: Vec<_> = removed.iter().filter_map(late_write).collect();
    for entry in set.entries() {
        match have.get(&entry.name) {
            Some(copy) if copy.digest == entry.digest => {}
            Some(copy) => {
                late.extend(late_write(copy));
                let replaces = Some((copy.uid, copy.version));
                writes.push(Write::Put { entry: entry.clone(), replaces });
            }
            None => {
                if whole {
                    late.push(LateWrite::gone(entry));
                }
                writes.push(Write::Put { entry: entry.clone(), replaces: None });
            }
        }
    }
    match recorded_first(state, late, removes) {
        Some(effects) => effects,
        None => state.apply(writes),
    }
}

/// What somebody else wrote to a copy.
fn late_write(copy: &Entry) -> Option<LateWrite> {
    let written = copy.applied.is_some_and(|applied| applied != copy.digest);
    (copy.deleting || written).then(|| LateWrite::of(copy))
}

/// What somebody else wrote is recorded before the mover overwrites or removes it (H6), and that
/// copies were removed: see `discarded`.
fn recorded_first(state: &mut State, late: Vec<LateWrite>, removes: bool) -> Option<Vec<Effect>> {
    let mut record = state.own().clone();
    record.report(late.iter().cloned());
    record.unproven |= removes;
    if record == *state.own() {
        return None;
    }
    if matches!(record.phase, Phase::Staged { .. }) {
        record.phase = Phase::Staging;
    }
    let mut effects = vec![Effect::Say(Notice::Late(late))];
    effects.extend(state.write(record));
    Some(effects)
}

fn converged(state: &mut State, round: Round, have: &Reading) -> Vec<Effect> {
    let staged = Phase::Staged { count: have.count(), digest: have.digest() };
    if round != Round::Bulk && *state.own() != state.own().with_phase(staged.clone()) {
        state.goal = None;
        return state.write_phase(staged);
    }
    let mut effects = vec![report(state, round, have.count(), have.digest())];
    effects.extend(wait(state));
    effects
}

pub(super) fn discard(state: &mut State, have: &Reading) -> Vec<Effect> {
    if have.count() == 0 {
        return state.perform(Step::Lower);
    }
    let late = have.entries().iter().filter_map(late_write).collect();
    match recorded_first(state, late, true) {
        Some(effects) => effects,
        None => state.apply(Write::deletions(have)),
    }
}

/// A slow `Paused=True`, meant for a copy of this attempt, may yet land on the copy of the same name
/// that the next attempt makes: what the conditions show then proves nothing (Q2).
pub(super) fn discarded(state: &mut State) -> Vec<Effect> {
    let record = Record { phase: Phase::Released, unproven: true, ..state.own().clone() };
    state.write(record)
}
