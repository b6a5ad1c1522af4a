//! `junit.xml`: one test case for each checker, for the dashboards that read nothing else.

use crate::rule;
use crate::verdict::{Finding, Judgement, Outcome};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::io;

/// Writes the judgement as JUnit XML; what is unknown is skipped, with its reason.
pub(super) fn write(judgement: &Judgement, out: &mut dyn io::Write) -> io::Result<()> {
    let mut suite = TestSuite::new("conformance");
    suite.add_test_cases(judgement.findings.iter().map(test_case));
    let mut report = Report::new("fulcrum");
    report.add_test_suite(suite);
    report.serialize(out).map_err(io::Error::other)
}

fn test_case(finding: &Finding) -> TestCase {
    let mut status = match finding.outcome {
        Outcome::Passed => TestCaseStatus::success(),
        Outcome::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Outcome::Unknown => TestCaseStatus::skipped(),
    };
    status.set_message(&finding.summary);
    status.set_type(finding.rule);
    status.set_description(description(finding));
    let mut case = TestCase::new(finding.checker, status);
    case.set_classname(finding.rule);
    case
}

/// The rule and the witness, a line each.
fn description(finding: &Finding) -> String {
    let rule = rule::find(finding.rule).map(rule::Rule::plain_text);
    let mut lines = vec![format!("{}: {}", finding.rule, rule.unwrap_or_default())];
    lines.extend(finding.witness.iter().map(ToString::to_string));
    lines.join("\n")
}
