//! `REALITY.md`: what each conversation came to, as a generated table that is kept in the
//! repository.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;

use crate::reality::play::Outcome;
use crate::reality::translate::{UUID, pattern};

/// What a conversation that is listed as passing has in its last column.
const PASSES: &str = "passes";
/// The longest verdict that is listed.
const WIDTH: usize = 240;

static TIME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"));

/// One line of the table.
pub(crate) struct Row<'a> {
    /// `group/name`.
    pub(crate) name: &'a str,
    /// How many steps it has.
    pub(crate) steps: usize,
    pub(crate) outcome: &'a Outcome,
}

/// The file, from what came of the conversations.
pub(crate) fn render(rows: &[Row<'_>]) -> String {
    let passed = rows.iter().filter(|row| *row.outcome == Outcome::Passes).count();
    let mut out = format!(
        "# Which recorded conversations the server in memory answers as a real one did\n\n\
         Generated: `UPDATE_REALITY=1 cargo test --test reality` writes this file, and without \
         the variable the test compares.\n\
         A conversation that is listed as passing must pass.\n\
         What the conversations are: [fixtures/reality](fixtures/reality/README.md).\n\n\
         {passed} of {} pass.\n\n\
         | conversation | steps | verdict |\n|---|---|---|\n",
        rows.len()
    );
    for Row { name, steps, outcome } in rows {
        writeln!(out, "| {name} | {steps} | {} |", verdict(outcome))
            .expect("writing to a String does not fail");
    }
    out
}

/// The names that a file lists as passing.
pub(crate) fn passing(file: &str) -> BTreeSet<String> {
    let name = |line: &str| {
        let mut cells = line.strip_prefix("| ")?.strip_suffix(" |")?.splitn(3, " | ");
        let (name, _steps, verdict) = (cells.next()?, cells.next()?, cells.next()?);
        (verdict == PASSES).then(|| name.to_owned())
    };
    file.lines().filter_map(name).collect()
}

/// The first line in which two files differ, for a message.
pub(crate) fn first_difference(file: &str, fresh: &str) -> String {
    let (mut old, mut new) = (file.lines(), fresh.lines());
    loop {
        match (old.next(), new.next()) {
            (None, None) => return "only in the ends of lines".to_owned(),
            (old, new) if old == new => {}
            (old, new) => {
                let (old, new) = (old.unwrap_or("(end)"), new.unwrap_or("(end)"));
                return format!("the file has\n  {old}\nand it would be\n  {new}");
            }
        }
    }
}

/// What stands in the last column: the same in every run, so uids and times are masked.
fn verdict(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Passes => PASSES.to_owned(),
        Outcome::NotYet => "not yet".to_owned(),
        Outcome::Differs(what) => {
            let what = UUID.replace_all(what, "<uid>");
            let what = TIME.replace_all(&what, "<time>");
            let plain = what.replace('|', "/").replace(['\n', '\r'], " ");
            let mut short: String = plain.chars().take(WIDTH).collect();
            if short.len() < plain.len() {
                short.push('…');
            }
            format!("differs at {short}")
        }
    }
}
