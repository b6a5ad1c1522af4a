//! Where order does not count, or is not known: patterns of paths, sorting before comparing, and
//! the numbers in a text.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

/// Does a path fit a pattern, in which `*` stands for anything, slashes too?
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else {
        return pattern == path;
    };
    path.strip_prefix(head).is_some_and(|rest| {
        let ends = rest.char_indices().map(|(i, _)| i).chain([rest.len()]);
        ends.into_iter().any(|end| matches(tail, &rest[end..]))
    })
}

/// The JSON type; whole numbers are one of their own.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// What an entry of managedFields is sorted by: a real server sorts by time.
pub(crate) fn manager(entry: &Value) -> [String; 5] {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let fields = entry.get("fieldsV1").map(Value::to_string).unwrap_or_default();
    [text("operation"), text("manager"), text("apiVersion"), text("subresource"), fields]
}

/// What an element of an unordered list is known by.
pub(crate) fn rank(element: &Value) -> String {
    let object = element.get("object").unwrap_or(element);
    let name = object.pointer("/metadata/name");
    let key = |key: &str| object.get(key);
    json!([
        element.get("type"),
        key("kind"),
        name,
        key("name"),
        key("resource"),
        key("subresource"),
        element.as_str(),
    ])
    .to_string()
}

/// An element of a list in a few words.
pub(crate) fn brief(element: &Value) -> Value {
    let object = element.get("object").unwrap_or(element);
    let name = object.pointer("/metadata/name").or_else(|| object.get("message"));
    match (element.get("type"), name) {
        (Some(kind), Some(name)) => json!([kind, name]),
        (None, Some(name)) => name.clone(),
        _ => element.clone(),
    }
}

/// A text and its last five characters, apart.
pub(crate) fn split_end(text: &str) -> Option<(&str, &str)> {
    text.split_at_checked(text.len().checked_sub(5)?)
}

/// A text with `#` for each number in it, and the numbers. A number starts a word and no letter is
/// in that word.
pub(crate) fn numbers(text: &str) -> (String, Vec<&str>) {
    let (mut frame, mut found) = (String::new(), Vec::new());
    let mut rest = text;
    while !rest.is_empty() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let (gap, tail) = rest.split_at(rest.find(is_word).unwrap_or(rest.len()));
        let (word, tail) = tail.split_at(tail.find(|c: char| !is_word(c)).unwrap_or(tail.len()));
        frame.push_str(gap);
        let end = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
        let (number, ending) = word.split_at(end);
        if number.is_empty() || ending.contains(|c: char| c.is_ascii_alphabetic()) {
            frame.push_str(word);
        } else {
            found.push(number);
            frame.push('#');
            frame.push_str(ending);
        }
        rest = tail;
    }
    (frame, found)
}

/// A Status with its causes in order, in the details and in the message: a real server finds the
/// errors of an object in random order.
pub(crate) fn causes_in_order(status: &Object) -> Object {
    let mut out = status.clone();
    let details = status.get("details").and_then(Value::as_object);
    let causes = details.and_then(|details| details.get("causes")).and_then(Value::as_array);
    let message = status.get("message").and_then(Value::as_str);
    let (Some(details), Some(causes), Some(message)) = (details, causes, message) else {
        return out;
    };
    if causes.len() < 2 {
        return out;
    }
    let text = |cause: &Value, key: &str| {
        cause.get(key).and_then(Value::as_str).unwrap_or("None").to_owned()
    };
    let mut sorted = causes.clone();
    sorted.sort_by_key(|cause| ["field", "reason", "message"].map(|key| text(cause, key)));
    let said = |cause: &Value| format!("{}: {}", text(cause, "field"), text(cause, "message"));
    let mut said: Vec<_> = sorted.iter().map(said).collect::<BTreeSet<_>>().into_iter().collect();
    said.sort_by_key(|text| Reverse(text.len()));
    let (mut message, mut found) = (message.to_owned(), Vec::new());
    for text in said {
        if message.contains(&text) {
            message = message.replacen(&text, "%", 1);
            found.push(text);
        }
    }
    if !found.is_empty() {
        found.sort();
        message = format!("{message}\n{}", found.join("\n"));
    }
    let mut details = details.clone();
    details.insert("causes".to_owned(), sorted.into());
    out.insert("message".to_owned(), message.into());
    out.insert("details".to_owned(), details.into());
    out
}
