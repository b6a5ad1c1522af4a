//! The conditions of a definition.

use serde_json::{Value, json};

use super::{list, text};

/// A condition without its time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Condition<'a> {
    /// The type.
    pub(crate) kind: &'a str,
    /// `True`, `False` or `Unknown`.
    pub(crate) status: &'a str,
    /// The machine-readable reason.
    pub(crate) reason: &'a str,
    /// The text for people.
    pub(crate) message: &'a str,
}

impl<'a> Condition<'a> {
    /// The condition of this type as it stands in a definition.
    pub(crate) fn of(definition: &'a Value, kind: &str) -> Option<Self> {
        let mut all = list(&definition["status"], "conditions").iter();
        let found = all.find(|one| text(one, "type") == kind)?;
        Some(Self {
            kind: text(found, "type"),
            status: text(found, "status"),
            reason: text(found, "reason"),
            message: text(found, "message"),
        })
    }

    /// Whether the definition says the same, whenever it began.
    pub(crate) fn holds(&self, definition: &Value) -> bool {
        Condition::of(definition, self.kind).is_some_and(|old| {
            old.status == self.status && old.reason == self.reason && old.message == self.message
        })
    }

    /// Puts the condition into the list. Its time is `now` where the status changes.
    pub(crate) fn set(&self, conditions: &mut Vec<Value>, now: &str) {
        let mut new = json!({
            "type": self.kind,
            "status": self.status,
            "lastTransitionTime": now,
            "reason": self.reason,
            "message": self.message,
        });
        match conditions.iter_mut().find(|old| text(old, "type") == self.kind) {
            None => conditions.push(new),
            Some(old) => {
                let since = &old["lastTransitionTime"];
                if text(old, "status") == self.status && since.is_string() {
                    new["lastTransitionTime"] = since.clone();
                }
                *old = new;
            }
        }
    }
}

/// Whether the condition is there and true.
pub(crate) fn is_true(definition: &Value, kind: &str) -> bool {
    Condition::of(definition, kind).is_some_and(|condition| condition.status == "True")
}

/// All conditions as they stand.
pub(crate) fn all(definition: &Value) -> Vec<Value> {
    list(&definition["status"], "conditions").to_vec()
}
