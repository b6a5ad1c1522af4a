//! The Common Expression Language, as far as rules of schemas and of admission policies use it.
//!
//! Reading order: `lexer` cuts a text into tokens, `parser` builds the tree, `check` finds names
//! that nobody declared, `eval` computes it with the `functions`, [`judge()`] holds an object
//! against the rules of its schema.
//!
//! **Invariant:** an expression sees its variables and nothing else, and always ends.

mod check;
mod eval;
mod functions;
mod judge;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

pub use judge::judge;
use parser::Node;

use crate::schema::Schema;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cel {
    /// No value.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Double(f64),
    /// A text.
    String(String),
    /// A list.
    List(Vec<Cel>),
    /// A map, or an object.
    Map(BTreeMap<String, Cel>),
    /// A value, or none.
    Optional(Option<Box<Cel>>),
}

impl From<&Value> for Cel {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(number) => match number.as_i64() {
                Some(whole) => Self::Int(whole),
                None => Self::Double(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => Self::String(text.clone()),
            Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Object(map) => {
                Self::Map(map.iter().map(|(key, value)| (key.clone(), value.into())).collect())
            }
        }
    }
}

impl Cel {
    /// The order of two values that have one.
    fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Self::String(a), Self::String(b)) => Some(a.cmp(b)),
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (a, b) => a.number()?.partial_cmp(&b.number()?),
        }
    }

    /// Equality, in which whole numbers equal those with a fraction of nothing.
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(a), Self::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b))
            }
            (Self::Map(a), Self::Map(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|((k, a), (l, b))| k == l && a.same(b))
            }
            (Self::Optional(Some(a)), Self::Optional(Some(b))) => a.same(b),
            (Self::Int(_) | Self::Double(_), Self::Int(_) | Self::Double(_)) => {
                self.order(other) == Some(Ordering::Equal)
            }
            (a, b) => a == b,
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            // CEL compares numbers of both kinds.
            #[expect(clippy::cast_precision_loss, reason = "as CEL compares numbers")]
            Self::Int(whole) => Some(*whole as f64),
            Self::Double(number) => Some(*number),
            _ => None,
        }
    }
}

/// Why a text is no expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    /// What is wrong, with the place.
    pub message: String,
}

impl CompileError {
    /// A complaint about the place `at` (in bytes) of a text, with the line that it is about.
    fn at(text: &str, at: usize, why: &str) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let number = before.matches('\n').count() + 1;
        let column = before[start..].chars().count();
        let line = text[start..].lines().next().unwrap_or_default();
        let dots = ".".repeat(column);
        let place = format!("{number}:{}", column + 1);
        Self { message: format!("ERROR: <input>:{place}: {why}\n | {line}\n | {dots}^") }
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CompileError {}

/// An expression that was read.
#[derive(Clone, Debug)]
pub struct Program(Node);

impl Program {
    /// Reads an expression of a rule of a schema, or of a policy.
    ///
    /// # Errors
    /// If it is none, or names a function or variable that is not known.
    pub fn compile(text: &str) -> Result<Self, CompileError> {
        let node = parser::parse(text)?;
        check::check(&node, text, None)?;
        Ok(Self(node))
    }

    /// Reads an expression of a rule about values with this schema.
    ///
    /// # Errors
    /// As [`Program::compile`], and if it selects a field that the schema does not have.
    pub fn compile_for(text: &str, schema: &Schema) -> Result<Self, CompileError> {
        let node = parser::parse(text)?;
        check::check(&node, text, Some(schema))?;
        Ok(Self(node))
    }

    /// Computes the expression.
    ///
    /// # Errors
    /// As CEL has them: no such key, no such overload, division by zero.
    pub fn eval(&self, variables: &BTreeMap<&str, Cel>) -> Result<Cel, String> {
        eval::Scope::new(variables).eval(&self.0)
    }

    /// Whether a variable occurs.
    #[must_use]
    pub fn mentions(&self, name: &str) -> bool {
        self.0.mentions(name)
    }
}
