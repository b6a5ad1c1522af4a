//! How many replicas each set is to have.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::{counted, differences, tolerance, wanted};
use crate::capi::object::{REVISION, annotation, at, int, name, text};
use crate::capi::{Outcome, failed};
use crate::runtime::Context;

const ON_DELETE: &str = "OnDelete";

/// The set for the present template, the others, and what becomes of each.
pub(super) struct Plan {
    /// The set for the present template; `None`: it is to be made.
    pub(super) new: Option<Arc<Value>>,
    /// The others, the oldest first.
    pub(super) old: Vec<Arc<Value>>,
    /// The revision of the present template.
    pub(super) revision: String,
    /// The replicas of each set whose number changes, by name; the one to be made has none.
    pub(super) intents: BTreeMap<String, i64>,
    replicas: i64,
    surge: i64,
    unavailable: i64,
    on_delete: bool,
}

fn revision_of(set: &Value) -> u64 {
    annotation(set, REVISION).and_then(|text| text.parse().ok()).unwrap_or_default()
}

impl Plan {
    /// Finds the set for the present template.
    pub(super) fn new(
        cx: &Context,
        deployment: &Value,
        sets: &[Arc<Value>],
        templates_exist: bool,
    ) -> Outcome<Self> {
        let made = |set: &Value| text(set, "metadata.creationTimestamp").to_owned();
        let mut sorted = sets.to_vec();
        sorted.sort_by_key(|set| (Reverse(wanted(set)), made(set), name(set).to_owned()));
        let template = at(deployment, "spec.template");
        let after = text(deployment, "spec.rollout.after").to_owned();
        let is_due = cx.clock.since(&after).is_some();
        let fits = |set: &Arc<Value>| {
            differences(at(set, "spec.template"), template).is_empty()
                && (!is_due || made(set) >= after)
        };
        let new = sorted.iter().position(fits).map(|at| sorted.remove(at));
        sorted.sort_by_key(|set| (made(set), name(set).to_owned()));
        if new.is_none() && !templates_exist {
            return Err(failed("cannot create a MachineSet when templates do not exist"));
        }
        let oldest = sorted.iter().map(|set| revision_of(set)).max().unwrap_or_default();
        let known = new.as_ref().map(|set| revision_of(set)).unwrap_or_default();
        let (surge, unavailable) = tolerance(deployment);
        Ok(Self {
            new,
            old: sorted,
            revision: known.max(oldest + 1).to_string(),
            intents: BTreeMap::new(),
            replicas: int(deployment, "spec.replicas").unwrap_or_default(),
            surge,
            unavailable,
            on_delete: text(deployment, "spec.rollout.strategy.type") == ON_DELETE,
        })
    }

    /// Under which name the intent of the present set stands.
    pub(super) fn new_name(&self) -> &str {
        self.new.as_ref().map_or("", |set| name(set))
    }

    fn new_wanted(&self) -> i64 {
        self.new.as_ref().map_or(0, |set| wanted(set))
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Value>> {
        self.old.iter().chain(&self.new)
    }

    /// Plans one step of the rollout.
    pub(super) fn roll(&mut self) {
        self.roll_new();
        if self.on_delete {
            self.follow_deletions();
        } else {
            self.roll_old();
            self.break_deadlock();
        }
    }

    fn roll_new(&mut self) {
        let now = self.new_wanted();
        if now == self.replicas {
            return;
        }
        let name = self.new_name().to_owned();
        if now > self.replicas {
            self.intents.insert(name, self.replicas);
            return;
        }
        // What is still there counts, even when it was told to go.
        let there: i64 = self.all().map(|set| wanted(set).max(counted(set, "replicas"))).sum();
        let surge = if self.on_delete { 0 } else { self.surge };
        let room = self.replicas + surge - there;
        if room > 0 {
            self.intents.insert(name, now + room.min(self.replicas - now));
        }
    }

    fn roll_old(&mut self) {
        if self.old.iter().map(|set| wanted(set)).sum::<i64>() == 0 {
            return;
        }
        let least = (self.replicas - self.unavailable).max(0);
        let total: i64 = self.all().map(|set| wanted(set)).sum();
        let mut available: i64 = self.all().map(|set| counted(set, "availableReplicas")).sum();
        let leaving: i64 = self
            .all()
            .map(|set| {
                let intent = self.intents.get(name(set)).copied().unwrap_or(i64::MAX);
                (counted(set, "replicas") - wanted(set).min(intent)).max(0)
            })
            .sum();
        let new_available = self.new.as_ref().map_or(0, |set| counted(set, "availableReplicas"));
        let unready = (self.new_wanted() - new_available).max(0);
        let mut count = (total - leaving - least - unready).max(0);
        for only_unavailable in [true, false] {
            self.shrink_old(&mut count, &mut available, least, only_unavailable);
        }
    }

    fn shrink_old(
        &mut self,
        count: &mut i64,
        available: &mut i64,
        least: i64,
        only_unavailable: bool,
    ) {
        for set in self.old.clone() {
            if *count <= 0 {
                return;
            }
            let replicas = self.intents.get(name(&set)).copied().unwrap_or(wanted(&set));
            let (there, well) = (counted(&set, "replicas"), counted(&set, "availableReplicas"));
            let most = if only_unavailable { (replicas - well).max(0) } else { replicas };
            let mut down = most.min(*count);
            if replicas <= 0 || down == 0 {
                continue;
            }
            if well > 0 {
                let mut deleted = (there - (replicas - down).max(0)).max(0);
                if deleted > 0 {
                    if *available - least < deleted {
                        let bearable = (*available - least).max(0);
                        let left = (there - bearable).min(replicas);
                        down = (replicas - left).max(0);
                        deleted = (there - left).max(0);
                    }
                    *available -= well.min(deleted);
                }
            }
            if down > 0 {
                self.intents.insert(name(&set).to_owned(), (replicas - down).max(0));
                *count = (*count - down).max(0);
            }
        }
    }

    /// When nothing moves because an old machine is not available, one of those goes.
    fn break_deadlock(&mut self) {
        let count = |field: &str| -> i64 { self.old.iter().map(|set| counted(set, field)).sum() };
        let (there, well) = (count("replicas"), count("availableReplicas"));
        if there == 0 || there == well {
            return;
        }
        let moves = self.all().any(|set| {
            wanted(set) != counted(set, "replicas") || self.intents.contains_key(name(set))
        });
        let waits = self
            .new
            .as_ref()
            .is_some_and(|set| counted(set, "availableReplicas") != counted(set, "replicas"));
        if moves || waits || self.new.is_none() {
            return;
        }
        let stuck = self.old.iter().find(|set| {
            counted(set, "availableReplicas") != counted(set, "replicas") && wanted(set) != 0
        });
        if let Some(set) = stuck {
            self.intents.insert(name(set).to_owned(), (wanted(set) - 1).max(0));
        }
    }

    /// Under `OnDelete` an old set wants no more than it has.
    fn follow_deletions(&mut self) {
        for set in &self.old {
            let there = counted(set, "replicas");
            if there < wanted(set) {
                self.intents.insert(name(set).to_owned(), there);
            }
        }
    }
}
