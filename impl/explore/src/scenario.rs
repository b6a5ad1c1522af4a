//! What is explored: which faults may come and how often, and what is demanded of the end.

use crate::at::At;
use crate::mutation::Mutation;

/// How often each thing may still happen. Everything else happens whenever it can.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Budget {
    /// Moves that the parent may begin.
    pub pivots: u8,
    /// Moves that the child may begin.
    pub unpivots: u8,
    /// A process of the mover dies, and starts again.
    pub crashes: u8,
    /// The answer of a write is lost; it landed, or lands later, or never.
    pub delays: u8,
    /// A message is lost.
    pub losses: u8,
    /// A message arrives, and once more at any later time.
    pub duplicates: u8,
    /// A message overtakes the one before it.
    pub reorders: u8,
    /// The session breaks; what was on the wire is gone.
    pub breaks: u8,
    /// An attempt, or an abort, takes too long.
    pub timeouts: u8,
    /// A user scales the cluster, up or down.
    pub scales: u8,
    /// A user deletes a Machine.
    pub deletes: u8,
    /// A user flips the pause of the mover.
    pub flips: u8,
    /// A user deletes a paused Machine by force, with its machine.
    pub vanishes: u8,
    /// An effect of the mover is refused or cannot be reached.
    pub failures: u8,
    /// The controllers of the parent fail over in mid-reconcile.
    pub failovers: u8,
    /// The parent's store becomes an old backup of itself.
    pub parent_restores: u8,
    /// The child's store becomes an old backup of itself.
    pub child_restores: u8,
    /// The parent's store becomes empty.
    pub amnesias: u8,
    /// Somebody deletes the record of a side.
    pub record_losses: u8,
    /// The parent is gone for ever.
    pub deaths: u8,
    /// The child is gone for ever.
    pub child_deaths: u8,
    /// An operator asks the child to take over.
    pub takeovers: u8,
    /// An operator ends a hold: this side owns, for the other is stopped.
    pub resumes: u8,
    /// An operator ends a hold: the other side owns.
    pub yields: u8,
}

/// To which side something may happen; `None`: to both.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Places {
    /// Whose mover crashes.
    pub crashes: Option<At>,
    /// Whose API server delays writes and loses answers.
    pub delays: Option<At>,
    /// To whose objects users write.
    pub users: Option<At>,
    /// Whose messages come twice.
    pub duplicates: Option<At>,
}

/// One exploration.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it is called.
    pub name: &'static str,
    /// What it shows, in a sentence.
    pub claim: &'static str,
    /// What may happen.
    pub budget: Budget,
    /// Where it may happen.
    pub places: Places,
    /// The admission fence of Q5 and C3 is there. Without it users may write at any time, but leave
    /// the pause alone.
    pub fences: bool,
    /// The gate of H8 is there.
    pub gate: bool,
    /// A user paused the Cluster before the move.
    pub user_pauses: bool,
    /// Both sides begin as owners of the same epoch.
    pub both_own: bool,
    /// Controllers see and do everything at once: for stories that need no stale cache.
    pub prompt: bool,
    /// The rule that is taken out.
    pub mutation: Option<Mutation>,
}

impl Scenario {
    /// One pivot without any fault, all features there.
    #[must_use]
    pub fn new(name: &'static str, claim: &'static str, budget: Budget) -> Self {
        Self {
            name,
            claim,
            budget,
            places: Places::default(),
            fences: true,
            gate: true,
            user_pauses: false,
            both_own: false,
            prompt: false,
            mutation: None,
        }
    }

    /// Without the fence feature.
    #[must_use]
    pub fn unfenced(self) -> Self {
        Self { fences: false, ..self }
    }

    /// With controllers that see and do everything at once.
    #[must_use]
    pub fn prompt(self) -> Self {
        Self { prompt: true, ..self }
    }

    /// With faults at these places only.
    #[must_use]
    pub fn at(self, places: Places) -> Self {
        Self { places, ..self }
    }

    /// With a rule taken out.
    #[must_use]
    pub fn without(self, mutation: Mutation) -> Self {
        Self { mutation: Some(mutation), ..self }
    }
}
