//! Which of the names that a definition wants are accepted.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{accepted, group};
use crate::kinds::crd::conditions::{self, Condition};
use crate::status::quote;

/// What `Established` says once all names are accepted.
pub(super) const ACCEPTED: &str = "the initial names have been accepted";

/// The names of a definition. Empty ones stand for absent ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Names {
    plural: String,
    singular: String,
    kind: String,
    list_kind: String,
    short_names: Vec<String>,
    categories: Vec<String>,
}

impl Names {
    fn read(names: &Value) -> Self {
        let one = |key: &str| names[key].as_str().unwrap_or_default().to_owned();
        let many = |key: &str| {
            let all = names[key].as_array().into_iter().flatten().filter_map(Value::as_str);
            all.map(str::to_owned).collect()
        };
        Self {
            plural: one("plural"),
            singular: one("singular"),
            kind: one("kind"),
            list_kind: one("listKind"),
            short_names: many("shortNames"),
            categories: many("categories"),
        }
    }

    /// The merge patch that leads to these names.
    fn patch(&self) -> Value {
        let mut map = Map::new();
        map.insert("plural".to_owned(), json!(self.plural));
        map.insert("kind".to_owned(), json!(self.kind));
        for (key, one) in [("singular", &self.singular), ("listKind", &self.list_kind)] {
            let value = if one.is_empty() { Value::Null } else { json!(one) };
            map.insert(key.to_owned(), value);
        }
        for (key, all) in [("shortNames", &self.short_names), ("categories", &self.categories)] {
            let value = if all.is_empty() { Value::Null } else { json!(all) };
            map.insert(key.to_owned(), value);
        }
        Value::Object(map)
    }
}

/// The names that the definitions of a group have.
#[derive(Debug, Default)]
struct Used {
    resources: BTreeSet<String>,
    kinds: BTreeSet<String>,
}

impl Used {
    fn of(group_of: &Value, all: &[Arc<Value>]) -> Self {
        let mut used = Self::default();
        for other in all.iter().filter(|other| group(other) == group(group_of)) {
            let names = Names::read(accepted(other));
            used.resources.extend([names.plural, names.singular]);
            used.resources.extend(names.short_names);
            used.kinds.extend([names.kind, names.list_kind]);
        }
        used
    }
}

/// What is to change in the status for the names that the definition wants; `None`: nothing.
pub(super) fn update(definition: &Value, all: &[Arc<Value>], now: &str) -> Option<Value> {
    let wanted = Names::read(&definition["spec"]["names"]);
    let old = Names::read(accepted(definition));
    if wanted == old {
        return None;
    }
    let (names, conflict) = decide(&wanted, &old, &Used::of(definition, all));
    let (status, reason, message) = match &conflict {
        Some((reason, message)) => ("False", *reason, message.as_str()),
        None => ("True", "NoConflicts", "no conflicts found"),
    };
    let told = Condition { kind: "NamesAccepted", status, reason, message };
    if names == old && told.holds(definition) {
        return None;
    }
    let mut conditions = conditions::all(definition);
    told.set(&mut conditions, now);
    established(definition, conflict.is_none()).set(&mut conditions, now);
    Some(json!({"acceptedNames": names.patch(), "conditions": conditions}))
}

/// The names to accept, and the last conflict as reason and message.
fn decide(wanted: &Names, old: &Names, used: &Used) -> (Names, Option<(&'static str, String)>) {
    let mut names = old.clone();
    let mut conflict = None;
    let mut accept =
        |to: &mut String, want: &str, used: &BTreeSet<String>, reason: &'static str| {
            if *to == *want || !used.contains(want) {
                want.clone_into(to);
            } else {
                conflict = Some((reason, in_use(want)));
            }
        };
    accept(&mut names.plural, &wanted.plural, &used.resources, "PluralConflict");
    accept(&mut names.singular, &wanted.singular, &used.resources, "SingularConflict");
    let taken: Vec<String> = wanted
        .short_names
        .iter()
        .filter(|name| !old.short_names.contains(name) && used.resources.contains(*name))
        .map(|name| in_use(name))
        .collect();
    if taken.is_empty() {
        names.short_names.clone_from(&wanted.short_names);
    }
    accept(&mut names.kind, &wanted.kind, &used.kinds, "KindConflict");
    accept(&mut names.list_kind, &wanted.list_kind, &used.kinds, "ListKindConflict");
    names.categories.clone_from(&wanted.categories);
    let of_kinds = conflict.take_if(|(reason, _)| reason.contains("Kind"));
    let of_short_names = match taken.as_slice() {
        [] => None,
        [one] => Some(("ShortNamesConflict", one.clone())),
        many => Some(("ShortNamesConflict", format!("[{}]", many.join(", ")))),
    };
    (names, of_kinds.or(of_short_names).or(conflict))
}

fn in_use(name: &str) -> String {
    format!("{} is already in use", quote(name))
}

/// A definition stays established; one that was not is about to be, or waits for its names.
fn established(definition: &Value, is_accepted: bool) -> Condition<'_> {
    let kind = "Established";
    let old = Condition::of(definition, kind);
    if is_accepted && old.is_none_or(|old| old.status != "True") {
        return Condition { kind, status: "False", reason: "Installing", message: ACCEPTED };
    }
    old.unwrap_or(Condition {
        kind,
        status: "False",
        reason: "NotAccepted",
        message: "not all names are accepted",
    })
}
