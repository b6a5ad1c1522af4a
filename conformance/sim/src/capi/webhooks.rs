//! The webhooks of Cluster API, as a hook in an API server: defaults, and refusals of what would
//! break a cluster. They answer while their managers run; else writes of these kinds fail.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fulcrum_apiserver::admission::{Admission, Operation, Review};
use fulcrum_apiserver::status::Status;
use serde_json::{Value, json};

use crate::api::resources::{
    BOOTSTRAP_GROUP, CONTROL_PLANE_GROUP, CORE_GROUP, INFRASTRUCTURE_GROUP,
};
use crate::capi::object::{
    CLUSTER_NAME, DEPLOYMENT_NAME, at, int, name, put, selects, set_label, text,
};

/// The webhooks of one API server. Clones are the same webhooks.
#[derive(Clone)]
pub struct Webhooks {
    up: Arc<dyn Fn(&str) -> bool + Send + Sync>,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self { up: Arc::new(|_| true) }
    }
}

impl Webhooks {
    /// Webhooks that answer while this says so of the agent that serves them, such as
    /// [`crate::capi::CORE`].
    #[must_use]
    pub fn while_up(up: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self { up: Arc::new(up) }
    }

    /// Webhooks, and a switch that takes them all down (`false`).
    #[must_use]
    pub fn switched() -> (Self, Arc<AtomicBool>) {
        let switch = Arc::new(AtomicBool::new(true));
        let seen = Arc::clone(&switch);
        (Self::while_up(move |_| seen.load(Ordering::Relaxed)), switch)
    }

    /// Who serves the webhooks of a group, if it has any.
    fn agent(group: &str) -> Option<&'static str> {
        match group {
            CORE_GROUP => Some(super::CORE),
            BOOTSTRAP_GROUP => Some(super::BOOTSTRAP),
            CONTROL_PLANE_GROUP => Some(super::CONTROL_PLANE),
            INFRASTRUCTURE_GROUP => Some(super::INFRASTRUCTURE),
            _ => None,
        }
    }

    /// Whether the webhooks look at this write: creates and updates of their kinds, not below.
    fn concerns(review: &Review<'_>) -> bool {
        let written = matches!(review.operation, Operation::Create | Operation::Update);
        written && review.subresource.is_empty() && Self::agent(&review.resource.group).is_some()
    }

    /// # Errors
    /// 500 when nobody answers.
    fn reach(&self, review: &Review<'_>, what: &str) -> Result<(), Status> {
        let agent = Self::agent(&review.resource.group).unwrap_or_default();
        if (self.up)(agent) {
            return Ok(());
        }
        let (singular, group) = (&review.resource.singular, &review.resource.group);
        Err(Status::internal(format!(
            "Internal error occurred: failed calling webhook \"{what}.{singular}.{group}\": \
             failed to call webhook: no endpoints available for service \"{agent}-webhook-service\""
        )))
    }
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks").finish_non_exhaustive()
    }
}

impl Admission for Webhooks {
    fn mutate(&self, review: &Review<'_>, object: &mut Value) -> Result<(), Status> {
        if !Self::concerns(review) {
            return Ok(());
        }
        self.reach(review, "default")?;
        match review.resource.kind.as_str() {
            "MachineDeployment" => machine_deployment(object, review),
            "MachineSet" => machine_set(object),
            "Machine" => machine(object),
            "MachineHealthCheck" => health_check(object),
            "KubeadmControlPlane" => control_plane(object),
            _ => {}
        }
        Ok(())
    }

    fn validate(&self, review: &Review<'_>, object: Option<&Value>) -> Result<Vec<String>, Status> {
        let Some(object) = object.filter(|_| Self::concerns(review)) else {
            return Ok(Vec::new());
        };
        self.reach(review, "validation")?;
        match refusal(review, object) {
            None => Ok(Vec::new()),
            Some(why) => {
                let (singular, group) = (&review.resource.singular, &review.resource.group);
                let text = format!(
                    "admission webhook \"validation.{singular}.{group}\" denied the request: {why}"
                );
                Err(Status::new(403, "Forbidden", text))
            }
        }
    }
}

