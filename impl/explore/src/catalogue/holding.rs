//! The rules as they are: no interleaving breaks them.

use super::{CALM, Exploration, TWO};
use crate::scenario::{Budget, Scenario};
use crate::world::Violation as V;

/// Scenarios in which everything must hold, each explored to its end.
#[must_use]
pub fn holding() -> Vec<Exploration> {
    [
        processes(),
        messages(),
        writers(),
        deleters(),
        pairs(),
        ways_back(),
        restores(),
        ways_out(),
        losses(),
    ]
    .concat()
}

fn holds(rules: &'static [&'static str], scenario: Scenario) -> Exploration {
    Exploration { scenario, rules, finds: &[], only: &[], deep: false }
}

fn deep(exploration: Exploration) -> Exploration {
    Exploration { deep: true, ..exploration }
}

/// Processes and their writes.
fn processes() -> Vec<Exploration> {
    let s = Scenario::new;
    vec![
        holds(&["H1a", "H1b", "H4"], s("calm", "a move ends with the child as owner", CALM)),
        holds(&["R1", "Q2"], s("time-out", "an attempt out of time changes nothing", TWO)),
        holds(
            &["Q2"],
            s(
                "hurried-abort",
                "an abort that cannot wait makes the next attempt wait the quiet time",
                Budget { timeouts: 2, ..TWO },
            ),
        ),
        holds(
            &["R1", "Q2"],
            s(
                "crash-and-time-out",
                "a crash anywhere in two attempts, of which one runs out of time",
                Budget { crashes: 1, ..TWO },
            ),
        ),
        holds(&["R1", "H2"], s("two-crashes", "any two crashes", Budget { crashes: 2, ..CALM })),
        holds(
            &["H2", "H3"],
            s(
                "delay",
                "a write is late or its answer lost, over two attempts",
                Budget { delays: 1, ..TWO },
            ),
        ),
        holds(
            &["H2", "H3", "R1"],
            s(
                "crash-and-delay",
                "a crash and a delayed write",
                Budget { crashes: 1, delays: 1, ..CALM },
            ),
        ),
        holds(
            &["R1"],
            s(
                "failure",
                "fence, witness, pause or marks cannot be written, twice",
                Budget { failures: 2, ..TWO },
            ),
        ),
        holds(
            &["R1", "I3"],
            s(
                "crash-and-failure",
                "a crash, and an effect that fails",
                Budget { failures: 1, crashes: 1, ..CALM },
            ),
        ),
        deep(holds(
            &["H2", "H3", "R1"],
            s(
                "crash-and-delay-twice",
                "a crash and a delayed write, over two attempts",
                Budget { crashes: 1, delays: 1, ..TWO },
            ),
        )),
    ]
}

/// Messages and sessions.
fn messages() -> Vec<Exploration> {
    let s = Scenario::new;
    vec![
        holds(
            &["R2"],
            s(
                "loss",
                "two messages lost and one that overtakes another",
                Budget { losses: 2, reorders: 1, ..CALM },
            ),
        ),
        holds(
            &["R2"],
            s(
                "replay",
                "a message comes again at any later time, over two attempts",
                Budget { duplicates: 1, ..TWO },
            ),
        ),
        deep(holds(
            &["R2"],
            s(
                "loss-and-replay",
                "a message lost, one that overtakes, one that comes again, over two attempts",
                Budget { losses: 1, reorders: 1, duplicates: 1, ..TWO },
            ),
        )),
        holds(
            &["R1", "R2"],
            s(
                "crash-and-replay",
                "a crash, and a message again",
                Budget { crashes: 1, duplicates: 1, ..CALM },
            ),
        ),
        holds(
            &["R1", "T5"],
            s(
                "broken-session",
                "the session breaks, over two attempts",
                Budget { breaks: 1, ..TWO },
            ),
        ),
        holds(
            &["Q2"],
            s(
                "fail-over",
                "the source's controllers fail over in mid-reconcile",
                Budget { failovers: 1, scales: 1, ..CALM },
            ),
        ),
    ]
}

