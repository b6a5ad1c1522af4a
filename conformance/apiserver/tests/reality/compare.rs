//! The comparison of an answer with the recorded one: uids, resourceVersions and generated names
//! under bijections that grow with the conversation, times by shape, everything else exactly.

use std::fmt;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};

use crate::reality::format::Step;
use crate::reality::order::{
    brief, causes_in_order, manager, matches, numbers, rank, split_end, type_of,
};
use crate::reality::translate::{Known, UUID, pattern, version};

static MICROS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"));
static SECONDS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"));
static GENERATED: LazyLock<Regex> = LazyLock::new(|| pattern("^[bcdfghjklmnpqrstvwxz2456789]{5}$"));
static QUOTED_VERSION: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(resourceVersion: ")\d+""#));
static SAYS_VERSION: LazyLock<Regex> = LazyLock::new(|| pattern("(?i)resource ?version"));

type Object = Map<String, Value>;

/// The first place where an answer is not the recorded one.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) path: String,
    pub(crate) expected: String,
    pub(crate) got: String,
    /// More about it, may be empty.
    pub(crate) why: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, expected, got, why } = self;
        write!(f, "{path}: expected {expected}, got {got}")?;
        if why.is_empty() { Ok(()) } else { write!(f, " ({why})") }
    }
}

fn differs<T>(path: &str, expected: &Value, got: &Value, why: &str) -> Result<T, Difference> {
    let cut = |value: &Value| value.to_string().chars().take(600).collect::<String>();
    let (expected, got) = (cut(expected), cut(got));
    Err(Difference { path: path.to_owned(), expected, got, why: why.to_owned() })
}

fn texts_differ<T>(path: &str, expected: &str, got: &str, why: &str) -> Result<T, Difference> {
    differs(path, &expected.into(), &got.into(), why)
}

fn or_differs(
    paired: Result<(), String>,
    path: &str,
    expected: &str,
    got: &str,
) -> Result<(), Difference> {
    paired.or_else(|why| texts_differ(path, expected, got, &why))
}

/// Compares the steps of one conversation, in their order.
#[derive(Debug, Default)]
pub(crate) struct Compare {
    /// What was learnt so far.
    pub(crate) known: Known,
    loose: Vec<String>,
    unordered: Vec<String>,
}

impl Compare {
    /// Compares what a step gave (`{response}` or `{events, ended}`) with the recording.
    pub(crate) fn step(&mut self, step: &Step, got: &Value) -> Result<(), Difference> {
        self.loose.clone_from(&step.loose);
        self.unordered.clone_from(&step.unordered);
        let answer = |of: &Value, part: &str| of.pointer(part).cloned().unwrap_or(Value::Null);
        let code = |of: &Value| answer(of, "/response/code");
        if code(&step.recorded) != code(got) {
            let both = |of: &Value| json!([code(of), answer(of, "/response/body")]);
            return differs("/response/code", &both(&step.recorded), &both(got), "");
        }
        self.walk("", &step.recorded, got, false)
    }

    fn is_loose(&self, path: &str) -> bool {
        self.loose.iter().any(|pattern| matches(pattern, path))
    }

    /// `list`: the value is the metadata of a list, or an object that has such.
    fn walk(&mut self, path: &str, r: &Value, a: &Value, list: bool) -> Result<(), Difference> {
        if self.is_loose(path) {
            let agree = type_of(r) == type_of(a) || path == "/response/body";
            return if agree { Ok(()) } else { differs(path, r, a, "type") };
        }
        match (r, a) {
            (Value::Object(r), Value::Object(a)) => self.object(path, r, a, list),
            (Value::Array(r), Value::Array(a)) => self.list(path, r, a),
            (Value::String(r), Value::String(a)) => self.text(path, r, a),
            _ if r == a => Ok(()),
            _ => differs(path, r, a, ""),
        }
    }

    fn object(&mut self, path: &str, r: &Object, a: &Object, list: bool) -> Result<(), Difference> {
        let translated: Object;
        let r = if r.keys().any(|key| UUID.is_match(key)) {
            translated = r.iter().map(|(k, v)| (self.known.uids_in(k), v.clone())).collect();
            &translated
        } else {
            r
        };
        if path.ends_with("metadata")
            && let Some(uid) = r.get("uid").and_then(Value::as_str)
        {
            let both = (Value::Object(r.clone()), Value::Object(a.clone()));
            self.known.seen.entry(uid.to_owned()).or_default().push(both);
        }
        self.keys(path, r, a)?;
        self.generated_name(path, r, a)?;
        let ordered: (Object, Object);
        let is = |object: &Object, key: &str, value: &str| {
            object.get(key).and_then(Value::as_str) == Some(value)
        };
        let (r, a) = if is(r, "kind", "Status") && is(a, "kind", "Status") {
            ordered = (causes_in_order(r), causes_in_order(a));
            (&ordered.0, &ordered.1)
        } else {
            (r, a)
        };
        let is_bookmark = is(r, "type", "BOOKMARK");
        let is_list = list || r.contains_key("items") || is(r, "kind", "Table") || is_bookmark;
        let first = ["uid", "ownerReferences", "metadata", "object", "name"];
        let rest = r.keys().map(String::as_str).filter(|key| !first.contains(key));
        for key in first.into_iter().chain(rest) {
            if let (Some(expected), Some(got)) = (r.get(key), a.get(key)) {
                let below = (is_list && key == "metadata") || (is_bookmark && key == "object");
                self.member((path, key), expected, got, (list, below))?;
            }
        }
        Ok(())
    }

