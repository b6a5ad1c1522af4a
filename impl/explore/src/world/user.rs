//! What users, operators and disasters do.

use fulcrum_model::protocol::{Fence, Input, Lineage, Phase, Request, Timer};

use super::controller::{Act, Controller};
use super::store::{CLUSTER, SLOTS, Store};
use super::{At, Violation, World};
use crate::mutation::Mutation;
use crate::scenario::Scenario;

impl World {
    /// Whether users may write to what is moved on a side.
    pub(crate) fn users_may_write(&self, at: At) -> bool {
        let side = self.side(at);
        !side.dead && side.store.fence == Fence::Down && side.store.cluster.is_some()
    }

    pub(crate) fn scale(&mut self, at: At) {
        self.budget.scales -= 1;
        let Some(cluster) = self.side_mut(at).store.cluster.as_mut() else {
            return;
        };
        cluster.content.replicas = if cluster.content.replicas == 1 { 2 } else { 1 };
        cluster.version += 1;
        let wanted = cluster.content.replicas;
        self.ghost.wanted = self.ghost.wanted.max(wanted);
    }

    pub(crate) fn delete_machine(&mut self, at: At, slot: usize) {
        self.budget.deletes -= 1;
        if let Some(machine) = self.side_mut(at).store.machines[slot].as_mut() {
            machine.deleting = true;
            machine.version += 1;
        }
    }

    /// A user deletes a paused Machine with its finalizers, and the machine itself.
    pub(crate) fn vanish(&mut self, at: At, slot: usize) {
        self.budget.vanishes -= 1;
        self.side_mut(at).store.machines[slot] = None;
        self.infrastructure &= !(1 << slot);
        self.ghost.vanished.push(super::store::name(slot));
    }

    pub(crate) fn can_vanish(&self, at: At, slot: usize) -> bool {
        let side = self.side(at);
        let store = &side.store;
        // Who removes what the mover is about to delete, or has not made yet, is not told from it.
        let going = matches!(
            side.phase(),
            Some(Phase::Cleaning { .. } | Phase::Discarding | Phase::Staging)
        );
        !going
            && store.machines[slot].is_some()
            && store.cluster.as_ref().is_some_and(super::store::Object::paused)
    }

    pub(crate) fn flip(&mut self, at: At) {
        self.budget.flips -= 1;
        if let Some(cluster) = self.side_mut(at).store.cluster.as_mut() {
            cluster.mover_paused = false;
            cluster.version += 1;
        }
    }

    /// The reconcile that was decided reaches the API server and the infrastructure.
    pub(crate) fn act(&mut self, at: At, zombie: bool) -> Option<Violation> {
        let side = self.side_mut(at);
        let slot = if zombie { &mut side.controller.zombie } else { &mut side.controller.doing };
        let act = slot.take()?;
        let owns = side.phase().is_some_and(Phase::owns);
        match act {
            Act::Mark(object, paused) => {
                if let Some(found) = side.store.slot(object) {
                    found.seen_paused = paused;
                }
                side.controller.marked(object, paused);
                return None;
            }
            Act::Create => {
                let slot = usize::from(self.next_slot);
                assert!(slot < SLOTS, "a world that makes {slot} machines needs more names");
                self.next_slot += 1;
                self.infrastructure |= 1 << slot;
                let side = self.side_mut(at);
                side.store.create(slot, super::store::Content::MACHINE, false);
                if !zombie {
                    side.controller.made(slot, &side.store);
                }
            }
            Act::Destroy(slot) => {
                self.infrastructure &= !(1 << slot);
                let side = self.side_mut(at);
                side.store.machines[slot] = None;
                side.controller.made(slot, &side.store);
            }
        }
        (!owns).then_some(Violation::ActedUnowned)
    }

    /// Controllers see and do everything at once.
    pub(crate) fn run_controllers(&mut self, at: At) -> Option<Violation> {
        loop {
            let side = self.side_mut(at);
            if side.dead || !side.gate {
                return None;
            }
            side.controller.deliver_cluster(&side.store);
            side.controller.deliver_machines(&side.store);
            side.controller.doing = side.controller.decide();
            side.controller.doing?;
            if let Some(violation) = self.act(at, false) {
                return Some(violation);
            }
        }
    }

    pub(crate) fn fail_over(&mut self, at: At) {
        self.budget.failovers -= 1;
        let side = self.side_mut(at);
        let zombie = side.controller.doing;
        side.controller = Controller { zombie, ..Controller::fresh(&side.store) };
        self.ghost.raced |= zombie == Some(Act::Create);
    }

    pub(crate) fn back_up(&mut self, at: At) {
        let side = self.side_mut(at);
        side.backup = Some(Box::new(side.store.clone()));
    }

