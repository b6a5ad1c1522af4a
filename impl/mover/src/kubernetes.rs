//! Which duty performs which effect.

mod begin;
mod objects;
mod wait;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fulcrum_model::protocol::{Effect, Fence, Input, Name, Outcome, Phase, Reading, Record};
use fulcrum_model::select::SelectError;
use fulcrum_model::transform::MOVE_ID;
use tokio::time::sleep;

use crate::api::{Api, ApiError};
use crate::catalog::Catalog;
use crate::driver::Duties;
use crate::error::{MoverError, ReadError};
use crate::parcel::SentObject;
use crate::read::{Seen, Snapshot, copies, source};
use crate::settings::Settings;
use crate::store::Store;
use crate::witness::Witness;
use crate::{fence, pause, preflight};

/// The duties on one API server.
pub(crate) struct Kubernetes {
    api: Api,
    settings: Settings,
    store: Store,
    witness: Arc<dyn Witness>,
    memory: Mutex<Memory>,
}

/// What is remembered from one effect to the next. All of it can be found again.
#[derive(Default)]
struct Memory {
    catalog: Option<Arc<Catalog>>,
    /// What was read last at a source: what is sent comes from it.
    read: Option<Arc<Snapshot>>,
    /// What a target was sent last.
    received: Arc<Received>,
}

#[derive(Default)]
struct Received {
    set: BTreeSet<Name>,
    manifests: BTreeMap<Name, SentObject>,
}

