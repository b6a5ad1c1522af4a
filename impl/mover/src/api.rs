//! Requests to an API server, each with a deadline.
//!
//! The raw form is used throughout: the answer to a write is either known or it is not, and no text
//! of an answer, which may hold a Secret's value, comes into an error or a log.

use std::time::Duration;

use http::{Method, Request, header};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use crate::FIELD_MANAGER;

/// How many objects a page of a list has.
const PAGE: usize = 500;

/// A request that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{method} {path}: {fault}")]
pub struct ApiError {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: String,
    /// What became of it.
    pub fault: Fault,
    /// What the server says. Never shown: it may quote a value.
    pub(crate) message: String,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No answer, or one that tells nothing: the request may have landed, may land later, or never.
    #[error("the answer is lost")]
    Lost,
    /// The server refused it.
    #[error("refused with {code} {reason}")]
    Refused {
        /// The HTTP status.
        code: u16,
        /// The reason.
        reason: String,
    },
}

impl ApiError {
    /// Whether nothing of that name, or of that type, is there.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.code() == Some(404)
    }

    /// Whether a guard did not hold, or the name is taken.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.code() == Some(409)
    }

    /// Whether it is not known whether the request landed.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.fault == Fault::Lost
    }

    fn code(&self) -> Option<u16> {
        match self.fault {
            Fault::Refused { code, .. } => Some(code),
            Fault::Lost => None,
        }
    }
}

/// An API server.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client,
    /// How long a request is waited for, and how long the server may take for it. A client that
    /// repeats a request does so within the first, so that nothing lands after twice this time.
    limit: Duration,
}

/// The content of a request.
struct Content<'a> {
    kind: &'static str,
    body: &'a Value,
}

impl Api {
    /// An API server whose requests land within `deadline`, or never.
    pub(crate) fn new(client: Client, deadline: Duration) -> Self {
        Self { client, limit: (deadline / 2).max(Duration::from_millis(1)) }
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, ApiError> {
        self.send(Method::GET, path, &[], None).await
    }

    /// What is there, if it is there.
    pub(crate) async fn find(&self, path: &str) -> Result<Option<Value>, ApiError> {
        match self.get(path).await {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All objects of a collection, page by page.
    pub(crate) async fn list(&self, path: &str) -> Result<Vec<Value>, ApiError> {
        let mut items = Vec::new();
        let mut token = String::new();
        loop {
            let mut query = vec![("limit", PAGE.to_string())];
            if !token.is_empty() {
                query.push(("continue", token));
            }
            let mut page = self.send(Method::GET, path, &query, None).await?;
            let next = page.pointer("/metadata/continue").and_then(Value::as_str);
            token = next.unwrap_or_default().to_owned();
            if let Some(Value::Array(page)) = page.get_mut("items").map(Value::take) {
                items.extend(page);
            }
            if token.is_empty() {
                return Ok(items);
            }
        }
    }

    pub(crate) async fn create(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        let content = Content { kind: "application/json", body };
        self.send(Method::POST, path, &[manager()], Some(content)).await
    }

    /// A create that is judged and not stored.
    pub(crate) async fn try_create(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        let query = [manager(), ("dryRun", "All".to_owned())];
        let content = Content { kind: "application/json", body };
        self.send(Method::POST, path, &query, Some(content)).await
    }

    /// Replaces an object; the guards are in the body.
    pub(crate) async fn replace(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        let content = Content { kind: "application/json", body };
        self.send(Method::PUT, path, &[manager()], Some(content)).await
    }

    /// A merge patch; the guards are in the patch.
    pub(crate) async fn patch(&self, path: &str, patch: &Value) -> Result<Value, ApiError> {
        let content = Content { kind: "application/merge-patch+json", body: patch };
        self.send(Method::PATCH, path, &[manager()], Some(content)).await
    }

    /// Deletes this very state of an object, and nothing that it owns.
    pub(crate) async fn delete(
        &self,
        path: &str,
        uid: &str,
        version: &str,
    ) -> Result<Value, ApiError> {
        let options = json!({
            "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Orphan",
            "preconditions": {"uid": uid, "resourceVersion": version},
        });
        let content = Content { kind: "application/json", body: &options };
        self.send(Method::DELETE, path, &[], Some(content)).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        content: Option<Content<'_>>,
    ) -> Result<Value, ApiError> {
        let failed = |fault: Fault, message: String| ApiError {
            method: method.clone(),
            path: path.to_owned(),
            fault,
            message,
        };
        let lost = || failed(Fault::Lost, String::new());
        let request = self.request(&method, path, query, content).ok_or_else(lost)?;
        let answer = tokio::time::timeout(self.limit, self.exchange(request)).await;
        let (code, body) = answer.ok().flatten().ok_or_else(lost)?;
        let value: Option<Value> = serde_json::from_slice(&body).ok();
        if (200..300).contains(&code) {
            return value.ok_or_else(lost);
        }
        // What a server could not finish may land yet.
        if code >= 500 {
            return Err(lost());
        }
        let text = |field: &str| {
            let text = value.as_ref().and_then(|status| status.get(field)?.as_str());
            text.unwrap_or_default().to_owned()
        };
        Err(failed(Fault::Refused { code, reason: text("reason") }, text("message")))
    }

    fn request(
        &self,
        method: &Method,
        path: &str,
        query: &[(&str, String)],
        content: Option<Content<'_>>,
    ) -> Option<Request<Body>> {
        let mut uri = format!("{path}?timeout={}ms", self.limit.as_millis());
        for (key, value) in query {
            uri.push_str(&format!("&{key}={value}"));
        }
        let request = Request::builder().method(method.clone()).uri(uri);
        let request = request.header(header::ACCEPT, "application/json");
        let body = content.as_ref().map(|content| serde_json::to_vec(content.body));
        let request = match &content {
            Some(content) => request.header(header::CONTENT_TYPE, content.kind),
            None => request,
        };
        request.body(Body::from(body.transpose().ok()?.unwrap_or_default())).ok()
    }

    async fn exchange(&self, request: Request<Body>) -> Option<(u16, Vec<u8>)> {
        let response = self.client.send(request).await.ok()?;
        let code = response.status().as_u16();
        let body = response.into_body().collect().await.ok()?;
        Some((code, body.to_bytes().to_vec()))
    }
}

fn manager() -> (&'static str, String) {
    ("fieldManager", FIELD_MANAGER.to_owned())
}
