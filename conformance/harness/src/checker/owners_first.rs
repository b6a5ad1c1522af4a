//! O1: an object never exists on the target before every object that owns it.
//!
//! A reference that is written later counts as well: whoever is made an owner while the target is
//! staged owned the object from the beginning. A controller that adopts an object when the target
//! owns is its owner from then on only, and nothing is said of it.

mod found;

use super::owners::Owners;
use super::{Checker, Scene, Verdict, line};
use crate::history::facts::Owner;
use crate::history::moves::Move;
use crate::history::objects::{Step, Track};
use crate::history::{Key, Side, Write};
use found::Found;
use std::collections::BTreeSet;

pub(super) const CHECKER: Checker = Checker {
    id: "checker/owners-first",
    rule: "O1",
    claim: "An object never exists on the target before every object that owns it.",
    judge,
};

fn judge(scene: &Scene<'_>, one: &Move<'_>) -> Verdict {
    if let Some(unknown) = scene.lacks(&[Side::Target]) {
        return unknown;
    }
    let judged = Judged { scene, one, owners: Owners::of(scene, one), heads: heads(one) };
    let mut found = Found::default();
    for (key, copy) in &one.copies {
        if let Some(track) = scene.objects.track(Side::Target, key) {
            judged.copy(&mut found, track, copy.created);
        }
    }
    found.verdict()
}

/// What one move is judged by.
struct Judged<'s, 'h> {
    scene: &'s Scene<'h>,
    one: &'s Move<'h>,
    owners: Owners<'s>,
    /// The copies that can own a Secret of the cluster.
    heads: Vec<(&'s Key, &'h Write)>,
}

/// The Cluster, what is of the control plane, and what makes bootstrap data.
fn heads<'s, 'h>(one: &'s Move<'h>) -> Vec<(&'s Key, &'h Write)> {
    let can = |key: &Key| {
        let group = &key.group;
        key.is_cluster() || group.starts_with("controlplane.") || group.starts_with("bootstrap.")
    };
    let heads = one.copies.iter().filter(|(key, _)| can(key));
    heads.map(|(key, copy)| (key, copy.created)).collect()
}

impl Judged<'_, '_> {
    /// One copy: the owners that it was created with, and those that were written to it later.
    fn copy(&self, found: &mut Found, track: &Track<'_>, created: &Write) {
        let life = track.steps.iter().skip_while(|step| !std::ptr::eq(step.write, created));
        let mut life = life.take_while(|step| step.exists);
        let owners = life.next().and_then(|birth| birth.state.facts.owners.as_ref());
        let mut seen: BTreeSet<&Owner> = BTreeSet::new();
        match owners {
            Some(owners) => {
                found.judged += 1;
                if owners.is_empty() {
                    self.without_owner(found, created);
                }
                for owner in owners.iter().filter(|&owner| seen.insert(owner)) {
                    self.owner(found, created, created, owner);
                }
            }
            None => self.unnamed(found, created),
        }
        let mut known = owners.is_some();
        for step in life {
            match &step.state.facts.owners {
                Some(owners) => {
                    let new = owners.iter().filter(|&owner| seen.insert(owner));
                    let counts = new.filter(|owner| self.counts(step, owner));
                    counts.for_each(|owner| self.owner(found, created, step.write, owner));
                }
                None if known && self.by_mover(step) => {
                    let name = self.scene.objects.name(&created.object);
                    let at = step.write.received;
                    found.untold.push(format!("the owners of {name} from {at:.3} on"));
                }
                None => {}
            }
            known = step.state.facts.owners.is_some();
        }
    }

    /// Whether a reference that is written later says who owned the object from the beginning: in
    /// the course of the move, or by the mover to another copy. One that bears a UID of the source
    /// is never right.
    fn counts(&self, step: &Step<'_>, owner: &Owner) -> bool {
        let unpause = self.one.target_unpause;
        let staged = unpause.is_none_or(|end| step.write.received < end.received);
        let of_source = self.scene.with_uid(Side::Source, &owner.uid).is_some();
        let moved = self.scene.with_uid(Side::Target, &owner.uid);
        let moved = moved.is_some_and(|key| self.one.copies.contains_key(key));
        staged || of_source || (moved && self.by_mover(step))
    }

