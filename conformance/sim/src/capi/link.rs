//! The connection of a manager to the clusters that it manages, as its controllers see it.
//!
//! In the core provider [`Links`] dials as soon as the infrastructure stands, and again every 30 s;
//! it also notes at the Cluster that a connection came or has been gone for long. The other
//! providers dial when they need a connection. Neither asks whether the Cluster is paused.

use std::sync::Arc;
use std::time::Duration;

use fulcrum_apiserver::clock::{seconds, until};
use jiff::Timestamp;
use serde_json::Value;

use crate::api::Api;
use crate::api::resources::{CLUSTERS, NODES, SECRETS};
use crate::capi::conditions::{self, Condition};
use crate::capi::draft::Draft;
use crate::capi::object::{flag, name, namespace};
use crate::capi::{Outcome, failed, paused, read};
use crate::remote::{Probed, RETRY, RemoteError};
use crate::runtime::{
    BoxFuture, Caches, Concern, Context, Key, ReconcileError, Reconciler, RemoteWatch, Requeue,
};

/// Without a successful probe for so long, the Cluster says that the connection failed.
const GRACE: Duration = Duration::from_secs(50);
/// As many failed attempts take this long.
const FIVE_FAILURES: Duration = Duration::from_secs(4 * RETRY.as_secs());
/// An attempt that began so shortly ago may be under way, for another object of the cluster.
const UNDER_WAY: Duration = Duration::from_millis(100);
/// How long an idle connection is left alone.
const LOOK: Duration = Duration::from_secs(10 * 60);

/// What probes of a connection say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Health {
    probed: Probed,
    now: Timestamp,
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    until(from, to)
}

impl Health {
    /// There never was a connection, and it is too early to call that a failure.
    pub(crate) fn never_reached(&self) -> bool {
        let tried = self.probed.first_attempt.map(|first| between(first, self.now));
        self.probed.last_success.is_none() && tried.is_none_or(|tried| tried < FIVE_FAILURES)
    }

    /// How long there has been no answer, counted from `since` at the earliest.
    pub(crate) fn silent_for(&self, since: &str) -> Duration {
        let since: Option<Timestamp> = since.parse().ok();
        let last = self.probed.last_success.into_iter().chain(since).max();
        last.map_or(Duration::MAX, |last| between(last, self.now))
    }

    /// When there was an answer, in words.
    pub(crate) fn message(&self) -> String {
        let last = self.probed.last_success.map(seconds);
        last.map(|last| format!("Last successful probe at {last}")).unwrap_or_default()
    }

    /// The condition RemoteConnectionProbe; `None`: it stays what it is.
    pub(crate) fn condition(&self, is_set: bool) -> Option<Condition> {
        let target = "RemoteConnectionProbe";
        if self.never_reached() {
            let why = "Remote connection not established yet";
            return (!is_set).then(|| Condition::new(target, false, "ProbeFailed", why));
        }
        let Some(last) = self.probed.last_success else {
            let why = "Remote connection probe failed";
            return Some(Condition::new(target, false, "ProbeFailed", why));
        };
        if between(last, self.now) > GRACE {
            let last = seconds(last);
            let why = format!("Remote connection probe failed, probe last succeeded at {last}");
            return Some(Condition::new(target, false, "ProbeFailed", why));
        }
        Some(Condition::new(target, true, "ProbeSucceeded", ""))
    }
}

/// What probes of the connection to a cluster say.
pub(crate) fn health(cx: &Context, cluster: &Value) -> Health {
    Health { probed: cx.remote.probed(&Key::of(cluster)), now: cx.clock.now() }
}

/// Whether there is a connection.
pub(crate) fn is_connected(cx: &Context, cluster: &Value) -> bool {
    cx.remote.connected(&Key::of(cluster)).is_some()
}

/// The error of whoever needs a connection that is not there.
pub(crate) fn not_connected() -> ReconcileError {
    failed("connection to the workload cluster is down")
}

/// The connection to a cluster, if there is one.
pub(crate) fn client(cx: &Context, cluster: &Value) -> Outcome<Api> {
    let api = cx.remote.connected(&Key::of(cluster)).ok_or_else(not_connected)?;
    Ok(api.as_agent(cx.api.agent()))
}

