//! An object with a configuration laid over it, and the fields that a configuration names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::compare::{list_of, map_of};
use super::path::Element;
use super::set::Set;
use super::typed::{Form, Type};

/// `live` with all of `config`: leaves and atomic containers of `config` replace those of
/// `live`, maps are united, lists with keys are united in the order that respects both.
#[must_use]
pub fn merge(kind: Type<'_>, live: &Value, config: &Value) -> Value {
    node(kind, Some(live), Some(config)).unwrap_or(Value::Null)
}

fn node(kind: Type<'_>, live: Option<&Value>, config: Option<&Value>) -> Option<Value> {
    match kind.form(config.or(live)) {
        Form::Map => {
            let (l, c) = (map_of(live), map_of(config));
            let nothing = l.is_none_or(Map::is_empty) && c.is_none_or(Map::is_empty);
            if nothing || kind.atomic_map() {
                return config.or(live).cloned();
            }
            map(kind, l, c)
        }
        Form::List => {
            let (l, c) = (list_of(live), list_of(config));
            if (l.is_empty() && c.is_empty()) || kind.atomic_list() {
                return config.or(live).cloned();
            }
            let items = Items::new(kind, l, c).merge();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        Form::Scalar => config.or(live).cloned(),
    }
}

fn map(
    kind: Type<'_>,
    live: Option<&Map<String, Value>>,
    config: Option<&Map<String, Value>>,
) -> Option<Value> {
    let keys: BTreeSet<&String> = live.into_iter().chain(config).flat_map(Map::keys).collect();
    let mut merged = Map::new();
    for key in keys {
        let below = kind.below(&Element::field(key));
        let live = live.and_then(|map| map.get(key));
        let config = config.and_then(|map| map.get(key));
        if let Some(value) = node(below, live, config) {
            merged.insert(key.clone(), value);
        }
    }
    (!merged.is_empty()).then_some(Value::Object(merged))
}

/// Two lists with keys on their way to one.
struct Items<'a> {
    kind: Type<'a>,
    live: Vec<(Element, &'a Value)>,
    config: Vec<(Element, &'a Value)>,
    /// The live items by step; null for those that are there more than once.
    live_by_step: BTreeMap<Element, &'a Value>,
    config_by_step: BTreeMap<Element, &'a Value>,
    /// The steps that both have, in the order of the configuration, the next one last.
    shared: Vec<Element>,
}

static NOTHING: Value = Value::Null;

impl<'a> Items<'a> {
    fn new(kind: Type<'a>, live: &'a [Value], config: &'a [Value]) -> Self {
        let steps = |items: &'a [Value]| -> Vec<(Element, &'a Value)> {
            items.iter().filter_map(|item| Some((kind.step(item).ok()?, item))).collect()
        };
        let (live, config) = (steps(live), steps(config));
        let mut live_by_step = BTreeMap::new();
        for (step, item) in &live {
            live_by_step.entry(step.clone()).and_modify(|seen| *seen = &NOTHING).or_insert(*item);
        }
        let config_by_step = config.iter().cloned().collect();
        let mut shared: Vec<Element> = config
            .iter()
            .map(|(step, _)| step.clone())
            .filter(|step| live_by_step.contains_key(step))
            .collect();
        shared.reverse();
        Self { kind, live, config, live_by_step, config_by_step, shared }
    }

    fn merge(mut self) -> Vec<Value> {
        let mut merged = Vec::new();
        let mut done = BTreeSet::new();
        let (mut l, mut c) = (0, 0);
        while l < self.live.len() || c < self.config.len() {
            if let (Some((left, _)), Some((right, _))) = (self.live.get(l), self.config.get(c)) {
                if left == right {
                    merged.extend(self.both(left));
                    done.insert(left.clone());
                    l += 1;
                    c += 1;
                    self.shared.pop();
                    continue;
                }
                let out_of_turn = self.shared.last().is_some_and(|next| next != left);
                if out_of_turn && self.config_by_step.contains_key(left) {
                    l += 1;
                    continue;
                }
            }
            if let Some((left, item)) = self.live.get(l) {
                if !self.config_by_step.contains_key(left) {
                    merged.extend(node(self.kind.item(), Some(item), None));
                    l += 1;
                    continue;
                }
                if done.contains(left) {
                    l += 1;
                }
            }
            if let Some((right, _)) = self.config.get(c) {
                let right = right.clone();
                merged.extend(self.both(&right));
                c += 1;
                if self.shared.last() == Some(&right) {
                    self.shared.pop();
                }
                done.insert(right);
            }
        }
        merged
    }

    fn both(&self, step: &Element) -> Option<Value> {
        node(
            self.kind.item(),
            self.live_by_step.get(step).copied(),
            self.config_by_step.get(step).copied(),
        )
    }
}

/// The fields that `value` names, as an applier owns them: leaves, items of lists with keys,
/// keys of maps; of containers with declared fields only the contents.
#[must_use]
pub fn named(kind: Type<'_>, value: &Value) -> Set {
    let mut set = Set::default();
    collect(kind, value, &mut Vec::new(), &mut set);
    set
}

fn collect(kind: Type<'_>, value: &Value, path: &mut Vec<Element>, set: &mut Set) {
    match kind.form(Some(value)) {
        Form::Map if !kind.atomic_map() => {
            for (name, below) in value.as_object().into_iter().flatten() {
                let (inner, declared) =
                    kind.field(name).unwrap_or_else(|| (kind.below(&Element::field(name)), false));
                path.push(Element::field(name));
                collect(inner, below, path, set);
                let bare = below.is_null() || below.as_object().is_some_and(Map::is_empty);
                if bare || !declared {
                    set.insert(path);
                }
                path.pop();
            }
        }
        Form::List if !kind.atomic_list() => {
            let items: Vec<(Element, &Value)> = list_of(Some(value))
                .iter()
                .filter_map(|item| Some((kind.step(item).ok()?, item)))
                .collect();
            for (step, item) in &items {
                let twins = items.iter().filter(|(other, _)| other == step).count();
                path.push(step.clone());
                if twins == 1 {
                    collect(kind.item(), item, path, set);
                }
                set.insert(path);
                path.pop();
            }
        }
        _ => set.insert(path),
    }
}
