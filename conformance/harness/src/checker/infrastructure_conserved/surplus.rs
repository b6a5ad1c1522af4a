//! Machines that the target makes beyond what is asked for: the mark of a set that lost count.

use crate::checker::{Scene, Verdict, count, plural};
use crate::history::change::Change;
use crate::history::moves::Move;
use crate::history::objects::Step;
use crate::history::{Key, Side};
use std::collections::BTreeMap;

/// Follows the Machines of the cluster from the unpause on, until somebody else changes what is
/// asked for beside a number of replicas: from there on a rollout may rightly make more.
pub(super) fn machine(scene: &Scene<'_>, one: &Move<'_>) -> Option<Verdict> {
    let unpause = one.target_unpause?;
    let mut steps: Vec<(&Key, &Step<'_>)> = scene
        .members(Side::Target, one)
        .filter(|track| is_machine(&track.key) || asks(&track.key) || track.key.is_cluster())
        .flat_map(|track| track.steps.iter().map(move |step| (&track.key, step)))
        .collect();
    steps.sort_by_key(|(_, step)| step.write.received);
    let mut tally = Tally::default();
    let mut allowed = None;
    let mut doubled = Vec::new();
    for (key, step) in steps {
        let after = step.write.received > unpause.received;
        if after && allowed.is_none() {
            allowed = Some(tally.surplus()?.max(0));
        }
        // The topology of a Cluster asks through others.
        if after && !is_machine(key) && changes_more(scene, step) {
            break;
        }
        tally.take(key, step);
        let mover = one.is_mover(Side::Target, &step.write.actor);
        // What somebody makes by hand is asked for.
        let made =
            is_machine(key) && step.change == Change::Birth && step.write.actor.is_controller();
        if after && made && !mover && tally.surplus()? > allowed? {
            doubled.push((step, tally.there(), tally.desired()?));
        }
    }
    verdict(scene, &doubled)
}

/// The first of them is told, the others are in the witness.
fn verdict(scene: &Scene<'_>, doubled: &[(&Step<'_>, usize, i64)]) -> Option<Verdict> {
    let (first, there, desired) = doubled.first()?;
    let says = format!(
        "{} was made by the target at {:.3} as one of {}, though {desired} {} asked for and nobody \
         asked for more.",
        scene.objects.name(&first.write.object),
        first.write.received,
        count(*there, "Machine"),
        plural(usize::try_from(*desired).unwrap_or_default(), "was", "were")
    );
    Some(Verdict::failed(says).with(doubled.iter().map(|(step, ..)| scene.line(step))))
}

fn is_machine(key: &Key) -> bool {
    key.group == "cluster.x-k8s.io" && key.resource == "machines"
}

/// Whether an object asks for a number of Machines.
fn asks(key: &Key) -> bool {
    let core = key.group == "cluster.x-k8s.io";
    core && matches!(key.resource.as_str(), "machinedeployments" | "machinepools")
        || (key.group.starts_with("controlplane.") && !key.resource.ends_with("templates"))
}

/// Whether somebody asks for something else than another number. When the target owns, whoever
/// moved it is a user like any other.
fn changes_more(scene: &Scene<'_>, step: &Step<'_>) -> bool {
    let write = step.write;
    let somebody = !write.actor.is_controller();
    let content = matches!(step.change, Change::Content(_) | Change::Unknown);
    somebody && content && !changes_number(scene, step)
}

/// Whether nothing of the spec but the number of replicas is seen to change.
fn changes_number(scene: &Scene<'_>, step: &Step<'_>) -> bool {
    let track = scene.objects.track(Side::Target, &step.write.object);
    let before = track.and_then(|track| track.before(step.write.received));
    let then = before.map(|before| &before.state.facts);
    let now = &step.state.facts;
    let number = step.write.told.replicas.is_some()
        && then.is_some_and(|then| then.replicas != now.replicas);
    let specs = then.and_then(|then| then.spec.as_ref()).zip(now.spec.as_ref());
    number && specs.is_none_or(|(then, now)| then.missing_in(now) <= 1)
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
        } else if asks(key) && step.exists {
            self.asked.insert(key, step.state.facts.replicas);
        } else {
            self.asked.remove(key);
        }
    }

    /// How many are asked for, when everybody who asks says how many.
    fn desired(&self) -> Option<i64> {
        let all: Option<Vec<i64>> = self.asked.values().copied().collect();
        let all = all.filter(|all| !all.is_empty())?;
        all.iter().try_fold(0_i64, |sum, one| sum.checked_add(*one))
    }

    fn there(&self) -> usize {
        self.machines.values().filter(|there| **there).count()
    }

    fn surplus(&self) -> Option<i64> {
        i64::try_from(self.there()).ok()?.checked_sub(self.desired()?)
    }
}
