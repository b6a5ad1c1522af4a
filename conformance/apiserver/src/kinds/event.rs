//! Events, which are one store under two groups: the core group keeps them, `events.k8s.io`
//! has other names for some of the fields.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use super::parts::{integer, object, reference, schema, string};
use crate::json::text_at;
use crate::meta::names;
use crate::registry::{Resource, Strategy};
use crate::schema::Schema;
use crate::status::{FieldError, GroupResource, Status};

/// Names in the core group and in `events.k8s.io`.
const RENAMED: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];
/// Fields that no update through `events.k8s.io` changes, by their names in the core group.
const IMMUTABLE: [&str; 12] = [
    "involvedObject",
    "reason",
    "message",
    "source",
    "firstTimestamp",
    "lastTimestamp",
    "count",
    "type",
    "eventTime",
    "action",
    "related",
    "reportingInstance",
];
/// Longest reason, action and instance, in bytes.
const MAX_WORD: usize = 128;
/// Longest message, in bytes.
const MAX_MESSAGE: usize = 1024;

static CORE: LazyLock<Schema> = LazyLock::new(|| schema(properties(|(core, _)| core)));
static EVENTS: LazyLock<Schema> = LazyLock::new(|| schema(properties(|(_, new)| new)));

/// The fields under the names that `name` chooses.
fn properties(name: fn((&'static str, &'static str)) -> &'static str) -> Value {
    let series = object(json!({"count": integer(), "lastObservedTime": string()}));
    let source = object(json!({"component": string(), "host": string()}));
    let mut all = json!({
        "reason": string(),
        "type": string(),
        "eventTime": string(),
        "series": series,
        "action": string(),
        "related": reference(),
        "reportingInstance": string(),
    });
    for pair in RENAMED {
        all[name(pair)] = match pair.0 {
            "involvedObject" => reference(),
            "source" => source.clone(),
            "count" => integer(),
            _ => string(),
        };
    }
    all
}

pub(super) fn resources() -> Vec<Resource> {
    let mut core = super::resource(("", "v1"), "Event", "events", &["ev"]);
    core.schema = CORE.clone();
    core.selectable = selectable("involvedObject", "reportingComponent");
    core.selectable.push("source".to_owned());
    core.strategy = Arc::new(Event { core: true });
    let mut events = super::resource(("events.k8s.io", "v1"), "Event", "events", &["ev"]);
    events.schema = EVENTS.clone();
    events.selectable = selectable("regarding", "reportingController");
    events.stored = Some(GroupResource::new("", "events"));
    events.strategy = Arc::new(Event { core: false });
    vec![core, events]
}

fn selectable(about: &str, reporter: &str) -> Vec<String> {
    let parts = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];
    let mut all: Vec<String> = parts.iter().map(|part| format!("{about}.{part}")).collect();
    all.extend(super::owned(&["reason", reporter, "type"]));
    all
}

fn empty_core() -> Value {
    json!({
        "involvedObject": {},
        "source": {},
        "firstTimestamp": null,
        "lastTimestamp": null,
        "eventTime": null,
        "reportingComponent": "",
        "reportingInstance": "",
    })
}

fn empty_new() -> Value {
    json!({
        "eventTime": null,
        "regarding": {},
        "deprecatedSource": {},
        "deprecatedFirstTimestamp": null,
        "deprecatedLastTimestamp": null,
    })
}

/// The strategy of events in one of the groups.
#[derive(Clone, Copy, Debug)]
struct Event {
    core: bool,
}

impl Strategy for Event {
    fn empty(&self) -> Value {
        if self.core { empty_core() } else { empty_new() }
    }

    fn create_on_update(&self) -> bool {
        true
    }

    fn complete(&self, event: &mut Value) -> Result<(), Status> {
        let schema = if self.core { &*CORE } else { &*EVENTS };
        super::complete(event, schema, &self.empty())
    }

    fn validate(&self, event: &Value) -> Vec<FieldError> {
        let event = self.to_stored(event.clone());
        let mut errors = judge(&event, self.core);
        if !self.core {
            errors.extend(series(&event));
            errors.extend(strictly(&event));
        }
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value, _subresource: &str) -> Vec<FieldError> {
        let (new, old) = (self.to_stored(new.clone()), self.to_stored(old.clone()));
        let mut errors = judge(&new, self.core);
        if !self.core {
            if new.get("series") != old.get("series") {
                errors.extend(series(&new));
            }
            let pointers = IMMUTABLE.iter().map(|field| format!("/{field}"));
            errors.extend(pointers.filter_map(|pointer| super::immutable(&new, &old, &pointer)));
            let reporter = super::immutable(&new, &old, "/reportingComponent");
            errors.extend(reporter.map(|mut error| {
                "reportingController".clone_into(&mut error.field);
                error
            }));
        }
        errors
    }

