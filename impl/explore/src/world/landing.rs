//! Requests that arrive at an API server: whether the guard holds, and what is broken if it does.

use fulcrum_model::protocol::{Fence, Phase, Record, Stored, Version};

use super::side::Floating;
use super::store::{CLUSTER, Content, name};
use super::{At, Violation, World};
use crate::mutation::Mutation;
use crate::scenario::Scenario;

impl World {
    /// Writes the record if its guard holds.
    pub(crate) fn land_record(
        &mut self,
        at: At,
        record: &Record,
        expect: Option<Version>,
        scenario: &Scenario,
    ) -> Result<Version, Option<Box<Stored>>> {
        let side = self.side_mut(at);
        if side.store.record.as_ref().map(|stored| stored.version) != expect {
            return Err(side.store.record.clone().map(Box::new));
        }
        let version = Version(expect.map_or(1, |version| version.0 + 1));
        let mut record = record.clone();
        distort(&mut record, scenario.mutation);
        if let Phase::Cleaning { .. } = record.phase {
            side.witness = side.witness.max(Some(record.epoch));
        }
        let activating = matches!(record.phase, Phase::Activating { .. })
            && !matches!(side.phase(), Some(Phase::Activating { .. }));
        let late = record.late.clone();
        side.store.record = Some(Stored { record, version });
        if activating {
            self.ghost.activated.clone_from(&self.ghost.counted);
        }
        for write in late {
            if !self.ghost.reported.contains(&write) {
                self.ghost.reported.push(write);
            }
        }
        self.ghost.reported.sort();
        self.prune(at);
        Ok(version)
    }

    /// Pauses or unpauses the Cluster; always a write.
    pub(crate) fn pause(&mut self, at: At, pause: bool, scenario: &Scenario) -> Option<Violation> {
        let cluster = self.side_mut(at).store.cluster.as_mut()?;
        cluster.version += 1;
        cluster.mover_paused = pause && !cluster.content.user_paused;
        let mut violation = None;
        if !pause
            && cluster.content.user_paused
            && scenario.mutation == Some(Mutation::UnpauseIgnoresMark)
        {
            cluster.content.user_paused = false;
            violation = Some(Violation::ForeignPauseLost);
        }
        self.prune(at);
        violation
    }

    /// Writes the fence; always a write.
    pub(crate) fn set_fence(&mut self, at: At, fence: Fence) {
        let store = &mut self.side_mut(at).store;
        store.fence = fence;
        store.fence_version += 1;
        self.prune(at);
    }

    /// A request arrives at the API server: whether its guard held, and what it broke.
    pub(crate) fn land(
        &mut self,
        at: At,
        request: &Floating,
        scenario: &Scenario,
    ) -> (bool, Option<Violation>) {
        match request {
            Floating::Record(record, expect) => {
                (self.land_record(at, &record.0, *expect, scenario).is_ok(), None)
            }
            Floating::Pause(pause, ..) => {
                let fits = request.can_land(&self.side(at).store);
                (fits, if fits { self.pause(at, *pause, scenario) } else { None })
            }
            Floating::Create(object, content, attempt) => {
                let store = &mut self.side_mut(at).store;
                let welcome = !scenario.fences
                    || store.staging().map(|mv| mv.attempt) == *attempt && attempt.is_some();
                let fits = store.get(*object).is_none() && welcome;
                if fits {
                    store.create(*object, *content, true);
                    self.prune(at);
                }
                (fits, None)
            }
            Floating::Update(object, content, ..) => {
                let fits = request.can_land(&self.side(at).store);
                let violation = fits.then(|| self.overwrite(at, *object, *content)).flatten();
                (fits, violation)
            }
            Floating::Fence(fence, _) => {
                let fits = request.can_land(&self.side(at).store);
                if fits {
                    self.set_fence(at, *fence);
                }
                (fits, None)
            }
            Floating::Delete(object, ..) => {
                let fits = request.can_land(&self.side(at).store);
                let violation = fits.then(|| self.delete(at, *object)).flatten();
                (fits, violation)
            }
        }
    }

    fn overwrite(&mut self, at: At, object: usize, content: Content) -> Option<Violation> {
        let counted = self.side(at).phase().is_some_and(Phase::owns);
        // What was counted is what is activated: an update that comes later undoes it.
        let violation =
            if counted { Some(Violation::LostInSilence) } else { self.loses_a_write(at, object) };
        let found = self.side_mut(at).store.slot(object).as_mut()?;
        found.content = content;
        found.version += 1;
        found.applied = Some(content);
        self.prune(at);
        violation
    }

    fn delete(&mut self, at: At, object: usize) -> Option<Violation> {
        let needed = object == CLUSTER || self.infrastructure >> object & 1 == 1;
        let other = self.side(at.other()).store.get(object).is_some();
        let gives_away = self.gives_away(at);
        let violation = if self.side(at).acts_on(object) {
            Some(Violation::DeletionReachesInfrastructure)
        } else if needed && !other && !(gives_away && self.ghost.unmet_restore[at.other().index()])
        {
            Some(Violation::LastCopyDeleted)
        } else {
            self.loses_a_write(at, object)
        };
        *self.side_mut(at).store.slot(object) = None;
        self.prune(at);
        violation
    }

    /// Whether what is about to go was neither carried nor reported.
    fn loses_a_write(&self, at: At, object: usize) -> Option<Violation> {
        let side = self.side(at);
        let found = side.store.get(object)?;
        let reported = |deleted: bool| {
            self.ghost.reported.iter().any(|late| {
                late.name == name(object)
                    && late.digest == found.content.digest()
                    && late.deleted == deleted
            })
        };
        let carried = if self.gives_away(at) {
            self.ghost.activated.contains(&(name(object), found.content))
        } else {
            found.applied == Some(found.content)
        };
        let kept = if found.deleting { reported(true) } else { carried || reported(false) };
        (!kept).then_some(Violation::LostInSilence)
    }

    fn gives_away(&self, at: At) -> bool {
        matches!(self.side(at).phase(), Some(Phase::Cleaning { .. } | Phase::Released))
    }

    /// Forgets requests whose guard can hold no more.
    fn prune(&mut self, at: At) {
        let side = self.side_mut(at);
        let store = &side.store;
        side.floating.retain(|request| request.can_land(store));
    }
}

/// Writes a record otherwise than asked for.
fn distort(record: &mut Record, mutation: Option<Mutation>) {
    match (mutation, &record.phase) {
        (Some(Mutation::LastReadingNotRecorded), Phase::Completing { .. }) => {
            record.phase = Phase::Committed;
        }
        (Some(Mutation::OutcomeDropped), Phase::Copying)
        | (Some(Mutation::AckNotRecorded), Phase::Owner) => record.activation = None,
        _ => {}
    }
}
