//! Everything that can happen next, and making it happen.

mod words;

use fulcrum_model::protocol::{Input, Phase, Standing, Timer};

use super::driver::Fate;
use super::side::Pending;
use super::store::SLOTS;
use super::{At, Violation, World};
use crate::scenario::Scenario;

/// One thing that happens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// The mover's process starts.
    Start(At),
    /// The mover performs its next effect.
    Perform(At, Fate),
    /// What the mover waits for is so.
    Reach(At),
    /// The mover sees that its pause is gone.
    SeeFlip(At),
    /// A session begins.
    Connect,
    /// A message arrives.
    Deliver(At),
    /// A timer fires.
    Fire(At, Timer),
    /// The informer of Clusters catches up.
    InformCluster(At),
    /// The informer of Machines catches up.
    InformMachines(At),
    /// A reconcile reads its cache and decides.
    Decide(At),
    /// What it decided lands.
    Act(At),
    /// What the leader before had decided lands.
    ActLate(At),
    /// A request whose answer was lost lands.
    Land(At, usize),
    /// A move is asked for.
    Request(At),
    /// The process dies; with a request under way, or without.
    Crash(At, bool),
    /// A message is lost.
    Lose(At),
    /// A message arrives, and a copy of it stays behind.
    Duplicate(At),
    /// A copy that stayed behind arrives.
    Replay(At),
    /// The second message overtakes the first.
    Overtake(At),
    /// The session breaks.
    Break,
    /// A user scales.
    Scale(At),
    /// A user deletes a Machine.
    DeleteMachine(At, usize),
    /// A user deletes a paused Machine by force.
    Vanish(At, usize),
    /// A user removes the mover's pause.
    Flip(At),
    /// The controllers fail over.
    FailOver(At),
    /// The store is backed up.
    BackUp(At),
    /// The store is restored.
    Restore(At),
    /// The store is lost.
    Forget(At),
    /// The record is deleted.
    LoseRecord(At),
    /// The side is gone for ever.
    Die(At),
    /// An operator asks to take over.
    TakeOver(At),
    /// An operator ends a hold: this side owns.
    Resume(At),
    /// An operator ends a hold: the other side owns.
    Yield(At),
}

impl Action {
    /// Whether it is a fault or somebody's whim: what may also never happen.
    #[must_use]
    pub fn is_optional(self) -> bool {
        self >= Self::Request(At::Parent)
            || matches!(self, Self::Perform(_, fate) if fate != Fate::Answered)
            || matches!(self, Self::Fire(_, Timer::Budget))
            || matches!(self, Self::Land(..))
    }
}

fn here(place: Option<At>, at: At) -> bool {
    place.is_none_or(|place| place == at)
}

impl World {
    /// Everything that can happen in this state.
    #[must_use]
    pub fn actions(&self, scenario: &Scenario) -> Vec<Action> {
        let mut actions = Vec::new();
        if !self.session && At::BOTH.iter().all(|at| self.side(*at).listens()) {
            actions.push(Action::Connect);
        }
        if self.session && self.budget.breaks > 0 {
            actions.push(Action::Break);
        }
        for at in At::BOTH {
            if self.side(at).dead {
                continue;
            }
            self.process_actions(at, scenario, &mut actions);
            self.wire_actions(at, scenario, &mut actions);
            if !scenario.prompt {
                self.controller_actions(at, &mut actions);
            }
            self.user_actions(at, scenario, &mut actions);
            self.disaster_actions(at, &mut actions);
        }
        actions
    }

    fn process_actions(&self, at: At, scenario: &Scenario, actions: &mut Vec<Action>) {
        let side = self.side(at);
        if !side.up {
            actions.push(Action::Start(at));
        }
        let writes = match side.pending.front() {
            Some(Pending::Record(..) | Pending::Pause(_)) => true,
            Some(Pending::Fence(_)) => scenario.fences,
            Some(Pending::Apply(writes)) => !writes.is_empty(),
            _ => false,
        };
        let delays = self.budget.delays > 0 && here(scenario.places.delays, at);
        if !side.pending.is_empty() {
            actions.push(Action::Perform(at, Fate::Answered));
            if writes && delays {
                actions.push(Action::Perform(at, Fate::AnswerLost));
                actions.push(Action::Perform(at, Fate::Delayed));
            }
        }
        let may_fail = matches!(
            side.pending.front(),
            Some(
                Pending::Fence(_)
                    | Pending::Raise(_)
                    | Pending::Pause(_)
                    | Pending::Preflight
                    | Pending::Tidy
            )
        );
        if may_fail && self.budget.failures > 0 {
            actions.push(Action::Perform(at, Fate::Failed));
        }
        if side.listens() && !side.machine.regressed() && side.has_lost_its_pause() {
            actions.push(Action::SeeFlip(at));
        }
        if side.waits.is_some_and(|condition| self.is_reached(at, condition, scenario)) {
            actions.push(Action::Reach(at));
        }
        actions.extend((0..side.floating.len()).map(|request| Action::Land(at, request)));
        if side.up && self.budget.crashes > 0 && here(scenario.places.crashes, at) {
            actions.push(Action::Crash(at, false));
            if writes && delays {
                actions.push(Action::Crash(at, true));
            }
        }
        self.timer_actions(at, actions);
    }

