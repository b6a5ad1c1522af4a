//! From `ManagedCluster` to movers, tokens, moves and status.
//!
//! For each one, in this order and again after any failure: a lineage is drawn and kept; the
//! parent's first record is written, once; a mover runs; the token that was asked for is written;
//! what `spec.pivot` asks is asked of the mover or of the child; the status is told.

mod wish;

use std::collections::BTreeMap;
use std::sync::Arc;

use fulcrum_identity::{ClusterName, Identity, Lineage};
use fulcrum_model::protocol::Place;
use fulcrum_mover::MoverError;
use fulcrum_session::{Uniform as _, chain, time};
use futures_util::StreamExt as _;
use kube::ResourceExt as _;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt as _, watcher as watch};
use serde_json::{Value, json};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval};

use self::wish::Asked;
use crate::cell::Shared;
use crate::error::CellError;
use crate::resource::ManagedCluster;
use crate::status::{self, Known};
use crate::store::within;
use crate::tokens;

/// A cluster as the mover calls it.
pub(crate) fn moved(cluster: &ClusterName) -> fulcrum_mover::ClusterName {
    fulcrum_mover::ClusterName {
        namespace: cluster.namespace().to_owned(),
        name: cluster.name().to_owned(),
    }
}

/// The control loop of a cell. It owns the movers: they end with it.
pub(crate) struct Controller {
    shared: Arc<Shared>,
    known: BTreeMap<ClusterName, ManagedCluster>,
    /// Those that a list under way has not shown yet.
    unseen: Vec<ClusterName>,
    movers: JoinSet<(ClusterName, MoverError)>,
    running: BTreeMap<ClusterName, AbortHandle>,
    asked: BTreeMap<ClusterName, Asked>,
}

