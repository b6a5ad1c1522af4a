//! Q4: the bulk is copied before the pause, and after the unpause every object is observed again.

use super::{Checker, Scene, Verdict, between, count, line, names, plural, seconds};
use crate::history::moves::Move;
use crate::history::objects::{Step, Track};
use crate::history::{Key, Side, Write};
use crate::verdict::Measurement;

pub(super) const CHECKER: Checker = Checker {
    id: "checker/re-observation",
    rule: "Q4",
    claim: "The bulk is copied before the pause, and after it every object is observed again.",
    judge,
};

/// After so many seconds an object that nobody observed is left alone, not late: the slowest
/// reconciler of Cluster API looks every 15 s, and may just have looked.
const PATIENCE: i64 = 30;

/// Which objects the target's controllers looked at again.
pub(super) struct Observed<'h> {
    /// The write that was the last to do so.
    pub(super) last: Option<&'h Write>,
    seen: usize,
    silent: Vec<Key>,
}

fn judge(scene: &Scene<'_>, one: &Move<'_>) -> Verdict {
    if let Some(unknown) = scene.lacks(&[Side::Target]) {
        return unknown;
    }
    let Some(unpause) = one.target_unpause else {
        return Verdict::unknown("The target was never unpaused in its log.".into());
    };
    let observed = observe(scene, one, unpause);
    let mut verdict = verdict(scene, one, unpause, &observed);
    verdict.measurements.extend(early_pauses(scene, one));
    if let Some(last) = observed.last {
        let (value, error) = between(unpause, last);
        let seen = count(observed.seen, "object");
        let silent = match observed.silent.len() {
            0 => String::new(),
            some => format!(", {some} not at all"),
        };
        verdict = verdict.measuring(Measurement {
            name: "time to re-observation",
            value,
            error,
            note: format!(
                "from the write that unpaused the target until {seen} had been observed by its \
                 controllers{silent}; the last was {}",
                scene.objects.name(&last.object)
            ),
        });
    }
    verdict
}

fn verdict(scene: &Scene<'_>, one: &Move<'_>, unpause: &Write, observed: &Observed<'_>) -> Verdict {
    let unpaused = line(unpause, "unpaused the target".into());
    let names =
        names(&observed.silent.iter().map(|key| scene.objects.name(key)).collect::<Vec<_>>());
    let patient = scene
        .end(Side::Target)
        .is_some_and(|end| end.as_second() - unpause.completed.as_second() > PATIENCE);
    if observed.seen > 0 && !observed.silent.is_empty() && patient {
        return Verdict::failed(format!(
            "The target's controllers never observed {names} after the unpause, to the end of its \
             log; expected Paused=False and conditions on each."
        ))
        .with(observed.silent.iter().filter_map(|key| {
            let last = scene.objects.track(Side::Target, key)?.steps.last()?;
            Some(scene.line(last))
        }))
        .with([unpaused]);
    }
    match inside_window(scene, one) {
        Some(inside) if inside * 2 > one.copies.len() => {
            let lines = one.source_pause.map(|pause| line(pause, "paused the source".into()));
            let first = one.first_copy().map(|copy| line(copy, "created the first copy".into()));
            let last = one.last_copy().map(|copy| line(copy, "created the last copy".into()));
            Verdict::failed(format!(
                "{inside} of {} {} created between the pause of the source and the unpause of the \
                 target; expected the bulk before the pause.",
                copies(one),
                plural(inside, "was", "were")
            ))
            .with(lines.into_iter().chain(first).chain(last).chain([unpaused]))
        }
        _ if observed.seen == 0 => Verdict::unknown(
            "No controller wrote a condition at the target after the unpause.".into(),
        ),
        _ if !observed.silent.is_empty() => Verdict::unknown(format!(
            "The target's log ends before {names} had been observed again."
        )),
        None => Verdict::unknown(
            "Whether the bulk was copied before the pause is not known: the source's pause is not \
             on record, or cannot be compared."
                .into(),
        ),
        Some(inside) => Verdict::passed(format!(
            "{inside} of {} {} created inside of the unowned window, and every object was observed \
             again {} after the unpause.",
            copies(one),
            plural(inside, "was", "were"),
            seconds(observed.last.map_or_else(Default::default, |last| between(unpause, last).0))
        )),
    }
}

/// `1 copy`, `2 copies`.
fn copies(one: &Move<'_>) -> String {
    let number = one.copies.len();
    format!("{number} {}", plural(number, "copy", "copies"))
}

/// How much longer than the rest single objects were paused, by annotation.
fn early_pauses(scene: &Scene<'_>, one: &Move<'_>) -> Vec<Measurement> {
    let early = |pause: &Write, write: &Write| {
        let (value, error) = between(write, pause);
        let name = scene.objects.name(&write.object);
        let note =
            format!("from the write that paused {name} by annotation to that of its Cluster");
        Measurement { name: "paused early", value, error, note }
    };
    let pauses = one.early_pauses.iter().zip(one.source_pause.into_iter().cycle());
    pauses.map(|(write, pause)| early(pause, write)).collect()
}

/// How many copies were created while nobody owned.
fn inside_window(scene: &Scene<'_>, one: &Move<'_>) -> Option<usize> {
    let pause = one.source_pause.filter(|_| scene.clocks.doubt().is_none())?;
    let late = |write: &&Write| write.received > pause.received;
    Some(one.copies.values().map(|copy| copy.created).filter(late).count())
}

