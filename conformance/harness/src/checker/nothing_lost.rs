//! H6: what stood at the source stands at the target when it owns, and what was written late is
//! carried; nothing is lost in silence.
//!
//! Compared is what the source held last, the mover's own writes aside, with what the target held
//! when it was unpaused. Each side is read by its own clock.

use super::{Checker, Scene, Verdict, count, line, names};
use crate::history::change::Change;
use crate::history::facts::{Area, Facts, Leaves};
use crate::history::moves::{Copied, Move};
use crate::history::objects::{Step, Track};
use crate::history::{Key, Side, Write};
use crate::verdict::Line;
use jiff::Timestamp;
use std::collections::BTreeSet;

pub(super) const CHECKER: Checker = Checker {
    id: "checker/nothing-lost",
    rule: "H6",
    claim: "Every object of the source is on the target, with everything written to it.",
    judge,
};

fn judge(scene: &Scene<'_>, one: &Move<'_>) -> Verdict {
    let mut found = Found::default();
    for (key, copy) in &one.copies {
        if let Some(track) = scene.objects.track(Side::Target, key) {
            found.removed_copy(scene, one, track, copy);
        }
    }
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
            Some(copy) => found.compare(scene, one, source, copy),
            None => found.not_copied(scene, one, source),
        }
    }
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

#[derive(Default)]
struct Found {
    lost: Vec<(String, Vec<Line>)>,
    untold: Vec<String>,
    unread: Vec<String>,
    bytes_unseen: usize,
    originals_unseen: Vec<String>,
    carried: usize,
}

impl Found {
    /// A copy that went from the target again without the mover's doing.
    fn removed_copy(
        &mut self,
        scene: &Scene<'_>,
        one: &Move<'_>,
        track: &Track<'_>,
        copy: &Copied<'_>,
    ) {
        let gone = track.steps.iter().find(|step| {
            let later = step.write.received >= copy.created.received;
            let before = one.target_unpause.is_none_or(|end| step.write.received < end.received);
            let ends = matches!(step.change, Change::Death | Change::DeletionAsked);
            later && before && ends && !one.is_mover(Side::Target, &step.write.actor)
        });
        if let Some(gone) = gone {
            let name = scene.objects.name(&track.key);
            let actor = &gone.write.actor;
            let at = gone.write.received;
            self.lost.push((
                format!("the copy of {name} was deleted on the target by {actor} at {at:.3}"),
                vec![line(copy.created, format!("created the copy of {name}")), scene.line(gone)],
            ));
        }
    }

