//! What the records leave open, and every way in which it may have gone.
//!
//! Clocks of different machines are not the same, a lost write was made at some time, and a
//! selector may have taken objects whose labels are not logged. So a history is judged as it
//! stands, and again with each of these the other way. What comes out the same each time is known;
//! a verdict that comes out another way rests on what is not, and is unknown.
//!
//! Clocks are tried at and inside of their bounds, with the infrastructure's on either side's; a
//! difference under which the logs contradict themselves is none that can be.

use super::{Found, found};
use crate::checker::Scene;
use crate::history::lost::{self, End};
use crate::history::{Entry, History, Side};
use crate::verdict::{Finding, Measurement, Outcome};
use jiff::SignedDuration;
use std::time::Duration;

/// One way in which a history may have gone otherwise than it stands.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// The clocks of the target and of the infrastructure differ so much from the source's.
    Clocks { target: SignedDuration, infrastructure: SignedDuration },
    /// What was lost was written at one end of its time.
    Lost(End),
    /// A selector took every object of which its labels are not known.
    Selected,
}

/// Weighs what was found in a history as it stands against every other way.
pub(super) fn weigh(scene: &Scene<'_>, as_it_stands: Found) -> Found {
    let mut sums: Vec<Sum> = as_it_stands.findings.into_iter().map(Sum::new).collect();
    let mut ranges: Vec<Range> = as_it_stands.measurements.into_iter().map(Range::new).collect();
    for way in ways(scene) {
        let history = way.taken(scene.history());
        let other = Scene::of(&history);
        if matches!(way, Way::Clocks { .. }) && other.clocks.doubt().is_some() {
            continue;
        }
        let other = found(&other);
        for (sum, finding) in sums.iter_mut().zip(&other.findings) {
            sum.compare(way, finding);
        }
        Range::widen(&mut ranges, &other.measurements);
    }
    let clock_error = scene.history().clock_error();
    Found {
        findings: sums.into_iter().map(|sum| sum.finding(clock_error)).collect(),
        measurements: ranges.into_iter().map(Range::measurement).collect(),
    }
}

fn ways(scene: &Scene<'_>) -> Vec<Way> {
    let history = scene.history();
    let mut ways = clocks(scene);
    if history.writes().any(|write| write.inferred) {
        ways.extend([Way::Lost(End::Earliest), Way::Lost(End::Latest)]);
    }
    if scene.objects.has_doubtful_deletions() {
        ways.push(Way::Selected);
    }
    ways
}

/// Both ends of what the clocks may differ, and half-way.
fn clocks(scene: &Scene<'_>) -> Vec<Way> {
    let history = scene.history();
    let most = SignedDuration::try_from(history.clock_error()).unwrap_or_default();
    if most.is_zero() || scene.clocks.doubt().is_some() {
        return Vec::new();
    }
    let zero = SignedDuration::ZERO;
    let both = Side::BOTH.iter().all(|side| history.has(*side));
    let mut ways = Vec::new();
    for by in [most, -most, most / 2, -most / 2] {
        if both {
            ways.push(Way::Clocks { target: by, infrastructure: zero });
        }
        if history.records().infrastructure {
            ways.push(Way::Clocks { target: zero, infrastructure: by });
            ways.push(Way::Clocks { target: by, infrastructure: by });
        }
    }
    ways
}

impl Way {
    fn taken(self, history: &History) -> History {
        match self {
            Self::Clocks { target, infrastructure } => history.changed(|entry| {
                let by = match &*entry {
                    Entry::Write(write) if write.side == Side::Target => target,
                    Entry::Infrastructure(_) => infrastructure,
                    _ => return,
                };
                entry.shift(by);
            }),
            Self::Lost(end) => history.changed(|entry| lost::settle(entry, end)),
            Self::Selected => history.with_selectors_that_reach(),
        }
    }

    /// On what a verdict rests that comes out otherwise this way, and how it came out as it stands.
    fn reason(self, clock_error: Duration) -> String {
        match self {
            Self::Clocks { .. } => format!(
                "This rests on the order of acts of different servers that lie less than {} s \
                 apart, and so far may their clocks be from each other; where less is known, \
                 --clock-error states it. As the clocks stand:",
                clock_error.as_secs_f64()
            ),
            Self::Lost(_) => {
                "This rests on when a write was made that its log has lost: at any time \
                 that the notes leave open. Without more:"
                    .to_owned()
            }
            Self::Selected => "This rests on which objects a deletion by selector took, and their \
                 labels are not in the log. If it took none of these:"
                .to_owned(),
        }
    }
}

/// A finding, and what is known of it over all ways.
struct Sum {
    finding: Finding,
    /// The first way in which it comes out otherwise.
    open: Option<Way>,
    /// Whether with other clocks it comes out the same, in other words.
    loose: bool,
}

impl Sum {
    fn new(finding: Finding) -> Self {
        Self { finding, open: None, loose: false }
    }

    fn compare(&mut self, way: Way, other: &Finding) {
        if self.finding.outcome == Outcome::Unknown {
            return;
        }
        if self.finding.outcome != other.outcome {
            self.open = self.open.or(Some(way));
        } else if matches!(way, Way::Clocks { .. }) {
            self.loose |= claims(&self.finding.summary) != claims(&other.summary);
        }
    }

