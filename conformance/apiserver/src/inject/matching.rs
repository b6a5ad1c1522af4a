//! Which requests a rule is about, and at which of them it acts.

use super::Facts;

/// The requests of a rule; what is not named matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Match {
    verbs: Vec<String>,
    resource: Option<String>,
    subresource: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
    user: Option<String>,
    agent: Option<String>,
    times: Times,
}

/// At which of its requests a rule acts, counted from 1 when the rule was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    /// At all.
    #[default]
    Always,
    /// At so many, from the first.
    First(u64),
    /// At this one.
    Nth(u64),
    /// At this one and all that follow.
    From(u64),
}

/// The verbs that write.
const WRITES: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];

impl Match {
    /// Every request.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Every write.
    #[must_use]
    pub fn writes() -> Self {
        Self::any().verbs(WRITES)
    }

    /// Only this verb, as authorization calls it.
    #[must_use]
    pub fn verb(self, verb: &str) -> Self {
        self.verbs([verb])
    }

    /// Only these verbs.
    #[must_use]
    pub fn verbs<'a>(mut self, verbs: impl IntoIterator<Item = &'a str>) -> Self {
        self.verbs = verbs.into_iter().map(ToOwned::to_owned).collect();
        self
    }

    /// Only this plural.
    #[must_use]
    pub fn resource(mut self, plural: &str) -> Self {
        self.resource = Some(plural.to_owned());
        self
    }

    /// Only this subresource; empty for the object itself.
    #[must_use]
    pub fn subresource(mut self, name: &str) -> Self {
        self.subresource = Some(name.to_owned());
        self
    }

    /// Only in this namespace; empty for what is in none.
    #[must_use]
    pub fn namespace(mut self, name: &str) -> Self {
        self.namespace = Some(name.to_owned());
        self
    }

    /// Only with this name in the path. A POST of an object has none.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Only of this user.
    #[must_use]
    pub fn user(mut self, name: &str) -> Self {
        self.user = Some(name.to_owned());
        self
    }

    /// Only of user agents that begin so.
    #[must_use]
    pub fn agent(mut self, beginning: &str) -> Self {
        self.agent = Some(beginning.to_owned());
        self
    }

    /// Only at some of them.
    #[must_use]
    pub fn times(mut self, times: Times) -> Self {
        self.times = times;
        self
    }

    pub(super) fn meets(&self, facts: &Facts<'_>) -> bool {
        let is = |wanted: &Option<String>, fact: &str| wanted.as_deref().is_none_or(|w| w == fact);
        (self.verbs.is_empty() || self.verbs.iter().any(|verb| verb == facts.verb))
            && is(&self.resource, facts.resource)
            && is(&self.subresource, facts.subresource)
            && is(&self.namespace, facts.namespace)
            && is(&self.name, facts.name)
            && is(&self.user, facts.user)
            && self.agent.as_deref().is_none_or(|beginning| facts.agent.starts_with(beginning))
    }

    /// Whether the rule acts at the request of this number.
    pub(super) fn is_due(&self, number: u64) -> bool {
        match self.times {
            Times::Always => true,
            Times::First(count) => number <= count,
            Times::Nth(nth) => number == nth,
            Times::From(first) => number >= first,
        }
    }
}
