//! From the bytes of a request to an object that is complete.

use serde_json::Value;

use super::Op;
use super::options::FieldValidation;
use crate::http::negotiate;
use crate::kinds;
use crate::meta::{Meta, finalizer_warnings};
use crate::registry::Resource;
use crate::schema::{self, Schema};
use crate::status::{FieldError, GroupKind, Status, quote};

/// An object as it was sent, pruned and completed.
pub(crate) struct Decoded {
    pub(crate) object: Value,
    /// What was dropped, as `unknown field "spec.x"`.
    pub(crate) complaints: Vec<String>,
}

/// Decodes the body of a POST or PUT.
///
/// # Errors
/// 400 if it is no such object, 415 if its media type is unknown.
pub(crate) fn body(op: &Op<'_>) -> Result<Decoded, Status> {
    let request = op.request;
    let content_type = request.header("content-type");
    let sent = negotiate::decode(content_type, &request.body, op.is_custom())
        .map_err(|status| unrecognised(&op.resource, status))?;
    let Some(sent) = sent else {
        let why = "couldn't get version/kind; json parse error: unexpected end of JSON input \
                   (<empty>)";
        return Err(unrecognised(&op.resource, Status::bad_request(why)));
    };
    let object = typed(op, sent)?;
    let mut decoded = match below(op) {
        Some((schema, empty)) => {
            prune(object, &schema, |object| kinds::complete(object, &schema, &empty))?
        }
        None => settle(op, object)?,
    };
    let mut duplicates = negotiate::duplicates(content_type, &request.body);
    duplicates.append(&mut decoded.complaints);
    decoded.complaints = duplicates;
    complain(op, &decoded.complaints)?;
    Ok(decoded)
}

/// The 400 of a body that cannot be read, naming the kind that was expected.
fn unrecognised(resource: &Resource, status: Status) -> Status {
    if status.code != 400 {
        return status;
    }
    let kind = &resource.kind;
    Status::bad_request(format!(
        "the object provided is unrecognized (must be of type {kind}): {}",
        status.message
    ))
}

/// Checks and fills in kind and apiVersion.
fn typed(op: &Op<'_>, mut object: Value) -> Result<Value, Status> {
    let resource = &op.resource;
    if object.is_null() && !op.is_custom() {
        object = Value::Object(serde_json::Map::new());
    }
    if !object.is_object() {
        let why = "couldn't get version/kind; json parse error: json: cannot unmarshal value into \
                   Go value of type struct";
        return Err(unrecognised(resource, Status::bad_request(why)));
    }
    let expected = resource.api_version();
    let sent = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
    let (kind, version) = (sent("kind"), sent("apiVersion"));
    let subresource = resource.subresource(&op.asked.subresource);
    let of_subresource = subresource.and_then(|s| s.body);
    if op.is_custom() && of_subresource.is_none() {
        return typed_custom(op, object, &kind, &version);
    }
    let wanted = of_subresource.map_or(resource.kind.as_str(), |(_, _, kind)| kind);
    let wanted_version = of_subresource.map_or(expected, |(group, version, _)| {
        if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
    });
    if (kind.is_empty() || kind == wanted) && (version.is_empty() || version == wanted_version) {
        object["kind"] = Value::from(wanted);
        object["apiVersion"] = Value::from(wanted_version);
        return Ok(object);
    }
    Err(other_builtin(op, object, &kind, &version, wanted))
}

fn typed_custom(op: &Op<'_>, object: Value, kind: &str, version: &str) -> Result<Value, Status> {
    let resource = &op.resource;
    let expected = resource.api_version();
    if kind.is_empty() {
        let why = format!("Object 'Kind' is missing in '{object}'");
        return Err(unrecognised(resource, Status::bad_request(why)));
    }
    if version != expected {
        let same_group = version.rsplit_once('/').is_some_and(|(group, _)| group == resource.group);
        let served = resource
            .custom
            .iter()
            .flat_map(|custom| &custom.served)
            .any(|(served, _)| served == version);
        if same_group && !served {
            let fields = object.as_object().into_iter().flat_map(serde_json::Map::keys);
            let unknown =
                fields.filter(|k| !["apiVersion", "kind", "metadata"].contains(&k.as_str()));
            let unknown: Vec<String> =
                unknown.map(|field| format!("unknown field {}", quote(field))).collect();
            complain(op, &unknown)?;
        }
        return Err(Status::bad_request(format!(
            "the API version in the data ({version}) does not match the expected API version \
             ({expected})"
        )));
    }
    if kind != resource.kind {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let detail = format!("must be {}", resource.kind);
        let error = FieldError::invalid("kind", kind, detail);
        return Err(Status::invalid(&GroupKind::new(&resource.group, kind), name, vec![error]));
    }
    Ok(object)
}

