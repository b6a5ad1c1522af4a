//! How far a machine has come, as conditions.

use serde_json::Value;

use crate::capi::conditions::{self, Condition, Summary, summary};
use crate::infrastructure::InfraMachine;
use crate::runtime::Context;

const VM: &str = "VMProvisioned";
const NODE: &str = "NodeProvisioned";
const ETCD: &str = "EtcdProvisioned";
const API_SERVER: &str = "APIServerProvisioned";
const STARTUP: &str = "WaitingForStartupTimeout";
const ON_VM: &str = "WaitingForVMProvisioned";
const ON_NODE: &str = "WaitingForNodeProvisioned";

/// The stages of a machine, in order.
fn stages(control_plane: bool) -> &'static [&'static str] {
    if control_plane { &[VM, NODE, ETCD, API_SERVER] } else { &[VM, NODE] }
}

fn set(cx: &Context, object: &mut Value, kind: &str, why: Option<&str>, message: &str) {
    let reason = why.unwrap_or("Provisioned");
    let condition = Condition::new(kind, why.is_none(), reason, message);
    conditions::set(object, &cx.clock.text(), condition);
}

/// It waits for something before it is made.
pub(super) fn waiting(cx: &Context, object: &mut Value, control_plane: bool, reason: &str) {
    for &kind in stages(control_plane) {
        set(cx, object, kind, Some(if kind == VM { reason } else { ON_VM }), "");
    }
}

/// It is being made.
pub(super) fn starting(cx: &Context, object: &mut Value, control_plane: bool) {
    waiting(cx, object, control_plane, STARTUP);
}

/// It was there, and is not any more.
pub(super) fn lost(cx: &Context, object: &mut Value) {
    set(cx, object, VM, Some("VMDeleted"), "The machine does not exist anymore");
}

/// It is as far as the infrastructure shows.
pub(super) fn show(cx: &Context, object: &mut Value, control_plane: bool, is: &InfraMachine) {
    let reached = is.stages;
    if !reached.vm && !conditions::is_true(object, VM) {
        return starting(cx, object, control_plane);
    }
    if !reached.vm {
        return set(cx, object, VM, Some("VMStopped"), "The machine does not run");
    }
    set(cx, object, VM, None, "");
    let failure = is.failure.as_deref().unwrap_or_default();
    let why = |reached: bool, reason| if reached { None } else { Some(reason) };
    let startup = if failure.is_empty() { STARTUP } else { "BootstrapFailed" };
    // A node that was there once was provisioned, whatever becomes of it.
    let node = reached.node || conditions::is_true(object, NODE);
    set(cx, object, NODE, why(node, startup), if node { "" } else { failure });
    if !control_plane {
        return;
    }
    let next = if node { STARTUP } else { ON_NODE };
    for (kind, reached) in [(ETCD, reached.etcd), (API_SERVER, reached.api_server)] {
        let reached = reached || conditions::is_true(object, kind);
        set(cx, object, kind, why(reached, next), "");
    }
}

/// Whether nothing more is to come.
pub(super) fn is_done(is: &InfraMachine, control_plane: bool) -> bool {
    let reached = is.stages;
    reached.vm && reached.node && (!control_plane || (reached.etcd && reached.api_server))
}

/// The condition Ready.
pub(super) fn ready(object: &Value, control_plane: bool) -> Condition {
    let how = Summary {
        kinds: stages(control_plane),
        negative: &[],
        optional: &[],
        reasons: ["NotReady", "ReadyUnknown", "Ready"],
        harmless: &|_| false,
        instead: None,
        transform: None,
    };
    summary(object, "Ready", &how)
}