    fn to_stored(&self, mut event: Value) -> Value {
        if !self.core {
            rename(&mut event, |(core, new)| (new, core));
            event["apiVersion"] = json!("v1");
            super::fill(&mut event, &empty_core());
        }
        event
    }

    fn to_served(&self, mut event: Value) -> Value {
        if !self.core {
            rename(&mut event, |pair| pair);
            event["apiVersion"] = json!("events.k8s.io/v1");
            if let Value::Object(fields) = &mut event {
                let silent = ["reportingController", "reportingInstance"];
                fields.retain(|key, value| !(silent.contains(&key.as_str()) && *value == ""));
            }
            super::fill(&mut event, &empty_new());
        }
        event
    }
}

/// Renames fields; `direction` makes (from, to) of a pair of names.
fn rename(
    event: &mut Value,
    direction: fn((&'static str, &'static str)) -> (&'static str, &'static str),
) {
    let Value::Object(fields) = event else {
        return;
    };
    for (from, to) in RENAMED.map(direction) {
        if let Some(value) = fields.remove(from) {
            fields.insert(to.to_owned(), value);
        }
    }
}

/// What is wrong with an event in the form of the core group.
fn judge(event: &Value, core: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let namespace = text_at(event, "/metadata/namespace");
    let about = text_at(event, "/involvedObject/namespace");
    let timed = event["eventTime"].is_string();
    let agree = match (about.is_empty(), timed) {
        (true, true) => ["default", "kube-system"].contains(&namespace),
        (true, false) => ["", "default"].contains(&namespace),
        // an event with a time may be about an object of another namespace
        (false, timed) => timed || about == namespace,
    };
    if !agree {
        let (field, why) = ("involvedObject.namespace", "does not match event.namespace");
        errors.push(FieldError::invalid(field, about, why));
    }
    if timed {
        errors.extend(reporter(event, core));
        errors.extend(words(event));
    }
    errors
}

/// Who reports has to have a name.
fn reporter(event: &Value, core: bool) -> Vec<FieldError> {
    let field = if core { "reportingComponent" } else { "reportingController" };
    let name = text_at(event, "/reportingComponent");
    let mut errors = Vec::new();
    if name.is_empty() {
        errors.push(FieldError::required(field, ""));
    }
    let texts = names::qualified(name).into_iter();
    errors.extend(texts.map(|why| FieldError::invalid(field, name, why)));
    errors
}

fn words(event: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let long = |field: &str, max: usize| {
        FieldError::invalid(field, "", format!("can have at most {max} characters"))
    };
    for field in ["reportingInstance", "action", "reason"] {
        match event[field].as_str().unwrap_or_default().len() {
            0 => errors.push(FieldError::required(field, "")),
            1..=MAX_WORD => {}
            _ => errors.push(long(field, MAX_WORD)),
        }
    }
    if text_at(event, "/message").len() > MAX_MESSAGE {
        errors.push(long("message", MAX_MESSAGE));
    }
    errors
}

fn series(event: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(series) = event.get("series") {
        if series["count"].as_i64().unwrap_or_default() < 2 {
            errors.push(FieldError::invalid("series.count", "", "should be at least 2"));
        }
        if !series["lastObservedTime"].is_string() {
            errors.push(FieldError::required("series.lastObservedTime", ""));
        }
    }
    errors
}

/// What `events.k8s.io` wants of a new event beyond that.
fn strictly(event: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if !event["eventTime"].is_string() {
        errors.push(FieldError::required("eventTime", ""));
    }
    let kind = text_at(event, "/type");
    if !["Normal", "Warning"].contains(&kind) {
        errors.push(FieldError::invalid("type", "", format!("has invalid value: {kind}")));
    }
    for field in ["firstTimestamp", "lastTimestamp", "count", "source"] {
        let unset = match event.get(field) {
            None | Some(Value::Null) => true,
            Some(Value::Object(source)) => source.is_empty(),
            Some(value) => value == 0,
        };
        if !unset {
            errors.push(FieldError::invalid(field, "", "needs to be unset"));
        }
    }
    errors
}
