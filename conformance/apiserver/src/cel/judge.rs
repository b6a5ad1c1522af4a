//! An object against the rules of its schema (`x-kubernetes-validations`).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::{Cel, CompileError, Program};
use crate::schema::{Kind, ListType, Schema};
use crate::status::FieldError;

type Compiled = Arc<Result<Program, CompileError>>;
type Variables = BTreeMap<&'static str, Cel>;

/// Expressions that were read before. Reading one always gives the same.
static KNOWN: Mutex<BTreeMap<String, Compiled>> = Mutex::new(BTreeMap::new());
/// How many of them are kept.
const KEPT: usize = 4096;
/// Longest message that an expression may give, in bytes.
const LONGEST_MESSAGE: usize = 5 * 1024;

fn program(text: &str) -> Compiled {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(compiled) = known.get(text) {
        return Arc::clone(compiled);
    }
    if known.len() >= KEPT {
        known.clear();
    }
    let compiled = Arc::new(Program::compile(text));
    known.insert(text.to_owned(), Arc::clone(&compiled));
    compiled
}

/// Judges an object, which its schema accepts otherwise. On an update what has not changed is
/// forgiven, and rules about the change are judged as well.
#[must_use]
pub fn judge(schema: &Schema, new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if schema.has_validations() {
        let past = Past { old, same: old, around: None };
        walk(schema, schema, "", new, past, &mut errors);
    }
    errors
}

/// What was at a place before.
#[derive(Clone, Copy)]
struct Past<'a> {
    /// The value that rules about the change are judged with.
    old: Option<&'a Value>,
    /// The value that the new one is compared with, where it can be told which that is.
    same: Option<&'a Value>,
    /// The nearest values around, old and new, of which it could be told.
    around: Option<(&'a Value, &'a Value)>,
}

impl<'a> Past<'a> {
    /// What was in the field `key` of the map `new`.
    fn field(self, key: &str, new: &'a Value) -> Self {
        let old = self.old.and_then(|old| old.get(key));
        match self.same {
            None => Self { old, ..self },
            // both objects have been brought to the same version: nothing to compare
            Some(_) if self.around.is_none() && matches!(key, "apiVersion" | "kind") => {
                Self { old, same: None, around: None }
            }
            Some(same) => Self { old, same: same.get(key), around: Some((same, new)) },
        }
    }

    /// What the element `item` of the list `new` was.
    fn element(self, list: &Schema, item: &Value, new: &'a Value) -> Self {
        let old = before(list, item, self.old);
        match self.same {
            None => Self { old, ..self },
            Some(same) => {
                Self { old, same: before(list, item, Some(same)), around: Some((same, new)) }
            }
        }
    }

    /// Whether a value that was there before is forgiven.
    fn forgives(self, new: &Value) -> bool {
        match self.same {
            Some(same) => same == new,
            None => self.around.is_some_and(|(old, new)| old == new),
        }
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

/// Judges the value at `path`. The rules may stand in an `allOf`; `shape` is the schema proper.
fn walk<'a>(
    rules: &Schema,
    shape: &Schema,
    path: &str,
    new: &'a Value,
    past: Past<'a>,
    errors: &mut Vec<FieldError>,
) {
    if new.is_null() {
        return;
    }
    if !rules.validations().is_empty() {
        let here = Here::new(shape, path, new, past);
        errors.extend(rules.validations().iter().filter_map(|rule| here.judge(rule)));
    }
    for part in &rules.node().all_of {
        walk(part, shape, path, new, Past { same: None, ..past }, errors);
    }
    match new {
        Value::Object(map) => {
            for (key, value) in map {
                let past = past.field(key, new);
                if let (Some(rules), Some(shape)) = (rules.property(key), shape.property(key)) {
                    let dot = if path.is_empty() { "" } else { "." };
                    walk(rules, shape, &format!("{path}{dot}{key}"), value, past, errors);
                } else if let (None, Some(rules), Some(shape)) =
                    (shape.property(key), rules.additional(), shape.additional())
                {
                    walk(rules, shape, &format!("{path}[{key}]"), value, past, errors);
                }
            }
        }
        Value::Array(items) => {
            let (Some(rules), Some(below)) = (rules.items(), shape.items()) else { return };
            for (at, item) in items.iter().enumerate() {
                let past = past.element(shape, item, new);
                walk(rules, below, &format!("{path}[{at}]"), item, past, errors);
            }
        }
        _ => {}
    }
}

/// A value that rules are about.
struct Here<'a> {
    shape: &'a Schema,
    path: &'a str,
    new: &'a Value,
    past: Past<'a>,
    variables: Variables,
}

impl<'a> Here<'a> {
    fn new(shape: &'a Schema, path: &'a str, new: &'a Value, mut past: Past<'a>) -> Self {
        past.old = past.old.filter(|old| !old.is_null());
        let mut variables = BTreeMap::from([("self", typed(new, shape))]);
        if let Some(old) = past.old {
            variables.insert("oldSelf", typed(old, shape));
        }
        Self { shape, path, new, past, variables }
    }

