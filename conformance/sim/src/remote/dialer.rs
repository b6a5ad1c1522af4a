//! The connections of one process, dialled from its place.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fulcrum_apiserver::auth::User;
use futures_util::FutureExt;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::sleep;

use super::{
    EtcdMember, Kubeconfig, PROBE, PROBE_FAILURES, PROBE_TIMEOUT, Probed, RETRY, Remote,
    RemoteError,
};
use crate::api::resources::NAMESPACES;
use crate::api::{Api, ApiError};
use crate::clock::SharedClock;
use crate::entropy::SharedEntropy;
use crate::history::Recorder;
use crate::infrastructure::{BoxFuture, Infrastructure};
use crate::net::tasks::Tasks;
use crate::net::{Link, Net};
use crate::runtime::Key;
use crate::workload::{Workload, Workloads};

/// The least and the most that a question to etcd takes.
const LATENCY: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(5));

/// Dials workload clusters for one process. Connections end when it is dropped.
pub struct Dialer {
    here: Arc<Here>,
    tasks: Tasks,
}

struct Here {
    place: String,
    agent: String,
    net: Net,
    clock: SharedClock,
    entropy: SharedEntropy,
    infrastructure: Infrastructure,
    workloads: Workloads,
    recorder: Recorder,
    known: Mutex<BTreeMap<Key, Known>>,
    changed: watch::Sender<u64>,
}

/// What is known of a cluster.
#[derive(Default)]
struct Known {
    connection: Option<Connection>,
    first_attempt: Option<Timestamp>,
    last_attempt: Option<Timestamp>,
    last_success: Option<Timestamp>,
    /// Counts connections, so that a watch over an old one does not end a newer.
    generation: u64,
}

#[derive(Clone)]
struct Connection {
    api: Api,
    workload: Workload,
    since: Timestamp,
    /// When the link broke, while probes still hope.
    broken: Option<Timestamp>,
}

impl Dialer {
    /// The connections of a process at this place.
    #[must_use]
    pub fn new(
        place: &str,
        agent: &str,
        net: &Net,
        (clock, entropy): (&SharedClock, &SharedEntropy),
        workloads: &Workloads,
        recorder: &Recorder,
    ) -> Self {
        let (changed, _) = watch::channel(0);
        let here = Here {
            place: place.to_owned(),
            agent: agent.to_owned(),
            net: net.clone(),
            clock: clock.clone(),
            entropy: entropy.fork(&format!("remote {agent}")),
            infrastructure: workloads.infrastructure().clone(),
            workloads: workloads.clone(),
            recorder: recorder.clone(),
            known: Mutex::default(),
            changed,
        };
        Self { here: Arc::new(here), tasks: Tasks::default() }
    }

    async fn attempt(&self, cluster: &Key, kubeconfig: Option<&Value>) -> Result<Api, RemoteError> {
        let here = &self.here;
        let (api, workload) = here.dial(kubeconfig).await?;
        here.recorder.connection(&here.place, workload.name(), &here.agent, true);
        let now = here.clock.now();
        let generation = {
            let mut known = here.lock();
            let known = known.entry(cluster.clone()).or_default();
            let since = now;
            known.connection = Some(Connection { api: api.clone(), workload, since, broken: None });
            known.last_success = Some(now);
            known.generation += 1;
            known.generation
        };
        here.changed.send_modify(|times| *times += 1);
        self.tasks.spawn(Arc::clone(here).probe(cluster.clone(), generation, api.link().clone()));
        Ok(api)
    }
}

impl Here {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reaches the API server that a kubeconfig leads to.
    async fn dial(&self, kubeconfig: Option<&Value>) -> Result<(Api, Workload), RemoteError> {
        let kubeconfig = kubeconfig.and_then(Kubeconfig::of_secret);
        let kubeconfig = kubeconfig.ok_or(RemoteError::NoKubeconfig)?;
        let no_host = || RemoteError::NoHost(kubeconfig.host.clone());
        let name = self.infrastructure.resolve(&kubeconfig.host).ok_or_else(no_host)?;
        let workload = self.workloads.get(&name).ok_or_else(no_host)?;
        let unreachable = RemoteError::Unreachable;
        let server = workload.server().ok_or(unreachable(ApiError::Unreachable))?;
        let link = self.net.link(&self.place, &name);
        let api = Api::new(server, User::admin(), &self.agent, link)
            .seeded(self.entropy.fork(&name))
            .patience(PROBE_TIMEOUT);
        api.get(&NAMESPACES, "", "kube-system").await.map_err(unreachable)?;
        if workload.ca_hash().as_deref() != Some(kubeconfig.ca_hash.as_str()) {
            return Err(RemoteError::UnknownAuthority);
        }
        Ok((api.patience(crate::net::TIMEOUT), workload))
    }

    /// Watches over a connection until probes have failed too often in a row.
    async fn probe(self: Arc<Self>, cluster: Key, generation: u64, link: Link) {
        loop {
            link.broken().await;
            let broken = self.clock.now();
            if !self.note(&cluster, generation, |one| one.broken = Some(broken)) {
                return;
            }
            let mut failures = 0;
            while failures < PROBE_FAILURES {
                sleep(self.until_probe(&cluster, generation)).await;
                if link.carries() {
                    break;
                }
                failures += 1;
            }
            if failures < PROBE_FAILURES {
                if !self.note(&cluster, generation, |one| one.broken = None) {
                    return;
                }
                continue;
            }
            sleep(PROBE_TIMEOUT).await;
            let mut known = self.lock();
            if let Some(known) = known.get_mut(&cluster).filter(|it| it.generation == generation) {
                known.last_success = Some(self.last_probe(known, broken));
                known.connection = None;
                // The attempt after a drop comes at once.
                known.last_attempt = None;
            }
            drop(known);
            self.changed.send_modify(|times| *times += 1);
            return;
        }
    }

