//! The machine behind a machine.

use std::time::Duration;

use serde_json::{Value, json};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{actor, clusters, machines, refused, stages};
use crate::api::Res;
use crate::api::resources::{CLUSTERS, MACHINES, SECRETS};
use crate::capi::conditions::{self, is_true};
use crate::capi::draft::Draft;
use crate::capi::object::{
    CLUSTER_NAME, at, flag, is_control_plane, is_deleting, label, name, namespace, owner_of, put,
    remove_finalizer, text,
};
use crate::capi::{INFRASTRUCTURE, Outcome, Pass, failed, paused, read, wake};
use crate::infrastructure::{Actor, Flavour, InfraMachine, MachineRef, MachineSpec, ProviderError};
use crate::runtime::{BoxFuture, Concern, Context, Key, ReconcileError, Reconciler, Requeue};

/// How often a machine is looked at that is not done.
const LOOK: Duration = Duration::from_secs(1);
/// How often one that has not been done for long.
const LOOK_SELDOM: Duration = Duration::from_secs(30);
/// How long that is.
const LONG: Duration = Duration::from_secs(10 * 60);

/// The controller of `DockerMachines` or `CloudMachines`.
#[derive(Debug)]
pub(crate) struct InfraMachines {
    flavour: Flavour,
}

/// What a reconcile knows.
struct Scope {
    object: Draft,
    machine: Value,
    cluster: Value,
    infrastructure: Value,
}

impl InfraMachines {
    pub(crate) fn new(flavour: Flavour) -> Self {
        Self { flavour }
    }

    fn res(&self) -> &'static Res {
        machines(self.flavour)
    }

    fn finalizer(&self) -> &'static str {
        match self.flavour {
            Flavour::ByName => "dockermachine.infrastructure.cluster.x-k8s.io",
            Flavour::ById => "cloudmachine.infrastructure.cluster.x-k8s.io",
        }
    }
}

impl Reconciler for InfraMachines {
    fn name(&self) -> &'static str {
        match self.flavour {
            Flavour::ByName => "dockermachine",
            Flavour::ById => "cloudmachine",
        }
    }

    fn agent(&self) -> &'static str {
        INFRASTRUCTURE
    }

    fn concerns(&self) -> Vec<Concern> {
        let own = Concern::own(self.res());
        match self.flavour {
            Flavour::ByName => vec![
                own,
                Concern { res: &MACHINES, map: wake::docker_machine_of_machine },
                Concern { res: &CLUSTERS, map: wake::docker_machines_of_cluster },
            ],
            Flavour::ById => vec![
                own,
                Concern { res: &MACHINES, map: wake::cloud_machine_of_machine },
                Concern { res: &CLUSTERS, map: wake::cloud_machines_of_cluster },
            ],
        }
    }

    fn reads(&self) -> Vec<&'static Res> {
        vec![&SECRETS, clusters(self.flavour)]
    }

    fn reconcile<'a>(
        &'a self,
        key: &'a Key,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Requeue, ReconcileError>> {
        Box::pin(self.run(key, cx))
    }
}

impl InfraMachines {
    async fn run(&self, key: &Key, cx: &Context) -> Outcome<Requeue> {
        let object = read::one(cx, self.res(), &key.namespace, &key.name);
        let Some(object) = object else { return Ok(Requeue::Done) };
        // Until the machine has made itself its owner, it is nobody's.
        let Some(owner) = owner_of(&object, &MACHINES) else { return Ok(Requeue::Done) };
        let machine = read::one(cx, &MACHINES, &key.namespace, text(owner, "name"));
        let Some(machine) = machine else {
            return Err(failed(format!("{} {key}: its Machine was not found", self.res().kind)));
        };
        let cluster = label(&machine, CLUSTER_NAME).unwrap_or_default();
        let cluster = read::one(cx, &CLUSTERS, &key.namespace, cluster);
        let Some(cluster) = cluster else { return Ok(Requeue::Done) };
        if paused::adds_finalizer(cx, self.res(), &object, self.finalizer()).await? {
            return Ok(Requeue::Done);
        }
        let mut object = Draft::new(self.res(), object);
        if paused::is_held(cx, Some(&cluster), &mut object).await? {
            return Ok(Requeue::Done);
        }
        let infrastructure = text(&cluster, "spec.infrastructureRef.name");
        let infrastructure = read::one(cx, clusters(self.flavour), &key.namespace, infrastructure);
        // Without it a machine is neither made nor deleted.
        let Some(infrastructure) = infrastructure else { return Ok(Requeue::Done) };
        let mut scope = Scope { object, machine, cluster, infrastructure };
        let mut pass = Pass::default();
        pass.note(match is_deleting(&scope.object) {
            true => self.go(cx, &mut scope).await,
            false => self.live(cx, &mut scope).await,
        });
        let ready = stages::ready(&scope.object, is_control_plane(&scope.machine));
        conditions::set(&mut scope.object, &cx.clock.text(), ready);
        pass.written(scope.object.write(cx, false).await);
        pass.end()
    }

