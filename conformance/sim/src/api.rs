//! How everybody in the simulation speaks to an API server: over a link that can be cut, with a
//! latency, as a user with a user agent, which is its field manager too.
//!
//! # What a call meets
//! 1. A link that is cut: [`ApiError::Unreachable`] after the [patience](Api::patience()) of the
//!    caller, as a dial into nothing. A server that is down refuses at once.
//! 2. The way there: half a latency, of 1 to 5 ms there and back, and the whole delay of a link
//!    that delays. A request that is on its way arrives, even if the caller has died or lost its
//!    patience ([`ApiError::Lost`]) meanwhile: a *delayed write*. It is on its way as long as any
//!    clone of the [`Api`] from which the caller's was made is kept.
//! 3. A link that was cut meanwhile, or that drops answers: [`ApiError::Lost`], whether or not the
//!    request was carried out.
//! 4. The answer of the server, half a latency later.
//!
//! **Invariant:** a call that is dropped before it was first polled has done nothing.

mod error;
mod request;
pub mod resources;
#[cfg(test)]
mod tests;
mod wire;

use std::fmt;
use std::time::Duration;

use fulcrum_apiserver::ApiServer;
use fulcrum_apiserver::auth::User;
use http::Method;
use serde_json::{Value, json};

pub use self::error::ApiError;
use self::request::{Query, Sent};
pub use self::resources::Res;
use self::wire::Wire;
use crate::entropy::SharedEntropy;
use crate::net::Link;

/// How long a caller waits for an answer if nothing else was said.
const PATIENCE: Duration = Duration::from_secs(10);

/// Preconditions and manner of a DELETE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    /// `Background`, `Foreground`, `Orphan`; `None`: as the kind has it.
    pub propagation: Option<&'static str>,
    /// The uid that the object must have.
    pub uid: Option<String>,
    /// The resourceVersion that the object must have.
    pub version: Option<String>,
}

/// A client of an API server; cheap to clone.
#[derive(Clone)]
pub struct Api {
    server: ApiServer,
    user: User,
    agent: String,
    link: Link,
    patience: Duration,
    wire: Wire,
}

impl Api {
    /// A client on a link. Its latencies come from a stream that only its ends and its agent
    /// decide, until it is [seeded](Self::seeded).
    #[must_use]
    pub fn new(server: ApiServer, user: User, agent: &str, link: Link) -> Self {
        let label = format!("{} -> {}: {agent}", link.from(), link.to());
        let wire = Wire::new(SharedEntropy::new(0).fork(&label));
        Self { server, user, agent: agent.to_owned(), link, patience: PATIENCE, wire }
    }

    /// The same, with latencies from this stream.
    #[must_use]
    pub fn seeded(&self, entropy: SharedEntropy) -> Self {
        Self { wire: self.wire.seeded(entropy), ..self.clone() }
    }

    /// The same under another user agent and field manager.
    #[must_use]
    pub fn as_agent(&self, agent: &str) -> Self {
        Self { agent: agent.to_owned(), ..self.clone() }
    }

    /// The same as another user.
    #[must_use]
    pub fn as_user(&self, user: User) -> Self {
        Self { user, ..self.clone() }
    }

    /// The same over another link.
    #[must_use]
    pub fn over(&self, link: Link) -> Self {
        Self { link, ..self.clone() }
    }

    /// The same, waiting so long for an answer.
    #[must_use]
    pub fn patience(&self, patience: Duration) -> Self {
        Self { patience, ..self.clone() }
    }

    /// The server at the other end: to observe it, and to inject faults.
    #[must_use]
    pub fn server(&self) -> &ApiServer {
        &self.server
    }

    /// The link.
    #[must_use]
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// The user agent, which is the field manager as well.
    #[must_use]
    pub fn agent(&self) -> &str {
        &self.agent
    }

