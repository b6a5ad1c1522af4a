//! Two processes and one lease: never two leaders, and not for long none.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::place::{Does, MILLI, Place, SECOND, touch};
use crate::api::resources::{CONFIG_MAPS, LEASES};
use crate::net::Verdict;
use crate::runtime::{Election, Process, Requeue, Running};

/// A process on a machine of its own that stands for election.
fn candidate(place: &Place, name: &str) -> Running {
    let election = Election::new("kube-system", "capi-leader", name);
    let does = Does::on(&CONFIG_MAPS, |_, _, _| Box::pin(async { Ok(Requeue::Done) }));
    Process::start(place.context(name).electing(election), vec![Box::new(does)])
}

async fn lease(place: &Place) -> Value {
    place.api("user").get(&LEASES, "kube-system", "capi-leader").await.unwrap().unwrap()
}

/// Waits until a process leads; how long that took. Fails if the other leads meanwhile.
async fn takes_over(next: &Running, other: Option<&Running>) -> Duration {
    let began = Instant::now();
    while !next.is_leading() {
        assert!(began.elapsed() < SECOND * 60, "nobody took over");
        sleep(MILLI * 10).await;
        assert!(!(next.is_leading() && other.is_some_and(Running::is_leading)), "two lead");
    }
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn the_first_leads_and_the_next_takes_over_when_its_lease_has_run_out() {
    let place = Place::new(7);
    let first = candidate(&place, "one");
    first.led().await;
    let second = candidate(&place, "two");
    sleep(SECOND * 100).await;
    assert_eq!((first.is_leading(), second.is_leading()), (true, false));
    let held = lease(&place).await;
    assert!(held["spec"]["holderIdentity"].as_str().unwrap().starts_with("one_"), "{held}");
    first.kill();
    let took = takes_over(&second, None).await;
    // 15 s after a renewal that was up to 2 s ago, and up to 2 s until the next try.
    assert!(took >= SECOND * 13 && took <= SECOND * 18, "{took:?}");
    let held = lease(&place).await;
    assert!(held["spec"]["holderIdentity"].as_str().unwrap().starts_with("two_"), "{held}");
    assert_eq!(held["spec"]["leaseTransitions"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_cut_off_stops_before_the_next_begins() {
    let place = Place::new(7);
    let first = candidate(&place, "one");
    first.led().await;
    let second = candidate(&place, "two");
    sleep(SECOND * 100).await;
    place.net.set("one", "parent", Verdict::Cut);
    sleep(MILLI * 10_100).await;
    assert!(!first.is_leading(), "it could not renew for 10 s");
    assert!(!second.is_leading());
    takes_over(&second, Some(&first)).await;
    place.net.heal();
    sleep(SECOND * 60).await;
    assert_eq!((first.is_leading(), second.is_leading()), (false, true));
}

#[tokio::test(start_paused = true)]
async fn a_short_cut_changes_no_leader() {
    let place = Place::new(7);
    let first = candidate(&place, "one");
    first.led().await;
    let second = candidate(&place, "two");
    for _ in 0..5 {
        place.net.set("one", "parent", Verdict::Cut);
        sleep(SECOND * 7).await;
        place.net.heal();
        sleep(SECOND * 5).await;
        assert_eq!((first.is_leading(), second.is_leading()), (true, false));
    }
    assert_eq!(lease(&place).await["spec"]["leaseTransitions"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_leader_whose_lease_another_holds_after_a_restore_stops() {
    let place = Place::new(7);
    let first = candidate(&place, "one");
    first.led().await;
    let backup = place.server.snapshot();
    first.kill();
    let second = candidate(&place, "two");
    takes_over(&second, None).await;
    place.server.restore(&backup);
    sleep(SECOND * 3).await;
    assert!(!second.is_leading(), "the store says that the first leads");
    takes_over(&second, None).await;
    assert_eq!(lease(&place).await["spec"]["leaseTransitions"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_month_of_leadership_costs_two_writes() {
    let place = Place::new(7);
    let first = candidate(&place, "one");
    let before = place.server.store().revision();
    sleep(SECOND * 60 * 60 * 24 * 30).await;
    assert!(first.is_leading());
    assert_eq!(place.server.store().revision() - before, 1, "the lease was made");
    touch(&place.api("user"), "a", "0").await;
    assert_eq!(place.server.store().revision() - before, 2);
}
