//! Requests on their way out: what was learnt from earlier answers is put in the place of what was
//! recorded.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;

use crate::reality::format::Json;

/// A uid, wherever it stands.
pub(crate) static UUID: LazyLock<Regex> =
    LazyLock::new(|| pattern("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"));
static RAW_VERSION: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(resourceVersion"?: ?")(\d+)"#));

/// Parts of metadata that only the server writes and that clients send back as they got them.
const SENT_BACK: [&str; 3] = ["creationTimestamp", "deletionTimestamp", "managedFields"];

/// Compiles a constant pattern.
pub(crate) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant that compiles")
}

/// A resourceVersion as a number; nothing else is.
pub(crate) fn version(text: &str) -> Option<u64> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// What was learnt about one conversation: recorded on the left, actual on the right.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) uids: BTreeMap<String, String>,
    pub(crate) uids_back: BTreeMap<String, String>,
    /// resourceVersions of objects: a strictly ordered bijection.
    pub(crate) versions: BTreeMap<u64, u64>,
    pub(crate) versions_back: BTreeMap<u64, u64>,
    /// resourceVersions of lists and bookmarks, in order of arrival.
    pub(crate) lists: Vec<(u64, u64)>,
    /// Generated names, in order of arrival.
    pub(crate) names: Vec<(String, String)>,
    /// Tokens to continue a list with.
    pub(crate) tokens: BTreeMap<String, String>,
    /// By recorded uid: the metadata that were seen.
    pub(crate) seen: BTreeMap<String, Vec<(Value, Value)>>,
}

impl Known {
    /// A recorded request, or part of one, as it must be sent to this server. `key` is the key
    /// under which the value stands, "" at the top.
    pub(crate) fn translate(&self, recorded: &Json, key: &str) -> Json {
        match recorded {
            Json::Map(members) => self.map(members),
            Json::List(list) => Json::List(list.iter().map(|v| self.translate(v, key)).collect()),
            Json::Scalar(Value::String(text)) => Json::Scalar(self.string(text, key).into()),
            Json::Scalar(_) => recorded.clone(),
        }
    }

