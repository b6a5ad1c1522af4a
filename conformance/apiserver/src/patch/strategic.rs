//! Strategic merge patch of built-in kinds: maps merge, and so do the lists whose elements have a
//! key. Directives (`$patch`, `$retainKeys`, `$deleteFromPrimitiveList/…`, `$setElementOrder/…`)
//! say what a plain patch cannot.
//!
//! Reading order: [`parse`], [`apply`], `lists` for how lists merge and in which order.

mod lists;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use self::lists::Merge;
use super::parse_error;
use crate::json::type_name;
use crate::status::Status;

/// What stands before the name of a list in directives.
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
const ORDER: &str = "$setElementOrder/";
/// The directive of a map, or of an element of a list.
const DIRECTIVE: &str = "$patch";

type Fields = Map<String, Value>;

/// Reads a patch.
///
/// # Errors
/// 400 when it is no JSON object.
pub fn parse(body: &[u8]) -> Result<Fields, Status> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(patch)) => Ok(patch),
        Ok(Value::Null) => Ok(Fields::new()),
        Ok(other) => Err(Status::bad_request(format!(
            "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            type_name(&other)
        ))),
        Err(error) => Err(Status::bad_request(parse_error(&error))),
    }
}

/// The live object with the patch laid over it. The kind of the object decides how lists merge.
///
/// # Errors
/// 400 for a directive in the wrong form, 500 (as the server has it) for one that nobody knows,
/// or an element without the field that tells it apart.
pub fn apply(live: &Value, patch: Fields) -> Result<Value, Status> {
    let kind = live["kind"].as_str().unwrap_or_default();
    let fields = live.as_object().cloned().unwrap_or_default();
    Laying { kind }.map("", fields, patch).map(Value::Object)
}

/// The laying of a patch over an object of a kind.
struct Laying<'k> {
    kind: &'k str,
}

impl Laying<'_> {
    /// Lays a patch over the map in the field `name`.
    fn map(&self, name: &str, mut live: Fields, mut patch: Fields) -> Result<Fields, Status> {
        if let Some(directive) = patch.get(DIRECTIVE) {
            return match directive.as_str() {
                Some("replace") => {
                    patch.remove(DIRECTIVE);
                    Ok(fresh_map(patch))
                }
                Some("delete") => Ok(Fields::new()),
                _ => Err(unknown(&patch)),
            };
        }
        if let Some(kept) = patch.remove("$retainKeys") {
            retain(&mut live, &patch, &kept)?;
        }
        let orders = patch.keys().filter_map(|key| key.strip_prefix(ORDER));
        let orders: Vec<String> = orders.map(str::to_owned).collect();
        for list in orders {
            let order = patch.remove(&format!("{ORDER}{list}")).unwrap_or_default();
            self.ordered(name, &list, &order, &mut live, &mut patch)?;
        }
        for (key, value) in patch {
            if let Some(list) = key.strip_prefix(DELETE_FROM) {
                delete_from(&mut live, list, &value);
            } else {
                self.field(name, &mut live, key, value)?;
            }
        }
        Ok(live)
    }

    fn field(
        &self,
        name: &str,
        live: &mut Fields,
        key: String,
        patch: Value,
    ) -> Result<(), Status> {
        let before = live.remove(&key);
        let merged = match (before, patch) {
            (_, Value::Null) => None,
            (Some(Value::Object(_)), Value::Object(patch)) if self.replaces(name, &key) => {
                Some(Value::Object(patch))
            }
            (Some(Value::Object(before)), Value::Object(patch)) => {
                Some(Value::Object(self.map(&key, before, patch)?))
            }
            (Some(Value::Array(before)), Value::Array(patch)) => {
                Some(Value::Array(self.list(name, &key, before, patch)?))
            }
            (_, other) => fresh(other),
        };
        if let Some(merged) = merged {
            live.insert(key, merged);
        }
        Ok(())
    }

    /// Whether a map is replaced as a whole.
    fn replaces(&self, name: &str, key: &str) -> bool {
        (self.kind, name, key) == ("PodDisruptionBudget", "spec", "selector")
    }

    /// Lays a patch over the list `key` of the map in the field `name`.
    fn list(
        &self,
        name: &str,
        key: &str,
        live: Vec<Value>,
        patch: Vec<Value>,
    ) -> Result<Vec<Value>, Status> {
        let merge = Merge::of(self.kind, name, key);
        match merge {
            Merge::Atomic => Ok(patch),
            Merge::Set => {
                let mut merged: Vec<Value> = Vec::with_capacity(live.len() + patch.len());
                for item in live.iter().chain(&patch) {
                    if !merged.contains(item) {
                        merged.push(item.clone());
                    }
                }
                Ok(merge.arrange(merged, &patch, &live))
            }
            Merge::By(id) => self.keyed(key, id, live, patch),
        }
    }

    fn keyed(
        &self,
        name: &str,
        id: &'static str,
        live: Vec<Value>,
        patch: Vec<Value>,
    ) -> Result<Vec<Value>, Status> {
        let mut merged = live.clone();
        let mut plain = Vec::new();
        let mut replace = false;
        for item in patch {
            let Value::Object(item) = item else {
                let why = format!("expected a map in {name}, but received {}", type_name(&item));
                return Err(Status::internal(why));
            };
            match item.get(DIRECTIVE).map(Value::as_str) {
                None => plain.push(item),
                Some(Some("replace")) => replace = true,
                Some(Some("delete")) => {
                    let gone = item.get(id).ok_or_else(|| no_key(&item, id))?;
                    merged.retain(|other| other.get(id) != Some(gone));
                }
                Some(Some("merge")) => {
                    let why = "merging lists cannot yet be specified in the patch";
                    return Err(Status::internal(why));
                }
                Some(_) => return Err(unknown(&item)),
            }
        }
        if replace {
            return Ok(plain.into_iter().map(|item| Value::Object(fresh_map(item))).collect());
        }
        let mut named = Vec::with_capacity(plain.len());
        for item in plain {
            let key = item.get(id).cloned().ok_or_else(|| no_key(&item, id))?;
            match merged.iter_mut().find(|other| other.get(id) == Some(&key)) {
                Some(found) => {
                    let before = found.as_object().cloned().unwrap_or_default();
                    *found = Value::Object(self.map(name, before, item)?);
                }
                None => merged.push(Value::Object(fresh_map(item))),
            }
            named.push(Value::Object(Fields::from_iter([(id.to_owned(), key)])));
        }
        Ok(Merge::By(id).arrange(merged, &named, &live))
    }

    /// Merges the list that a directive orders, and orders it.
    fn ordered(
        &self,
        name: &str,
        list: &str,
        order: &Value,
        live: &mut Fields,
        patch: &mut Fields,
    ) -> Result<(), Status> {
        let Value::Array(order) = order else {
            return Err(Status::bad_request("invalid patch format of setElementOrder list"));
        };
        let before = live.get(list).and_then(Value::as_array).cloned();
        let sent = patch.get(list).and_then(Value::as_array).cloned();
        let merge = Merge::of(self.kind, name, list);
        merge.check_order(sent.as_deref().unwrap_or_default(), order)?;
        let merged = match (&before, sent) {
            (None, None) => return Ok(()),
            (Some(before), None) => before.clone(),
            (None, Some(sent)) => sent.into_iter().filter_map(fresh).collect(),
            (Some(before), Some(sent)) => self.list(name, list, before.clone(), sent)?,
        };
        if patch.get(list).is_some_and(Value::is_array) {
            patch.remove(list);
        }
        let arranged = merge.arrange(merged, order, &before.unwrap_or_default());
        live.insert(list.to_owned(), Value::Array(arranged));
        Ok(())
    }
}

