//! The controller of `Machines`: takes over what was cloned for one, copies what bootstrap and
//! infrastructure report, finds its node, and takes all of it down.

mod delete;
mod drain;
mod node;
mod node_health;
mod phases;
mod ready;
mod status;

pub(crate) use status::{REMOTE_GRACE, is_marked_for_remediation, kubelet_lags};

use serde_json::Value;

use crate::api::resources::{
    CLOUD_MACHINES, CLUSTERS, DOCKER_MACHINES, KUBEADM_CONFIGS, MACHINE_DEPLOYMENTS, MACHINE_SETS,
    MACHINES,
};
use crate::api::{Api, Res};
use crate::capi::draft::Draft;
use crate::capi::object::{
    CLUSTER_NAME, DEPLOYMENT_NAME, cluster_of, is_deleting, label, name, namespace, owner_of, text,
};
use crate::capi::{CORE, Outcome, Pass, failed, link, paused, read, wake};
use crate::runtime::{BoxFuture, Concern, Context, Key, ReconcileError, Reconciler, Requeue};

/// The finalizer of machines.
pub(crate) const FINALIZER: &str = "machine.cluster.x-k8s.io";

/// The controller of `Machines`.
#[derive(Debug, Default)]
pub(crate) struct Machines;

impl Reconciler for Machines {
    fn name(&self) -> &'static str {
        "machine"
    }

    fn agent(&self) -> &'static str {
        CORE
    }

    fn concerns(&self) -> Vec<Concern> {
        vec![
            Concern::own(&MACHINES),
            Concern { res: &CLUSTERS, map: wake::machines_of_cluster },
            Concern { res: &MACHINE_SETS, map: wake::machines_of_set },
            Concern { res: &MACHINE_DEPLOYMENTS, map: wake::machines_of_deployment },
            Concern { res: &KUBEADM_CONFIGS, map: wake::owner_machine },
            Concern { res: &DOCKER_MACHINES, map: wake::owner_machine },
            Concern { res: &CLOUD_MACHINES, map: wake::owner_machine },
        ]
    }

    fn reconcile<'a>(
        &'a self,
        key: &'a Key,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Requeue, ReconcileError>> {
        Box::pin(reconcile(key, cx))
    }
}

/// What a reconcile knows and finds out.
struct Scope {
    machine: Draft,
    cluster: Value,
    set: Option<Value>,
    deployment: Option<Value>,
    bootstrap: Found,
    infrastructure: Found,
    node: NodeFound,
    /// Reason and message of the condition Deleting.
    deleting: (String, String),
}

/// What became of the look for an object that a machine refers to.
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

/// What became of the look for the node.
#[derive(Default)]
enum NodeFound {
    /// There is none, or none is expected yet.
    #[default]
    Missing,
    /// There is no connection to the workload cluster.
    NotConnected,
    /// The look failed otherwise.
    Failed,
    /// It is there.
    There(Box<Value>),
}

impl Scope {
    fn delete_because(&mut self, reason: &str, message: impl Into<String>) {
        self.deleting = (reason.to_owned(), message.into());
    }

    fn key(&self) -> Key {
        Key::of(&self.machine)
    }

    fn workload(&self, cx: &Context) -> Outcome<Api> {
        link::client(cx, &self.cluster)
    }
}

async fn reconcile(key: &Key, cx: &Context) -> Outcome<Requeue> {
    let Some(machine) = read::one(cx, &MACHINES, &key.namespace, &key.name) else {
        return Ok(Requeue::Done);
    };
    let Some(cluster) = read::one(cx, &CLUSTERS, &key.namespace, cluster_of(&machine)) else {
        return Err(failed(format!("Machine {key}: its Cluster was not found")));
    };
    if paused::adds_finalizer(cx, &MACHINES, &machine, FINALIZER).await? {
        return Ok(Requeue::Done);
    }
    let mut machine = Draft::new(&MACHINES, machine);
    if paused::is_held(cx, Some(&cluster), &mut machine).await? {
        return Ok(Requeue::Done);
    }
    let set = owning_set(cx, &machine)?;
    let deployment = owning_deployment(cx, set.as_ref())?;
    let mut scope = Scope {
        machine,
        cluster,
        set,
        deployment,
        bootstrap: Found::default(),
        infrastructure: Found::default(),
        node: NodeFound::default(),
        deleting: Default::default(),
    };
    let mut pass = Pass::default();
    adopt(&mut scope);
    pass.note(phases::bootstrap(cx, &mut scope).await);
    pass.note(phases::infrastructure(cx, &mut scope).await);
    pass.note(node::find(cx, &mut scope).await);
    phases::certificate_expiry(&mut scope);
    if is_deleting(&scope.machine) {
        pass.note(delete::step(cx, &mut scope).await);
    }
    let later = status::update(cx, &mut scope);
    pass.later(later);
    pass.written(scope.machine.write(cx, pass.is_ok()).await);
    match (pass.end(), later) {
        // A connection that comes wakes the machine.
        (Err(error), Requeue::Done) if error == link::not_connected() => {
            Ok(Requeue::After(crate::remote::RETRY))
        }
        (Err(error), later) if error == link::not_connected() => Ok(later),
        (end, _) => end,
    }
}

/// A machine that nobody made belongs to the cluster itself.
fn adopt(scope: &mut Scope) {
    use crate::capi::object::{
        CONTROL_PLANE_NAME, SET_NAME, controller, ensure_owner, plain_owner, set_label,
    };
    let machine = &scope.machine;
    let is_made = controller(machine).is_some()
        || owner_of(machine, &CLUSTERS).is_some()
        || label(machine, SET_NAME).is_some()
        || label(machine, CONTROL_PLANE_NAME).is_some();
    if !is_made {
        let owner = plain_owner(&CLUSTERS, &scope.cluster);
        ensure_owner(&mut scope.machine, &owner);
    }
    let cluster = name(&scope.cluster).to_owned();
    if label(&scope.machine, CLUSTER_NAME) != Some(cluster.as_str()) {
        set_label(&mut scope.machine, CLUSTER_NAME, &cluster);
    }
}

fn owning_set(cx: &Context, machine: &Value) -> Outcome<Option<Value>> {
    let Some(owner) = owner_of(machine, &MACHINE_SETS) else { return Ok(None) };
    match read::one(cx, &MACHINE_SETS, namespace(machine), text(owner, "name")) {
        Some(set) => Ok(Some(set)),
        None => Err(failed("the MachineSet that owns the Machine was not found")),
    }
}

fn owning_deployment(cx: &Context, set: Option<&Value>) -> Outcome<Option<Value>> {
    let Some(set) = set else { return Ok(None) };
    let Some(deployment) = label(set, DEPLOYMENT_NAME).filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    match read::one(cx, &MACHINE_DEPLOYMENTS, namespace(set), deployment) {
        Some(deployment) => Ok(Some(deployment)),
        None => Err(failed("the MachineDeployment that owns the MachineSet was not found")),
    }
}