/// The 400 of another kind than that of the path.
fn other_builtin(
    op: &Op<'_>,
    mut object: Value,
    kind: &str,
    version: &str,
    wanted: &str,
) -> Status {
    let short = version.rsplit('/').next().unwrap_or_default();
    let registered = op.server.registry.of_kind(version, kind);
    let why = registered.and_then(|other| {
        let fault = other.strategy.complete(&mut object).err()?;
        let (_, why) = fault.message.split_once(": ")?;
        Some(why.to_owned())
    });
    let why = why.unwrap_or_else(|| {
        format!(
            "no kind {} is registered for version {} in scheme \"pkg/runtime/scheme.go:110\"",
            quote(kind),
            quote(version)
        )
    });
    Status::bad_request(format!(
        "{kind} in version {} cannot be handled as a {wanted}: {why}",
        quote(short)
    ))
}

/// Prunes an object of the right kind, fills in its defaults and completes it.
///
/// # Errors
/// 400 where Go's decoder would not read it.
pub(crate) fn settle(op: &Op<'_>, object: Value) -> Result<Decoded, Status> {
    prune(object, &op.resource.schema, |object| op.resource.strategy.complete(object))
}

/// What the body of a write below an object may hold, where it is a kind of its own.
pub(crate) fn below(op: &Op<'_>) -> Option<(Schema, Value)> {
    let (_, _, kind) = op.resource.subresource(&op.asked.subresource)?.body?;
    kinds::body(kind)
}

fn prune(
    mut object: Value,
    schema: &Schema,
    complete: impl FnOnce(&mut Value) -> Result<(), Status>,
) -> Result<Decoded, Status> {
    let (meta, unknown) = Meta::parse(&object)?;
    let mut gone = schema::prune(&mut object, schema);
    gone.extend(unknown);
    gone.sort();
    meta.print(&mut object);
    schema::integral(&mut object);
    schema::default(&mut object, schema);
    complete(&mut object)?;
    let complaints = gone.iter().map(|path| format!("unknown field {}", quote(path))).collect();
    Ok(Decoded { object, complaints })
}

/// Warns of what was dropped, or refuses it.
///
/// # Errors
/// 400 if the validation is strict.
pub(crate) fn complain(op: &Op<'_>, complaints: &[String]) -> Result<(), Status> {
    match op.options.validation {
        FieldValidation::Ignore => Ok(()),
        FieldValidation::Warn => {
            complaints.iter().for_each(|text| op.warn(text));
            Ok(())
        }
        FieldValidation::Strict if complaints.is_empty() => Ok(()),
        FieldValidation::Strict => {
            let kind = &op.resource.kind;
            let version = &op.resource.version;
            Err(Status::bad_request(format!(
                "{kind} in version {} cannot be handled as a {kind}: strict decoding error: {}",
                quote(version),
                complaints.join(", ")
            )))
        }
    }
}

/// Keeps the first of owners that are named twice and warns; warns of new finalizers without a
/// domain.
///
/// # Errors
/// 400 if the metadata cannot be read.
pub(crate) fn tidy(op: &Op<'_>, object: &mut Value, old: Option<&Value>) -> Result<Meta, Status> {
    let (mut meta, _) = Meta::parse(object)?;
    if let Some(warning) = meta.dedup_owners() {
        op.warn(warning);
    }
    if op.is_custom() && op.asked.subresource.is_empty() {
        let old = old.map(Meta::parse).transpose()?.map(|(meta, _)| meta);
        finalizer_warnings(&meta, old.as_ref()).into_iter().for_each(|text| op.warn(text));
    }
    meta.print(object);
    Ok(meta)
}