    fn by_mover(&self, step: &Step<'_>) -> bool {
        self.one.is_mover(Side::Target, &step.write.actor)
    }

    /// One owner reference of the object that was `created`, and the write that told it.
    fn owner(&self, found: &mut Found, created: &Write, told: &Write, owner: &Owner) {
        let name = self.scene.objects.name(&created.object);
        let called = format!("{} {}", owner.kind, owner.name);
        let mut lines = vec![line(created, format!("created {name}"))];
        if std::ptr::eq(created, told) {
            lines[0].what.push_str(&format!(", owned by {called}"));
        } else {
            lines.push(line(told, format!("made {called} an owner of {name}")));
        }
        let by_uid = self.scene.with_uid(Side::Target, &owner.uid);
        let says = match by_uid.and_then(|key| self.scene.objects.track(Side::Target, key)) {
            Some(track) => {
                let birth = track.births().find(|step| step.write.uid.as_ref() == Some(&owner.uid));
                if let Some(late) = birth.filter(|birth| created.precedes(birth.write)) {
                    lines.push(self.scene.line(late));
                    format!("{name} was created before its owner {called}")
                } else if !track.existed_at(told) {
                    format!("{name} was given an owner, {called}, that was gone")
                } else {
                    return;
                }
            }
            None if self.scene.with_uid(Side::Source, &owner.uid).is_some() => format!(
                "{name} refers to its owner {called} by the source's UID {}, which no object of \
                 the target has",
                owner.uid
            ),
            None if self.has_another(owner, &created.object) => format!(
                "{name} refers to its owner {called} by the UID {}, but the target's has another",
                owner.uid
            ),
            None => {
                found.untold.push(format!("{called} (owner of {name})"));
                return;
            }
        };
        found.wrong.push((says, lines));
    }

    /// Whether the copy that a reference names is known, and under other UIDs only.
    fn has_another(&self, owner: &Owner, owned: &Key) -> bool {
        let copy = self.owners.find(owner, owned);
        let track = copy.and_then(|key| self.scene.objects.track(Side::Target, key));
        track.is_some_and(|track| track.uids().next().is_some())
    }

    /// An object that refers to nobody when it is created. Its original tells who owns it.
    fn without_owner(&self, found: &mut Found, created: &Write) {
        let key = &created.object;
        let original = self.scene.objects.track(Side::Source, key);
        let steps = original.into_iter().flat_map(|original| original.steps.iter().rev());
        let mut steps = steps.filter_map(|step| step.state.facts.owners.as_ref());
        let owners = steps.next().into_iter().flatten();
        let moved: Vec<&Key> = owners.filter_map(|owner| self.owners.find(owner, key)).collect();
        if !moved.is_empty() {
            found.bare.push(self.scene.objects.name(key));
        }
        for owner in moved {
            let copy = self.one.copies[owner].created;
            if created.precedes(copy) {
                let (owner, name) = (self.scene.objects.name(owner), self.scene.objects.name(key));
                let says = format!("{name} was created before {owner}, which owns its original");
                let lines = [(created, &name), (copy, &owner)];
                let lines = lines.map(|(write, name)| line(write, format!("created {name}")));
                found.wrong.push((says, lines.into()));
            }
        }
    }

    /// An object whose owners are not in the log. A Secret is owned by an object that its name
    /// tells, or by an object of the control plane; when all of these were there, its owner was.
    fn unnamed(&self, found: &mut Found, created: &Write) {
        let key = &created.object;
        let possible = || self.heads.iter().filter(|(head, _)| could_own(head, key));
        let there = possible().all(|(_, owner)| !created.precedes(owner));
        if key.is_secret() && there && possible().next().is_some() {
            found.inferred += 1;
        } else {
            found.untold.push(format!("the owners of {}", self.scene.objects.name(key)));
        }
    }
}

/// Whether an object can own a Secret: it bears its name, or is of the control plane, or a Cluster
/// with whose name the Secret's begins.
fn could_own(owner: &Key, secret: &Key) -> bool {
    let named = owner.name == secret.name && owner.group.starts_with("bootstrap.");
    let of_cluster = crate::history::owned::cluster_of_secret(secret).is_some();
    let holds = owner.group.starts_with("controlplane.") || owner.is_cluster();
    owner.namespace == secret.namespace && (named || (of_cluster && holds))
}

#[cfg(test)]
mod tests;
