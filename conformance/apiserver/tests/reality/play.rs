//! A conversation with the server under test, in virtual time.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::reality::compare::Compare;
use crate::reality::format::{Action, Conversation, Json, Step};
use crate::reality::stream::Watch;
use crate::reality::wire::{answer, answer_headers, holds, pick, wire};

/// The body of an answer.
pub(crate) type BoxBody = UnsyncBoxBody<Bytes, Box<dyn Error + Send + Sync>>;

/// The server under test, in the tokio runtime of the trial.
pub(crate) trait Subject {
    /// Answers a request. The body of a watch stays open.
    async fn call(&self, request: http::Request<Bytes>) -> http::Response<BoxBody>;
    /// Forgets everything older than now.
    fn compact(&self);
}

/// How a conversation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passes,
    /// The first difference, with its step.
    Differs(String),
    /// The server says of something needed that it is not implemented (501).
    NotYet,
}

/// What a request takes, so that the work behind the previous one may be seen to start.
const LATENCY: Duration = Duration::from_millis(2);
/// When a client gives up on an answer.
const PATIENCE: Duration = Duration::from_secs(70);
/// Why a step failed when the server answered with 501.
const NOT_IMPLEMENTED: &str = "not implemented";

/// Makes the objects of a world and waits until they are in effect.
///
/// # Errors
///
/// Says what could not be made, or did not come into effect.
pub(crate) async fn make_world<S: Subject>(server: &S, objects: &[Value]) -> Result<(), Outcome> {
    for object in objects {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or("");
        let plural = format!("{}s", text("/kind").to_lowercase());
        let path = format!("/apis/{}/{plural}", text("/apiVersion"));
        let request = json!({"method": "POST", "path": path, "body": object});
        let got = send(server, &Json::from(&request)).await.map_err(outcome("world"))?;
        if !["201", "409"].contains(&got["code"].to_string().as_str()) {
            let what = format!("world: {plural}/{}: {got}", text("/metadata/name"));
            return Err(Outcome::Differs(what));
        }
    }
    let is_definition = |object: &&Value| object["kind"] == "CustomResourceDefinition";
    for definition in objects.iter().filter(is_definition) {
        let text =
            |pointer: &str| definition.pointer(pointer).and_then(Value::as_str).unwrap_or("");
        let (version, name) = (text("/apiVersion"), text("/metadata/name"));
        let path = format!("/apis/{version}/customresourcedefinitions/{name}");
        let established = json!({"field": "/status/conditions",
            "any": {"type": "Established", "status": "True"}});
        becomes(server, &json!({"method": "GET", "path": path}), &established).await?;
        let versions = definition.pointer("/spec/versions").and_then(Value::as_array);
        let is_served = |version: &&Value| version["served"] == true;
        for version in versions.into_iter().flatten().filter(is_served) {
            let (group, plural) = (text("/spec/group"), text("/spec/names/plural"));
            let version = version["name"].as_str().unwrap_or("");
            let path = format!("/apis/{group}/{version}/{plural}");
            becomes(server, &json!({"method": "GET", "path": path}), &json!({"code": 200})).await?;
        }
    }
    let as_editor = json!({"method": "GET", "path": "/api/v1/namespaces/default/configmaps",
        "headers": {"user": "editor"}});
    becomes(server, &as_editor, &json!({"code": 200})).await
}

async fn becomes<S: Subject>(server: &S, request: &Value, until: &Value) -> Result<(), Outcome> {
    let polled = poll(server, &Json::from(request), until, 20_000, false).await;
    let (got, ok) = polled.map_err(outcome("world"))?;
    if ok { Ok(()) } else { Err(Outcome::Differs(format!("world: {until} not met by {got}"))) }
}

/// Says where something went wrong.
fn outcome(place: impl ToString) -> impl FnOnce(String) -> Outcome {
    let place = place.to_string();
    move |what| match what.as_str() {
        NOT_IMPLEMENTED => Outcome::NotYet,
        _ => Outcome::Differs(format!("{place}: {what}")),
    }
}

/// Plays one conversation against a server that has the world and not yet its namespace.
pub(crate) async fn play<S: Subject>(server: &S, conversation: &Conversation) -> Outcome {
    match steps(server, conversation).await {
        Ok(()) => Outcome::Passes,
        Err(outcome) => outcome,
    }
}

async fn steps<S: Subject>(server: &S, conversation: &Conversation) -> Result<(), Outcome> {
    if let Some(name) = &conversation.namespace {
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let path = "/api/v1/namespaces";
        let request = json!({"method": "POST", "path": path, "body": namespace});
        let got = send(server, &Json::from(&request)).await.map_err(outcome("namespace"))?;
        if got["code"] != 201 {
            return Err(Outcome::Differs(format!("namespace {name} could not be made: {got}")));
        }
    }
    let mut player = Player { server, compare: Compare::default(), watches: BTreeMap::new() };
    for step in &conversation.steps {
        let place = format!("step {}", step.number);
        let got = player.perform(step).await.map_err(outcome(&place))?;
        let compared = player.compare.step(step, &got).map_err(|difference| difference.to_string());
        compared.map_err(outcome(&place))?;
    }
    Ok(())
}

