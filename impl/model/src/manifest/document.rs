//! The documents of a file.

use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;
use serde_saphyr::{Error as YamlError, NonFiniteFloatPolicy, Options};

use super::{ManifestError, Place};

/// A document of a file: one YAML document, or all the JSON of a file of JSON.
pub(super) struct Document<'a> {
    pub(super) place: Place,
    text: &'a str,
}

/// The documents of a file. A file that begins with `{` or `[` is JSON, if it can be read so.
pub(super) fn split<'a>(file: &str, bytes: &'a [u8]) -> Result<Vec<Document<'a>>, ManifestError> {
    if is_utf_16(bytes) {
        return Err(ManifestError::Utf16 { file: file.to_owned() });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| ManifestError::NotText {
        file: file.to_owned(),
        offset: error.valid_up_to(),
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let file = Arc::from(file);
    match is_json(text) {
        true => Ok(json_documents(&file, text)),
        false => Ok(yaml_documents(&file, text)),
    }
}

/// Whether the file begins with the byte order mark of UTF-16, or with a letter of ASCII in it.
fn is_utf_16(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 1..=0x7f, ..] | [1..=0x7f, 0, ..])
}

fn is_json(text: &str) -> bool {
    begins_like_json(text) && !text.lines().any(is_marker)
}

fn begins_like_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// JSON values may follow each other: each is a document.
fn json_documents<'a>(file: &Arc<str>, text: &'a str) -> Vec<Document<'a>> {
    let mut documents = Vec::new();
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    let mut start = 0;
    let mut line = 1;
    loop {
        let rest = &text[start..];
        let blank = rest.len() - rest.trim_start().len();
        line += lines_in(&rest[..blank]);
        start += blank;
        if start == text.len() {
            return documents;
        }
        let end = match stream.next() {
            Some(Ok(_)) => stream.byte_offset(),
            // Whoever parses this again meets the same error, and can say where.
            Some(Err(_)) | None => text.len(),
        };
        documents.push(document(file, documents.len() + 1, line, &text[start..end]));
        line += lines_in(&text[start..end]);
        start = end;
    }
}

/// YAML documents begin at a line `---`. What stands before the first is a document unless it is
/// only comments and directives.
fn yaml_documents<'a>(file: &Arc<str>, text: &'a str) -> Vec<Document<'a>> {
    let mut documents = Vec::new();
    let mut start = 0;
    let mut start_line = 1;
    let mut at = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if is_marker(line) && !(documents.is_empty() && is_prologue(&text[start..at])) {
            documents.push(document(file, documents.len() + 1, start_line, &text[start..at]));
            start = at;
            start_line = number + 1;
        }
        at += line.len();
    }
    documents.push(document(file, documents.len() + 1, start_line, &text[start..]));
    documents
}

fn document<'a>(file: &Arc<str>, number: usize, line: usize, text: &'a str) -> Document<'a> {
    let place = Place { file: Arc::clone(file), document: number, line, items: Vec::new() };
    Document { place, text }
}

fn is_marker(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(|rest| rest.trim_start() != rest || rest.is_empty())
}

fn is_prologue(text: &str) -> bool {
    text.lines().all(|line| {
        let line = line.trim_start();
        line.is_empty() || line.starts_with('#') || line.starts_with('%')
    })
}

fn lines_in(text: &str) -> usize {
    text.matches('\n').count()
}

impl Document<'_> {
    /// The values of the document: none if it is empty.
    pub(super) fn values(&self) -> Result<Vec<Value>, ManifestError> {
        if is_prologue(self.text) {
            return Ok(Vec::new());
        }
        let json = match begins_like_json(self.text) {
            true => serde_json::from_str(self.text),
            false => return self.yaml(),
        };
        match json {
            Ok(value) => Ok(vec![value]),
            // YAML's flow style begins like JSON. If it is neither, the user meant JSON.
            Err(error) => self.yaml().map_err(|_| self.json_error(&error)),
        }
    }

    fn yaml(&self) -> Result<Vec<Value>, ManifestError> {
        serde_saphyr::from_multiple_with_options(self.text, options())
            .map_err(|error| self.yaml_error(&error))
    }

    fn json_error(&self, error: &serde_json::Error) -> ManifestError {
        let text = error.to_string();
        let what = text.split(" at line ").next().unwrap_or_default();
        let line = self.place.line + error.line().saturating_sub(1);
        self.syntax(format!("not JSON: {what}, line {line} column {}", error.column()))
    }

    fn yaml_error(&self, error: &YamlError) -> ManifestError {
        // The parser counts lines from the beginning of the document: parse it where it stands.
        let padded = format!("{}{}", "\n".repeat(self.place.line - 1), self.text);
        let again = serde_saphyr::from_multiple_with_options::<Value>(&padded, options());
        let message = match again {
            Err(placed) => placed.to_string(),
            Ok(_) => error.to_string(),
        };
        self.syntax(format!("not YAML: {}", without_keys(&message)))
    }

    fn syntax(&self, message: String) -> ManifestError {
        ManifestError::Syntax { place: self.place.clone(), message }
    }
}

/// The parser quotes a key that is there twice, and in a Secret that is cut or badly indented a key
/// may be a value: only the place is told.
fn without_keys(message: &str) -> String {
    match message.split_once("duplicate mapping key") {
        Some((_, rest)) => {
            let place = rest.rfind(" at line ").map_or("", |at| &rest[at..]);
            format!("a mapping key is there twice{place}")
        }
        None => message.to_owned(),
    }
}

/// As kubectl reads YAML, but for `yes` and `no`, which stay what they look like. The limits are
/// those of depth only: a dump of a large management cluster has millions of nodes.
fn options() -> Options {
    serde_saphyr::options! {
        strict_booleans: true,
        legacy_octal_numbers: true,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_depth: 128,
            max_events: usize::MAX,
            max_nodes: usize::MAX,
            max_total_scalar_bytes: usize::MAX,
        },
    }
}
