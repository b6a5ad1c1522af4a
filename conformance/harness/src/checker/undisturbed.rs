//! A5: no pod restarts and no node changes through a pivot.

use super::{Checker, Scene, Verdict, count, names, plural, re_observation};
use crate::history::change::Change;
use crate::history::moves::Move;
use crate::history::objects::{Step, Track};
use crate::history::{Key, Side};
use crate::verdict::Line;
use jiff::Timestamp;

pub(super) const CHECKER: Checker = Checker {
    id: "checker/undisturbed",
    rule: "A5",
    claim: "No pod restarts and no node changes through a pivot.",
    judge,
};

fn judge(scene: &Scene<'_>, one: &Move<'_>) -> Verdict {
    if let Some(unknown) = scene.lacks(&[Side::Target]) {
        return unknown;
    }
    let Some((from, to)) = lasted(scene, one) else {
        return Verdict::unknown("The target never came to own in its log.".into());
    };
    let mut disturbed = Vec::new();
    let mut recorded = Recorded::default();
    let machines = scene.members(Side::Target, one).filter(|track| is_machine(&track.key));
    for track in machines.chain(scene.nodes_and_pods(Side::Target)) {
        for (index, step) in track.steps.iter().enumerate() {
            let within = from <= step.write.received && step.write.received <= to;
            recorded.see(&track.key, step, within);
            if within && disturbs(one, track, index, step) {
                disturbed.push((scene.objects.name(&track.key), scene.line(step)));
            }
        }
    }
    if !disturbed.is_empty() {
        return failed(disturbed);
    }
    let missing = recorded.missing();
    if !missing.is_empty() {
        return Verdict::unknown(format!(
            "Between {from:.3} and {to:.3} no Machine or Node is seen to change, but the target's \
             log holds no writes to {}.",
            names(&missing)
        ));
    }
    if recorded.bare > 0 {
        return Verdict::unknown(format!(
            "Between {from:.3} and {to:.3} no Node, Machine or Pod is seen to go, but {} of {} to \
             the status of Pods in the target's log, so whether a container restarted is not known.",
            plural(recorded.bare, "the body is missing", "the bodies are missing"),
            count(recorded.bare, "write")
        ));
    }
    Verdict::passed(format!(
        "No Pod was removed or restarted, no Node made or removed and no Machine removed between \
         {from:.3} and {to:.3}; traffic is in no audit log."
    ))
}

fn failed(disturbed: Vec<(String, Line)>) -> Verdict {
    let (names_of, lines): (Vec<String>, Vec<Line>) = disturbed.into_iter().unzip();
    let changed = names(&names_of);
    Verdict::failed(format!("{changed} changed in the course of the move; expected none to."))
        .with(lines)
}

/// From the pause, or the first copy, until everything had been observed again.
fn lasted(scene: &Scene<'_>, one: &Move<'_>) -> Option<(Timestamp, Timestamp)> {
    let unpause = one.target_unpause?;
    let trusted = one.source_pause.filter(|_| scene.clocks.doubt().is_none());
    let from = trusted.or(one.first_copy()).map_or(unpause.received, |write| write.received);
    let observed = re_observation::observe(scene, one, unpause).last;
    Some((from, observed.map_or(unpause.completed, |last| last.completed)))
}

/// What kinds of writes the log holds at all.
#[derive(Default)]
struct Recorded {
    pods: bool,
    nodes: bool,
    /// Writes to the status of Pods in the course of the move of which the log holds no body.
    bare: usize,
}

impl Recorded {
    fn see(&mut self, key: &Key, step: &Step<'_>, within: bool) {
        let pod = is_core(key, "pods");
        self.pods |= pod;
        self.nodes |= is_core(key, "nodes");
        let write = step.write;
        let bare = write.subresource == "status" && write.told.touched.is_none();
        self.bare += usize::from(pod && within && bare);
    }

    fn missing(&self) -> Vec<String> {
        let kinds = [(self.pods, "Pods"), (self.nodes, "Nodes")];
        kinds.iter().filter(|(there, _)| !there).map(|(_, kind)| (*kind).to_owned()).collect()
    }
}

fn is_core(key: &Key, resource: &str) -> bool {
    key.group.is_empty() && key.resource == resource
}

fn is_machine(key: &Key) -> bool {
    key.group == "cluster.x-k8s.io" && key.resource == "machines"
}

fn disturbs(one: &Move<'_>, track: &Track<'_>, index: usize, step: &Step<'_>) -> bool {
    let ends = matches!(step.change, Change::Death | Change::DeletionAsked);
    let key = &track.key;
    if is_core(key, "nodes") {
        return ends || step.change == Change::Birth;
    }
    if is_core(key, "pods") {
        return ends || step.write.subresource == "eviction" || restarts(track, index, step);
    }
    // A Machine that is made may be asked for: what is more than that is found by C1.
    ends && !one.is_mover(Side::Target, &step.write.actor)
}

/// Whether a Pod's restarts have become more with this step.
fn restarts(track: &Track<'_>, index: usize, step: &Step<'_>) -> bool {
    let before = index.checked_sub(1).and_then(|before| track.steps.get(before));
    let known = before.and_then(|before| before.state.facts.restarts);
    known.zip(step.state.facts.restarts).is_some_and(|(before, after)| after > before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::tests::judged;
    use crate::history::Verb;
    use crate::history::build::{CONTROLLER, Story, pivot, touching};
    use crate::history::facts::{Area, Facts};
    use crate::verdict::Outcome;

    /// A pivot in whose log Pods and Nodes appear.
    fn watched() -> Story {
        let restarts = Facts { restarts: Some(0), ..touching(Area::Status) };
        pivot()
            .at(100)
            .create(Side::Target, "kubelet", "Node n1", &[])
            .create(Side::Target, "scheduler", "Pod web", &[])
            .at(200)
            .write(Side::Target, "kubelet", Verb::Patch, "Pod web", restarts)
    }

    #[test]
    fn a_quiet_pivot_passes() {
        let finding = judged(&CHECKER, watched());
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
    }

    #[test]
    fn a_pod_that_restarts_fails() {
        let restarts = Facts { restarts: Some(1), ..touching(Area::Status) };
        let story =
            watched().at(2_500).write(Side::Target, "kubelet", Verb::Patch, "Pod web", restarts);
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("Pod default/web"), "{}", finding.summary);
    }

    #[test]
    fn a_machine_that_is_replaced_fails() {
        let story = watched().at(3_050).delete(Side::Target, CONTROLLER, "Machine m1");
        assert_eq!(judged(&CHECKER, story).outcome, Outcome::Failed);
    }

    #[test]
    fn a_status_of_a_pod_without_its_body_is_unknown() {
        let bare = |at: i64| {
            let bare = Facts::default();
            let story = watched().at(at);
            story.write(Side::Target, "kubelet", Verb::Patch, "Pod web", bare).changed(
                |write| write.object.resource == "pods" && write.told.touched.is_none(),
                |write| write.subresource = "status".into(),
            )
        };
        let finding = judged(&CHECKER, bare(2_500));
        assert_eq!(finding.outcome, Outcome::Unknown, "{finding:?}");
        assert!(finding.summary.contains("the body is missing of 1 write"), "{}", finding.summary);
        assert_eq!(judged(&CHECKER, bare(300)).outcome, Outcome::Passed, "before the move");
    }

    #[test]
    fn a_log_without_pods_is_unknown() {
        let finding = judged(&CHECKER, pivot());
        assert_eq!(finding.outcome, Outcome::Unknown, "{finding:?}");
        assert!(finding.summary.contains("Pods, Nodes"), "{}", finding.summary);
    }
}
