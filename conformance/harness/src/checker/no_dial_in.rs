//! T1: the pivot opens no connection to the child; the child dials out.
//!
//! An audit log tells who wrote, not who opened a connection. So it can show that the rule was
//! broken, by a program that wrote to both API servers as the same user from outside of them, and
//! never that it was kept; for that a record of connections is needed.

use super::{Checker, Scene, Verdict};
use crate::history::moves::Move;
use crate::history::{Actor, Connection, Side};
use crate::verdict::Line;

pub(super) const CHECKER: Checker = Checker {
    id: "checker/no-dial-in",
    rule: "T1",
    claim: "The pivot opens no connection to the child.",
    judge,
};

fn judge(scene: &Scene<'_>, one: &Move<'_>) -> Verdict {
    if scene.history().records().connections {
        return by_connections(scene);
    }
    if let Some(unknown) = scene.lacks(&Side::BOTH) {
        return unknown;
    }
    let of = |wanted: Side| one.movers.iter().filter(move |(side, _)| *side == wanted);
    let both = of(Side::Source).map(|(_, actor)| actor).find(|actor| {
        is_outside(actor) && of(Side::Target).any(|(_, other)| is_same(actor, other))
    });
    match both {
        Some(actor) => Verdict::failed(format!(
            "{actor} wrote to both API servers, so it had opened a connection to the child's; \
             expected the child to dial out."
        ))
        .with(witness(scene, actor)),
        None => Verdict::unknown(
            "The audit logs do not tell who opened a connection; nobody is seen to have written \
             to both API servers, and there is no record of connections."
                .into(),
        ),
    }
}

/// A service account's name is given by each cluster for itself, so the same name on both sides
/// shows nothing; neither does a program that does not say what it is.
fn is_outside(actor: &Actor) -> bool {
    actor.service_account().is_none() && !actor.program().is_empty()
}

fn is_same(one: &Actor, other: &Actor) -> bool {
    one.user == other.user && one.program() == other.program()
}

/// Its first write on either side.
fn witness(scene: &Scene<'_>, actor: &Actor) -> Vec<Line> {
    let first = |side: Side| {
        let steps = scene.objects.of_side(side).flat_map(|track| &track.steps);
        let its_own = steps.filter(|step| is_same(&step.write.actor, actor));
        its_own.min_by_key(|step| step.write.received).map(|step| scene.line(step))
    };
    Side::BOTH.into_iter().filter_map(first).collect()
}

fn by_connections(scene: &Scene<'_>) -> Verdict {
    let dials_in = |one: &&Connection| one.to == Side::Target && !one.workload;
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
    use crate::checker::tests::judged;
    use crate::history::build::{MOVER, pivot};
    use crate::verdict::Outcome;

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

    #[test]
    fn one_program_at_both_api_servers_fails() {
        let story = pivot().changed(
            |write| write.actor.user == MOVER,
            |write| write.actor.agent = "clusterctl/v1.14.2".into(),
        );
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert_eq!(finding.witness.len(), 2);
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
