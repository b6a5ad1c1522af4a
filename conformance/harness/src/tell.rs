//! A judgement in plain words, for a terminal 100 columns wide.

mod clock;
mod duration;
pub mod layout;
mod paint;

use crate::checker::count;
use crate::rule;
use crate::verdict::{Finding, Judgement, Line, Measurement, Outcome};
use clock::Clock;
use layout::{clip, wrap};
use paint::Paint;

/// No line is wider, save for a word that is.
pub const WIDTH: usize = 100;

/// How many lines of a rule's text are shown when not all are asked for.
const RULE_LINES: usize = 2;

/// How a judgement is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Style {
    /// With ANSI colours.
    pub colour: bool,
    /// Rules in full, and the witnesses of rules that were kept.
    pub verbose: bool,
}

/// Tells a judgement: the verdict, each rule with its witness, the measurements, the timeline and
/// what the logs do not say.
pub fn tell(judgement: &Judgement, style: Style) -> String {
    let mut teller = Teller {
        style,
        paint: Paint::new(style.colour),
        clock: Clock::of(judgement),
        lines: Vec::new(),
    };
    teller.verdict(judgement);
    for outcome in [Outcome::Failed, Outcome::Unknown, Outcome::Passed] {
        teller.group(judgement, outcome);
    }
    teller.measurements(&judgement.measurements);
    teller.timeline(&judgement.timeline);
    teller.notes(&judgement.notes);
    teller.lines.push(String::new());
    teller.lines.join("\n")
}

struct Teller {
    style: Style,
    paint: Paint,
    clock: Clock,
    lines: Vec<String>,
}

impl Teller {
    fn verdict(&mut self, judgement: &Judgement) {
        let outcome = judgement.outcome();
        let came_out = |wanted: Outcome| {
            let findings = judgement.findings.iter();
            findings.filter(|finding| finding.outcome == wanted).count()
        };
        self.lines.push(format!(
            "Verdict: {}. Of {}: {} failed, {} unknown, {} passed.",
            self.paint.outcome(outcome, &outcome.to_string()),
            count(judgement.findings.len(), "check"),
            came_out(Outcome::Failed),
            came_out(Outcome::Unknown),
            came_out(Outcome::Passed),
        ));
        self.lines.extend(self.clock.legend());
    }

    fn heading(&mut self, words: &str) {
        self.lines.push(String::new());
        self.lines.push(self.paint.bold(words));
    }

    fn group(&mut self, judgement: &Judgement, outcome: Outcome) {
        let findings = judgement.findings.iter();
        let findings: Vec<&Finding> = findings.filter(|found| found.outcome == outcome).collect();
        if findings.is_empty() {
            return;
        }
        let words = format!("{} ({})", outcome.to_string().to_uppercase(), findings.len());
        self.lines.push(String::new());
        self.lines.push(self.paint.outcome(outcome, &words));
        for finding in findings {
            self.finding(finding);
        }
    }

    /// The rule, what was seen, and the events that show it.
    fn finding(&mut self, finding: &Finding) {
        let text = rule::find(finding.rule).map(rule::Rule::plain_text).unwrap_or_default();
        let mut text = wrap(&text, WIDTH - 7);
        if !self.style.verbose {
            text = clip(text, RULE_LINES);
        }
        self.lines.push(String::new());
        for (index, line) in text.iter().enumerate() {
            let id = if index == 0 { finding.rule } else { "" };
            let id = self.paint.bold(&format!("{id:<4}"));
            self.lines.push(format!("  {id} {}", self.paint.dim(line)));
        }
        for line in wrap(&finding.summary, WIDTH - 7) {
            self.lines.push(format!("       {line}"));
        }
        if self.style.verbose || finding.outcome != Outcome::Passed {
            self.events(&finding.witness, 7);
        }
    }

    /// Events one a line, with a column for the cluster.
    fn events(&mut self, events: &[Line], indent: usize) {
        let cluster = events.iter().map(|event| event.cluster.chars().count()).max();
        let cluster = cluster.unwrap_or_default();
        for event in events {
            let stamp = self.clock.stamp(event.at);
            let head = format!("{:indent$}{stamp}  {:<cluster$}  ", "", event.cluster);
            let hanging = head.chars().count();
            let what = if event.actor.is_empty() {
                event.what.clone()
            } else {
                format!("{}: {}", event.actor, event.what)
            };
            for (index, line) in wrap(&what, WIDTH.saturating_sub(hanging)).iter().enumerate() {
                self.lines.push(if index == 0 {
                    format!("{head}{line}")
                } else {
                    format!("{:hanging$}{line}", "")
                });
            }
        }
    }

    fn measurements(&mut self, measurements: &[Measurement]) {
        if measurements.is_empty() {
            return;
        }
        self.heading("MEASURED");
        let widest = measurements.iter().map(|measured| measured.name.chars().count()).max();
        let widest = widest.unwrap_or_default();
        for measured in measurements {
            let value = duration::with_error(measured.value, measured.error);
            self.lines.push(format!("  {:<widest$}  {}", measured.name, self.paint.bold(&value)));
            for line in wrap(&measured.note, WIDTH - 7) {
                self.lines.push(format!("       {line}"));
            }
        }
    }

    fn timeline(&mut self, events: &[Line]) {
        if !events.is_empty() {
            self.heading("TIMELINE");
            self.events(events, 2);
        }
    }

    fn notes(&mut self, notes: &[String]) {
        if notes.is_empty() {
            return;
        }
        self.heading("WHAT THE LOGS DO NOT SAY");
        for note in notes {
            for (index, line) in wrap(note, WIDTH - 4).iter().enumerate() {
                let bullet = if index == 0 { "- " } else { "  " };
                self.lines.push(format!("  {bullet}{line}"));
            }
        }
    }
}

#[cfg(test)]
mod tests;
