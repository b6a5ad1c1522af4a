//! PUT, and every other way in which an object changes.

use serde_json::{Value, json};

use super::{Op, create, decode};
use crate::admission::Operation;
use crate::http::answer::Answer;
use crate::json::metadata;
use crate::meta::{self, Meta};
use crate::status::{FieldError, Status};
use crate::store::Key;

/// Carries out a PUT.
///
/// # Errors
/// As the API refuses.
pub(crate) fn put(op: &Op<'_>) -> Result<Answer, Status> {
    if op.asked.subresource == "scale" {
        return super::scale::put(op);
    }
    let mut object = decode::body(op)?.object;
    create::check_place(op, &object, true)?;
    create::place(op, &mut object);
    let Some(live) = op.live(&op.asked.name) else {
        if op.resource.strategy.create_on_update() && op.asked.subresource.is_empty() {
            let object = op.tracked(|tracked, who| tracked.update(None, object, who));
            return create::insert(op, object).map(|object| Answer::object(201, object));
        }
        return Err(Status::not_found(&op.group_resource(), &op.asked.name));
    };
    check_uid(op, &object, &live)?;
    let object = op.tracked(|tracked, who| tracked.update(Some(&live), object, who));
    replace(op, &live, object).map(|object| Answer::object(200, object))
}

/// A uid that is sent is a condition.
fn check_uid(op: &Op<'_>, object: &Value, live: &Value) -> Result<(), Status> {
    let (sent, have) = (metadata(object, "uid"), metadata(live, "uid"));
    if sent.is_empty() || sent == have {
        return Ok(());
    }
    let path = op.key(&op.asked.name).path();
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: /registry/{}/{path}, ResourceVersion: 0, \
         AdditionalErrorMsg: Precondition failed: UID in precondition: {sent}, UID in object \
         meta: {have}",
        op.resource.plural
    );
    Err(Status::conflict(&op.group_resource(), &op.asked.name, &why))
}

/// Puts a changed object, whose ownership of fields is settled, in the place of `live`, and
/// returns it as the answer shows it.
///
/// # Errors
/// As the API refuses.
pub(crate) fn replace(op: &Op<'_>, live: &Value, mut object: Value) -> Result<Value, Status> {
    let name = metadata(live, "name").to_owned();
    op.mutate(&op.review(Operation::Update, &name, Some(live)), &mut object)?;
    check_version(op, &object, live)?;
    let object = prepare(op, live, object)?;
    op.resource.strategy.admit(&op.caller(), &object, Some(live))?;
    op.admit(&op.review(Operation::Update, &name, Some(live)), Some(&object))?;
    let key = op.key(&name);
    if same(live, &object) && is_current(op, &key) {
        return Ok(live.clone());
    }
    let is_last = is_last_finalizer(&object, live);
    if op.options.dry_run {
        return Ok(object);
    }
    if is_last {
        op.server.write(&key, |store| store.delete(&key, None))?;
        return Ok(object);
    }
    create::check_size(op, &object)?;
    let stored = op.resource.strategy.to_stored(object);
    let stored = op.server.write(&key, |store| store.update(&key, stored, None))?;
    Ok(op.show(Value::clone(&stored)))
}

/// A resourceVersion that is sent is a condition; some kinds want one.
fn check_version(op: &Op<'_>, object: &Value, live: &Value) -> Result<(), Status> {
    let (resource, name) = (op.group_resource(), metadata(live, "name"));
    let sent = metadata(object, "resourceVersion");
    let version = if sent.is_empty() { Ok(0) } else { sent.parse::<u64>() };
    let Ok(version) = version else {
        let sent = crate::status::quote(sent);
        return Err(Status::internal(format!("strconv.ParseUint: parsing {sent}: invalid syntax")));
    };
    if version == 0 {
        let unconditional = op.resource.strategy.unconditional_update();
        return if unconditional {
            Ok(())
        } else {
            Err(Status::must_have_version(&resource, name))
        };
    }
    if metadata(live, "resourceVersion").parse() != Ok(version) {
        return Err(Status::conflict_stale(&resource, name));
    }
    Ok(())
}

