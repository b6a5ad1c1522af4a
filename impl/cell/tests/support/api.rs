//! As much of an API server as a cell and an agent need: any kind, in memory.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream;
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::Notify;

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// A server without rules. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Api(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    version: u64,
    /// By prefix (`/api/v1/secrets`), namespace and name.
    objects: BTreeMap<(String, String, String), Value>,
    /// Prefix, event, object.
    log: Vec<(String, &'static str, Value)>,
}

/// A path, taken apart.
struct Place {
    prefix: String,
    namespace: String,
    name: Option<String>,
}

impl Place {
    fn of(path: &str) -> Self {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let head = if parts[0] == "api" { 2 } else { 3 };
        let (head, rest) = parts.split_at(head.min(parts.len()));
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
            rest => ("", rest),
        };
        let plural = rest.first().copied().unwrap_or_default();
        Self {
            prefix: format!("/{}/{plural}", head.join("/")),
            namespace: namespace.to_owned(),
            name: rest.get(1).map(|name| (*name).to_owned()),
        }
    }
}

impl Api {
    /// A client of it.
    pub(crate) fn client(&self) -> kube::Client {
        kube::Client::new(self.clone(), "default")
    }

    /// The object at a path.
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        let place = Place::of(path);
        let key = (place.prefix, place.namespace, place.name?);
        self.0.state.lock().expect("no test panics while it holds this").objects.get(&key).cloned()
    }

    /// Makes an object in a collection.
    pub(crate) fn create(&self, path: &str, object: Value) {
        let (status, answer) = self.write(&Method::POST, &Place::of(path), object);
        assert!(status.is_success(), "{answer}");
    }

    /// Deletes the object at a path.
    pub(crate) fn delete(&self, path: &str) {
        self.write(&Method::DELETE, &Place::of(path), Value::Null);
    }

    fn write(&self, method: &Method, place: &Place, body: Value) -> (StatusCode, Value) {
        let mut state = self.0.state.lock().expect("no test panics while it holds this");
        let named = place.name.clone().or_else(|| text(&body, "/metadata/name"));
        let name = named.unwrap_or_default();
        let key = (place.prefix.clone(), place.namespace.clone(), name.clone());
        let old = state.objects.get(&key).cloned();
        let (event, mut new) = match (method.as_str(), old) {
            ("POST", Some(_)) => return refuse(StatusCode::CONFLICT, "AlreadyExists"),
            ("POST", None) => ("ADDED", body),
            (_, None) => return refuse(StatusCode::NOT_FOUND, "NotFound"),
            ("DELETE", Some(old)) => {
                state.objects.remove(&key);
                state.log.push((key.0, "DELETED", old.clone()));
                self.0.changed.notify_waiters();
                return (StatusCode::OK, old);
            }
            (method, Some(old)) => {
                let (have, wants) = ("/metadata/resourceVersion", &body);
                let guard = text(wants, have);
                if guard.is_some() && guard != text(&old, have) {
                    return refuse(StatusCode::CONFLICT, "Conflict");
                }
                let new = match method {
                    "PATCH" => merged(old, body),
                    _ => body,
                };
                ("MODIFIED", new)
            }
        };
        state.version += 1;
        new["metadata"]["name"] = json!(name);
        if !place.namespace.is_empty() {
            new["metadata"]["namespace"] = json!(place.namespace);
        }
        if new["metadata"]["uid"].is_null() {
            new["metadata"]["uid"] =
                json!(format!("00000000-0000-4000-8000-{:012}", state.version));
        }
        new["metadata"]["resourceVersion"] = json!(state.version.to_string());
        state.objects.insert(key.clone(), new.clone());
        state.log.push((key.0, event, new.clone()));
        self.0.changed.notify_waiters();
        (StatusCode::OK, new)
    }

    fn list(&self, place: &Place) -> Value {
        let state = self.0.state.lock().expect("no test panics while it holds this");
        let here = |key: &(String, String, String)| {
            key.0 == place.prefix && (place.namespace.is_empty() || key.1 == place.namespace)
        };
        let items: Vec<&Value> =
            state.objects.iter().filter(|(key, _)| here(key)).map(|(_, object)| object).collect();
        json!({
            "apiVersion": "v1", "kind": "List", "items": items,
            "metadata": {"resourceVersion": state.version.to_string()},
        })
    }

    fn watch(&self, place: Place, after: u64) -> UnsyncBoxBody<Bytes, Infallible> {
        let start = (self.clone(), place.prefix, 0_usize);
        let events = stream::unfold(start, move |(api, prefix, mut at)| async move {
            let inner = Arc::clone(&api.0);
            loop {
                let changed = inner.changed.notified();
                let found = {
                    let state = inner.state.lock().expect("no test panics while it holds this");
                    let logged = state.log.iter().enumerate().skip(at);
                    let newer = |object: &Value| {
                        let version = text(object, "/metadata/resourceVersion");
                        version.and_then(|text| text.parse().ok()).unwrap_or(0_u64) > after
                    };
                    let mut wanted = logged.filter(|(_, (of, event, object))| {
                        *of == prefix && (newer(object) || *event == "DELETED")
                    });
                    wanted.next().map(|(at, (_, event, object))| {
                        (at, format!("{}\n", json!({"type": event, "object": object})))
                    })
                };
                if let Some((found, line)) = found {
                    at = found + 1;
                    let frame = http_body::Frame::data(Bytes::from(line));
                    return Some((Ok::<_, Infallible>(frame), (api, prefix, at)));
                }
                changed.await;
            }
        });
        StreamBody::new(events).boxed_unsync()
    }

    async fn answer(self, request: Request<Body>) -> Answer {
        let (parts, body) = request.into_parts();
        let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let place = Place::of(parts.uri.path());
        let query = parts.uri.query().unwrap_or_default();
        let (status, value) = match (&parts.method, &place.name) {
            (&Method::GET, None) if query.contains("watch=true") => {
                let after = query.split('&').find_map(|part| part.strip_prefix("resourceVersion="));
                let after = after.and_then(|text| text.parse().ok()).unwrap_or(0);
                return Response::new(self.watch(place, after));
            }
            (&Method::GET, None) => (StatusCode::OK, self.list(&place)),
            (&Method::GET, Some(_)) => match self.get(parts.uri.path()) {
                Some(object) => (StatusCode::OK, object),
                None => refuse(StatusCode::NOT_FOUND, "NotFound"),
            },
            (method, _) => {
                let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
                self.write(method, &place, body)
            }
        };
        let body = Full::new(Bytes::from(value.to_string())).boxed_unsync();
        let mut response = Response::new(body);
        *response.status_mut() = status;
        response
    }
}

impl tower::Service<Request<Body>> for Api {
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let api = self.clone();
        Box::pin(async move { Ok(api.answer(request).await) })
    }
}

fn text(value: &Value, path: &str) -> Option<String> {
    value.pointer(path).and_then(Value::as_str).map(str::to_owned)
}

fn refuse(status: StatusCode, reason: &str) -> (StatusCode, Value) {
    let body = json!({
        "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
        "message": reason, "reason": reason, "code": status.as_u16(),
    });
    (status, body)
}

fn merged(old: Value, patch: Value) -> Value {
    match (old, patch) {
        (Value::Object(mut old), Value::Object(patch)) => {
            for (field, value) in patch {
                if value.is_null() {
                    old.remove(&field);
                } else {
                    let before = old.remove(&field).unwrap_or(Value::Null);
                    old.insert(field, merged(before, value));
                }
            }
            Value::Object(old)
        }
        (_, patch) => patch,
    }
}