/// Takes away what a patch does not keep; it has to keep what it sets.
fn retain(live: &mut Fields, patch: &Fields, kept: &Value) -> Result<(), Status> {
    let malformed = || Status::bad_request("invalid patch format of retainKeys");
    let kept = kept.as_array().ok_or_else(malformed)?;
    let keeps = |key: &str| kept.iter().any(|name| name == key);
    let is_list = |key: &str| key.starts_with(DELETE_FROM) || key.starts_with(ORDER);
    if patch.iter().any(|(key, value)| !value.is_null() && !is_list(key) && !keeps(key)) {
        return Err(malformed());
    }
    live.retain(|key, _| keeps(key));
    Ok(())
}

/// What a patch makes where nothing was: without nulls, and without what has a directive.
fn fresh_map(patch: Fields) -> Fields {
    let set = patch.into_iter().filter(|(_, value)| !value.is_null());
    set.filter_map(|(key, value)| fresh(value).map(|value| (key, value))).collect()
}

fn fresh(value: Value) -> Option<Value> {
    match value {
        Value::Object(map) if map.contains_key(DIRECTIVE) => None,
        Value::Object(map) => Some(Value::Object(fresh_map(map))),
        Value::Array(items) => Some(Value::Array(items.into_iter().filter_map(fresh).collect())),
        other => Some(other),
    }
}

fn delete_from(live: &mut Fields, list: &str, gone: &Value) {
    if let (Some(Value::Array(items)), Value::Array(gone)) = (live.get_mut(list), gone) {
        items.retain(|item| !gone.contains(item));
    }
}

fn unknown(map: &Fields) -> Status {
    let directive = map.get(DIRECTIVE).map(go).unwrap_or_default();
    Status::internal(format!("unknown patch type: {directive} in map: {}", go_map(map)))
}

fn no_key(map: &Fields, id: &str) -> Status {
    let map = go_map(map);
    Status::internal(format!("map: {map} does not contain declared merge key: {id}"))
}

/// A value as Go's `%v` prints it.
fn go(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(map) => go_map(map),
        Value::Array(items) => go_list(items),
        other => other.to_string(),
    }
}

fn go_map(map: &Fields) -> String {
    let fields: Vec<String> =
        map.iter().map(|(key, value)| format!("{key}:{}", go(value))).collect();
    format!("map[{}]", fields.join(" "))
}

fn go_list(items: &[Value]) -> String {
    let items: Vec<String> = items.iter().map(go).collect();
    format!("[{}]", items.join(" "))
}
