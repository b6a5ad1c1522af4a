//! An object against the rules of its schema (`x-kubernetes-validations`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::{Cel, Program};
use crate::schema::{Kind, ListType, Schema};
use crate::status::{FieldError, FieldErrorKind};

/// Expressions that were read before. Reading one always gives the same.
static KNOWN: Mutex<BTreeMap<String, Option<Arc<Program>>>> = Mutex::new(BTreeMap::new());
/// How many of them are kept.
const KEPT: usize = 4096;

fn program(text: &str) -> Option<Arc<Program>> {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= KEPT {
        known.clear();
    }
    let read = || Program::compile(text).ok().map(Arc::new);
    known.entry(text.to_owned()).or_insert_with(read).clone()
}

/// Judges an object, which its schema accepts otherwise. On an update what has not changed is
/// forgiven, and rules about the change are judged as well.
#[must_use]
pub fn judge(schema: &Schema, new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if schema.has_validations() {
        walk(schema, new, old, "", &mut errors);
    }
    errors
}

fn walk(
    schema: &Schema,
    new: &Value,
    old: Option<&Value>,
    path: &str,
    errors: &mut Vec<FieldError>,
) {
    if new.is_null() || !schema.has_validations() {
        return;
    }
    let unchanged = old == Some(new);
    for rule in schema.validations() {
        errors.extend(broken(schema, rule, new, old, path).filter(|_| !unchanged));
    }
    match new {
        Value::Object(map) => {
            for (key, value) in map {
                let Some(below) = schema.field(key) else { continue };
                let listed = schema.property(key).is_some();
                let at = match (path, listed) {
                    ("", _) => key.clone(),
                    (path, true) => format!("{path}.{key}"),
                    (path, false) => format!("{path}[{key}]"),
                };
                walk(below, value, old.and_then(|old| old.get(key)), &at, errors);
            }
        }
        Value::Array(items) => {
            let Some(below) = schema.items() else { return };
            for (at, item) in items.iter().enumerate() {
                let before = before(schema, item, old);
                walk(below, item, before, &format!("{path}[{at}]"), errors);
            }
        }
        _ => {}
    }
}

/// The element of the old list that is the same as `item`; only lists with keys tell.
fn before<'o>(schema: &Schema, item: &Value, old: Option<&'o Value>) -> Option<&'o Value> {
    let ListType::Map(keys) = schema.list_type() else {
        return None;
    };
    let same = |other: &&Value| keys.iter().all(|key| other.get(key) == item.get(key));
    old?.as_array()?.iter().find(same)
}

/// What a rule says against a value.
fn broken(
    schema: &Schema,
    rule: &Value,
    new: &Value,
    old: Option<&Value>,
    path: &str,
) -> Option<FieldError> {
    let text = |field: &str| rule[field].as_str().filter(|text| !text.is_empty());
    let expression = text("rule")?;
    let program = program(expression)?;
    let mut variables = BTreeMap::from([("self", Cel::from(new))]);
    if program.mentions("oldSelf") {
        variables.insert("oldSelf", Cel::from(old?));
    }
    let why = match program.eval(&variables) {
        Ok(Cel::Bool(true)) => return None,
        Ok(_) => message(rule, expression, &variables),
        Err(why) => format!("rule evaluation error: {why}"),
    };
    let field = match (path, text("fieldPath")) {
        (path, None) => path.to_owned(),
        ("", Some(below)) => below.trim_start_matches('.').to_owned(),
        (path, Some(below)) => format!("{path}{below}"),
    };
    let mut error = FieldError::invalid(field, type_name(schema), &why);
    match text("reason") {
        Some("FieldValueForbidden") => error = FieldError::forbidden(error.field, why),
        Some("FieldValueRequired") => error = FieldError::required(error.field, why),
        Some("FieldValueDuplicate") => error.kind = FieldErrorKind::Duplicate,
        _ => {}
    }
    Some(error)
}

/// The computed message, or the fixed one, or the rule itself.
fn message(rule: &Value, expression: &str, variables: &BTreeMap<&str, Cel>) -> String {
    let computed = rule["messageExpression"].as_str().and_then(program);
    let computed = computed.and_then(|program| program.eval(variables).ok());
    if let Some(Cel::String(text)) = computed
        && !text.trim().is_empty()
        && !text.contains('\n')
    {
        return text.trim().to_owned();
    }
    match rule["message"].as_str().filter(|text| !text.is_empty()) {
        Some(text) => text.to_owned(),
        None => format!("failed rule: {expression}"),
    }
}

/// How a refusal names the value.
fn type_name(schema: &Schema) -> &'static str {
    match schema.kind() {
        Kind::Object => "object",
        Kind::Array => "array",
        Kind::String => "string",
        Kind::Integer => "integer",
        Kind::Number => "number",
        Kind::Boolean => "boolean",
        Kind::IntOrString | Kind::Any => "",
    }
}
