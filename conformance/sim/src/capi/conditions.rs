//! Conditions of objects, as the kinds of Cluster API hold them at `v1beta2`.

pub(crate) mod merge;
mod message;
mod order;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use crate::capi::object::{at, generation, int, put, text};

pub(crate) use merge::{Aggregate, Summary, aggregate, mirror, summary};
pub(crate) use message::listed;

/// What a condition says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// It holds.
    True,
    /// It does not.
    False,
    /// Nobody knows.
    Unknown,
}

impl Status {
    /// As objects hold it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }

    fn parse(text: &str) -> Self {
        match text {
            "True" => Self::True,
            "False" => Self::False,
            _ => Self::Unknown,
        }
    }
}

impl From<bool> for Status {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    /// Its type.
    pub(crate) kind: String,
    /// What it says.
    pub(crate) status: Status,
    /// Why, as one word.
    pub(crate) reason: String,
    /// Why, as text; may be empty.
    pub(crate) message: String,
    /// Since when, RFC 3339; empty for now.
    pub(crate) since: String,
    /// The generation that was looked at.
    pub(crate) generation: i64,
}

impl Condition {
    /// A condition that holds from now on.
    pub(crate) fn new(
        kind: &str,
        status: impl Into<Status>,
        reason: &str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            kind: kind.to_owned(),
            status: status.into(),
            reason: reason.to_owned(),
            message: message.into(),
            since: String::new(),
            generation: 0,
        }
    }

    /// A condition that nobody can judge.
    pub(crate) fn unknown(kind: &str, reason: &str, message: impl Into<String>) -> Self {
        Self::new(kind, Status::Unknown, reason, message)
    }

    /// Under another type.
    pub(crate) fn named(mut self, kind: &str) -> Self {
        kind.clone_into(&mut self.kind);
        self
    }

    fn parse(value: &Value) -> Self {
        Self {
            kind: text(value, "type").to_owned(),
            status: Status::parse(text(value, "status")),
            reason: text(value, "reason").to_owned(),
            message: text(value, "message").to_owned(),
            since: text(value, "lastTransitionTime").to_owned(),
            generation: int(value, "observedGeneration").unwrap_or_default(),
        }
    }

    fn to_value(&self) -> Value {
        let mut value = json!({
            "type": self.kind, "status": self.status.as_str(), "reason": self.reason,
            "message": self.message, "lastTransitionTime": self.since,
        });
        if self.generation > 0 {
            put(&mut value, "observedGeneration", json!(self.generation));
        }
        value
    }

    /// Whether it says the same, whenever it was said.
    pub(crate) fn says_as(&self, other: &Self) -> bool {
        self.status == other.status && self.reason == other.reason && self.message == other.message
    }
}

/// All conditions of an object.
pub(crate) fn all(object: &Value) -> Vec<Condition> {
    let list = at(object, "status.conditions").as_array();
    list.map(|list| list.iter().map(Condition::parse).collect()).unwrap_or_default()
}

/// The condition of a type.
pub(crate) fn get(object: &Value, kind: &str) -> Option<Condition> {
    let list = at(object, "status.conditions").as_array()?;
    list.iter().find(|one| text(one, "type") == kind).map(Condition::parse)
}

/// Whether there is a condition of a type.
pub(crate) fn has(object: &Value, kind: &str) -> bool {
    get(object, kind).is_some()
}

/// Whether a condition is there and True.
pub(crate) fn is_true(object: &Value, kind: &str) -> bool {
    get(object, kind).is_some_and(|one| one.status == Status::True)
}

/// Whether a condition is there and False.
pub(crate) fn is_false(object: &Value, kind: &str) -> bool {
    get(object, kind).is_some_and(|one| one.status == Status::False)
}

/// Sets a condition; its time moves only when its status does.
pub(crate) fn set(object: &mut Value, now: &str, mut condition: Condition) {
    condition.generation = generation(object);
    if condition.since.is_empty() {
        now.clone_into(&mut condition.since);
    }
    let mut list = all(object);
    match list.iter_mut().find(|one| one.kind == condition.kind) {
        Some(old) => {
            if old.status == condition.status {
                condition.since.clone_from(&old.since);
            }
            *old = condition;
        }
        None => list.push(condition),
    }
    store(object, list);
}

/// Removes a condition.
pub(crate) fn remove(object: &mut Value, kind: &str) {
    let mut list = all(object);
    list.retain(|one| one.kind != kind);
    store(object, list);
}

/// The conditions of an object in their order, as it holds them.
pub(crate) fn sorted(object: &Value) -> Vec<Value> {
    let mut list = all(object);
    list.sort_by(|one, other| order::rank(one).cmp(&order::rank(other)));
    list.iter().map(Condition::to_value).collect()
}

fn store(object: &mut Value, list: Vec<Condition>) {
    let list: Vec<Value> = list.iter().map(Condition::to_value).collect();
    put(object, "status.conditions", json!(list));
    let list = sorted(object);
    put(object, "status.conditions", json!(list));
}
