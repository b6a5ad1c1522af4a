//! H1a: at no moment is an object effectively unpaused on both sides.

use super::{Checker, Scene, Verdict, count, line, names, plural};
use crate::history::moves::Move;
use crate::history::pause::{Span, Standing, spans};
use crate::history::{Key, Side};
use crate::verdict::Line;
use jiff::Timestamp;

pub(super) const CHECKER: Checker = Checker {
    id: "checker/one-owner-intent",
    rule: "H1a",
    claim: "At no moment is an object effectively unpaused on both sides.",
    judge,
};

fn judge(scene: &Scene<'_>, one: &Move<'_>) -> Verdict {
    if let Some(unknown) = scene.lacks(&Side::BOTH) {
        return unknown;
    }
    let overlaps: Vec<Overlap<'_>> = one
        .copies
        .keys()
        .filter(|key| scene.objects.cluster_of(Side::Target, key) == Some(&one.cluster))
        .filter(|key| key.is_cluster_api())
        .filter_map(|key| worst_overlap(scene, key))
        .collect();
    let worst = overlaps.iter().map(|overlap| overlap.certainty).max();
    let Some(worst) = worst else {
        return never(scene, one);
    };
    let mut same: Vec<&Overlap<'_>> =
        overlaps.iter().filter(|overlap| overlap.certainty == worst).collect();
    // The Cluster says most.
    same.sort_by_key(|overlap| !overlap.key.is_cluster());
    let name = names(&same.iter().map(|one| scene.objects.name(&one.key)).collect::<Vec<_>>());
    match worst {
        Certainty::Certain => scene.doubts_clocks().unwrap_or_else(|| both(&same, &name)),
        Certainty::Close => scene.doubts_clocks().unwrap_or_else(|| {
            Verdict::unknown(format!(
                "Whether {name} was for a moment unpaused on both sides cannot be told: the two \
                 writes that would decide it overlap in time."
            ))
            .with(same[0].lines())
        }),
        Certainty::Untold => Verdict::unknown(format!(
            "Whether {name} was paused at the {} while it stood at the {} is not in the log: no \
             body there shows spec.paused of {}.",
            same[0].untold_at,
            same[0].untold_at.other(),
            scene.objects.name(&one.cluster)
        ))
        .with(same[0].lines()),
    }
}

fn both(same: &[&Overlap<'_>], name: &str) -> Verdict {
    let first = same.iter().min_by_key(|overlap| overlap.from);
    let (from, to) = first.map(|overlap| (overlap.from, overlap.to)).unwrap_or_default();
    Verdict::failed(format!(
        "{name} {} unpaused on both sides from {} to {}; expected one side at most.",
        plural(same.len(), "was", "were"),
        shown(from, "the beginning of the logs"),
        shown(to, "the end of the logs")
    ))
    .with(first.into_iter().flat_map(|overlap| overlap.lines()))
}

fn shown(moment: Option<Timestamp>, open: &str) -> String {
    moment.map_or_else(|| open.to_owned(), |moment| format!("{moment:.3}"))
}

fn never(scene: &Scene<'_>, one: &Move<'_>) -> Verdict {
    if let Some(unknown) = scene.doubts_clocks() {
        return unknown;
    }
    let objects = one.copies.keys().filter(|key| key.is_cluster_api()).count();
    let after = match (one.source_pause, one.target_unpause) {
        (Some(pause), Some(unpause)) => format!(
            "the source was paused at {:.3} and the target unpaused at {:.3}",
            pause.received, unpause.received
        ),
        (_, None) => "the target was never unpaused".to_owned(),
        (None, Some(unpause)) => {
            format!("the target was unpaused at {:.3}", unpause.received)
        }
    };
    let lines = one.source_pause.into_iter().map(|write| line(write, "paused the source".into()));
    let unpause = one.target_unpause.map(|write| line(write, "unpaused the target".into()));
    Verdict::passed(format!(
        "None of the {} that moved was unpaused on both sides at any moment: {after}.",
        count(objects, "object")
    ))
    .with(lines.chain(unpause))
}

/// How sure it is that an object was unpaused on both sides.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Certainty {
    /// One side does not tell.
    Untold,
    /// The writes that decide it overlap.
    Close,
    /// It was.
    Certain,
}

#[derive(Debug)]
struct Overlap<'h> {
    key: Key,
    certainty: Certainty,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    untold_at: Side,
    source: Span<'h>,
    target: Span<'h>,
}