    /// Changes a connection that is still that one.
    fn note(&self, cluster: &Key, generation: u64, change: impl FnOnce(&mut Connection)) -> bool {
        let mut known = self.lock();
        let known = known.get_mut(cluster).filter(|known| known.generation == generation);
        let Some(connection) = known.and_then(|known| known.connection.as_mut()) else {
            return false;
        };
        change(connection);
        true
    }

    /// How long until the next probe is due: they are counted from the connection.
    fn until_probe(&self, cluster: &Key, generation: u64) -> Duration {
        let known = self.lock();
        let known = known.get(cluster).filter(|known| known.generation == generation);
        let Some(connection) = known.and_then(|known| known.connection.as_ref()) else {
            return PROBE;
        };
        let since = elapsed(connection.since, self.clock.now());
        let over = Duration::from_nanos(
            u64::try_from(since.as_nanos() % PROBE.as_nanos()).unwrap_or_default(),
        );
        PROBE - over
    }

    /// The last probe before a moment.
    fn last_probe(&self, known: &Known, before: Timestamp) -> Timestamp {
        let Some(connection) = &known.connection else {
            return known.last_success.unwrap_or(before);
        };
        let probes = elapsed(connection.since, before).as_nanos() / PROBE.as_nanos();
        let probes = u32::try_from(probes).unwrap_or(u32::MAX);
        connection.since.checked_add(PROBE.saturating_mul(probes)).unwrap_or(before)
    }
}

fn elapsed(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

impl Remote for Dialer {
    fn connect<'a>(
        &'a self,
        cluster: &'a Key,
        kubeconfig: Option<&'a Value>,
    ) -> BoxFuture<'a, Result<Api, RemoteError>> {
        async move {
            let now = self.here.clock.now();
            {
                let mut known = self.here.lock();
                let known = known.entry(cluster.clone()).or_default();
                if let Some(connection) = &known.connection {
                    return Ok(connection.api.clone());
                }
                if let Some(last) = known.last_attempt {
                    let since = elapsed(last, now);
                    if since < RETRY {
                        return Err(RemoteError::Waiting(RETRY - since));
                    }
                }
                // Whoever asks while an attempt is under way waits as after one that failed.
                known.last_attempt = Some(now);
                known.first_attempt.get_or_insert(now);
            }
            self.attempt(cluster, kubeconfig).await
        }
        .boxed()
    }

    fn connected(&self, cluster: &Key) -> Option<Api> {
        let known = self.here.lock();
        Some(known.get(cluster)?.connection.as_ref()?.api.clone())
    }

    fn probed(&self, cluster: &Key) -> Probed {
        let known = self.here.lock();
        let Some(known) = known.get(cluster) else {
            return Probed::default();
        };
        let last_success = match &known.connection {
            Some(Connection { broken, .. }) => {
                let until = broken.unwrap_or_else(|| self.here.clock.now());
                Some(self.here.last_probe(known, until))
            }
            None => known.last_success,
        };
        let connected = known.connection.is_some();
        Probed { connected, last_success, first_attempt: known.first_attempt }
    }

    fn disconnect(&self, cluster: &Key) {
        let gone = self.here.lock().remove(cluster);
        if gone.is_some_and(|known| known.connection.is_some()) {
            self.here.changed.send_modify(|times| *times += 1);
        }
    }

    fn etcd_members<'a>(
        &'a self,
        cluster: &'a Key,
    ) -> BoxFuture<'a, Result<Vec<EtcdMember>, RemoteError>> {
        async move {
            let workload = self.through(cluster).await?;
            let members = workload.etcd_members().into_iter();
            Ok(members.map(|(name, healthy)| EtcdMember { name, healthy }).collect())
        }
        .boxed()
    }

    fn remove_etcd_member<'a>(
        &'a self,
        cluster: &'a Key,
        name: &'a str,
    ) -> BoxFuture<'a, Result<(), RemoteError>> {
        async move {
            let workload = self.through(cluster).await?;
            workload.remove_etcd_member(name).map_err(RemoteError::Etcd)
        }
        .boxed()
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.here.changed.subscribe()
    }
}

impl Dialer {
    /// The cluster at the other end of a connection that carries.
    async fn through(&self, cluster: &Key) -> Result<Workload, RemoteError> {
        let connection = {
            let known = self.here.lock();
            known.get(cluster).and_then(|known| known.connection.clone())
        };
        let connection = connection.ok_or(RemoteError::Waiting(RETRY))?;
        let latency = self.here.entropy.between(LATENCY.0, LATENCY.1);
        let link = connection.api.link();
        link.request(latency, std::future::ready(()))
            .await
            .map_err(|_| RemoteError::Unreachable(ApiError::Unreachable))?;
        Ok(connection.workload)
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").field("place", &self.here.place).finish_non_exhaustive()
    }
}
