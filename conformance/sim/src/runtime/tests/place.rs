//! A cluster with one API server, a controller that does what a test says, and what it said.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fulcrum_apiserver::auth::{Tokens, User};
use fulcrum_apiserver::store;
use fulcrum_apiserver::{ApiServer, Options};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::api::resources::CONFIG_MAPS;
use crate::api::{Api, Res};
use crate::clock::SharedClock;
use crate::entropy::SharedEntropy;
use crate::history::Recorder;
use crate::infrastructure::{Actor, Flavour, Infrastructure};
use crate::net::Net;
use crate::remote::{EtcdMember, Probed, Remote, RemoteError};
use crate::runtime::{
    BoxFuture, Concern, Context, Key, Leases, ReconcileError, Reconciler, Requeue,
};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MILLI: Duration = Duration::from_millis(1);

/// A cluster called `parent`. Each process is at a place of its own in the network.
pub(super) struct Place {
    pub(super) server: ApiServer,
    pub(super) net: Net,
    clock: SharedClock,
    entropy: SharedEntropy,
    leases: Leases,
    infrastructure: Infrastructure,
}

impl Place {
    pub(super) fn new(seed: u64) -> Self {
        let start = "2026-01-01T00:00:00Z".parse().unwrap();
        let (clock, entropy) = (SharedClock::starting_at(start), SharedEntropy::new(seed));
        let server = ApiServer::new(Options {
            clock: clock.handle(),
            entropy: entropy.fork("server").handle(),
            tokens: Tokens::none_needed(),
        });
        let infrastructure = Infrastructure::new(&entropy, Recorder::new(clock.clone()));
        let (net, leases) = (Net::new(), Leases::default());
        Self { server, net, clock, entropy, leases, infrastructure }
    }

    pub(super) fn api(&self, name: &str) -> Api {
        let link = self.net.link(name, "parent");
        let api = Api::new(self.server.clone(), User::admin(), name, link);
        api.seeded(self.entropy.fork(&format!("api {name}")))
    }

    /// For a process at the place of this name.
    pub(super) fn context(&self, name: &str) -> Context {
        let infrastructure =
            self.infrastructure.provider(&self.net, Flavour::ByName, Actor::default());
        Context::new(
            self.api(name),
            self.clock.clone(),
            self.entropy.fork(name),
            Arc::new(Nowhere),
            infrastructure,
            self.leases.clone(),
        )
    }
}

/// Writes a value into a `ConfigMap`, new or not.
pub(super) async fn touch(api: &Api, name: &str, value: &str) {
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default"}, "data": {"k": value},
    });
    api.apply(&CONFIG_MAPS, "default", name, &map, true).await.unwrap();
}

/// Whether the store holds a `ConfigMap`.
pub(super) fn exists(place: &Place, name: &str) -> bool {
    let key = store::Key::new(&CONFIG_MAPS.group_resource(), "default", name);
    place.server.store().get(&key).is_some()
}

/// What a controller said, and when it began which key.
#[derive(Clone)]
pub(super) struct Log {
    start: Instant,
    lines: Arc<Mutex<Vec<(Instant, String)>>>,
    begun: Arc<Mutex<BTreeMap<String, Vec<Instant>>>>,
}

impl Log {
    fn new() -> Self {
        Self { start: Instant::now(), lines: Arc::default(), begun: Arc::default() }
    }

    pub(super) fn say(&self, line: &str) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push((Instant::now(), line.to_owned()));
    }

    pub(super) fn said(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|(_, line)| line.clone()).collect()
    }

    /// What was said, with the microseconds since the start.
    pub(super) fn timed(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let since = |at: &Instant| at.duration_since(self.start).as_micros();
        lines.iter().map(|(at, line)| format!("{} {line}", since(at))).collect()
    }

    /// When reconciles of a key began.
    pub(super) fn begun(&self, key: &str) -> Vec<Instant> {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.get(key).cloned().unwrap_or_default()
    }

    fn begins(&self, key: &Key) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.entry(key.to_string()).or_default().push(Instant::now());
    }
}

type Outcome = Result<Requeue, ReconcileError>;
type Act = Arc<dyn Fn(Key, Context, Log) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// A controller that does what a test says.
pub(super) struct Does {
    pub(super) log: Log,
    name: &'static str,
    pace: Duration,
    res: &'static Res,
    act: Act,
}

impl Does {
    /// For each object of a resource.
    pub(super) fn on(
        res: &'static Res,
        act: impl Fn(Key, Context, Log) -> BoxFuture<'static, Outcome> + Send + Sync + 'static,
    ) -> Self {
        Self { log: Log::new(), name: "does", pace: SECOND, res, act: Arc::new(act) }
    }

    pub(super) fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    pub(super) fn paced(self, pace: Duration) -> Self {
        Self { pace, ..self }
    }

    /// With the log of another.
    pub(super) fn logging(self, log: &Log) -> Self {
        Self { log: log.clone(), ..self }
    }

    /// The same once more, with the same log.
    pub(super) fn again(&self) -> Self {
        let (log, act) = (self.log.clone(), Arc::clone(&self.act));
        Self { log, name: self.name, pace: self.pace, res: self.res, act }
    }
}

impl Reconciler for Does {
    fn name(&self) -> &'static str {
        self.name
    }

    fn agent(&self) -> &'static str {
        "core"
    }

    fn concerns(&self) -> Vec<Concern> {
        vec![Concern::own(self.res)]
    }

    fn pace(&self) -> Duration {
        self.pace
    }

    fn reconcile<'a>(&'a self, key: &'a Key, cx: &'a Context) -> BoxFuture<'a, Outcome> {
        self.log.begins(key);
        (self.act)(key.clone(), cx.clone(), self.log.clone())
    }
}

/// The way to clusters that nobody manages.
struct Nowhere;

impl Remote for Nowhere {
    fn connect<'a>(
        &'a self,
        _: &'a Key,
        _: Option<&'a Value>,
    ) -> BoxFuture<'a, Result<Api, RemoteError>> {
        Box::pin(async { Err(RemoteError::NoKubeconfig) })
    }

    fn connected(&self, _: &Key) -> Option<Api> {
        None
    }

    fn probed(&self, _: &Key) -> Probed {
        Probed::default()
    }

    fn disconnect(&self, _: &Key) {}

    fn etcd_members<'a>(
        &'a self,
        _: &'a Key,
    ) -> BoxFuture<'a, Result<Vec<EtcdMember>, RemoteError>> {
        Box::pin(async { Err(RemoteError::NoKubeconfig) })
    }

    fn remove_etcd_member<'a>(
        &'a self,
        _: &'a Key,
        _: &'a str,
    ) -> BoxFuture<'a, Result<(), RemoteError>> {
        Box::pin(async { Err(RemoteError::NoKubeconfig) })
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        watch::channel(0).1
    }
}
