//! H6: what stood at the source stands at the target when it owns, and what was written late is
//! carried; nothing is lost in silence.
//!
//! Compared is what the source held last, the mover's own writes aside, with what the target held
//! when it came to own. Each side is read by its own clock.

mod content;
mod target;

use super::{Checker, Scene, Verdict, count, line, names};
use crate::history::change::Change;
use crate::history::facts::Area;
use crate::history::moves::{Copied, Move};
use crate::history::objects::{Step, Track};
use crate::history::{Key, Side, Write};
use crate::verdict::Line;
use content::{Part, at, part_of};
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
            _ => found.lost.extend(not_copied(scene, one, source)),
        }
    }
    let strangers = scene.objects.of_side(Side::Source);
    found.lost.extend(strangers.filter_map(|track| not_ours(scene, one, track)));
    found.verdict(one)
}

/// What moved, and what of the source belongs to the cluster.
fn members(scene: &Scene<'_>, one: &Move<'_>) -> BTreeSet<Key> {
    let of_cluster = |track: &&Track<'_>| {
        let known = track.key.is_cluster_api() || track.key.is_data();
        known && scene.objects.cluster_of(Side::Source, &track.key) == Some(&one.cluster)
    };
    let began = one.source_pause.map(|pause| pause.received).or(one.began());
    let there = |track: &&Track<'_>| {
        let later = |step: &Step<'_>| step.exists && Some(step.write.received) >= began;
        began.is_none_or(|began| track.existed_before(began)) || track.steps.iter().any(later)
    };
    let at_source = scene.objects.of_side(Side::Source).filter(of_cluster).filter(there);
    at_source.map(|track| track.key.clone()).chain(one.copies.keys().cloned()).collect()
}

/// An object of the cluster of which there is no copy when the target owns.
fn not_copied(scene: &Scene<'_>, one: &Move<'_>, source: &Track<'_>) -> Option<Loss> {
    let name = scene.objects.name(&source.key);
    let last = source.steps.last()?;
    let by_mover = one.is_mover(Side::Source, &last.write.actor);
    let says = match last.exists {
        false if by_mover => "removed from the source",
        true if source.key.is_cluster_api() && one.target_unpause.is_some() => "left at the source",
        _ => return None,
    };
    Some((format!("{name} was {says} and is not on the target"), vec![scene.line(last)]))
}

/// An object that the mover removed from another Cluster, which stays.
fn not_ours(scene: &Scene<'_>, one: &Move<'_>, track: &Track<'_>) -> Option<Loss> {
    let owner = scene.objects.cluster_of(Side::Source, &track.key)?;
    let stays = scene.moves.iter().all(|other| other.cluster != *owner);
    let pause = one.source_pause?;
    // The mover may have asked for it only, and its controllers did the rest.
    let removal = track.steps.iter().find(|step| {
        let ends = matches!(step.change, Change::Death | Change::DeletionAsked);
        let later = step.write.received > pause.received;
        ends && later && one.is_mover(Side::Source, &step.write.actor)
    })?;
    let gone = !track.exists_at_end() || track.is_marked();
    (stays && gone).then(|| {
        let (name, owner) = (scene.objects.name(&track.key), scene.objects.name(owner));
        let says = format!("{name} was removed from the source, though its {owner} did not move");
        (says, vec![scene.line(removal)])
    })
}

/// Whether the source still holds an original of a move that came to nothing: what becomes of its
/// copies is no loss.
fn keeps(one: &Move<'_>, source: &Track<'_>) -> bool {
    one.target_unpause.is_none() && source.exists_at_end()
}

#[derive(Default)]
struct Found {
    lost: Vec<Loss>,
    untold: Vec<String>,
    unread: Vec<String>,
    bytes_unseen: usize,
    originals_unseen: Vec<String>,
    carried: usize,
}

