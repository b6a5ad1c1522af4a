//! The columns of custom resources, as their definition has them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::age;
use super::cells::first;
use super::columns::{NAME, OF_CREATION};
use super::jsonpath::Path;
use crate::json::text_at;

/// The columns of a version.
pub(super) struct Columns(Vec<Defined>);

/// A column behind the name.
struct Defined {
    head: Value,
    kind: String,
    path: Path,
}

impl Columns {
    /// The columns of `additionalPrinterColumns`; the age if there are none. A path that cannot
    /// be read ends them.
    pub(super) fn new(definitions: &[Value]) -> Self {
        if definitions.is_empty() {
            let age = json!({
                "name": "Age",
                "type": "date",
                "description": OF_CREATION,
                "jsonPath": ".metadata.creationTimestamp",
            });
            return Self(Defined::read(&age).into_iter().collect());
        }
        Self(definitions.iter().map_while(Defined::read).collect())
    }

    pub(super) fn heads(&self) -> Vec<Value> {
        std::iter::once(NAME.head()).chain(self.0.iter().map(|c| c.head.clone())).collect()
    }

    pub(super) fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let mut cells = vec![text_at(object, "/metadata/name").into()];
        cells.extend(self.0.iter().map(|column| column.cell(object, now)));
        cells
    }
}

impl Defined {
    fn read(definition: &Value) -> Option<Self> {
        let path = text_at(definition, "/jsonPath");
        let origin = format!("Custom resource definition column (in JSONPath format): {path}");
        let kind = text_at(definition, "/type").to_owned();
        let head = json!({
            "name": text_at(definition, "/name"),
            "type": kind,
            "format": text_at(definition, "/format"),
            "description": first(&[text_at(definition, "/description"), &origin]),
            "priority": definition.get("priority").and_then(Value::as_i64).unwrap_or(0),
        });
        Some(Self { head, kind, path: Path::parse(path)? })
    }

    fn cell(&self, object: &Value, now: Timestamp) -> Value {
        let found = self.path.find(object);
        let Some(value) = found.and_then(|values| values.first().copied()) else {
            return Value::Null;
        };
        match self.kind.as_str() {
            "string" => print(value).into(),
            "integer" => integer(value).into(),
            "number" if value.is_number() => {
                let whole = integer(value).filter(|whole| value.as_f64() == to_float(*whole));
                whole.map_or_else(|| value.clone(), Value::from)
            }
            "boolean" if value.is_boolean() => value.clone(),
            "date" => value.as_str().map_or(Value::Null, |moment| {
                age::parse(moment, now).unwrap_or_else(|| "<invalid>".to_owned()).into()
            }),
            _ => Value::Null,
        }
    }
}

fn to_float(whole: i64) -> Option<f64> {
    Value::from(whole).as_f64()
}

/// The whole part of a number.
fn integer(value: &Value) -> Option<i64> {
    let whole = |float: f64| format!("{:.0}", float.trunc()).parse().ok();
    value.as_i64().or_else(|| value.as_f64().and_then(whole))
}

/// A value as Go prints it.
fn print(value: &Value) -> String {
    match value {
        Value::Null => "<no value>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) => value.to_string(),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e21 => {
                format!("{float:.0}")
            }
            _ => number.to_string(),
        },
        Value::Array(_) | Value::Object(_) => {
            let escaped = value.to_string().replace('<', "\\u003c").replace('>', "\\u003e");
            escaped.replace('&', "\\u0026")
        }
    }
}
