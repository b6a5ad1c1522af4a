//! What ConfigMaps and Secrets have in common: keys, bytes, a limit, and that they can be frozen.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::meta::names;
use crate::status::{FieldError, Status};

/// The bytes that all values together may have.
pub(super) const MAX_SIZE: usize = 1_048_576;

/// Bytes as JSON shows them.
pub(super) fn encode(bytes: &[u8]) -> Value {
    Value::String(STANDARD.encode(bytes))
}

/// Reads the bytes of a map and writes them as Go does.
///
/// # Errors
/// 400 if a value is not base64.
pub(super) fn normalise(object: &mut Value, field: &str) -> Result<(), Status> {
    let Some(Value::Object(values)) = object.get_mut(field) else {
        return Ok(());
    };
    let mut fault = None;
    for value in values.values_mut() {
        let text = value.as_str().unwrap_or_default();
        if STANDARD.decode(text).is_ok() {
            continue;
        }
        match decode(text.as_bytes()) {
            Ok(bytes) => *value = encode(&bytes),
            Err(at) => {
                fault = Some(at);
                break;
            }
        }
    }
    fault.map_or(Ok(()), |at| {
        let why = format!("illegal base64 data at input byte {at}");
        Err(super::undecodable(object, &why))
    })
}

fn is_newline(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// Decodes as Go does: newlines do not count, nor do bits that are left over.
///
/// # Errors
/// The place that Go finds fault with.
pub(super) fn decode(text: &[u8]) -> Result<Vec<u8>, usize> {
    let mut bytes = Vec::new();
    let (mut bits, mut have) = (0_u32, 0_usize);
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        if let Some(value) = sextet(byte) {
            bits = (bits << 6) | u32::from(value);
            have += 1;
            if have == 4 {
                bytes.extend(&bits.to_be_bytes()[1..]);
                (bits, have) = (0, 0);
            }
        } else if byte == b'=' {
            padding(text, at, have)?;
            let rest = (bits << (6 * (4 - have))).to_be_bytes();
            bytes.extend(&rest[1..have]);
            return Ok(bytes);
        } else if !is_newline(byte) {
            return Err(at);
        }
        at += 1;
    }
    // Go names the beginning of the group, wherever the newlines in it are
    if have == 0 { Ok(bytes) } else { Err(text.len() - have) }
}

/// Whether the text ends well with the padding that begins at `at`, behind `have` letters.
fn padding(text: &[u8], at: usize, have: usize) -> Result<(), usize> {
    let skip = |mut at: usize| {
        while text.get(at).is_some_and(|byte| is_newline(*byte)) {
            at += 1;
        }
        at
    };
    if have < 2 {
        return Err(at);
    }
    let mut next = at + 1;
    if have == 2 {
        next = skip(next);
        match text.get(next) {
            None => return Err(text.len()),
            Some(b'=') => next += 1,
            Some(_) => return Err(next - 1),
        }
    }
    let next = skip(next);
    if next < text.len() { Err(next) } else { Ok(()) }
}

/// The number of bytes that a text of base64 stands for.
fn decoded_length(text: &str) -> usize {
    let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
    (text.len() / 4 * 3).saturating_sub(padding)
}

/// The map of an object under `field`, or an empty one.
pub(super) fn values(object: &Value, field: &str) -> Map<String, Value> {
    object[field].as_object().cloned().unwrap_or_default()
}

/// The number of bytes of all values, which are texts or base64.
pub(super) fn size(values: &Map<String, Value>, base64: bool) -> usize {
    let texts = values.values().filter_map(Value::as_str);
    texts.map(|text| if base64 { decoded_length(text) } else { text.len() }).sum()
}

/// What is wrong with a key.
pub(super) fn key(field: &str, key: &str) -> Vec<FieldError> {
    let texts = names::config_key(key).into_iter();
    texts.map(|text| FieldError::invalid(format!("{field}[{key}]"), key, text)).collect()
}

/// What may not change once `immutable` is set.
pub(super) fn frozen(new: &Value, old: &Value, fields: &[&str]) -> Vec<FieldError> {
    if old["immutable"] != true {
        return Vec::new();
    }
    let thawed = (new["immutable"] != true).then_some("immutable");
    let changed = fields.iter().copied().filter(|field| new.get(field) != old.get(field));
    let why = "field is immutable when `immutable` is set";
    thawed.into_iter().chain(changed).map(|field| FieldError::forbidden(field, why)).collect()
}
