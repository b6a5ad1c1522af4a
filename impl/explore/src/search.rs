//! Breadth-first search over every interleaving, to the end of a scenario's bounds.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use fulcrum_model::protocol::Timer;
use rustc_hash::FxHashMap;

use crate::scenario::Scenario;
use crate::story::Story;
use crate::world::action::Action;
use crate::world::{Violation, World};

/// What a search found.
#[derive(Debug)]
pub struct Report {
    /// Distinct states that were reached.
    pub states: usize,
    /// Steps that lead from one to another.
    pub transitions: usize,
    /// The most steps from the beginning to any state.
    pub depth: usize,
    /// Every state was looked at: nothing was cut off by the limit.
    pub complete: bool,
    /// States in which all is quiet and as it should be.
    pub ends: usize,
    /// The shortest way to a violation.
    pub story: Option<Story>,
}

/// Explores a scenario. It stops at the first violation, or after `limit` states.
#[must_use]
pub fn explore(scenario: &Scenario, limit: usize) -> Report {
    seek(scenario, limit, &[])
}

/// Explores a scenario for these violations only; beyond any other it does not look. None: all.
#[must_use]
pub fn seek(scenario: &Scenario, limit: usize, only: &[Violation]) -> Report {
    let mut search = Search::new(scenario, limit, only);
    let found = search.run();
    search.report(found)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (states, transitions, depth) = (self.states, self.transitions, self.depth);
        write!(f, "{states} states, {transitions} transitions, depth {depth}, ")?;
        match &self.story {
            Some(story) => write!(f, "{}, in {} steps", story.violation, story.actions.len()),
            None if self.complete => write!(f, "complete, {} ends", self.ends),
            None => write!(f, "not complete"),
        }
    }
}

struct Search<'a> {
    scenario: &'a Scenario,
    limit: usize,
    only: &'a [Violation],
    /// By fingerprint: the number of the state.
    known: FxHashMap<u64, u32>,
    /// By number: from which state it was reached first, and by which action.
    origins: Vec<(u32, Action)>,
    edges: Vec<(u32, u32)>,
    ends: Vec<u32>,
    transitions: usize,
    depth: usize,
    complete: bool,
}

/// A violation, in the state of that number; an action that led out of it made it so.
type Found = (u32, Option<Action>, Violation);

impl<'a> Search<'a> {
    fn new(scenario: &'a Scenario, limit: usize, only: &'a [Violation]) -> Self {
        Self {
            scenario,
            limit,
            only,
            known: FxHashMap::default(),
            origins: Vec::new(),
            edges: Vec::new(),
            ends: Vec::new(),
            transitions: 0,
            depth: 0,
            complete: true,
        }
    }

    fn run(&mut self) -> Option<Found> {
        let first = World::new(self.scenario);
        self.known.insert(fingerprint(&first), 0);
        self.origins.push((0, Action::Connect));
        let mut queue = VecDeque::from([(0_u32, 0_usize, first)]);
        while let Some((number, depth, world)) = queue.pop_front() {
            self.depth = self.depth.max(depth);
            let actions = world.actions(self.scenario);
            match self.judge_quiet(&world, &actions) {
                Some(Quiet::Good) => self.ends.push(number),
                Some(Quiet::Bad(violation)) if self.seeks(violation) => {
                    return Some((number, None, violation));
                }
                Some(Quiet::Bad(_)) => self.ends.push(number),
                None => {}
            }
            for action in actions {
                let mut next = world.clone();
                match next.apply(action, self.scenario) {
                    Some(violation) if self.seeks(violation) => {
                        return Some((number, Some(action), violation));
                    }
                    Some(_) => {
                        // Another story begins there: it is not this one's to end.
                        self.ends.push(number);
                        continue;
                    }
                    None => {}
                }
                if let Some(new) = self.reached(number, action, &next) {
                    queue.push_back((new, depth + 1, next));
                }
            }
            if self.origins.len() >= self.limit {
                self.complete = queue.is_empty();
                break;
            }
        }
        if self.complete && self.seeks(Violation::NoProgress) { self.stuck() } else { None }
    }

    fn seeks(&self, violation: Violation) -> bool {
        self.only.is_empty() || self.only.contains(&violation)
    }

    /// Notes an edge; the number of the state, if it is new.
    fn reached(&mut self, from: u32, action: Action, world: &World) -> Option<u32> {
        let number = u32::try_from(self.origins.len()).expect("fewer than four billion states");
        let entry = *self.known.entry(fingerprint(world)).or_insert(number);
        self.transitions += 1;
        // What may also never happen rescues nobody.
        if entry != from && !action.is_optional() {
            self.edges.push((from, entry));
        }
        if entry != number {
            return None;
        }
        self.origins.push((from, action));
        Some(number)
    }

    fn judge_quiet(&self, world: &World, actions: &[Action]) -> Option<Quiet> {
        if !actions.iter().all(|action| action.is_optional() || is_timer(*action)) {
            return None;
        }
        match world.judge_rest() {
            None => Some(Quiet::Good),
            // A timer may yet help; whether it does is seen when all is explored.
            Some(_) if actions.iter().any(|action| is_timer(*action)) => None,
            Some(violation) => Some(Quiet::Bad(violation)),
        }
    }

    /// A state from which no end can be reached.
    fn stuck(&self) -> Option<Found> {
        let count = self.origins.len();
        let mut incoming = vec![Vec::new(); count];
        for (from, to) in &self.edges {
            incoming[*to as usize].push(*from);
        }
        let mut can_end = vec![false; count];
        let mut open = self.ends.clone();
        while let Some(state) = open.pop() {
            if !std::mem::replace(&mut can_end[state as usize], true) {
                open.extend(&incoming[state as usize]);
            }
        }
        let first = can_end.iter().position(|can| !can)?;
        let number = u32::try_from(first).expect("numbers of states are of that size");
        Some((number, None, Violation::NoProgress))
    }

    fn report(&self, found: Option<Found>) -> Report {
        let story = found.map(|(state, last, violation)| {
            let mut actions: Vec<_> = last.into_iter().collect();
            let mut at = state;
            while at != 0 {
                let (from, action) = self.origins[at as usize];
                actions.push(action);
                at = from;
            }
            actions.reverse();
            Story { scenario: self.scenario.clone(), actions, violation }
        });
        Report {
            states: self.origins.len(),
            transitions: self.transitions,
            depth: self.depth,
            complete: self.complete && story.is_none(),
            ends: self.ends.len(),
            story,
        }
    }
}

enum Quiet {
    Good,
    Bad(Violation),
}

fn is_timer(action: Action) -> bool {
    matches!(action, Action::Fire(_, Timer::Resend))
}

fn fingerprint(world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    world.hash(&mut hasher);
    hasher.finish()
}