    fn timer_actions(&self, at: At, actions: &mut Vec<Action>) {
        let side = self.side(at);
        if !side.listens() {
            return;
        }
        // An answer is overdue only when nothing is under way.
        let idle =
            self.session && self.wires.iter().all(Vec::is_empty) && self.side(at.other()).listens();
        if idle && side.timers.contains(&Timer::Resend) {
            actions.push(Action::Fire(at, Timer::Resend));
        }
        if self.budget.timeouts > 0 && side.timers.contains(&Timer::Budget) {
            actions.push(Action::Fire(at, Timer::Budget));
        }
    }

    fn wire_actions(&self, at: At, scenario: &Scenario, actions: &mut Vec<Action>) {
        if self.strays[at.index()].is_some() && self.side(at).listens() {
            actions.push(Action::Replay(at));
        }
        let wire = &self.wires[at.index()];
        if wire.is_empty() {
            return;
        }
        if self.side(at).listens() {
            actions.push(Action::Deliver(at));
            if self.budget.duplicates > 0
                && here(scenario.places.duplicates, at)
                && self.strays[at.index()].is_none()
            {
                actions.push(Action::Duplicate(at));
            }
        }
        if self.budget.losses > 0 {
            actions.push(Action::Lose(at));
        }
        if wire.len() > 1 && self.budget.reorders > 0 {
            actions.push(Action::Overtake(at));
        }
    }

    fn controller_actions(&self, at: At, actions: &mut Vec<Action>) {
        let side = self.side(at);
        if !side.gate {
            return;
        }
        let controller = &side.controller;
        if controller.lags_on_cluster(&side.store) {
            actions.push(Action::InformCluster(at));
        }
        if controller.lags_on_machines(&side.store) {
            actions.push(Action::InformMachines(at));
        }
        if controller.doing.is_some() {
            actions.push(Action::Act(at));
        } else if controller.decide().is_some() {
            actions.push(Action::Decide(at));
        }
        if controller.zombie.is_some() {
            actions.push(Action::ActLate(at));
        }
    }

    fn user_actions(&self, at: At, scenario: &Scenario, actions: &mut Vec<Action>) {
        let side = self.side(at);
        let moves = match at {
            At::Parent => self.budget.pivots,
            At::Child => self.budget.unpivots,
        };
        let owner =
            matches!(side.phase(), Some(Phase::Owner)) && side.listens() && side.machine.rests();
        let answered = !self.side(at.other()).dead;
        if moves > 0 && owner && answered && !side.machine.regressed() {
            actions.push(Action::Request(at));
        }
        if self.users_may_write(at) && here(scenario.places.users, at) {
            if self.budget.scales > 0 {
                actions.push(Action::Scale(at));
            }
            if self.budget.deletes > 0 {
                let slots = (0..SLOTS).filter(|slot| self.can_delete(at, *slot));
                actions.extend(slots.map(|slot| Action::DeleteMachine(at, slot)));
            }
            if self.budget.vanishes > 0 {
                let slots = (0..SLOTS).filter(|slot| self.can_vanish(at, *slot));
                actions.extend(slots.map(|slot| Action::Vanish(at, slot)));
            }
            if self.budget.flips > 0 && self.can_flip(at) {
                actions.push(Action::Flip(at));
            }
        }
        let staged = matches!(side.phase(), Some(Phase::Staged { .. }));
        let may = self.side(at.other()).dead || scenario.mutation.is_some();
        if self.budget.takeovers > 0 && staged && side.listens() && may {
            actions.push(Action::TakeOver(at));
        }
        if side.machine.standing() == Standing::Held && side.listens() && side.machine.rests() {
            if self.budget.resumes > 0 && may {
                actions.push(Action::Resume(at));
            }
            let other = self.side(at.other());
            if self.budget.yields > 0 && self.session && other.phase() == Some(&Phase::Owner) {
                actions.push(Action::Yield(at));
            }
        }
    }

    fn disaster_actions(&self, at: At, actions: &mut Vec<Action>) {
        let side = self.side(at);
        let parent = at == At::Parent;
        if parent && self.budget.failovers > 0 && side.controller.doing.is_some() {
            actions.push(Action::FailOver(at));
        }
        let restores =
            if parent { self.budget.parent_restores } else { self.budget.child_restores };
        if restores > 0 && side.store.record.is_some() {
            if side.backup.is_some() {
                actions.push(Action::Restore(at));
            } else {
                actions.push(Action::BackUp(at));
            }
        }
        if parent && self.budget.amnesias > 0 {
            actions.push(Action::Forget(at));
        }
        if self.budget.record_losses > 0 && side.store.record.is_some() {
            actions.push(Action::LoseRecord(at));
        }
        let deaths = if parent { self.budget.deaths } else { self.budget.child_deaths };
        // A child that dies before anything else went wrong leaves nothing to resume.
        let upset = self.side(At::Parent).machine.standing() == Standing::Held;
        if deaths > 0 && (parent || upset) {
            actions.push(Action::Die(at));
        }
    }