    /// A text with the recorded uids replaced by those of this server.
    pub(crate) fn uids_in(&self, text: &str) -> String {
        let actual = |found: &Captures<'_>| {
            let recorded = &found[0];
            self.uids.get(recorded).map_or_else(|| recorded.to_owned(), Clone::clone)
        };
        UUID.replace_all(text, actual).into_owned()
    }

    fn map(&self, members: &[(String, Json)]) -> Json {
        let text = |key: &str| members.iter().find(|(k, _)| k == key).and_then(|(_, v)| v.as_str());
        let mut out: Vec<(String, Json)> =
            members.iter().map(|(k, v)| (self.uids_in(k), self.translate(v, k))).collect();
        let seen = text("uid").and_then(|uid| self.seen.get(uid));
        for (recorded, actual) in seen.into_iter().flatten() {
            for (i, (key, sent)) in members.iter().enumerate() {
                if SENT_BACK.contains(&key.as_str())
                    && recorded.get(key.as_str()) == Some(&sent.value())
                    && let Some(now) = actual.get(key.as_str())
                {
                    out[i].1 = Json::from(now);
                }
            }
        }
        let is_patch = members.iter().any(|(key, _)| key == "op");
        if is_patch && text("path").is_some_and(|path| path.ends_with("resourceVersion")) {
            for ((key, value), (_, sent)) in members.iter().zip(&mut out) {
                if let ("value", Some(recorded)) = (key.as_str(), value.as_str()) {
                    *sent = Json::Scalar(self.object_version(recorded).into());
                }
            }
        }
        Json::Map(out)
    }

    fn string(&self, text: &str, key: &str) -> String {
        if key == "resourceVersion" {
            return self.any_version(text);
        }
        if let Some(token) = self.tokens.get(text) {
            return token.clone();
        }
        let mut out = self.uids_in(text);
        for (recorded, actual) in &self.names {
            out = out.replace(recorded, actual);
        }
        if key == "raw" {
            let actual = |c: &Captures<'_>| format!("{}{}", &c[1], self.object_version(&c[2]));
            out = RAW_VERSION.replace_all(&out, actual).into_owned();
        }
        out
    }

    fn object_version(&self, text: &str) -> String {
        let actual = version(text).and_then(|recorded| self.versions.get(&recorded));
        actual.map_or_else(|| text.to_owned(), ToString::to_string)
    }

    fn any_version(&self, text: &str) -> String {
        let Some(recorded) = version(text) else {
            return text.to_owned();
        };
        let of_list = || self.lists.iter().find(|(r, _)| *r == recorded).map(|(_, a)| a);
        let actual = self.versions.get(&recorded).or_else(of_list);
        actual.map_or_else(|| text.to_owned(), ToString::to_string)
    }

    /// Learns that the uids in two texts are one another's, if nothing speaks against it.
    ///
    /// # Errors
    ///
    /// Says what does.
    pub(crate) fn pair_uids(&mut self, r: &str, a: &str) -> Result<(), String> {
        let found = |text: &str| -> Vec<String> {
            UUID.find_iter(text).map(|uid| uid.as_str().to_owned()).collect()
        };
        let (recorded, actual) = (found(r), found(a));
        if recorded.len() != actual.len() {
            return Err("number of uids".to_owned());
        }
        for (x, y) in recorded.into_iter().zip(actual) {
            let there = self.uids.entry(x.clone()).or_insert_with(|| y.clone());
            let back = self.uids_back.entry(y.clone()).or_insert_with(|| x.clone());
            if *there != y || *back != x {
                let why = format!("uid: recorded {x} is {there} here; {y} is recorded {back}");
                return Err(why);
            }
        }
        Ok(())
    }

    /// Learns that the resourceVersions of two objects are each other's: the same where nothing
    /// was written, in the same order where something was.
    ///
    /// # Errors
    ///
    /// Says what speaks against it.
    pub(crate) fn pair_versions(&mut self, r: &str, a: &str) -> Result<(), String> {
        let Some((x, y)) = both_versions(r, a) else {
            return if r == a { Ok(()) } else { Err(String::new()) };
        };
        let (there, back) = (self.versions.get(&x), self.versions_back.get(&y));
        if there == Some(&y) {
            return Ok(());
        }
        if there.is_some() || back.is_some() {
            let text = |v: Option<&u64>| v.map_or_else(|| "new".to_owned(), |v| v.to_string());
            let (there, back) = (text(there), text(back));
            return Err(format!(
                "recorded {r} is {there} here, {a} here is {back} in the recording: changed where \
                 it must not, or not where it must"
            ));
        }
        if let Some((x2, y2)) = self.versions.iter().find(|(x2, y2)| (x < **x2) != (y < **y2)) {
            return Err(format!("order differs against recorded {x2}, here {y2}"));
        }
        if let Some((x2, y2)) = self.lists.iter().find(|(x2, y2)| (*x2 >= x) != (*y2 >= y)) {
            return Err(format!("order differs against list or bookmark {x2}, here {y2}"));
        }
        self.versions.insert(x, y);
        self.versions_back.insert(y, x);
        Ok(())
    }

    /// Learns that the resourceVersions of two lists or bookmarks are each other's: other writers
    /// may move them, but not past an object, nor back.
    ///
    /// # Errors
    ///
    /// Says what speaks against it.
    pub(crate) fn pair_lists(&mut self, r: &str, a: &str) -> Result<(), String> {
        let Some((x, y)) = both_versions(r, a) else {
            return if r == a { Ok(()) } else { Err(String::new()) };
        };
        if let Some((x2, y2)) = self.versions.iter().find(|(x2, y2)| (x >= **x2) != (y >= **y2)) {
            return Err(format!("of a list: order differs against object {x2}, here {y2}"));
        }
        if let Some((x2, y2)) = self.lists.iter().find(|(x2, y2)| x >= *x2 && y < *y2) {
            return Err(format!("of a list: goes back against {x2}, here {y2}"));
        }
        self.lists.push((x, y));
        Ok(())
    }
}

/// Both as numbers, unless one is none, or is the "0" that stands for "any".
fn both_versions(r: &str, a: &str) -> Option<(u64, u64)> {
    let real = |text: &str| version(text).filter(|_| text != "0");
    Some((real(r)?, real(a)?))
}