impl Controller {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            known: BTreeMap::new(),
            unseen: Vec::new(),
            movers: JoinSet::new(),
            running: BTreeMap::new(),
            asked: BTreeMap::new(),
        }
    }

    /// Runs until the watch ends, which it does not.
    pub(crate) async fn run(&mut self) -> Result<(), CellError> {
        let api: Api<ManagedCluster> = Api::all(self.shared.client.clone());
        let mut events = watch(api, watcher::Config::default()).default_backoff().boxed();
        let mut tick = interval(self.shared.settings.resync);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                event = events.next() => match event {
                    Some(Ok(event)) => self.take(event).await,
                    Some(Err(error)) => {
                        tracing::warn!(error = chain(&error), "ManagedClusters are not watched");
                    }
                    None => return Err(CellError::WatchEnded),
                },
                Some(ended) = self.movers.join_next() => self.ended(ended),
                _ = tick.tick() => self.resync().await,
            }
        }
    }

    async fn take(&mut self, event: Event<ManagedCluster>) {
        match event {
            Event::Init => self.unseen = self.known.keys().cloned().collect(),
            Event::InitApply(object) | Event::Apply(object) => {
                let Some(name) = name_of(&object) else { return };
                self.unseen.retain(|unseen| *unseen != name);
                self.known.insert(name.clone(), object);
                self.look(&name).await;
            }
            Event::InitDone => {
                for name in std::mem::take(&mut self.unseen) {
                    self.forget(&name).await;
                }
                self.shared.readiness.set(true);
            }
            Event::Delete(object) => {
                if let Some(name) = name_of(&object) {
                    self.forget(&name).await;
                }
            }
        }
    }

    /// A mover ends where its record cannot be understood. The next resync begins it anew.
    fn ended(&mut self, ended: Result<(ClusterName, MoverError), tokio::task::JoinError>) {
        match ended {
            Ok((cluster, error)) => {
                tracing::error!(%cluster, error = chain(&error), "a mover ended");
                self.running.remove(&cluster);
                self.shared.registry.release(&cluster);
            }
            Err(error) if error.is_cancelled() => {}
            Err(error) => {
                tracing::error!(%error, "a mover broke");
                let gone: Vec<ClusterName> = self
                    .running
                    .iter()
                    .filter(|(_, running)| running.is_finished())
                    .map(|(cluster, _)| cluster.clone())
                    .collect();
                for cluster in gone {
                    self.running.remove(&cluster);
                    self.shared.registry.release(&cluster);
                }
            }
        }
    }

    async fn resync(&mut self) {
        let shared = Arc::clone(&self.shared);
        let now = time::unix(shared.clock.now());
        match shared.authority.renew_listener(&shared.settings, now) {
            Ok(true) => tracing::info!("the certificate of the listeners was replaced"),
            Ok(false) => {}
            Err(error) => {
                tracing::error!(error = chain(&error), "the listeners keep a certificate")
            }
        }
        if let Err(error) = shared.authority.refresh(&shared.store, &shared.settings).await {
            tracing::warn!(error = chain(&error), "whom the cell trusts is not read again");
        }
        for name in self.known.keys().cloned().collect::<Vec<_>>() {
            self.look(&name).await;
        }
    }

    /// Does what is to be done for one cluster. What fails is tried again at the next resync.
    async fn look(&mut self, name: &ClusterName) {
        if let Err(error) = self.reconcile(name).await {
            tracing::warn!(cluster = %name, error = chain(&error), "a cluster waits");
        }
    }

    async fn reconcile(&mut self, name: &ClusterName) -> Result<(), CellError> {
        let Some(lineage) = self.lineage(name).await? else { return Ok(()) };
        let identity = Identity { cluster: name.clone(), lineage };
        if !self.founded(&identity).await? {
            return Ok(());
        }
        self.run_mover(name);
        self.write_token(&identity).await?;
        self.wish(name).await;
        self.tell(name).await
    }

    /// The lineage of a cluster, drawn where there is none; nothing where somebody else was faster.
    async fn lineage(&mut self, name: &ClusterName) -> Result<Option<Lineage>, CellError> {
        let Some(object) = self.known.get(name) else { return Ok(None) };
        let text = object.status.as_ref().and_then(|status| status.lineage.as_deref());
        if let Some(text) = text {
            let read = CellError::identity("read the lineage of a ManagedCluster");
            return Lineage::parse(text).map(Some).map_err(read);
        }
        let lineage = Lineage::from_entropy(self.shared.entropy.bytes16());
        let written = self.patch(name, json!({"lineage": lineage.to_string()})).await?;
        Ok(written.then_some(lineage))
    }

    /// Whether the parent's first record was written. A record that is lost is not made anew.
    async fn founded(&mut self, identity: &Identity) -> Result<bool, CellError> {
        let name = &identity.cluster;
        let Some(object) = self.known.get(name) else { return Ok(false) };
        if object.status.as_ref().is_some_and(|status| status.record_founded) {
            return Ok(true);
        }
        let lineage = u128::from_be_bytes(identity.lineage.to_bytes());
        fulcrum_mover::found(
            self.shared.client.clone(),
            &self.settings(name),
            fulcrum_model::protocol::Lineage(lineage),
        )
        .await
        .map_err(|error| CellError::Mover { cluster: name.to_string(), source: Box::new(error) })?;
        self.patch(name, json!({"recordFounded": true})).await
    }

    fn settings(&self, name: &ClusterName) -> fulcrum_mover::Settings {
        fulcrum_mover::Settings {
            place: Place::Parent,
            cluster: moved(name),
            record_namespace: self.shared.settings.namespace.clone(),
            pace: self.shared.settings.pace,
        }
    }

    fn run_mover(&mut self, name: &ClusterName) {
        if self.running.contains_key(name) {
            return;
        }
        let settings = self.settings(name);
        let witness = self.shared.witnesses.witness(&settings.cluster);
        let (client, clock) = (self.shared.client.clone(), Arc::clone(&self.shared.clock));
        let (mover, handle) = fulcrum_mover::mover(client, settings, witness, clock);
        let cluster = name.clone();
        let run = async move {
            match mover.run().await {
                Ok(never) => match never {},
                Err(error) => (cluster, error),
            }
        };
        self.running.insert(name.clone(), self.movers.spawn(run));
        self.shared.registry.manage(name.clone(), handle);
        tracing::info!(cluster = %name, "a cluster is managed");
    }

    /// Writes the token that is asked for, with the CAs of the cell beside it.
    async fn write_token(&mut self, identity: &Identity) -> Result<(), CellError> {
        let Some(object) = self.known.get(&identity.cluster) else { return Ok(()) };
        let asked = object.spec.enrolment.request.clone();
        let issued = object.status.as_ref().and_then(|status| status.token_issued_for.as_ref());
        if issued == Some(&asked) {
            return Ok(());
        }
        let own = || format!("{}-enrolment", object.name_any());
        let secret = object.spec.enrolment.secret_name.clone().unwrap_or_else(own);
        let shared = Arc::clone(&self.shared);
        let now = time::unix(shared.clock.now());
        let lifetime = shared.settings.token_lifetime;
        let entropy = shared.entropy.bytes32();
        let token = tokens::issue(&shared.store, identity, entropy, now, lifetime).await?;
        let store = shared.store.in_namespace(identity.cluster.namespace());
        let data = || {
            vec![
                ("token", token.expose().as_bytes().to_vec()),
                ("ca.crt", shared.authority.bundle().into_bytes()),
            ]
        };
        store.change_secret(&secret, |_| Ok::<_, CellError>((data(), ()))).await?;
        tracing::info!(cluster = %identity.cluster, secret, "a token for an enrolment was written");
        self.patch(&identity.cluster, json!({"tokenIssuedFor": asked})).await?;
        Ok(())
    }

    async fn tell(&mut self, name: &ClusterName) -> Result<(), CellError> {
        let Some(object) = self.known.get(name) else { return Ok(()) };
        let Some(managed) = self.shared.registry.managed(name) else { return Ok(()) };
        let old = object.status.clone().unwrap_or_default();
        let row = self.shared.fleet.row(name);
        let report = managed.handle.watch().borrow().clone();
        let known = Known {
            late_writes: report.late.iter().map(|late| late.name.0.to_string()).collect(),
            notice: report.notices.last().map(|said| format!("{:?}", said.notice)),
            claim: report.claim,
            standing: report.standing,
            describe: report.describe,
            connected: self.shared.registry.outbox(name).is_some(),
            row: row.as_ref(),
        };
        let new = status::status(&old, &known, self.shared.clock.now());
        if status::is_news(&old, &new, self.shared.settings.resync.as_secs_f64()) {
            let value = serde_json::to_value(&new).expect("a status has string keys");
            self.patch(name, value).await?;
        }
        Ok(())
    }

    /// Writes fields of a status, guarded by the version that was read. False: it has changed, and
    /// the watch will tell.
    async fn patch(&mut self, name: &ClusterName, fields: Value) -> Result<bool, CellError> {
        let Some(object) = self.known.get(name) else { return Ok(false) };
        let api: Api<ManagedCluster> =
            Api::namespaced(self.shared.client.clone(), name.namespace());
        let own_name = object.name_any();
        let patch = json!({
            "metadata": {"resourceVersion": object.resource_version()},
            "status": fields,
        });
        let params = PatchParams::default();
        let patch = Patch::Merge(&patch);
        let request = api.patch_status(&own_name, &params, &patch);
        let what = format!("ManagedCluster {}/{own_name}", name.namespace());
        let deadline = self.shared.settings.pace.deadline;
        let written = within(deadline, "write the status of", what, request).await;
        match crate::store::unless_conflict(written)? {
            Some(object) => {
                self.known.insert(name.clone(), object);
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Stops what was done for a cluster. Its record and its objects stay.
    async fn forget(&mut self, name: &ClusterName) {
        let Some(object) = self.known.remove(name) else { return };
        if let Some(running) = self.running.remove(name) {
            running.abort();
        }
        self.shared.registry.release(name);
        self.shared.fleet.forget(name);
        self.asked.remove(name);
        tracing::info!(cluster = %name, "a cluster is managed no more");
        let lineage = object.status.and_then(|status| status.lineage);
        let Some(Ok(lineage)) = lineage.map(|text| Lineage::parse(&text)) else { return };
        let identity = Identity { cluster: name.clone(), lineage };
        if let Err(error) = tokens::revoke(&self.shared.store, &identity).await {
            tracing::warn!(cluster = %name, error = chain(&error), "tokens are not revoked");
        }
    }
}

/// The Cluster of a ManagedCluster; nothing where no certificate could bear its name.
fn name_of(object: &ManagedCluster) -> Option<ClusterName> {
    let namespace = object.namespace().unwrap_or_default();
    let name = ClusterName::new(&namespace, &object.spec.cluster_ref.name);
    name.inspect_err(|error| tracing::error!(%error, "a ManagedCluster is passed over")).ok()
}
