//! T10: after a pivot the parent's API server holds no credential of the child.

use super::{Checker, Scene, Verdict, count, line, names};
use crate::history::moves::Move;
use crate::history::objects::Track;
use crate::history::owned::cluster_of_secret;
use crate::history::{Key, Side};

pub(super) const CHECKER: Checker = Checker {
    id: "checker/no-credential-left",
    rule: "T10",
    claim: "After the pivot the source holds no kubeconfig, CA or key of the cluster.",
    judge,
};

fn judge(scene: &Scene<'_>, one: &Move<'_>) -> Verdict {
    if let Some(unknown) = scene.lacks(&[Side::Source]) {
        return unknown;
    }
    if one.target_unpause.is_none() {
        return Verdict::unknown("The target never came to own in its log.".into());
    }
    let ours = |key: &Key| {
        let named = cluster_of_secret(key).is_some_and(|(cluster, _)| cluster == one.cluster.name);
        named && key.namespace == one.cluster.namespace
    };
    let seen: Vec<&Track<'_>> =
        scene.objects.of_side(Side::Source).filter(|track| ours(&track.key)).collect();
    let unseen: Vec<String> = one
        .copies
        .keys()
        .filter(|key| ours(key) && scene.objects.track(Side::Source, key).is_none())
        .map(|key| scene.objects.name(key))
        .collect();
    let there = seen.iter().filter(|track| track.exists_at_end());
    let (marked, left): (Vec<&&Track<'_>>, Vec<_>) = there.partition(|track| track.is_marked());
    if !left.is_empty() {
        return left_over(scene, one, &left);
    }
    if !marked.is_empty() {
        let marked: Vec<String> = marked.iter().map(|one| scene.objects.name(&one.key)).collect();
        return Verdict::unknown(format!(
            "Deletion was asked for {} at the source; that it went is not in the log.",
            names(&marked)
        ));
    }
    if !unseen.is_empty() {
        return Verdict::unknown(format!(
            "The source's log has no write to {}, so whether they are gone there is not known.",
            names(&unseen)
        ));
    }
    gone(scene, one, &seen)
}

fn left_over(scene: &Scene<'_>, one: &Move<'_>, left: &[&&Track<'_>]) -> Verdict {
    let names = names(&left.iter().map(|track| scene.objects.name(&track.key)).collect::<Vec<_>>());
    let end = scene.history().span(Side::Source).map(|(_, end)| end);
    let owned = one.target_unpause.map(|unpause| unpause.received);
    if scene.clocks.doubt().is_none() && end < owned {
        return Verdict::unknown(format!(
            "The source's log ends before the target owned; {names} were still there."
        ));
    }
    Verdict::failed(format!(
        "The source still holds {names} at the end of its log; expected no credential of the \
         cluster there."
    ))
    .with(left.iter().filter_map(|track| track.steps.last()).map(|step| scene.line(step)))
    .with(one.target_unpause.map(|unpause| line(unpause, "unpaused the target".into())))
}

fn gone(scene: &Scene<'_>, one: &Move<'_>, seen: &[&Track<'_>]) -> Verdict {
    let kubeconfig = format!("{}-kubeconfig", one.cluster.name);
    if !seen.iter().any(|track| track.key.name == kubeconfig) {
        return Verdict::unknown(format!(
            "The source's log has no write to Secret {}/{kubeconfig}; are its Secrets logged?",
            one.cluster.namespace
        ));
    }
    let deaths = seen.iter().filter_map(|track| track.steps.last());
    let last = deaths.max_by_key(|step| step.write.received);
    let all: Vec<String> = seen.iter().map(|track| track.key.name.clone()).collect();
    Verdict::passed(format!(
        "{} of the cluster ({}) were deleted at the source, the last at {}.",
        count(seen.len(), "credential"),
        all.join(", "),
        last.map_or_else(String::new, |step| format!("{:.3}", step.write.received))
    ))
    .with(last.map(|step| scene.line(step)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::tests::judged;
    use crate::history::build::{key, pivot};
    use crate::verdict::Outcome;

    #[test]
    fn a_pivot_passes() {
        let finding = judged(&CHECKER, pivot());
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
    }

    #[test]
    fn a_ca_that_stays_fails() {
        let left = key("Secret c1-ca");
        let story = pivot().without(|write| write.object == left && write.told.gone);
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
        assert!(finding.summary.contains("Secret default/c1-ca"), "{}", finding.summary);
    }

    #[test]
    fn secrets_that_are_not_logged_are_unknown() {
        let story = pivot().without(|write| write.side == Side::Source && write.object.is_secret());
        assert_eq!(judged(&CHECKER, story).outcome, Outcome::Unknown);
    }
}
