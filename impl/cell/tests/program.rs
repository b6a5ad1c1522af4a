//! The program teaches how it is called, and prints what it needs.

use std::process::Command;

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_fulcrum-cell"))
        .args(arguments)
        .env_clear()
        .output()
        .expect("the program runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).expect("text"))
}

#[test]
fn help_teaches() {
    let (code, text) = run(&["--help"]);
    assert_eq!(code, Some(0));
    for word in
        ["--kubeconfig", "--host", "--print-crds", "FULCRUM_HOSTS", "Exit codes", "spec.pivot"]
    {
        assert!(text.contains(word), "{word} is not in:\n{text}");
    }
}

#[test]
fn a_wrong_call_ends_with_two() {
    assert_eq!(run(&["--listen-pivot", "nowhere"]).0, Some(2));
}

#[test]
fn definitions_are_printed() {
    let (code, text) = run(&["--print-crds"]);
    assert_eq!(code, Some(0));
    for word in
        ["managedclusters", "pivotrecords", "pivot.fulcrum.dev", "openAPIV3Schema", "pivotComplete"]
    {
        assert!(text.contains(word), "{word} is not in:\n{text}");
    }
}
