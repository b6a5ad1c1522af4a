//! What two objects differ in.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::path::Element;
use super::set::Set;
use super::typed::{Form, Type};

/// What became of an object. No path is in two of the sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// What only the old one has, containers included.
    pub removed: Set,
    /// Leaves that both have, with different values.
    pub modified: Set,
    /// What only the new one has, containers included.
    pub added: Set,
}

impl Comparison {
    /// The same without the fields of `ignored` and all that is in them.
    #[must_use]
    pub fn without(&self, ignored: &Set) -> Self {
        Self {
            removed: self.removed.difference_with_contents(ignored),
            modified: self.modified.difference_with_contents(ignored),
            added: self.added.difference_with_contents(ignored),
        }
    }
}

/// Compares the object `old` with `new`.
#[must_use]
pub fn compare(kind: Type<'_>, old: &Value, new: &Value) -> Comparison {
    let mut walk = Walk::default();
    walk.node(kind, Some(old), Some(new));
    walk.found
}

/// Whether two values are the same; 1 and 1.0 are.
#[must_use]
pub fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => {
            x == y || (x.is_f64() || y.is_f64()) && x.as_f64() == y.as_f64()
        }
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| equal(x, y))
        }
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(k, v)| y.get(k).is_some_and(|w| equal(v, w)))
        }
        _ => a == b,
    }
}

#[derive(Default)]
struct Walk {
    path: Vec<Element>,
    found: Comparison,
}

type Side<'v> = Option<&'v Value>;

impl Walk {
    fn node(&mut self, kind: Type<'_>, old: Side<'_>, new: Side<'_>) {
        let (before, after) = (kind.form(old), kind.form(new));
        let mut leaf = false;
        if new.is_none() || (old.is_some() && before != after) {
            leaf = self.form(before, kind, old, new);
        }
        if new.is_some() {
            leaf = self.form(after, kind, old, new);
        }
        if !leaf && old.is_none() {
            self.found.added.insert(&self.path);
        } else if !leaf && new.is_none() {
            self.found.removed.insert(&self.path);
        }
    }

    /// Returns whether the place was taken as a leaf.
    fn form(&mut self, form: Form, kind: Type<'_>, old: Side<'_>, new: Side<'_>) -> bool {
        match form {
            Form::Map => {
                let (o, n) = (map_of(old), map_of(new));
                let nothing = o.is_none_or(Map::is_empty) && n.is_none_or(Map::is_empty);
                if !nothing && !kind.atomic_map() {
                    self.map(kind, o, n);
                    return false;
                }
            }
            Form::List => {
                let (o, n) = (list_of(old), list_of(new));
                if !(kind.atomic_list() || o.is_empty() && n.is_empty()) {
                    self.list(kind, o, n);
                    return false;
                }
            }
            Form::Scalar => {}
        }
        self.leaf(old, new);
        true
    }

    fn leaf(&mut self, old: Side<'_>, new: Side<'_>) {
        match (old, new) {
            (None, _) => self.found.added.insert(&self.path),
            (_, None) => self.found.removed.insert(&self.path),
            (Some(old), Some(new)) if !equal(old, new) => self.found.modified.insert(&self.path),
            _ => {}
        }
    }

    fn map(
        &mut self,
        kind: Type<'_>,
        old: Option<&Map<String, Value>>,
        new: Option<&Map<String, Value>>,
    ) {
        let keys: BTreeSet<&String> = old.into_iter().chain(new).flat_map(Map::keys).collect();
        for key in keys {
            let element = Element::field(key);
            let below = kind.below(&element);
            self.path.push(element);
            self.node(below, old.and_then(|map| map.get(key)), new.and_then(|map| map.get(key)));
            self.path.pop();
        }
    }

    fn list(&mut self, kind: Type<'_>, old: &[Value], new: &[Value]) {
        let (old, new) = (by_step(kind, old), by_step(kind, new));
        let steps: BTreeSet<&Element> = old.keys().chain(new.keys()).collect();
        for step in steps {
            let before = old.get(step).map(Vec::as_slice).unwrap_or_default();
            let after = new.get(step).map(Vec::as_slice).unwrap_or_default();
            self.path.push(step.clone());
            self.items(kind.item(), before, after);
            self.path.pop();
        }
    }

    /// The items of one key. Several of the same key are one leaf.
    fn items(&mut self, kind: Type<'_>, old: &[&Value], new: &[&Value]) {
        match (old, new) {
            ([_, _, ..], [_, _, ..]) => {
                let same = old.len() == new.len() && old.iter().zip(new).all(|(a, b)| equal(a, b));
                if !same {
                    self.found.modified.insert(&self.path);
                }
            }
            ([_, _, ..], _) => {
                if let Some(first) = new.first().copied() {
                    self.node(kind, None, Some(first));
                }
                self.found.removed.insert(&self.path);
            }
            (_, [_, _, ..]) => {
                if let Some(first) = old.first().copied() {
                    self.node(kind, Some(first), None);
                }
                self.found.added.insert(&self.path);
            }
            _ => self.node(kind, old.first().copied(), new.first().copied()),
        }
    }
}

pub(super) fn map_of(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value.and_then(Value::as_object)
}

pub(super) fn list_of(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn by_step<'v>(kind: Type<'_>, items: &'v [Value]) -> BTreeMap<Element, Vec<&'v Value>> {
    let mut found: BTreeMap<Element, Vec<&Value>> = BTreeMap::new();
    for item in items {
        if let Ok(step) = kind.step(item) {
            found.entry(step).or_default().push(item);
        }
    }
    found
}
