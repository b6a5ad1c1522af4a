//! The driver of one role machine: it performs effects and feeds outcomes back.

use fulcrum_model::protocol::{
    Condition, Effect, Fence, Input, Message, Move, Outcome, Phase, Reading, Record, RecordOutcome,
    Version, Write, step,
};

use super::side::{Floating, HeldRecord, Pending};
use super::store::{Content, name, object};
use super::{At, Violation, World};
use crate::mutation::Mutation;
use crate::scenario::Scenario;

/// What becomes of a request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Fate {
    /// It is done and answered.
    Answered,
    /// It is done, and the answer is lost.
    AnswerLost,
    /// It may land later, and the answer is lost.
    Delayed,
    /// It is refused, or nobody is there to do it.
    Failed,
}

impl World {
    /// Feeds an input to the mover of a side and takes what it wants done.
    pub(crate) fn feed(&mut self, at: At, input: Input, scenario: &Scenario) {
        let effects = step(&mut self.side_mut(at).machine, input);
        let early = effects.iter().rev().skip(1).find(|effect| effect.has_outcome());
        assert_eq!(early, None, "an effect with an outcome is the last of its step");
        if effects.iter().any(Effect::has_outcome) {
            self.side_mut(at).waits = None;
        }
        for effect in effects {
            self.take(at, effect, scenario);
        }
    }

    fn take(&mut self, at: At, effect: Effect, scenario: &Scenario) {
        let side = self.side_mut(at);
        match effect {
            Effect::OpenGate => side.open_gate(),
            Effect::Send(message) => self.send(at, message, scenario),
            Effect::Say(_) => {}
            Effect::DropBookkeeping => side.pending.push_back(Pending::Tidy),
            Effect::Arm(timer) => side.arm(timer),
            Effect::Await(condition) => side.waits = Some(condition),
            Effect::WriteRecord { record, expect } => {
                side.pending.push_back(Pending::Record(record, expect));
            }
            Effect::RaiseWitness(epoch) => side.pending.push_back(Pending::Raise(epoch)),
            Effect::Fence(fence) => side.pending.push_back(Pending::Fence(fence)),
            Effect::Preflight => side.pending.push_back(Pending::Preflight),
            Effect::Pause => side.pending.push_back(Pending::Pause(true)),
            Effect::Unpause => side.pending.push_back(Pending::Pause(false)),
            Effect::Read => side.pending.push_back(Pending::Read),
            Effect::Apply(mut writes) => {
                let cleaning = matches!(side.phase(), Some(Phase::Cleaning { .. }));
                if cleaning && scenario.mutation == Some(Mutation::PauseHolderFirst) {
                    writes.reverse();
                }
                side.pending.push_back(Pending::Apply(writes));
            }
        }
    }

    fn send(&mut self, at: At, message: Message, scenario: &Scenario) {
        let finished =
            matches!(self.side(at).phase(), Some(Phase::Cleaning { .. } | Phase::Released));
        if let Message::Complete { .. } = message {
            if finished && scenario.mutation == Some(Mutation::FinishedSourceIsSilent) {
                return;
            }
            if scenario.mutation == Some(Mutation::PauseLate) {
                self.pause(at, true, scenario);
            }
        }
        if matches!(message, Message::Released(_))
            && scenario.mutation == Some(Mutation::NeverReleased)
        {
            return;
        }
        let wire = &mut self.wires[at.other().index()];
        if self.session && wire.last() != Some(&message) {
            wire.push(message);
        }
    }

    /// Performs the next effect of a side.
    pub(crate) fn perform(&mut self, at: At, fate: Fate, scenario: &Scenario) -> Option<Violation> {
        let pending = self.side_mut(at).pending.pop_front()?;
        if fate == Fate::Failed {
            let answer = match pending {
                Pending::Preflight => Input::Preflight(false),
                _ => Input::Done(Outcome::Conflict),
            };
            self.feed(at, answer, scenario);
            return None;
        }
        match pending {
            Pending::Record(record, expect) => {
                self.perform_record(at, record, expect, fate, scenario)
            }
            Pending::Raise(epoch) => {
                let side = self.side_mut(at);
                let late = scenario.mutation == Some(Mutation::WitnessRaisedLate)
                    && matches!(side.phase(), Some(Phase::Committed));
                if !late {
                    side.witness = side.witness.max(Some(epoch));
                }
                self.feed(at, Input::Done(Outcome::Ok), scenario);
                None
            }
            Pending::Fence(fence) => {
                self.perform_fence(at, fence, fate, scenario);
                None
            }
            Pending::Tidy => {
                let store = &mut self.side_mut(at).store;
                let objects = store.cluster.iter_mut().chain(store.machines.iter_mut().flatten());
                objects.for_each(|object| object.applied = None);
                self.feed(at, Input::Done(Outcome::Ok), scenario);
                None
            }
            Pending::Preflight => {
                self.feed(at, Input::Preflight(true), scenario);
                None
            }
            Pending::Pause(pause) => self.perform_pause(at, pause, fate, scenario),
            Pending::Read => {
                let reading = self.read(at, scenario);
                self.feed(at, Input::Read(reading), scenario);
                None
            }
            Pending::Apply(writes) => self.perform_writes(at, writes, fate, scenario),
        }
    }

