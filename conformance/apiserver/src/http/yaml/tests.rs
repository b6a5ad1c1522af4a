use serde_json::{Value, json};

use super::{read, read_strict, write};

const RECORDING: &str = include_str!("../../../fixtures/reality/api/misc/media-types.jsonl");

#[test]
fn what_was_recorded_comes_back_byte_for_byte() {
    let mut count = 0;
    for line in RECORDING.lines() {
        let step: Value = serde_json::from_str(line).unwrap();
        if step["response"]["headers"]["content-type"] == "application/yaml" {
            let text = step["response"]["body"].as_str().unwrap();
            assert_eq!(write(&read(text.as_bytes()).unwrap()), text);
            count += 1;
        }
    }
    assert_eq!(count, 3);
}

#[test]
fn plain_scalars_are_of_version_1_1() {
    let text = "{y: on, no: 'no', a: 010, b: 0x1F, c: 1_000, d: 1e3, e: 2001-01-01, f: ~, 1: .5, \
                g: 12:30, h: !!str 1, i: !!float 1, j: 1.0, k: -0b11, l: 08}";
    let expected = json!({
        "true": true, "false": "no", "a": 8, "b": 31, "c": 1000, "d": 1000, "e": "2001-01-01",
        "f": null, "1": 0.5, "g": "12:30", "h": "1", "i": 1, "j": 1, "k": -3, "l": 8,
    });
    assert_eq!(read(text.as_bytes()), Ok(expected));
}

#[test]
fn texts_of_several_lines_anchors_and_documents() {
    let text = "# a comment\na: |\n  one\n  two\nb: >-\n  one\n  two\nc: &x {k: v}\nd:\n  <<: *x\n\
                \x20 l: w\ne: [*x, \"\\u00e9\"]\n---\nz: 1\n";
    let expected = json!({
        "a": "one\ntwo\n", "b": "one two", "c": {"k": "v"}, "d": {"k": "v", "l": "w"},
        "e": [{"k": "v"}, "é"],
    });
    assert_eq!(read(text.as_bytes()), Ok(expected));
    assert_eq!(read(b"# nothing\n"), Ok(Value::Null));
    assert_eq!(read(b""), Ok(Value::Null));
    assert_eq!(read(b" {\"y\": 1.0, \"n\": 1.5}\n"), Ok(json!({"y": 1, "n": 1.5})));
}

#[test]
fn what_is_no_yaml() {
    for text in ["a: b: c", "a: [", "a: *x", "? [a]\n: b", "a: .inf", "a: !!int x"] {
        assert!(read(text.as_bytes()).is_err(), "{text}");
    }
    let why = read(b"a: 1\nb: c: d\n").unwrap_err();
    assert!(why.starts_with("yaml: line 2: "), "{why}");
    assert_eq!(
        read_strict(b"a: 1\na: 2\n").unwrap_err(),
        "error converting YAML to JSON: yaml: unmarshal errors:\n  line 2: key \"a\" already set \
         in map"
    );
}

#[test]
fn aliases_of_aliases_end_somewhere() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..9 {
        let list = format!("*a{},", i - 1).repeat(10);
        text.push_str(&format!("a{i}: &a{i} [{list}]\n"));
    }
    let why = read(text.as_bytes()).unwrap_err();
    assert_eq!(why, "yaml: document contains excessive aliasing");
}

#[test]
fn texts_are_quoted_where_they_must_be() {
    let texts = json!({
        "a10": "1", "a2": "y", "b": "", "c": "- x", "d": "a: b", "e": "it's", "f": "x\n", "g": "x",
        "h": "x\n\ny", "i": " x", "j": "1:30", "k": "tab\there", "k:{\"n\":\"x\"}": "'x", "on": 1,
        "m": [[], {}, [1, [2]], {"x": null}], "o": "2026-11-24T12:43:24Z", "p": 1.5, "q": 1e21,
    });
    let written = "a2: \"y\"\na10: \"1\"\nb: \"\"\nc: '- x'\nd: 'a: b'\ne: it's\nf: |\n  x\ng: x\n\
                   h: |-\n  x\n\n  y\ni: ' x'\nj: \"1:30\"\nk: \"tab\\there\"\nk:{\"n\":\"x\"}: \
                   '''x'\nm:\n- []\n- {}\n- - 1\n  - - 2\n- x: null\no: \
                   \"2026-11-24T12:43:24Z\"\n\"on\": 1\np: 1.5\nq: 1e+21\n";
    assert_eq!(write(&texts), written);
    assert_eq!(read(written.as_bytes()), Ok(texts));
}

#[test]
fn long_texts_are_folded_and_long_fields_stand_alone() {
    let text = format!("{} {}", "x".repeat(80), "y ".repeat(3).trim_end());
    let written = format!("a: {}\n  y y y\n", "x".repeat(80));
    assert_eq!(write(&json!({ "a": text })), written);
    let key = "k".repeat(129);
    assert_eq!(write(&json!({ &key: [1] })), format!("? {key}\n: - 1\n"));
}
