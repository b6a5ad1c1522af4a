//! Media types: what a client takes, and what it has sent.
//!
//! [`accept`] chooses the form and the shape of an answer, [`status_form`] the form of a failure,
//! [`write()`] gives the bytes. [`decode`] reads a body by its content type, [`duplicates`] names
//! the fields that stand in it twice.

mod json;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::yaml;
use crate::json::type_name;
use crate::protobuf;
use crate::status::{Status, quote};

/// How Go prints the type that it reads kind and version into.
const TYPE_META: &str = "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind \
                         string \"json:\\\"kind,omitempty\\\"\" }";

/// How an object is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// `application/json`.
    #[default]
    Json,
    /// `application/yaml`.
    Yaml,
    /// `application/vnd.kubernetes.protobuf`.
    Protobuf,
}

/// What is shown of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// All of it.
    #[default]
    Object,
    /// Its metadata.
    Partial,
    /// A row of a table.
    Table,
}

/// What a client takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// How it is written.
    pub form: Form,
    /// What is shown.
    pub shape: Shape,
}

impl Form {
    /// All forms, in the order in which the server offers them.
    const ALL: [Self; 3] = [Self::Json, Self::Yaml, Self::Protobuf];

    /// The media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
            Self::Protobuf => "application/vnd.kubernetes.protobuf",
        }
    }

    /// The form of a content type; none is JSON.
    fn of(content_type: Option<&str>) -> Option<Self> {
        let media_type = bare(content_type.unwrap_or_default());
        if media_type.is_empty() {
            return Some(Self::Json);
        }
        Self::ALL.into_iter().find(|form| media_type.eq_ignore_ascii_case(form.media_type()))
    }
}

