//! Whether the control plane is ready for more machines.

use std::time::Duration;

use serde_json::Value;

use super::{Scope, shown};
use crate::capi::object::{at, text};
use crate::capi::read::numbers;
use crate::capi::{Outcome, failed, refs};
use crate::runtime::Context;

/// How soon it is asked again.
pub(super) const RETRY: Duration = Duration::from_secs(15);

const SKIP: &str = "machineset.cluster.x-k8s.io/skip-preflight-checks";

/// Why not; empty if it is.
pub(super) fn check(cx: &Context, scope: &Scope<'_>) -> Outcome<Vec<String>> {
    let reference = at(&scope.cluster, "spec.controlPlaneRef");
    let skipped = crate::capi::object::annotation(&scope.set, SKIP).unwrap_or_default();
    if reference.is_null() || skipped.contains("All") {
        return Ok(Vec::new());
    }
    let Some((_, control_plane)) = refs::follow(cx, reference, &scope.key.namespace)? else {
        return Err(failed("failed to perform preflight checks: failed to get ControlPlane"));
    };
    let wanted = text(&control_plane, "spec.version").to_owned();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut refused = Vec::new();
    if !skipped.contains("ControlPlaneIsStable")
        && let Some(what) = unstable(&control_plane, &wanted)
    {
        let name = format!("{} {}", text(reference, "kind"), shown(&control_plane));
        let check = "\"ControlPlaneIsStable\" preflight check failed";
        refused.push(format!("{name} is {what} ({check})"));
    }
    let version = text(&scope.set, "spec.template.spec.version");
    if !version.is_empty() {
        refused.extend(skew(scope, skipped, version, &wanted));
    }
    Ok(refused)
}

/// What a control plane is doing that does not bear more machines.
fn unstable(control_plane: &Value, wanted: &str) -> Option<&'static str> {
    let versions = at(control_plane, "status.versions").as_array();
    let oldest = versions.and_then(|all| all.first()).map(|one| text(one, "version"));
    match oldest.unwrap_or_else(|| text(control_plane, "status.version")) {
        "" => Some("provisioning"),
        version if version != wanted => Some("upgrading"),
        _ => None,
    }
}

fn skew(scope: &Scope<'_>, skipped: &str, version: &str, wanted: &str) -> Vec<String> {
    let (set, plane) = (numbers(version), numbers(wanted));
    let minor = |version: &[u64]| version.get(1).copied().unwrap_or_default();
    let (set_minor, plane_minor) = (minor(&set), minor(&plane));
    let bare = |version: &str| version.trim_start_matches('v').to_owned();
    let head = format!(
        "MachineSet version ({}) and ControlPlane version ({}) do not conform to",
        bare(version),
        bare(wanted),
    );
    let mut refused = Vec::new();
    let check = "\"KubernetesVersionSkew\" preflight check failed";
    if !skipped.contains("KubernetesVersionSkew") && set_minor > plane_minor {
        let why = "MachineSet version is higher than ControlPlane version";
        refused.push(format!("{head} the kubernetes version skew policy as {why} ({check})"));
    } else if !skipped.contains("KubernetesVersionSkew") && set_minor + 3 < plane_minor {
        let why =
            "MachineSet version is more than 3 minor versions older than the ControlPlane version";
        refused.push(format!("{head} the kubernetes version skew policy as {why} ({check})"));
    }
    let config = text(&scope.set, "spec.template.spec.bootstrap.configRef.kind");
    let is_kubeadm = config == "KubeadmConfigTemplate";
    if is_kubeadm && !skipped.contains("KubeadmVersionSkew") && set_minor != plane_minor {
        let why = "kubeadm only supports joining with the same major+minor version as the \
                   control plane";
        let check = "\"KubeadmVersionSkew\" preflight check failed";
        refused.push(format!("{head} kubeadm version skew policy as {why} ({check})"));
    }
    refused
}
