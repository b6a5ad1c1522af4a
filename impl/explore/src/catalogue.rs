//! What is explored.

use crate::scenario::{Budget, Scenario};

/// One move, and nothing else.
pub const CALM: Budget = Budget {
    pivots: 1,
    unpivots: 0,
    crashes: 0,
    delays: 0,
    losses: 0,
    duplicates: 0,
    reorders: 0,
    breaks: 0,
    timeouts: 0,
    scales: 0,
    deletes: 0,
    flips: 0,
    failovers: 0,
    parent_restores: 0,
    child_restores: 0,
    amnesias: 0,
    deaths: 0,
    takeovers: 0,
};

/// Two attempts: the first may run out of time.
const TWO: Budget = Budget { pivots: 2, timeouts: 1, ..CALM };

/// The scenarios that must hold.
#[must_use]
pub fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("calm", "one move without a fault ends with the child as owner", CALM),
        Scenario::new("two-attempts", "an attempt that runs out of time leaves the owner as it was", TWO),
        Scenario::new("crash", "", Budget { crashes: 1, ..CALM }),
        Scenario::new("two-crashes", "", Budget { crashes: 2, ..CALM }),
        Scenario::new("delay", "", Budget { delays: 1, ..TWO }),
        Scenario::new("crash-delay", "", Budget { crashes: 1, delays: 1, ..CALM }),
        Scenario::new("crash-delay-two", "", Budget { crashes: 1, delays: 1, ..TWO }),
        Scenario::new("loss-dup", "", Budget { losses: 1, duplicates: 1, reorders: 1, ..TWO }),
        Scenario::new("break-dup", "", Budget { breaks: 1, duplicates: 1, ..TWO }),
        Scenario::new("crash-dup", "", Budget { crashes: 1, duplicates: 1, ..TWO }),
        Scenario::new("scale", "", Budget { scales: 1, ..TWO }),
        Scenario::new("scale-unfenced", "", Budget { scales: 1, ..TWO }).unfenced(),
        Scenario::new("scale2-unfenced", "", Budget { scales: 2, ..TWO }).unfenced(),
        Scenario::new("scale-crash-unfenced", "", Budget { scales: 1, crashes: 1, ..CALM }).unfenced(),
        Scenario::new("scale-delay-unfenced", "", Budget { scales: 1, delays: 1, ..CALM }).unfenced(),
        Scenario::new("delete-unfenced", "", Budget { deletes: 1, ..TWO }).unfenced(),
        Scenario::new("delete-scale-unfenced", "", Budget { deletes: 1, scales: 1, ..CALM }).unfenced(),
        Scenario::new("flip", "", Budget { flips: 1, ..TWO }),
        Scenario { user_pauses: true, ..Scenario::new("user-pause", "", Budget { crashes: 1, ..TWO }) },
        Scenario::new("failover", "", Budget { failovers: 1, scales: 1, ..CALM }),
        Scenario::new("unpivot", "", Budget { unpivots: 1, ..CALM }),
        Scenario::new("round-trip", "", Budget { unpivots: 1, pivots: 2, ..CALM }),
        Scenario::new("unpivot-crash", "", Budget { unpivots: 1, crashes: 1, duplicates: 1, ..CALM }),
        Scenario::new("parent-restore", "", Budget { parent_restores: 1, ..CALM }),
        Scenario::new("parent-restore-two", "", Budget { parent_restores: 1, crashes: 1, ..TWO }),
        Scenario::new("child-restore", "", Budget { child_restores: 1, ..CALM }),
        Scenario::new("child-restore-two", "", Budget { child_restores: 1, crashes: 1, ..TWO }),
        Scenario::new("amnesia", "", Budget { amnesias: 1, crashes: 1, ..CALM }),
        Scenario::new("takeover", "", Budget { deaths: 1, takeovers: 1, crashes: 1, ..CALM }),
        Scenario { both_own: true, ..Scenario::new("both-own", "", Budget { pivots: 0, crashes: 1, ..CALM }) },
    ]
}
