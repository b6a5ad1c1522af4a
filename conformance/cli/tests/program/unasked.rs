//! `fulcrum` without arguments, as somebody runs it first.

use crate::run::{fulcrum, root};

#[test]
fn a_real_move_is_judged_and_told() {
    let text = fulcrum(&[]).fine();
    assert!(text.contains("\nVerdict: "), "{text}");
    for id in ["H1a", "H1b", "H6", "O1", "C1", "T1", "T10", "A5", "Q3", "Q4"] {
        assert!(text.contains(&format!("\n  {id:<4} ")), "rule {id}: {text}");
    }
    for part in ["\nMEASURED\n", "\nTIMELINE\n", "unowned window", " ± "] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains('\x1b'), "no terminal, no colours");
}

#[test]
fn what_it_offers_to_try_is_there() {
    let text = fulcrum(&[]).fine();
    let (_, offers) = text.split_once("What else there is to try").expect("offers");
    let paths: Vec<&str> = offers
        .split_whitespace()
        .filter(|word| word.contains("/fixtures/") || word.starts_with("proto/"))
        .collect();
    assert!(paths.len() >= 4, "{offers}");
    for path in paths {
        assert!(root().join(path).exists(), "{path} is not in the repository");
    }
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    assert_eq!(fulcrum(&[]).fine(), fulcrum(&[]).fine());
}

#[test]
fn help_teaches_by_examples_and_lists_the_exit_codes() {
    for arguments in [vec!["--help"], vec!["judge", "--help"], vec!["graph", "--help"]] {
        let text = fulcrum(&arguments).fine();
        assert!(text.contains("\nExamples:\n"), "{text}");
        assert!(text.contains("\nExit codes:\n"), "{text}");
    }
}

#[test]
fn what_it_does_not_know_is_usage() {
    let error = fulcrum(&["jugde"]).failed(2);
    assert!(error.contains("jugde"), "{error}");
}