    /// What a rule says against the value.
    fn judge(&self, rule: &Value) -> Option<FieldError> {
        let expression = text(rule, "rule")?;
        let invalid = |why: String| Some(FieldError::invalid(self.field(""), self.kind(), why));
        let compiled = program(expression);
        let program = match &*compiled {
            Ok(program) => program,
            Err(error) => {
                return invalid(format!("rule compile error: compilation failed: {error}"));
            }
        };
        let changes = program.mentions("oldSelf");
        let optional = rule["optionalOldSelf"] == true;
        if changes && !optional && self.past.old.is_none() {
            return None;
        }
        match program.eval(&self.known(optional)) {
            Ok(Cel::Bool(true)) => None,
            Ok(_) if !changes && self.past.forgives(self.new) => None,
            Ok(_) => Some(self.broken(rule)),
            Err(why) if why.starts_with("no such overload") => invalid(format!(
                "'{why}': call arguments did not match a supported operator, function or macro \
                 signature for rule: {}",
                title(rule)
            )),
            Err(why) => invalid(format!("{why} evaluating rule: {}", title(rule))),
        }
    }

    fn known(&self, optional: bool) -> Cow<'_, Variables> {
        if !optional {
            return Cow::Borrowed(&self.variables);
        }
        let mut variables = self.variables.clone();
        let old = variables.remove("oldSelf").map(Box::new);
        variables.insert("oldSelf", Cel::Optional(old));
        Cow::Owned(variables)
    }

    /// The error for a rule that does not hold.
    fn broken(&self, rule: &Value) -> FieldError {
        let field = self.field(text(rule, "fieldPath").unwrap_or_default());
        let why = self.message(rule);
        match text(rule, "reason") {
            Some("FieldValueForbidden") => FieldError::forbidden(field, why),
            Some("FieldValueRequired") => FieldError::required(field, why),
            Some("FieldValueDuplicate") => FieldError::duplicate(field, &json!(self.kind())),
            _ => FieldError::invalid(field, self.kind(), why),
        }
    }

    /// The computed message, or the fixed one, or the rule itself.
    fn message(&self, rule: &Value) -> String {
        let computed = text(rule, "messageExpression").and_then(|expression| {
            let compiled = program(expression);
            let Ok(program) = &*compiled else { return None };
            match program.eval(&self.variables) {
                Ok(Cel::String(text)) => Some(text.trim().to_owned()),
                _ => None,
            }
        });
        let fits = |text: &String| {
            !text.is_empty() && text.len() <= LONGEST_MESSAGE && !text.contains('\n')
        };
        let fixed = || match text(rule, "message") {
            Some(message) => message.trim().to_owned(),
            None => format!("failed rule: {}", title(rule)),
        };
        computed.filter(fits).unwrap_or_else(fixed)
    }

    /// The path of the value, or of what is `below` it.
    fn field(&self, below: &str) -> String {
        match (self.path, normal(below, self.shape)) {
            ("", below) if below.is_empty() => "<nil>".to_owned(),
            ("", below) => below,
            (path, below) if below.is_empty() => path.to_owned(),
            (path, below) => format!("{path}.{below}"),
        }
    }

    /// How a refusal names the value.
    fn kind(&self) -> &'static str {
        match self.shape.kind() {
            Kind::Object => "object",
            Kind::Array => "array",
            Kind::String => "string",
            Kind::Integer => "integer",
            Kind::Number => "number",
            Kind::Boolean => "boolean",
            Kind::IntOrString | Kind::Any => "",
        }
    }
}

fn text<'r>(rule: &'r Value, field: &str) -> Option<&'r str> {
    rule[field].as_str().filter(|text| !text.is_empty())
}

/// The rule in a text: its message, or what it says.
fn title(rule: &Value) -> &str {
    text(rule, "message").or(text(rule, "rule")).unwrap_or_default().trim()
}

/// A `fieldPath` as it is shown: `.a['b']` is `a.b`, or `a[b]` if the keys of `a` are free.
fn normal(path: &str, schema: &Schema) -> String {
    let mut shown = String::new();
    let mut here = Some(schema);
    let mut rest = path;
    while !rest.is_empty() {
        let (name, after) = match rest.strip_prefix("['") {
            Some(quoted) => quoted.split_once("']").unwrap_or((quoted, "")),
            None => {
                let plain = rest.strip_prefix('.').unwrap_or(rest);
                plain.split_at(plain.find(['.', '[']).unwrap_or(plain.len()))
            }
        };
        if name.is_empty() {
            break;
        }
        if here.is_some_and(|here| here.additional().is_some()) {
            shown.push_str(&format!("[{name}]"));
        } else {
            shown.push_str(if shown.is_empty() { "" } else { "." });
            shown.push_str(name);
        }
        here = here.and_then(|here| here.field(name));
        rest = after;
    }
    shown
}

/// The value as rules see it: what the schema calls a number is one, whole or not.
fn typed(value: &Value, schema: &Schema) -> Cel {
    match (value, schema.kind()) {
        (Value::Number(number), Kind::Number) => Cel::Double(number.as_f64().unwrap_or_default()),
        (Value::Array(items), _) => {
            let below = schema.items();
            let element =
                |item: &Value| below.map_or_else(|| Cel::from(item), |below| typed(item, below));
            Cel::List(items.iter().map(element).collect())
        }
        (Value::Object(map), _) => {
            let field = |key: &str, value: &Value| {
                schema.field(key).map_or_else(|| Cel::from(value), |below| typed(value, below))
            };
            Cel::Map(map.iter().map(|(key, value)| (key.clone(), field(key, value))).collect())
        }
        (value, _) => Cel::from(value),
    }
}