impl Found {
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
        let version = source.steps.last().map(|step| step.write.version.as_str());
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
        let late = source.steps.iter().find(|step| {
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
                more => format!(", and {} more were lost", count(more, "thing")),
            };
            let says = format!("{first}{more}; expected it to be carried or reported.");
            return Verdict::failed(says).with(lines.clone());
        }
        if let Some(first) = self.untold.first() {
            return Verdict::unknown(format!("{first}."));
        }
        let copies = count(one.copies.len(), "object");
        if one.target_unpause.is_none() {
            return Verdict::unknown(format!(
                "{copies} were created on the target, which is not seen to be unpaused in its log."
            ));
        }
        let gone = "no copy was deleted before the target owned";
        if !self.originals_unseen.is_empty() {
            return Verdict::unknown(format!(
                "The source's log has no write to {}, so what they held is not known; {gone}.",
                names(&self.originals_unseen)
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
            some => format!(
                " The bytes of {some} Secrets and ConfigMaps are not logged: that they were copied \
                 shows, and that nobody wrote to them later, not that they are equal."
            ),
        };
        let known = |copy: &Copied<'_>| copy.source_uid.is_some() && copy.target_uid.is_some();
        let other = |copy: &&Copied<'_>| known(copy) && copy.source_uid != copy.target_uid;
        let mapped = match one.copies.values().filter(other).count() {
            0 => String::new(),
            some => format!(" {some} of them are seen to have another UID than at the source."),
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
mod tests {
    use super::*;
    use crate::checker::tests::judged;
    use crate::history::Verb;
    use crate::history::build::{COLLECTOR, CONTROLLER, MOVER, Story, key, pivot, touching};
    use crate::history::facts::{Facts, Leaves};
    use crate::verdict::Outcome;

    #[test]
    fn a_pivot_passes() {
        let finding = judged(&CHECKER, pivot());
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
    }

    #[test]
    fn a_late_write_that_is_not_carried_fails() {
        let story = pivot().at(2_700).edit(Side::Source, "kubectl-user", "MachineDeployment md");
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("kubectl-user changed spec"), "{}", finding.summary);
        assert!(finding.summary.contains("MachineDeployment default/md"), "{}", finding.summary);
    }

    #[test]
    fn a_late_write_that_is_carried_passes() {
        let story = pivot()
            .at(2_700)
            .edit(Side::Source, "kubectl-user", "MachineDeployment md")
            .at(2_800)
            .edit(Side::Target, MOVER, "MachineDeployment md");
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
    }

    #[test]
    fn a_write_to_a_staged_copy_that_the_mover_overwrites_fails() {
        let story = pivot()
            .at(2_300)
            .write(
                Side::Target,
                "kubectl-user",
                Verb::Patch,
                "MachineDeployment md",
                Facts { spec: Some(Leaves::new(vec![7])), ..touching(Area::Spec) },
            )
            .at(2_600)
            .edit(Side::Target, MOVER, "MachineDeployment md");
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("kubectl-user changed spec"), "{}", finding.summary);
    }

    /// A pivot in which somebody changes a staged copy and the mover removes it.
    fn changed_and_removed() -> Story {
        let deployment = key("MachineDeployment md");
        let written = Facts { spec: Some(Leaves::new(vec![7])), ..touching(Area::Spec) };
        pivot()
            .without(|write| write.object == deployment && write.subresource == "status")
            .at(2_300)
            .write(Side::Target, "kubectl-user", Verb::Patch, "MachineDeployment md", written)
            .at(2_600)
            .delete(Side::Target, MOVER, "MachineDeployment md")
    }

    #[test]
    fn a_write_to_a_staged_copy_that_the_mover_removes_fails() {
        let finding = judged(&CHECKER, changed_and_removed());
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("the mover removed it"), "{}", finding.summary);
    }

    #[test]
    fn a_write_to_the_staged_copy_of_an_earlier_attempt_fails() {
        let story = changed_and_removed().at(2_700).copy("MachineDeployment md", &["Cluster c1"]);
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("the mover overwrote it"), "{}", finding.summary);
    }

    #[test]
    fn a_staged_copy_that_the_mover_takes_away_fails() {
        let deployment = key("MachineDeployment md");
        let story = pivot()
            .without(|write| write.object == deployment && write.subresource == "status")
            .at(2_600)
            .delete(Side::Target, MOVER, "MachineDeployment md");
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("is not on the target"), "{}", finding.summary);
    }

    #[test]
    fn an_object_of_another_cluster_whose_deletion_the_mover_asks_for_fails() {
        let other = key("Machine m9");
        let story = pivot()
            .at(500)
            .create(Side::Source, "user", "Cluster c2", &[])
            .create(Side::Source, "user", "Machine m9", &["Cluster c2"])
            .changed(
                |write| write.object == other,
                |write| write.told.cluster_name = Some("c2".into()),
            )
            .at(5_500)
            .write(Side::Source, MOVER, Verb::Delete, "Machine m9", Facts::default());
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("Machine default/m9"), "{}", finding.summary);
    }

    #[test]
    fn an_object_without_a_copy_fails() {
        let forgotten = key("Secret c1-ca");
        let story =
            pivot().without(|write| write.side == Side::Target && write.object == forgotten);
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("Secret default/c1-ca"), "{}", finding.summary);
    }

    #[test]
    fn a_copy_that_the_garbage_collector_takes_fails() {
        let story = pivot().at(1_500).delete(Side::Target, COLLECTOR, "Secret c1-ca");
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("generic-garbage-collector"), "{}", finding.summary);
    }

    #[test]
    fn a_ca_that_the_target_makes_anew_fails() {
        let forgotten = key("Secret c1-ca");
        let story = pivot()
            .without_log_of(Side::Source)
            .without(|write| write.object == forgotten)
            .at(4_000)
            .create(Side::Target, CONTROLLER, "Secret c1-ca", &["Cluster c1"]);
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("made a new one"), "{}", finding.summary);
    }

    #[test]
    fn content_that_is_not_logged_is_unknown() {
        let story = pivot().changed(
            |write| write.side == Side::Source && write.object == key("Machine m1"),
            |write| write.told.spec = None,
        );
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Unknown, "{finding:?}");
        assert!(finding.summary.contains("Machine default/m1 (spec)"), "{}", finding.summary);
    }

    #[test]
    fn without_a_log_of_the_source_it_is_unknown() {
        let story = pivot().without_log_of(Side::Source);
        assert_eq!(judged(&CHECKER, story).outcome, Outcome::Unknown);
    }
}