/// A media type without its parameters.
fn bare(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// One media range of `Accept`.
#[derive(Debug)]
struct Clause {
    kind: String,
    subtype: String,
    quality: f64,
    parameters: Vec<(String, String)>,
}

impl Clause {
    fn parse(part: &str) -> Option<Self> {
        let mut parts = part.split(';');
        let range = parts.next()?.trim();
        let (kind, subtype) = match range.split_once('/') {
            None if range == "*" => ("*", "*"),
            None => return None,
            Some((_, subtype)) if subtype.contains('/') => return None,
            Some((kind, subtype)) => (kind.trim(), subtype.trim()),
        };
        let mut clause = Self {
            kind: kind.to_owned(),
            subtype: subtype.to_owned(),
            quality: 1.0,
            parameters: Vec::new(),
        };
        for (key, value) in parts.filter_map(|parameter| parameter.split_once('=')) {
            let (key, value) = (key.trim(), value.trim());
            if key == "q" {
                clause.quality = value.parse().unwrap_or_default();
            } else {
                clause.parameters.push((key.to_owned(), value.to_owned()));
            }
        }
        Some(clause)
    }

    /// All of a header, best first; those that are alike stay in their order.
    fn all(header: &str) -> Vec<Self> {
        let mut clauses: Vec<Self> = header.split(',').filter_map(Self::parse).collect();
        let wide = |clause: &Self| (clause.kind == "*", clause.subtype == "*");
        clauses.sort_by(|a, b| b.quality.total_cmp(&a.quality).then_with(|| wide(a).cmp(&wide(b))));
        clauses
    }

    fn parameter(&self, key: &str) -> &str {
        let found = self.parameters.iter().rev().find(|(k, _)| k == key);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// Whether the range has a form in it.
    fn covers(&self, form: Form) -> bool {
        let (kind, subtype) = form.media_type().split_once('/').unwrap_or_default();
        match (self.kind.as_str(), self.subtype.as_str()) {
            ("*", "*") => true,
            (k, "*") => k == kind,
            (k, s) => k == kind && s == subtype,
        }
    }

    /// Whether another version of the server or another stream is asked for than there is.
    fn is_foreign(&self, form: Form, version: &str) -> bool {
        let stream = match self.parameter("stream") {
            "" => true,
            stream => stream == "watch" && form != Form::Yaml,
        };
        let asked = self.parameter("sv");
        !stream || !(asked.is_empty() || asked == version)
    }

    fn converts(&self) -> bool {
        self.parameters.iter().any(|(key, _)| matches!(key.as_str(), "as" | "g" | "v"))
    }

    /// The shape in a form, if it can be given. Only version v1 of the shapes is known.
    fn shape(&self, form: Form, custom: bool, reads: bool) -> Option<Shape> {
        if !self.converts() {
            return (!custom || form != Form::Protobuf).then_some(Shape::Object);
        }
        if (self.parameter("g"), self.parameter("v")) != ("meta.k8s.io", "v1") {
            return None;
        }
        match self.parameter("as") {
            "Table" if form == Form::Protobuf => None,
            "Table" if !reads => Some(Shape::Object),
            "Table" => Some(Shape::Table),
            "PartialObjectMetadata" | "PartialObjectMetadataList" => Some(Shape::Partial),
            _ => None,
        }
    }

    fn accepted(&self, custom: bool, reads: bool) -> Option<Accepted> {
        Form::ALL.into_iter().find_map(|form| {
            if !self.covers(form) || self.is_foreign(form, "v1") {
                return None;
            }
            self.shape(form, custom, reads).map(|shape| Accepted { form, shape })
        })
    }
}

/// Chooses what to answer. `custom`: the kind comes from a definition and has no protobuf;
/// `list_or_get`: objects are read, and may be shown as a table.
///
/// # Errors
/// 406, which reads otherwise for built-in kinds than for the others.
pub fn accept(header: Option<&str>, custom: bool, list_or_get: bool) -> Result<Accepted, Status> {
    let header = header.unwrap_or_default();
    if header.trim().is_empty() {
        return Ok(Accepted::default());
    }
    // the router of the built-in kinds takes whole media types only
    let routed = |part: &str| {
        let media_type = bare(part);
        media_type == "*/*" || Form::ALL.iter().any(|form| form.media_type() == media_type)
    };
    if !custom && !header.split(',').any(routed) {
        return Err(Status::not_acceptable());
    }
    let clauses = Clause::all(header);
    let found = clauses.iter().find_map(|clause| clause.accepted(custom, list_or_get));
    found.ok_or_else(Status::not_acceptable_shape)
}

/// The form of a failure: that which is liked best, for a custom resource protobuf too.
#[must_use]
pub fn status_form(header: Option<&str>) -> Form {
    let clauses = Clause::all(header.unwrap_or_default());
    let fits = |clause: &Clause, form: Form| {
        clause.covers(form) && !clause.converts() && !clause.is_foreign(form, "")
    };
    let found = clauses.iter().find_map(|c| Form::ALL.into_iter().find(|form| fits(c, *form)));
    found.unwrap_or_default()
}

/// Reads a body. `None`: there is none, whatever its content type; `null` is a value. All else is
/// an object whose kind and apiVersion are texts, if they are there.
///
/// # Errors
/// 415 for a content type that cannot be read, 400 with the text of Go's decoder alone.
pub fn decode(
    content_type: Option<&str>,
    body: &[u8],
    custom: bool,
) -> Result<Option<Value>, Status> {
    if body.is_empty() {
        return Ok(None);
    }
    let form = Form::of(content_type).ok_or_else(Status::unsupported_media)?;
    let value = match form {
        Form::Json => json::read(body).map_err(|why| no_type(&why))?,
        Form::Yaml => yaml::read(body).map_err(Status::bad_request)?,
        Form::Protobuf if custom => {
            return Err(Status::bad_request(
                "object *unstructured.Unstructured does not implement the protobuf marshalling \
                 interface and cannot be encoded to a protobuf message",
            ));
        }
        Form::Protobuf => return protobuf::decode(body).map(Some),
    };
    check_type(&value)?;
    Ok(Some(value))
}

fn no_type(why: &str) -> Status {
    Status::bad_request(format!("couldn't get version/kind; json parse error: {why}"))
}

/// Kind and version have to be texts of an object.
fn check_type(value: &Value) -> Result<(), Status> {
    let Value::Object(fields) = value else {
        return match type_name(value) {
            "null" => Ok(()),
            name => {
                let why =
                    format!("json: cannot unmarshal {name} into Go value of type {TYPE_META}");
                Err(no_type(&why))
            }
        };
    };
    for key in ["apiVersion", "kind"] {
        let name = fields.get(key).map_or("null", type_name);
        if !matches!(name, "null" | "string") {
            return Err(no_type(&format!(
                "json: cannot unmarshal {name} into Go struct field .{key} of type string"
            )));
        }
    }
    Ok(())
}

/// The fields that stand twice in a body that can be read, as `duplicate field "spec.x"`.
#[must_use]
pub fn duplicates(content_type: Option<&str>, body: &[u8]) -> Vec<String> {
    match Form::of(content_type) {
        Some(Form::Json) => {
            let paths = json::repeated(body);
            paths.iter().map(|path| format!("duplicate field {}", quote(path))).collect()
        }
        Some(Form::Yaml) => yaml::repeated(body).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// A body as a failure to read it shows it: cut, and in hex if it is no object.
#[must_use]
pub fn summary(body: &[u8]) -> String {
    let cut = &body[..body.len().min(30)];
    let more = if body.len() > cut.len() { " ..." } else { "" };
    match body.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(cut)),
        Some(_) => {
            let hex: String = cut.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{hex}{more}")
        }
    }
}

/// Writes a value, with its media type: that of JSON where the kind has no protobuf here.
#[must_use]
pub fn write(form: Form, value: &Value) -> (&'static str, Vec<u8>) {
    let (form, bytes) = match form {
        Form::Json => (form, json::write(value)),
        Form::Yaml => (form, yaml::write(value).into_bytes()),
        Form::Protobuf => match protobuf::encode(value) {
            Some(bytes) => (form, bytes),
            None => (Form::Json, json::write(value)),
        },
    };
    (form.media_type(), bytes)
}

/// The bytes of [`write()`].
#[must_use]
pub fn encode(form: Form, value: &Value) -> Vec<u8> {
    write(form, value).1
}
