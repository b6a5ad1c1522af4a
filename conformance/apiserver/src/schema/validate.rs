//! Judging a value by its schema, in the order in which the API server lists its errors.

use serde_json::{Map, Value};

use super::checks::Place;
use super::{Kind, Node, Schema, embedded, format, lists, ratchet};
use crate::status::{FieldError, FieldErrorKind, quote};

/// Judges a whole object on create.
#[must_use]
pub fn validate(value: &Value, schema: &Schema) -> Vec<FieldError> {
    let mut errors = Walk::default().judge(schema, "", value, None).errors;
    embedded::validate(value, schema, "", &mut errors);
    lists::validate(value, schema, "", &mut errors);
    errors
}

/// The error that stands for the rules in CEL that were not looked at, where the schema has
/// some and one of `errors` forbids to look.
#[must_use]
pub fn rules_unchecked(schema: &Schema, errors: &[FieldError]) -> Option<FieldError> {
    let blocks = |error: &FieldError| {
        matches!(
            error.kind,
            FieldErrorKind::Required
                | FieldErrorKind::NotSupported
                | FieldErrorKind::TooLong
                | FieldErrorKind::TooMany
                | FieldErrorKind::TypeInvalid
        )
    };
    let blocked = schema.has_validations() && errors.iter().any(blocks);
    blocked.then(|| {
        let detail = "some validation rules were not checked because the object was invalid; \
                      correct the existing errors to complete validation";
        FieldError::invalid_value("<nil>", &Value::Null, detail)
    })
}

/// A walk over a value. `prefix` stands before the fields of the errors, not in their texts.
#[derive(Default)]
pub(super) struct Walk {
    pub(super) prefix: &'static str,
}

/// What a walk found, and how many checks went well (to choose among alternatives).
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) errors: Vec<FieldError>,
    matches: usize,
}

impl Outcome {
    fn merge(&mut self, other: Self) {
        self.errors.extend(other.errors);
        self.matches += other.matches;
    }
}

impl Walk {
    /// Judges a value; what is equal to `old` (where it can be told which that is) is forgiven.
    pub(super) fn judge(
        &self,
        schema: &Schema,
        path: &str,
        value: &Value,
        old: Option<&Value>,
    ) -> Outcome {
        let mut outcome = self.alone(schema, path, value, old);
        if !outcome.errors.is_empty() && old == Some(value) {
            outcome.errors.clear();
        }
        outcome
    }

    fn alone(&self, schema: &Schema, path: &str, value: &Value, old: Option<&Value>) -> Outcome {
        let node = schema.node();
        let at = self.place(path);
        let mut outcome = Outcome::default();
        match wrong_type(node, value, &at) {
            Some(error) => outcome.errors.push(error),
            None => outcome.matches += 1,
        }
        if value.is_null() {
            outcome.errors.extend(node.rules.allowed(value, &at));
            return outcome;
        }
        self.composites(node, path, value, old, &mut outcome);
        match value {
            Value::String(text) => {
                outcome.errors.extend(node.rules.text(text, &at));
                outcome.errors.extend(wrong_format(node, text, &at));
            }
            Value::Number(_) => node.rules.number(value, &at, &mut outcome.errors),
            Value::Array(items) => {
                self.items(node, path, items, old, &mut outcome);
                node.rules.list(items, &at, &mut outcome.errors);
            }
            _ => {}
        }
        outcome.errors.extend(node.rules.allowed(value, &at));
        if let Value::Object(map) = value {
            node.rules.map(map.len(), &at, &mut outcome.errors);
            self.fields(node, path, map, old, &mut outcome);
        }
        outcome
    }

    fn items(
        &self,
        node: &Node,
        path: &str,
        items: &[Value],
        old: Option<&Value>,
        outcome: &mut Outcome,
    ) {
        let Some(below) = &node.items else {
            return;
        };
        for (i, item) in items.iter().enumerate() {
            let before = ratchet::entry_before(&node.list_type, item, old);
            let at = format!("{path}[{i}]");
            outcome.merge(self.judge(below, &at, item, before));
        }
    }

    fn fields(
        &self,
        node: &Node,
        path: &str,
        map: &Map<String, Value>,
        old: Option<&Value>,
        outcome: &mut Outcome,
    ) {
        let root = path.is_empty() && self.prefix.is_empty();
        let before = |key: &str| match key {
            // both objects have been brought to the same version: nothing to compare
            "kind" | "apiVersion" if root => None,
            _ => old.and_then(|old| old.get(key)),
        };
        if let Some(below) = &node.additional {
            for (key, value) in map {
                if !node.properties.contains_key(key) {
                    let at = format!("{path}.{key}");
                    outcome.merge(self.judge(below, &at, value, before(key)));
                }
            }
        }
        for (name, below) in &node.properties {
            if let Some(value) = map.get(name) {
                let at = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                outcome.merge(self.judge(below, &at, value, before(name)));
            }
        }
        for name in &node.rules.required {
            if !map.contains_key(name) {
                let field = self.field(&format!("{path}.{name}"));
                outcome.errors.push(FieldError::required(field, ""));
            }
        }
    }

