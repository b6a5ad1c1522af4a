//! The controller of `MachineSets`: makes machines with all that belongs to them, deletes those
//! that are too many or sick.

mod create;
mod delete;
mod preflight;
mod remediate;
mod status;

pub(crate) use create::Cloned;
pub(crate) use remediate::is_to_be_remediated;
pub(crate) use status::{
    deletion_text, how_many, machines_ready, machines_up_to_date, remediating, slow,
};

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::api::Res;
use crate::api::resources::{
    CLOUD_MACHINE_TEMPLATES, CLOUD_MACHINES, CLUSTERS, DOCKER_MACHINE_TEMPLATES, DOCKER_MACHINES,
    KUBEADM_CONFIG_TEMPLATES, KUBEADM_CONFIGS, KUBEADM_CONTROL_PLANES, MACHINE_DEPLOYMENTS,
    MACHINE_SETS, MACHINES,
};
use crate::capi::draft::Draft;
use crate::capi::object::{
    CLUSTER_NAME, DEPLOYMENT_NAME, REVISION, annotation, at, cluster_of, controller,
    controlling_owner, ensure_owner, int, is_controlled_by, is_deleting, label, namespace,
    owner_of, plain_owner, put, remove_finalizer, selects, set_label, text,
};
use crate::capi::own_writes::OwnWrites;
use crate::capi::{CORE, Outcome, Pass, draft, failed, paused, read, refs, wake};
use crate::runtime::{BoxFuture, Concern, Context, Key, ReconcileError, Reconciler, Requeue};

const FINALIZER: &str = "cluster.x-k8s.io/machineset";

/// The controller of `MachineSets`.
#[derive(Default)]
pub(crate) struct MachineSets {
    writes: OwnWrites,
}

impl Reconciler for MachineSets {
    fn name(&self) -> &'static str {
        "machineset"
    }

    fn agent(&self) -> &'static str {
        CORE
    }

    fn concerns(&self) -> Vec<Concern> {
        vec![
            Concern::own(&MACHINE_SETS),
            Concern { res: &MACHINES, map: wake::set_of_machine },
            Concern { res: &MACHINE_DEPLOYMENTS, map: wake::sets_of_deployment },
            Concern { res: &CLUSTERS, map: wake::sets_of_cluster },
        ]
    }

    fn reads(&self) -> Vec<&'static Res> {
        vec![
            &KUBEADM_CONTROL_PLANES,
            &KUBEADM_CONFIGS,
            &KUBEADM_CONFIG_TEMPLATES,
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
    set: Draft,
    cluster: Value,
    deployment: Option<Value>,
    machines: Vec<Arc<Value>>,
    listed: bool,
    no_bootstrap: bool,
    no_infrastructure: bool,
    preflight: Vec<String>,
}

impl MachineSets {
    async fn run(&self, key: &Key, cx: &Context) -> Outcome<Requeue> {
        if let Some(requeue) = self.writes.unseen(cx, key) {
            return Ok(requeue);
        }
        let Some(set) = read::one(cx, &MACHINE_SETS, &key.namespace, &key.name) else {
            return Ok(Requeue::Done);
        };
        let Some(cluster) = read::one(cx, &CLUSTERS, &key.namespace, cluster_of(&set)) else {
            return Err(failed(format!("MachineSet {key}: its Cluster was not found")));
        };
        if paused::adds_finalizer(cx, &MACHINE_SETS, &set, FINALIZER).await? {
            return Ok(Requeue::Done);
        }
        let mut set = Draft::new(&MACHINE_SETS, set);
        if paused::is_held(cx, Some(&cluster), &mut set).await? {
            return Ok(Requeue::Done);
        }
        let mut scope = Scope {
            key,
            writes: &self.writes,
            set,
            cluster,
            deployment: None,
            machines: Vec::new(),
            listed: false,
            no_bootstrap: false,
            no_infrastructure: false,
            preflight: Vec::new(),
        };
        let mut pass = Pass::default();
        pass.note(phases(cx, &mut scope).await);
        status::update(cx, &mut scope);
        pass.written(scope.set.write(cx, pass.is_ok()).await);
        if pass.is_ok() && !is_deleting(&scope.set) {
            pass.later(counters(&scope.set));
        }
        pass.end()
    }
}

/// Looks again while not all are ready, or available.
fn counters(set: &Value) -> Requeue {
    let wanted = int(set, "spec.replicas").unwrap_or_default();
    let ready = int(set, "status.readyReplicas").unwrap_or_default();
    let available = int(set, "status.availableReplicas").unwrap_or_default();
    let wait = int(set, "spec.template.spec.minReadySeconds").unwrap_or_default();
    if wait > 0 && ready == wanted && available != wanted {
        return Requeue::After(Duration::from_secs(wait.unsigned_abs()));
    }
    if ready == wanted { Requeue::Done } else { Requeue::After(Duration::from_secs(15)) }
}

