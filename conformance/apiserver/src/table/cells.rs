//! Reading what stands in cells, with Go's zero values for what is absent.

use serde_json::Value;

use crate::json::text_at;

/// The number at a pointer.
pub(super) fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// The list at a pointer.
pub(super) fn list<'v>(object: &'v Value, pointer: &str) -> &'v [Value] {
    object.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// How many keys the map at a pointer has.
pub(super) fn keys(object: &Value, pointer: &str) -> usize {
    object.pointer(pointer).and_then(Value::as_object).map_or(0, serde_json::Map::len)
}

/// The first text that is not empty.
pub(super) fn first<'v>(texts: &[&'v str]) -> &'v str {
    texts.iter().find(|text| !text.is_empty()).copied().unwrap_or_default()
}

/// The field `key` of every entry of the list at a pointer, with commas.
pub(super) fn each(object: &Value, pointer: &str, key: &str) -> String {
    let values: Vec<&str> =
        list(object, pointer).iter().map(|entry| text_at(entry, &format!("/{key}"))).collect();
    values.join(",")
}

/// The texts of the list at a pointer, with commas.
pub(super) fn texts(object: &Value, pointer: &str) -> String {
    let values: Vec<&str> = list(object, pointer).iter().filter_map(Value::as_str).collect();
    values.join(",")
}

/// The map of labels at a pointer: `a=1,b=2` or `<none>`.
pub(super) fn labels(object: &Value, pointer: &str) -> String {
    let pairs = pairs(object.pointer(pointer));
    first(&[&pairs.join(","), "<none>"]).to_owned()
}

fn pairs(map: Option<&Value>) -> Vec<String> {
    let map = map.and_then(Value::as_object).into_iter().flatten();
    map.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect()
}

/// The label selector at a pointer: `a=1,b in (x,y)`.
pub(super) fn selector(object: &Value, pointer: &str) -> String {
    let Some(selector) = object.pointer(pointer) else {
        return String::new();
    };
    let mut terms = pairs(selector.get("matchLabels"));
    for expression in list(selector, "/matchExpressions") {
        let key = text_at(expression, "/key");
        let mut values: Vec<&str> =
            list(expression, "/values").iter().filter_map(Value::as_str).collect();
        values.sort_unstable();
        let values = values.join(",");
        terms.push(match text_at(expression, "/operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        });
    }
    terms.sort_by_key(|term| {
        let key = term.trim_start_matches('!');
        key.split(['=', ' ']).next().unwrap_or_default().to_owned()
    });
    terms.join(",")
}
