//! DELETE of an object and of a collection, and eviction.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::options::{dry_run_errors, refuse};
use super::{Op, read};
use crate::admission::Operation;
use crate::controllers::Propagation;
use crate::http::answer::Answer;
use crate::http::negotiate;
use crate::http::request::Asked;
use crate::json::metadata;
use crate::status::{FieldError, Status, quote, success};

/// Finalizers by which the collector is told what becomes of dependents.
const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

/// The options of a DELETE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeleteOptions {
    propagation: Option<Propagation>,
    uid: Option<String>,
    version: Option<String>,
    dry_run: bool,
}

/// Reads the options, from the body or else from the query.
///
/// # Errors
/// 422 if they contradict each other, 500 if the body is something else.
pub(crate) fn options(op: &Op<'_>) -> Result<DeleteOptions, Status> {
    let request = op.request;
    let body = negotiate::decode(request.header("content-type"), &request.body, false).map_err(
        |status| if status.code == 415 { status } else { Status::internal(status.message) },
    )?;
    let options = match body {
        None | Some(Value::Null) => from_query(op),
        Some(Value::Object(map)) if map.is_empty() => from_query(op),
        Some(body @ Value::Object(_)) => body,
        Some(_) => {
            return Err(Status::internal("couldn't get version/kind; json parse error"));
        }
    };
    let field = |name: &str| options[name].as_str().unwrap_or_default().to_owned();
    let (kind, version) = (field("kind"), field("apiVersion"));
    if !kind.is_empty() && kind != "DeleteOptions" {
        return Err(Status::internal(format!(
            "no kind {} is registered for version {} in scheme \"pkg/runtime/scheme.go:110\"",
            quote(&kind),
            quote(&version)
        )));
    }
    let propagation = propagation(&options)?;
    let condition = |name: &str| {
        options
            .pointer(&format!("/preconditions/{name}"))
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    Ok(DeleteOptions {
        propagation,
        uid: condition("uid"),
        version: condition("resourceVersion"),
        dry_run: !strings(&options["dryRun"]).is_empty(),
    })
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The same options as the query gives them.
fn from_query(op: &Op<'_>) -> Value {
    let query = &op.request.query;
    let mut options = Map::new();
    if let Some(policy) = query.get("propagationPolicy") {
        options.insert("propagationPolicy".to_owned(), json!(policy));
    }
    if query.get("orphanDependents").is_some() {
        options.insert("orphanDependents".to_owned(), json!(query.flag("orphanDependents")));
    }
    options.insert("dryRun".to_owned(), json!(query.all("dryRun")));
    Value::Object(options)
}

fn propagation(options: &Value) -> Result<Option<Propagation>, Status> {
    let mut errors = Vec::new();
    let policy = options["propagationPolicy"].as_str();
    let orphan = options["orphanDependents"].as_bool();
    if let (Some(policy), Some(_)) = (policy, orphan) {
        let why = "orphanDependents and deletionPropagation cannot be both set";
        errors.push(FieldError::invalid("propagationPolicy", policy, why));
    }
    let known = match policy {
        None => None,
        Some("Foreground") => Some(Propagation::Foreground),
        Some("Background") => Some(Propagation::Background),
        Some("Orphan") => Some(Propagation::Orphan),
        Some(other) => {
            let known = ["Foreground", "Background", "Orphan", "nil"];
            let error = FieldError::not_supported("propagationPolicy", &json!(other), known);
            errors.push(error);
            None
        }
    };
    errors.extend(dry_run_errors(&strings(&options["dryRun"])));
    refuse("DeleteOptions", errors)?;
    Ok(match orphan {
        Some(true) => Some(Propagation::Orphan),
        Some(false) => Some(Propagation::Background),
        None => known,
    })
}

/// Carries out a DELETE of one object.
///
/// # Errors
/// As the API refuses.
pub(crate) fn one(op: &Op<'_>) -> Result<Answer, Status> {
    let options = options(op)?;
    let live = op.existing()?;
    delete(op, &live, &options)
}

fn delete(op: &Op<'_>, live: &Value, options: &DeleteOptions) -> Result<Answer, Status> {
    let name = metadata(live, "name").to_owned();
    let (gk, gr) = (op.resource.group_kind(), op.group_resource());
    let (uid, version) = (metadata(live, "uid"), metadata(live, "resourceVersion"));
    if let Some(want) = options.uid.as_deref().filter(|want| *want != uid) {
        return Err(Status::conflict_uid(&gk, &name, want, uid));
    }
    if let Some(want) = options.version.as_deref().filter(|want| *want != version) {
        return Err(Status::conflict_version(&gk, &name, want, version));
    }
    op.resource.strategy.admit_delete(&op.caller(), live)?;
    op.admit(&op.review(Operation::Delete, &op.asked.name, Some(live)), None)?;
    let mut object = live.clone();
    if op.resource.strategy.begin_deletion(&mut object, &op.now) {
        return mark(op, live, object, options);
    }
    let (finalizers, differ) = finalizers(live, options.propagation);
    if finalizers.is_empty() {
        return remove(op, live, options, success(&gr, &name, uid));
    }
    if differ {
        object["metadata"]["finalizers"] = json!(finalizers);
    }
    if metadata(live, "deletionTimestamp").is_empty() {
        object["metadata"]["deletionTimestamp"] = json!(op.now);
        object["metadata"]["deletionGracePeriodSeconds"] = json!(0);
        let generation = object["metadata"]["generation"].as_i64().unwrap_or_default();
        if generation > 0 {
            object["metadata"]["generation"] = json!(generation + 1);
        }
    }
    mark(op, live, object, options)
}

/// The finalizers after a DELETE, and whether they are others.
fn finalizers(live: &Value, propagation: Option<Propagation>) -> (Vec<String>, bool) {
    let before: Vec<&str> = strings(&live["metadata"]["finalizers"]);
    let had = |name: &str| before.contains(&name);
    let wanted = |policy: Propagation, name: &str| match propagation {
        Some(propagation) => propagation == policy,
        None => had(name),
    };
    let (orphan, foreground) =
        (wanted(Propagation::Orphan, ORPHAN), wanted(Propagation::Foreground, FOREGROUND));
    let mut after: Vec<String> = before
        .iter()
        .filter(|name| ![ORPHAN, FOREGROUND].contains(*name))
        .map(|name| (*name).to_owned())
        .collect();
    after.extend(orphan.then(|| ORPHAN.to_owned()));
    after.extend(foreground.then(|| FOREGROUND.to_owned()));
    let differ = orphan != had(ORPHAN) || foreground != had(FOREGROUND);
    if differ { (after, true) } else { (before.into_iter().map(str::to_owned).collect(), false) }
}

/// Stores the mark.
fn mark(
    op: &Op<'_>,
    live: &Value,
    object: Value,
    options: &DeleteOptions,
) -> Result<Answer, Status> {
    if options.dry_run || object == *live {
        return Ok(Answer::object(200, object));
    }
    let key = op.key(metadata(live, "name"));
    let stored = op.resource.strategy.to_stored(object);
    let stored = op.server.write(&key, |store| store.update(&key, stored, None))?;
    Ok(Answer::object(200, op.show(Value::clone(&stored))))
}

/// Removes an object at once.
fn remove(
    op: &Op<'_>,
    live: &Value,
    options: &DeleteOptions,
    done: Value,
) -> Result<Answer, Status> {
    let shows_object = op.resource.strategy.returns_deleted();
    let mut answer = live.clone();
    if !options.dry_run {
        let key = op.key(metadata(live, "name"));
        let gone = op.server.write(&key, |store| store.delete(&key, None))?;
        answer = op.show(Value::clone(&gone));
    }
    Ok(if shows_object { Answer::object(200, answer) } else { Answer::done(done) })
}

/// An eviction deletes the pod.
///
/// # Errors
/// As the API refuses.
pub(crate) fn evict(op: &Op<'_>, live: &Value) -> Result<Answer, Status> {
    delete(op, live, &DeleteOptions { dry_run: op.options.dry_run, ..DeleteOptions::default() })?;
    let mut answer = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
    });
    answer["code"] = json!(201);
    Ok(Answer { code: 201, ..Answer::done(answer) })
}

/// Carries out a DELETE of a collection: the answer is the list as it was.
///
/// # Errors
/// The first refusal of a single one.
pub(crate) fn collection(op: &Op<'_>) -> Result<Answer, Status> {
    let options = options(op)?;
    let listed = read::matching(op)?;
    for object in &listed.items {
        let namespace = metadata(object, "namespace").to_owned();
        let live = op.show(object.clone());
        let single = Asked { namespace, ..op.asked.clone() };
        let op = Op {
            asked: &single,
            resource: Arc::clone(&op.resource),
            now: op.now.clone(),
            options: op.options.clone(),
            ..*op
        };
        delete(&op, &live, &options)?;
    }
    Ok(Answer::object(200, read::list_of(op, listed)))
}
