//! The recorded conversations as they are on disk: one JSON object a line, a head and then steps.
//!
//! Requests are kept as [`Json`], which remembers the order of keys and that `1.0` is no `1`, since
//! what is sent must be what was sent; answers are plain [`Value`]s.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// A JSON value whose objects keep their order; printed with the blanks of the recorder.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Scalar(Value),
    List(Vec<Json>),
    Map(Vec<(String, Json)>),
}

impl Json {
    /// The member of an object, if it is one and has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(members) => members.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Scalar(value) => value.as_str(),
            _ => None,
        }
    }

    /// The same without the order of keys.
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Scalar(value) => value.clone(),
            Self::List(list) => Value::Array(list.iter().map(Self::value).collect()),
            Self::Map(map) => {
                Value::Object(map.iter().map(|(k, v)| (k.clone(), v.value())).collect())
            }
        }
    }
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        match value {
            Value::Array(list) => Self::List(list.iter().map(Self::from).collect()),
            Value::Object(map) => {
                Self::Map(map.iter().map(|(k, v)| (k.clone(), Self::from(v))).collect())
            }
            scalar => Self::Scalar(scalar.clone()),
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(value) => write!(f, "{value}"),
            Self::List(list) => {
                f.write_str("[")?;
                for (i, item) in list.iter().enumerate() {
                    write!(f, "{}{item}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Self::Map(map) => {
                f.write_str("{")?;
                for (i, (key, item)) in map.iter().enumerate() {
                    let key = Value::from(key.as_str());
                    write!(f, "{}{key}: {item}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Builder)
    }
}

struct Builder;

impl<'de> Visitor<'de> for Builder {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Json, E> {
        Ok(Json::Scalar(Value::Null))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Scalar(Value::from(value)))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Scalar(Value::from(value)))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Scalar(Value::from(value)))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Scalar(Value::from(value)))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Scalar(Value::from(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Json>()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut map = Vec::new();
        while let Some(member) = members.next_entry::<String, Json>()? {
            map.push(member);
        }
        Ok(Json::Map(map))
    }
}

/// One recorded conversation.
#[derive(Debug)]
pub(crate) struct Conversation {
    /// `group/name`.
    pub(crate) name: String,
    /// The namespace that must be made first.
    pub(crate) namespace: Option<String>,
    pub(crate) steps: Vec<Step>,
}

/// One step: what is done, what came of it, and how the two are compared.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) number: u64,
    pub(crate) action: Action,
    /// What came of it in the recording: `{response}`, `{events, ended}` or nothing.
    pub(crate) recorded: Value,
    /// Patterns of paths of which only presence and type count.
    pub(crate) loose: Vec<String>,
    /// Patterns of paths of lists without order.
    pub(crate) unordered: Vec<String>,
    /// How the answer was narrowed before it was recorded.
    pub(crate) pick: Option<Value>,
}

/// What a step does. Times are in milliseconds.
#[derive(Debug)]
pub(crate) enum Action {
    Request(Json),
    /// Repeats a request until a condition holds.
    Await {
        request: Json,
        until: Json,
        within_ms: u64,
    },
    /// Repeats a request; the condition must hold all the time.
    Hold {
        request: Json,
        condition: Json,
        for_ms: u64,
    },
    /// Opens a watch and leaves it open.
    Watch {
        id: String,
        request: Json,
    },
    /// Takes events of an open watch.
    Collect {
        id: String,
        until: Value,
    },
    Sleep(u64),
    /// The store forgets everything older than now.
    Compact,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadLine {
    conversation: String,
    #[serde(rename = "title")]
    _title: String,
    namespace: Option<String>,
    #[serde(rename = "needs")]
    _needs: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepLine {
    step: u64,
    #[serde(rename = "note")]
    _note: String,
    request: Option<Json>,
    #[serde(rename = "await")]
    awaited: Option<Json>,
    hold: Option<Json>,
    watch: Option<Json>,
    collect: Option<String>,
    #[serde(rename = "do")]
    other: Option<String>,
    id: Option<String>,
    until: Option<Json>,
    #[serde(rename = "while")]
    condition: Option<Json>,
    within_ms: Option<u64>,
    for_ms: Option<u64>,
    #[serde(rename = "took_ms")]
    _took_ms: Option<u64>,
    ms: Option<u64>,
    response: Option<Value>,
    events: Option<Value>,
    ended: Option<Value>,
    #[serde(default)]
    loose: Vec<String>,
    #[serde(default)]
    unordered: Vec<String>,
    pick: Option<Value>,
}

impl StepLine {
    fn step(self) -> Option<Step> {
        let recorded =
            [("response", self.response), ("events", self.events), ("ended", self.ended)]
                .into_iter()
                .filter_map(|(key, value)| Some((key.to_owned(), value?)))
                .collect();
        let action = if let Some(request) = self.request {
            Action::Request(request)
        } else if let Some(request) = self.awaited {
            let within_ms = self.within_ms.unwrap_or(30_000);
            Action::Await { request, until: self.until?, within_ms }
        } else if let Some(request) = self.hold {
            Action::Hold { request, condition: self.condition?, for_ms: self.for_ms? }
        } else if let Some(request) = self.watch {
            Action::Watch { id: self.id?, request }
        } else if let Some(id) = self.collect {
            Action::Collect { id, until: self.until?.value() }
        } else if self.other? == "sleep" {
            Action::Sleep(self.ms?)
        } else {
            Action::Compact
        };
        Some(Step {
            number: self.step,
            action,
            recorded: Value::Object(recorded),
            loose: self.loose,
            unordered: self.unordered,
            pick: self.pick,
        })
    }
}

impl Conversation {
    /// Reads one file. A file that does not have the format is a broken fixture: it panics.
    pub(crate) fn read(path: &Path) -> Self {
        let shown = path.display();
        let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{shown}: {e}"));
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        let head: HeadLine =
            serde_json::from_str(first).unwrap_or_else(|e| panic!("{shown}: head: {e}"));
        let step = |(i, line): (usize, &str)| {
            let parsed = serde_json::from_str::<StepLine>(line)
                .unwrap_or_else(|e| panic!("{shown}: step {i}: {e}"));
            parsed.step().unwrap_or_else(|| panic!("{shown}: step {i} lacks a part"))
        };
        let steps = lines.enumerate().map(step).collect();
        Self { name: head.conversation, namespace: head.namespace, steps }
    }

    /// All conversations below a folder, by name.
    pub(crate) fn read_all(folder: &Path) -> Vec<Self> {
        let files = entries(folder).into_iter().flat_map(|group| entries(&group));
        let mut all: Vec<_> = files.map(|file| Self::read(&file)).collect();
        assert!(!all.is_empty(), "{}: no conversations", folder.display());
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let shown = folder.display();
    let read = fs::read_dir(folder).unwrap_or_else(|e| panic!("{shown}: {e}"));
    read.map(|entry| entry.unwrap_or_else(|e| panic!("{shown}: {e}")).path()).collect()
}
