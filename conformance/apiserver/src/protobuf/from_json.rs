//! From an object to its message: every field that is always sent, and what else there is.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::tables::{Count, Field, ITEMS, Type};
use super::wire::Writer;

/// Writes a message. A value of another type than that of its field is sent as empty.
pub(super) fn message(object: &Value, table: &[Field]) -> Vec<u8> {
    let mut writer = Writer::default();
    for field in table {
        let held = &object[field.name];
        match field.count {
            Count::Always => put(&mut writer, field.number, field.kind, held),
            Count::Optional if held.is_null() => {}
            Count::Optional => put(&mut writer, field.number, field.kind, held),
            Count::List => {
                for item in held.as_array().into_iter().flatten() {
                    put(&mut writer, field.number, field.kind, item);
                }
            }
            Count::Map => {
                for (key, value) in held.as_object().into_iter().flatten() {
                    let mut entry = Writer::default();
                    entry.bytes(1, key.as_bytes());
                    put(&mut entry, 2, field.kind, value);
                    writer.bytes(field.number, &entry.done());
                }
            }
        }
    }
    writer.done()
}

fn put(writer: &mut Writer, number: u32, kind: Type, value: &Value) {
    let text = value.as_str().unwrap_or_default();
    match kind {
        Type::Text => writer.bytes(number, text.as_bytes()),
        Type::Bytes => writer.bytes(number, &STANDARD.decode(text).unwrap_or_default()),
        Type::Int => {
            writer.varint(number, value.as_i64().unwrap_or_default().cast_unsigned());
        }
        Type::Bool => writer.varint(number, u64::from(value.as_bool().unwrap_or_default())),
        Type::Time | Type::MicroTime => writer.bytes(number, &time(text)),
        Type::Fields => {
            let mut raw = Writer::default();
            raw.bytes(1, value.to_string().as_bytes());
            writer.bytes(number, &raw.done());
        }
        Type::Message(table) => writer.bytes(number, &message(value, table)),
        Type::Items => writer.bytes(number, &message(&json!({"items": value}), ITEMS)),
    }
}

/// A moment; none is empty.
fn time(text: &str) -> Vec<u8> {
    let mut writer = Writer::default();
    if let Ok(moment) = text.parse::<Timestamp>() {
        writer.varint(1, moment.as_second().cast_unsigned());
        writer.varint(2, i64::from(moment.subsec_nanosecond()).cast_unsigned());
    }
    writer.done()
}