/// Looks for the first observation of each copy that has conditions.
pub(super) fn observe<'h>(scene: &Scene<'h>, one: &Move<'h>, unpause: &Write) -> Observed<'h> {
    let mut observed = Observed { last: None, seen: 0, silent: Vec::new() };
    for key in one.copies.keys().filter(|key| is_observable(scene, key)) {
        let others = has_conditions(scene, key);
        let Some(track) = scene.objects.track(Side::Target, key) else {
            continue;
        };
        let again = |step: &&Step<'h>| {
            let told = &step.write.told;
            let rebuilt = told.conditions.is_some_and(|conditions| conditions.count > 0);
            step.write.received >= unpause.received
                && told.paused_condition == Some(false)
                && (rebuilt || !others)
        };
        match track.steps.iter().find(again) {
            Some(step) => {
                observed.seen += 1;
                let latest = observed.last.is_none_or(|last| last.received < step.write.received);
                observed.last = if latest { Some(step.write) } else { observed.last };
            }
            None if is_excused(scene, one, track, unpause) => {}
            None => observed.silent.push(key.clone()),
        }
    }
    observed
}

/// Whether nobody has to observe a copy: somebody had paused the original by annotation for
/// himself, and so it stays (A1), or the owner has removed it before it was late.
fn is_excused(scene: &Scene<'_>, one: &Move<'_>, track: &Track<'_>, unpause: &Write) -> bool {
    let paused = |step: &Step<'_>| step.state.facts.paused_annotation == Some(true);
    let original = scene.objects.track(Side::Source, &track.key);
    let first = original.and_then(|original| original.steps.iter().find(|step| paused(step)));
    let kept = first.is_some_and(|step| !one.is_mover(Side::Source, &step.write.actor))
        && track.steps.last().is_some_and(paused);
    let early = |step: &Step<'_>| {
        let after = step.write.received.as_second() - unpause.received.as_second();
        (0..=PATIENCE).contains(&after)
    };
    kept || track.deaths().any(early)
}

/// Whether a controller shows `Paused` on it anywhere: templates and Secrets have no conditions.
fn is_observable(scene: &Scene<'_>, key: &Key) -> bool {
    any_step(scene, key, |step| step.write.told.paused_condition.is_some())
}

/// Whether it has other conditions, too.
fn has_conditions(scene: &Scene<'_>, key: &Key) -> bool {
    any_step(scene, key, |step| step.write.told.conditions.is_some_and(|all| all.count > 0))
}

fn any_step(scene: &Scene<'_>, key: &Key, holds: impl Fn(&Step<'_>) -> bool) -> bool {
    let tracks = Side::BOTH.iter().filter_map(|side| scene.objects.track(*side, key));
    tracks.flat_map(|track| &track.steps).any(holds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::tests::judged;
    use crate::history::Verb;
    use crate::history::build::{MOVER, Story, key, pivot, touching};
    use crate::history::facts::{Area, Facts};
    use crate::verdict::{Finding, Outcome};

    fn and_a_minute_later(story: Story) -> Story {
        story.at(63_000).observe(Side::Target, "Cluster c1", false, 2)
    }

    #[test]
    fn a_pivot_passes() {
        let finding = judged(&CHECKER, and_a_minute_later(pivot()));
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
    }

    #[test]
    fn a_set_that_stays_paused_fails() {
        let left = key("MachineSet ms");
        let story = pivot()
            .without(|write| write.object == left && write.told.paused_condition == Some(false));
        let finding = judged(&CHECKER, and_a_minute_later(story));
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("MachineSet default/ms"), "{}", finding.summary);
    }

    /// A pivot in which a MachineSet bears the annotation on both sides, by this user at the source.
    fn annotated_by(user: &str) -> Finding {
        let set = key("MachineSet ms");
        let annotation = Facts { paused_annotation: Some(true), ..touching(Area::Annotations) };
        let story = pivot()
            .without(|write| write.object == set && write.told.paused_condition == Some(false))
            .at(800)
            .write(Side::Source, user, Verb::Patch, "MachineSet ms", annotation)
            .changed(
                |write| write.side == Side::Target && write.creates() && write.object == set,
                |write| write.told.paused_annotation = Some(true),
            );
        judged(&CHECKER, and_a_minute_later(story))
    }

    #[test]
    fn a_set_that_somebody_had_paused_for_himself_stays_paused() {
        let finding = annotated_by("alice");
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
        assert_eq!(annotated_by(MOVER).outcome, Outcome::Failed, "the mover forgot its own");
    }

    #[test]
    fn what_the_owner_removes_at_once_is_not_waited_for() {
        let set = key("MachineSet ms");
        let story = pivot()
            .without(|write| write.object == set && write.told.paused_condition == Some(false))
            .at(3_200)
            .delete(Side::Target, "user", "MachineSet ms");
        let finding = judged(&CHECKER, and_a_minute_later(story));
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
    }

    #[test]
    fn copying_after_the_pause_fails() {
        let story = pivot()
            .without(|write| write.side == Side::Source && write.told.spec_paused == Some(true))
            .at(900)
            .pause(Side::Source, MOVER, true);
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("8 of 8 copies"), "{}", finding.summary);
    }

    #[test]
    fn a_log_that_ends_too_early_is_unknown() {
        let left = key("MachineSet ms");
        let story = pivot()
            .without(|write| write.object == left && write.told.paused_condition == Some(false));
        assert_eq!(judged(&CHECKER, story).outcome, Outcome::Unknown);
    }
}
