//! The controller of `KubeadmConfigs`: makes the bootstrap data of a machine, once the control
//! plane is initialised or for the machine that initialises it.

mod data;
mod lock;
mod token;

use std::time::Duration;

use serde_json::{Value, json};

use crate::api::Res;
use crate::api::resources::{CLUSTERS, KUBEADM_CONFIGS, MACHINES, SECRETS};
use crate::capi::conditions::{self, Condition, Summary, is_true, summary};
use crate::capi::draft::Draft;
use crate::capi::object::{
    at, cluster_of, ensure_owner, flag, has_exact_owner, is_control_plane, is_deleting, name,
    owner_of, plain_owner, put, text,
};
use crate::capi::{BOOTSTRAP, Outcome, Pass, certificates, draft, failed, paused, read, wake};
use crate::runtime::{BoxFuture, Concern, Context, Key, ReconcileError, Reconciler, Requeue};

/// How soon a configuration that waits is looked at again.
const WAIT: Duration = Duration::from_secs(30);
const DATA: &str = "DataSecretAvailable";
const CERTIFICATES: &str = "CertificatesAvailable";

/// The controller of `KubeadmConfigs`.
#[derive(Debug, Default)]
pub(crate) struct KubeadmConfigs;

impl Reconciler for KubeadmConfigs {
    fn name(&self) -> &'static str {
        "kubeadmconfig"
    }

    fn agent(&self) -> &'static str {
        BOOTSTRAP
    }

    fn concerns(&self) -> Vec<Concern> {
        vec![
            Concern::own(&KUBEADM_CONFIGS),
            Concern { res: &MACHINES, map: wake::config_of_machine },
            Concern { res: &CLUSTERS, map: wake::configs_of_cluster },
        ]
    }

    fn reads(&self) -> Vec<&'static Res> {
        vec![&SECRETS]
    }

    fn reconcile<'a>(
        &'a self,
        key: &'a Key,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Requeue, ReconcileError>> {
        Box::pin(reconcile(key, cx))
    }
}

/// What a reconcile knows.
struct Scope {
    config: Draft,
    machine: Value,
    cluster: Value,
    now: String,
}

impl Scope {
    fn set(&mut self, kind: &str, holds: bool, reason: &str, message: &str) {
        let condition = Condition::new(kind, holds, reason, message);
        conditions::set(&mut self.config, &self.now, condition);
    }

    /// The Secret is there, as far as this controller is concerned.
    fn provided(&mut self) {
        self.set(DATA, true, "Available", "");
        self.set(CERTIFICATES, true, "Available", "");
    }
}

async fn reconcile(key: &Key, cx: &Context) -> Outcome<Requeue> {
    let config = read::one(cx, &KUBEADM_CONFIGS, &key.namespace, &key.name);
    let Some(config) = config else { return Ok(Requeue::Done) };
    let Some(owner) = owner_of(&config, &MACHINES) else { return Ok(Requeue::Done) };
    let machine = read::one(cx, &MACHINES, &key.namespace, text(owner, "name"));
    let Some(machine) = machine else { return Ok(Requeue::Done) };
    let cluster = read::one(cx, &CLUSTERS, &key.namespace, cluster_of(&machine));
    let Some(cluster) = cluster else { return Ok(Requeue::Done) };
    let mut config = Draft::new(&KUBEADM_CONFIGS, config);
    if paused::is_held(cx, Some(&cluster), &mut config).await? {
        return Ok(Requeue::Done);
    }
    let mut scope = Scope { config, machine, cluster, now: cx.clock.text() };
    let mut pass = Pass::default();
    if !is_deleting(&scope.config) {
        pass.note(live(cx, &mut scope).await);
    }
    let ready = ready(&scope.config);
    conditions::set(&mut scope.config, &scope.now, ready);
    pass.written(scope.config.write(cx, pass.is_ok()).await);
    pass.end()
}

fn ready(config: &Value) -> Condition {
    let how = Summary {
        kinds: &[DATA, CERTIFICATES],
        negative: &[],
        optional: &[],
        reasons: ["NotReady", "ReadyUnknown", "Ready"],
        harmless: &|_| false,
        instead: None,
        transform: None,
    };
    summary(config, "Ready", &how)
}

