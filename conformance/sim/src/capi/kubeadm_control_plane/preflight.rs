//! Whether a control plane bears one machine more or less.

use std::time::Duration;

use serde_json::Value;

use super::conditions::{MEMBER, PODS};
use super::{DELETE_RETRY, Scope};
use crate::capi::conditions::is_true;
use crate::capi::object::{is_deleting, name, text};
use crate::runtime::{Context, Requeue};

/// The least time until it is looked at again, whatever happens.
const DEFER: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_secs(15);

/// What speaks against it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Refused {
    deleting: bool,
    certificates: bool,
    components: bool,
    etcd: bool,
}

impl Refused {
    /// In words, a line each.
    pub(super) fn lines(self) -> Vec<String> {
        let all = [
            (self.deleting, "* waiting for a control plane Machine to complete deletion"),
            (self.certificates, "* cluster certificates are missing or unknown"),
            (self.components, "* waiting for control plane components to become healthy"),
            (self.etcd, "* waiting for etcd cluster to become healthy"),
        ];
        all.iter().filter(|(holds, _)| *holds).map(|(_, line)| (*line).to_owned()).collect()
    }
}

/// Something if it does not; `without`: the machine that is to go is not asked.
pub(super) fn check(
    cx: &Context,
    scope: &mut Scope<'_>,
    more: bool,
    without: Option<&str>,
) -> Option<Requeue> {
    if scope.machines.is_empty() {
        return None;
    }
    let mut refused = Refused::default();
    let mut retry = RETRY;
    if more && !is_true(&scope.plane, "CertificatesAvailable") {
        refused.certificates = true;
    } else if scope.machines.iter().any(|machine| is_deleting(machine)) {
        refused.deleting = true;
        retry = DELETE_RETRY;
    } else {
        let asked = scope.machines.iter().filter(|machine| Some(name(machine)) != without);
        for machine in asked {
            let (components, etcd) = is_well(machine);
            refused.components |= !components;
            refused.etcd |= !etcd;
        }
        if !refused.components && !refused.etcd {
            return None;
        }
    }
    scope.preflight = refused;
    cx.defer(scope.key, DEFER);
    Some(Requeue::After(retry))
}

/// Whether the components of a machine and its member of etcd are well.
fn is_well(machine: &Value) -> (bool, bool) {
    if text(machine, "status.nodeRef.name").is_empty() {
        return (false, false);
    }
    (PODS.iter().all(|(kind, _)| is_true(machine, kind)), is_true(machine, MEMBER))
}
