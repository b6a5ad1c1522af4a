//! What a `ManagedCluster` says, from what is known.

use fulcrum_model::protocol::{Claim, Phase, Standing};
use fulcrum_proto::v1;
use jiff::Timestamp;

use crate::fleet::Row;
use crate::resource::{ClusterCondition, ManagedClusterStatus, Nodes};

/// What is known of a cluster.
pub(crate) struct Known<'a> {
    /// What the parent's record says.
    pub(crate) claim: Option<Claim>,
    /// What the parent says of ownership.
    pub(crate) standing: Standing,
    /// The phase and the step inside it.
    pub(crate) describe: String,
    /// Writes that the last move left behind, by object.
    pub(crate) late_writes: Vec<String>,
    /// What the mover said last.
    pub(crate) notice: Option<String>,
    /// Whether a session is open.
    pub(crate) connected: bool,
    /// What the child told.
    pub(crate) row: Option<&'a Row>,
}

/// The status as it should be now, made from what it was.
pub(crate) fn status(
    old: &ManagedClusterStatus,
    known: &Known<'_>,
    now: Timestamp,
) -> ManagedClusterStatus {
    let released = matches!(&known.claim, Some(Claim { phase: Phase::Released, .. }));
    let acknowledged = known.claim.as_ref().is_some_and(|claim| claim.activation.is_some());
    let pivot_complete = released && acknowledged;
    let mut status = ManagedClusterStatus {
        phase: Some(known.describe.clone()),
        ownership: Some(ownership(known.standing).to_owned()),
        epoch: known.claim.as_ref().map(|claim| claim.epoch.0.into()),
        pivot_complete,
        connected: known.connected,
        late_writes: known.late_writes.clone(),
        last_notice: known.notice.clone().or_else(|| old.last_notice.clone()),
        ..old.clone()
    };
    if let Some(row) = known.row {
        status.child_ownership = Some(row.state.as_str_name().to_owned());
        status.last_seen = Some(row.observed.to_string());
        if let Some(capi_controllers_ready) = row.capi_controllers_ready {
            let (total, ready) = (row.node_count.into(), row.nodes_ready.into());
            status.nodes = Some(Nodes { total, ready, capi_controllers_ready });
        }
        if let Some(deletion) = row.deletion {
            let under_way = deletion == v1::ClusterDeletion::UnderWay;
            let message = "the child's Cluster is asked to be deleted";
            set(&mut status, ("ChildDeleting", under_way, deletion.as_str_name(), message), now);
        }
    }
    let connected = if known.connected { "SessionOpen" } else { "NoSession" };
    set(&mut status, ("Connected", known.connected, connected, ""), now);
    let complete = if pivot_complete { "ChildOwns" } else { "NotReleased" };
    set(&mut status, ("PivotComplete", pivot_complete, complete, ""), now);
    let held = known.standing == Standing::Held;
    let (reason, message) = match held {
        true => ("OperatorDecides", "who owns the cluster is not known: an operator has to decide"),
        false => ("NoConflict", ""),
    };
    set(&mut status, ("Held", held, reason, message), now);
    status
}

/// Whether a status is worth a write: that a child was seen again is told once in a while only.
pub(crate) fn is_news(old: &ManagedClusterStatus, new: &ManagedClusterStatus, rest: f64) -> bool {
    let seen_apart = ManagedClusterStatus { last_seen: old.last_seen.clone(), ..new.clone() };
    if seen_apart != *old {
        return true;
    }
    let time = |status: &ManagedClusterStatus| {
        status.last_seen.as_ref().and_then(|text| text.parse::<Timestamp>().ok())
    };
    match (time(old), time(new)) {
        (Some(old), Some(new)) => new.duration_since(old).as_secs_f64() >= rest,
        (None, Some(_)) => true,
        (_, None) => false,
    }
}

fn set(
    status: &mut ManagedClusterStatus,
    (kind, holds, reason, message): (&str, bool, &str, &str),
    now: Timestamp,
) {
    let word = if holds { "True" } else { "False" };
    let mut new = ClusterCondition {
        kind: kind.to_owned(),
        status: word.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        last_transition_time: now.to_string(),
    };
    match status.conditions.iter_mut().find(|condition| condition.kind == kind) {
        Some(old) => {
            if old.status == new.status {
                new.last_transition_time.clone_from(&old.last_transition_time);
            }
            *old = new;
        }
        None => status.conditions.push(new),
    }
}

fn ownership(standing: Standing) -> &'static str {
    match standing {
        Standing::Unknown => "Unknown",
        Standing::Owner => "Owner",
        Standing::Released => "Released",
        Standing::InTransit => "InTransit",
        Standing::OwnerUnknown => "OwnerUnknown",
        Standing::Held => "Held",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(connected: bool) -> Known<'static> {
        Known {
            claim: None,
            standing: Standing::Unknown,
            describe: "no record, at rest".to_owned(),
            late_writes: Vec::new(),
            notice: None,
            connected,
            row: None,
        }
    }

    #[test]
    fn a_condition_keeps_the_time_of_its_change() {
        let (first, later) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(60).unwrap());
        let one = status(&ManagedClusterStatus::default(), &known(true), first);
        let two = status(&one, &known(true), later);
        assert!(!is_news(&one, &two, 15.0));
        let three = status(&two, &known(false), later);
        assert!(is_news(&two, &three, 15.0));
        let changed = three.conditions.iter().find(|it| it.kind == "Connected").unwrap();
        assert_eq!(changed.last_transition_time, later.to_string());
        let kept = three.conditions.iter().find(|it| it.kind == "Held").unwrap();
        assert_eq!(kept.last_transition_time, first.to_string());
    }
}
