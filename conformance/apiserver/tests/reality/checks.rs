//! Checks of the comparer itself: a recording equals itself, and what is changed is noticed.

use serde_json::{Value, json};

use crate::reality::compare::Compare;
use crate::reality::format::{Action, Conversation, Json, Step};
use crate::reality::order::matches;

/// The recordings, for a check that wants them.
type Recordings<'a> = &'a [&'a Conversation];
type Check = for<'a> fn(Recordings<'a>);

/// Every check with its name; one fails by a panic.
pub(crate) const ALL: [(&str, Check); 7] = [
    ("a-recording-equals-itself", a_recording_equals_itself),
    ("one-changed-value-is-noticed", one_changed_value_is_noticed),
    ("resource-versions", resource_versions),
    ("uids-and-names", uids_and_names),
    ("shapes", shapes),
    ("what-has-no-order", what_has_no_order),
    ("requests-are-translated", requests_are_translated),
];

/// How many values of each conversation are changed, one at a time.
const CHANGES: usize = 5;

fn a_recording_equals_itself(recordings: Recordings<'_>) {
    for conversation in recordings {
        let difference = with_change(conversation, None);
        assert_eq!(difference, None, "{}", conversation.name);
    }
}

fn one_changed_value_is_noticed(recordings: Recordings<'_>) {
    for conversation in recordings {
        let mut places = Vec::new();
        for (i, step) in conversation.steps.iter().enumerate() {
            let mut found = Vec::new();
            leaves(step, "", &step.recorded, &mut found);
            places.extend(found.into_iter().map(|path| (i, path)));
        }
        let stride = (places.len() / CHANGES).max(1);
        for (i, path) in places.iter().skip(stride / 2).step_by(stride) {
            let difference = with_change(conversation, Some((*i, path.as_str())));
            assert!(difference.is_some(), "{}: step {i}: {path}", conversation.name);
        }
    }
}

/// Compares a recording with itself, one value changed, and returns the first difference.
fn with_change(conversation: &Conversation, change: Option<(usize, &str)>) -> Option<String> {
    let mut compare = Compare::default();
    for (i, step) in conversation.steps.iter().enumerate() {
        let mut got = step.recorded.clone();
        if let Some((at, path)) = change
            && at == i
        {
            let value = got.pointer_mut(path).expect("the path was taken from this value");
            *value = changed(value);
        }
        if let Err(difference) = compare.step(step, &got) {
            return Some(difference.to_string());
        }
    }
    None
}

fn changed(value: &Value) -> Value {
    match value {
        Value::Bool(value) => json!(!value),
        Value::Number(number) => json!(number.as_f64().unwrap_or(0.0) + 0.5),
        Value::String(text) => json!(format!("{text}x")),
        _ => json!(0),
    }
}

/// The paths of the values that are compared in full: not the loose ones, not tokens.
fn leaves(step: &Step, path: &str, value: &Value, found: &mut Vec<String>) {
    if step.loose.iter().any(|pattern| matches(pattern, path)) || path.ends_with("/continue") {
        return;
    }
    let escape = |key: &String| key.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                // A key with a slash is another path to the patterns: left out.
                if escape(key) == *key {
                    leaves(step, &format!("{path}/{key}"), value, found);
                }
            }
        }
        Value::Array(list) => {
            for (i, value) in list.iter().enumerate() {
                leaves(step, &format!("{path}/{i}"), value, found);
            }
        }
        _ => found.push(path.to_owned()),
    }
}

fn step(body: &Value) -> Step {
    Step {
        number: 0,
        action: Action::Compact,
        recorded: answer(body),
        loose: Vec::new(),
        unordered: Vec::new(),
        pick: None,
    }
}

fn answer(body: &Value) -> Value {
    json!({"response": {"code": 200, "headers": {}, "body": body}})
}

/// Do these bodies, recorded and got, step by step, compare as equal?
fn agree(bodies: &[(Value, Value)]) -> bool {
    let mut compare = Compare::default();
    bodies.iter().all(|(recorded, got)| compare.step(&step(recorded), &answer(got)).is_ok())
}