    /// Makes it happen.
    pub fn apply(&mut self, action: Action, scenario: &Scenario) -> Option<Violation> {
        let violation = self.happen(action, scenario).or_else(|| self.check(scenario));
        if violation.is_some() || !scenario.prompt {
            return violation;
        }
        At::BOTH
            .into_iter()
            .find_map(|at| self.run_controllers(at))
            .or_else(|| self.check(scenario))
    }

    fn happen(&mut self, action: Action, scenario: &Scenario) -> Option<Violation> {
        match action {
            Action::Start(at) => self.start(at, scenario),
            Action::Perform(at, fate) => {
                match fate {
                    Fate::Answered => {}
                    Fate::Failed => self.budget.failures -= 1,
                    Fate::AnswerLost | Fate::Delayed => self.budget.delays -= 1,
                }
                return self.perform(at, fate, scenario);
            }
            Action::Reach(at) => self.reach(at, scenario),
            Action::SeeFlip(at) => self.feed(at, Input::PauseLost, scenario),
            Action::Connect => self.connect(scenario),
            Action::Deliver(at) => {
                let message = self.wires[at.index()].remove(0);
                self.receive(at, message, scenario);
            }
            Action::Fire(at, timer) => {
                if timer == Timer::Budget {
                    self.budget.timeouts -= 1;
                }
                self.side_mut(at).timers.retain(|armed| *armed != timer);
                self.feed(at, Input::Timer(timer), scenario);
            }
            Action::InformCluster(at) => {
                let side = self.side_mut(at);
                side.controller.deliver_cluster(&side.store);
            }
            Action::InformMachines(at) => {
                let side = self.side_mut(at);
                side.controller.deliver_machines(&side.store);
            }
            Action::Decide(at) => {
                let controller = &mut self.side_mut(at).controller;
                controller.doing = controller.decide();
            }
            Action::Act(at) => return self.act(at, false),
            Action::ActLate(at) => return self.act(at, true),
            Action::Land(at, request) => {
                let request = self.side_mut(at).floating.remove(request);
                return self.land(at, &request, scenario).1;
            }
            fault => return self.go_wrong(fault, scenario),
        }
        None
    }

    fn go_wrong(&mut self, action: Action, scenario: &Scenario) -> Option<Violation> {
        match action {
            Action::Request(at) => self.ask_to_move(at, scenario),
            Action::Crash(at, under_way) => return self.crash(at, under_way, scenario),
            Action::Lose(at) => {
                self.budget.losses -= 1;
                self.wires[at.index()].remove(0);
            }
            Action::Duplicate(at) => {
                self.budget.duplicates -= 1;
                let message = self.wires[at.index()].remove(0);
                self.strays[at.index()] = Some(message.clone());
                self.receive(at, message, scenario);
            }
            Action::Replay(at) => {
                if let Some(message) = self.strays[at.index()].take() {
                    self.receive(at, message, scenario);
                }
            }
            Action::Overtake(at) => {
                self.budget.reorders -= 1;
                self.wires[at.index()].swap(0, 1);
            }
            Action::Break => {
                self.budget.breaks -= 1;
                self.break_session();
            }
            Action::Scale(at) => self.scale(at),
            Action::DeleteMachine(at, slot) => self.delete_machine(at, slot),
            Action::Vanish(at, slot) => self.vanish(at, slot),
            Action::Flip(at) => self.flip(at),
            Action::FailOver(at) => self.fail_over(at),
            Action::BackUp(at) => self.back_up(at),
            Action::Restore(at) => self.restore(at, scenario),
            Action::Forget(at) => self.forget(at, scenario),
            Action::LoseRecord(at) => self.lose_record(at),
            Action::Die(at) => self.die(at),
            Action::TakeOver(at) => self.take_over(at, scenario),
            Action::Resume(at) => self.resume(at, scenario),
            Action::Yield(at) => self.yield_to_other(at, scenario),
            other => unreachable!("{other:?} is no fault"),
        }
        None
    }

    fn start(&mut self, at: At, scenario: &Scenario) {
        let side = self.side_mut(at);
        side.up = true;
        let stored = side.store.record.clone();
        if stored.is_none() {
            // Absence is believed only when nothing of an earlier life can land any more.
            side.floating.clear();
        }
        let live = side.store.objects().next().is_some();
        let witness = if scenario.gate { side.witness } else { None };
        self.feed(at, Input::Started { stored, live, witness }, scenario);
    }

    fn crash(&mut self, at: At, under_way: bool, scenario: &Scenario) -> Option<Violation> {
        self.budget.crashes -= 1;
        let mut violation = None;
        if under_way {
            self.budget.delays -= 1;
            violation = self.perform(at, Fate::Delayed, scenario);
        }
        self.stop(at);
        violation
    }
}