impl Kubernetes {
    pub(crate) fn new(client: kube::Client, settings: Settings, witness: Arc<dyn Witness>) -> Self {
        let api = Api::new(client, settings.pace.deadline);
        let store = Store::new(api.clone(), &settings);
        Self { api, settings, store, witness, memory: Mutex::default() }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Nothing in it is ever half made.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn catalog(&self) -> Result<Arc<Catalog>, ApiError> {
        if let Some(known) = self.memory().catalog.clone() {
            return Ok(known);
        }
        let found = Arc::new(Catalog::discover(&self.api).await?);
        self.memory().catalog = Some(Arc::clone(&found));
        Ok(found)
    }

    async fn seen(&self) -> Result<Seen, ReadError> {
        let catalog = self.catalog().await?;
        Seen::list(&self.api, catalog, &self.settings.cluster.namespace).await
    }

    /// What is there of the cluster, as the role and the phase look at it.
    async fn look(&self, record: Option<&Record>) -> Result<(Seen, Snapshot), ReadError> {
        let seen = self.seen().await?;
        let cluster = self.settings.cluster.key();
        let phase = record.map(|record| &record.phase);
        let snapshot = match phase {
            Some(phase) if phase.is_of_target() => copies::marked(&seen)?,
            Some(Phase::Cleaning { reading, .. }) => source::left_of(&seen, &cluster, reading)?,
            _ => match source::selected(&seen, &cluster) {
                Ok(fits) if phase == Some(&Phase::Quiescing) && self.is_unfit(&fits) => {
                    source::unfit(&cluster)
                }
                Err(ReadError::Select(error)) => self.without(phase, *error)?,
                selected => selected?,
            },
        };
        Ok((seen, snapshot))
    }

    /// What a source has that cannot select. After the commit nothing may be taken for an empty
    /// set: the target would be told to remove everything.
    fn without(&self, phase: Option<&Phase>, error: SelectError) -> Result<Snapshot, ReadError> {
        let is_gone = matches!(error, SelectError::NoCluster { .. } | SelectError::NotFound { .. });
        match phase {
            Some(Phase::Copying | Phase::Quiescing) => {
                tracing::warn!(cluster = %self.settings.cluster, %error, "nothing can be moved");
                Ok(source::unfit(&self.settings.cluster.key()))
            }
            Some(Phase::Committed | Phase::Completing { .. }) => Err(error.into()),
            _ if is_gone => Ok(Snapshot::empty()),
            _ => Err(error.into()),
        }
    }

    fn is_unfit(&self, snapshot: &Snapshot) -> bool {
        let problems = preflight::second_look(snapshot.objects.values());
        for problem in &problems {
            let (object, fault) = (&problem.object, problem.fault);
            tracing::warn!(cluster = %self.settings.cluster, %object, fault, "it cannot move");
        }
        !problems.is_empty()
    }

    /// Reads until there is a reading: the protocol knows no other outcome.
    async fn read(&self, record: Option<&Record>) -> Reading {
        loop {
            self.memory().catalog = None;
            match self.look(record).await {
                Ok((_, snapshot)) => {
                    let reading = snapshot.reading.clone();
                    self.memory().read = Some(Arc::new(snapshot));
                    return reading;
                }
                Err(error) => self.say(&error, "the objects are not read"),
            }
            sleep(self.settings.pace.backoff).await;
        }
    }

    async fn set_pause(&self, paused: bool, record: Option<&Record>) -> Result<Outcome, ApiError> {
        let Some(path) = self.catalog().await?.path(&self.settings.cluster.key()) else {
            return Ok(Outcome::Ok);
        };
        match record {
            Some(record) if paused => pause::pause(&self.api, &path, &pause::mark(record)).await,
            // Somebody gives up what was found without a record.
            None if paused => pause::pause(&self.api, &path, "no-record").await,
            _ => pause::unpause(&self.api, &path).await,
        }
    }

    async fn fence(&self, fence: Fence) -> Result<Outcome, ApiError> {
        let catalog = self.catalog().await?;
        let groups: BTreeSet<String> =
            catalog.types().map(|(kind, _)| kind.group.clone()).collect();
        let groups = groups.into_iter().collect();
        fence::make(&self.api, &self.settings.cluster, groups, fence).await
    }

    async fn preflight(&self, record: Option<&Record>) -> bool {
        self.memory().catalog = None;
        match self.look(record).await {
            Ok((_, snapshot)) if snapshot.objects.is_empty() => false,
            Ok((_, snapshot)) => {
                let problems = preflight::problems(snapshot.objects.values());
                for problem in &problems {
                    let (object, fault) = (&problem.object, problem.fault);
                    tracing::warn!(cluster = %self.settings.cluster, %object, fault, "no move");
                }
                problems.is_empty()
            }
            Err(error) => {
                self.say(&error, "no move");
                false
            }
        }
    }

    /// The outcome of an effect that is the same however often it is made.
    fn done<E>(&self, result: Result<Outcome, E>, what: &'static str) -> Input
    where
        E: std::error::Error,
    {
        Input::Done(result.unwrap_or_else(|error| {
            self.say(&error, what);
            Outcome::Unknown
        }))
    }

    fn say(&self, error: &dyn std::error::Error, what: &'static str) {
        let source = error.source().map(ToString::to_string).unwrap_or_default();
        tracing::warn!(cluster = %self.settings.cluster, %error, source, "{what}");
    }
}

impl Duties for Kubernetes {
    async fn start(&self) -> Result<Input, MoverError> {
        let stored = self.stored().await?;
        let witness = self.highest().await;
        // Where there is a record it says more; should it vanish, nobody knows whose they are.
        let live = stored.is_some() || self.live().await;
        Ok(Input::Started { stored, live, witness })
    }

    async fn perform(&self, effect: Effect, record: Option<Record>) -> Input {
        let record = record.as_ref();
        match effect {
            Effect::WriteRecord { record, expect } => {
                Input::RecordWritten(self.store.write(&record, expect).await)
            }
            Effect::RaiseWitness(epoch) => {
                let raised = self.witness.raise(epoch).await.map(|()| Outcome::Ok);
                self.done(raised, "the witness is not raised")
            }
            Effect::Fence(fence) => self.done(self.fence(fence).await, "the fence is not made"),
            Effect::Preflight => Input::Preflight(self.preflight(record).await),
            Effect::Pause => self.done(self.set_pause(true, record).await, "the pause is not made"),
            Effect::Unpause => {
                self.done(self.set_pause(false, record).await, "the pause is not taken back")
            }
            Effect::Read => Input::Read(self.read(record).await),
            Effect::Apply(writes) => Input::Done(self.apply(writes, record).await),
            Effect::DropBookkeeping => self.done(self.tidy().await, "the notes are not dropped"),
            Effect::Await(condition) => {
                self.wait(condition, record).await;
                Input::Reached(condition)
            }
            Effect::OpenGate | Effect::Send(_) | Effect::Arm(_) | Effect::Say(_) => {
                unreachable!("the driver performs what has no outcome")
            }
        }
    }

    async fn manifests(&self, set: &Reading, record: Option<Record>) -> BTreeMap<Name, SentObject> {
        let known = self.memory().read.clone();
        let snapshot = match known.filter(|known| source::covers(known, set)) {
            Some(known) => known,
            // A source that started again sends the set that it recorded.
            None => match self.look(record.as_ref()).await {
                Ok((_, snapshot)) => Arc::new(snapshot),
                Err(error) => {
                    self.say(&error, "the manifests are not read");
                    return BTreeMap::new();
                }
            },
        };
        let goes = |(name, _): &(&Name, &SentObject)| {
            set.get(name).is_some() || !snapshot.objects.contains_key(*name)
        };
        let sent = snapshot.sent.iter().filter(goes);
        sent.map(|(name, sent)| (name.clone(), sent.clone())).collect()
    }

    fn keep(&self, set: &Reading, manifests: BTreeMap<Name, SentObject>) {
        let set = set.entries().iter().map(|entry| entry.name.clone()).collect();
        self.memory().received = Arc::new(Received { set, manifests });
    }

    async fn is_pause_lost(&self, record: &Record) -> bool {
        if !record.phase.is_paused() {
            return false;
        }
        let cluster = self.settings.cluster.key();
        let path = match self.catalog().await {
            Ok(catalog) => catalog.path(&cluster),
            Err(_) => None,
        };
        let Some(path) = path else { return false };
        let Ok(live) = self.api.find(&path).await else { return false };
        // A Cluster that is no copy is not this side's to pause.
        let ours = live.as_ref().is_some_and(|live| {
            !record.phase.stages() || !live["metadata"]["annotations"][MOVE_ID].is_null()
        });
        ours && pause::is_lost(live.as_ref())
    }
}
