//! What is explored: the rules as they are, and each rule taken out.

mod broken;
mod holding;

pub use broken::broken;
pub use holding::holding;

use crate::scenario::{Budget, Scenario};
use crate::search::{Report, seek};
use crate::world::Violation;

/// One move, and nothing goes wrong.
pub(crate) const CALM: Budget = Budget {
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
    vanishes: 0,
    failures: 0,
    failovers: 0,
    parent_restores: 0,
    child_restores: 0,
    amnesias: 0,
    record_losses: 0,
    deaths: 0,
    child_deaths: 0,
    takeovers: 0,
    resumes: 0,
    yields: 0,
};

/// Two attempts, of which one may run out of time.
pub(crate) const TWO: Budget = Budget { pivots: 2, timeouts: 1, ..CALM };

/// One exploration, and what must come of it.
#[derive(Clone, Debug)]
pub struct Exploration {
    /// What may happen.
    pub scenario: Scenario,
    /// The rules of the contract that it shows.
    pub rules: &'static [&'static str],
    /// What it must find: nothing, in every state that can be reached, or one of these.
    pub finds: &'static [Violation],
    /// What alone it must not find, where more is not promised; nothing: all.
    pub only: &'static [Violation],
    /// Too long for every run of the tests.
    pub deep: bool,
}

/// Everything that is explored.
#[must_use]
pub fn all() -> Vec<Exploration> {
    holding().into_iter().chain(broken()).collect()
}

impl Exploration {
    /// Explores it.
    #[must_use]
    pub fn explore(&self, limit: usize) -> Report {
        let sought = if self.finds.is_empty() { self.only } else { self.finds };
        seek(&self.scenario, limit, sought)
    }

    /// What is wrong with a report, if anything is.
    #[must_use]
    pub fn complain(&self, report: &Report) -> Option<String> {
        let name = self.scenario.name;
        match &report.story {
            Some(story) if self.finds.contains(&story.violation) => None,
            Some(story) => Some(format!("{name}: the rules do not hold\n{story}")),
            None if !report.complete => {
                Some(format!("{name}: not explored to the end: {} states", report.states))
            }
            None if !self.finds.is_empty() => {
                Some(format!("{name}: the rule is taken out, and nothing comes of it"))
            }
            None => None,
        }
    }
}
