//! H6: what stood at the source stands at the target when it owns, and what was written late is
//! carried; nothing is lost in silence.
//!
//! Compared is what the source held last, the mover's own writes aside, with what the target held
//! when it came to own. Each side is read by its own clock.

mod content;
mod target;

use super::{Checker, Scene, Verdict, count, line, names, plural};
use crate::history::change::Change;
use crate::history::facts::Area;
use crate::history::moves::{Copied, Move};
use crate::history::objects::{Step, Track};
use crate::history::owned::cluster_of_secret;
use crate::history::{Key, Side, Write};
use crate::verdict::Line;
use content::{Part, at, life, part_of};
use std::collections::BTreeSet;

pub(super) const CHECKER: Checker = Checker {
    id: "checker/nothing-lost",
    rule: "H6",
    claim: "Every object of the source is on the target, with everything written to it.",
    judge,
};

/// What was lost, as a sentence without its end, and the events that show it.
type Loss = (String, Vec<Line>);

fn judge(scene: &Scene<'_>, one: &Move<'_>) -> Verdict {
    let mut found = Found { lost: target::losses(scene, one), ..Found::default() };
    if found.lost.is_empty()
        && let Some(unknown) = scene.lacks(&Side::BOTH)
    {
        return unknown;
    }
    for key in members(scene, one) {
        let Some(source) = scene.objects.track(Side::Source, &key) else {
            found.originals_unseen.push(scene.objects.name(&key));
            continue;
        };
        match one.copies.get(&key) {
            Some(copy) if !target::is_missing(scene, one, &key) => {
                found.compare(scene, one, source, copy);
            }
            copy => found.not_copied(scene, one, source, copy.is_some()),
        }
    }
    found.lost.extend(scene.strangers().filter_map(|track| not_ours(scene, one, track)));
    found.verdict(one)
}

/// What moved, and what of the source belongs to the cluster.
fn members(scene: &Scene<'_>, one: &Move<'_>) -> BTreeSet<Key> {
    let known = |track: &&Track<'_>| track.key.is_cluster_api() || track.key.is_data();
    let began = one.source_pause.map(|pause| pause.received).or(one.began());
    let there = |track: &&Track<'_>| {
        let later = |step: &Step<'_>| step.exists && Some(step.write.received) >= began;
        began.is_none_or(|began| track.existed_before(began)) || track.steps.iter().any(later)
    };
    let at_source = scene.members(Side::Source, one).filter(known).filter(there);
    at_source.map(|track| track.key.clone()).chain(one.copies.keys().cloned()).collect()
}

/// How an object of the cluster that was not copied was lost to the target: it is gone from the
/// source, or was left there. Others left there are no part of the move.
fn how_lost<'t>(one: &Move<'_>, source: &'t Track<'_>) -> Option<(&'static str, &'t Step<'t>)> {
    let last = life(source, one).last()?;
    let moves = source.key.is_cluster_api() || cluster_of_secret(&source.key).is_some();
    match last.exists {
        false if one.is_mover(Side::Source, &last.write.actor) => {
            Some(("removed from the source", last))
        }
        true if moves && one.target_unpause.is_some() => Some(("left at the source", last)),
        _ => None,
    }
}

/// An object that the mover removed from another Cluster, which stays.
fn not_ours(scene: &Scene<'_>, one: &Move<'_>, track: &Track<'_>) -> Option<Loss> {
    let owner = scene.objects.cluster_of(Side::Source, &track.key)?;
    let pause = one.source_pause?;
    // The mover may have asked for it only, and its controllers did the rest.
    let removal = track.steps.iter().find(|step| {
        let ends = matches!(step.change, Change::Death | Change::DeletionAsked);
        let later = step.write.received > pause.received;
        ends && later && one.is_mover(Side::Source, &step.write.actor)
    })?;
    let (name, owner) = (scene.objects.name(&track.key), scene.objects.name(owner));
    let says = format!("{name} was removed from the source, though its {owner} did not move");
    Some((says, vec![scene.line(removal)]))
}

/// Whether the source still holds an original of a move that came to nothing: what becomes of its
/// copies is no loss.
fn keeps(one: &Move<'_>, source: &Track<'_>) -> bool {
    one.target_unpause.is_none() && life(source, one).last().is_some_and(|last| last.exists)
}

