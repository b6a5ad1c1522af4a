//! T10: after a pivot the parent's API server holds no credential of the child.
//!
//! What the source still holds when its log ends is held against the mover only when its clean-up is
//! over: everything else went, or it has long been silent.

use super::clocks::LONGEST_WAIT;
use super::{Checker, Scene, Verdict, count, line, names, plural};
use crate::history::moves::Move;
use crate::history::objects::{Step, Track};
use crate::history::owned::SECRET_SUFFIXES;
use crate::history::{Key, Side};
use jiff::Timestamp;

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
    let end = given_back(scene, one);
    let of_source = |key: &Key| scene.objects.track(Side::Source, key);
    let all = SECRET_SUFFIXES.map(|suffix| secret(one, suffix));
    let seen: Vec<Credential<'_, '_>> =
        all.iter().filter_map(|key| Credential::at(of_source(key)?, end)).collect();
    let unseen: Vec<String> = all
        .iter()
        .filter(|&key| one.copies.contains_key(key) && of_source(key).is_none())
        .map(|key| scene.objects.name(key))
        .collect();
    let there = seen.iter().filter(|credential| credential.last.exists);
    let (marked, left): (Vec<_>, Vec<_>) = there.partition(|credential| credential.is_marked());
    if !left.is_empty() {
        return left_over(scene, one, &left, end);
    }
    if !marked.is_empty() {
        let marked: Vec<String> = marked.iter().map(|it| scene.objects.name(it.key)).collect();
        return Verdict::unknown(format!(
            "Deletion was asked for {} at the source; that {} went is not in the log.",
            names(&marked),
            plural(marked.len(), "it", "they")
        ));
    }
    if !unseen.is_empty() {
        return Verdict::unknown(format!(
            "The source's log has no write to {}, so whether {} gone there is not known.",
            names(&unseen),
            plural(unseen.len(), "it is", "they are")
        ));
    }
    gone(scene, one, &seen)
}

/// One of the cluster's own Secrets.
fn secret(one: &Move<'_>, suffix: &str) -> Key {
    Key {
        group: String::new(),
        resource: "secrets".into(),
        namespace: one.cluster.namespace.clone(),
        name: format!("{}-{suffix}", one.cluster.name),
    }
}

/// When the source was given the Cluster again, as by the move back: what it holds from then on is
/// another move's affair.
fn given_back(scene: &Scene<'_>, one: &Move<'_>) -> Option<Timestamp> {
    let gone = one.removals.iter().find(|write| write.object == one.cluster)?;
    let births = scene.objects.track(Side::Source, &one.cluster)?.births();
    births.map(|birth| birth.write.received).find(|born| *born > gone.received)
}

/// A credential with the last that was written to it for this move.
struct Credential<'t, 'h> {
    key: &'t Key,
    last: &'t Step<'h>,
}

impl<'t, 'h> Credential<'t, 'h> {
    fn at(track: &'t Track<'h>, end: Option<Timestamp>) -> Option<Self> {
        let last = match end {
            Some(end) => track.before(end),
            None => track.steps.last(),
        };
        last.map(|last| Self { key: &track.key, last })
    }

    fn is_marked(&self) -> bool {
        self.last.state.facts.deleting == Some(true)
    }
}

fn left_over(
    scene: &Scene<'_>,
    one: &Move<'_>,
    left: &[&Credential<'_, '_>],
    end: Option<Timestamp>,
) -> Verdict {
    let names = names(&left.iter().map(|it| scene.objects.name(it.key)).collect::<Vec<_>>());
    let were = plural(left.len(), "was", "were");
    let last = scene.end(Side::Source);
    let owned = one.target_unpause.map(|unpause| unpause.received);
    if scene.clocks.doubt().is_none() && last < owned {
        return Verdict::unknown(format!(
            "The source's log ends before the target owned; {names} {were} still there."
        ));
    }
    if end.is_none() && !is_over(scene, one, left) {
        return Verdict::unknown(format!(
            "The source's log ends at {:.3}, before its clean-up is seen to be over; {names} {were} \
             still there.",
            last.unwrap_or_default()
        ));
    }
    Verdict::failed(format!(
        "The source still holds {names} at the end of its log; expected no credential of the \
         cluster there."
    ))
    .with(left.iter().map(|it| scene.line(it.last)))
    .with(one.target_unpause.map(|unpause| line(unpause, "unpaused the target".into())))
}