/// Users who write while a move runs.
fn writers() -> Vec<Exploration> {
    let s = Scenario::new;
    vec![
        holds(
            &["Q5", "H6"],
            s(
                "fenced-scale",
                "a user scales, the fence is there, over two attempts",
                Budget { scales: 1, ..TWO },
            ),
        ),
        holds(&["Q5"], s("fenced-flip", "a user would flip the pause", Budget { flips: 1, ..TWO })),
        Exploration {
            // Whoever acts meanwhile breaks H1: that is not promised without the fence.
            only: &[V::NoProgress, V::QuietWithoutOwner, V::LastCopyDeleted],
            ..holds(
                &["Q5"],
                s(
                    "flip-undone",
                    "a user flips the pause, no fence is there: the pause is put back, or the attempt given up",
                    Budget { flips: 1, ..CALM },
                )
                .unfenced(),
            )
        },
        holds(
            &["H6", "H5"],
            s(
                "late-write",
                "a user scales at any time on either side",
                Budget { scales: 1, ..CALM },
            )
            .unfenced(),
        ),
        holds(
            &["H6", "H5", "C1"],
            s(
                "late-write-and-crash",
                "a user scales, a mover crashes",
                Budget { scales: 1, crashes: 1, ..CALM },
            )
            .unfenced(),
        ),
        holds(
            &["H6", "H2"],
            s(
                "late-write-and-delay",
                "a user scales, a write is late",
                Budget { scales: 1, delays: 1, ..CALM },
            )
            .unfenced(),
        ),
        deep(holds(
            &["H6", "H5"],
            s("late-writes", "a user scales twice, over two attempts", Budget { scales: 2, ..TWO })
                .unfenced(),
        )),
    ]
}

/// Users who delete or pause while a move runs.
fn deleters() -> Vec<Exploration> {
    let s = Scenario::new;
    vec![
        holds(
            &["I7", "H6"],
            s(
                "deletion",
                "a user deletes a Machine at any time on either side",
                Budget { deletes: 1, ..CALM },
            )
            .unfenced(),
        ),
        deep(holds(
            &["I7", "H6"],
            s(
                "deletion-twice",
                "a user deletes a Machine, over two attempts",
                Budget { deletes: 1, ..TWO },
            )
            .unfenced(),
        )),
        holds(
            &["I7", "H6"],
            s(
                "deletion-and-late-write",
                "a user deletes and scales",
                Budget { deletes: 1, scales: 1, ..CALM },
            )
            .unfenced(),
        ),
        holds(
            &["H6", "I7"],
            s(
                "vanished",
                "a user deletes a paused Machine by force at any time on either side",
                Budget { vanishes: 1, ..CALM },
            )
            .unfenced(),
        ),
        holds(
            &["H6", "C1", "R1"],
            s(
                "vanished-and-crash",
                "the same, with a crash",
                Budget { vanishes: 1, crashes: 1, ..CALM },
            )
            .unfenced(),
        ),
        holds(
            &["Q1", "A1"],
            Scenario {
                user_pauses: true,
                ..s(
                    "foreign-pause",
                    "a user's pause survives a move and an abort",
                    Budget { crashes: 1, ..TWO },
                )
            },
        ),
    ]
}

/// Every other pair of what may go wrong in one move, and of what users may do meanwhile.
fn pairs() -> Vec<Exploration> {
    let pair = |name, rules, budget| {
        let scenario = Scenario::new(name, "both may happen at any time, in any order", budget);
        holds(rules, scenario.unfenced())
    };
    vec![
        pair("crash-and-loss", &["R1", "R2"], Budget { crashes: 1, losses: 1, ..CALM }),
        pair("crash-and-deletion", &["R1", "I7"], Budget { crashes: 1, deletes: 1, ..CALM }),
        pair("two-delays", &["H2"], Budget { delays: 2, ..CALM }),
        pair("delay-and-loss", &["H2", "R2"], Budget { delays: 1, losses: 1, ..CALM }),
        pair("delay-and-replay", &["H2", "R2"], Budget { delays: 1, duplicates: 1, ..CALM }),
        pair("delay-and-deletion", &["H2", "I7"], Budget { delays: 1, deletes: 1, ..CALM }),
        pair("loss-and-late-write", &["R2", "H6"], Budget { losses: 1, scales: 1, ..CALM }),
        pair("loss-and-deletion", &["R2", "I7"], Budget { losses: 1, deletes: 1, ..CALM }),
        pair("replay-and-late-write", &["R2", "H6"], Budget { duplicates: 1, scales: 1, ..CALM }),
        pair("replay-and-deletion", &["R2", "I7"], Budget { duplicates: 1, deletes: 1, ..CALM }),
        pair("two-late-writes", &["H6"], Budget { scales: 2, ..CALM }),
        pair("two-deletions", &["I7"], Budget { deletes: 2, ..CALM }),
    ]
}

