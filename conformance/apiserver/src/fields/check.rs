//! Whether an object has the shape that its schema gives it, as far as merging needs it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::path::{Element, show};
use super::typed::{Form, Type};
use crate::schema::Kind;

/// What is wrong with the shape of `value`, each as `path: text`. Unless `duplicates` are
/// allowed, two items of a list with the same key are an error.
#[must_use]
pub fn check(kind: Type<'_>, value: &Value, duplicates: bool) -> Vec<String> {
    let mut walk = Walk { path: Vec::new(), duplicates, errors: Vec::new() };
    walk.node(kind, value);
    walk.errors
}

/// Several errors as one text.
#[must_use]
pub fn join(errors: &[String]) -> String {
    match errors {
        [one] => one.clone(),
        many => format!("errors:\n  {}", many.join("\n  ")),
    }
}

struct Walk {
    path: Vec<Element>,
    duplicates: bool,
    errors: Vec<String>,
}

impl Walk {
    fn error(&mut self, text: &str) {
        let path = show(&self.path);
        self.errors.push(if path.is_empty() { text.to_owned() } else { format!("{path}: {text}") });
    }

    fn node(&mut self, kind: Type<'_>, value: &Value) {
        match (kind.form(Some(value)), value) {
            (_, Value::Null) => {}
            (Form::Map, Value::Object(map)) => {
                for (name, below) in map {
                    let declared = kind.field(name);
                    self.path.push(Element::field(name));
                    match declared {
                        Some((inner, _)) => self.node(inner, below),
                        None => self.error("field not declared in schema"),
                    }
                    self.path.pop();
                    if declared.is_none() {
                        return;
                    }
                }
            }
            (Form::List, Value::Array(items)) => self.list(kind, items),
            (Form::Map, other) => self.error(&format!("expected map, got &{{{}}}", plain(other))),
            (Form::List, other) => self.error(&format!("expected list, got &{{{}}}", plain(other))),
            (Form::Scalar, _) => self.scalar(kind, value),
        }
    }

    fn list(&mut self, kind: Type<'_>, items: &[Value]) {
        let mut seen = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            let step = if kind.atomic_list() {
                Element::Index(index)
            } else {
                match kind.step(item) {
                    Ok(step) => step,
                    Err(why) => return self.error(&format!("element {index}: {why}")),
                }
            };
            if !seen.insert(step.clone()) && !self.duplicates {
                self.error(&format!("duplicate entries for key {step}"));
            }
            self.path.push(step);
            self.node(kind.item(), item);
            self.path.pop();
        }
    }

    fn scalar(&mut self, kind: Type<'_>, value: &Value) {
        match (kind.kind(), value) {
            (Some(Kind::Integer | Kind::Number), Value::Number(_))
            | (Some(Kind::Boolean), Value::Bool(_))
            | (Some(Kind::String), Value::String(_))
            | (None, _) => {}
            (Some(Kind::Integer | Kind::Number), other) => {
                let have = go_type(other);
                self.error(&format!("expected numeric (int or float), got {have}"));
            }
            (Some(Kind::Boolean), other) => {
                self.error(&format!("expected boolean, got &{{{}}}", plain(other)));
            }
            (Some(_), other) => {
                self.error(&format!(
                    "expected string, got &value.valueUnstructured{{Value:{other}}}"
                ));
            }
        }
    }
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
