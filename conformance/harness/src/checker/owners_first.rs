//! O1: an object never exists on the target before every object that owns it.

use super::{Checker, Scene, Verdict, count, line, names};
use crate::history::facts::Owner;
use crate::history::moves::Move;
use crate::history::objects::Track;
use crate::history::{Key, Side, Write};
use crate::verdict::Line;
use std::collections::{BTreeMap, BTreeSet};

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
    let uids = Uids::of(scene);
    let mut found = Found::default();
    for key in one.copies.keys() {
        let Some(track) = scene.objects.track(Side::Target, key) else {
            continue;
        };
        let created = one.copies[key].created;
        let owners = track.births().find(|birth| std::ptr::eq(birth.write, created));
        match owners.and_then(|birth| birth.state.facts.owners.as_ref()) {
            Some(owners) => {
                found.judged += 1;
                owners.iter().for_each(|owner| found.owner(scene, &uids, created, owner));
            }
            None => found.unnamed(scene, one, key, created),
        }
    }
    found.verdict()
}

#[derive(Default)]
struct Found {
    judged: usize,
    inferred: usize,
    wrong: Vec<(String, Vec<Line>)>,
    untold: Vec<String>,
}

impl Found {
    /// One owner reference of an object at the moment of its creation.
    fn owner(&mut self, scene: &Scene<'_>, uids: &Uids<'_, '_>, created: &Write, owner: &Owner) {
        let name = scene.objects.name(&created.object);
        let called = format!("{} {}", owner.kind, owner.name);
        let this = line(created, format!("created {name}, owned by {called}"));
        match uids.at_target.get(owner.uid.as_str()) {
            Some(track) => {
                let birth = track.births().find(|step| step.write.uid.as_ref() == Some(&owner.uid));
                let late = birth.filter(|birth| comes_after(birth.write, created));
                if let Some(late) = late {
                    let says = format!("{name} was created before its owner {called}");
                    self.wrong.push((says, vec![this, scene.line(late)]));
                } else if !track.existed_before(created.completed) {
                    let says = format!("{name} was created when its owner {called} was gone");
                    self.wrong.push((says, vec![this]));
                }
            }
            None if uids.at_source.contains(owner.uid.as_str()) => {
                let says = format!(
                    "{name} refers to its owner {called} by the source's UID {}, which no object \
                     of the target has",
                    owner.uid
                );
                self.wrong.push((says, vec![this]));
            }
            None if uids.is_another(owner, &created.object) => {
                let says = format!(
                    "{name} refers to its owner {called} by the UID {}, but the target's has \
                     another",
                    owner.uid
                );
                self.wrong.push((says, vec![this]));
            }
            None => self.untold.push(format!("{called} (owner of {name})")),
        }
    }

    /// An object whose owners are not in the log. A Secret is owned by an object that its name
    /// tells, or by an object of the control plane; when all of these were there, its owner was.
    fn unnamed(&mut self, scene: &Scene<'_>, one: &Move<'_>, key: &Key, created: &Write) {
        let possible: Vec<&Write> = one
            .copies
            .iter()
            .filter(|(other, _)| *other != key && could_own(other, key))
            .map(|(_, copy)| copy.created)
            .collect();
        let there = possible.iter().all(|owner| !comes_after(owner, created));
        if key.is_secret() && there && !possible.is_empty() {
            self.inferred += 1;
        } else {
            self.untold.push(format!("the owners of {}", scene.objects.name(key)));
        }
    }

    fn verdict(mut self) -> Verdict {
        self.wrong.sort_by_key(|(_, lines)| lines.iter().map(|line| line.at).min());
        if let Some((first, _)) = self.wrong.first() {
            let more = match self.wrong.len() - 1 {
                0 => String::new(),
                more => format!(", and {} like it", count(more, "reference")),
            };
            let says = format!("{first}{more}; expected every owner to be there first.");
            return Verdict::failed(says).with(self.wrong.into_iter().flat_map(|(_, lines)| lines));
        }
        if !self.untold.is_empty() {
            return Verdict::unknown(format!(
                "The target's log does not tell when these came into being, or under which UID: {}.",
                names(&self.untold)
            ));
        }
        let inferred = match self.inferred {
            0 => String::new(),
            some => format!(
                " The bodies of {} are not in the log; everything that can own them was there.",
                count(some, "Secret")
            ),
        };
        Verdict::passed(format!(
            "Each of {} was created after its owners, and refers to them by the target's \
             UIDs.{inferred}",
            count(self.judged, "object")
        ))
    }
}

/// Whether the first write surely took effect after the second. One store gives both their
/// versions, and where these are known they decide.
fn comes_after(first: &Write, second: &Write) -> bool {
    match first.resource_version.zip(second.resource_version) {
        Some((first, second)) => first > second,
        None => first.received > second.completed,
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

/// The UIDs that both servers gave.
struct Uids<'t, 'h> {
    at_target: BTreeMap<&'t str, &'t Track<'h>>,
    at_source: BTreeSet<&'t str>,
}

impl<'t, 'h> Uids<'t, 'h> {
    fn of(scene: &'t Scene<'h>) -> Self {
        let mut at_target = BTreeMap::new();
        for track in scene.objects.of_side(Side::Target) {
            at_target.extend(track.uids().map(|uid| (uid, track)));
        }
        let own = scene.objects.of_side(Side::Source).flat_map(Track::uids);
        let sent = scene.moves.iter().flat_map(|one| one.copies.values());
        let sent = sent.filter_map(|copy| copy.source_uid.as_deref());
        Self { at_source: own.chain(sent).collect(), at_target }
    }

    /// Whether the target has an object of the owner's kind and name, and under other UIDs only.
    fn is_another(&self, owner: &Owner, owned: &Key) -> bool {
        self.at_target.values().any(|track| {
            track.kind == Some(owner.kind.as_str())
                && track.key.name == owner.name
                && track.key.namespace == owned.namespace
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::tests::judged;
    use crate::history::build::{key, pivot, reference};
    use crate::verdict::Outcome;

    #[test]
    fn a_pivot_passes() {
        let finding = judged(&CHECKER, pivot());
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
    }

    #[test]
    fn a_machine_before_its_machine_set_fails() {
        let late = key("MachineSet ms");
        let story = pivot()
            .without(|write| write.side == Side::Target && write.creates() && write.object == late)
            .at(1_500)
            .copy("MachineSet ms", &["MachineDeployment md"]);
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("Machine default/m1"), "{}", finding.summary);
        assert_eq!(finding.witness.len(), 2);
    }

    #[test]
    fn a_reference_with_the_sources_uid_fails() {
        let story = pivot().changed(
            |write| write.side == Side::Target && write.object == key("DockerMachine m1"),
            |write| {
                if write.told.owners.is_some() {
                    write.told.owners = Some(vec![reference(Side::Source, "Machine m1")]);
                }
            },
        );
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("source's UID"), "{}", finding.summary);
    }

    #[test]
    fn owners_that_are_not_logged_are_unknown() {
        let story = pivot().changed(
            |write| write.object == key("DockerMachine m1"),
            |write| write.told.owners = None,
        );
        assert_eq!(judged(&CHECKER, story).outcome, Outcome::Unknown);
    }
}