/// The way back, and there and back again.
fn ways_back() -> Vec<Exploration> {
    let s = Scenario::new;
    let back = Budget { unpivots: 1, ..CALM };
    vec![
        holds(&["U1", "U2"], s("unpivot", "the child gives the cluster back", back)),
        holds(
            &["U2", "R2"],
            s("round-trip", "there, back, and there again", Budget { pivots: 2, ..back }),
        ),
        holds(
            &["U1", "R1"],
            s(
                "unpivot-and-crash",
                "a crash, on the way there or back",
                Budget { crashes: 1, ..back },
            ),
        ),
        holds(
            &["U1", "R2"],
            s(
                "unpivot-and-replay",
                "a message again, on the way there or back",
                Budget { duplicates: 1, ..back },
            ),
        ),
        deep(holds(
            &["U1", "R1", "R2"],
            s(
                "unpivot-with-faults",
                "a crash, and a message again, on the way there or back",
                Budget { crashes: 1, duplicates: 1, ..back },
            ),
        )),
    ]
}

/// Stores that become old ones.
fn restores() -> Vec<Exploration> {
    let s = Scenario::new;
    vec![
        holds(
            &["H7", "H8"],
            s(
                "parent-restored",
                "the parent's store becomes any older one",
                Budget { parent_restores: 1, ..CALM },
            ),
        ),
        holds(
            &["H7", "H8", "R1"],
            s(
                "parent-restored-and-crash",
                "the same, with a crash",
                Budget { parent_restores: 1, crashes: 1, ..CALM },
            ),
        ),
        holds(
            &["H8", "R2", "C2"],
            s(
                "child-restored",
                "the child's store becomes any older one",
                Budget { child_restores: 1, ..CALM },
            ),
        ),
        holds(
            &["H8", "R2", "C2", "R1"],
            s(
                "child-restored-and-crash",
                "the same, with a crash",
                Budget { child_restores: 1, crashes: 1, ..CALM },
            ),
        ),
        holds(
            &["H7", "H8", "R2", "U2"],
            s(
                "round-trip-and-restore",
                "there and back, and a store becomes any older one, epochs behind",
                Budget { unpivots: 1, child_restores: 1, ..CALM },
            ),
        ),
        deep(holds(
            &["H7", "H8", "R2", "U2"],
            s(
                "two-round-trips-and-restore",
                "there, back and there again, and the parent's store becomes any older one",
                Budget { pivots: 2, unpivots: 1, parent_restores: 1, ..CALM },
            ),
        )),
    ]
}

/// An operator ends a hold.
fn ways_out() -> Vec<Exploration> {
    let s = Scenario::new;
    vec![
        holds(
            &["H7", "H8"],
            s(
                "resume",
                "the parent is restored, the child dies, an operator lets the parent go on",
                Budget { parent_restores: 1, child_deaths: 1, resumes: 1, ..CALM },
            ),
        ),
        holds(
            &["H7", "H8", "R1"],
            s(
                "resume-and-crash",
                "the same, with a crash",
                Budget { parent_restores: 1, child_deaths: 1, resumes: 1, crashes: 1, ..CALM },
            ),
        ),
        holds(
            &["H7", "H6"],
            Scenario {
                both_own: true,
                ..s(
                    "yield",
                    "of two owners an operator chooses the child, with a crash",
                    Budget { pivots: 0, crashes: 1, yields: 1, ..CALM },
                )
            },
        ),
        holds(
            &["H4", "R3"],
            s(
                "record-lost",
                "somebody deletes the record of a side that has objects",
                Budget { record_losses: 1, ..CALM },
            ),
        ),
        holds(
            &["H4", "H7"],
            s(
                "record-lost-and-decided",
                "the same, and an operator gives way to the other side",
                Budget { record_losses: 1, yields: 1, ..CALM },
            ),
        ),
    ]
}

/// Stores and sides that are lost, and claims that do not fit.
fn losses() -> Vec<Exploration> {
    let s = Scenario::new;
    vec![
        holds(
            &["R3", "L5"],
            s(
                "amnesia",
                "the parent's store comes up empty, with a crash",
                Budget { amnesias: 1, crashes: 1, ..CALM },
            ),
        ),
        holds(
            &["H10"],
            s(
                "takeover",
                "the parent dies, an operator lets the child take over, with a crash",
                Budget { deaths: 1, takeovers: 1, crashes: 1, ..CALM },
            ),
        ),
        holds(
            &["H7"],
            Scenario {
                both_own: true,
                ..s(
                    "two-claims",
                    "two owners of one epoch meet: the child runs on",
                    Budget { pivots: 0, crashes: 1, ..CALM },
                )
            },
        ),
    ]
}
