//! Machines that the target makes beyond what is asked for: the mark of a set that lost count.

use crate::checker::{Scene, Verdict, count};
use crate::history::change::Change;
use crate::history::moves::Move;
use crate::history::objects::{Step, Track};
use crate::history::{Key, Side};
use std::collections::BTreeMap;

/// Follows the Machines of the cluster from the unpause on, until somebody else changes what is
/// asked for beside a number of replicas: from there on a rollout may rightly make more.
pub(super) fn machine(scene: &Scene<'_>, one: &Move<'_>) -> Option<Verdict> {
    let unpause = one.target_unpause?;
    let ours = |track: &&Track<'_>| {
        scene.objects.cluster_of(Side::Target, &track.key) == Some(&one.cluster)
    };
    let mut steps: Vec<(&Key, &Step<'_>)> = scene
        .objects
        .of_side(Side::Target)
        .filter(ours)
        .filter(|track| is_machine(&track.key) || asks(&track.key))
        .flat_map(|track| track.steps.iter().map(move |step| (&track.key, step)))
        .collect();
    steps.sort_by_key(|(_, step)| step.write.received);
    let mut tally = Tally::default();
    let mut allowed = None;
    for (key, step) in steps {
        let after = step.write.received > unpause.received;
        if after && allowed.is_none() {
            allowed = Some(tally.surplus()?.max(0));
        }
        if after && asks(key) && changes_more(one, step) {
            return None;
        }
        tally.take(key, step);
        let made = after && is_machine(key) && step.change == Change::Birth;
        if made && tally.surplus()? > allowed? {
            let name = scene.objects.name(key);
            return Some(
                Verdict::failed(format!(
                    "{name} was made by the target at {:.3}, though {} were asked for and {} were \
                     there.",
                    step.write.received,
                    count(tally.desired()?.unsigned_abs().try_into().ok()?, "Machine"),
                    tally.machines.values().filter(|there| **there).count() - 1
                ))
                .with([scene.line(step)]),
            );
        }
    }
    None
}

fn is_machine(key: &Key) -> bool {
    key.group == "cluster.x-k8s.io" && key.resource == "machines"
}

/// Whether an object asks for a number of Machines.
fn asks(key: &Key) -> bool {
    let deployment = key.group == "cluster.x-k8s.io" && key.resource == "machinedeployments";
    deployment || (key.group.starts_with("controlplane.") && !key.resource.ends_with("templates"))
}

/// Whether somebody but mover and controllers asks for something else than before.
fn changes_more(one: &Move<'_>, step: &Step<'_>) -> bool {
    let actor = &step.write.actor;
    let somebody = !actor.is_controller() && !one.is_mover(Side::Target, actor);
    let content = matches!(step.change, Change::Content(_) | Change::Unknown);
    somebody && content && step.write.told.replicas.is_none()
}

/// How many Machines are asked for, and which are there.
#[derive(Default)]
struct Tally<'k> {
    machines: BTreeMap<&'k Key, bool>,
    asked: BTreeMap<&'k Key, Option<i64>>,
}

impl<'k> Tally<'k> {
    fn take(&mut self, key: &'k Key, step: &Step<'_>) {
        if is_machine(key) {
            self.machines.insert(key, step.exists);
        } else if step.exists {
            self.asked.insert(key, step.state.facts.replicas);
        } else {
            self.asked.remove(key);
        }
    }

    /// How many are asked for, when everybody who asks says how many.
    fn desired(&self) -> Option<i64> {
        let all: Option<Vec<i64>> = self.asked.values().copied().collect();
        all.filter(|all| !all.is_empty()).map(|all| all.iter().sum())
    }

    fn surplus(&self) -> Option<i64> {
        let there = self.machines.values().filter(|there| **there).count();
        Some(i64::try_from(there).ok()? - self.desired()?)
    }
}
