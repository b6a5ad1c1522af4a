//! The controller of `KubeadmControlPlanes`: makes the certificates and the kubeconfig, and one
//! control plane machine at a time; looks after etcd when one goes.

mod available;
mod conditions;
mod delete;
mod health;
mod kubeconfig;
mod machines;
mod preflight;
mod remediate;
mod rollout;
mod status;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::api::Res;
use crate::api::resources::{
    CLOUD_MACHINE_TEMPLATES, CLOUD_MACHINES, CLUSTERS, DOCKER_MACHINE_TEMPLATES, DOCKER_MACHINES,
    KUBEADM_CONFIGS, KUBEADM_CONTROL_PLANES, MACHINES, SECRETS,
};
use crate::capi::draft::Draft;
use crate::capi::object::{
    CLUSTER_NAME, at, controller, controlling_owner, ensure_owner, flag, int, is_control_plane,
    is_controlled_by, is_deleting, label, name, owner_of, text,
};
use crate::capi::own_writes::OwnWrites;
use crate::capi::{CONTROL_PLANE, Outcome, Pass, draft, failed, link, paused, read, wake};
use crate::remote::{EtcdMember, RETRY, RemoteError};
use crate::runtime::{BoxFuture, Concern, Context, Key, ReconcileError, Reconciler, Requeue};

const FINALIZER: &str = "kubeadm.controlplane.cluster.x-k8s.io";
/// The hook by which a machine waits until its etcd member is removed.
const HOOK: &str = "pre-terminate.delete.hook.machine.cluster.x-k8s.io/kcp-cleanup";
/// How soon a deletion is looked at again.
const DELETE_RETRY: Duration = Duration::from_secs(30);
/// How soon a control plane that is not well is looked at again.
const UNWELL_RETRY: Duration = Duration::from_secs(20);

/// The controller of `KubeadmControlPlanes`.
#[derive(Default)]
pub(crate) struct KubeadmControlPlanes {
    writes: OwnWrites,
}

impl Reconciler for KubeadmControlPlanes {
    fn name(&self) -> &'static str {
        "kubeadmcontrolplane"
    }

    fn agent(&self) -> &'static str {
        CONTROL_PLANE
    }

    fn concerns(&self) -> Vec<Concern> {
        vec![
            Concern::own(&KUBEADM_CONTROL_PLANES),
            Concern { res: &MACHINES, map: wake::owner_control_plane },
            Concern { res: &CLUSTERS, map: wake::control_plane_of_cluster },
        ]
    }

    fn reads(&self) -> Vec<&'static Res> {
        vec![
            &SECRETS,
            &KUBEADM_CONFIGS,
            &DOCKER_MACHINES,
            &DOCKER_MACHINE_TEMPLATES,
            &CLOUD_MACHINES,
            &CLOUD_MACHINE_TEMPLATES,
        ]
    }

    fn reconcile<'a>(
        &'a self,
        key: &'a Key,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Requeue, ReconcileError>> {
        Box::pin(self.run(key, cx))
    }
}

/// What a reconcile knows and finds out.
struct Scope<'a> {
    key: &'a Key,
    writes: &'a OwnWrites,
    plane: Draft,
    cluster: Value,
    machines: Vec<Draft>,
    /// The members of etcd; `None` while they are not known.
    members: Option<Vec<EtcdMember>>,
    /// Whether members and machines fit.
    matching: bool,
    no_template: bool,
    preflight: preflight::Refused,
    /// Reason and message of the condition Deleting.
    deleting: (String, String),
    /// How long until the workload cluster is dialled again.
    redial: Option<Duration>,
}

impl Scope<'_> {
    fn wanted(&self) -> usize {
        let replicas = int(&self.plane, "spec.replicas").unwrap_or(1);
        usize::try_from(replicas).unwrap_or_default()
    }

    fn is_initialized(&self) -> bool {
        flag(&self.plane, "status.initialization.controlPlaneInitialized")
    }
}

impl KubeadmControlPlanes {
    async fn run(&self, key: &Key, cx: &Context) -> Outcome<Requeue> {
        if let Some(requeue) = self.writes.unseen(cx, key) {
            return Ok(requeue);
        }
        let plane = read::one(cx, &KUBEADM_CONTROL_PLANES, &key.namespace, &key.name);
        let Some(plane) = plane else { return Ok(Requeue::Done) };
        // Until the Cluster has made itself its owner, it is nobody's.
        let Some(owner) = owner_of(&plane, &CLUSTERS) else { return Ok(Requeue::Done) };
        let cluster = read::one(cx, &CLUSTERS, &key.namespace, text(owner, "name"));
        let Some(cluster) = cluster else {
            return Err(failed(format!("KubeadmControlPlane {key}: its Cluster was not found")));
        };
        if paused::adds_finalizer(cx, &KUBEADM_CONTROL_PLANES, &plane, FINALIZER).await? {
            return Ok(Requeue::Done);
        }
        let mut plane = Draft::new(&KUBEADM_CONTROL_PLANES, plane);
        if paused::is_held(cx, Some(&cluster), &mut plane).await? {
            return Ok(Requeue::Done);
        }
        let is_ready = is_ready(&cluster);
        let machines = if is_ready { machines_of(cx, &cluster) } else { Vec::new() };
        if adopts(cx, &plane, &machines).await? {
            return Ok(Requeue::Done);
        }
        let mut scope = Scope {
            key,
            writes: &self.writes,
            plane,
            cluster,
            machines: drafts(machines),
            members: None,
            matching: true,
            no_template: false,
            preflight: preflight::Refused::default(),
            deleting: Default::default(),
            redial: None,
        };
        if is_ready {
            dial(cx, &mut scope).await;
        }
        let mut pass = Pass::default();
        pass.note(match is_deleting(&scope.plane) {
            true => delete::step(cx, &mut scope).await,
            false => live(cx, &mut scope).await,
        });
        status::update(cx, &mut scope);
        pass.written(scope.plane.write(cx, pass.is_ok()).await);
        if pass.is_ok() && !pass.waits() && !is_deleting(&scope.plane) {
            let is_sick =
                crate::capi::conditions::is_false(&scope.plane, "ControlPlaneComponentsHealthy");
            if !scope.is_initialized() || is_sick {
                pass.later(Requeue::After(UNWELL_RETRY));
            }
        }
        if let Some(time) = scope.redial {
            pass.later(Requeue::After(time));
        }
        pass.end()
    }
}

