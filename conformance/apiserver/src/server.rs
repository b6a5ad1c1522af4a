//! The server: what is shared by all requests, and the controllers that every cluster has.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::Value;

use crate::admission::{Admission, Policies};
use crate::auth::{Tokens, User};
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::http::answer::{Answer, Body};
use crate::http::request::{Asked, Request};
use crate::http::{serve, show};
use crate::inject::{Broken, Facts, Fault, Injections, Refusal};
use crate::json::{metadata, text};
use crate::kinds;
use crate::registry::{Registry, Resource};
use crate::status::{GroupResource, Status};
use crate::store::{Key, Snapshot, Store};

/// What a server is made of.
#[derive(Clone)]
pub struct Options {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// Who may come in.
    pub tokens: Tokens,
}

/// An API server; cheap to clone.
#[derive(Clone)]
pub struct ApiServer(pub(crate) Arc<Inner>);

/// What all requests share.
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) registry: Registry,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) tokens: Tokens,
    pub(crate) injections: Injections,
    hooks: RwLock<Arc<Vec<Arc<dyn Admission>>>>,
    /// Held while a request is carried out, so that none sees half of another.
    turn: Mutex<()>,
    /// The resources of each definition, by its name and version.
    definitions: Mutex<BTreeMap<(String, String), Vec<Resource>>>,
}

impl Inner {
    /// The hooks at present.
    pub(crate) fn hooks(&self) -> Arc<Vec<Arc<dyn Admission>>> {
        Arc::clone(&self.hooks.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes to the store, and serves what a definition written there says.
    ///
    /// # Errors
    /// As the store refuses.
    pub(crate) fn write(
        &self,
        key: &Key,
        change: impl FnOnce(&Store) -> Result<Arc<Value>, Status>,
    ) -> Result<Arc<Value>, Status> {
        let written = change(&self.store)?;
        if key.resource == definitions() {
            self.learn();
        }
        Ok(written)
    }

    /// Serves what the stored definitions say.
    pub(crate) fn learn(&self) {
        let stored = self.store.list(&definitions(), None, None);
        let stored = stored.map(|(stored, _)| stored).unwrap_or_default();
        let mut known = self.definitions.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fresh = BTreeMap::new();
        for definition in stored {
            let text = |field: &str| metadata(&definition, field).to_owned();
            let id = (text("uid"), text("resourceVersion"));
            let resources = known.remove(&id).unwrap_or_else(|| kinds::crd::resources(&definition));
            fresh.insert(id, resources);
        }
        let all: Vec<Resource> = fresh.values().flatten().cloned().collect();
        *known = fresh;
        let served: Vec<GroupResource> = all.iter().map(Resource::stored_as).collect();
        for gone in self.registry.all().iter().filter(|resource| resource.custom.is_some()) {
            if !served.contains(&gone.stored_as()) {
                self.store.retire(&gone.stored_as());
            }
        }
        served.iter().for_each(|resource| self.store.serve(resource));
        self.registry.set_custom(all);
    }
}

fn definitions() -> GroupResource {
    GroupResource::new("apiextensions.k8s.io", "customresourcedefinitions")
}

impl ApiServer {
    /// A server with the namespaces that every cluster has, and nothing else.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let registry = Registry::new(kinds::builtin());
        let store = Store::new();
        for resource in registry.all() {
            store.serve(&resource.stored_as());
        }
        let policies = Policies::new(store.clone());
        let inner = Inner {
            store,
            registry,
            clock: options.clock,
            entropy: options.entropy,
            tokens: options.tokens,
            injections: Injections::default(),
            hooks: RwLock::new(Arc::new(vec![Arc::new(policies)])),
            turn: Mutex::new(()),
            definitions: Mutex::default(),
        };
        let server = Self(Arc::new(inner));
        crate::driver::bootstrap(&server);
        server
    }

    /// Adds an admission hook behind those that are there.
    pub fn hook(&self, hook: Arc<dyn Admission>) {
        let mut hooks = self.0.hooks.write().unwrap_or_else(PoisonError::into_inner);
        let mut more = hooks.to_vec();
        more.push(hook);
        *hooks = Arc::new(more);
    }

    /// The path of all objects of a kind, such as `/apis/apps/v1/deployments`.
    #[must_use]
    pub fn collection(&self, api_version: &str, kind: &str) -> Option<String> {
        let resource = self.0.registry.of_kind(api_version, kind)?;
        let root = if resource.group.is_empty() { "api" } else { "apis" };
        Some(format!("/{root}/{api_version}/{}", resource.plural))
    }

    /// What is to go wrong.
    #[must_use]
    pub fn injections(&self) -> &Injections {
        &self.0.injections
    }

    /// The store, to read and to observe.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The time of the server.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The whole store at this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.0.store.snapshot()
    }

    /// Puts the store back to what it was.
    pub fn restore(&self, snapshot: &Snapshot) {
        let _turn = self.0.turn();
        self.0.store.restore(snapshot);
        self.0.learn();
    }