    fn perform_record(
        &mut self,
        at: At,
        record: Box<Record>,
        expect: Option<Version>,
        fate: Fate,
        scenario: &Scenario,
    ) -> Option<Violation> {
        let side = self.side_mut(at);
        if side.lie.unwritten > 0 {
            side.lie.unwritten -= 1;
            let version = side.machine.version().unwrap_or(Version(0));
            self.feed(at, Input::RecordWritten(RecordOutcome::Ok(version)), scenario);
            return None;
        }
        if fate == Fate::Delayed {
            let commit = record.phase == Phase::Committed;
            side.float(Floating::Record(HeldRecord(record), expect));
            let outcome = self.unknown_record(at, commit, scenario);
            self.feed(at, Input::RecordWritten(outcome), scenario);
            return None;
        }
        let outcome = match self.land_record(at, &record, expect, scenario) {
            Ok(_) if fate == Fate::AnswerLost => RecordOutcome::Unknown,
            Ok(version) => RecordOutcome::Ok(version),
            Err(stored) => RecordOutcome::Conflict(stored),
        };
        self.feed(at, Input::RecordWritten(outcome), scenario);
        None
    }

    /// What a driver makes of a lost answer: it says so, unless a rule is broken.
    fn unknown_record(&mut self, at: At, commit: bool, scenario: &Scenario) -> RecordOutcome {
        let side = self.side_mut(at);
        let unwritten = match scenario.mutation {
            Some(Mutation::ReadSettlesRecord) => 1,
            Some(Mutation::AbortOnUnknownCommit) if commit => u8::MAX,
            _ => return RecordOutcome::Unknown,
        };
        side.lie.unwritten = unwritten;
        RecordOutcome::Conflict(side.store.record.clone().map(Box::new))
    }

    fn perform_fence(&mut self, at: At, fence: Fence, fate: Fate, scenario: &Scenario) {
        if scenario.fences && fate == Fate::Delayed {
            let side = self.side_mut(at);
            let request = Floating::Fence(fence, side.store.fence_version);
            side.float(request);
        } else if scenario.fences {
            self.set_fence(at, fence);
        }
        let lost = fate != Fate::Answered;
        let outcome = if lost { Outcome::Unknown } else { Outcome::Ok };
        self.feed(at, Input::Done(outcome), scenario);
    }

    fn perform_pause(
        &mut self,
        at: At,
        pause: bool,
        fate: Fate,
        scenario: &Scenario,
    ) -> Option<Violation> {
        let late = scenario.mutation == Some(Mutation::PauseLate)
            && matches!(self.side(at).phase(), Some(Phase::Quiescing));
        if late {
            self.feed(at, Input::Done(Outcome::Ok), scenario);
            return None;
        }
        if fate == Fate::Delayed {
            let side = self.side_mut(at);
            if let Some(cluster) = &side.store.cluster {
                let unguarded = !pause && scenario.mutation == Some(Mutation::UnguardedUnpause);
                let guard = (!unguarded).then_some(cluster.version);
                let request = Floating::Pause(pause, cluster.uid, guard);
                side.float(request);
            }
            self.feed(at, Input::Done(Outcome::Unknown), scenario);
            return None;
        }
        let violation = self.pause(at, pause, scenario);
        let lost = fate == Fate::AnswerLost;
        let outcome = if lost { Outcome::Unknown } else { Outcome::Ok };
        self.feed(at, Input::Done(outcome), scenario);
        violation
    }

    fn read(&mut self, at: At, scenario: &Scenario) -> Reading {
        if self.side(at).phase().is_some_and(Phase::is_of_target) {
            let objects = self.side(at).store.objects();
            self.ghost.counted = objects.map(|(it, found)| (name(it), found.content)).collect();
        }
        let side = self.side_mut(at);
        if let Some(Phase::Cleaning { reading, deleting: false }) = side.phase()
            && scenario.mutation == Some(Mutation::VanishedIsDeleted)
        {
            return reading.clone();
        }
        let committed = matches!(side.phase(), Some(Phase::Committed));
        let quiescing = matches!(side.phase(), Some(Phase::Quiescing));
        let fresh = side.store.read(scenario.mutation == Some(Mutation::DeletingIsGone));
        match scenario.mutation {
            Some(Mutation::NoLastReading | Mutation::PauseLate) if committed => {
                side.lie.reading.take().unwrap_or(fresh)
            }
            Some(Mutation::NoLastReading | Mutation::PauseLate) if quiescing => {
                side.lie.reading = Some(fresh.clone());
                fresh
            }
            Some(Mutation::NoRecount) => side.lie.reading.take().unwrap_or(fresh),
            _ => fresh,
        }
    }

