//! Q3: the time in which nobody owns the cluster is closed, and measured with its error bar.

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
    let moving = |write: &&Write| one.is_mover(write.side, &write.actor);
    let last = scene.history().writes().filter(moving).map(|write| write.completed).max();
    let target = scene.history().span(Side::Target).map(|(_, end)| end);
    if target > last {
        return Verdict::failed(format!(
            "Nobody owns {name} at the end of the logs: both sides are paused, and the mover had \
             stopped writing."
        ))
        .with([line(pause, "paused the source".into())]);
    }
    Verdict::unknown(format!("The logs end in the middle of the move of {name}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::tests::judged;
    use crate::checker::{Scene, all};
    use crate::history::build::{MOVER, pivot};
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

    #[test]
    fn both_sides_left_paused_fails() {
        let story = pivot()
            .without(|write| {
                write.side == Side::Target && write.told.spec_paused == Some(false)
                    || write.told.gone
            })
            .at(9_000)
            .observe(Side::Target, "Cluster c1", true, 0);
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
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
