//! The contract and the cases agree, in both directions: the `Cases` lines of CONTRACT.md are what
//! code declares, no more and no less. A rule without a case says `none yet`, and is counted, not
//! hidden.
//!
//! `UPDATE_CONTRACT=1 cargo test -p fulcrum-cli --test contract` writes the lines anew.

use std::collections::{BTreeMap, BTreeSet};

use fulcrum_harness::{judge, rule};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto/CONTRACT.md");
const CONTRACT: &str = include_str!("../../../proto/CONTRACT.md");

/// The cases that code declares, by the rule that they show.
fn declared() -> BTreeMap<String, BTreeSet<String>> {
    let checkers = judge::cases().iter().map(|case| (case.id.to_owned(), case.rules));
    let reference = fulcrum_reference::cases::cases().into_iter().map(|case| (case.id, case.rules));
    let mut ids = BTreeSet::new();
    let mut declared = BTreeMap::<String, BTreeSet<String>>::new();
    for (id, rules) in checkers.chain(reference) {
        assert!(ids.insert(id.clone()), "two cases are called {id}");
        assert!(!rules.is_empty(), "{id} shows no rule");
        for rule in rules {
            assert!(rule::find(rule).is_some(), "{id} cites {rule}, which is no rule");
            declared.entry((*rule).to_owned()).or_default().insert(id.clone());
        }
    }
    declared
}

/// The contract with the lines of cases that code declares.
fn regenerated() -> String {
    let declared = declared();
    let mut rule = "";
    let mut text = String::new();
    for line in CONTRACT.lines() {
        if let Some(rest) = line.strip_prefix("- **") {
            rule = rest.split("**").next().unwrap_or_default();
        }
        if line.starts_with("  Cases: ") {
            text.push_str("  Cases: ");
            text.push_str(&cases_of(declared.get(rule)));
        } else {
            text.push_str(line);
        }
        text.push('\n');
    }
    text
}

fn cases_of(cases: Option<&BTreeSet<String>>) -> String {
    cases.map_or_else(
        || "none yet".to_owned(),
        |cases| cases.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", "),
    )
}

#[test]
fn the_contract_names_the_cases_that_code_declares() {
    let expected = regenerated();
    if std::env::var_os("UPDATE_CONTRACT").is_some() {
        std::fs::write(PATH, &expected).expect("CONTRACT.md can be written");
        return;
    }
    for (line, (found, expected)) in CONTRACT.lines().zip(expected.lines()).enumerate() {
        let line = line + 1;
        assert_eq!(found, expected, "CONTRACT.md:{line}; UPDATE_CONTRACT=1 writes the lines anew");
    }
}

/// The parser refuses a rule without its line of cases; here the document is counted by itself.
#[test]
fn rules_without_a_case_are_listed() {
    let rules = rule::all();
    let without: Vec<_> =
        rules.iter().filter(|rule| rule.cases.is_empty()).map(|rule| rule.id.as_str()).collect();
    let (count, all) = (without.len(), rules.len());
    println!("{count} of {all} rules have no case yet: {}", without.join(" "));
    assert_eq!(CONTRACT.matches("\n- **").count(), all);
    assert_eq!(CONTRACT.matches("\n  Cases: ").count(), all);
    assert_eq!(CONTRACT.matches("\n  Cases: none yet\n").count(), count);
}
