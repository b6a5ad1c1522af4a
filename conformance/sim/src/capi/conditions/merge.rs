//! Conditions made of conditions: a summary of several of one object, an aggregate of one of
//! several objects, a mirror of another object's.

use serde_json::Value;

use super::message::{aggregate_messages, summary_messages};
use super::{Condition, Status, all, get};
use crate::capi::object::{is_control_plane, kind, name};

/// How much a condition weighs in a merged one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// It is bad.
    Issue,
    /// Nobody knows.
    Unknown,
    /// It is well.
    Info,
}

/// A condition and whose it is.
#[derive(Clone, Debug)]
pub(super) struct Owned {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) control_plane: bool,
    pub(super) condition: Condition,
    pub(super) weight: Weight,
}

impl Owned {
    fn new(object: &Value, condition: Condition, weight: Weight) -> Self {
        Self {
            kind: kind(object).to_owned(),
            name: name(object).to_owned(),
            control_plane: kind(object) == "Machine" && is_control_plane(object),
            condition,
            weight,
        }
    }
}

fn weigh(condition: &Condition, negative: bool) -> Weight {
    match (condition.status, negative) {
        (Status::Unknown, _) => Weight::Unknown,
        (Status::True, false) | (Status::False, true) => Weight::Info,
        (Status::True, true) | (Status::False, false) => Weight::Issue,
    }
}

fn not_reported(kind: &str, message: String) -> Condition {
    Condition::unknown(kind, "NotYetReported", message)
}

/// The worst of them.
fn worst(conditions: &[Owned]) -> Weight {
    conditions.iter().map(|one| one.weight).min().unwrap_or(Weight::Info)
}

fn reason<'a>(worst: Weight, reasons: &[&'a str; 3]) -> &'a str {
    match worst {
        Weight::Issue => reasons[0],
        Weight::Unknown => reasons[1],
        Weight::Info => reasons[2],
    }
}

/// How several conditions of one object become one.
pub(crate) struct Summary<'a> {
    /// The types, in the order of the message.
    pub(crate) kinds: &'a [&'a str],
    /// Those that are bad when they are True.
    pub(crate) negative: &'a [&'a str],
    /// Those that need not be there.
    pub(crate) optional: &'a [&'a str],
    /// The reasons for False, Unknown, True.
    pub(crate) reasons: [&'a str; 3],
    /// Conditions that are well, whatever they say.
    pub(crate) harmless: &'a dyn Fn(&Condition) -> bool,
    /// What stands for a condition of the object.
    pub(crate) instead: Option<Condition>,
    /// Changes the lines of the message.
    pub(crate) transform: Option<fn(Vec<String>) -> Vec<String>>,
}

/// Sums up conditions of an object.
pub(crate) fn summary(object: &Value, target: &str, how: &Summary<'_>) -> Condition {
    let present = all(object);
    let mut found = Vec::new();
    for &kind in how.kinds {
        let instead = how.instead.as_ref().filter(|one| one.kind == kind).cloned();
        let condition = present.iter().find(|one| one.kind == kind).cloned();
        let condition = match (condition, instead) {
            (Some(_), Some(instead)) => instead,
            (Some(condition), None) => condition,
            (None, _) if how.optional.contains(&kind) => continue,
            (None, _) => not_reported(kind, "Condition not yet reported".to_owned()),
        };
        let weight = if (how.harmless)(&condition) {
            Weight::Info
        } else {
            weigh(&condition, how.negative.contains(&kind))
        };
        found.push(Owned::new(object, condition, weight));
    }
    let worst = worst(&found);
    let status = match worst {
        Weight::Issue => Status::False,
        Weight::Unknown => Status::Unknown,
        Weight::Info => Status::True,
    };
    let mut lines = summary_messages(&found, status);
    if let Some(transform) = how.transform {
        lines = transform(lines);
    }
    Condition::new(target, status, reason(worst, &how.reasons), lines.join("\n"))
}

/// How one condition of several objects becomes one.
pub(crate) struct Aggregate<'a> {
    /// The type in the objects.
    pub(crate) source: &'a str,
    /// True is bad there, and in what it becomes.
    pub(crate) negative: bool,
    /// The reasons for an issue, for Unknown, for none.
    pub(crate) reasons: [&'a str; 3],
}

/// Brings together one condition of several objects; there must be at least one.
pub(crate) fn aggregate(objects: &[&Value], target: &str, how: &Aggregate<'_>) -> Condition {
    let mut found: Vec<Owned> = objects
        .iter()
        .map(|object| {
            let condition = get(object, how.source).unwrap_or_else(|| {
                not_reported(how.source, format!("Condition {} not yet reported", how.source))
            });
            let weight = weigh(&condition, how.negative);
            Owned::new(object, condition, weight)
        })
        .collect();
    found.sort_by(|one, other| one.condition.since.cmp(&other.condition.since));
    let worst = worst(&found);
    let status = match (worst, how.negative) {
        (Weight::Issue, false) | (Weight::Info, true) => Status::False,
        (Weight::Issue, true) | (Weight::Info, false) => Status::True,
        (Weight::Unknown, _) => Status::Unknown,
    };
    let message = aggregate_messages(&found, worst).join("\n");
    Condition::new(target, status, reason(worst, &how.reasons), message)
}

/// Another object's condition, or what stands for it while it has none.
pub(crate) fn mirror(object: &Value, source: &str, target: &str, fallback: Condition) -> Condition {
    get(object, source).unwrap_or(fallback).named(target)
}