    fn finding(self, clock_error: Duration) -> Finding {
        let Finding { outcome, summary, .. } = &self.finding;
        let (outcome, summary) = match self.open {
            Some(way) => (Outcome::Unknown, format!("{} {summary}", way.reason(clock_error))),
            None if self.loose => (
                *outcome,
                format!(
                    "{summary} What this says of two servers at once holds to within {} s, as their \
                     clocks do.",
                    clock_error.as_secs_f64()
                ),
            ),
            None => (*outcome, summary.clone()),
        };
        Finding { outcome, summary, ..self.finding }
    }
}

/// The words of a summary, but for its times, which another clock shows differently.
fn claims(summary: &str) -> Vec<&str> {
    summary.split_whitespace().filter(|word| word.matches(':').count() < 2).collect()
}

/// A measurement, and what it can have been.
struct Range {
    measured: Measurement,
    low: Duration,
    high: Duration,
}

impl Range {
    fn new(measured: Measurement) -> Self {
        let (low, high) = bounds(&measured);
        Self { measured, low, high }
    }

    /// Takes in what was measured another way. What was not measured then has no least value.
    fn widen(ranges: &mut [Self], others: &[Measurement]) {
        let mut left: Vec<&Measurement> = others.iter().collect();
        for range in ranges {
            let same = left.iter().position(|other| other.name == range.measured.name);
            let bounds = same.map(|index| bounds(left.remove(index)));
            let (low, high) = bounds.unwrap_or((Duration::ZERO, range.high));
            range.low = range.low.min(low);
            range.high = range.high.max(high);
        }
    }

    fn measurement(self) -> Measurement {
        let measured = self.measured;
        if bounds(&measured) == (self.low, self.high) {
            return measured;
        }
        let error = (self.high - self.low) / 2;
        Measurement { value: self.low + error, error, ..measured }
    }
}

fn bounds(measured: &Measurement) -> (Duration, Duration) {
    (measured.value.saturating_sub(measured.error), measured.value + measured.error)
}

#[cfg(test)]
mod tests {
    use crate::history::Side;
    use crate::history::build::{CONTROLLER, MOVER, Story, pivot, touching};
    use crate::history::facts::{Area, Facts};
    use crate::history::{Verb, Write};
    use crate::judge::judge;
    use crate::verdict::{Finding, Judgement, Outcome};
    use std::time::Duration;

    /// A pivot of objects that the source made a minute before.
    fn old_pivot() -> Story {
        pivot().changed(
            |write| write.side == Side::Source && write.creates(),
            |write| {
                let minute = jiff::SignedDuration::from_secs(60);
                write.received -= minute;
                write.completed -= minute;
            },
        )
    }

    fn within(story: Story, clock_error: u64) -> Judgement {
        judge(&story.history().within(Duration::from_millis(clock_error)))
    }

    fn finding<'j>(judgement: &'j Judgement, checker: &str) -> &'j Finding {
        let found = judgement.findings.iter().find(|one| one.checker.ends_with(checker));
        found.expect("every checker finds something")
    }

    #[test]
    fn an_order_inside_of_the_clock_error_is_unknown() {
        let judgement = within(old_pivot(), 5_000);
        let found = finding(&judgement, "one-owner-intent");
        assert_eq!(found.outcome, Outcome::Unknown, "{found:?}");
        assert!(found.summary.contains("--clock-error"), "{}", found.summary);
    }

    #[test]
    fn an_order_outside_of_the_clock_error_is_known() {
        for clock_error in [0, 900] {
            let judgement = within(old_pivot(), clock_error);
            let found = finding(&judgement, "one-owner-intent");
            assert_eq!(found.outcome, Outcome::Passed, "{clock_error} ms: {found:?}");
        }
    }

    #[test]
    fn what_one_server_shows_by_itself_needs_no_clock() {
        let judgement = within(old_pivot(), 5_000);
        let found = finding(&judgement, "owners-first");
        assert_eq!(found.outcome, Outcome::Passed, "{found:?}");
    }

    #[test]
    fn what_is_measured_between_servers_is_known_to_within_the_clock_error() {
        let judgement = within(old_pivot(), 900);
        let window = judgement.measurements.iter().find(|one| one.name == "unowned window");
        let window = window.expect("it is measured");
        assert_eq!(window.value, Duration::from_secs(1));
        assert_eq!(window.error, Duration::from_millis(910));
    }

    /// The unpause of the target is lost, and shown at 4,500; the first deletion comes at 5,000.
    fn lost_unpause() -> Story {
        let unpauses =
            |write: &Write| write.side == Side::Target && write.told.spec_paused == Some(false);
        let shows = Facts { spec_paused: Some(false), ..touching(Area::Conditions) };
        old_pivot().without(unpauses).at(4_500).write(
            Side::Target,
            CONTROLLER,
            Verb::Patch,
            "Cluster c1",
            shows,
        )
    }

    #[test]
    fn a_deletion_while_a_write_is_lost_is_unknown() {
        let judgement = within(lost_unpause(), 0);
        let found = finding(&judgement, "clean-up");
        assert_eq!(found.outcome, Outcome::Passed, "all came after it was shown: {found:?}");
        let early = lost_unpause().at(4_000).delete(Side::Source, MOVER, "Secret c1-ca");
        let judgement = within(early, 0);
        let found = finding(&judgement, "clean-up");
        assert_eq!(found.outcome, Outcome::Unknown, "{found:?}");
        assert!(judgement.notes.iter().any(|note| note.contains("not in the target's log")));
    }
}
