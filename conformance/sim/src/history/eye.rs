//! Sees every write at one API server: who, behind admission; what became of it, in the store.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fulcrum_apiserver::admission::{Admission, Operation, Review};
use fulcrum_apiserver::status::Status;
use fulcrum_apiserver::store::{Event, Key, Store};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Recorder;
use super::event::{self, Line, Telling};

/// An observer of one API server.
///
/// A write is judged by admission and then stored, within one turn of the server. So what the
/// store shows when the next write is judged is what the ones before came to.
pub(super) struct Eye {
    recorder: Recorder,
    cluster: String,
    store: Store,
    state: Mutex<State>,
}

struct State {
    /// The last revision that was looked at.
    seen: u64,
    judged: Vec<Judged>,
}

/// A write that was about to be stored.
struct Judged {
    key: Key,
    group_version: (String, String),
    operation: Operation,
    subresource: String,
    user: String,
    at: Timestamp,
    /// What an update left of an object that it finished.
    last: Option<Value>,
}

impl Eye {
    /// From now on.
    pub(super) fn new(recorder: Recorder, cluster: &str, store: Store) -> Self {
        let state = State { seen: store.revision(), judged: Vec::new() };
        Self { recorder, cluster: cluster.to_owned(), store, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what was stored since it last looked.
    pub(super) fn look(&self) {
        let mut state = self.lock();
        let revision = self.store.revision();
        if revision == state.seen {
            state.judged.clear();
            return;
        }
        // The store was put back to what it was, or its log was lost: what is there is no write.
        let events = self.store.events_since(state.seen).ok().filter(|_| revision > state.seen);
        state.seen = revision;
        let judged = std::mem::take(&mut state.judged);
        drop(state);
        for event in events.unwrap_or_default() {
            let by = judged.iter().rev().find(|judged| judged.key == event.key);
            self.recorder.write(self.line(&event, by));
        }
    }

    fn line(&self, event: &Event, by: Option<&Judged>) -> Line {
        let (asked, answered) = bodies(event, by);
        let applied = writer(event).is_some_and(|(_, operation)| operation == "Apply");
        let (verb, code) = match (by.map(|by| by.operation), &event.old, &event.new) {
            (Some(Operation::Delete | Operation::Connect), _, _) => ("delete", 200),
            (_, None, _) if applied => ("patch", 201),
            (_, None, _) => ("create", 201),
            (None, Some(_), None) => ("delete", 200),
            (_, Some(_), _) => ("patch", 200),
        };
        let user = by.map_or("system:apiserver", |by| by.user.as_str());
        let seen = writer(event).map(|(manager, _)| manager);
        let agent = self.recorder.program(&self.cluster, user, seen.as_deref());
        let query = if applied { format!("?fieldManager={agent}&force=true") } else { "".into() };
        let at = by.map_or_else(|| self.recorder.now(), |by| by.at);
        let group_version = by
            .map(|by| by.group_version.clone())
            .unwrap_or_else(|| (event.key.resource.group.clone(), stored_version(event)));
        // An eviction is the deletion that it comes to.
        let below = by.map_or("", |by| by.subresource.as_str());
        let subresource = if below == "eviction" { "" } else { below };
        Line::of(Telling {
            cluster: &self.cluster,
            key: [
                group_version.0,
                event.key.resource.resource.clone(),
                event.key.namespace.clone(),
                event.key.name.clone(),
            ],
            api_version: &group_version.1,
            subresource,
            version: event.version,
            user,
            agent: &agent,
            verb,
            query: &query,
            code,
            asked,
            answered,
            received: at,
            completed: at,
        })
    }
}

/// What a request would have said to do this, and what the server would have answered.
fn bodies(event: &Event, by: Option<&Judged>) -> (Value, Value) {
    let deletes =
        by.is_none_or(|by| matches!(by.operation, Operation::Delete | Operation::Connect));
    match (&event.old, &event.new) {
        (None, Some(new)) => (event::sent(new), Value::clone(new)),
        (Some(old), Some(new)) if !by.is_some_and(|_| deletes) => {
            (event::difference(old, new), Value::clone(new))
        }
        (Some(_), Some(new)) => (Value::Null, Value::clone(new)),
        (Some(old), None) => match by.and_then(|by| by.last.as_ref()).filter(|_| !deletes) {
            Some(last) => (event::difference(old, last), last.clone()),
            None => (Value::Null, json!({"kind": "Status", "status": "Success"})),
        },
        (None, None) => (Value::Null, Value::Null),
    }
}

/// The manager of fields whose entry this write made or changed, and its operation.
fn writer(event: &Event) -> Option<(String, String)> {
    let entries = |object: &Option<Arc<Value>>| {
        let entries = object.as_ref().map(|object| object["metadata"]["managedFields"].clone());
        entries.and_then(|entries| entries.as_array().cloned()).unwrap_or_default()
    };
    let before = entries(&event.old);
    let changed = entries(&event.new).into_iter().rev().find(|entry| !before.contains(entry))?;
    let text = |field: &str| changed[field].as_str().map(ToOwned::to_owned);
    Some((text("manager")?, text("operation")?))
}

fn stored_version(event: &Event) -> String {
    let object = event.new.as_ref().or(event.old.as_ref());
    let api_version = object.and_then(|object| object["apiVersion"].as_str()).unwrap_or_default();
    api_version.rsplit('/').next().unwrap_or_default().to_owned()
}

impl Admission for Eye {
    fn validate(&self, review: &Review<'_>, object: Option<&Value>) -> Result<Vec<String>, Status> {
        self.look();
        if review.dry_run {
            return Ok(Vec::new());
        }
        let finished = object.filter(|object| {
            let metadata = &object["metadata"];
            let held = metadata["finalizers"].as_array().is_some_and(|all| !all.is_empty());
            metadata.get("deletionTimestamp").is_some() && !held
        });
        let named = |object: Option<&Value>| {
            object.and_then(|object| object["metadata"]["name"].as_str()).map(ToOwned::to_owned)
        };
        let of_old = named(review.old).filter(|_| review.name.is_empty());
        let name = of_old.or_else(|| named(object).filter(|_| review.name.is_empty()));
        let name = name.unwrap_or_else(|| review.name.to_owned());
        self.lock().judged.push(Judged {
            key: Key::new(&review.resource.stored_as(), review.namespace, &name),
            group_version: (review.resource.group.clone(), review.resource.version.clone()),
            operation: review.operation,
            subresource: review.subresource.to_owned(),
            user: review.user.name.clone(),
            at: review.now,
            last: finished.cloned(),
        });
        Ok(Vec::new())
    }
}
