//! The rules for single values: numbers, texts, lists and maps by size, enumerations.

use regex::Regex;
use serde_json::Value;

use crate::status::FieldError;
use crate::status::field::float;

/// The rules of one place of a schema, other than its type.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    pub(super) required: Vec<String>,
    pub(super) allowed: Vec<Value>,
    pub(super) minimum: Option<f64>,
    pub(super) maximum: Option<f64>,
    pub(super) exclusive_minimum: bool,
    pub(super) exclusive_maximum: bool,
    pub(super) multiple_of: Option<f64>,
    pub(super) min_length: Option<u64>,
    pub(super) max_length: Option<u64>,
    pub(super) pattern: Option<Pattern>,
    pub(super) min_items: Option<u64>,
    pub(super) max_items: Option<u64>,
    pub(super) unique_items: bool,
    pub(super) min_properties: Option<u64>,
    pub(super) max_properties: Option<u64>,
    pub(super) format: String,
}

/// A pattern for texts; one that does not compile matches nothing.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    text: String,
    regex: Result<Regex, String>,
}

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), regex: Regex::new(text).map_err(|error| error.to_string()) }
    }
}

/// A place in the object: the path of the texts, and the field of the errors.
pub(super) struct Place<'a> {
    pub(super) path: &'a str,
    pub(super) field: String,
}

impl Place<'_> {
    fn say(&self, rest: &str) -> String {
        format!("{} in body {rest}", self.path)
    }

    fn invalid(&self, value: &Value, rest: &str) -> FieldError {
        FieldError::invalid_value(self.field.as_str(), value, self.say(rest))
    }

    fn too_few(&self, have: usize, want: u64, what: &str) -> FieldError {
        let rest = format!("should have at least {want} {what}");
        self.invalid(&Value::from(have), &rest)
    }
}

impl Rules {
    /// A number against its bounds.
    pub(super) fn number(&self, value: &Value, at: &Place<'_>, errors: &mut Vec<FieldError>) {
        let number = value.as_f64().unwrap_or_default();
        if let Some(factor) = self.multiple_of {
            let multiple = number / factor;
            if (multiple - multiple.round()).abs() > 1e-9 {
                let rest = format!("should be a multiple of {}", float(factor));
                errors.push(at.invalid(value, &rest));
            }
        }
        if let Some(min) = self.minimum
            && (number < min || (self.exclusive_minimum && number <= min))
        {
            let or_equal = or_equal(self.exclusive_minimum);
            let rest = format!("should be greater than{or_equal} {}", float(min));
            errors.push(at.invalid(value, &rest));
        }
        if let Some(max) = self.maximum
            && (number > max || (self.exclusive_maximum && number >= max))
        {
            let or_equal = or_equal(self.exclusive_maximum);
            let rest = format!("should be less than{or_equal} {}", float(max));
            errors.push(at.invalid(value, &rest));
        }
    }

    /// A text against its length, then its pattern: the first that fails is told.
    pub(super) fn text(&self, text: &str, at: &Place<'_>) -> Option<FieldError> {
        let length = text.chars().count() as u64;
        let value = Value::from(text);
        if let Some(max) = self.max_length.filter(|&max| length > max) {
            return Some(FieldError::too_long(at.field.as_str(), max));
        }
        if let Some(min) = self.min_length.filter(|&min| length < min) {
            let rest = format!("should be at least {min} chars long");
            return Some(at.invalid(&value, &rest));
        }
        let pattern = self.pattern.as_ref()?;
        let rest = match &pattern.regex {
            Ok(regex) if regex.is_match(text) => return None,
            Ok(_) => format!("should match '{}'", pattern.text),
            Err(why) => format!("should match '{}, but pattern is invalid: {why}'", pattern.text),
        };
        Some(at.invalid(&value, &rest))
    }

    /// A list against its size.
    pub(super) fn list(&self, items: &[Value], at: &Place<'_>, errors: &mut Vec<FieldError>) {
        let size = items.len() as u64;
        if let Some(min) = self.min_items.filter(|&min| size < min) {
            errors.push(at.too_few(items.len(), min, "items"));
        }
        if let Some(max) = self.max_items.filter(|&max| size > max) {
            errors.push(FieldError::too_many(at.field.as_str(), items.len(), max));
        }
        let twice = |(i, item): (usize, &Value)| items[..i].contains(item);
        if self.unique_items && items.iter().enumerate().any(twice) {
            errors.push(at.invalid(&Value::from(""), "shouldn't contain duplicates"));
        }
    }

    /// A map against its size.
    pub(super) fn map(&self, have: usize, at: &Place<'_>, errors: &mut Vec<FieldError>) {
        let size = have as u64;
        if let Some(min) = self.min_properties.filter(|&min| size < min) {
            errors.push(at.too_few(have, min, "properties"));
        }
        if let Some(max) = self.max_properties.filter(|&max| size > max) {
            errors.push(FieldError::too_many(at.field.as_str(), have, max));
        }
    }

    /// A value against the enumeration.
    pub(super) fn allowed(&self, value: &Value, at: &Place<'_>) -> Option<FieldError> {
        if self.allowed.is_empty() || self.allowed.iter().any(|one| same(one, value)) {
            return None;
        }
        let texts: Vec<String> = self
            .allowed
            .iter()
            .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned))
            .collect();
        let texts = texts.iter().map(String::as_str);
        Some(FieldError::not_supported(at.field.as_str(), value, texts))
    }
}

fn same(one: &Value, other: &Value) -> bool {
    one == other || (one.is_number() && one.as_f64() == other.as_f64())
}

fn or_equal(exclusive: bool) -> &'static str {
    if exclusive { "" } else { " or equal to" }
}