    fn keys(&self, path: &str, r: &Object, a: &Object) -> Result<(), Difference> {
        let here = |key: &String| format!("{path}/{key}");
        for (key, expected) in r.iter().filter(|(key, _)| !a.contains_key(*key)) {
            if !self.is_loose(&here(key)) {
                return differs(&here(key), expected, &Value::Null, "missing");
            }
        }
        for (key, got) in a.iter().filter(|(key, _)| !r.contains_key(*key)) {
            if !self.is_loose(&here(key)) {
                return differs(&here(key), &Value::Null, got, "not in the recording");
            }
        }
        Ok(())
    }

    /// One member of an object; `lists`: is the object, is the member about a list as a whole.
    fn member(
        &mut self,
        (path, key): (&str, &str),
        r: &Value,
        a: &Value,
        lists: (bool, bool),
    ) -> Result<(), Difference> {
        let here = format!("{path}/{key}");
        match (key, r, a) {
            ("resourceVersion", Value::String(_), Value::String(_)) if self.is_loose(&here) => {
                Ok(())
            }
            ("resourceVersion", Value::String(r), Value::String(a)) if lists.0 => {
                or_differs(self.known.pair_lists(r, a), &here, r, a)
            }
            ("resourceVersion", Value::String(r), Value::String(a)) => {
                or_differs(self.known.pair_versions(r, a), &here, r, a)
            }
            ("continue", Value::String(r), Value::String(a)) => {
                if r.is_empty() != a.is_empty() {
                    return texts_differ(&here, r, a, "");
                }
                self.known.tokens.insert(r.clone(), a.clone());
                Ok(())
            }
            ("managedFields", Value::Array(r), Value::Array(a)) if path.ends_with("metadata") => {
                let sorted = |entries: &Vec<Value>| {
                    let mut entries = entries.clone();
                    entries.sort_by_key(manager);
                    Value::Array(entries)
                };
                self.walk(&here, &sorted(r), &sorted(a), false)
            }
            _ => self.walk(&here, r, a, lists.1),
        }
    }

    fn list(&mut self, path: &str, r: &[Value], a: &[Value]) -> Result<(), Difference> {
        let (mut r, mut a): (Vec<_>, Vec<_>) = (r.iter().collect(), a.iter().collect());
        if self.unordered.iter().any(|pattern| matches(pattern, path)) {
            r.sort_by_key(|element| rank(element));
            a.sort_by_key(|element| rank(element));
        }
        if r.len() != a.len() {
            let why = format!("{} elements expected, {} found", r.len(), a.len());
            let brief = |list: &[&Value]| list.iter().map(|one| brief(one)).collect::<Value>();
            return differs(path, &brief(&r), &brief(&a), &why);
        }
        for (i, (expected, got)) in r.iter().zip(&a).enumerate() {
            self.walk(&format!("{path}/{i}"), expected, got, false)?;
        }
        Ok(())
    }

    fn text(&mut self, path: &str, r: &str, a: &str) -> Result<(), Difference> {
        if r == a && !UUID.is_match(r) {
            let is_other = self.known.names.iter().any(|(from, to)| from == r && to != r);
            return if is_other { texts_differ(path, r, a, "generated name") } else { Ok(()) };
        }
        or_differs(self.known.pair_uids(r, a), path, r, a)?;
        let mask = |text: &str| {
            let text = UUID.replace_all(text, "<uid>");
            let text = MICROS.replace_all(&text, "<us>").into_owned();
            SECONDS.replace_all(&text, "<s>").into_owned()
        };
        let (mut masked, got) = (mask(r), mask(a));
        let mut names: Vec<_> = self.known.names.iter().collect();
        names.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
        for (from, to) in names {
            masked = masked.replace(from, to);
        }
        if masked == got {
            return Ok(());
        }
        let without = |text: &str| QUOTED_VERSION.replace_all(text, "$1<rv>").into_owned();
        let (masked, got) = (without(&masked), without(&got));
        let ((frame, found), (got_frame, got_found)) = (numbers(&masked), numbers(&got));
        if frame != got_frame || found.len() != got_found.len() {
            return texts_differ(path, r, a, "");
        }
        for (x, y) in found.into_iter().zip(got_found) {
            let mapped = version(x).and_then(|x| self.known.versions.get(&x));
            if x == y || (mapped.is_some() && mapped.copied() == version(y)) {
                continue;
            }
            if !SAYS_VERSION.is_match(r) {
                return texts_differ(path, r, a, "");
            }
            or_differs(self.known.pair_lists(x, y), path, r, a)?;
        }
        Ok(())
    }

    fn generated_name(&mut self, path: &str, r: &Object, a: &Object) -> Result<(), Difference> {
        let text = |object: &Object, key: &str| {
            object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let (prefix, name, got) = (text(r, "generateName"), text(r, "name"), text(a, "name"));
        let known = self.known.names.iter().any(|(from, _)| *from == name);
        let Some((stem, end)) = split_end(&name) else {
            return Ok(());
        };
        let is_generated = !prefix.is_empty() && !stem.is_empty() && prefix.starts_with(stem);
        if known || !is_generated || !GENERATED.is_match(end) || !a.contains_key("name") {
            return Ok(());
        }
        if split_end(&got).is_none_or(|(s, end)| s != stem || !GENERATED.is_match(end)) {
            return texts_differ(&format!("{path}/name"), &name, &got, "generated name");
        }
        self.known.names.push((name, got));
        Ok(())
    }
}
