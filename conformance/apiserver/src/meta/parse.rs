//! Metadata out of JSON: what is known is taken, what is not is named.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Meta, OwnerReference};
use crate::clock;
use crate::json::type_name;
use crate::status::Status;

/// The fields of an entry of `managedFields`.
const MANAGED_FIELDS: [&str; 7] =
    ["manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1", "subresource"];

impl Meta {
    /// Reads the metadata of an object, and the paths of the fields that nobody knows, sorted.
    ///
    /// # Errors
    /// 400 when a field has a wrong type.
    pub fn parse(object: &Value) -> Result<(Self, Vec<String>), Status> {
        let metadata = object.get("metadata").unwrap_or(&Value::Null);
        Self::parse_at(metadata, "metadata").map_err(|why| {
            let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
            let kind = text("kind");
            let api_version = text("apiVersion");
            let version = api_version.rsplit('/').next().unwrap_or_default();
            Status::bad_request(format!(
                "{kind} in version \"{version}\" cannot be handled as a {kind}: {why}"
            ))
        })
    }

    /// Reads the value of a field `metadata` that stands at `path`.
    ///
    /// # Errors
    /// The text of Go's decoder when a field has a wrong type.
    pub fn parse_at(metadata: &Value, path: &str) -> Result<(Self, Vec<String>), String> {
        let mut meta = Self::default();
        let mut unknown = Vec::new();
        match metadata {
            Value::Null => {}
            Value::Object(fields) => {
                for (key, value) in fields {
                    if !meta.take(key, value, path, &mut unknown)? {
                        unknown.push(format!("{path}.{key}"));
                    }
                }
            }
            other => return Err(mismatch(other, "", "v1.ObjectMeta")),
        }
        unknown.sort();
        Ok((meta, unknown))
    }

    /// Takes one field; false when there is none of this name.
    fn take(
        &mut self,
        key: &str,
        value: &Value,
        path: &str,
        unknown: &mut Vec<String>,
    ) -> Result<bool, String> {
        match key {
            "name" => self.name = text(value, key)?,
            "generateName" => self.generate_name = text(value, key)?,
            "namespace" => self.namespace = text(value, key)?,
            // known, and never kept
            "selfLink" => drop(text(value, key)?),
            "uid" => self.uid = text(value, key)?,
            "resourceVersion" => self.resource_version = text(value, key)?,
            "generation" => self.generation = number(value, key)?,
            "creationTimestamp" => self.creation_timestamp = time(value, key)?,
            "deletionTimestamp" => self.deletion_timestamp = time(value, key)?,
            "deletionGracePeriodSeconds" => {
                self.deletion_grace_period_seconds = number(value, key)?;
            }
            "labels" => self.labels = texts(value, key)?,
            "annotations" => self.annotations = texts(value, key)?,
            "finalizers" => {
                let each = list(value, key)?.iter();
                self.finalizers = each.map(|v| text(v, key)).collect::<Result<_, _>>()?;
            }
            "ownerReferences" => {
                for (i, owner) in list(value, key)?.iter().enumerate() {
                    let at = format!("{path}.{key}[{i}]");
                    self.owner_references.push(owner_at(owner, &at, unknown)?);
                }
            }
            "managedFields" => {
                for (i, entry) in list(value, key)?.iter().enumerate() {
                    let at = format!("{path}.{key}[{i}]");
                    self.managed_fields.push(managed(entry, &at, unknown)?);
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn owner_at(
    value: &Value,
    path: &str,
    unknown: &mut Vec<String>,
) -> Result<OwnerReference, String> {
    let mut owner = OwnerReference::default();
    for (key, value) in fields(value, "ownerReferences", "v1.OwnerReference")? {
        match key.as_str() {
            "apiVersion" => owner.api_version = text(value, key)?,
            "kind" => owner.kind = text(value, key)?,
            "name" => owner.name = text(value, key)?,
            "uid" => owner.uid = text(value, key)?,
            "controller" => owner.controller = boolean(value, key)?,
            "blockOwnerDeletion" => owner.block_owner_deletion = boolean(value, key)?,
            _ => unknown.push(format!("{path}.{key}")),
        }
    }
    Ok(owner)
}

fn managed(value: &Value, path: &str, unknown: &mut Vec<String>) -> Result<Value, String> {
    let mut entry = Map::new();
    for (key, value) in fields(value, "managedFields", "v1.ManagedFieldsEntry")? {
        match key.as_str() {
            "fieldsV1" if !value.is_null() => drop(entry.insert(key.clone(), value.clone())),
            "time" => {
                if let Some(time) = time(value, key)? {
                    entry.insert(key.clone(), Value::String(time));
                }
            }
            known if MANAGED_FIELDS.contains(&known) => {
                let text = text(value, key)?;
                if !text.is_empty() {
                    entry.insert(key.clone(), Value::String(text));
                }
            }
            _ => unknown.push(format!("{path}.{key}")),
        }
    }
    Ok(Value::Object(entry))
}

/// The fields of an object; none of `null`.
fn fields<'a>(
    value: &'a Value,
    key: &str,
    want: &str,
) -> Result<impl Iterator<Item = (&'a String, &'a Value)>, String> {
    let map = match value {
        Value::Null => None,
        Value::Object(map) => Some(map),
        other => return Err(mismatch(other, key, want)),
    };
    Ok(map.into_iter().flatten())
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a [Value], String> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(items) => Ok(items),
        other => Err(mismatch(other, key, "[]string")),
    }
}

fn text(value: &Value, key: &str) -> Result<String, String> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        other => Err(mismatch(other, key, "string")),
    }
}

fn texts(value: &Value, key: &str) -> Result<BTreeMap<String, String>, String> {
    fields(value, key, "map[string]string")?
        .map(|(name, value)| Ok((name.clone(), text(value, key)?)))
        .collect()
}

fn number(value: &Value, key: &str) -> Result<Option<i64>, String> {
    match value {
        Value::Null => Ok(None),
        Value::Number(number) if number.is_i64() => Ok(number.as_i64()),
        other => Err(mismatch(other, key, "int64")),
    }
}

fn boolean(value: &Value, key: &str) -> Result<Option<bool>, String> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(flag) => Ok(Some(*flag)),
        other => Err(mismatch(other, key, "bool")),
    }
}

/// A time, brought to whole seconds in UTC.
fn time(value: &Value, key: &str) -> Result<Option<String>, String> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) => text,
        other => return Err(mismatch(other, key, "string")),
    };
    let time: Timestamp = text.parse().map_err(|_| {
        format!(
            "parsing time \"{text}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{text}\" as \
             \"2006\""
        )
    })?;
    Ok(Some(clock::seconds(time)))
}

fn mismatch(value: &Value, key: &str, want: &str) -> String {
    let have = type_name(value);
    let dot = if key.is_empty() { "" } else { "." };
    format!(
        "json: cannot unmarshal {have} into Go struct field ObjectMeta.metadata{dot}{key} of \
         type {want}"
    )
}