    /// An object of the source of which there is no copy.
    fn not_copied(&mut self, scene: &Scene<'_>, one: &Move<'_>, source: &Track<'_>) {
        let name = scene.objects.name(&source.key);
        let death = source.deaths().last().filter(|_| !source.exists_at_end());
        let by_mover = |step: &&Step<'_>| one.is_mover(Side::Source, &step.write.actor);
        if let Some(death) = death.filter(by_mover) {
            let says = format!("{name} was removed from the source and never created on the target");
            self.lost.push((says, vec![scene.line(death)]));
        } else if death.is_none() && source.key.is_cluster_api() && one.target_unpause.is_some() {
            let says = format!("{name} stayed at the source and was never created on the target");
            self.lost.push((says, source.steps.last().map(|step| scene.line(step)).into_iter().collect()));
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
        let name = scene.objects.name(&source.key);
        let original = Last::of(source, one);
        let target = scene.objects.track(Side::Target, &source.key);
        let end = one.target_unpause.map(|unpause| unpause.completed);
        let taken = target.and_then(|target| at(target, end));
        let Some(taken) = taken else {
            return;
        };
        if scene.clocks.doubt().is_none() {
            self.removed_before_copied(scene, source, copy);
        }
        let same_version = version_of(source) == Some(copy.created.version.as_str());
        let mut unread = Vec::new();
        for part in &original.parts {
            match (&part.held, part.of(&taken.state.facts)) {
                (Some(held), Some(copied)) if copied.covers(held) => {}
                (Some(held), Some(copied)) if same_version => {
                    self.changed(&name, part, held.missing_in(copied), copy, scene);
                }
                _ => unread.push(part.area),
            }
        }
        if unread.is_empty() {
            self.carried += 1;
        } else if source.key.group.is_empty() {
            self.without_body(scene, one, source, copy);
        } else {
            let areas: Vec<String> = unread.iter().map(Area::to_string).collect();
            self.unread.push(format!("{name} ({})", areas.join(", ")));
        }
    }

    fn removed_before_copied(&mut self, scene: &Scene<'_>, source: &Track<'_>, copy: &Copied<'_>) {
        let name = scene.objects.name(&source.key);
        let created = copy.created;
        let death = source.deaths().find(|step| step.write.completed < created.received);
        if let Some(death) = death.filter(|_| !source.existed_before(created.received)) {
            let says = format!("{name} was removed from the source before its copy was created");
            let lines = vec![scene.line(death), line(created, format!("created the copy of {name}"))];
            self.lost.push((says, lines));
        }
    }

    fn changed(
        &mut self,
        name: &str,
        part: &Part<'_>,
        missing: usize,
        copy: &Copied<'_>,
        scene: &Scene<'_>,
    ) {
        let area = part.area;
        let values = count(missing, "value");
        let (says, written) = match part.written {
            Some(step) => (
                format!(
                    "{} changed {area} of {name} at the source at {:.3}, and {values} of it did \
                     not reach the target",
                    step.write.actor, step.write.received
                ),
                Some(scene.line(step)),
            ),
            None => (format!("{values} in {area} of {name} did not reach the target"), None),
        };
        let created = line(copy.created, format!("created the copy of {name}"));
        self.lost.push((says, written.into_iter().chain([created]).collect()));
    }

    /// A Secret or ConfigMap whose bytes are not logged: its writes still are.
    fn without_body(
        &mut self,
        scene: &Scene<'_>,
        one: &Move<'_>,
        source: &Track<'_>,
        copy: &Copied<'_>,
    ) {
        let name = scene.objects.name(&source.key);
        let late = source.steps.iter().find(|step| {
            let others = !one.is_mover(Side::Source, &step.write.actor);
            let counts = !step.write.actor.is_kubernetes() && step.exists;
            others && counts && step.write.received > copy.created.received
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
            let says = format!("{}{more}; expected it to be carried or reported.", upper(first));
            return Verdict::failed(says).with(lines.clone());
        }
        if let Some(first) = self.untold.first() {
            return Verdict::unknown(format!("{}.", upper(first)));
        }
        let copies = count(one.copies.len(), "object");
        if one.target_unpause.is_none() {
            return Verdict::unknown(format!(
                "{copies} were created on the target, which was never unpaused in its log."
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
        let unseen = match self.bytes_unseen {
            0 => String::new(),
            some => format!(
                " The bytes of {} are not logged: that they were copied shows, and that nobody \
                 wrote to them later, not that they are equal.",
                count(some, "Secret or ConfigMap")
            ),
        };
        Verdict::passed(format!(
            "Each of {copies} is on the target; for {} the copy holds everything that the source \
             held last.{unseen}{}",
            self.carried,
            mapped(one)
        ))
    }
}

/// What the logs tell of the UIDs.
fn mapped(one: &Move<'_>) -> String {
    let known = |copy: &Copied<'_>| copy.source_uid.is_some() && copy.target_uid.is_some();
    let other = |copy: &&Copied<'_>| known(copy) && copy.source_uid != copy.target_uid;
    match one.copies.values().filter(other).count() {
        0 => String::new(),
        some => format!(" {some} of them are seen to have another UID than at the source."),
    }
}

fn upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn version_of<'h>(track: &Track<'h>) -> Option<&'h str> {
    track.steps.last().map(|step| step.write.version.as_str())
}

/// The last step before `end`, while the object exists.
fn at<'t, 'h>(track: &'t Track<'h>, end: Option<Timestamp>) -> Option<&'t Step<'h>> {
    let early = |step: &Step<'h>| end.is_none_or(|end| step.write.received < end);
    track.steps.iter().rev().find(|step| step.exists && early(step))
}

/// What an original held last in the parts that a move carries.
struct Last<'t> {
    parts: [Part<'t>; 3],
}

struct Part<'t> {
    area: Area,
    held: Option<&'t Leaves>,
    written: Option<&'t Step<'t>>,
}

impl Part<'_> {
    fn of<'f>(&self, facts: &'f Facts) -> Option<&'f Leaves> {
        match self.area {
            Area::Labels => facts.labels.as_ref(),
            Area::Annotations => facts.annotations.as_ref(),
            _ => facts.spec.as_ref(),
        }
    }
}

impl<'t> Last<'t> {
    fn of(track: &'t Track<'_>, one: &Move<'_>) -> Self {
        let part = |area: Area| Part::last(area, track, one);
        Self { parts: [part(Area::Spec), part(Area::Labels), part(Area::Annotations)] }
    }
}

impl<'t> Part<'t> {
    /// Follows one part through the writes; what the mover does to it is its own affair (a mark
    /// may replace all annotations), until somebody else writes there again.
    fn last(area: Area, track: &'t Track<'_>, one: &Move<'_>) -> Self {
        let mut part = Self { area, held: None, written: None };
        let mut marked = false;
        for step in &track.steps {
            let write: &Write = step.write;
            let touches = write.creates() || write.told.touches(area);
            let by_mover = one.is_mover(Side::Source, &write.actor) && !write.creates();
            marked = (marked && !touches) || (touches && by_mover);
            let Some(held) = part.of(&step.state.facts).filter(|_| !marked) else {
                continue;
            };
            if part.held.is_some_and(|before| before != held) {
                part.written = Some(step);
            }
            part.held = Some(held);
        }
        part
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::tests::judged;
    use crate::history::build::{COLLECTOR, MOVER, key, pivot};
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