async fn live(cx: &Context, scope: &mut Scope) -> Outcome<Requeue> {
    own_secret(cx, scope).await?;
    if !flag(&scope.cluster, "status.initialization.infrastructureProvisioned") {
        let why = "Waiting for Cluster status.infrastructureReady to be true";
        scope.set(DATA, false, "NotAvailable", why);
        return Ok(Requeue::Done);
    }
    let created = flag(&scope.config, "status.initialization.dataSecretCreated");
    let known = !text(&scope.config, "status.dataSecretName").is_empty();
    let provided = text(&scope.machine, "spec.bootstrap.dataSecretName").to_owned();
    if !(provided.is_empty() || created && known) {
        // As after an import: the Secret is not looked at, and nothing is made anew.
        put(&mut scope.config, "status.dataSecretName", json!(provided));
        put(&mut scope.config, "status.initialization.dataSecretCreated", json!(true));
        scope.provided();
        return Ok(Requeue::Done);
    }
    if created {
        scope.provided();
        let token = text(&scope.config, token::PATH).to_owned();
        let has_node = !text(&scope.machine, "status.nodeRef.name").is_empty();
        if token.is_empty() || has_node {
            return Ok(Requeue::Done);
        }
        return token::refresh(cx, &scope.cluster, &token).await;
    }
    if !is_true(&scope.cluster, "ControlPlaneInitialized") {
        return initialise(cx, scope).await;
    }
    lock::release(cx, &scope.cluster).await;
    join(cx, scope).await
}

/// Makes this configuration the controller of its Secret, if that is there.
async fn own_secret(cx: &Context, scope: &Scope) -> Outcome<()> {
    let config = &scope.config;
    let ns = crate::capi::object::namespace(config);
    let Some(secret) = read::one(cx, &SECRETS, ns, name(config)) else { return Ok(()) };
    let owner = data::owner(config);
    if has_exact_owner(&secret, &owner) {
        return Ok(());
    }
    let mut wanted = secret.clone();
    ensure_owner(&mut wanted, &owner);
    draft::patch(cx, &SECRETS, &secret, &wanted).await
}

/// Before the control plane is initialised: one machine of it gets the data to do that.
async fn initialise(cx: &Context, scope: &mut Scope) -> Outcome<Requeue> {
    if !conditions::has(&scope.config, DATA) {
        let why = "Waiting for Cluster control plane to be initialized";
        scope.set(DATA, false, "NotAvailable", why);
    }
    let is_first = is_control_plane(&scope.machine);
    if !is_first || !lock::take(cx, &scope.cluster, &scope.machine).await? {
        return Ok(Requeue::After(WAIT));
    }
    let done = match certificates::authority(cx, &scope.cluster) {
        Some(authority) => {
            scope.set(CERTIFICATES, true, "Available", "");
            let endpoint = data::endpoint(&scope.cluster);
            put(&mut scope.config, data::CONTROL_PLANE_ENDPOINT, json!(endpoint));
            data::store(cx, scope, data::Role::Init, &authority).await
        }
        None => Err(no_certificates(scope, &["ca"])),
    };
    if done.is_err() {
        lock::release(cx, &scope.cluster).await;
    }
    done.map(|()| Requeue::Done)
}

fn no_certificates(scope: &mut Scope, missing: &[&str]) -> ReconcileError {
    let why = "Please check controller logs for errors";
    let condition = Condition::unknown(CERTIFICATES, "InternalError", why);
    conditions::set(&mut scope.config, &scope.now, condition);
    failed(format!("certificates are missing: {}", missing.join(", ")))
}

/// The data with which a machine joins: held to the CA, and let in by a token.
async fn join(cx: &Context, scope: &mut Scope) -> Outcome<Requeue> {
    let (role, needed) = match is_control_plane(&scope.machine) {
        true => (data::Role::JoinControlPlane, &certificates::PURPOSES[..]),
        false => (data::Role::Join, &certificates::PURPOSES[..1]),
    };
    let missing = certificates::missing(cx, &scope.cluster, needed);
    let authority = certificates::authority(cx, &scope.cluster);
    let Some(authority) = authority.filter(|_| missing.is_empty()) else {
        return Err(no_certificates(scope, &missing));
    };
    scope.set(CERTIFICATES, true, "Available", "");
    let discovery = "spec.joinConfiguration.discovery.bootstrapToken";
    if at(&scope.config, discovery).get("caCertHashes").is_none() {
        put(&mut scope.config, &format!("{discovery}.caCertHashes"), json!([authority]));
    }
    if text(&scope.config, &format!("{discovery}.apiServerEndpoint")).is_empty() {
        let endpoint = data::endpoint(&scope.cluster);
        put(&mut scope.config, &format!("{discovery}.apiServerEndpoint"), json!(endpoint));
    }
    if text(&scope.config, token::PATH).is_empty() {
        let token = token::create(cx, &scope.cluster).await?;
        put(&mut scope.config, token::PATH, json!(token));
    }
    if role == data::Role::JoinControlPlane
        && at(&scope.config, "spec.joinConfiguration.controlPlane").is_null()
    {
        put(&mut scope.config, "spec.joinConfiguration.controlPlane", json!({}));
    }
    let authority = at(&scope.config, &format!("{discovery}.caCertHashes"))[0]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    data::store(cx, scope, role, &authority).await?;
    Ok(Requeue::After(token::INTERVAL))
}

/// A reference to the machine's cluster that neither controls nor blocks.
fn cluster_owner(cluster: &Value) -> Value {
    plain_owner(&CLUSTERS, cluster)
}
