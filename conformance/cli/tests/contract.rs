//! The contract and the cases agree, in both directions.
//!
//! What code claims to show stands in CONTRACT.md under exactly the rules that it names; what
//! CONTRACT.md names is there. A rule without a case says `none yet`, and is counted, not hidden.

use fulcrum_harness::{judge, rule};
use std::collections::{BTreeMap, BTreeSet};

/// Rules by the id of a case.
type Cases = BTreeMap<String, BTreeSet<String>>;

/// Every case that code declares.
fn declared() -> Cases {
    let mut declared = Cases::new();
    let checkers = judge::cases().iter().map(|case| (case.id, case.rules));
    let reference = fulcrum_reference::cases::cases();
    let reference = reference.iter().map(|case| (case.id.as_str(), case.rules));
    for (id, rules) in checkers.chain(reference) {
        let rules: BTreeSet<String> = rules.iter().map(|&rule| rule.to_owned()).collect();
        assert!(!rules.is_empty(), "{id} shows no rule");
        assert!(
            declared.insert(id.to_owned(), rules).is_none(),
            "two cases are called {id}"
        );
    }
    declared
}

/// Every case that CONTRACT.md names.
fn named() -> Cases {
    let mut named = Cases::new();
    for rule in rule::all() {
        for case in &rule.cases {
            let new = named
                .entry(case.clone())
                .or_default()
                .insert(rule.id.clone());
            assert!(new, "rule {} names {case} twice", rule.id);
        }
    }
    named
}

/// What stands in the first and not in the second, a line each.
fn missing(from: &Cases, to: &Cases) -> Vec<String> {
    let pairs = from
        .iter()
        .flat_map(|(id, rules)| rules.iter().map(move |rule| (id, rule)));
    let missing =
        pairs.filter(|(id, rule)| !to.get(*id).is_some_and(|rules| rules.contains(*rule)));
    missing
        .map(|(id, rule)| format!("{rule}: `{id}`"))
        .collect()
}

#[test]
fn what_code_shows_stands_in_the_contract() {
    let missing = missing(&declared(), &named());
    assert!(
        missing.is_empty(),
        "not in CONTRACT.md:\n{}",
        missing.join("\n")
    );
}

#[test]
fn what_the_contract_names_is_shown_by_code() {
    let missing = missing(&named(), &declared());
    assert!(
        missing.is_empty(),
        "no such case in the code:\n{}",
        missing.join("\n")
    );
}

#[test]
fn every_case_that_code_declares_cites_a_rule_that_exists() {
    for (id, rules) in declared() {
        for rule in rules {
            assert!(
                rule::find(&rule).is_some(),
                "{id} cites {rule}, which is no rule"
            );
        }
    }
}

/// The parser refuses a rule without its line of cases; here the document is counted by itself.
#[test]
fn every_rule_has_a_line_of_cases_and_those_without_a_case_are_listed() {
    let contract = include_str!("../../../proto/CONTRACT.md");
    let rules = rule::all();
    let without: Vec<&str> = rules
        .iter()
        .filter(|rule| rule.cases.is_empty())
        .map(|rule| rule.id.as_str())
        .collect();
    println!(
        "{} of {} rules have no case yet: {}",
        without.len(),
        rules.len(),
        without.join(" ")
    );
    assert_eq!(contract.matches("\n- **").count(), rules.len());
    assert_eq!(contract.matches("\n  Cases: ").count(), rules.len());
    assert_eq!(
        contract.matches("\n  Cases: none yet\n").count(),
        without.len()
    );
}