impl Overlap<'_> {
    fn lines(&self) -> Vec<Line> {
        let begun = |side: Side, span: &Span<'_>| {
            let what = format!("from here {} is {} at the {side}", self.key, stands(span.standing));
            span.since.map(|write| line(write, what))
        };
        let ended = |side: Side, span: &Span<'_>| {
            let what =
                format!("until here {} is {} at the {side}", self.key, stands(span.standing));
            span.until.map(|write| line(write, what))
        };
        [(Side::Source, &self.source), (Side::Target, &self.target)]
            .into_iter()
            .flat_map(|(side, span)| [begun(side, span), ended(side, span)])
            .flatten()
            .collect()
    }
}

fn stands(standing: Standing) -> &'static str {
    match standing {
        Standing::Absent => "absent",
        Standing::Paused => "paused",
        Standing::Unpaused => "unpaused",
        Standing::Unknown => "paused or not (the log does not tell)",
    }
}

fn worst_overlap<'h>(scene: &Scene<'h>, key: &Key) -> Option<Overlap<'h>> {
    let at_source = spans(&scene.objects, Side::Source, key);
    let at_target = spans(&scene.objects, Side::Target, key);
    let pairs =
        at_source.iter().flat_map(|source| at_target.iter().map(move |target| (source, target)));
    pairs
        .filter_map(|(source, target)| overlap(scene, key, *source, *target))
        .max_by_key(|overlap| overlap.certainty)
}

fn overlap<'h>(
    scene: &Scene<'h>,
    key: &Key,
    source: Span<'h>,
    target: Span<'h>,
) -> Option<Overlap<'h>> {
    use Standing::{Unknown, Unpaused};
    let (told, untold_at) = match (source.standing, target.standing) {
        (Unpaused, Unpaused) => (true, Side::Source),
        (Unknown, Unpaused | Unknown) => (false, Side::Source),
        (Unpaused, Unknown) => (false, Side::Target),
        _ => return None,
    };
    // A source that is not paused when its log ends may be paused later. A target that owns when
    // its log ends goes on: only another move could take that back.
    let bound = |side: Side, end: Option<Timestamp>| {
        let last = scene.history().span(side).map(|(_, last)| last);
        end.or(last.filter(|_| side == Side::Source && source.standing != Unknown))
    };
    let common = |source: Bounds, target: Bounds| {
        let from = source.0.max(target.0);
        let ends = [bound(Side::Source, source.1), bound(Side::Target, target.1)];
        let to = ends.into_iter().flatten().min();
        let lasts = to.is_none_or(|to| from.is_none_or(|from| from < to));
        lasts.then_some((from, to))
    };
    let certain = common(source.certain(), target.certain()).filter(|_| told);
    let possible = common(source.possible(), target.possible());
    let (from, to) = certain.or(possible)?;
    let certainty = match (told, certain) {
        (false, _) => Certainty::Untold,
        (true, None) => Certainty::Close,
        (true, Some(_)) => Certainty::Certain,
    };
    Some(Overlap { key: key.clone(), certainty, from, to, untold_at, source, target })
}

type Bounds = (Option<Timestamp>, Option<Timestamp>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::tests::judged;
    use crate::history::build::{MOVER, pivot};
    use crate::verdict::Outcome;

    #[test]
    fn a_pivot_passes() {
        let finding = judged(&CHECKER, pivot());
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
    }

    #[test]
    fn a_source_paused_after_the_target_works_fails() {
        let late = pivot()
            .without(|write| write.side == Side::Source && write.told.spec_paused == Some(true))
            .at(3_050)
            .pause(Side::Source, MOVER, true);
        let finding = judged(&CHECKER, late);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("unpaused on both sides"), "{}", finding.summary);
        assert!(!finding.witness.is_empty());
    }

    #[test]
    fn two_writes_that_overlap_decide_nothing() {
        let close = pivot()
            .without(|write| write.side == Side::Source && write.told.spec_paused == Some(true))
            .at(3_005)
            .pause(Side::Source, MOVER, true);
        assert_eq!(judged(&CHECKER, close).outcome, Outcome::Unknown);
    }

    #[test]
    fn the_pause_holder_deleted_first_fails() {
        let story = pivot()
            .without(|write| write.side == Side::Source && write.told.gone)
            .at(5_000)
            .delete(Side::Source, MOVER, "Cluster c1")
            .at(5_500)
            .delete(Side::Source, MOVER, "Machine m1");
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
    }

    #[test]
    fn a_source_that_does_not_tell_is_unknown() {
        let silent = pivot()
            .changed(|write| write.side == Side::Source, |write| write.told.spec_paused = None);
        let finding = judged(&CHECKER, silent);
        assert_eq!(finding.outcome, Outcome::Unknown, "{finding:?}");
        assert!(finding.summary.contains("spec.paused"), "{}", finding.summary);
    }
}
