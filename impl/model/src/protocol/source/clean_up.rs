//! The clean-up: what may be deleted, and what is reported first.

use crate::protocol::record::{Entry, LateWrite, Phase, Reading};
use crate::protocol::{Effect, Notice, State, Write};

/// Deletes what equals the recorded reading; of anything else the report is durable first (C1).
pub(super) fn clean(
    state: &mut State,
    recorded: &Reading,
    deleting: bool,
    left: &Reading,
) -> Vec<Effect> {
    let mut late: Vec<_> =
        left.entries().iter().filter_map(|now| late_write(recorded, now)).collect();
    if !deleting {
        // What is gone before the first deletion was not deleted by the mover.
        let gone = recorded.entries().iter().filter(|then| left.get(&then.name).is_none());
        late.extend(gone.map(LateWrite::gone));
    }
    let mut record = state.own().clone();
    record.phase = Phase::Cleaning { reading: recorded.clone(), deleting: true };
    let known = record.late.len();
    record.report(late);
    if record == *state.own() {
        return match left.count() {
            0 => state.write_phase(Phase::Released),
            _ => state.apply(Write::deletions(left)),
        };
    }
    let news = record.late[known..].to_vec();
    let mut effects = Vec::new();
    if !news.is_empty() {
        effects.push(Effect::Say(Notice::Late(news)));
    }
    effects.extend(state.write(record));
    effects
}

/// What somebody wrote since the recorded reading; finalizers, status and bookkeeping do not count.
fn late_write(recorded: &Reading, now: &Entry) -> Option<LateWrite> {
    let same = recorded.get(&now.name).is_some_and(|then| {
        then.uid == now.uid && then.digest == now.digest && then.deleting == now.deleting
    });
    (!same).then(|| LateWrite::of(now))
}
