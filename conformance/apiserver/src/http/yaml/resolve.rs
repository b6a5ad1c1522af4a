//! What a plain scalar of YAML 1.1 stands for.

use jiff::civil::{Date, Time};
use serde_json::Value;

/// The meaning of a plain scalar.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Plain {
    /// Itself.
    Text,
    /// A moment, which is read as a text.
    Time,
    Null,
    Bool(bool),
    /// An integer; beyond 64 bits with a sign it is a float.
    Int(Value),
    Float(f64),
}

pub(super) fn resolve(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Plain::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Plain::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return Plain::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Plain::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Plain::Float(f64::NEG_INFINITY),
        _ => {}
    }
    match text.as_bytes() {
        [b'.', ..] => float(text).map_or(Plain::Text, Plain::Float),
        [b'+' | b'-' | b'0'..=b'9', ..] => {
            if is_time(text) {
                return Plain::Time;
            }
            let plain = text.replace('_', "");
            integer(&plain)
                .map(Plain::Int)
                .or_else(|| float(&plain).map(Plain::Float))
                .unwrap_or(Plain::Text)
        }
        _ => Plain::Text,
    }
}

/// An integer with the prefixes of Go's literals: `0x`, `0b`, `0o`, or `0` for octal.
fn integer(text: &str) -> Option<Value> {
    let (signed, digits) = match text.as_bytes() {
        [b'+' | b'-', ..] => (true, &text[1..]),
        _ => (false, text),
    };
    let prefix = digits.get(..2).unwrap_or_default().to_ascii_lowercase();
    let (digits, radix) = match prefix.as_str() {
        "0x" => (&digits[2..], 16),
        "0b" => (&digits[2..], 2),
        "0o" => (&digits[2..], 8),
        _ if digits.len() > 1 && digits.starts_with('0') => (&digits[1..], 8),
        _ => (digits, 10),
    };
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let number = u64::from_str_radix(digits, radix).ok()?;
    if text.starts_with('-') {
        return 0_i64.checked_sub_unsigned(number).map(Value::from);
    }
    match i64::try_from(number) {
        Ok(number) => Some(Value::from(number)),
        Err(_) if signed => None,
        Err(_) => Value::from(number).as_f64().map(Value::from),
    }
}

/// A decimal number with a point or an exponent.
fn float(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let fine = digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    let begins = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if !fine || !begins {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// `2006-1-2`, with a time of the day behind `T` or `t` and with a zone, or behind a blank and
/// without.
fn is_time(text: &str) -> bool {
    if text.as_bytes().iter().take_while(|byte| byte.is_ascii_digit()).count() != 4 {
        return false;
    }
    let (date, clock) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some(&text[at..])),
        None => (text, None),
    };
    is_date(date) && clock.is_none_or(is_clock)
}

/// A number of one or of two digits.
fn short(text: &str) -> Option<i8> {
    let fits = matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    match (year.parse(), short(month), short(day)) {
        (Ok(year), Some(month), Some(day)) => Date::new(year, month, day).is_ok(),
        _ => false,
    }
}

fn is_clock(text: &str) -> bool {
    let (zoned, text) = (!text.starts_with(' '), &text[1..]);
    let zone = text.find(['Z', '+', '-']).unwrap_or(text.len());
    let (text, zone) = text.split_at(zone);
    let is_zone = match zone.as_bytes() {
        b"Z" => true,
        [b'+' | b'-', rest @ ..] => {
            rest.len() == 5 && rest[2] == b':' && is_minutes(&zone[1..3]) && is_minutes(&zone[4..])
        }
        _ => false,
    };
    let fits = if zoned { is_zone } else { zone.is_empty() };
    if !fits {
        return false;
    }
    let (text, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let parts: Vec<&str> = text.split(':').collect();
    let [hour, minute, second] = parts.as_slice() else { return false };
    let fraction = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match (short(hour), short(minute), short(second)) {
        (Some(hour), Some(minute), Some(second)) => {
            fraction && Time::new(hour, minute, second, 0).is_ok()
        }
        _ => false,
    }
}

fn is_minutes(text: &str) -> bool {
    text.len() == 2 && short(text).is_some_and(|number| number < 60)
}

/// Whether a text is a number to the base 60, which other readers take for one.
pub(super) fn is_sexagesimal(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (text, fraction) = text.split_once('.').unwrap_or((text, ""));
    let loose = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    first.starts_with(|c: char| c.is_ascii_digit())
        && loose(first)
        && loose(fraction)
        && !rest.is_empty()
        && rest.iter().all(|part| short(part).is_some_and(|number| number < 60))
}
