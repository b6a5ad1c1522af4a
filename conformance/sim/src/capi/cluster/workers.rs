//! What a cluster says of its workers.

use serde_json::{Value, json};

use super::{Scope, plain};
use crate::capi::conditions::{Aggregate, Condition, aggregate, has};
use crate::capi::machine_set::how_many;
use crate::capi::object::{cut, int, is_owned_by, put};
use crate::capi::read;

/// Sums up the counts of deployments, of sets without one, and of machines without a set.
pub(super) fn count(scope: &mut Scope) {
    let groups: Vec<&Value> = groups(scope);
    let alone: Vec<&Value> = plain(&scope.members.workers)
        .into_iter()
        .filter(|it| is_owned_by(it, &crate::api::resources::CLUSTERS, &scope.cluster))
        .collect();
    let one = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let fields = [
        ("desiredReplicas", "spec.replicas", one(alone.len())),
        ("replicas", "status.replicas", one(alone.len())),
        ("readyReplicas", "status.readyReplicas", one(how_many(&alone, "Ready"))),
        ("availableReplicas", "status.availableReplicas", one(how_many(&alone, "Available"))),
        ("upToDateReplicas", "status.upToDateReplicas", one(how_many(&alone, "UpToDate"))),
    ];
    let sums: Vec<(&str, Option<i64>)> = fields
        .into_iter()
        .map(|(field, source, own)| {
            let counts = groups.iter().filter_map(|group| int(group, source));
            let start = (own > 0).then_some(own);
            (field, counts.fold(start, |sum, count| Some(sum.unwrap_or_default() + count)))
        })
        .collect();
    let versions = read::sum_versions(groups);
    for (field, sum) in sums {
        let path = format!("status.workers.{field}");
        match sum {
            Some(sum) => put(&mut scope.cluster, &path, json!(sum)),
            None => cut(&mut scope.cluster, &path),
        }
    }
    match versions {
        Value::Null => cut(&mut scope.cluster, "status.workers.versions"),
        versions => put(&mut scope.cluster, "status.workers.versions", versions),
    }
}

fn groups(scope: &Scope) -> Vec<&Value> {
    let mut groups = plain(&scope.members.deployments);
    groups.extend(plain(&scope.members.own_sets));
    groups
}

/// Whether the workers are available.
pub(super) fn available(scope: &Scope) -> Condition {
    let target = "WorkersAvailable";
    let deployments = plain(&scope.members.deployments);
    if deployments.is_empty() {
        return Condition::new(target, true, "NoWorkers", "");
    }
    let how = Aggregate {
        source: "Available",
        negative: false,
        reasons: ["NotAvailable", "AvailableUnknown", "Available"],
    };
    aggregate(&deployments, target, &how)
}

/// Whether control plane or workers are on the move: `RollingOut`, `ScalingUp`, `ScalingDown`.
pub(super) fn moving(scope: &Scope, kind: &str) -> Condition {
    let mut parts: Vec<&Value> =
        scope.control_plane.object().into_iter().filter(|plane| has(plane, kind)).collect();
    match kind {
        "RollingOut" => parts.extend(plain(&scope.members.deployments)),
        _ => parts.extend(groups(scope)),
    }
    let (unknown, not) = (format!("{kind}Unknown"), format!("Not{kind}"));
    if parts.is_empty() {
        return Condition::new(kind, false, &not, "");
    }
    let how = Aggregate { source: kind, negative: true, reasons: [kind, &unknown, &not] };
    aggregate(&parts, kind, &how)
}