    fn perform_writes(
        &mut self,
        at: At,
        mut writes: Vec<Write>,
        fate: Fate,
        scenario: &Scenario,
    ) -> Option<Violation> {
        if writes.is_empty() {
            self.feed(at, Input::Done(Outcome::Ok), scenario);
            return None;
        }
        let write = writes.remove(0);
        if fate == Fate::Delayed {
            let request = floating(&write, self.side(at).store.staging(), scenario);
            self.side_mut(at).float(request);
            self.feed(at, Input::Done(unknown_write(scenario)), scenario);
            return None;
        }
        let (landed, violation) = self.land_write(at, &write, scenario);
        if !landed {
            self.feed(at, Input::Done(Outcome::Conflict), scenario);
        } else if fate == Fate::AnswerLost {
            self.feed(at, Input::Done(unknown_write(scenario)), scenario);
        } else if writes.is_empty() {
            self.feed(at, Input::Done(Outcome::Ok), scenario);
        } else {
            self.side_mut(at).pending.push_front(Pending::Apply(writes));
        }
        violation
    }

    fn land_write(
        &mut self,
        at: At,
        write: &Write,
        scenario: &Scenario,
    ) -> (bool, Option<Violation>) {
        let attempt = self.side(at).store.staging();
        self.land(at, &floating(write, attempt, scenario), scenario)
    }

    /// Whether what a side waits for is so.
    pub(crate) fn is_reached(&self, at: At, condition: Condition, scenario: &Scenario) -> bool {
        let side = self.side(at);
        let cluster = side.store.cluster.as_ref();
        let user_paused = cluster.is_some_and(|cluster| cluster.content.user_paused);
        let all_seen = |paused| side.store.objects().all(|(_, it)| it.seen_paused == paused);
        match condition {
            Condition::Settled | Condition::Backoff => true,
            Condition::Paused { quiet } => {
                let broken = match scenario.mutation {
                    Some(Mutation::NoTargetBarrier) => {
                        matches!(side.phase(), Some(Phase::Activating { .. }))
                    }
                    Some(Mutation::AbortTrustsOldCondition) => {
                        matches!(side.phase(), Some(Phase::Aborting { .. }))
                    }
                    Some(Mutation::PauseLate) => matches!(side.phase(), Some(Phase::Quiescing)),
                    _ => false,
                };
                let no_zombie = side.controller.zombie.is_none()
                    || scenario.mutation == Some(Mutation::BarrierIgnoresOldLeader);
                let paused = cluster.is_some_and(|it| it.paused()) && all_seen(true) && no_zombie;
                broken || paused && (!quiet || side.controller.is_quiet(&side.store))
            }
            Condition::Unpaused => user_paused || all_seen(false),
            Condition::Verified => user_paused || all_seen(false),
        }
    }

    /// The deadline of each request has passed, or the condition was seen.
    pub(crate) fn reach(&mut self, at: At, scenario: &Scenario) {
        let side = self.side_mut(at);
        let Some(condition) = side.waits.take() else {
            return;
        };
        let honest = scenario.mutation != Some(Mutation::ReadSettlesObject);
        if condition == Condition::Settled && honest {
            side.floating.retain(|request| !request.is_of_object());
        }
        self.feed(at, Input::Reached(condition), scenario);
    }

    /// A message arrives.
    pub(crate) fn receive(&mut self, at: At, message: Message, scenario: &Scenario) {
        if let Message::Complete { count, digest, .. } = &message
            && scenario.mutation == Some(Mutation::NoRecount)
        {
            let side = self.side_mut(at);
            let mut entries = side.store.read(false).entries().to_vec();
            if let Some(first) = entries.first().cloned() {
                entries.resize(*count, first);
                side.lie.reading = Some(Reading::new(entries, *digest));
            }
        }
        self.feed(at, Input::Received(message), scenario);
    }
}

fn unknown_write(scenario: &Scenario) -> Outcome {
    if scenario.mutation == Some(Mutation::ReadSettlesObject) {
        Outcome::Conflict
    } else {
        Outcome::Unknown
    }
}

/// A write as a request that can be under way.
fn floating(write: &Write, attempt: Option<Move>, scenario: &Scenario) -> Floating {
    let small = |number: u128| u8::try_from(number).expect("a world counts to less than 256");
    match write {
        Write::Put { entry, replaces: None } => {
            let attempt = attempt.map(|mv| mv.attempt);
            Floating::Create(object(&entry.name), Content::of(entry.digest), attempt)
        }
        Write::Put { entry, replaces: Some((uid, version)) } => Floating::Update(
            object(&entry.name),
            Content::of(entry.digest),
            small(uid.0),
            small(version.0.into()),
        ),
        Write::Delete { name, uid, version } => {
            let afresh = scenario.mutation == Some(Mutation::CleanUpReadsAfresh);
            let version = (!afresh).then(|| small(version.0.into()));
            Floating::Delete(object(name), small(uid.0), version)
        }
    }
}
