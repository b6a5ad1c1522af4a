//! The controller of `MachineDeployments`: keeps one `MachineSet` for each template that it had,
//! and moves replicas from the old ones to the new one.

mod plan;
mod sets;
mod status;

pub(crate) use status::rolling_out;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::api::Res;
use crate::api::resources::{
    CLOUD_MACHINE_TEMPLATES, CLUSTERS, DOCKER_MACHINE_TEMPLATES, KUBEADM_CONFIG_TEMPLATES,
    MACHINE_DEPLOYMENTS, MACHINE_SETS, MACHINES,
};
use crate::capi::draft::Draft;
use crate::capi::object::{
    CLUSTER_NAME, DEPLOYMENT_NAME, REVISION, annotation, at, cluster_of, controller,
    controlling_owner, ensure_owner, flag, int, is_controlled_by, is_deleting, label, name,
    plain_owner, remove_finalizer, selects, set_annotation, set_label, text,
};
use crate::capi::own_writes::OwnWrites;
use crate::capi::{CORE, Outcome, Pass, draft, failed, paused, read, refs, wake};
use crate::runtime::{BoxFuture, Concern, Context, Key, ReconcileError, Reconciler, Requeue};

const FINALIZER: &str = "cluster.x-k8s.io/machinedeployment";

/// The controller of `MachineDeployments`.
#[derive(Default)]
pub(crate) struct MachineDeployments {
    writes: OwnWrites,
}

impl Reconciler for MachineDeployments {
    fn name(&self) -> &'static str {
        "machinedeployment"
    }

    fn agent(&self) -> &'static str {
        CORE
    }

    fn concerns(&self) -> Vec<Concern> {
        vec![
            Concern::own(&MACHINE_DEPLOYMENTS),
            Concern { res: &MACHINE_SETS, map: wake::deployment_of_set },
            Concern { res: &CLUSTERS, map: wake::deployments_of_cluster },
        ]
    }

    fn reads(&self) -> Vec<&'static Res> {
        vec![
            &MACHINES,
            &KUBEADM_CONFIG_TEMPLATES,
            &DOCKER_MACHINE_TEMPLATES,
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
    deployment: Draft,
    cluster: Value,
    sets: Vec<Arc<Value>>,
    machines: Vec<Arc<Value>>,
    listed: bool,
    no_bootstrap: bool,
    no_infrastructure: bool,
}

impl MachineDeployments {
    async fn run(&self, key: &Key, cx: &Context) -> Outcome<Requeue> {
        if let Some(requeue) = self.writes.unseen(cx, key) {
            return Ok(requeue);
        }
        let deployment = read::one(cx, &MACHINE_DEPLOYMENTS, &key.namespace, &key.name);
        let Some(deployment) = deployment else { return Ok(Requeue::Done) };
        let Some(cluster) = read::one(cx, &CLUSTERS, &key.namespace, cluster_of(&deployment))
        else {
            return Err(failed(format!("MachineDeployment {key}: its Cluster was not found")));
        };
        if paused::adds_finalizer(cx, &MACHINE_DEPLOYMENTS, &deployment, FINALIZER).await? {
            return Ok(Requeue::Done);
        }
        let mut deployment = Draft::new(&MACHINE_DEPLOYMENTS, deployment);
        if paused::is_held(cx, Some(&cluster), &mut deployment).await? {
            return Ok(Requeue::Done);
        }
        let mut machines = read::all(cx, &MACHINES, &key.namespace);
        machines.retain(|machine| selects(at(&deployment, "spec.selector"), machine));
        let mut scope = Scope {
            key,
            writes: &self.writes,
            deployment,
            cluster,
            sets: Vec::new(),
            machines,
            listed: false,
            no_bootstrap: false,
            no_infrastructure: false,
        };
        let mut pass = Pass::default();
        pass.written(match is_deleting(&scope.deployment) {
            true => go(cx, &mut scope).await,
            false => live(cx, &mut scope).await,
        });
        status::update(cx, &mut scope);
        pass.written(scope.deployment.write(cx, pass.is_ok()).await);
        pass.end()
    }
}

async fn live(cx: &Context, scope: &mut Scope<'_>) -> Outcome<()> {
    let cluster = name(&scope.cluster).to_owned();
    set_label(&mut scope.deployment, CLUSTER_NAME, &cluster);
    let owner = plain_owner(&CLUSTERS, &scope.cluster);
    ensure_owner(&mut scope.deployment, &owner);
    let ns = scope.key.namespace.clone();
    let infrastructure = at(&scope.deployment, "spec.template.spec.infrastructureRef").clone();
    let there = refs::own_template(cx, &infrastructure, &ns, &scope.cluster).await?;
    scope.no_infrastructure = !there;
    let bootstrap = at(&scope.deployment, "spec.template.spec.bootstrap.configRef").clone();
    if !bootstrap.is_null() {
        let there = refs::own_template(cx, &bootstrap, &ns, &scope.cluster).await?;
        scope.no_bootstrap = !there;
    }
    list(cx, scope).await?;
    if flag(&scope.deployment, "spec.paused") {
        return Ok(());
    }
    let templates_exist = !scope.no_bootstrap && !scope.no_infrastructure;
    let mut plan = plan::Plan::new(cx, &scope.deployment, &scope.sets, templates_exist)?;
    plan.roll();
    sets::apply(cx, scope, &plan).await?;
    if annotation(&scope.deployment, REVISION) != Some(plan.revision.as_str()) {
        set_annotation(&mut scope.deployment, REVISION, &plan.revision);
    }
    sets::clean_up(cx, scope, &plan).await
}

