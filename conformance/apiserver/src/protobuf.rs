//! The protobuf that `kubectl` and other clients in Go speak with built-in kinds.
//!
//! A message is an envelope (`k8s\0`, then kind, apiVersion and the object as bytes) around a
//! message of the kind. What a field means is in `tables`; `wire` takes bytes apart.
//!
//! **Invariant:** a message of Go that is decoded and encoded again is the same, byte for byte.

mod from_json;
mod tables;
#[cfg(test)]
mod tests;
mod to_json;
mod wire;

use serde_json::{Map, Value, json};

use self::tables::{Field, always, list};
use self::wire::{Reader, Writer};
use crate::status::Status;

/// What an envelope starts with.
const PREFIX: &[u8] = b"k8s\0";

/// Of `Unknown`: the type, and the object.
const TYPE: u32 = 1;
const RAW: u32 = 2;
const CONTENT_ENCODING: u32 = 3;
const CONTENT_TYPE: u32 = 4;

/// The types of forms that can be read in the place of a kind without a table.
const OTHERS: &str = "application/json, application/yaml";

/// Reads an object. Fields that are empty are left out, as JSON leaves them out.
///
/// # Errors
/// 400 for bytes that are no such message, 415 for a kind that is not known here.
pub fn decode(body: &[u8]) -> Result<Value, Status> {
    if body.is_empty() {
        return Err(Status::bad_request("empty data"));
    }
    let Some(envelope) = body.strip_prefix(PREFIX) else {
        return Err(Status::bad_request(
            "provided data does not appear to be a protobuf message, expected prefix \
             [107 56 115 0]",
        ));
    };
    if envelope.is_empty() {
        return Err(Status::bad_request("empty body"));
    }
    let (type_meta, raw) = open(envelope).map_err(Status::bad_request)?;
    let text = |key: &str| type_meta[key].as_str().unwrap_or_default();
    let table = table(text("apiVersion"), text("kind"))
        .ok_or_else(|| Status::unsupported_media_but(OTHERS))?;
    let mut object = to_json::message(raw, &table).map_err(Status::bad_request)?;
    object.extend(type_meta.as_object().cloned().unwrap_or_default());
    Ok(Value::Object(object))
}

/// Type and object of an envelope.
fn open(envelope: &[u8]) -> Result<(Value, &[u8]), String> {
    let (mut type_meta, mut raw): (Map<String, Value>, &[u8]) = (Map::new(), &[]);
    let mut reader = Reader::new(envelope);
    while let Some((number, field)) = reader.next()? {
        match number {
            TYPE => type_meta = to_json::message(field.bytes()?, tables::TYPE_META)?,
            RAW => raw = field.bytes()?,
            _ => {}
        }
    }
    Ok((Value::Object(type_meta), raw))
}

/// Writes an object or a list; none if the kind is not known here.
#[must_use]
pub fn encode(object: &Value) -> Option<Vec<u8>> {
    let text = |key: &str| object[key].as_str().unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let table = table(api_version, kind)?;
    let type_meta = json!({"apiVersion": api_version, "kind": kind});
    let mut writer = Writer::new(PREFIX);
    writer.bytes(TYPE, &from_json::message(&type_meta, tables::TYPE_META));
    writer.bytes(RAW, &from_json::message(object, &table));
    writer.bytes(CONTENT_ENCODING, &[]);
    writer.bytes(CONTENT_TYPE, &[]);
    Some(writer.done())
}

/// The fields of a kind, or of a list of it.
fn table(api_version: &str, kind: &str) -> Option<Vec<Field>> {
    if let Some(fields) = tables::of(api_version, kind) {
        return Some(fields.to_vec());
    }
    let item = tables::of(api_version, kind.strip_suffix("List")?)?;
    Some(vec![
        always(1, "metadata", tables::Type::Message(tables::LIST_META)),
        list(2, "items", tables::Type::Message(item)),
    ])
}
