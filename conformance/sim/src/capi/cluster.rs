//! The controller of `Clusters`: ties infrastructure and control plane to the cluster, copies what
//! they report, sums everything up, and takes it all down in order.

mod delete;
mod phases;
mod status;
mod workers;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::api::Res;
use crate::api::resources::{
    CLOUD_CLUSTERS, CLUSTERS, DOCKER_CLUSTERS, KUBEADM_CONTROL_PLANES, MACHINE_DEPLOYMENTS,
    MACHINE_SETS, MACHINES,
};
use crate::capi::draft::Draft;
use crate::capi::object::{is_control_plane, is_deleting, is_owned_by, name};
use crate::capi::{CORE, Outcome, Pass, paused, read, wake};
use crate::runtime::{BoxFuture, Concern, Context, Key, ReconcileError, Reconciler, Requeue};

const FINALIZER: &str = "cluster.cluster.x-k8s.io";
/// How soon a deletion is looked at again.
const DELETE_RETRY: Duration = Duration::from_secs(5);

/// The controller of `Clusters`.
#[derive(Debug, Default)]
pub(crate) struct Clusters;

impl Reconciler for Clusters {
    fn name(&self) -> &'static str {
        "cluster"
    }

    fn agent(&self) -> &'static str {
        CORE
    }

    fn concerns(&self) -> Vec<Concern> {
        vec![
            Concern::own(&CLUSTERS),
            Concern { res: &MACHINES, map: wake::cluster_of_first_node },
            Concern { res: &MACHINE_DEPLOYMENTS, map: wake::named_cluster },
            Concern { res: &DOCKER_CLUSTERS, map: wake::owner_cluster },
            Concern { res: &CLOUD_CLUSTERS, map: wake::owner_cluster },
            Concern { res: &KUBEADM_CONTROL_PLANES, map: wake::owner_cluster },
        ]
    }

    fn reads(&self) -> Vec<&'static Res> {
        vec![&MACHINES, &MACHINE_SETS]
    }

    fn reconcile<'a>(
        &'a self,
        key: &'a Key,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Requeue, ReconcileError>> {
        Box::pin(reconcile(key, cx))
    }
}

/// What became of the look for an object that the cluster refers to.
#[derive(Default)]
enum Found {
    /// It was not looked for, or that failed.
    #[default]
    Unknown,
    /// There is none.
    Missing,
    /// It is there.
    There(&'static Res, Value),
}

impl Found {
    fn object(&self) -> Option<&Value> {
        match self {
            Self::There(_, object) => Some(object),
            Self::Unknown | Self::Missing => None,
        }
    }
}

/// What belongs to a cluster.
#[derive(Default)]
struct Members {
    deployments: Vec<Arc<Value>>,
    /// Sets without a deployment.
    own_sets: Vec<Arc<Value>>,
    sets: Vec<Arc<Value>>,
    control_planes: Vec<Arc<Value>>,
    workers: Vec<Arc<Value>>,
}

/// What a reconcile knows and finds out.
struct Scope {
    cluster: Draft,
    infrastructure: Found,
    control_plane: Found,
    members: Members,
    /// Reason and message of the condition Deleting.
    deleting: (String, String),
}

async fn reconcile(key: &Key, cx: &Context) -> Outcome<Requeue> {
    let Some(cluster) = read::one(cx, &CLUSTERS, &key.namespace, &key.name) else {
        return Ok(Requeue::Done);
    };
    if paused::adds_finalizer(cx, &CLUSTERS, &cluster, FINALIZER).await? {
        return Ok(Requeue::Done);
    }
    let mut cluster = Draft::new(&CLUSTERS, cluster);
    let own = Value::clone(&cluster);
    if paused::is_held(cx, Some(&own), &mut cluster).await? {
        return Ok(Requeue::Done);
    }
    let members = members(cx, &cluster, &key.namespace);
    let mut scope = Scope {
        cluster,
        infrastructure: Found::default(),
        control_plane: Found::default(),
        members,
        deleting: Default::default(),
    };
    let mut pass = Pass::default();
    pass.note(phases::infrastructure(cx, &mut scope).await);
    pass.note(phases::control_plane(cx, &mut scope).await);
    if is_deleting(&scope.cluster) {
        pass.note(delete::step(cx, &mut scope).await);
    }
    status::update(cx, &mut scope);
    pass.written(scope.cluster.write(cx, pass.is_ok()).await);
    pass.end()
}

fn members(cx: &Context, cluster: &Value, ns: &str) -> Members {
    let all = |res: &Res| read::of_cluster(cx, res, ns, name(cluster));
    let (sets, machines) = (all(&MACHINE_SETS), all(&MACHINES));
    let own_sets =
        sets.iter().filter(|set| is_owned_by(set, &CLUSTERS, cluster)).cloned().collect();
    let (control_planes, workers) =
        machines.into_iter().partition(|machine| is_control_plane(machine));
    Members { deployments: all(&MACHINE_DEPLOYMENTS), own_sets, sets, control_planes, workers }
}

/// Shared objects as plain ones.
fn plain(objects: &[Arc<Value>]) -> Vec<&Value> {
    objects.iter().map(|object| &**object).collect()
}
