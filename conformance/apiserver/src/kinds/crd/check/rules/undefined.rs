//! Fields that an expression selects from `self` or `oldSelf` and the schema does not have.
//!
//! Only chains of names are followed; calls, indices and variables of macros end them. What
//! cannot be told is let pass.

use serde_json::Value;

use super::super::root::{below, flag, is_meta, kind};

/// The complaints, one for each undefined field, as the compiler shows them.
pub(super) fn fields(expression: &str, schema: &Value, root: bool) -> Vec<String> {
    let roots = names(expression);
    let roots = roots.iter().filter(|(_, name)| matches!(*name, "self" | "oldSelf"));
    roots
        .filter_map(|(at, name)| follow(expression, at + name.len(), schema, root))
        .map(|(at, field)| show(expression, at, &format!("undefined field '{field}'")))
        .collect()
}

/// Whether the expression uses a variable of this name.
pub(super) fn mentions(expression: &str, name: &str) -> bool {
    names(expression).iter().any(|(_, found)| *found == name)
}

/// The names outside of strings that are not selected from something, with their offsets.
fn names(expression: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut rest = expression;
    let mut selected = false;
    while let Some(c) = rest.chars().next() {
        let at = expression.len() - rest.len();
        let length = match c {
            '"' | '\'' => string(rest, c),
            c if is_inner(c) => {
                let length = rest.find(|c: char| !is_inner(c)).unwrap_or(rest.len());
                if !selected {
                    found.push((at, &rest[..length]));
                }
                length
            }
            c => c.len_utf8(),
        };
        selected = c == '.' || (selected && c.is_whitespace());
        rest = &rest[length..];
    }
    found
}

fn is_inner(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// How long the string is with which the text begins.
fn string(text: &str, quote: char) -> usize {
    let triple: String = [quote; 3].iter().collect();
    let end = if text.starts_with(&triple) { triple } else { quote.to_string() };
    let mut at = end.len();
    while at < text.len() && !text[at..].starts_with(&end) {
        let mut chars = text[at..].chars();
        // what follows a backslash does not end the string
        let skipped = if chars.next() == Some('\\') { 1 + next(&mut chars) } else { 0 };
        let plain = text[at..].chars().next().map_or(1, char::len_utf8);
        at += skipped.max(plain);
    }
    text.len().min(at + end.len())
}

fn next(chars: &mut std::str::Chars<'_>) -> usize {
    chars.next().map_or(0, char::len_utf8)
}

/// Follows the names after `at`, and returns the first that is not defined with the offset of
/// its dot.
fn follow<'a>(
    expression: &'a str,
    mut at: usize,
    schema: &Value,
    root: bool,
) -> Option<(usize, &'a str)> {
    let mut here = schema;
    let mut whole = root;
    loop {
        let rest = &expression[at..];
        let dot = at + rest.len() - rest.trim_start().len();
        let after = expression[dot..].strip_prefix('.')?;
        let name = after.trim_start();
        let start = dot + 1 + after.len() - name.len();
        let name = &name[..name.find(|c: char| !is_inner(c)).unwrap_or(name.len())];
        at = start + name.len();
        if name.is_empty() || expression[at..].trim_start().starts_with('(') {
            return None;
        }
        whole |= flag(here, "x-kubernetes-embedded-resource");
        // names with two underscores stand for others
        if name.contains("__") || (whole && is_meta(name)) {
            return None;
        }
        here = match step(here, name) {
            Field::Known(below) => below,
            Field::Unknown => return Some((dot, name)),
            Field::Anything => return None,
        };
        whole = false;
    }
}

enum Field<'a> {
    Known(&'a Value),
    Unknown,
    Anything,
}

fn step<'a>(schema: &'a Value, name: &str) -> Field<'a> {
    if kind(schema) != "object" || flag(schema, "x-kubernetes-int-or-string") {
        return Field::Anything;
    }
    if let Some(values) = below(schema, "additionalProperties") {
        return Field::Known(values);
    }
    match schema["properties"].get(name) {
        Some(property) if is_exposed(property) => Field::Known(property),
        None if schema["additionalProperties"] == true => Field::Anything,
        _ => Field::Unknown,
    }
}

/// Whether rules see a field with this schema.
fn is_exposed(schema: &Value) -> bool {
    match kind(schema) {
        _ if flag(schema, "x-kubernetes-int-or-string") => true,
        "" => false,
        "array" => below(schema, "items").is_some_and(is_exposed),
        "object" => below(schema, "additionalProperties").is_none_or(is_exposed),
        _ => true,
    }
}

/// A complaint with the line that it is about.
fn show(expression: &str, at: usize, complaint: &str) -> String {
    let before = &expression[..at];
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let number = before.matches('\n').count() + 1;
    let column = expression[start..at].chars().count();
    let line = expression[start..].lines().next().unwrap_or_default();
    let dots = ".".repeat(column);
    format!("ERROR: <input>:{number}:{}: {complaint}\n | {line}\n | {dots}^", column + 1)
}
