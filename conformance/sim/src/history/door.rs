//! The way of a subject's requests to an API server: what only a request knows.

use bytes::Bytes;
use fulcrum_apiserver::ApiServer;
use fulcrum_apiserver::auth::User;
use fulcrum_apiserver::inject::Broken;
use http::{Method, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Recorder;
use super::event::{Line, Telling};

/// The body of an answer; that of a watch goes on.
type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// An API server, as a subject reaches it. Every request of a subject goes through
/// [`Door::handle`]; a `tower::Service` around it is what `kube::Client` takes.
///
/// Without it a write is on record all the same, without its body, preconditions and user agent;
/// one that was refused is not.
#[derive(Clone, Debug)]
pub struct Door {
    recorder: Recorder,
    cluster: String,
    server: Server,
}

/// A server, without its contents in `Debug`.
#[derive(Clone)]
struct Server(ApiServer);

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiServer")
    }
}

/// A write that is on its way.
struct Asked {
    method: Method,
    path: String,
    query: String,
    applies: bool,
    agent: String,
    impersonates: Option<String>,
    body: Bytes,
    received: Timestamp,
}

impl Door {
    pub(super) fn new(recorder: Recorder, cluster: &str, server: ApiServer) -> Self {
        Self { recorder, cluster: cluster.to_owned(), server: Server(server) }
    }

    /// Answers a request of this user, whose credentials and rights are not asked for, and writes
    /// it down if it writes.
    pub async fn handle(&self, user: &User, request: Request<Bytes>) -> Response<Body> {
        let writes = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        if !writes.contains(request.method()) {
            return self.server.0.handle_as(user, request).await;
        }
        let asked = Asked::of(&request, self.recorder.now());
        let (head, body) = self.server.0.handle_as(user, request).await.into_parts();
        // A body that breaks off is an answer that was lost: its write is seen in the store.
        let Ok(collected) = body.collect().await else {
            let broken = head.extensions.get::<Broken>().copied();
            return broken.unwrap_or(Broken::AnswerLost).response();
        };
        let bytes = collected.to_bytes();
        self.tell(&user.name, &asked, head.status.as_u16(), &bytes);
        let body = Full::new(bytes).map_err(|never| match never {}).boxed_unsync();
        Response::from_parts(head, body)
    }

    fn tell(&self, user: &str, asked: &Asked, code: u16, answer: &[u8]) {
        self.recorder.catch_up();
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        let body = asked.body();
        let named = |object: &Value| object["metadata"]["name"].as_str().map(str::to_owned);
        let name = named(&answer).or_else(|| named(&body)).unwrap_or_default();
        let Some(place) = Place::of(&asked.path, &name) else {
            return;
        };
        let completed = self.recorder.now();
        let mut fields = Map::new();
        for (field, value) in [
            ("verb", json!(asked.verb(&place))),
            ("userAgent", json!(asked.agent)),
            ("requestURI", json!(format!("{}?{}", asked.path, asked.query))),
            ("requestObject", body.clone()),
            ("requestReceivedTimestamp", json!(asked.received)),
            ("stageTimestamp", json!(completed)),
            ("impersonatedUser", asked.impersonated()),
        ] {
            fields.insert(field.to_owned(), value);
        }
        let uid = body["metadata"]["uid"].as_str();
        let version = answer["metadata"]["resourceVersion"].as_str();
        let version: Option<u64> = version.and_then(|version| version.parse().ok());
        let mut state = self.recorder.lock();
        let ours = |line: &&mut Line| {
            let same = line.cluster == self.cluster && line.key == place.key && !line.told;
            // Of a deletion that was done at once the answer may be without a version.
            let written = version.is_none_or(|version| version == line.version);
            same && (written || asked.method == Method::DELETE)
        };
        if code < 400
            && let Some(line) = state.open.iter_mut().rev().find(ours)
        {
            line.tell(fields);
            uid.into_iter().for_each(|uid| line.name_uid(uid));
            return;
        }
        drop(state);
        // It changed nothing: refused, a dry run, or what was there already.
        let mut line = Line::of(Telling {
            cluster: &self.cluster,
            key: place.key.clone(),
            api_version: &place.version,
            subresource: &place.subresource,
            version: 0,
            user,
            agent: "",
            verb: "",
            query: "",
            code,
            asked: Value::Null,
            answered: answer,
            received: asked.received,
            completed,
        });
        line.tell(fields);
        uid.into_iter().for_each(|uid| line.name_uid(uid));
        self.recorder.write(line);
    }
}

impl Asked {
    fn of(request: &Request<Bytes>, received: Timestamp) -> Self {
        let header = |name: &str| {
            request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let content = header("content-type").unwrap_or_default();
        Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            applies: content.starts_with("application/apply-patch"),
            agent: header("user-agent").unwrap_or_default(),
            impersonates: header("impersonate-user"),
            body: request.body().clone(),
            received,
        }
    }

    fn verb(&self, place: &Place) -> &'static str {
        match self.method {
            Method::POST => "create",
            Method::PUT => "update",
            Method::DELETE if !place.named => "deletecollection",
            Method::DELETE => "delete",
            _ => "patch",
        }
    }

    /// The body as a log shows it. An apply that says neither its kind nor `force` would not be
    /// known for one.
    fn body(&self) -> Value {
        let mut body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        if self.applies && body.is_object() && body.get("kind").is_none() {
            body["kind"] = json!("");
        }
        body
    }

    fn impersonated(&self) -> Value {
        self.impersonates.as_ref().map_or(Value::Null, |user| json!({"username": user}))
    }
}

/// What a path is about.
struct Place {
    key: [String; 4],
    version: String,
    subresource: String,
    /// Whether the path names an object.
    named: bool,
}

impl Place {
    /// `/api/v1/...` or `/apis/<group>/<version>/...`; the name of a new object is not in it.
    fn of(path: &str, answered: &str) -> Option<Self> {
        let mut parts = path.trim_matches('/').split('/');
        let group = match parts.next()? {
            "api" => "",
            "apis" => parts.next()?,
            _ => return None,
        };
        let version = parts.next()?.to_owned();
        let rest: Vec<&str> = parts.collect();
        let (namespace, rest) = match rest.as_slice() {
            ["namespaces", namespace, plural, rest @ ..]
                if !matches!(*plural, "status" | "finalize") =>
            {
                (*namespace, [&[*plural][..], rest].concat())
            }
            all => ("", all.to_vec()),
        };
        let plural = (*rest.first()?).to_owned();
        let named = rest.len() > 1;
        let name = rest.get(1).copied().unwrap_or(answered).to_owned();
        let subresource = rest.get(2).copied().unwrap_or_default().to_owned();
        let key = [group.to_owned(), plural, namespace.to_owned(), name];
        Some(Self { key, version, subresource, named })
    }
}