/// Whether the clean-up is over: the Cluster went as the last of all, nothing else of what moved is
/// left, or the mover wrote nothing for longer than it would wait.
fn is_over(scene: &Scene<'_>, one: &Move<'_>, left: &[&Credential<'_, '_>]) -> bool {
    let complete = one.removals.last().is_some_and(|last| last.object == one.cluster);
    let is_left = |key: &Key| left.iter().any(|it| it.key == key);
    let mut others = one.copies.keys().filter(|key| !is_left(key));
    let stays = |key: &Key| {
        let track = scene.objects.track(Side::Source, key);
        track.is_some_and(|track| track.exists_at_end() && !track.is_marked())
    };
    complete || !others.any(stays) || is_silent(scene, one)
}

fn is_silent(scene: &Scene<'_>, one: &Move<'_>) -> bool {
    let steps = scene.members(Side::Source, one).flat_map(|track| &track.steps);
    let by_mover = steps.filter(|step| one.is_mover(Side::Source, &step.write.actor));
    let trusted = one.target_unpause.filter(|_| scene.clocks.doubt().is_none());
    let last = by_mover.map(|step| step.write.completed).max();
    let last = last.max(trusted.map(|unpause| unpause.completed));
    last.zip(scene.end(Side::Source))
        .is_some_and(|(last, end)| end.as_nanosecond() - last.as_nanosecond() > LONGEST_WAIT)
}

fn gone(scene: &Scene<'_>, one: &Move<'_>, seen: &[Credential<'_, '_>]) -> Verdict {
    let kubeconfig = format!("{}-kubeconfig", one.cluster.name);
    if !seen.iter().any(|credential| credential.key.name == kubeconfig) {
        return Verdict::unknown(format!(
            "The source's log has no write to Secret {}/{kubeconfig}; are its Secrets logged?",
            one.cluster.namespace
        ));
    }
    let last = seen.iter().map(|it| it.last).max_by_key(|step| step.write.received);
    let all: Vec<&str> = seen.iter().map(|it| it.key.name.as_str()).collect();
    Verdict::passed(format!(
        "{} of the cluster ({}) {} deleted at the source, the last at {}.",
        count(seen.len(), "credential"),
        all.join(", "),
        plural(seen.len(), "was", "were"),
        last.map_or_else(String::new, |step| format!("{:.3}", step.write.received))
    ))
    .with(last.map(|step| scene.line(step)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::tests::judged;
    use crate::history::Write;
    use crate::history::build::{MOVER, key, pivot};
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
    fn a_log_that_ends_in_the_middle_of_the_clean_up_is_unknown() {
        let whole = pivot().history();
        let (_, end) = whole.span(Side::Source).expect("a log");
        // The Secrets go first: one of them is gone, the other is not yet.
        let cut = |write: &Write| {
            let since = end.as_millisecond() - write.received.as_millisecond();
            write.side == Side::Source && write.told.gone && since < 140
        };
        let finding = judged(&CHECKER, pivot().without(cut));
        assert_eq!(finding.outcome, Outcome::Unknown, "{finding:?}");
        assert!(finding.summary.contains("Secret default/c1-ca was"), "{}", finding.summary);
    }

    #[test]
    fn a_mover_that_stopped_long_ago_has_left_what_it_left() {
        let story = pivot()
            .without(|write| write.side == Side::Source && write.told.gone)
            .at(900_000)
            .observe(Side::Source, "Cluster c1", true, 0);
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Failed, "{finding:?}");
    }

    #[test]
    fn what_comes_back_with_the_cluster_is_another_move() {
        let story = pivot()
            .at(20_000)
            .create(Side::Source, MOVER, "Cluster c1", &[])
            .at(20_100)
            .create(Side::Source, MOVER, "Secret c1-ca", &["Cluster c1"]);
        let finding = judged(&CHECKER, story);
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
    }

    #[test]
    fn a_credential_that_is_made_again_fails() {
        let story =
            pivot().at(20_100).create(Side::Source, "gitops", "Secret c1-ca", &["Cluster c1"]);
        assert_eq!(judged(&CHECKER, story).outcome, Outcome::Failed);
    }

    #[test]
    fn secrets_that_are_not_logged_are_unknown() {
        let story = pivot().without(|write| write.side == Side::Source && write.object.is_secret());
        assert_eq!(judged(&CHECKER, story).outcome, Outcome::Unknown);
    }
}
