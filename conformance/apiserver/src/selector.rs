//! Label and field selectors, as query parameters and as what a watch filters by.

mod labels;
#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::status::Status;
pub use labels::Labels;

/// One requirement on a field.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    path: String,
    value: String,
    equal: bool,
}

/// A field selector: all its requirements hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<Field>);

impl Fields {
    /// Reads `a=b,c!=d`; `\` escapes a comma, an equals sign and itself.
    ///
    /// # Errors
    /// 400 when a term has no operator or an escape is wrong.
    pub fn parse(text: &str) -> Result<Self, Status> {
        let mut fields = Vec::new();
        for term in terms(text) {
            if term.is_empty() {
                continue;
            }
            let Some((path, equal, value)) = split(term) else {
                return Err(Status::bad_request(format!(
                    "invalid selector: '{text}'; can't understand '{term}'"
                )));
            };
            let value = unescape(value).ok_or_else(|| {
                Status::bad_request(format!("invalid field selector: invalid escape in {value}"))
            })?;
            fields.push(Field { path: path.to_owned(), value, equal });
        }
        Ok(Self(fields))
    }

    /// Whether everything matches.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Refuses fields that the kind does not select by. `metadata.name` and `metadata.namespace`
    /// need no mention; a leading dot of a selectable field is ignored.
    ///
    /// # Errors
    /// 400 for the first field not known.
    pub fn check(&self, selectable: &[&str]) -> Result<(), Status> {
        let known = |path: &str| {
            matches!(path, "metadata.name" | "metadata.namespace")
                || selectable.iter().any(|known| known.trim_start_matches('.') == path)
        };
        match self.0.iter().find(|field| !known(&field.path)) {
            Some(field) => {
                Err(Status::bad_request(format!("field label not supported: {}", field.path)))
            }
            None => Ok(()),
        }
    }

    /// Whether all requirements hold; a field that is absent is empty.
    pub fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|field| (read(object, &field.path) == field.value) == field.equal)
    }

    /// The name that alone can match, when there is one.
    pub fn name(&self) -> Option<&str> {
        self.0
            .iter()
            .find(|field| field.equal && field.path == "metadata.name")
            .map(|field| field.value.as_str())
    }
}

/// The value of a selectable field as text.
fn read(object: &Value, path: &str) -> String {
    let mut at = object;
    for step in path.split('.') {
        at = &at[step];
    }
    match at {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => at.to_string(),
        // The one selectable name that is not its own path: `source` of an Event.
        Value::Object(fields) if path == "source" => match fields.get("component") {
            Some(Value::String(component)) if !component.is_empty() => component.clone(),
            _ => read(object, "reportingComponent"),
        },
        _ if path == "source" => read(object, "reportingComponent"),
        _ => String::new(),
    }
}

/// The terms between commas that are not escaped.
fn terms(text: &str) -> Vec<&str> {
    let (mut terms, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                terms.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    terms.push(&text[start..]);
    terms
}

/// Path, whether it must be equal, value: at the first operator.
fn split(term: &str) -> Option<(&str, bool, &str)> {
    for (at, _) in term.char_indices() {
        let rest = &term[at..];
        for (operator, equal) in [("!=", false), ("==", true), ("=", true)] {
            if let Some(value) = rest.strip_prefix(operator) {
                return Some((&term[..at], equal, value));
            }
        }
    }
    None
}

fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next()? {
                escaped @ ('\\' | ',' | '=') => plain.push(escaped),
                _ => return None,
            },
            ',' | '=' => return None,
            _ => plain.push(letter),
        }
    }
    Some(plain)
}

/// Both selectors of a request.
#[derive(Clone, Debug, Default)]
pub struct Selectors {
    /// By label.
    pub labels: Labels,
    /// By field.
    pub fields: Fields,
}

impl Selectors {
    /// Whether everything matches.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether both match.
    pub fn matches(&self, object: &Value) -> bool {
        self.labels.matches_object(object) && self.fields.matches(object)
    }
}
