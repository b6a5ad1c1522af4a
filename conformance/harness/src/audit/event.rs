//! One audit event as it stands in a log, and the write that it tells of.

use super::body::{self, Reading, Told};
use super::patch;
use crate::history::facts::Facts;
use crate::history::selector::Selector;
use crate::history::{Actor, Key, Level, Side, Verb, Write};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// An event, or a list of them, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event<'a> {
    #[serde(borrow, default)]
    pub(crate) kind: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) api_version: Cow<'a, str>,
    #[serde(borrow, default)]
    level: Cow<'a, str>,
    #[serde(borrow, default, rename = "auditID")]
    pub(crate) audit_id: Cow<'a, str>,
    #[serde(borrow, default)]
    stage: Cow<'a, str>,
    #[serde(borrow, default, rename = "requestURI")]
    uri: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) verb: Cow<'a, str>,
    user: Option<User>,
    impersonated_user: Option<User>,
    #[serde(default)]
    user_agent: String,
    #[serde(rename = "sourceIPs")]
    source_ips: Option<Vec<String>>,
    object_ref: Option<ObjectReference>,
    response_status: Option<ResponseStatus>,
    #[serde(borrow)]
    request_object: Option<&'a RawValue>,
    #[serde(borrow)]
    response_object: Option<&'a RawValue>,
    request_received_timestamp: Option<Timestamp>,
    stage_timestamp: Option<Timestamp>,
    #[serde(borrow)]
    pub(crate) items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    username: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ObjectReference {
    #[serde(default)]
    api_group: String,
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    resource: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    subresource: String,
    uid: Option<String>,
}

#[derive(Deserialize)]
struct ResponseStatus {
    #[serde(default)]
    code: u16,
    status: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct DeleteOptions {
    preconditions: Option<Preconditions>,
    dry_run: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Preconditions {
    uid: Option<String>,
    resource_version: Option<String>,
}

impl Event<'_> {
    /// Whether it is what it should be.
    pub(crate) fn is_audit(&self) -> bool {
        self.api_version.starts_with("audit.k8s.io/")
            && (self.kind == "Event" || self.kind == "EventList")
    }

    /// Whether it tells how a request ended. The other stages tell of the same request earlier.
    fn is_end(&self) -> bool {
        self.stage == "ResponseComplete" || self.stage == "Panic"
    }

    fn verb(&self) -> Option<Verb> {
        match self.verb.as_ref() {
            "create" => Some(Verb::Create),
            "update" => Some(Verb::Update),
            "patch" if self.applies() => Some(Verb::Apply),
            "patch" => Some(Verb::Patch),
            "delete" => Some(Verb::Delete),
            "deletecollection" => Some(Verb::DeleteCollection),
            _ => None,
        }
    }

    /// A server-side apply is a `patch`, too: it forces, or creates, or sends kind and version.
    fn applies(&self) -> bool {
        self.code() == 201
            || self.uri.contains("force=")
            || (self.uri.contains("fieldManager=")
                && self.request_object.is_some_and(|raw| names_its_kind(raw.get())))
    }

    fn code(&self) -> u16 {
        match &self.response_status {
            _ if self.stage == "Panic" => 500,
            Some(status) => status.code,
            None => 0,
        }
    }

    /// The write that this event tells of: nothing for reads and for earlier stages.
    ///
    /// # Errors
    /// Says what is missing in an event of a write.
    pub(crate) fn write(self, side: Side) -> Result<Option<Write>, &'static str> {
        let Some(verb) = self.verb().filter(|_| self.is_end()) else {
            return Ok(None);
        };
        let Some(reference) = &self.object_ref else {
            return Ok(None);
        };
        let received = self.request_received_timestamp.ok_or("requestReceivedTimestamp")?;
        let completed = self.stage_timestamp.unwrap_or(received).max(received);
        let told = self.told(verb, &reference.subresource);
        let code = self.code();
        let dry_run = self.uri.contains("dryRun=All") || self.deletes_dry();
        let whole = verb == Verb::DeleteCollection;
        let selector = if whole { Selector::of_uri(&self.uri) } else { None };
        let user = self.user.map(|user| user.username).unwrap_or_default();
        Ok(Some(Write {
            side,
            received,
            completed,
            actor: Actor {
                user,
                agent: self.user_agent,
                impersonated: self.impersonated_user.map(|user| user.username),
                reconciles: None,
            },
            address: self.source_ips.into_iter().flatten().next(),
            verb,
            object: reference.key(told.name.as_deref()),
            kind: told.kind,
            version: reference.api_version.clone(),
            subresource: reference.subresource.clone(),
            named_uid: reference.uid.clone(),
            uid: told.uid,
            // The answer to the deletion of a collection is a list, with a version of its own.
            resource_version: told.resource_version.filter(|_| !whole),
            code,
            dry_run,
            level: match self.level.as_ref() {
                "RequestResponse" => Level::RequestResponse,
                "Request" => Level::Request,
                _ => Level::Metadata,
            },
            selector,
            inferred: false,
            told: told.facts,
        }))
    }