/// Whether the infrastructure of the cluster stands and its endpoint is known.
fn is_ready(cluster: &Value) -> bool {
    flag(cluster, "status.initialization.infrastructureProvisioned")
        && !text(cluster, "spec.controlPlaneEndpoint.host").is_empty()
}

fn machines_of(cx: &Context, cluster: &Value) -> Vec<Arc<Value>> {
    let ns = crate::capi::object::namespace(cluster);
    let mut machines = read::of_cluster(cx, &MACHINES, ns, name(cluster));
    machines.retain(|machine| is_control_plane(machine));
    machines
}

fn drafts(machines: Vec<Arc<Value>>) -> Vec<Draft> {
    let machines = machines.into_iter().map(Arc::unwrap_or_clone);
    machines.map(|machine| Draft::new(&MACHINES, machine)).collect()
}

/// Adopts machines without a controller; refuses to work beside another owner.
async fn adopts(cx: &Context, plane: &Value, machines: &[Arc<Value>]) -> Outcome<bool> {
    if is_deleting(plane) {
        return Ok(false);
    }
    let mut adopted = false;
    for machine in machines.iter().filter(|machine| controller(machine).is_none()) {
        let mut wanted = Value::clone(machine);
        ensure_owner(&mut wanted, &controlling_owner(&KUBEADM_CONTROL_PLANES, plane));
        draft::patch(cx, &MACHINES, machine, &wanted).await?;
        adopted = true;
    }
    if !adopted && machines.iter().any(|machine| !is_controlled_by(machine, plane)) {
        return Err(failed(
            "not all control plane machines are owned by this KubeadmControlPlane, refusing to \
             operate in mixed management mode",
        ));
    }
    Ok(adopted)
}

/// Makes a connection, if there is none and it is time.
async fn dial(cx: &Context, scope: &mut Scope<'_>) {
    scope.redial = match link::dial(cx, &scope.cluster).await {
        Ok(_) => None,
        Err(RemoteError::Waiting(time)) => Some(time),
        Err(_) => Some(RETRY),
    };
}

/// One pass over a control plane that is to be there.
async fn live(cx: &Context, scope: &mut Scope<'_>) -> Outcome<Requeue> {
    let template = at(&scope.plane, "spec.machineTemplate.spec.infrastructureRef").clone();
    let ns = &scope.key.namespace;
    if !crate::capi::refs::own_template(cx, &template, ns, &scope.cluster).await? {
        scope.no_template = true;
        return Err(failed(format!("{} not found", text(&template, "kind"))));
    }
    if !flag(&scope.cluster, "status.initialization.infrastructureProvisioned") {
        let why = "Waiting for Cluster status.infrastructureReady to be true";
        conditions::nothing_known(cx, scope, "InspectionFailed", why);
        return Ok(Requeue::Done);
    }
    kubeconfig::certificates(cx, scope).await?;
    if text(&scope.cluster, "spec.controlPlaneEndpoint.host").is_empty() {
        let why = "Waiting for Cluster spec.controlPlaneEndpoint to be set";
        conditions::nothing_known(cx, scope, "InspectionFailed", why);
        return Ok(Requeue::Done);
    }
    if let Some(requeue) = kubeconfig::ensure(cx, scope).await? {
        return Ok(requeue);
    }
    let looked = conditions::update(cx, scope).await;
    for machine in &mut scope.machines {
        machine.write_conditions(cx).await?;
    }
    looked?;
    if let Some(requeue) = delete::stray_member(cx, scope).await? {
        return Ok(requeue);
    }
    if let Some(requeue) = delete::release_hook(cx, scope).await? {
        return Ok(requeue);
    }
    if let Some(requeue) = remediate::unhealthy(cx, scope).await? {
        return Ok(requeue);
    }
    rollout::step(cx, scope).await
}

/// The machines as plain objects.
fn plain<'a>(scope: &'a Scope<'_>) -> Vec<&'a Value> {
    scope.machines.iter().map(|machine| &**machine).collect()
}

/// The labels of what belongs to the control plane.
fn labels(scope: &Scope<'_>) -> serde_json::Map<String, Value> {
    let mut labels = at(&scope.plane, "spec.machineTemplate.metadata.labels")
        .as_object()
        .cloned()
        .unwrap_or_default();
    let own = [
        (CLUSTER_NAME, name(&scope.cluster)),
        (crate::capi::object::CONTROL_PLANE, ""),
        (crate::capi::object::CONTROL_PLANE_NAME, name(&scope.plane)),
    ];
    for (key, value) in own {
        labels.insert(key.to_owned(), serde_json::json!(value));
    }
    debug_assert!(label(&scope.plane, CLUSTER_NAME).is_some(), "its Cluster labels it");
    labels
}