/// Writes a field that is not set.
fn default(object: &mut Value, path: &str, value: Value) {
    if at(object, path).is_null() {
        put(object, path, value);
    }
}

fn cluster_label(object: &mut Value) {
    let cluster = text(object, "spec.clusterName").to_owned();
    if !cluster.is_empty() {
        set_label(object, CLUSTER_NAME, &cluster);
    }
}

fn rollout(object: &mut Value) {
    let strategy = "spec.rollout.strategy";
    default(object, &format!("{strategy}.type"), json!("RollingUpdate"));
    if text(object, &format!("{strategy}.type")) == "RollingUpdate" {
        default(object, &format!("{strategy}.rollingUpdate.maxSurge"), json!(1));
    }
}

/// A label in selector and template. Labels have dots: they are not reached by a path.
fn match_label(object: &mut Value, key: &str, value: &str) {
    for place in ["spec.selector.matchLabels", "spec.template.metadata.labels"] {
        let mut labels = at(object, place).as_object().cloned().unwrap_or_default();
        labels.insert(key.to_owned(), json!(value));
        put(object, place, Value::Object(labels));
    }
}

fn machine_deployment(object: &mut Value, review: &Review<'_>) {
    cluster_label(object);
    rollout(object);
    if text(object, "spec.rollout.strategy.type") == "RollingUpdate" {
        default(object, "spec.rollout.strategy.rollingUpdate.maxUnavailable", json!(0));
    }
    let replicas = review.old.and_then(|old| int(old, "spec.replicas")).unwrap_or(1);
    default(object, "spec.replicas", json!(replicas));
    let own = at(object, "spec.selector.matchLabels").as_object().is_none_or(|it| it.is_empty());
    let deployment = name(object).to_owned();
    if own {
        match_label(object, DEPLOYMENT_NAME, &deployment);
    }
    let cluster = text(object, "spec.clusterName").to_owned();
    match_label(object, CLUSTER_NAME, &cluster);
}

fn machine_set(object: &mut Value) {
    cluster_label(object);
    default(object, "spec.replicas", json!(1));
    let own = at(object, "spec.selector.matchLabels").as_object().is_none_or(|it| it.is_empty());
    if own {
        let set = name(object).to_owned();
        match_label(object, crate::capi::object::SET_NAME, &set);
    }
    let cluster = text(object, "spec.clusterName").to_owned();
    match_label(object, CLUSTER_NAME, &cluster);
}

fn machine(object: &mut Value) {
    cluster_label(object);
    default(object, "spec.deletion.nodeDeletionTimeoutSeconds", json!(10));
    let version = text(object, "spec.version").to_owned();
    if !version.is_empty() && !version.starts_with('v') {
        put(object, "spec.version", json!(format!("v{version}")));
    }
}

fn health_check(object: &mut Value) {
    cluster_label(object);
    default(object, "spec.checks.nodeStartupTimeoutSeconds", json!(600));
}

fn control_plane(object: &mut Value) {
    rollout(object);
    default(object, "spec.replicas", json!(1));
}

/// Why a write is refused.
fn refusal(review: &Review<'_>, object: &Value) -> Option<String> {
    let kind = review.resource.kind.as_str();
    let shown = format!("{kind}.{} \"{}\" is invalid", review.resource.group, name(object));
    if matches!(kind, "MachineDeployment" | "MachineSet") {
        let stand_in = json!({"metadata": at(object, "spec.template.metadata")});
        if !selects(at(object, "spec.selector"), &stand_in) {
            let place = "spec.template.metadata.labels";
            return Some(format!("{shown}: {place}: Invalid value: must match spec.selector"));
        }
    }
    let old = review.old?;
    let fixed: &[&str] = match kind {
        "Machine" | "MachineHealthCheck" => &["spec.clusterName"],
        "MachineDeployment" | "MachineSet" => &["spec.clusterName", "spec.selector"],
        "DockerMachineTemplate" | "CloudMachineTemplate" => &["spec.template.spec"],
        _ => &[],
    };
    let changed = fixed.iter().find(|path| at(old, path) != at(object, path))?;
    Some(format!("{shown}: {changed}: Invalid value: field is immutable"))
}