/// The sets that the selector finds or that it controls; orphans are adopted.
async fn list(cx: &Context, scope: &mut Scope<'_>) -> Outcome<()> {
    let mut found = Vec::new();
    for mut set in read::all(cx, &MACHINE_SETS, &scope.key.namespace) {
        let is_own = is_controlled_by(&set, &scope.deployment);
        if !is_own && !selects(at(&scope.deployment, "spec.selector"), &set) {
            continue;
        }
        if controller(&set).is_none() {
            let mut wanted = Value::clone(&set);
            let owner = controlling_owner(&MACHINE_DEPLOYMENTS, &scope.deployment);
            ensure_owner(&mut wanted, &owner);
            draft::patch(cx, &MACHINE_SETS, &set, &wanted).await?;
            set = Arc::new(wanted);
        }
        if is_controlled_by(&set, &scope.deployment) {
            found.push(set);
        }
    }
    scope.listed = true;
    scope.sets = found;
    if is_deleting(&scope.deployment) {
        return Ok(());
    }
    let deployment = name(&scope.deployment).to_owned();
    for set in &mut scope.sets {
        if label(set, DEPLOYMENT_NAME) != Some(deployment.as_str()) {
            let mut wanted = Value::clone(set);
            set_label(&mut wanted, DEPLOYMENT_NAME, &deployment);
            draft::patch(cx, &MACHINE_SETS, set, &wanted).await?;
            *set = Arc::new(wanted);
        }
    }
    Ok(())
}

/// Deletes the sets, and then itself.
async fn go(cx: &Context, scope: &mut Scope<'_>) -> Outcome<()> {
    list(cx, scope).await?;
    if scope.sets.is_empty() {
        remove_finalizer(&mut scope.deployment, FINALIZER);
    }
    for set in &scope.sets {
        paused::delete(cx, &MACHINE_SETS, set).await?;
    }
    Ok(())
}

/// In what a template of machines differs from another so that the machines must be replaced.
pub(crate) fn differences(current: &Value, desired: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let is = |path: &str| text(current, path);
    let (old, new) = (is("spec.version"), text(desired, "spec.version"));
    if old != new {
        found.push(format!("Version {old}, {new} required"));
    }
    let refs = [
        ("spec.bootstrap", is("spec.bootstrap.configRef.kind")),
        ("spec.infrastructureRef", is("spec.infrastructureRef.kind")),
    ];
    for (path, kind) in refs {
        if at(current, path) != at(desired, path) {
            found.push(format!("{} is not up-to-date", kind.trim_end_matches("Template")));
        }
    }
    let (old, new) = (is("spec.failureDomain"), text(desired, "spec.failureDomain"));
    if old != new {
        found.push(format!("Failure domain {old}, {new} required"));
    }
    found
}

/// A number, or a percentage of one; `None` if it is neither.
pub(crate) fn scaled(value: &Value, of: i64, up: bool) -> Option<i64> {
    if let Some(number) = value.as_i64() {
        return Some(number);
    }
    let percent: i64 = value.as_str()?.strip_suffix('%')?.parse().ok()?;
    let product = percent.saturating_mul(of);
    Some(if up { (product + 99).div_euclid(100) } else { product.div_euclid(100) })
}

/// How many machines there may be beyond those wanted, and how many of those may be missing.
fn tolerance(deployment: &Value) -> (i64, i64) {
    let replicas = int(deployment, "spec.replicas").unwrap_or_default();
    let rolling = at(deployment, "spec.rollout.strategy.rollingUpdate");
    let surge = scaled(at(rolling, "maxSurge"), replicas, true).unwrap_or(1);
    let unavailable = scaled(at(rolling, "maxUnavailable"), replicas, false).unwrap_or(0);
    let unavailable = unavailable.min(replicas);
    (surge, if surge == 0 && unavailable == 0 { 1 } else { unavailable })
}

/// How many replicas a set is told to have.
fn wanted(set: &Value) -> i64 {
    int(set, "spec.replicas").unwrap_or_default()
}

/// A count in the status of a set.
fn counted(set: &Value, field: &str) -> i64 {
    int(set, &format!("status.{field}")).unwrap_or_default()
}

/// An object as applied: its identity and what is set in it.
fn applied(res: &Res, metadata: Value, spec: Value) -> Value {
    json!({
        "apiVersion": res.api_version(), "kind": res.kind, "metadata": metadata, "spec": spec,
    })
}
