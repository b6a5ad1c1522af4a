//! Faults on purpose: what happens to requests that match, and how often it did.
//!
//! A rule is a [`Match`] with its [`Fault`]s. The server asks [`Injections::before`] about each
//! request, and carries out what comes back. A rule lives as long as its [`Rule`], and a trial
//! waits on it in place of a time: `rule.hit(1).await`.
//!
//! **Invariant:** without rules nothing happens, and what happens depends on the order of the
//! requests alone.

mod fault;
mod matching;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

pub use fault::{Broken, Fault, Refusal};
pub use matching::{Match, Times};

/// What is known of a request before it is carried out. What does not apply is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    /// The verb of authorization: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`,
    /// `deletecollection`.
    pub verb: &'a str,
    /// The plural.
    pub resource: &'a str,
    /// Below the object: `status`, `scale`.
    pub subresource: &'a str,
    /// The namespace.
    pub namespace: &'a str,
    /// The name in the path.
    pub name: &'a str,
    /// The name of the user.
    pub user: &'a str,
    /// The header `user-agent`.
    pub agent: &'a str,
}

/// The rules of a server. Clones share them.
#[derive(Clone, Default)]
pub struct Injections {
    shared: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    next: u64,
    rules: BTreeMap<u64, Entry>,
    hits: u64,
}

struct Entry {
    matching: Match,
    faults: Vec<Fault>,
    met: u64,
    hits: watch::Sender<u64>,
}

impl Injections {
    /// No rules.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a rule. It is gone when the guard is dropped.
    pub fn rule(&self, matching: Match, faults: impl IntoIterator<Item = Fault>) -> Rule {
        let (sender, hits) = watch::channel(0);
        let faults = faults.into_iter().collect();
        let mut state = self.lock();
        let id = state.next;
        state.next += 1;
        state.rules.insert(id, Entry { matching, faults, met: 0, hits: sender });
        drop(state);
        Rule { injections: self.clone(), id, hits, keep: false }
    }

    /// What is to happen to a request, in the order of the rules.
    #[must_use]
    pub fn before(&self, facts: &Facts<'_>) -> Vec<Fault> {
        let mut state = self.lock();
        let mut found = Vec::new();
        for entry in state.rules.values_mut() {
            found.extend(entry.meet(facts));
        }
        state.hits += u64::from(!found.is_empty());
        found
    }

    /// How many requests met a fault, of rules that are gone too.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.lock().hits
    }

    /// Removes every rule, those that were kept too.
    pub fn clear(&self) {
        self.lock().rules.clear();
    }
}

impl Entry {
    /// The faults for this request, if it is the rule's turn.
    fn meet(&mut self, facts: &Facts<'_>) -> Vec<Fault> {
        let possible = self.faults.iter().filter(|fault| fault.applies_to(facts.verb));
        let faults: Vec<Fault> = possible.cloned().collect();
        if faults.is_empty() || !self.matching.meets(facts) {
            return Vec::new();
        }
        self.met += 1;
        if !self.matching.is_due(self.met) {
            return Vec::new();
        }
        self.hits.send_modify(|hits| *hits += 1);
        faults
    }
}

impl fmt::Debug for Injections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Injections")
            .field("rules", &state.rules.len())
            .field("hits", &state.hits)
            .finish()
    }
}

/// A rule that is in force; dropping it ends that.
#[must_use = "the rule ends when this is dropped"]
#[derive(Debug)]
pub struct Rule {
    injections: Injections,
    id: u64,
    hits: watch::Receiver<u64>,
    keep: bool,
}

impl Rule {
    /// How often a fault of the rule happened.
    #[must_use]
    pub fn hits(&self) -> u64 {
        *self.hits.borrow()
    }

    /// Waits until a fault of the rule happened so often; `false` if the rules were cleared first.
    pub async fn hit(&self, times: u64) -> bool {
        self.hits.clone().wait_for(|hits| *hits >= times).await.is_ok()
    }

    /// Leaves the rule in force until [`Injections::clear`].
    pub fn keep(mut self) {
        self.keep = true;
    }
}

impl Drop for Rule {
    fn drop(&mut self) {
        if !self.keep {
            self.injections.lock().rules.remove(&self.id);
        }
    }
}
