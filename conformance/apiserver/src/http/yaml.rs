//! YAML as `sigs.k8s.io/yaml` reads and writes it: version 1.1, of which only what JSON knows is
//! kept.
//!
//! A plain `y`, `yes` or `on` is true, also as a key, where it becomes the text `true`; `010` is
//! eight, `1e3` the integer 1000, and a time stays a text. Only the first document counts.

mod order;
mod resolve;
#[cfg(test)]
mod tests;
mod write;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, StrInput, Tag};

use self::resolve::{Plain, resolve};
use crate::schema::integral;
use crate::status::quote;

pub use self::write::write;

/// How many values aliases may stand for.
const ALIASED: usize = 100_000;

/// Reads the first document; an empty one is null.
///
/// # Errors
/// What is wrong, as `yaml: line 2: ...`.
pub fn read(body: &[u8]) -> Result<Value, String> {
    let text = text(body)?;
    let json = text.trim_start().starts_with(['{', '[']).then(|| serde_json::from_str(text));
    let mut value = match json {
        Some(Ok(value)) => value,
        _ => Reader::new(text).document()?.0,
    };
    integral(&mut value);
    Ok(value)
}

/// Reads the first document, in which no field may stand twice.
///
/// # Errors
/// What is wrong, as `error converting YAML to JSON: yaml: line 2: ...`.
pub fn read_strict(body: &[u8]) -> Result<Value, String> {
    let within = |why: String| format!("error converting YAML to JSON: {why}");
    let value = read(body).map_err(within)?;
    repeated(body).map_or(Ok(value), |why| Err(within(why)))
}

/// What there is to say about fields that stand twice in a body that can be read.
#[must_use]
pub fn repeated(body: &[u8]) -> Option<String> {
    let (_, repeated) = Reader::new(text(body).ok()?).document().ok()?;
    if repeated.is_empty() {
        return None;
    }
    Some(format!("yaml: unmarshal errors:\n  {}", repeated.join("\n  ")))
}

fn text(body: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(body).map_err(|_| "yaml: invalid leading UTF-8 octet".to_owned())
}

/// Makes values of the events of the parser.
struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// Line of the last event.
    line: usize,
    anchors: BTreeMap<usize, Value>,
    aliased: usize,
    repeated: Vec<String>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            parser: Parser::new_from_str(text),
            line: 0,
            anchors: BTreeMap::new(),
            aliased: 0,
            repeated: Vec::new(),
        }
    }

    /// The first document, and what stands twice in it.
    fn document(mut self) -> Result<(Value, Vec<String>), String> {
        loop {
            match self.next()? {
                Event::StreamStart | Event::DocumentStart(..) => {}
                Event::StreamEnd | Event::DocumentEnd => return Ok((Value::Null, Vec::new())),
                first => {
                    let value = self.node(first)?;
                    // what comes after the node may be wrong as well
                    self.next()?;
                    return Ok((value, self.repeated));
                }
            }
        }
    }

    /// The next event that is no comment.
    fn next(&mut self) -> Result<Event<'a>, String> {
        loop {
            match self.parser.next_event() {
                None => return Ok(Event::StreamEnd),
                Some(Err(error)) => {
                    return Err(format!("yaml: line {}: {}", error.marker().line(), error.info()));
                }
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok((event, span))) => {
                    self.line = span.start.line();
                    return Ok(event);
                }
            }
        }
    }

    fn node(&mut self, first: Event<'a>) -> Result<Value, String> {
        let (value, anchor) = match first {
            Event::Alias(anchor) => return self.alias(anchor),
            Event::Scalar(text, style, anchor, tag) => {
                (scalar(text, style, tag.as_deref())?, anchor)
            }
            Event::SequenceStart(_, anchor, _) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd => break,
                        item => items.push(self.node(item)?),
                    }
                }
                (Value::Array(items), anchor)
            }
            Event::MappingStart(_, anchor, _) => (Value::Object(self.mapping()?), anchor),
            _ => return Err(format!("yaml: line {}: did not find expected node", self.line)),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn alias(&mut self, anchor: usize) -> Result<Value, String> {
        let Some(value) = self.anchors.get(&anchor) else {
            return Err(format!("yaml: line {}: anchor value contains itself", self.line));
        };
        self.aliased += size(value);
        if self.aliased > ALIASED {
            return Err("yaml: document contains excessive aliasing".to_owned());
        }
        Ok(value.clone())
    }

    /// The rest of a mapping.
    fn mapping(&mut self) -> Result<Map<String, Value>, String> {
        let mut map = Map::new();
        loop {
            let event = self.next()?;
            let merges = match &event {
                Event::MappingEnd => return Ok(map),
                Event::Scalar(text, ScalarStyle::Plain, _, None) => text == "<<",
                _ => false,
            };
            let mut key = self.node(event)?;
            integral(&mut key);
            let event = self.next()?;
            let line = self.line;
            let value = self.node(event)?;
            if merges {
                merge(&mut map, value)?;
                continue;
            }
            let (key, shown) = match key {
                Value::String(text) => {
                    let shown = quote(&text);
                    (text, shown)
                }
                Value::Bool(_) | Value::Number(_) => (key.to_string(), key.to_string()),
                Value::Null | Value::Array(_) | Value::Object(_) => {
                    return Err(format!("unsupported map key: {key}"));
                }
            };
            if map.insert(key, value).is_some() {
                self.repeated.push(format!("line {line}: key {shown} already set in map"));
            }
        }
    }
}

/// Takes the fields of a mapping, or of a list of them where the first counts most.
fn merge(map: &mut Map<String, Value>, value: Value) -> Result<(), String> {
    let sources = match value {
        Value::Array(items) => items.into_iter().rev().collect(),
        other => vec![other],
    };
    for source in sources {
        let Value::Object(fields) = source else {
            return Err("yaml: map merge requires map or sequence of maps as the value".to_owned());
        };
        map.extend(fields);
    }
    Ok(())
}

/// How many values there are in a value.
fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    let wanted = match tag {
        None if style == ScalarStyle::Plain => "",
        None => "str",
        Some(tag) => tag.core_suffix().unwrap_or("str"),
    };
    if wanted == "str" {
        return Ok(Value::String(text.into_owned()));
    }
    let found = resolve(&text);
    let (name, value) = match found {
        Plain::Text | Plain::Time => ("str", Value::String(text.clone().into_owned())),
        Plain::Null => ("null", Value::Null),
        Plain::Bool(truth) => ("bool", Value::from(truth)),
        Plain::Int(number) if wanted == "float" => ("float", float_of(number)),
        Plain::Int(number) => ("int", number),
        Plain::Float(number) if number.is_finite() => ("float", Value::from(number)),
        Plain::Float(_) => return Err(format!("json: unsupported value: {text}")),
    };
    if wanted.is_empty() || wanted == name {
        return Ok(value);
    }
    Err(format!("yaml: cannot decode !!{name} `{text}` as a !!{wanted}"))
}

fn float_of(number: Value) -> Value {
    number.as_f64().map_or(number, Value::from)
}
