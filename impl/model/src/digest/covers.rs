//! Whether what was read back covers what was sent (rule I4).

use serde_json::Value;

use super::canonical;

/// The paths at which `read` does not hold what `sent` does, as `spec.template.spec.version`.
///
/// Empty if every field sent reads back equal. The reader may have more: defaulting, conversion
/// and controllers add fields, finalizers and owners. Lists compare by position, finalizers and
/// owners as sets. Values are never told: they may be a Secret's.
#[must_use]
pub fn covers(sent: &Value, read: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    compare(&canonical(sent), &canonical(read), "", &mut differences);
    differences
}

fn compare(sent: &Value, read: &Value, path: &str, differences: &mut Vec<String>) {
    match (sent, read) {
        (Value::Object(sent), Value::Object(read)) => {
            for (key, value) in sent {
                let path = below(path, key);
                match read.get(key) {
                    Some(read) => compare(value, read, &path, differences),
                    None if value.is_null() => {}
                    None => differences.push(path),
                }
            }
        }
        (Value::Array(sent), Value::Array(read)) if is_set(path) => {
            if !sent.iter().all(|entry| read.contains(entry)) {
                differences.push(path.to_owned());
            }
        }
        (Value::Array(sent), Value::Array(read)) if sent.len() == read.len() => {
            for (position, (sent, read)) in sent.iter().zip(read).enumerate() {
                compare(sent, read, &format!("{path}[{position}]"), differences);
            }
        }
        (Value::Number(sent), Value::Number(read)) if sent.as_f64() == read.as_f64() => {
            // 1.0 is stored as 1; large integers are told apart by their text.
            if sent.is_u64() && read.is_u64() && sent != read {
                differences.push(path.to_owned());
            }
        }
        _ if sent == read => {}
        _ => differences.push(path.to_owned()),
    }
}

fn is_set(path: &str) -> bool {
    path == "metadata.finalizers" || path == "metadata.ownerReferences"
}

/// The path of a field; keys that are no plain words are quoted, as in `data["tls.key"]`.
fn below(path: &str, key: &str) -> String {
    let is_word = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match (is_word, path.is_empty()) {
        (true, true) => key.to_owned(),
        (true, false) => format!("{path}.{key}"),
        (false, _) => format!("{path}[{key:?}]"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn differences(sent: &Value, read: &Value) -> Vec<String> {
        covers(&json!({"metadata": {}, "spec": sent}), &json!({"metadata": {}, "spec": read}))
    }

    #[test]
    fn the_reader_may_have_more() {
        assert!(differences(&json!({"a": {"b": 1}}), &json!({"a": {"b": 1, "c": 2}})).is_empty());
        assert!(differences(&json!([{"a": 1}]), &json!([{"a": 1, "b": 2}])).is_empty());
        assert!(differences(&json!({"a": null}), &json!({})).is_empty());
        assert!(differences(&json!({"a": 1.0}), &json!({"a": 1})).is_empty());
    }

    #[test]
    fn what_is_missing_or_other_is_told_by_path() {
        let sent = json!({"a": {"b": 1}, "c": [1, 2], "d": 9_007_199_254_740_993_u64});
        let read = json!({"a": {}, "c": [2, 1], "d": 9_007_199_254_740_992_u64});
        assert_eq!(differences(&sent, &read), ["spec.a.b", "spec.c[0]", "spec.c[1]", "spec.d"]);
        assert_eq!(differences(&json!({"c": [1]}), &json!({"c": [1, 2]})), ["spec.c"]);
        assert_eq!(differences(&json!({"a": {}}), &json!({"a": []})), ["spec.a"]);
    }

    #[test]
    fn finalizers_and_owners_are_sets() {
        let with = |finalizers: Value| json!({"metadata": {"finalizers": finalizers}});
        assert!(covers(&with(json!(["b"])), &with(json!(["a", "b"]))).is_empty());
        assert_eq!(covers(&with(json!(["c"])), &with(json!(["a"]))), ["metadata.finalizers"]);
    }

    #[test]
    fn values_of_secrets_are_not_told() {
        let secret = |value: &str| json!({"kind": "Secret", "data": {"tls.key": value}});
        assert_eq!(covers(&secret("aHVzaA=="), &secret("")), ["data[\"tls.key\"]"]);
    }
}