#[derive(Default)]
struct Found {
    lost: Vec<Loss>,
    untold: Vec<String>,
    unread: Vec<String>,
    bytes_unseen: usize,
    originals_unseen: Vec<String>,
    creations_unseen: Vec<String>,
    carried: usize,
}

impl Found {
    /// An object of the cluster that no write of the mover's is seen to create on the target, or
    /// that the mover took away there again (`was_copied`).
    fn not_copied(
        &mut self,
        scene: &Scene<'_>,
        one: &Move<'_>,
        source: &Track<'_>,
        was_copied: bool,
    ) {
        let Some((says, last)) = how_lost(one, source) else {
            return;
        };
        let name = scene.objects.name(&source.key);
        let target = scene.objects.track(Side::Target, &source.key).filter(|_| !was_copied);
        match target.and_then(|target| target.steps.first()) {
            // What is written to before it is created was there: the log lacks its creation.
            Some(first) if first.change != Change::Birth => self.creations_unseen.push(name),
            None if !scene.logs(Side::Target, &source.key) => self.creations_unseen.push(name),
            Some(first) => self.lost.push((
                format!(
                    "{name} was {says} and not copied before the target owned; {} made one there \
                     at {:.3}",
                    first.write.actor, first.write.received
                ),
                vec![scene.line(last), scene.line(first)],
            )),
            None => self.lost.push((
                format!("{name} was {says} and is not on the target"),
                vec![scene.line(last)],
            )),
        }
    }

    /// Compares an original with its copy.
    fn compare(
        &mut self,
        scene: &Scene<'_>,
        one: &Move<'_>,
        source: &Track<'_>,
        copy: &Copied<'_>,
    ) {
        if keeps(one, source) {
            return;
        }
        let target = scene.objects.track(Side::Target, &source.key);
        let Some(taken) = target.and_then(|target| at(target, one.taken_over())) else {
            return;
        };
        if scene.clocks.doubt().is_none() {
            self.lost.extend(removed_before_copied(scene, source, copy));
        }
        let version = life(source, one).last().map(|step| step.write.version.as_str());
        let comparable = version == Some(copy.created.version.as_str());
        let mut unread = Vec::new();
        for part in Part::all(source, one) {
            match (part.held, part_of(&taken.state.facts, part.area)) {
                (Some(held), Some(copied)) if copied.covers(held) => {}
                (Some(held), Some(copied)) if comparable => {
                    let missing = held.missing_in(copied);
                    self.lost.push(changed(scene, &source.key, &part, missing, copy.created));
                }
                _ => unread.push(part.area),
            }
        }
        if unread.is_empty() {
            self.carried += 1;
        } else if source.key.is_data() {
            self.without_body(scene, one, source);
        } else {
            let areas: Vec<String> = unread.iter().map(Area::to_string).collect();
            let name = scene.objects.name(&source.key);
            self.unread.push(format!("{name} ({})", areas.join(", ")));
        }
    }

    /// A Secret or ConfigMap whose bytes are not logged: its writes still are.
    fn without_body(&mut self, scene: &Scene<'_>, one: &Move<'_>, source: &Track<'_>) {
        let name = scene.objects.name(&source.key);
        let carried = last_carried(scene, one, &source.key);
        let late = life(source, one).iter().find(|step| {
            let actor = &step.write.actor;
            let others = !one.is_mover(Side::Source, actor) && !actor.is_kubernetes();
            others && step.exists && Some(step.write.received) > carried
        });
        match late {
            Some(step) => self.untold.push(format!(
                "{} wrote to {name} at the source at {:.3}, after it was copied; whether that was \
                 carried is not in the logs",
                step.write.actor, step.write.received
            )),
            None => self.bytes_unseen += 1,
        }
    }