    fn composites(
        &self,
        node: &Node,
        path: &str,
        value: &Value,
        old: Option<&Value>,
        outcome: &mut Outcome,
    ) {
        if !node.any_of.is_empty() {
            self.any_of(node, path, value, old, outcome);
        }
        if !node.one_of.is_empty() {
            self.one_of(node, path, value, old, outcome);
        }
        let mut good = 0;
        for schema in &node.all_of {
            let found = self.alone(schema, path, value, old);
            good += usize::from(found.errors.is_empty());
            outcome.merge(found);
        }
        if good < node.all_of.len() {
            let none = if good == 0 { ". None validated" } else { "" };
            let text = format!("must validate all the schemas (allOf){none}");
            outcome.errors.push(self.composite(path, &text));
        }
        if let Some(not) = &node.not
            && self.alone(not, path, value, old).errors.is_empty()
        {
            let text = "must not validate the schema (not)";
            outcome.errors.push(self.composite(path, text));
        }
    }

    fn any_of(
        &self,
        node: &Node,
        path: &str,
        value: &Value,
        old: Option<&Value>,
        outcome: &mut Outcome,
    ) {
        let mut best: Option<Outcome> = None;
        for schema in &node.any_of {
            let found = self.alone(schema, path, value, old);
            if found.errors.is_empty() {
                outcome.merge(found);
                return;
            }
            best = Some(better(best, found));
        }
        let text = "must validate at least one schema (anyOf)";
        outcome.errors.push(self.composite(path, text));
        outcome.merge(best.unwrap_or_default());
    }

    fn one_of(
        &self,
        node: &Node,
        path: &str,
        value: &Value,
        old: Option<&Value>,
        outcome: &mut Outcome,
    ) {
        let mut best: Option<Outcome> = None;
        let mut good = Vec::new();
        for schema in &node.one_of {
            let found = self.alone(schema, path, value, old);
            if found.errors.is_empty() {
                good.push(found);
            } else {
                best = Some(better(best, found));
            }
        }
        let valid = match good.len() {
            1 => {
                good.into_iter().for_each(|found| outcome.merge(found));
                return;
            }
            0 => "Found none valid".to_owned(),
            many => format!("Found {many} valid alternatives"),
        };
        let text = format!("must validate one and only one schema (oneOf). {valid}");
        outcome.errors.push(self.composite(path, &text));
        if good.is_empty() {
            outcome.merge(best.unwrap_or_default());
        }
    }

    fn composite(&self, path: &str, text: &str) -> FieldError {
        FieldError::invalid(self.field(""), "", format!("{} {text}", quote(path)))
    }

    fn place<'a>(&self, path: &'a str) -> Place<'a> {
        Place { path, field: self.field(path) }
    }

    fn field(&self, path: &str) -> String {
        let path = path.strip_prefix('.').unwrap_or(path);
        match (self.prefix, path) {
            ("", "") => "<nil>".to_owned(),
            ("", path) => path.to_owned(),
            (prefix, "") => prefix.to_owned(),
            (prefix, path) => format!("{prefix}.{path}"),
        }
    }
}

/// The outcome with more checks that went well; the earlier one of equals.
fn better(best: Option<Outcome>, found: Outcome) -> Outcome {
    match best {
        Some(best) if best.matches >= found.matches => best,
        _ => found,
    }
}

fn wrong_type(node: &Node, value: &Value, at: &Place<'_>) -> Option<FieldError> {
    let (have, fits) = match (value, node.kind) {
        (Value::Null, kind) => ("null", kind == Kind::Any || node.nullable),
        (_, Kind::Any) => return None,
        (Value::Bool(_), kind) => ("boolean", kind == Kind::Boolean),
        (Value::Number(number), kind) => number_type(number, kind),
        (Value::String(_), kind) => ("string", matches!(kind, Kind::String | Kind::IntOrString)),
        (Value::Array(_), kind) => ("array", kind == Kind::Array),
        (Value::Object(_), kind) => ("object", kind == Kind::Object),
    };
    let numeric = matches!(node.kind, Kind::Integer | Kind::Number | Kind::IntOrString);
    let formatted = !node.rules.format.is_empty();
    if fits || (formatted && !numeric && matches!(value, Value::String(_) | Value::Array(_))) {
        return None;
    }
    // with a format, the type of a value other than text, list or null is told by its format
    let plain = !formatted || matches!(value, Value::Null | Value::String(_) | Value::Array(_));
    let (want, have) =
        if plain { (type_name(node.kind), have) } else { (node.rules.format.as_str(), "") };
    Some(mistyped(at, want, have))
}

fn number_type(number: &serde_json::Number, kind: Kind) -> (&'static str, bool) {
    let whole = number.as_f64().is_some_and(|float| float.fract() == 0.0);
    let fits = match kind {
        Kind::Number => true,
        Kind::Integer | Kind::IntOrString => whole,
        _ => false,
    };
    (if number.is_f64() { "number" } else { "integer" }, fits)
}

fn wrong_format(node: &Node, text: &str, at: &Place<'_>) -> Option<FieldError> {
    let wanted = node.rules.format.as_str();
    if wanted.is_empty() || format::fits(wanted, text) {
        return None;
    }
    Some(mistyped(at, wanted, text))
}

fn mistyped(at: &Place<'_>, want: &str, have: &str) -> FieldError {
    let detail = format!("{} in body must be of type {want}: {}", at.path, quote(have));
    FieldError::type_invalid(at.field.as_str(), have, detail)
}

fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Object => "object",
        Kind::Array => "array",
        Kind::String => "string",
        Kind::Integer => "integer",
        Kind::Number => "number",
        Kind::Boolean => "boolean",
        Kind::IntOrString => "integer,string",
        Kind::Any => "",
    }
}
