//! The steps that lead to a field.

use std::cmp::Ordering;
use std::fmt;

use serde_json::Value;

use crate::status::print;

/// One step from a container to something in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Element {
    /// A field of an object, printed `.name`.
    Field(String),
    /// The item of a list of type map with these keys, printed `[name="x"]`; sorted by name.
    Key(Vec<(String, Scalar)>),
    /// The item of a list of type set, printed `[="x"]`.
    Value(Scalar),
    /// The item of any other list, printed `[0]`.
    Index(usize),
}

/// A value that can be ordered: numbers, strings, booleans, lists, objects, null.
#[derive(Clone, Debug)]
pub struct Scalar(pub Value);

impl Element {
    /// The step to the field `name`.
    #[must_use]
    pub fn field(name: &str) -> Self {
        Self::Field(name.to_owned())
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(keys) => {
                f.write_str("[")?;
                for (index, (name, value)) in keys.iter().enumerate() {
                    let comma = if index > 0 { "," } else { "" };
                    write!(f, "{comma}{name}={}", print(&value.0))?;
                }
                f.write_str("]")
            }
            Self::Value(value) => write!(f, "[={}]", print(&value.0)),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// A path as it is printed in errors: `.spec.ports[name="x"].port`.
#[must_use]
pub fn show(path: &[Element]) -> String {
    path.iter().map(Element::to_string).collect()
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Scalar {}

impl PartialOrd for Scalar {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scalar {
    fn cmp(&self, other: &Self) -> Ordering {
        order(&self.0, &other.0)
    }
}

fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => match (x.as_i64(), y.as_i64()) {
            (Some(x), Some(y)) => x.cmp(&y),
            _ => x.as_f64().unwrap_or_default().total_cmp(&y.as_f64().unwrap_or_default()),
        },
        (Value::String(x), Value::String(y)) => x.cmp(y),
        (Value::Bool(x), Value::Bool(y)) => x.cmp(y),
        (Value::Array(x), Value::Array(y)) => {
            let items = x.iter().zip(y).map(|(x, y)| order(x, y));
            first_difference(items).then(x.len().cmp(&y.len()))
        }
        (Value::Object(x), Value::Object(y)) => {
            let fields = x.iter().zip(y).map(|((k, x), (l, y))| k.cmp(l).then_with(|| order(x, y)));
            first_difference(fields).then(x.len().cmp(&y.len()))
        }
        _ => rank(a).cmp(&rank(b)),
    }
}

fn first_difference(mut orders: impl Iterator<Item = Ordering>) -> Ordering {
    orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
        Value::Null => 5,
    }
}
