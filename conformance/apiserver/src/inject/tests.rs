use std::time::Duration;

use super::*;

const CREATE: Facts<'static> = Facts {
    verb: "create",
    resource: "machines",
    subresource: "",
    namespace: "fleet",
    name: "",
    user: "mover",
    agent: "cell/1.0 (linux)",
};

#[test]
fn without_rules_nothing_happens() {
    assert_eq!(Injections::new().before(&CREATE), []);
}

#[test]
fn a_rule_acts_at_its_turn_and_ends_with_its_guard() {
    let injections = Injections::new();
    let third = Match::writes().resource("machines").agent("cell/").times(Times::Nth(3));
    let rule = injections.rule(third, [Fault::AnswerLost]);
    let read = Facts { verb: "get", ..CREATE };
    let other = Facts { resource: "clusters", ..CREATE };
    let met = |facts: &Facts<'_>| !injections.before(facts).is_empty();
    let met: Vec<bool> = [CREATE, read, CREATE, other, CREATE, CREATE].iter().map(met).collect();
    assert_eq!(met, [false, false, false, false, true, false]);
    assert_eq!((rule.hits(), injections.hits()), (1, 1));
    drop(rule);
    let rule = injections.rule(Match::any(), [Fault::Unavailable]);
    assert_eq!(injections.before(&read), [Fault::Unavailable]);
    drop(rule);
    assert_eq!(injections.before(&read), []);
}

#[test]
fn faults_add_up_in_the_order_of_the_rules() {
    let injections = Injections::new();
    let slow = Fault::Latency(Duration::from_millis(5));
    injections.rule(Match::any(), [slow.clone()]).keep();
    injections.rule(Match::any().user("mover"), [Fault::Refuse(Refusal::Conflict)]).keep();
    assert_eq!(injections.before(&CREATE), [slow, Fault::Refuse(Refusal::Conflict)]);
    injections.clear();
    assert_eq!(injections.before(&CREATE), []);
}

#[test]
fn only_what_reads_from_a_version_can_be_too_old() {
    let injections = Injections::new();
    let rule = injections.rule(Match::any().times(Times::First(1)), [Fault::Expired]);
    assert_eq!(injections.before(&CREATE), []);
    assert_eq!(injections.before(&Facts { verb: "watch", ..CREATE }), [Fault::Expired]);
    assert_eq!(rule.hits(), 1, "the write was none of its requests");
}

#[tokio::test]
async fn a_hit_can_be_waited_for() {
    let injections = Injections::new();
    let rule = injections.rule(Match::any(), [Fault::AnswerLost]);
    let (seen, _) = tokio::join!(rule.hit(1), async { injections.before(&CREATE) });
    assert!(seen);
    injections.clear();
    assert!(!rule.hit(2).await, "nobody can hit it any more");
}

#[test]
fn a_broken_answer_is_known_as_such() {
    let response = Broken::AnswerLost.response();
    assert_eq!(Broken::of(&response), Some(Broken::AnswerLost));
    assert_eq!(Broken::of(&http::Response::new(())), None);
}
