//! The program teaches how it is called.

use std::process::Command;

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_fulcrum-agent"))
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
    for word in [
        "--cluster",
        "--cell",
        "--token-file",
        "FULCRUM_CLUSTER",
        "Exit codes",
        "spec.enrolment.request",
    ] {
        assert!(text.contains(word), "{word} is not in:\n{text}");
    }
}

#[test]
fn a_wrong_call_ends_with_two() {
    assert_eq!(run(&[]).0, Some(2));
    assert_eq!(run(&["--cluster", "no-namespace", "--cell", "cell.test"]).0, Some(2));
}