/// The connection to a cluster, dialled if there is none and it is time for that.
pub(crate) async fn dial(cx: &Context, cluster: &Value) -> Result<Api, RemoteError> {
    let secret = format!("{}-kubeconfig", name(cluster));
    let secret = read::one(cx, &SECRETS, namespace(cluster), &secret);
    let key = Key::of(cluster);
    let mut outcome = cx.remote.connect(&key, secret.as_ref()).await;
    if let Err(RemoteError::Waiting(time)) = outcome
        && time + UNDER_WAY > RETRY
    {
        tokio::time::sleep(2 * UNDER_WAY).await;
        outcome = cx.remote.connected(&key).ok_or(RemoteError::Waiting(time));
    }
    Ok(outcome?.as_agent(cx.api.agent()))
}

/// The nodes of a cluster, which wake a controller from now on.
pub(crate) async fn nodes(
    cx: &Context,
    cluster: &Value,
    map: fn(&Value, &Caches) -> Vec<Key>,
) -> Outcome<Vec<Arc<Value>>> {
    let api = client(cx, cluster)?;
    let cache = cx.watches.watch(&Key::of(cluster), RemoteWatch { api, res: &NODES, map });
    if tokio::time::timeout(crate::remote::PROBE_TIMEOUT, cache.synced()).await.is_err() {
        return Err(failed("the cache of the workload cluster is not synced"));
    }
    Ok(cache.list(""))
}

/// Keeps the connections of the core provider.
#[derive(Debug, Default)]
pub(crate) struct Links;

impl Reconciler for Links {
    fn name(&self) -> &'static str {
        "clustercache"
    }

    fn agent(&self) -> &'static str {
        crate::capi::CORE
    }

    fn concerns(&self) -> Vec<Concern> {
        vec![Concern::own(&CLUSTERS)]
    }

    fn reads(&self) -> Vec<&'static crate::api::Res> {
        vec![&SECRETS]
    }

    /// A reconcile lasts as long as nothing happens to the connection.
    fn workers(&self) -> usize {
        usize::MAX
    }

    fn reconcile<'a>(
        &'a self,
        key: &'a Key,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Requeue, ReconcileError>> {
        Box::pin(keep(key, cx))
    }
}

async fn keep(key: &Key, cx: &Context) -> Outcome<Requeue> {
    let Some(cluster) = read::one(cx, &CLUSTERS, &key.namespace, &key.name) else {
        cx.remote.disconnect(key);
        return Ok(Requeue::Done);
    };
    if !flag(&cluster, "status.initialization.infrastructureProvisioned") {
        return Ok(Requeue::Done);
    }
    let mut changes = cx.remote.subscribe();
    let mut wait = match dial(cx, &cluster).await {
        Ok(_) => LOOK,
        Err(RemoteError::Waiting(time)) => time,
        Err(_) => RETRY,
    };
    note(key, cx).await?;
    let probed = cx.remote.probed(key);
    if !probed.connected
        && let Some(last) = probed.last_success
    {
        let silent = between(last, cx.clock.now());
        if silent <= GRACE {
            wait = wait.min(GRACE.saturating_sub(silent) + Duration::from_millis(1));
        }
    }
    tokio::select! {
        biased;
        _ = changes.changed() => {}
        () = tokio::time::sleep(wait) => {}
    }
    Ok(Requeue::After(Duration::ZERO))
}

/// Notes at the Cluster what became of the connection.
async fn note(key: &Key, cx: &Context) -> Outcome<()> {
    let Some(cluster) = read::one(cx, &CLUSTERS, &key.namespace, &key.name) else {
        return Ok(());
    };
    // The first condition of all is Paused, by the controller of Clusters.
    let old = conditions::get(&cluster, "RemoteConnectionProbe");
    let Some(old) = old.filter(|_| !paused::is_paused(None, &cluster)) else {
        return Ok(());
    };
    if flag(&cluster, "spec.paused") {
        return Ok(());
    }
    let Some(new) = health(cx, &cluster).condition(true) else { return Ok(()) };
    if new.says_as(&old) {
        return Ok(());
    }
    let mut draft = Draft::new(&CLUSTERS, cluster);
    conditions::set(&mut draft, &cx.clock.text(), new);
    draft.write_conditions(cx).await
}
