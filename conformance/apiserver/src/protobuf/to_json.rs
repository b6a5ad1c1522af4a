//! From a message to the object that JSON would have.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::tables::{Count, Field, ITEMS, Type};
use super::wire::{Reader, Wire};

/// Reads a message. Fields without a table are left out.
///
/// # Errors
/// When it is no such message.
pub(super) fn message(bytes: &[u8], table: &[Field]) -> Result<Map<String, Value>, String> {
    let mut object = Map::new();
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.next()? {
        let Some(field) = table.iter().find(|field| field.number == number) else { continue };
        let name = || field.name.to_owned();
        match field.count {
            Count::Always => {
                let value = value(field.kind, wire)?;
                if !is_zero(&value) {
                    object.insert(name(), value);
                }
            }
            Count::Optional => {
                object.insert(name(), value(field.kind, wire)?);
            }
            Count::List => {
                let value = value(field.kind, wire)?;
                let items = object.entry(name()).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(items) = items {
                    items.push(value);
                }
            }
            Count::Map => {
                let (key, value) = entry(wire.bytes()?, field.kind)?;
                let map = object.entry(name()).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(map) = map {
                    map.insert(key, value);
                }
            }
        }
    }
    Ok(object)
}

/// Whether a field that is always sent holds nothing.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

fn entry(bytes: &[u8], kind: Type) -> Result<(String, Value), String> {
    let (mut key, mut held) = (String::new(), None);
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.next()? {
        match number {
            1 => key = text(wire.bytes()?),
            2 => held = Some(value(kind, wire)?),
            _ => {}
        }
    }
    // a value that is left out is empty
    let empty = || match kind {
        Type::Items => Value::Array(Vec::new()),
        _ => Value::from(""),
    };
    Ok((key, held.unwrap_or_else(empty)))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn value(kind: Type, wire: Wire<'_>) -> Result<Value, String> {
    Ok(match kind {
        Type::Text => Value::from(text(wire.bytes()?)),
        Type::Bytes => Value::from(STANDARD.encode(wire.bytes()?)),
        Type::Int => Value::from(wire.varint()?.cast_signed()),
        Type::Bool => Value::from(wire.varint()? != 0),
        Type::Time => time(wire.bytes()?, false)?,
        Type::MicroTime => time(wire.bytes()?, true)?,
        Type::Fields => fields(wire.bytes()?)?,
        Type::Message(table) => Value::Object(message(wire.bytes()?, table)?),
        Type::Items => {
            let mut held = message(wire.bytes()?, ITEMS)?;
            held.remove("items").unwrap_or_else(|| Value::Array(Vec::new()))
        }
    })
}

/// A moment; that of an empty message is none.
fn time(bytes: &[u8], micro: bool) -> Result<Value, String> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let (mut seconds, mut nanos) = (0, 0);
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.next()? {
        match number {
            1 => seconds = wire.varint()?.cast_signed(),
            2 => nanos = i32::try_from(wire.varint()?).unwrap_or_default(),
            _ => {}
        }
    }
    let moment = Timestamp::new(seconds, nanos).map_err(|error| error.to_string())?;
    let shown = moment.strftime("%Y-%m-%dT%H:%M:%S");
    Ok(Value::from(if micro {
        format!("{shown}.{:06}Z", nanos / 1000)
    } else {
        format!("{shown}Z")
    }))
}

fn fields(bytes: &[u8]) -> Result<Value, String> {
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.next()? {
        if number == 1 {
            return serde_json::from_slice(wire.bytes()?).map_err(|error| error.to_string());
        }
    }
    Ok(Value::Object(Map::new()))
}
