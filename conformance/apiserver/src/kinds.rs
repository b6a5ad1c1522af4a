//! The kinds that are built in: what each may hold, and where it differs from the others.
//!
//! Reading order: `parts` makes schemas, `usual` is the strategy of kinds that a table
//! describes; then a file for each kind or family. [`custom`] is for the kinds that [`crd`]
//! defines.
//!
//! **Invariant:** a completed object looks as if it had gone through Go's types: what is empty
//! and need not be written is absent, what is always written is there.

mod configmap;
pub mod crd;
pub mod custom;
mod event;
mod lease;
mod namespace;
mod node;
mod parts;
mod payload;
mod pod;
mod podspec;
mod policy;
pub mod rbac;
pub mod review;
mod secret;
mod service;
mod serviceaccount;
#[cfg(test)]
mod tests;
mod usual;
mod volume;
mod workload;

use serde_json::{Value, json};

use crate::json::text_at;
use crate::registry::Resource;
use crate::schema::{self, Kind, Schema};
use crate::status::{FieldError, FieldErrorKind, Status, quote};

/// All resources that are built in.
#[must_use]
pub fn builtin() -> Vec<Resource> {
    [
        configmap::resources(),
        secret::resources(),
        namespace::resources(),
        serviceaccount::resources(),
        event::resources(),
        lease::resources(),
        pod::resources(),
        node::resources(),
        service::resources(),
        volume::resources(),
        workload::resources(),
        policy::resources(),
        rbac::resources(),
        review::resources(),
        crd::definition(),
    ]
    .concat()
}

/// What the body of a POST below an object may hold, and what it consists of before anything is
/// set; `None` if it is no kind of its own.
pub(crate) fn body(kind: &str) -> Option<(Schema, Value)> {
    match kind {
        "TokenRequest" => Some(serviceaccount::token_request()),
        "Eviction" | "Scale" => Some((Schema::open(), json!({}))),
        _ => None,
    }
}

/// A resource with its short names.
fn resource(gv: (&str, &str), kind: &str, plural: &str, short_names: &[&str]) -> Resource {
    let (group, version) = gv;
    let mut resource = Resource::builtin(group, version, kind, plural);
    resource.short_names = owned(short_names);
    resource
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Completes a decoded object: leaves out what is empty and need not be written, then writes
/// what always is.
///
/// # Errors
/// 400 for a value of a wrong type.
pub(crate) fn complete(object: &mut Value, schema: &Schema, empty: &Value) -> Result<(), Status> {
    refuse_types(object, schema)?;
    omit_empty(object, schema);
    fill(object, empty);
    Ok(())
}

/// The 400 of a value that Go's decoder would not read.
///
/// # Errors
/// For the first value of a wrong type.
pub(crate) fn refuse_types(object: &Value, schema: &Schema) -> Result<(), Status> {
    let errors = schema::validate(object, schema);
    let Some(error) = errors.iter().find(|error| error.kind == FieldErrorKind::TypeInvalid) else {
        return Ok(());
    };
    let have = error.value.trim_matches('"');
    let (kind, field) = (text_at(object, "/kind"), &error.field);
    let why = format!("json: cannot unmarshal {have} into Go struct field {kind}.{field}");
    Err(undecodable(object, &why))
}

/// The 400 of an object that cannot be decoded.
fn undecodable(object: &Value, why: &str) -> Status {
    let kind = text_at(object, "/kind");
    let version = text_at(object, "/apiVersion").rsplit('/').next().unwrap_or_default();
    let version = quote(version);
    Status::bad_request(format!("{kind} in version {version} cannot be handled as a {kind}: {why}"))
}

/// Leaves out every null, and every field of the schema that holds nothing: an empty list, an
/// empty map with free keys, and, unless Go points to it (`nullable`), an empty text, a zero or
/// a false. Items of lists and values of free keys stay, as does an empty object with fields.
pub(crate) fn omit_empty(value: &mut Value, schema: &Schema) {
    match value {
        Value::Object(map) => {
            for (key, field) in map.iter_mut() {
                match schema.field(key) {
                    Some(below) => omit_empty(field, below),
                    None => drop_nulls(field),
                }
            }
            map.retain(|key, field| !is_omitted(field, schema.property(key)));
        }
        Value::Array(items) => {
            for item in items {
                match schema.items() {
                    Some(below) => omit_empty(item, below),
                    None => drop_nulls(item),
                }
            }
        }
        _ => {}
    }
}

fn is_omitted(value: &Value, schema: Option<&Schema>) -> bool {
    if value.is_null() {
        return true;
    }
    let Some(schema) = schema else {
        return false;
    };
    let plain = |kind: Kind| schema.kind() == kind && !schema.is_nullable();
    match value {
        Value::Array(items) => items.is_empty() && schema.kind() == Kind::Array,
        Value::Object(map) => map.is_empty() && schema.additional().is_some(),
        Value::String(text) => text.is_empty() && plain(Kind::String),
        Value::Bool(flag) => !flag && plain(Kind::Boolean),
        Value::Number(number) => number.as_i64() == Some(0) && plain(Kind::Integer),
        Value::Null => true,
    }
}

/// Nulls mean nothing to Go's types, wherever they are.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, field| !field.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// Writes the fields of `with` that are absent or null in `value`, at every depth.
pub(crate) fn fill(value: &mut Value, with: &Value) {
    let (Value::Object(map), Value::Object(with)) = (value, with) else {
        return;
    };
    for (key, with) in with {
        let field = map.entry(key.clone()).or_insert(Value::Null);
        if field.is_null() {
            *field = with.clone();
        } else {
            fill(field, with);
        }
    }
}

/// Puts a field as it was; one that was not there goes.
fn restore(new: &mut Value, old: &Value, field: &str) {
    let Value::Object(map) = new else {
        return;
    };
    match old.get(field) {
        Some(value) => map.insert(field.to_owned(), value.clone()),
        None => map.remove(field),
    };
}

/// The error of a field that must stay as it is and does not.
fn immutable(new: &Value, old: &Value, pointer: &str) -> Option<FieldError> {
    let at = |object: &Value| object.pointer(pointer).cloned().unwrap_or_default();
    let (now, was) = (at(new), at(old));
    let field = pointer.trim_start_matches('/').replace('/', ".");
    (now != was).then(|| FieldError::invalid_value(field, &now, "field is immutable"))
}

/// The list at a JSON pointer, or an empty one.
fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The items of the list at a JSON pointer, to change.
fn list_mut<'a>(object: &'a mut Value, pointer: &str) -> impl Iterator<Item = &'a mut Value> {
    object.pointer_mut(pointer).and_then(Value::as_array_mut).into_iter().flatten()
}
