//! JSON Patch (RFC 6902) as the server's library does it. It differs from the RFC: `replace` of a
//! missing last key adds it, a missing key tests equal to null and copies as null, indices may be
//! negative, a missing `value` is null, and what precedes the first `/` of a path is ignored.

use serde_json::Value;

use super::{parse_error, undecodable};
use crate::json::type_name;
use crate::status::Status;

/// The most operations that one patch may have.
const MOST: usize = 10_000;

/// Why an operation cannot be applied. The answer never says so; logs may.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such operation.
    #[error("unexpected kind: {0}")]
    Operation(String),
    /// `path` or `from` is missing.
    #[error("{0} operation without {1}")]
    Incomplete(&'static str, &'static str),
    /// Something on the way to the last step is missing, or is neither object nor list.
    #[error("{0} operation does not apply: doc is missing path: {1}")]
    Parent(&'static str, String),
    /// The last step is missing.
    #[error("{0} operation does not apply: doc is missing key: {1}")]
    Missing(&'static str, String),
    /// No index of the list.
    #[error("invalid array index: {0}")]
    Index(String),
    /// The values differ.
    #[error("testing value {0} failed")]
    Test(String),
}

struct Operation {
    kind: String,
    path: Option<String>,
    from: Option<String>,
    value: Value,
}

/// A patch that was read.
pub struct Patch(Vec<Operation>);

impl Patch {
    /// Reads a patch.
    ///
    /// # Errors
    /// 400 when it is not a list of operations, 413 when there are too many.
    pub fn parse(body: &[u8]) -> Result<Self, Status> {
        let items = match serde_json::from_slice(body) {
            Ok(Value::Array(items)) => items,
            Ok(Value::Null) => Vec::new(),
            Ok(other) => return Err(mistyped(&other, "[]handlers.jsonPatchOp")),
            Err(error) => return Err(undecodable(&parse_error(&error))),
        };
        if items.len() > MOST {
            return Err(Status::too_many_operations(items.len()));
        }
        items.into_iter().map(Operation::parse).collect::<Result<_, _>>().map(Self)
    }

    /// The object with all operations applied, or none.
    ///
    /// # Errors
    /// The first operation that cannot be applied.
    pub fn apply(&self, live: &Value) -> Result<Value, Error> {
        let mut object = live.clone();
        for operation in &self.0 {
            operation.apply(&mut object)?;
        }
        Ok(object)
    }
}

fn mistyped(value: &Value, wanted: &str) -> Status {
    undecodable(&format!(
        "json: cannot unmarshal {} into Go value of type {wanted}",
        type_name(value)
    ))
}

impl Operation {
    fn parse(item: Value) -> Result<Self, Status> {
        let mut fields = match item {
            Value::Object(fields) => fields,
            other => return Err(mistyped(&other, "handlers.jsonPatchOp")),
        };
        let mut text = |name: &str| match fields.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(mistyped(&other, "string")),
        };
        Ok(Self {
            kind: text("op")?.unwrap_or_else(|| "unknown".to_owned()),
            path: text("path")?,
            from: text("from")?,
            value: fields.remove("value").unwrap_or_default(),
        })
    }

    fn path(&self, operation: &'static str) -> Result<&str, Error> {
        let missing = Error::Incomplete(operation, "path");
        self.path.as_deref().ok_or(missing)
    }

    fn from(&self, operation: &'static str) -> Result<&str, Error> {
        let missing = Error::Incomplete(operation, "from");
        self.from.as_deref().ok_or(missing)
    }

    fn apply(&self, object: &mut Value) -> Result<(), Error> {
        match self.kind.as_str() {
            "add" => add(object, "add", self.path("add")?, self.value.clone()),
            "remove" => remove(object, "remove", self.path("remove")?).map(drop),
            "replace" => replace(object, self.path("replace")?, self.value.clone()),
            "move" => {
                let value = remove(object, "move", self.from("move")?)?;
                add(object, "move", self.path("move")?, value)
            }
            "copy" => {
                let value = get(object, "copy", self.from("copy")?)?;
                add(object, "copy", self.path("copy")?, value)
            }
            "test" => {
                let path = self.path("test")?;
                if get(object, "test", path)? == self.value {
                    Ok(())
                } else {
                    Err(Error::Test(path.to_owned()))
                }
            }
            other => Err(Error::Operation(other.to_owned())),
        }
    }
}

fn unescape(step: &str) -> String {
    // `~01` is `~1`: the order matters.
    step.replace("~1", "/").replace("~0", "~")
}

/// What holds the last step of a path, and that step.
fn parent<'a>(
    object: &'a mut Value,
    operation: &'static str,
    path: &str,
) -> Result<(&'a mut Value, String), Error> {
    let missing = || Error::Parent(operation, path.to_owned());
    let (ahead, last) = path.rsplit_once('/').ok_or_else(missing)?;
    let mut at = object;
    for step in ahead.split('/').skip(1) {
        let step = unescape(step);
        at = match at {
            Value::Object(fields) => fields.get_mut(&step).ok_or_else(missing)?,
            Value::Array(items) => {
                let index = index(&step, items.len()).map_err(|_| missing())?;
                &mut items[index]
            }
            _ => return Err(missing()),
        };
    }
    if at.is_object() || at.is_array() { Ok((at, unescape(last))) } else { Err(missing()) }
}

/// An index below `length`; a negative one counts from there.
fn index(step: &str, length: usize) -> Result<usize, Error> {
    let wrong = || Error::Index(step.to_owned());
    let number: i64 = step.parse().map_err(|_| wrong())?;
    let length_signed = i64::try_from(length).map_err(|_| wrong())?;
    let number =
        if number < 0 { number.checked_add(length_signed).ok_or_else(wrong)? } else { number };
    match usize::try_from(number) {
        Ok(index) if index < length => Ok(index),
        _ => Err(wrong()),
    }
}

fn get(object: &mut Value, operation: &'static str, path: &str) -> Result<Value, Error> {
    match parent(object, operation, path)? {
        (Value::Array(items), step) => Ok(items[index(&step, items.len())?].clone()),
        (holder, step) => Ok(holder[step.as_str()].clone()),
    }
}

fn add(object: &mut Value, operation: &'static str, path: &str, value: Value) -> Result<(), Error> {
    match parent(object, operation, path)? {
        (Value::Array(items), step) if step == "-" => items.push(value),
        (Value::Array(items), step) => items.insert(index(&step, items.len() + 1)?, value),
        (holder, step) => holder[step.as_str()] = value,
    }
    Ok(())
}

fn remove(object: &mut Value, operation: &'static str, path: &str) -> Result<Value, Error> {
    match parent(object, operation, path)? {
        (Value::Array(items), step) => {
            let index = index(&step, items.len())?;
            Ok(items.remove(index))
        }
        (Value::Object(fields), step) => {
            fields.remove(&step).ok_or_else(|| Error::Missing(operation, path.to_owned()))
        }
        (_, _) => Err(Error::Parent(operation, path.to_owned())),
    }
}

fn replace(object: &mut Value, path: &str, value: Value) -> Result<(), Error> {
    match parent(object, "replace", path)? {
        (Value::Array(items), step) => {
            let index = index(&step, items.len())?;
            items[index] = value;
        }
        (holder, step) => holder[step.as_str()] = value,
    }
    Ok(())
}
