//! Judges logs and asks what came out.

use crate::audit_log::instant;
use crate::story::Story;
use fulcrum_harness::history::History;
use fulcrum_harness::judge::{Evidence, EvidenceError, Input, judge};
use fulcrum_harness::verdict::{Finding, Judgement, Measurement, Outcome};
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// What was judged, and how.
pub(crate) struct Judged {
    pub(crate) history: History,
    pub(crate) judgement: Judgement,
}

/// A finding of which a test expects more than its outcome.
#[derive(Clone, Copy)]
pub(crate) struct Expected<'j>(&'j Finding);

/// A fixture of this crate.
pub(crate) fn fixture(name: &str) -> Input {
    Input::File(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name))
}

/// A log that is no file.
pub(crate) fn text(name: &str, text: &str) -> Input {
    Input::Bytes { name: name.to_owned(), bytes: text.as_bytes().to_vec() }
}

impl Judged {
    /// Judges what a story leaves behind.
    pub(crate) fn story(story: &Story) -> Self {
        let infrastructure = story.infrastructure();
        Self::of(Some(&story.source.log()), Some(&story.target.log()), infrastructure.as_deref())
    }

    /// Judges these logs.
    pub(crate) fn of(
        source: Option<&str>,
        target: Option<&str>,
        infrastructure: Option<&str>,
    ) -> Self {
        let input =
            |name: &str, log: Option<&str>| log.map(|log| text(name, log)).into_iter().collect();
        Self::read(&Evidence {
            source: input("source.log", source),
            target: input("target.log", target),
            infrastructure: input("infrastructure.jsonl", infrastructure),
            // A story tells of one clock, but where it says otherwise.
            clock_error: Duration::ZERO,
        })
        .expect("the logs are well-formed")
    }

    /// Judges this evidence, if it can be read.
    pub(crate) fn read(evidence: &Evidence) -> Result<Self, EvidenceError> {
        let history = evidence.read()?;
        let judgement = judge(&history);
        Ok(Self { history, judgement })
    }

    /// The finding of the checker `checker/<name>`.
    pub(crate) fn checker(&self, name: &str) -> &Finding {
        let id = format!("checker/{name}");
        let found = self.judgement.findings.iter().find(|finding| finding.checker == id);
        found.unwrap_or_else(|| panic!("{id} found nothing:\n{self}"))
    }

    /// The finding of a rule; of several the worst.
    pub(crate) fn rule(&self, rule: &str) -> &Finding {
        let of_rule = self.judgement.findings.iter().filter(|finding| finding.rule == rule);
        let worst = of_rule.max_by_key(|finding| match finding.outcome {
            Outcome::Passed => 0,
            Outcome::Unknown => 1,
            Outcome::Failed => 2,
        });
        worst.unwrap_or_else(|| panic!("nothing is said of {rule}:\n{self}"))
    }