    /// Reads an object; `None` if there is none.
    ///
    /// # Errors
    /// As the call fails, but for 404.
    pub async fn get(&self, r: &Res, ns: &str, name: &str) -> Result<Option<Value>, ApiError> {
        match self.send(Sent::new(Method::GET, r.path(ns, name))).await {
            Ok(object) => Ok(Some(object)),
            Err(ApiError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads the objects of a namespace or of all that carry these labels (`a=b,c`; empty: all).
    ///
    /// # Errors
    /// As the call fails.
    pub async fn list(
        &self,
        r: &Res,
        ns: Option<&str>,
        labels: &str,
    ) -> Result<Vec<Value>, ApiError> {
        let query = Query::default().with("labelSelector", labels);
        let sent = Sent::new(Method::GET, r.path(ns.unwrap_or_default(), "")).query(query);
        let mut list = self.send(sent).await?;
        let Some(Value::Array(mut items)) = list.get_mut("items").map(Value::take) else {
            return Ok(Vec::new());
        };
        for item in &mut items {
            item["apiVersion"] = json!(r.api_version());
            item["kind"] = json!(r.kind);
        }
        Ok(items)
    }

    /// Creates an object and returns it as stored. Its `generateName` is completed.
    ///
    /// # Errors
    /// As the call fails.
    pub async fn create(&self, r: &Res, ns: &str, object: &Value) -> Result<Value, ApiError> {
        let sent = Sent::new(Method::POST, r.path(ns, "")).query(self.manager());
        self.send(sent.json("application/json", object)).await
    }

    /// Replaces an object, if it still has the resourceVersion that it carries.
    ///
    /// # Errors
    /// As the call fails.
    pub async fn update(&self, r: &Res, object: &Value) -> Result<Value, ApiError> {
        self.update_below(r, "", object).await
    }

    /// Replaces what hangs below an object, such as `status`.
    ///
    /// # Errors
    /// As the call fails.
    pub async fn update_below(
        &self,
        r: &Res,
        sub: &str,
        object: &Value,
    ) -> Result<Value, ApiError> {
        let (ns, name) = place(object);
        let sent = Sent::new(Method::PUT, below(r.path(ns, name), sub)).query(self.manager());
        self.send(sent.json("application/json", object)).await
    }

    /// Merges a patch into an object, or into what hangs below (`sub`: empty or `status`). A
    /// `metadata.resourceVersion` in the patch is a condition.
    ///
    /// # Errors
    /// As the call fails.
    pub async fn patch_merge(
        &self,
        r: &Res,
        ns: &str,
        name: &str,
        sub: &str,
        patch: &Value,
    ) -> Result<Value, ApiError> {
        let sent = Sent::new(Method::PATCH, below(r.path(ns, name), sub)).query(self.manager());
        self.send(sent.json("application/merge-patch+json", patch)).await
    }

    /// Applies an object on the side of the server; `force` takes fields over from others. Creates
    /// what is not there.
    ///
    /// # Errors
    /// As the call fails; [`ApiError::Conflict`] when others own a field.
    pub async fn apply(
        &self,
        r: &Res,
        ns: &str,
        name: &str,
        object: &Value,
        force: bool,
    ) -> Result<Value, ApiError> {
        let query = self.manager().with("force", if force { "true" } else { "" });
        let sent = Sent::new(Method::PATCH, r.path(ns, name)).query(query);
        self.send(sent.json("application/apply-patch+yaml", object)).await
    }

    /// Deletes an object, under the preconditions in the options.
    ///
    /// # Errors
    /// As the call fails; [`ApiError::Conflict`] when a precondition does not hold.
    pub async fn delete(
        &self,
        r: &Res,
        ns: &str,
        name: &str,
        options: &DeleteOptions,
    ) -> Result<(), ApiError> {
        let mut body = json!({"kind": "DeleteOptions", "apiVersion": "v1"});
        if let Some(propagation) = options.propagation {
            body["propagationPolicy"] = json!(propagation);
        }
        for (field, value) in [("uid", &options.uid), ("resourceVersion", &options.version)] {
            if let Some(value) = value {
                body["preconditions"][field] = json!(value);
            }
        }
        let sent = Sent::new(Method::DELETE, r.path(ns, name)).json("application/json", &body);
        self.send(sent).await.map(drop)
    }

    /// Evicts a pod.
    ///
    /// # Errors
    /// As the call fails.
    pub async fn evict(&self, ns: &str, pod: &str) -> Result<(), ApiError> {
        let path = below(resources::PODS.path(ns, pod), "eviction");
        let body = json!({
            "apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": {"name": pod, "namespace": ns},
        });
        let sent = Sent::new(Method::POST, path).json("application/json", &body);
        self.send(sent).await.map(drop)
    }

    /// The query of a write.
    fn manager(&self) -> Query {
        Query::default().with("fieldManager", &self.agent)
    }

    async fn send(&self, sent: Sent) -> Result<Value, ApiError> {
        let request = sent.request(&self.agent)?;
        let call = wire::Call {
            server: self.server.clone(),
            user: self.user.clone(),
            link: self.link.clone(),
            request,
        };
        self.wire.carry(call, self.patience).await
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("agent", &self.agent).finish_non_exhaustive()
    }
}

/// Namespace and name of an object.
fn place(object: &Value) -> (&str, &str) {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    (text("namespace"), text("name"))
}

/// The path of what hangs below.
fn below(path: String, sub: &str) -> String {
    if sub.is_empty() { path } else { format!("{path}/{sub}") }
}