struct Player<'a, S> {
    server: &'a S,
    compare: Compare,
    watches: BTreeMap<String, Watch>,
}

impl<S: Subject> Player<'_, S> {
    /// Does a step and returns what it gave: `{response}`, `{events, ended}` or nothing.
    async fn perform(&mut self, step: &Step) -> Result<Value, String> {
        let translate = |recorded: &Json| self.compare.known.translate(recorded, "");
        let response = |answer: Value| json!({"response": pick(answer, step.pick.as_ref())});
        match &step.action {
            Action::Request(request) => send(self.server, &translate(request)).await.map(response),
            Action::Await { request, until, within_ms } => {
                let (request, until) = (translate(request), translate(until).value());
                let (got, ok) = poll(self.server, &request, &until, *within_ms, false).await?;
                if ok {
                    return Ok(response(got));
                }
                Err(format!("not within {within_ms} ms: {until}; last answer {}", cut(&got)))
            }
            Action::Hold { request, condition, for_ms } => {
                let (request, condition) = (translate(request), translate(condition).value());
                let (got, ok) = poll(self.server, &request, &condition, *for_ms, true).await?;
                if ok {
                    return Ok(response(got));
                }
                Err(format!("did not stay for {for_ms} ms: {condition}; answer {}", cut(&got)))
            }
            Action::Watch { id, request } => {
                let (watch, answer) = open_watch(self.server, &translate(request)).await?;
                self.watches.insert(id.clone(), watch);
                Ok(json!({"response": answer}))
            }
            Action::Collect { id, until } => {
                let watch = self.watches.get_mut(id).ok_or_else(|| format!("no watch {id}"))?;
                let events = watch.collect(until).await;
                Ok(json!({"events": events, "ended": watch.ended}))
            }
            Action::Sleep(ms) => {
                sleep(Duration::from_millis(*ms)).await;
                Ok(json!({}))
            }
            Action::Compact => {
                self.server.compact();
                Ok(json!({}))
            }
        }
    }
}

fn cut(value: &Value) -> String {
    value.to_string().chars().take(500).collect()
}

/// Sends a request and waits for the headers of the answer.
async fn open<S: Subject>(server: &S, request: &Json) -> Result<http::Response<BoxBody>, String> {
    let request = wire(request)?;
    let called = timeout(PATIENCE, server.call(request)).await;
    sleep(LATENCY).await;
    let response = called.map_err(|_| "no answer in 70 s".to_owned())?;
    if response.status() == http::StatusCode::NOT_IMPLEMENTED {
        return Err(NOT_IMPLEMENTED.to_owned());
    }
    Ok(response)
}

async fn whole(response: http::Response<BoxBody>) -> Result<Value, String> {
    let (parts, body) = response.into_parts();
    let read = timeout(PATIENCE, body.collect()).await;
    let read = read.map_err(|_| "the answer does not end in 70 s".to_owned())?;
    let bytes = read.map_err(|e| format!("the answer breaks off: {e}"))?.to_bytes();
    Ok(answer(parts.status.as_u16(), &parts.headers, &bytes))
}

async fn send<S: Subject>(server: &S, request: &Json) -> Result<Value, String> {
    whole(open(server, request).await?).await
}

/// Repeats a request until a condition holds or, with `stay`, as long as it does. Returns the last
/// answer and whether the condition held for it.
async fn poll<S: Subject>(
    server: &S,
    request: &Json,
    condition: &Value,
    within_ms: u64,
    stay: bool,
) -> Result<(Value, bool), String> {
    let start = Instant::now();
    loop {
        let got = send(server, request).await?;
        let ok = holds(condition, &got);
        let elapsed = start.elapsed();
        if ok != stay || elapsed > Duration::from_millis(within_ms) {
            return Ok((got, ok));
        }
        let pause = if elapsed < Duration::from_secs(1) { 20 } else { 100 };
        sleep(Duration::from_millis(pause)).await;
    }
}

/// Opens a watch. Its answer has a body only if it is refused.
async fn open_watch<S: Subject>(server: &S, request: &Json) -> Result<(Watch, Value), String> {
    let response = open(server, request).await?;
    let code = response.status().as_u16();
    if code != 200 {
        return Ok((Watch::refused(), whole(response).await?));
    }
    let headers = answer_headers(response.headers());
    let answer = json!({"code": code, "headers": headers});
    Ok((Watch::read(response.into_body()), answer))
}
