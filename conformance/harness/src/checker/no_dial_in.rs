//! T1: the pivot opens no connection to the child; the child dials out.
//!
//! An audit log tells who wrote and from which address, not who opened a connection. So it can show
//! that the rule was broken, by one program at one address that wrote to both API servers as the
//! same user, and never that it was kept; for that a record of connections is needed. One name at
//! two addresses may be two programs, or one behind a load balancer.

use super::{Checker, Scene, Verdict};
use crate::history::moves::Move;
use crate::history::{Actor, Connection, Side, Write};
use crate::verdict::Line;
use jiff::Timestamp;
use std::collections::BTreeSet;

pub(super) const CHECKER: Checker = Checker {
    id: "checker/no-dial-in",
    rule: "T1",
    claim: "The pivot opens no connection to the child.",
    judge,
};

fn judge(scene: &Scene<'_>, one: &Move<'_>) -> Verdict {
    if scene.history().records().connections {
        return by_connections(scene, one);
    }
    if let Some(unknown) = scene.lacks(&Side::BOTH) {
        return unknown;
    }
    let of = |wanted: Side| one.movers.iter().filter(move |(side, _)| *side == wanted);
    let both: Vec<&Actor> = of(Side::Source)
        .map(|(_, actor)| actor)
        .filter(|actor| is_outside(actor) && of(Side::Target).any(|(_, it)| actor.is_same(it)))
        .collect();
    let mut unknown = None;
    for actor in both {
        let [source, target] = Side::BOTH.map(|side| Seen::of(scene, one, side, actor));
        if let Some(address) = source.addresses.intersection(&target.addresses).next() {
            return Verdict::failed(format!(
                "{actor} wrote to both API servers from {address}, so it had opened a connection \
                 to the child's; expected the child to dial out."
            ))
            .with([source.line, target.line].into_iter().flatten());
        }
        unknown = unknown.or(Some(two_places(actor, source, target)));
    }
    unknown.unwrap_or_else(|| {
        Verdict::unknown(
            "The audit logs do not tell who opened a connection; nobody is seen to have written \
             to both API servers, and there is no record of connections."
                .into(),
        )
    })
}

/// One name at both API servers, and no address in common.
fn two_places(actor: &Actor, source: Seen<'_>, target: Seen<'_>) -> Verdict {
    let told = |seen: &Seen<'_>, side: Side| {
        let from: Vec<&str> = seen.addresses.iter().copied().collect();
        if from.is_empty() {
            return format!("an address that is not in the log to the {side}'s");
        }
        format!("{} to the {side}'s", from.join(" and "))
    };
    Verdict::unknown(format!(
        "{actor} wrote to both API servers, from {} and from {}: two programs of one name, or one \
         that had opened a connection to the child's; the sourceIPs do not tell.",
        told(&source, Side::Source),
        told(&target, Side::Target)
    ))
    .with([source.line, target.line].into_iter().flatten())
}

/// A service account's name is given by each cluster for itself, so the same name on both sides
/// shows nothing; neither does a program that does not say what it is.
fn is_outside(actor: &Actor) -> bool {
    actor.service_account().is_none() && !actor.program().is_empty()
}

/// Where an actor wrote from to the cluster's objects at one side, and the first such write.
struct Seen<'h> {
    addresses: BTreeSet<&'h str>,
    line: Option<Line>,
}

impl<'h> Seen<'h> {
    fn of(scene: &Scene<'h>, one: &Move<'_>, side: Side, actor: &Actor) -> Self {
        let steps = scene.members(side, one).flat_map(|track| &track.steps);
        let its_own: Vec<_> = steps.filter(|step| step.write.actor.is_same(actor)).collect();
        let first = its_own.iter().min_by_key(|step| step.write.received);
        Self {
            addresses: its_own.iter().filter_map(|step| place(step.write)).collect(),
            line: first.map(|step| scene.line(step)),
        }
    }
}

/// The address that a write came from, unless each host calls itself so.
fn place(write: &Write) -> Option<&str> {
    let loops = |address: &&str| address.starts_with("127.") || *address == "::1";
    write.address.as_deref().filter(|address| !loops(address))
}