    /// The store becomes its backup; controllers start with the API server, the mover later (H8).
    pub(crate) fn restore(&mut self, at: At, scenario: &Scenario) {
        match at {
            At::Parent => self.budget.parent_restores -= 1,
            At::Child => self.budget.child_restores -= 1,
        }
        self.ghost.unmet_restore[at.index()] = true;
        if let Some(backup) = self.side_mut(at).backup.take() {
            self.replace_store(at, *backup, scenario);
        }
    }

    pub(crate) fn forget(&mut self, at: At, scenario: &Scenario) {
        self.budget.amnesias -= 1;
        self.replace_store(at, Store::default(), scenario);
        self.side_mut(at).witness = None;
    }

    /// Somebody deletes the record; the mover is restarted, for it cannot go on.
    pub(crate) fn lose_record(&mut self, at: At) {
        self.budget.record_losses -= 1;
        let side = self.side_mut(at);
        side.store.record = None;
        self.stop(at);
    }

    fn replace_store(&mut self, at: At, store: Store, scenario: &Scenario) {
        let side = self.side_mut(at);
        side.store = store;
        side.controller = Controller::fresh(&side.store);
        side.floating.clear();
        side.gate = !scenario.gate;
        self.stop(at);
    }

    pub(crate) fn stop(&mut self, at: At) {
        self.side_mut(at).stop();
        self.break_session();
    }

    /// The whole side is gone for ever, its controllers with it.
    pub(crate) fn die(&mut self, at: At) {
        match at {
            At::Parent => self.budget.deaths -= 1,
            At::Child => self.budget.child_deaths -= 1,
        }
        self.stop(at);
        let side = self.side_mut(at);
        side.dead = true;
        side.floating.clear();
        side.controller = Controller::default();
    }

    pub(crate) fn break_session(&mut self) {
        let was_open = std::mem::take(&mut self.session);
        for wire in &mut self.wires {
            wire.clear();
        }
        if was_open {
            for side in &mut self.sides {
                if side.up {
                    fulcrum_model::protocol::step(&mut side.machine, Input::SessionDown);
                    side.timers.retain(|timer| *timer != Timer::Resend);
                }
            }
        }
    }

    /// Both sides state their record.
    pub(crate) fn connect(&mut self, scenario: &Scenario) {
        self.session = true;
        self.ghost.unmet_restore = [false; 2];
        let claims = At::BOTH.map(|at| self.side(at).machine.claim());
        for at in At::BOTH {
            let peer = claims[at.other().index()].clone();
            if peer.is_none() && scenario.mutation == Some(Mutation::NoRecordMeansAbort) {
                let last = self.side(at).machine.record().and_then(|record| record.last);
                if let Some(mv) = last {
                    let abort = fulcrum_model::protocol::Message::Abort(mv);
                    self.feed(at, Input::SessionUp(None), scenario);
                    self.feed(at, Input::Received(abort), scenario);
                    continue;
                }
            }
            self.feed(at, Input::SessionUp(peer), scenario);
        }
    }

    pub(crate) fn ask_to_move(&mut self, at: At, scenario: &Scenario) {
        let left = match at {
            At::Parent => &mut self.budget.pivots,
            At::Child => &mut self.budget.unpivots,
        };
        *left -= 1;
        let id = u128::from(*left) * 2 + at.index() as u128;
        self.feed(at, Input::Request(Request::Move(id)), scenario);
    }

    pub(crate) fn take_over(&mut self, at: At, scenario: &Scenario) {
        self.budget.takeovers -= 1;
        let others_stopped =
            self.side(at.other()).dead || scenario.mutation == Some(Mutation::TakeoverWithoutProof);
        let request = Request::Takeover { lineage: Lineage(2), others_stopped };
        self.feed(at, Input::Request(request), scenario);
    }

    pub(crate) fn resume(&mut self, at: At, scenario: &Scenario) {
        self.budget.resumes -= 1;
        let others_stopped =
            self.side(at.other()).dead || scenario.mutation == Some(Mutation::ResumeWithoutProof);
        let request = Request::Resume { lineage: Lineage(3), others_stopped };
        self.feed(at, Input::Request(request), scenario);
    }

    /// The operator reads what the other side claims, and says that it is so.
    pub(crate) fn yield_to_other(&mut self, at: At, scenario: &Scenario) {
        self.budget.yields -= 1;
        if let Some(claim) = self.side(at.other()).machine.claim() {
            let request = Request::Yield { lineage: claim.lineage, epoch: claim.epoch };
            self.feed(at, Input::Request(request), scenario);
        }
    }

    pub(crate) fn can_delete(&self, at: At, slot: usize) -> bool {
        self.side(at).store.machines[slot].as_ref().is_some_and(|machine| !machine.deleting)
    }

    pub(crate) fn can_flip(&self, at: At) -> bool {
        self.side(at).store.get(CLUSTER).is_some_and(|cluster| cluster.mover_paused)
    }
}