    /// Puts objects into the store as they are, as the restore of a backup does: uids, finalizers,
    /// managed fields and status stay. A definition is served at once if it is established.
    ///
    /// # Errors
    /// 404 for a kind that is not served, 409 for an object that is there.
    pub fn seed(&self, objects: impl IntoIterator<Item = Value>) -> Result<(), Status> {
        let _turn = self.0.turn();
        for object in objects {
            let (version, kind) = (text(&object, "apiVersion"), text(&object, "kind"));
            let Some(resource) = self.0.registry.of_kind(version, kind) else {
                let group = version.rsplit_once('/').map_or("", |(group, _)| group);
                return Err(Status::not_found(&GroupResource::new(group, kind), ""));
            };
            let namespace = metadata(&object, "namespace").to_owned();
            let key = Key::new(&resource.stored_as(), &namespace, metadata(&object, "name"));
            let object = resource.strategy.to_stored(object);
            self.0.write(&key, |store| store.create(&key, object))?;
        }
        Ok(())
    }

    /// Compacts the history of the store, as etcd does.
    pub fn compact(&self) {
        self.0.store.compact(self.0.store.revision());
    }

    /// Answers a request.
    pub async fn handle(&self, request: http::Request<Bytes>) -> http::Response<Body> {
        let user = |request: &Request| serve::user(&self.0, request);
        self.respond(Request::new(request), user, false).await
    }

    /// Answers a request of a user whose credentials and rights are not asked for.
    pub async fn handle_as(
        &self,
        user: &User,
        request: http::Request<Bytes>,
    ) -> http::Response<Body> {
        self.respond(Request::new(request), |_| Ok(user.clone()), true).await
    }

    async fn respond(
        &self,
        request: Request,
        user: impl FnOnce(&Request) -> Result<User, Answer>,
        trusted: bool,
    ) -> http::Response<Body> {
        let user = user(&request);
        let mut lost = false;
        for fault in self.faults(&request, user.as_ref().ok()) {
            match fault {
                Fault::Latency(time) => tokio::time::sleep(time).await,
                Fault::Unavailable => return Broken::Refused.response(),
                Fault::Refuse(refusal) => return self.refuse(&request, refusal),
                Fault::Expired => return self.expired(&request),
                Fault::AnswerLost => lost = true,
            }
        }
        let served = {
            let _turn = self.0.turn();
            match user {
                Ok(user) => serve::serve(&self.0, &request, &user, trusted),
                Err(answer) => serve::Served::refused(answer),
            }
        };
        if !served.delay.is_zero() {
            tokio::time::sleep(served.delay).await;
        }
        if lost {
            return Broken::AnswerLost.response();
        }
        show::show(served, &request, &self.0.clock)
    }

    /// What is to go wrong with a request.
    fn faults(&self, request: &Request, user: Option<&User>) -> Vec<Fault> {
        let asked = Asked::of(request);
        self.0.injections.before(&Facts {
            verb: asked.verb,
            resource: &asked.plural,
            subresource: &asked.subresource,
            namespace: &asked.namespace,
            name: &asked.name,
            user: user.map(|user| user.name.as_str()).unwrap_or_default(),
            agent: request.header("user-agent").unwrap_or_default(),
        })
    }

    /// A list is refused; a watch is opened, and says so in its only event.
    fn expired(&self, request: &Request) -> http::Response<Body> {
        let status = Status::expired("too old resource version");
        let answer = match Asked::of(request).verb {
            "watch" => Answer::watch(Box::pin(stream::iter([("ERROR", status.to_value())]))),
            _ => status.into(),
        };
        show::show(serve::Served::refused(answer), request, &self.0.clock)
    }

    fn refuse(&self, request: &Request, refusal: Refusal) -> http::Response<Body> {
        let asked = Asked::of(request);
        let resource = GroupResource::new(&asked.group, &asked.plural);
        let served = serve::Served::refused(refusal.status(&resource, &asked.name).into());
        show::show(served, request, &self.0.clock)
    }
}

/// A server as one user sees it, who is neither asked for credentials nor for rights; cheap to
/// clone, and a [`tower::Service`] as the server itself.
#[derive(Clone)]
pub struct UserView {
    server: ApiServer,
    user: User,
}

impl ApiServer {
    /// The server for a client that is trusted to be this user.
    #[must_use]
    pub fn for_user(&self, user: User) -> UserView {
        UserView { server: self.clone(), user }
    }
}

/// The request with its body. One that breaks off is one that is not there: the client is gone.
async fn whole<B>(request: http::Request<B>) -> http::Request<Bytes>
where
    B: http_body::Body<Data = Bytes>,
{
    let (parts, body) = request.into_parts();
    let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    http::Request::from_parts(parts, bytes)
}

impl<B> tower::Service<http::Request<B>> for UserView
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = http::Response<Body>;
    type Error = Broken;
    type Future = Answered;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let view = self.clone();
        Box::pin(async move {
            Broken::check(view.server.handle_as(&view.user, whole(request).await).await)
        })
    }
}

type Answered = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Broken>> + Send>>;

impl<B> tower::Service<http::Request<B>> for ApiServer
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = http::Response<Body>;
    type Error = Broken;
    type Future = Answered;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let server = self.clone();
        Box::pin(async move { Broken::check(server.handle(whole(request).await).await) })
    }
}