async fn phases(cx: &Context, scope: &mut Scope<'_>) -> Outcome<Requeue> {
    if let Some(name) = label(&scope.set, DEPLOYMENT_NAME) {
        let owner = read::one(cx, &MACHINE_DEPLOYMENTS, &scope.key.namespace, name);
        let Some(owner) = owner else {
            return Err(failed("the MachineDeployment of the MachineSet was not found"));
        };
        scope.deployment = Some(owner);
    }
    own(scope);
    let mut pass = Pass::default();
    let infrastructure = template(cx, scope, "spec.template.spec.infrastructureRef").await;
    pass.note(infrastructure.map(|missing| scope.no_infrastructure = missing).map(done));
    let bootstrap = template(cx, scope, "spec.template.spec.bootstrap.configRef").await;
    pass.note(bootstrap.map(|missing| scope.no_bootstrap = missing).map(done));
    list(cx, scope).await?;
    if is_deleting(&scope.set) {
        pass.note(go(cx, scope).await);
        return pass.end();
    }
    pass.note(remediate::unhealthy(cx, scope).await);
    match sync(cx, scope).await {
        Ok(()) => pass.note(replicas(cx, scope).await),
        Err(error) => pass.note(Err(error)),
    }
    pass.end()
}

fn done(_: ()) -> Requeue {
    Requeue::Done
}

/// The labels that tie it to its cluster; a set that nobody made belongs to the cluster itself.
fn own(scope: &mut Scope<'_>) {
    let cluster = cluster_of(&scope.set).to_owned();
    set_label(&mut scope.set, CLUSTER_NAME, &cluster);
    let is_made = owner_of(&scope.set, &MACHINE_DEPLOYMENTS).is_some()
        || owner_of(&scope.set, &CLUSTERS).is_some()
        || scope.deployment.is_some();
    if !is_made {
        let owner = plain_owner(&CLUSTERS, &scope.cluster);
        ensure_owner(&mut scope.set, &owner);
    }
}

/// Makes the cluster own a template; true if it is missing and need not be there.
async fn template(cx: &Context, scope: &Scope<'_>, path: &str) -> Outcome<bool> {
    let reference = at(&scope.set, path);
    if reference.is_null() {
        return Ok(false);
    }
    if refs::own_template(cx, reference, &scope.key.namespace, &scope.cluster).await? {
        return Ok(false);
    }
    let revision = annotation(&scope.set, REVISION);
    let is_current = match &scope.deployment {
        None => true,
        Some(deployment) => annotation(deployment, REVISION) == revision,
    };
    if is_current && !is_deleting(&scope.set) {
        return Err(failed(format!("{} not found", text(reference, "kind"))));
    }
    Ok(true)
}

/// The machines that the selector finds, without those of others; orphans are adopted.
async fn list(cx: &Context, scope: &mut Scope<'_>) -> Outcome<()> {
    let mut machines = read::all(cx, &MACHINES, &scope.key.namespace);
    machines.retain(|machine| {
        selects(at(&scope.set, "spec.selector"), machine)
            && (controller(machine).is_none() || is_controlled_by(machine, &scope.set))
    });
    for machine in &mut machines {
        if controller(machine).is_some() {
            continue;
        }
        let mut wanted = Value::clone(machine);
        ensure_owner(&mut wanted, &controlling_owner(&MACHINE_SETS, &scope.set));
        draft::patch(cx, &MACHINES, machine, &wanted).await?;
        *machine = Arc::new(wanted);
    }
    scope.machines = machines;
    scope.listed = true;
    Ok(())
}

/// Deletes all machines, and then itself.
async fn go(cx: &Context, scope: &mut Scope<'_>) -> Outcome<Requeue> {
    if scope.machines.is_empty() {
        remove_finalizer(&mut scope.set, FINALIZER);
    }
    for machine in &scope.machines {
        paused::delete(cx, &MACHINES, machine).await?;
    }
    Ok(Requeue::Done)
}

/// Hands labels and time-outs on to the machines that are there.
async fn sync(cx: &Context, scope: &mut Scope<'_>) -> Outcome<()> {
    for machine in &mut scope.machines {
        let mut wanted = Value::clone(machine);
        if !is_deleting(machine) {
            for (key, value) in create::labels(&scope.set) {
                if label(&wanted, &key) != Some(value.as_str()) {
                    set_label(&mut wanted, &key, &value);
                }
            }
        }
        for field in ["readinessGates", "minReadySeconds"] {
            let value = at(&scope.set, &format!("spec.template.spec.{field}"));
            let path = format!("spec.{field}");
            if at(&wanted, &path) != value {
                put(&mut wanted, &path, value.clone());
            }
        }
        let mut deletion = at(&scope.set, "spec.template.spec.deletion").clone();
        if int(&deletion, "nodeDeletionTimeoutSeconds").is_none() {
            put(&mut deletion, "nodeDeletionTimeoutSeconds", json!(10));
        }
        if *at(&wanted, "spec.deletion") != deletion {
            put(&mut wanted, "spec.deletion", deletion);
        }
        if draft::difference(machine, &wanted).is_some() {
            draft::patch(cx, &MACHINES, machine, &wanted).await?;
            *machine = Arc::new(wanted);
        }
    }
    Ok(())
}

async fn replicas(cx: &Context, scope: &mut Scope<'_>) -> Outcome<Requeue> {
    let wanted = int(&scope.set, "spec.replicas").unwrap_or_default();
    let wanted = usize::try_from(wanted).unwrap_or_default();
    let there = scope.machines.len();
    if there < wanted {
        if annotation(&scope.set, "cluster.x-k8s.io/disable-machine-create") == Some("true") {
            return Ok(Requeue::Done);
        }
        return create::machines(cx, scope, wanted - there).await;
    }
    delete::machines(cx, scope, there - wanted).await
}

/// Namespace and name, as texts show an object.
fn shown(object: &Value) -> String {
    format!("{}/{}", namespace(object), crate::capi::object::name(object))
}