fn by_connections(scene: &Scene<'_>, one: &Move<'_>) -> Verdict {
    if scene.history().connections().next().is_none() {
        return Verdict::unknown("There is no connection in the record of connections.".into());
    }
    let gone = one.removals.iter().find(|write| write.object == one.cluster);
    let owned = |at: Timestamp| gone.is_none_or(|gone| at < gone.completed);
    let dials_in = |one: &&Connection| {
        let comes_in = one.from != one.to && one.to == Side::Target;
        comes_in && !(one.workload && owned(one.at))
    };
    match scene.history().connections().find(dials_in) {
        Some(one) => Verdict::failed(format!(
            "{} opened a connection from the {} to the {} at {:.3}; expected the child to dial \
             out.",
            one.program, one.from, one.to, one.at
        ))
        .with([Line {
            at: one.at,
            cluster: one.from.to_string(),
            actor: one.program.clone(),
            what: format!("opened a connection to the {}", one.to),
        }]),
        None => Verdict::passed("Every connection on record was opened by the child.".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::tests::{judged, judged_history};
    use crate::history::build::{MOVER, pivot};
    use crate::history::{Entry, History};
    use crate::verdict::{Finding, Outcome};

    #[test]
    fn a_child_that_dials_out_passes() {
        let story = pivot().at(500).dial(Side::Target, "agent");
        assert_eq!(judged(&CHECKER, story).outcome, Outcome::Passed);
    }

    #[test]
    fn a_parent_that_dials_in_fails() {
        let story = pivot().at(500).dial(Side::Source, "mover");
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
    }

    /// A pivot by one program, and where its writes to each side come from.
    fn dialled_from(source: Option<&str>, target: Option<&str>) -> Finding {
        let story = pivot().changed(
            |write| write.actor.user == MOVER,
            |write| {
                write.actor.agent = "clusterctl/v1.14.2".into();
                let from = if write.side == Side::Source { source } else { target };
                write.address = from.map(str::to_owned);
            },
        );
        judged(&CHECKER, story)
    }

    #[test]
    fn one_program_at_both_api_servers_fails() {
        let finding = dialled_from(Some("10.9.0.5"), Some("10.9.0.5"));
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("from 10.9.0.5"), "{}", finding.summary);
        assert_eq!(finding.witness.len(), 2);
    }

    #[test]
    fn one_name_at_two_places_is_unknown() {
        let finding = dialled_from(Some("10.0.0.5"), Some("10.9.0.7"));
        assert_eq!(finding.outcome, Outcome::Unknown, "{finding:?}");
        assert!(finding.summary.contains("10.9.0.7 to the target's"), "{}", finding.summary);
    }

    #[test]
    fn a_name_without_an_address_is_unknown() {
        for (source, target) in [(None, None), (Some("10.0.0.5"), None), (Some("::1"), Some("::1"))]
        {
            let finding = dialled_from(source, target);
            assert_eq!(finding.outcome, Outcome::Unknown, "{finding:?}");
            assert!(finding.summary.contains("is not in the log"), "{}", finding.summary);
        }
    }

    #[test]
    fn the_owner_may_reach_the_workload_until_it_has_given_it_away() {
        let dialled = |at: i64| {
            let history = pivot().at(at).dial(Side::Source, "capi-manager").history();
            let mut entries = history.entries().to_vec();
            for entry in &mut entries {
                if let Entry::Connection(one) = entry {
                    one.workload = true;
                }
            }
            let history = History::new(entries, history.records().clone(), Vec::new());
            judged_history(&CHECKER, &history).outcome
        };
        assert_eq!((dialled(500), dialled(9_000)), (Outcome::Passed, Outcome::Failed));
    }

    #[test]
    fn a_child_may_reach_itself() {
        let history = pivot().at(9_000).dial(Side::Source, "capi-manager").history();
        let mut entries = history.entries().to_vec();
        for entry in &mut entries {
            if let Entry::Connection(one) = entry {
                one.from = Side::Target;
            }
        }
        let history = History::new(entries, history.records().clone(), Vec::new());
        assert_eq!(judged_history(&CHECKER, &history).outcome, Outcome::Passed);
    }

    #[test]
    fn cell_and_agent_are_unknown() {
        let story = pivot().changed(
            |write| write.actor.user == MOVER,
            |write| write.actor.user = format!("system:serviceaccount:pivot:{}", write.side),
        );
        assert_eq!(judged(&CHECKER, story).outcome, Outcome::Unknown);
    }
}