/// Sets what the server decides, and judges the change.
fn prepare(op: &Op<'_>, live: &Value, mut object: Value) -> Result<Value, Status> {
    let strategy = &op.resource.strategy;
    let subresource = op.asked.subresource.as_str();
    let (old, _) = Meta::parse(live)?;
    let mut meta = decode::tidy(op, &mut object, Some(live))?;
    keep(&mut meta, &old);
    meta.print(&mut object);
    strategy.prepare_update(&mut object, live, subresource);
    if counts(op, live, &object) {
        object["metadata"]["generation"] = json!(old.generation.unwrap_or_default() + 1);
    }
    let (meta, _) = Meta::parse(&object)?;
    let errors = judge(op, &meta, &old, &object, live);
    if errors.is_empty() {
        return Ok(object);
    }
    Err(Status::invalid(&op.resource.judged_as(), &meta.name, errors))
}

/// What an update does not change.
fn keep(meta: &mut Meta, old: &Meta) {
    meta.generation = old.generation;
    meta.resource_version.clone_from(&old.resource_version);
    if meta.uid.is_empty() {
        meta.uid.clone_from(&old.uid);
    }
    meta.creation_timestamp.clone_from(&old.creation_timestamp);
    if old.deletion_timestamp.is_some() {
        meta.deletion_timestamp.clone_from(&old.deletion_timestamp);
    }
    if old.deletion_grace_period_seconds.is_some() && meta.deletion_grace_period_seconds.is_none() {
        meta.deletion_grace_period_seconds = old.deletion_grace_period_seconds;
    }
}

/// Whether the change counts in `metadata.generation`.
fn counts(op: &Op<'_>, live: &Value, object: &Value) -> bool {
    if op.asked.subresource == "status" {
        return false;
    }
    if !op.is_custom() {
        return op.resource.strategy.has_generation() && live.get("spec") != object.get("spec");
    }
    let except_status = op.resource.has_status();
    let counted = |value: &Value| {
        let mut value = value.clone();
        if let Value::Object(map) = &mut value {
            map.remove("metadata");
            if except_status {
                map.remove("status");
            }
        }
        value
    };
    counted(live) != counted(object)
}

fn judge(op: &Op<'_>, meta: &Meta, old: &Meta, object: &Value, live: &Value) -> Vec<FieldError> {
    let strategy = &op.resource.strategy;
    let mut errors = meta::validate_common_update(meta, old, op.resource.namespaced);
    let free = op.resource.frees_finalizers();
    errors.extend(meta::validate_update(meta, old, free));
    if !free {
        let rule = strategy.name_rule();
        errors.extend(meta::validate(meta, op.resource.namespaced, rule, false));
    }
    errors.extend(strategy.validate_update(object, live, &op.asked.subresource));
    errors
}

/// Whether an object is stored in the version in which it would be stored now.
fn is_current(op: &Op<'_>, key: &Key) -> bool {
    let Some(custom) = &op.resource.custom else {
        return true;
    };
    let current = format!("{}/{}", op.resource.group, custom.storage_version);
    op.server.store.get(key).is_some_and(|stored| stored["apiVersion"] == current.as_str())
}

/// Whether nothing changed but the times of the owners of fields.
fn same(live: &Value, object: &Value) -> bool {
    timeless(live) == timeless(object)
}

fn timeless(object: &Value) -> Value {
    let mut object = object.clone();
    let entries = object.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut);
    for entry in entries.into_iter().flatten() {
        if let Value::Object(entry) = entry {
            entry.remove("time");
        }
    }
    object
}

/// Whether an object that is being deleted loses its last finalizer.
fn is_last_finalizer(object: &Value, live: &Value) -> bool {
    let has_some = |object: &Value| {
        object["metadata"]["finalizers"].as_array().is_some_and(|list| !list.is_empty())
    };
    let finalize = |object: &Value| {
        object.pointer("/spec/finalizers").and_then(Value::as_array).is_some_and(|l| !l.is_empty())
    };
    let is_namespace = live["kind"] == "Namespace" && live["apiVersion"] == "v1";
    if metadata(live, "deletionTimestamp").is_empty() || has_some(object) {
        return false;
    }
    if is_namespace {
        return !finalize(object);
    }
    has_some(live)
}