fn resource_versions(_: Recordings<'_>) {
    let object = |version: &str| json!({"metadata": {"resourceVersion": version}});
    let list = |version: &str| json!({"items": [], "metadata": {"resourceVersion": version}});
    let objects = |pairs: &[(&str, &str)]| {
        agree(&pairs.iter().map(|(r, a)| (object(r), object(a))).collect::<Vec<_>>())
    };
    assert!(objects(&[("5", "10"), ("7", "11"), ("5", "10")]));
    assert!(!objects(&[("5", "10"), ("7", "10")]), "not written");
    assert!(!objects(&[("5", "10"), ("5", "11")]), "written");
    assert!(!objects(&[("5", "10"), ("7", "9")]), "order");
    assert!(!objects(&[("0", "1")]), "0 is no number");
    let then_list = |r: &str, a: &str| agree(&[(object("5"), object("10")), (list(r), list(a))]);
    assert!(then_list("5", "17"));
    assert!(!then_list("6", "9"), "older than the object");
    assert!(!then_list("4", "10"), "newer than before the object");
}

fn uids_and_names(_: Recordings<'_>) {
    let uid = |last: char| format!("00000000-0000-0000-0000-00000000000{last}");
    let with = |last: char| json!({"uid": uid(last), "text": format!("{} is it", uid(last))});
    assert!(agree(&[(with('1'), with('2')), (with('1'), with('2'))]));
    assert!(!agree(&[(with('1'), with('2')), (with('1'), with('3'))]), "another");
    assert!(!agree(&[(with('1'), with('2')), (with('3'), with('2'))]), "the same");
    let named = |name: &str| json!({"metadata": {"generateName": "a-", "name": name}});
    let told = |name: &str| json!({"message": name});
    assert!(agree(&[(named("a-bcdfg"), named("a-xwvts")), (told("a-bcdfg"), told("a-xwvts"))]));
    assert!(!agree(&[(named("a-bcdfg"), named("a-xwvts")), (told("a-bcdfg"), told("a-bcdfg"))]));
    assert!(!agree(&[(named("a-bcdfg"), named("a-eeeee"))]), "letters that are never given");
}

fn shapes(_: Recordings<'_>) {
    let same = |recorded: Value, got: Value| agree(&[(recorded, got)]);
    assert!(same(json!("2026-01-01T00:00:00Z"), json!("2027-02-02T01:01:01Z")));
    assert!(!same(json!("2026-01-01T00:00:00Z"), json!("2026-01-01T00:00:00.000000Z")));
    assert!(!same(json!({"a": 1}), json!({})), "missing");
    assert!(!same(json!({}), json!({"a": 1})), "additional");
    assert!(!same(json!([1, 2]), json!([2, 1])), "order");
    assert!(!same(json!(1), json!("1")), "type");
    assert!(!same(json!(1), json!(1.0)), "kind of number");
    assert!(!same(json!("at most 3"), json!("at most 4")), "number in a text");
}

fn what_has_no_order(_: Recordings<'_>) {
    let status = |fields: [&str; 2]| {
        let causes = fields.map(|field| json!({"field": field, "message": "wrong"}));
        let said = fields.map(|field| format!("{field}: wrong")).join(", ");
        json!({"kind": "Status", "message": format!("[{said}]"), "details": {"causes": causes}})
    };
    assert!(agree(&[(status(["a", "b"]), status(["b", "a"]))]));
    assert!(!agree(&[(status(["a", "b"]), status(["b", "c"]))]));
    let managed = |names: [&str; 2]| {
        let entries = names.map(|name| json!({"manager": name, "operation": "Update"}));
        json!({"metadata": {"managedFields": entries}})
    };
    assert!(agree(&[(managed(["a", "b"]), managed(["b", "a"]))]));
    assert!(!agree(&[(managed(["a", "b"]), managed(["a", "a"]))]));
}

fn requests_are_translated(_: Recordings<'_>) {
    let object = |last: char, version: &str, day: char| {
        json!({"metadata": {
            "uid": format!("00000000-0000-0000-0000-00000000000{last}"),
            "resourceVersion": version,
            "creationTimestamp": format!("2026-01-0{day}T00:00:00Z"),
        }})
    };
    let mut compare = Compare::default();
    let (recorded, got) = (object('1', "5", '1'), object('2', "10", '2'));
    compare.step(&step(&recorded), &answer(&got)).expect("the first answer sets the rules");
    let sent = compare.known.translate(&Json::from(&recorded), "");
    assert_eq!(sent.value(), got);
    let text = r#"{"b": 1.0, "a": [9007199254740993, "x", null]}"#;
    let kept: Json = serde_json::from_str(text).expect("the text is JSON");
    assert_eq!(compare.known.translate(&kept, "").to_string(), text);
}
