//! Q3: the time in which nobody owns the cluster is closed, and measured with its error bar.

use super::clocks::LONGEST_WAIT;
use super::kept_pause::kept;
use super::{Checker, Scene, Verdict, between, line, seconds};
use crate::history::moves::Move;
use crate::history::{Side, Write};
use crate::verdict::Measurement;

pub(super) const CHECKER: Checker = Checker {
    id: "checker/unowned-window",
    rule: "Q3",
    claim: "The time in which nobody owns the cluster ends, and is measured.",
    judge,
};

fn judge(scene: &Scene<'_>, one: &Move<'_>) -> Verdict {
    if let Some(unknown) = scene.lacks(&Side::BOTH).or_else(|| scene.doubts_clocks()) {
        return unknown;
    }
    let name = scene.objects.name(&one.cluster);
    match (one.source_pause, one.target_unpause) {
        (None, _) => Verdict::unknown(format!(
            "When the source's {name} was paused is not in its log: no write there is seen to set \
             spec.paused."
        )),
        (Some(pause), None) => never_owned(scene, one, pause),
        (Some(pause), Some(unpause)) if unpause.completed < pause.received => {
            Verdict::failed(format!(
                "There was no such time: the target's {name} was unpaused before the source's was \
                 paused."
            ))
            .with(ends(pause, unpause))
        }
        (Some(pause), Some(unpause)) => {
            let measured = window(pause, unpause, "the write that unpaused the target's");
            Verdict::passed(format!(
                "Nobody owned {name} for {} ± {}; no bound was given to hold this to.",
                seconds(measured.value),
                seconds(measured.error)
            ))
            .with(ends(pause, unpause))
            .measuring(measured)
        }
    }
}

fn window(from: &Write, to: &Write, end: &str) -> Measurement {
    let (value, error) = between(from, to);
    let note = format!("from the write that paused the source's Cluster to {end}");
    Measurement { name: "unowned window", value, error, note }
}

fn ends(pause: &Write, unpause: &Write) -> [crate::verdict::Line; 2] {
    [line(pause, "paused the source".into()), line(unpause, "unpaused the target".into())]
}

/// The target never came to own: the source took over again, or nobody owns.
fn never_owned(scene: &Scene<'_>, one: &Move<'_>, pause: &Write) -> Verdict {
    let name = scene.objects.name(&one.cluster);
    let source = scene.objects.track(Side::Source, &one.cluster);
    let resumed = source.into_iter().flat_map(|track| &track.steps).find(|step| {
        step.write.received > pause.received && step.state.facts.spec_paused == Some(false)
    });
    if let Some(resumed) = resumed {
        let measured = window(pause, resumed.write, "the write that unpaused it again");
        return Verdict::passed(format!(
            "The move was given up: the source's {name} was paused for {} and is unpaused again.",
            seconds(measured.value)
        ))
        .with([line(pause, "paused the source".into()), scene.line(resumed)])
        .measuring(measured);
    }
    let paused = line(pause, "paused the source".into());
    if let Some(kept) = kept(scene, one) {
        return Verdict::unknown(kept).with([paused]);
    }
    if !scene.stays_paused(one) {
        return Verdict::unknown(format!(
            "Whether the target's {name} was unpaused is not in its log: no body there shows it."
        ));
    }
    if !has_stopped(scene, one) {
        return Verdict::unknown(format!("The logs end in the middle of the move of {name}."));
    }
    Verdict::failed(format!(
        "Nobody owns {name} at the end of the logs: both sides are paused, and the mover had \
         stopped writing."
    ))
    .with([paused])
}

/// Whether both logs go on for longer after the mover's last write than a mover waits.
fn has_stopped(scene: &Scene<'_>, one: &Move<'_>) -> bool {
    let steps = Side::BOTH.into_iter().flat_map(|side| {
        let steps = scene.members(side, one).flat_map(|track| &track.steps);
        steps.filter(move |step| one.is_mover(side, &step.write.actor))
    });
    let Some(last) = steps.map(|step| step.write.completed).max() else {
        return false;
    };
    let lasts = |side: Side| {
        let end = scene.end(side);
        end.is_some_and(|end| end.as_nanosecond() - last.as_nanosecond() > LONGEST_WAIT)
    };
    Side::BOTH.into_iter().all(lasts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::tests::judged;
    use crate::checker::{Scene, all};
    use crate::history::build::{MOVER, Story, pivot};
    use crate::history::facts::Area;
    use crate::verdict::Outcome;
    use std::time::Duration;

    #[test]
    fn a_pivot_passes_and_is_measured() {
        let history = pivot().history();
        let (finding, measured) = CHECKER.judge(&Scene::of(&history));
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
        assert_eq!(measured[0].value, Duration::from_secs(1));
        assert_eq!(measured[0].error, Duration::from_millis(10), "both writes took 10 ms");
        assert!(all().iter().any(|checker| checker.id == CHECKER.id));
    }

    /// A pivot that stops before the target is unpaused; both logs go on for so long.
    fn stopped(milliseconds: i64) -> Story {
        pivot()
            .without(|write| {
                let unpauses = write.told.spec_paused == Some(false)
                    || write.told.paused_condition == Some(false);
                write.side == Side::Target && unpauses || write.told.gone
            })
            .at(3_000 + milliseconds)
            .observe(Side::Source, "Cluster c1", true, 0)
            .observe(Side::Target, "Cluster c1", true, 0)
    }

    #[test]
    fn both_sides_left_paused_fails() {
        let finding = judged(&CHECKER, stopped(600_000));
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
    }

    #[test]
    fn logs_that_end_in_the_middle_are_unknown() {
        let finding = judged(&CHECKER, stopped(9_000));
        assert_eq!(finding.outcome, Outcome::Unknown, "{finding:?}");
        assert!(finding.summary.contains("in the middle"), "{}", finding.summary);
    }

    #[test]
    fn a_target_whose_pause_is_not_logged_is_unknown() {
        let story = stopped(600_000)
            .changed(|write| write.side == Side::Target, |write| write.told.spec_paused = None);
        assert_eq!(judged(&CHECKER, story).outcome, Outcome::Unknown);
    }

    #[test]
    fn a_pause_of_somebody_else_that_stays_is_unknown() {
        let story = stopped(600_000).changed(
            |write| write.side == Side::Source && write.told.touches(Area::Pause),
            |write| write.actor.user = "alice".into(),
        );
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Unknown, "{finding:?}");
        assert!(finding.summary.contains("was paused by alice"), "{}", finding.summary);
    }

    #[test]
    fn a_pause_with_a_mark_is_the_movers() {
        let story = stopped(600_000).changed(
            |write| write.side == Side::Source && write.told.touches(Area::Pause),
            |write| {
                write.actor.user = "cell".into();
                write.told.sets_annotations = vec!["pivot.example.com/paused-by".into()];
            },
        );
        assert_eq!(judged(&CHECKER, story).outcome, Outcome::Failed);
    }

    #[test]
    fn a_move_that_was_given_up_passes() {
        let story = pivot()
            .without(|write| {
                write.side == Side::Target && write.told.spec_paused == Some(false)
                    || write.told.gone
            })
            .at(3_500)
            .pause(Side::Source, MOVER, false);
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
        assert!(finding.summary.contains("given up"), "{}", finding.summary);
    }

    #[test]
    fn a_pause_that_is_not_logged_is_unknown() {
        let story = pivot()
            .without(|write| write.side == Side::Source && write.told.spec_paused == Some(true));
        assert_eq!(judged(&CHECKER, story).outcome, Outcome::Unknown);
    }
}
