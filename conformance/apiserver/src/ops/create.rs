//! POST, and every other way in which an object comes to be.

use serde_json::{Value, json};

use super::{Op, decode};
use crate::admission::Operation;
use crate::http::answer::Answer;
use crate::json::metadata;
use crate::managers::{Tracked, Who};
use crate::meta::{self, Meta};
use crate::status::{GroupResource, Status};
use crate::store::Key;

/// Longest stem of a generated name, in bytes.
const STEM: usize = 58;
/// Longest body of a custom resource in the store, in bytes.
const MAX_STORED: usize = 1_572_864;

/// Carries out a POST.
///
/// # Errors
/// As the API refuses.
pub(crate) fn post(op: &Op<'_>) -> Result<Answer, Status> {
    if !op.asked.subresource.is_empty() {
        return connect(op);
    }
    let mut object = decode::body(op)?.object;
    let named = !op.asked.name.is_empty();
    check_place(op, &object, named)?;
    place(op, &mut object);
    wipe(&mut object);
    let object = op.tracked(|tracked, who| tracked.update(None, object, who));
    if let Some(answer) = op.resource.strategy.answer(&op.caller(), &object) {
        return answer.map(|object| Answer::object(201, object));
    }
    insert(op, object).map(|object| Answer::object(201, object))
}

/// A POST below an object.
fn connect(op: &Op<'_>) -> Result<Answer, Status> {
    let live = op.existing()?;
    let mut body = match decode::body(op) {
        Ok(decoded) => decoded.object,
        Err(_) if op.request.body.is_empty() => json!({}),
        Err(status) => return Err(status),
    };
    if let Some((schema, empty)) = decode::below(op) {
        body = op.tracked(|tracked, who| {
            let below = Tracked { schema: &schema, empty: Some(&empty), ..*tracked };
            let version = body["apiVersion"].as_str().unwrap_or_default().to_owned();
            below.update(None, body, &Who { version: &version, ..*who })
        });
    }
    let review = op.review(Operation::Connect, &op.asked.name, Some(&live));
    op.admit(&review, Some(&body))?;
    if op.asked.subresource == "eviction" {
        return super::delete::evict(op, &live);
    }
    let strategy = &op.resource.strategy;
    let answer = strategy.connect(&op.caller(), &live, &op.asked.subresource, &body)?;
    Ok(Answer::object(201, answer))
}

/// Holds the namespace and, with `named`, the name against the request.
///
/// # Errors
/// 400 if they are not those of the request.
pub(crate) fn check_place(op: &Op<'_>, object: &Value, named: bool) -> Result<(), Status> {
    let namespace = metadata(object, "namespace");
    if !namespace.is_empty() && namespace != op.namespace() {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the \
             request",
        ));
    }
    if named {
        let (name, wanted) = (metadata(object, "name"), &op.asked.name);
        if name.is_empty() {
            return Err(Status::bad_request(format!(
                "the name of the object ({wanted} based on URL) was undeterminable: name must be \
                 provided"
            )));
        }
        if name != wanted {
            return Err(Status::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({wanted})"
            )));
        }
    }
    Ok(())
}

/// Puts an object into the namespace of the request.
pub(crate) fn place(op: &Op<'_>, object: &mut Value) {
    if !op.namespace().is_empty() {
        object["metadata"]["namespace"] = json!(op.namespace());
    }
}

/// Takes away what no client decides.
fn wipe(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"]
        {
            metadata.remove(field);
        }
    }
}

/// The namespace has to be there and must not be going.
fn check_namespace(op: &Op<'_>, object: &Value) -> Result<(), Status> {
    let namespace = op.namespace();
    if namespace.is_empty() {
        return Ok(());
    }
    let namespaces = GroupResource::new("", "namespaces");
    let Some(found) = op.server.store.get(&Key::new(&namespaces, "", namespace)) else {
        return Err(Status::not_found(&namespaces, namespace));
    };
    if metadata(&found, "deletionTimestamp").is_empty() {
        return Ok(());
    }
    let name = metadata(object, "name");
    Err(Status::namespace_terminating(&op.group_resource(), name, namespace))
}

/// Puts a new object into the store, and returns it as the answer shows it.
///
/// # Errors
/// As the API refuses.
pub(crate) fn insert(op: &Op<'_>, mut object: Value) -> Result<Value, Status> {
    let strategy = &op.resource.strategy;
    check_namespace(op, &object)?;
    let sent_name = metadata(&object, "name").to_owned();
    op.mutate(&op.review(Operation::Create, &sent_name, None), &mut object)?;
    if op.resource.custom.as_ref().is_some_and(|custom| custom.terminating) {
        let why = "create not allowed while custom resource definition is terminating";
        return Err(Status::forbidden(&op.group_resource(), &sent_name, why, Vec::new()));
    }
    let mut meta = decode::tidy(op, &mut object, None)?;
    let sent_version = std::mem::take(&mut meta.resource_version);
    fill(op, &mut meta);
    meta.print(&mut object);
    strategy.prepare_create(&mut object);
    let (meta, _) = Meta::parse(&object)?;
    let free = op.resource.frees_finalizers();
    let mut errors = meta::validate(&meta, op.resource.namespaced, strategy.name_rule(), free);
    errors.extend(strategy.validate(&object));
    if !errors.is_empty() {
        return Err(Status::invalid(&op.resource.judged_as(), &meta.name, errors));
    }
    strategy.admit(&op.caller(), &object, None)?;
    op.admit(&op.review(Operation::Create, &meta.name, None), Some(&object))?;
    if sent_version.parse::<u64>().is_ok_and(|version| version > 0) {
        return Err(Status::internal("resourceVersion should not be set on objects to be created"));
    }
    let key = op.key(&meta.name);
    if let Some(found) = op.server.store.get(&key) {
        let deleting = !metadata(&found, "deletionTimestamp").is_empty();
        return Err(Status::already_exists(&op.group_resource(), &meta.name, deleting));
    }
    if op.options.dry_run {
        return Ok(object);
    }
    check_size(op, &object)?;
    let stored = op.server.write(&key, |store| store.create(&key, strategy.to_stored(object)))?;
    Ok(op.show(Value::clone(&stored)))
}

/// What is too large for the store.
///
/// # Errors
/// 500, as etcd has it.
pub(crate) fn check_size(op: &Op<'_>, object: &Value) -> Result<(), Status> {
    if op.is_custom() && object.to_string().len() > MAX_STORED {
        return Err(Status::internal("etcdserver: request is too large"));
    }
    Ok(())
}

/// What the server decides.
fn fill(op: &Op<'_>, meta: &mut Meta) {
    meta.deletion_timestamp = None;
    meta.deletion_grace_period_seconds = None;
    meta.creation_timestamp = Some(op.now.clone());
    meta.uid = op.server.entropy.uuid().to_string();
    if op.is_custom() || op.resource.strategy.has_generation() {
        meta.generation = Some(1);
    }
    if meta.name.is_empty() && !meta.generate_name.is_empty() {
        let mut stem = meta.generate_name.as_str();
        while stem.len() > STEM {
            stem = &stem[..stem.len() - stem.chars().next_back().map_or(1, char::len_utf8)];
        }
        meta.name = format!("{stem}{}", op.server.entropy.suffix());
    }
}
