//! The condition Available of a control plane.

use std::time::Duration;

use serde_json::Value;

use super::Scope;
use super::conditions::{MEMBER, PODS};
use crate::capi::conditions::{Condition, Status, get, is_true};
use crate::capi::object::{is_deleting, text};
use crate::remote::EtcdMember;
use crate::runtime::Context;

const TARGET: &str = "Available";
/// How long a control plane may take to show its etcd.
const ETCD_WAIT: Duration = Duration::from_secs(120);
/// A machine that is unwell for a shorter time is not mentioned.
const MENTION: Duration = Duration::from_secs(10);

/// The condition.
pub(super) fn condition(cx: &Context, scope: &Scope<'_>) -> Condition {
    let not = |why: &str| Condition::new(TARGET, false, "NotAvailable", why);
    if !scope.is_initialized() {
        return not("Control plane not yet initialized");
    }
    let Some(members) = &scope.members else {
        let initialized = get(&scope.plane, "Initialized");
        let since = initialized.and_then(|one| cx.clock.since(&one.since)).unwrap_or_default();
        if since < ETCD_WAIT {
            return not("Waiting for etcd to report the list of members");
        }
        return Condition::unknown(TARGET, "InspectionFailed", "Failed to get etcd members");
    };
    if !scope.matching {
        return not("The list of etcd members does not match the list of Machines and Nodes");
    }
    let (planes, etcd) = (planes(cx, scope), etcd(cx, scope, members));
    let certificates = is_true(&scope.plane, "CertificatesAvailable");
    let quorum = members.len() / 2 + 1;
    let total = scope.machines.len();
    if !is_deleting(&scope.plane) && etcd.well >= quorum && planes.well >= 1 && certificates {
        let mut lines = Vec::new();
        if etcd.unwell > 0 {
            let well = etcd.well + etcd.recent;
            lines.push(members_line(well, members.len(), quorum));
        }
        if planes.unwell > 0 {
            let well = planes.well + planes.recent;
            let verb = if well == 1 { "Machines has" } else { "Machines have" };
            lines.push(format!(
                "* {well} of {total} {verb} healthy control plane components, at least 1 required"
            ));
        }
        return Condition::new(TARGET, true, "Available", lines.join("\n"));
    }
    let mut lines = Vec::new();
    if is_deleting(&scope.plane) {
        lines.push("* Control plane metadata.deletionTimestamp is set".to_owned());
    }
    if !certificates {
        lines.push("* Control plane certificates are not available".to_owned());
    }
    if etcd.well < quorum {
        lines.push(members_line(etcd.well, members.len(), quorum));
    }
    if planes.well < 1 {
        let why = "* There are no Machines with healthy control plane components, at least 1 \
                   required";
        lines.push(why.to_owned());
    }
    not(&lines.join("\n"))
}

fn members_line(well: usize, of: usize, quorum: usize) -> String {
    let how_many = match well {
        0 => "There are no healthy etcd member".to_owned(),
        1 => format!("1 of {of} etcd members is healthy"),
        many => format!("{many} of {of} etcd members are healthy"),
    };
    format!("* {how_many}, at least {quorum} healthy member required for etcd quorum")
}

/// How many are well, unwell, and unwell for so short a time that it is not mentioned.
#[derive(Default)]
struct Count {
    well: usize,
    unwell: usize,
    recent: usize,
}

impl Count {
    fn add(&mut self, cx: &Context, machine: &Value, kinds: &[&str]) {
        if kinds.iter().all(|kind| is_true(machine, kind)) {
            self.well += 1;
        } else if is_old(cx, machine, kinds) {
            self.unwell += 1;
        } else {
            self.recent += 1;
        }
    }
}

fn is_old(cx: &Context, machine: &Value, kinds: &[&str]) -> bool {
    let bad = kinds.iter().filter_map(|kind| get(machine, kind));
    let bad = bad.filter(|one| one.status != Status::True);
    let longest = bad.filter_map(|one| cx.clock.since(&one.since)).max();
    longest.is_some_and(|longest| longest > MENTION)
}

fn planes(cx: &Context, scope: &Scope<'_>) -> Count {
    let kinds: Vec<&str> = PODS.iter().map(|(kind, _)| *kind).chain([MEMBER]).collect();
    let mut count = Count::default();
    for machine in &scope.machines {
        if !text(machine, "spec.providerID").is_empty() {
            count.add(cx, machine, &kinds);
        }
    }
    count
}

fn etcd(cx: &Context, scope: &Scope<'_>, members: &[EtcdMember]) -> Count {
    let mut count = Count::default();
    let node = |machine: &Value| text(machine, "status.nodeRef.name").to_owned();
    let mut provisioning = scope.machines.iter().filter(|machine| node(machine).is_empty());
    for member in members {
        let machine = scope.machines.iter().find(|machine| node(machine) == member.name);
        match machine.or_else(|| provisioning.next()) {
            Some(machine) => count.add(cx, machine, &[MEMBER]),
            None => count.unwell += 1,
        }
    }
    count
}
