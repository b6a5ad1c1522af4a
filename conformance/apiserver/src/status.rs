//! The answers that are not objects: `Status`, its causes, and every text that goes with them.
//!
//! The constructors are grouped by what they speak of: an object ([`objects`]), a request
//! ([`requests`]), a field ([`field`]).
//!
//! **Invariant:** no other room writes one of these texts itself.

pub mod field;
pub mod objects;
pub mod requests;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value, json};

pub use self::field::{FieldError, FieldErrorKind, print, quote};
pub use self::requests::PAGE_NOT_FOUND;

/// A failure as the API reports it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// The HTTP code.
    pub code: u16,
    /// The machine-readable reason; empty when absent.
    pub reason: &'static str,
    /// The text for people.
    pub message: String,
    /// What the failure is about; `Some` of the default prints as `{}`.
    pub details: Option<Box<Details>>,
    /// Seconds for the header `retry-after`.
    pub retry_after: Option<u32>,
}

/// What a failure is about. Empty fields are absent in the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// Name of the object.
    pub name: String,
    /// API group; empty for the core group.
    pub group: String,
    /// Plural or kind, according to the failure.
    pub kind: String,
    /// Uid of the object.
    pub uid: String,
    /// The single causes.
    pub causes: Vec<Cause>,
    /// Seconds after which to try again.
    pub retry_after: Option<u32>,
}

/// One cause of a failure. Empty fields are absent, save the message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// The machine-readable reason, such as `FieldValueInvalid`.
    pub reason: String,
    /// The text, without the field.
    pub message: String,
    /// The path of the field.
    pub field: String,
}

/// A resource, printed `widgets.sim.example.com` or `configmaps`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupResource {
    /// API group; empty for the core group.
    pub group: String,
    /// The plural.
    pub resource: String,
}

/// A kind, printed `Widget.sim.example.com` or `ConfigMap`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKind {
    /// API group; empty for the core group.
    pub group: String,
    /// The kind.
    pub kind: String,
}

impl GroupResource {
    /// The resource `resource` of `group`.
    #[must_use]
    pub fn new(group: &str, resource: &str) -> Self {
        Self { group: group.to_owned(), resource: resource.to_owned() }
    }
}

impl GroupKind {
    /// The kind `kind` of `group`.
    #[must_use]
    pub fn new(group: &str, kind: &str) -> Self {
        Self { group: group.to_owned(), kind: kind.to_owned() }
    }
}

impl fmt::Display for GroupResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        with_group(f, &self.resource, &self.group)
    }
}

impl fmt::Display for GroupKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        with_group(f, &self.kind, &self.group)
    }
}

fn with_group(f: &mut fmt::Formatter<'_>, name: &str, group: &str) -> fmt::Result {
    if group.is_empty() { f.write_str(name) } else { write!(f, "{name}.{group}") }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Status {}

impl Status {
    /// A failure without details.
    #[must_use]
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: None, retry_after: None }
    }

    /// The same with `details`.
    #[must_use]
    pub fn about(mut self, details: Details) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    /// The body of the answer.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut body = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "code": self.code,
        });
        if !self.message.is_empty() {
            body["message"] = json!(self.message);
        }
        if !self.reason.is_empty() {
            body["reason"] = json!(self.reason);
        }
        if let Some(details) = &self.details {
            body["details"] = details.to_value();
        }
        body
    }

    /// 422: the object breaks the rules of its kind. An error that comes several times is
    /// printed once in the message, yet stays in the causes.
    #[must_use]
    pub fn invalid(gk: &GroupKind, name: &str, errors: Vec<FieldError>) -> Self {
        let mut seen = BTreeSet::new();
        let texts: Vec<String> = errors
            .iter()
            .map(ToString::to_string)
            .filter(|text| seen.insert(text.clone()))
            .collect();
        let all = match texts.as_slice() {
            [] => String::new(),
            [one] => format!(": {one}"),
            many => format!(": [{}]", many.join(", ")),
        };
        let causes = errors.iter().map(FieldError::cause).collect();
        let message = format!("{gk} {} is invalid{all}", quote(name));
        Self::new(422, "Invalid", message).about(Details {
            name: name.to_owned(),
            group: gk.group.clone(),
            kind: gk.kind.clone(),
            causes,
            ..Details::default()
        })
    }
}

impl Details {
    /// Details that name an object by its plural.
    #[must_use]
    pub fn of(r: &GroupResource, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            group: r.group.clone(),
            kind: r.resource.clone(),
            ..Self::default()
        }
    }

    /// Details that name an object by its kind.
    #[must_use]
    pub fn of_kind(gk: &GroupKind, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            group: gk.group.clone(),
            kind: gk.kind.clone(),
            ..Self::default()
        }
    }

    /// The JSON of the details.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut map = Map::new();
        put(&mut map, "name", &self.name);
        put(&mut map, "group", &self.group);
        put(&mut map, "kind", &self.kind);
        put(&mut map, "uid", &self.uid);
        if !self.causes.is_empty() {
            let causes = self.causes.iter().map(Cause::to_value).collect();
            map.insert("causes".to_owned(), Value::Array(causes));
        }
        if let Some(seconds) = self.retry_after {
            map.insert("retryAfterSeconds".to_owned(), json!(seconds));
        }
        Value::Object(map)
    }
}

impl Cause {
    fn to_value(&self) -> Value {
        let mut map = Map::new();
        put(&mut map, "reason", &self.reason);
        put(&mut map, "message", &self.message);
        put(&mut map, "field", &self.field);
        Value::Object(map)
    }
}

fn put(map: &mut Map<String, Value>, key: &str, text: &str) {
    if !text.is_empty() {
        map.insert(key.to_owned(), Value::String(text.to_owned()));
    }
}

/// The answer to a DELETE that is done: a `Status` of success.
#[must_use]
pub fn success(r: &GroupResource, name: &str, uid: &str) -> Value {
    let mut details = Details::of(r, name);
    details.uid = uid.to_owned();
    json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details.to_value(),
    })
}