    fn verdict(self, one: &Move<'_>) -> Verdict {
        if let Some((first, lines)) = self.lost.first() {
            let more = match self.lost.len() - 1 {
                0 => String::new(),
                more => {
                    let were = plural(more, "was", "were");
                    format!(", and {} {were} lost", count(more, "more thing"))
                }
            };
            let says = format!("{first}{more}; expected it to be carried or reported.");
            return Verdict::failed(says).with(lines.clone());
        }
        if let Some(first) = self.untold.first() {
            return Verdict::unknown(format!("{first}."));
        }
        let copies = count(one.copies.len(), "object");
        if one.target_unpause.is_none() {
            let were = plural(one.copies.len(), "was", "were");
            return Verdict::unknown(format!(
                "{copies} {were} created on the target, which is not seen to be unpaused in its \
                 log."
            ));
        }
        if !self.creations_unseen.is_empty() {
            return Verdict::unknown(format!(
                "The target's log does not hold the creation of {}, so what {} then is not known.",
                names(&self.creations_unseen),
                plural(self.creations_unseen.len(), "its copy held", "their copies held")
            ));
        }
        let gone = "no copy was deleted before the target owned";
        if !self.originals_unseen.is_empty() {
            return Verdict::unknown(format!(
                "The source's log has no write to {}, so what {} held is not known; {gone}.",
                names(&self.originals_unseen),
                plural(self.originals_unseen.len(), "it", "they")
            ));
        }
        if !self.unread.is_empty() {
            return Verdict::unknown(format!(
                "Each of {copies} has its copy and {gone}, but for {} of them the logs do not hold \
                 the content on both sides: {}.",
                self.unread.len(),
                names(&self.unread)
            ));
        }
        self.passed(&copies, one)
    }

    fn passed(&self, copies: &str, one: &Move<'_>) -> Verdict {
        let unseen = match self.bytes_unseen {
            0 => String::new(),
            1 => {
                " The bytes of 1 Secret or ConfigMap are not logged: that it was copied shows, and \
                  that nobody wrote to it later, not that both are equal."
                    .into()
            }
            some => format!(
                " The bytes of {some} Secrets and ConfigMaps are not logged: that they were copied \
                 shows, and that nobody wrote to them later, not that they are equal."
            ),
        };
        let known = |copy: &Copied<'_>| copy.source_uid.is_some() && copy.target_uid.is_some();
        let other = |copy: &&Copied<'_>| known(copy) && copy.source_uid != copy.target_uid;
        let mapped = match one.copies.values().filter(other).count() {
            0 => String::new(),
            some => {
                let are = plural(some, "is", "are");
                format!(" {some} of them {are} seen to have another UID than at the source.")
            }
        };
        Verdict::passed(format!(
            "Each of {copies} is on the target; for {} the copy holds everything that the source \
             held last.{unseen}{mapped}",
            self.carried
        ))
    }
}

/// Until when what the source held was carried: the mover's last write to the copy. When the
/// clocks cannot be compared, the pause of the source stands in.
fn last_carried(scene: &Scene<'_>, one: &Move<'_>, key: &Key) -> Option<jiff::Timestamp> {
    if scene.clocks.doubt().is_some() {
        return one.source_pause.map(|pause| pause.received);
    }
    let copy = scene.objects.track(Side::Target, key)?;
    let carries = |step: &&Step<'_>| one.is_mover(Side::Target, &step.write.actor);
    copy.steps.iter().rev().find(carries).map(|step| step.write.received)
}

fn removed_before_copied(scene: &Scene<'_>, source: &Track<'_>, copy: &Copied<'_>) -> Option<Loss> {
    let name = scene.objects.name(&source.key);
    let created = copy.created;
    let death = source.deaths().find(|step| step.write.completed < created.received)?;
    let lines = vec![scene.line(death), line(created, format!("created the copy of {name}"))];
    let says = format!("{name} was removed from the source before its copy was created");
    (!source.existed_before(created.received)).then_some((says, lines))
}

/// A part of which values did not reach the target.
fn changed(scene: &Scene<'_>, key: &Key, part: &Part<'_>, missing: usize, created: &Write) -> Loss {
    let name = scene.objects.name(key);
    let area = part.area;
    let values = count(missing, "value");
    let says = match part.written {
        Some(step) => format!(
            "{} changed {area} of {name} at the source at {:.3}, and {values} of it did not reach \
             the target",
            step.write.actor, step.write.received
        ),
        None => format!("{values} in {area} of {name} did not reach the target"),
    };
    let written = part.written.map(|step| scene.line(step));
    let created = line(created, format!("created the copy of {name}"));
    (says, written.into_iter().chain([created]).collect())
}

#[cfg(test)]
mod tests;