    /// Asserts how a rule came out.
    #[track_caller]
    pub(crate) fn came_out(&self, rule: &str, outcome: Outcome) -> Expected<'_> {
        let finding = self.rule(rule);
        assert_eq!(finding.outcome, outcome, "{}", told(finding));
        assert!(finding.witness.len() < 10, "a witness has under ten events: {}", told(finding));
        Expected(finding)
    }

    /// Asserts how one checker came out.
    #[track_caller]
    pub(crate) fn checked(&self, checker: &str, outcome: Outcome) -> Expected<'_> {
        let finding = self.checker(checker);
        assert_eq!(finding.outcome, outcome, "{}", told(finding));
        Expected(finding)
    }

    /// Asserts that a rule did not come out so.
    #[track_caller]
    pub(crate) fn did_not_come_out(&self, rule: &str, outcome: Outcome) -> Expected<'_> {
        let finding = self.rule(rule);
        assert_ne!(finding.outcome, outcome, "{}", told(finding));
        Expected(finding)
    }

    /// Asserts that some rule came out failed and its finding names this object.
    #[track_caller]
    pub(crate) fn fails_with(&self, kind: &str, path: &str) {
        let mut failed =
            self.judgement.findings.iter().filter(|one| one.outcome == Outcome::Failed);
        let named = failed.any(|finding| Expected(finding).does_name(kind, path));
        assert!(named, "no rule failed that names {kind} {path}:\n{self}");
    }

    /// Asserts a measurement, and that its error bar is no wider than so many seconds.
    #[track_caller]
    pub(crate) fn measured(&self, name: &str, seconds: f64, error: f64) -> &Measurement {
        let measured = self.measurement(name);
        let measured = measured.unwrap_or_else(|| panic!("{name} was not measured:\n{self}"));
        let (value, bar) = (measured.value.as_secs_f64(), measured.error.as_secs_f64());
        assert!((value - seconds).abs() <= error, "{name}: {value} s, expected {seconds} s");
        assert!(bar <= error, "{name}: plus or minus {bar} s, expected at most {error} s");
        measured
    }

    /// Asserts that something could not be measured.
    #[track_caller]
    pub(crate) fn measured_nothing(&self, name: &str) {
        assert!(self.measurement(name).is_none(), "{name} was measured:\n{self}");
    }

    /// Asserts that the whole judgement says this somewhere.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) {
        let all = format!("{self}{}", self.timeline());
        assert!(all.contains(words), "{words:?} is not said:\n{all}");
    }

    /// The timeline, a line a row.
    pub(crate) fn timeline(&self) -> String {
        self.judgement.timeline.iter().map(|line| format!("{line}\n")).collect()
    }

    fn measurement(&self, name: &str) -> Option<&Measurement> {
        self.judgement.measurements.iter().find(|measured| measured.name == name)
    }
}

impl Expected<'_> {
    /// Asserts that summary or witness name an object, by its kind or its resource.
    #[track_caller]
    pub(crate) fn names(self, kind: &str, path: &str) -> Self {
        assert!(self.does_name(kind, path), "{kind} {path} is not named: {}", told(self.0));
        self
    }

    fn does_name(self, kind: &str, path: &str) -> bool {
        let all = told(self.0);
        let words: Vec<&str> = all
            .split(|c: char| !(c.is_alphanumeric() || "-/._".contains(c)))
            .map(|word| word.trim_end_matches('.'))
            .filter(|word| !word.is_empty())
            .collect();
        let resource = format!("{}s", kind.to_lowercase());
        words.windows(2).any(|pair| (pair[0] == kind || pair[0] == resource) && pair[1] == path)
    }

    /// Asserts that summary or witness say this.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        let all = told(self.0);
        assert!(all.contains(words), "{words:?} is not said: {all}");
        self
    }

    /// Asserts that the request received `at` milliseconds into its story is in the witness.
    #[track_caller]
    pub(crate) fn shows(self, at: i64) -> Self {
        let shown = self.0.witness.iter().any(|line| line.at == instant(at));
        assert!(shown, "{:.3} is not in the witness: {}", instant(at), told(self.0));
        self
    }
}

fn told(finding: &Finding) -> String {
    let mut told = format!("{} {} {}\n", finding.rule, finding.outcome, finding.checker);
    let _ = writeln!(told, "    {}", finding.summary);
    for line in &finding.witness {
        let _ = writeln!(told, "    | {line}");
    }
    told
}

/// Findings, measurements and notes; how long the timeline is.
impl std::fmt::Display for Judged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for finding in &self.judgement.findings {
            f.write_str(&told(finding))?;
        }
        for measured in &self.judgement.measurements {
            let (value, error) = (measured.value.as_secs_f64(), measured.error.as_secs_f64());
            writeln!(f, "{}: {value:.3} s ± {error:.3} s: {}", measured.name, measured.note)?;
        }
        for note in &self.judgement.notes {
            writeln!(f, "note: {note}")?;
        }
        writeln!(f, "timeline: {} rows", self.judgement.timeline.len())
    }
}