    fn deletes_dry(&self) -> bool {
        self.verb.starts_with("delete")
            && self
                .delete_options()
                .and_then(|options| options.dry_run)
                .is_some_and(|stages| !stages.is_empty())
    }

    fn delete_options(&self) -> Option<DeleteOptions> {
        serde_json::from_str(self.request_object?.get()).ok()
    }

    /// What both bodies tell; where they differ, the answer is the truth.
    fn told(&self, verb: Verb, subresource: &str) -> Told {
        let created = self.code() == 201;
        let asked = match (verb, self.request_object) {
            (Verb::Delete | Verb::DeleteCollection, _) => self.asks_to_delete(),
            (_, None) => Told::default(),
            (Verb::Patch | Verb::Apply, Some(raw)) if raw.get().starts_with('[') => {
                Told { facts: patch::tell(raw).unwrap_or_default(), ..Told::default() }
            }
            (verb, Some(raw)) => body::tell(raw, reading(verb, created)).unwrap_or_default(),
        };
        let answer = self.response_object.and_then(|raw| body::tell(raw, Reading::Whole));
        let succeeded = self.response_status.as_ref().and_then(|it| it.status.as_deref());
        let mut told = merge(asked, answer, subresource);
        let success = told.outcome.as_deref().or(succeeded) == Some("Success");
        told.facts.gone = verb == Verb::Delete && success;
        told
    }

    fn asks_to_delete(&self) -> Told {
        // Above the level of metadata a deletion without a body is one without options.
        let bare = (self.level.as_ref() != "Metadata").then(DeleteOptions::default);
        let guarded = self.delete_options().or(bare).map(|options| {
            let named = options.preconditions.unwrap_or_default();
            named.uid.is_some() && named.resource_version.is_some()
        });
        Told { facts: Facts { guarded, ..Facts::default() }, ..Told::default() }
    }
}

impl ObjectReference {
    /// The key; a name that the server made up stands in its answer only.
    fn key(&self, answered: Option<&str>) -> Key {
        let name = match (self.name.as_str(), answered) {
            ("", Some(answered)) => answered,
            (name, _) => name,
        };
        let scope = if self.resource == "namespaces" { "" } else { &self.namespace };
        Key {
            group: self.api_group.clone(),
            resource: self.resource.clone(),
            namespace: scope.to_owned(),
            name: name.to_owned(),
        }
    }
}

fn names_its_kind(body: &str) -> bool {
    body.starts_with('{') && body.contains("\"apiVersion\"") && body.contains("\"kind\"")
}

fn reading(verb: Verb, created: bool) -> Reading {
    match verb {
        Verb::Patch => Reading::Merge,
        Verb::Apply if !created => Reading::Apply,
        _ => Reading::Whole,
    }
}

/// Lays the answer over what was asked. The answer to a request on a subresource with a kind of
/// its own (`Scale`, `Eviction`) is not the object.
fn merge(asked: Told, answer: Option<Told>, subresource: &str) -> Told {
    let own_kind = !matches!(subresource, "" | "status");
    let mut told = asked;
    if own_kind {
        let replicas = told.facts.replicas.filter(|_| subresource == "scale");
        let touched = told.facts.touched.take();
        told = Told { uid: told.uid, resource_version: told.resource_version, ..Told::default() };
        told.facts = Facts { replicas, touched, ..Facts::default() };
    }
    if subresource.is_empty() {
        told.facts.forget_status();
    }
    // The UID and version of the request are the caller's idea of them.
    told.uid = None;
    told.resource_version = None;
    let Some(answer) = answer else {
        return told;
    };
    if answer.kind.as_deref() == Some("Status") {
        told.outcome = answer.outcome;
        return told;
    }
    told.uid = answer.uid;
    told.resource_version = answer.resource_version;
    told.name = answer.name.or(told.name);
    if own_kind {
        return told;
    }
    told.kind = answer.kind.filter(|kind| kind != "PartialObjectMetadata").or(told.kind);
    told.facts.overlay(answer.facts);
    told
}
