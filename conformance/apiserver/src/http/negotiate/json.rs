//! JSON as Go reads and writes it: its words for what is wrong, its numbers, its escapes.

mod scan;

use serde_json::{Number, Value};

use self::scan::Scanner;

/// Reads a text. Integers that need more than 64 bits with a sign become floats.
///
/// # Errors
/// What is wrong, in the words of Go's decoder.
pub(super) fn read(body: &[u8]) -> Result<Value, String> {
    let text = String::from_utf8_lossy(body);
    match serde_json::from_str(&text) {
        Ok(mut value) => {
            signed(&mut value);
            Ok(value)
        }
        Err(error) => Err(Scanner::new(text.as_bytes())
            .document()
            .err()
            .unwrap_or_else(|| format!("json: {error}"))),
    }
}

fn signed(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_u64() && !number.is_i64() => {
            let float = number.as_f64().unwrap_or_default();
            *value = Value::from(float);
        }
        Value::Array(items) => items.iter_mut().for_each(signed),
        Value::Object(fields) => fields.values_mut().for_each(signed),
        _ => {}
    }
}

/// The paths of the fields that stand in their object before, each once, in their order.
pub(super) fn repeated(body: &[u8]) -> Vec<String> {
    let mut scanner = Scanner::new(body);
    // what cannot be read was refused before
    match scanner.document() {
        Ok(()) => scanner.repeated,
        Err(_) => Vec::new(),
    }
}

/// Writes a value on a line.
pub(super) fn write(value: &Value) -> Vec<u8> {
    let mut out = String::new();
    put(value, &mut out);
    out.push('\n');
    out.into_bytes()
}

fn put(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&decimal(number)),
        Value::String(text) => put_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                put(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            for (i, (key, value)) in fields.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                put_text(key, out);
                out.push(':');
                put(value, out);
            }
            out.push('}');
        }
    }
}

/// A float has an exponent from 1e21 on and below 1e-6, and no fraction where it needs none.
fn decimal(number: &Number) -> String {
    let float = match number.as_f64() {
        Some(float) if number.is_f64() => float,
        _ => return number.to_string(),
    };
    let size = float.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let scientific = format!("{float:e}");
        return if size < 1.0 { scientific } else { scientific.replace('e', "e+") };
    }
    float.to_string()
}

fn put_text(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
}