    async fn live(&self, cx: &Context, scope: &mut Scope) -> Outcome<Requeue> {
        let control_plane = is_control_plane(&scope.machine);
        if let Some(reason) = waits(scope) {
            stages::waiting(cx, &mut scope.object, control_plane, reason);
            return Ok(Requeue::Done);
        }
        let who = actor(cx, &scope.infrastructure)?;
        let found = match self.find(cx, scope, &who).await? {
            Some(found) => found,
            None if !text(&scope.object, "spec.providerID").is_empty() => {
                stages::lost(cx, &mut scope.object);
                return Ok(Requeue::After(LOOK_SELDOM));
            }
            None => {
                // What is known so far is shown before the call, which may take its time.
                stages::starting(cx, &mut scope.object, control_plane);
                let ready = stages::ready(&scope.object, control_plane);
                conditions::set(&mut scope.object, &cx.clock.text(), ready);
                scope.object.write_conditions(cx).await?;
                self.make(cx, scope, &who).await?
            }
        };
        stages::show(cx, &mut scope.object, control_plane, &found);
        if self.flavour == Flavour::ById && text(&scope.object, "spec.providerID").is_empty() {
            // Who loses the id has lost the machine: it is written at once.
            put(&mut scope.object, "spec.providerID", json!(found.id));
            scope.object.write(cx, false).await?;
        }
        if found.stages.vm {
            put(&mut scope.object, "spec.providerID", json!(found.id));
            put(&mut scope.object, "status.initialization.provisioned", json!(true));
            let address = json!([{"type": "InternalIP", "address": found.address}]);
            put(&mut scope.object, "status.addresses", address);
            if control_plane && !flag(&scope.object, "status.loadBalancerConfigured") {
                self.balance(cx, scope, &who).await?;
                put(&mut scope.object, "status.loadBalancerConfigured", json!(true));
            }
        }
        let is_done = stages::is_done(&found, control_plane);
        Ok(if is_done { Requeue::Done } else { Requeue::After(look(cx, &scope.object)) })
    }

    /// The machine that is there: by its id if that is known, else by name if names count.
    async fn find(
        &self,
        cx: &Context,
        scope: &Scope,
        who: &Actor,
    ) -> Outcome<Option<InfraMachine>> {
        let machine = match (text(&scope.object, "spec.providerID"), self.flavour) {
            ("", Flavour::ById) => return Ok(None),
            ("", Flavour::ByName) => MachineRef::Name(name(&scope.object)),
            (id, _) => MachineRef::Id(id),
        };
        let found = cx.infrastructure.get_machine(who, name(&scope.cluster), machine).await;
        found.map_err(|error| refused(&error))
    }

    async fn make(&self, cx: &Context, scope: &Scope, who: &Actor) -> Outcome<InfraMachine> {
        let machine = &scope.machine;
        let secret = text(machine, "spec.bootstrap.dataSecretName");
        let secret = read::one(cx, &SECRETS, namespace(machine), secret);
        let Some(secret) = secret else {
            return Err(failed("failed to retrieve the bootstrap data secret"));
        };
        let value = at(&secret, "data.value").as_str().unwrap_or_default();
        let value = STANDARD.decode(value).unwrap_or_default();
        let spec = MachineSpec {
            control_plane: is_control_plane(machine),
            version: text(machine, "spec.version").to_owned(),
            image: text(&scope.object, "spec.customImage").to_owned(),
            bootstrap: String::from_utf8(value).unwrap_or_default(),
        };
        let (cluster, name) = (name(&scope.cluster), name(&scope.object));
        match cx.infrastructure.create_machine(who, cluster, name, spec).await {
            Ok(made) => Ok(made),
            // Somebody else made it meanwhile: by name, it is the same machine.
            Err(ProviderError::Exists(_)) => {
                let found = self.find(cx, scope, who).await?;
                found.ok_or_else(|| failed(format!("{name} is in use")))
            }
            Err(error) => Err(refused(&error)),
        }
    }

    /// Tells the load balancer which machines of the control plane there are.
    async fn balance(&self, cx: &Context, scope: &Scope, who: &Actor) -> Outcome<()> {
        let host = text(&scope.infrastructure, "spec.controlPlaneEndpoint.host");
        if host.is_empty() {
            return Ok(());
        }
        let cluster = name(&scope.cluster);
        let all = read::of_cluster(cx, self.res(), namespace(&scope.object), cluster);
        let backends: Vec<String> = all
            .iter()
            .filter(|one| is_control_plane(one) && !is_deleting(one))
            .map(|one| name(one).to_owned())
            .collect();
        let told = cx.infrastructure.configure_load_balancer(who, cluster, host, backends).await;
        told.map_err(|error| refused(&error))
    }

    async fn go(&self, cx: &Context, scope: &mut Scope) -> Outcome<Requeue> {
        let who = actor(cx, &scope.infrastructure)?;
        let object_name = name(&scope.object).to_owned();
        let id = text(&scope.object, "spec.providerID").to_owned();
        let machine = match (id.as_str(), self.flavour) {
            ("", Flavour::ById) => None,
            ("", Flavour::ByName) => Some(MachineRef::Name(&object_name)),
            (id, _) => Some(MachineRef::Id(id)),
        };
        if let Some(machine) = machine {
            let cluster = name(&scope.cluster);
            let gone = cx.infrastructure.delete_machine(&who, cluster, machine).await;
            gone.map_err(|error| refused(&error))?;
        }
        if is_control_plane(&scope.machine) {
            self.balance(cx, scope, &who).await?;
        }
        remove_finalizer(&mut scope.object, self.finalizer());
        Ok(Requeue::Done)
    }
}

/// For what a machine waits before it is made.
fn waits(scope: &Scope) -> Option<&'static str> {
    if !flag(&scope.cluster, "status.initialization.infrastructureProvisioned") {
        return Some("WaitingForClusterInfrastructureReady");
    }
    if !at(&scope.machine, "spec.bootstrap.dataSecretName").is_null() {
        return None;
    }
    let initialized = is_true(&scope.cluster, "ControlPlaneInitialized");
    match is_control_plane(&scope.machine) || initialized {
        true => Some("WaitingForBootstrapData"),
        false => Some("WaitingForControlPlaneInitialized"),
    }
}

fn look(cx: &Context, object: &Value) -> Duration {
    let age = cx.clock.since(text(object, "metadata.creationTimestamp"));
    if age.is_some_and(|age| age > LONG) { LOOK_SELDOM } else { LOOK }
}
