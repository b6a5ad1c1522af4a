//! A process that dies: what was under way stops in its middle, what was sent arrives.

use serde_json::json;
use tokio::time::sleep;

use super::place::{Does, MILLI, Place, SECOND, exists, touch};
use crate::api::resources::CONFIG_MAPS;
use crate::net::Verdict;
use crate::runtime::{Process, Requeue};

/// A controller that makes two objects for each, a second apart.
fn makes_two() -> Does {
    Does::on(&CONFIG_MAPS, |key, cx, _| {
        Box::pin(async move {
            if key.name.contains('-') {
                return Ok(Requeue::Done);
            }
            for end in ["first", "second"] {
                let map = json!({"metadata": {"name": format!("{}-{end}", key.name)}});
                cx.api.create(&CONFIG_MAPS, "default", &map).await?;
                sleep(SECOND).await;
            }
            Ok(Requeue::Done)
        })
    })
}

#[tokio::test(start_paused = true)]
async fn a_reconcile_that_is_killed_in_its_middle_has_done_half() {
    let place = Place::new(7);
    let running = Process::start(place.context("core"), vec![Box::new(makes_two())]);
    touch(&place.api("user"), "a", "0").await;
    sleep(MILLI * 500).await;
    running.kill();
    sleep(SECOND * 60).await;
    let halves = (exists(&place, "a-first"), exists(&place, "a-second"));
    assert_eq!(halves, (true, false));
}

#[tokio::test(start_paused = true)]
async fn what_a_process_sent_before_it_died_arrives() {
    let place = Place::new(7);
    let cx = place.context("core");
    // Somebody who keeps the wire: the world.
    let _kept = cx.api.clone();
    let running = Process::start(cx, vec![Box::new(makes_two())]);
    sleep(SECOND).await;
    touch(&place.api("user"), "a", "0").await;
    sleep(MILLI * 2).await;
    place.net.set("core", "parent", Verdict::Delay(SECOND * 5));
    sleep(SECOND * 2).await;
    running.kill();
    assert!(!exists(&place, "a-first"));
    sleep(SECOND * 5).await;
    assert!(exists(&place, "a-first"), "the write is delayed, not lost");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_is_dropped_is_killed_and_another_does_the_rest() {
    let place = Place::new(7);
    touch(&place.api("user"), "a", "0").await;
    let running = Process::start(place.context("core"), vec![Box::new(makes_two())]);
    sleep(MILLI * 500).await;
    drop(running);
    sleep(SECOND * 5).await;
    assert!(!exists(&place, "a-second"));
    let does = Does::on(&CONFIG_MAPS, |key, cx, log| {
        Box::pin(async move {
            let known = cx.caches.list(&CONFIG_MAPS, "default").len();
            log.say(&format!("{} of {known}", key.name));
            Ok(Requeue::Done)
        })
    });
    let log = does.log.clone();
    let _running = Process::start(place.context("next"), vec![Box::new(does)]);
    sleep(SECOND).await;
    assert_eq!(log.said(), ["a of 2", "a-first of 2"]);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "a controller that panics")]
async fn a_controller_that_panics_does_not_go_unseen() {
    let place = Place::new(7);
    touch(&place.api("user"), "a", "0").await;
    let does = Does::on(&CONFIG_MAPS, |key, _, _| {
        Box::pin(async move {
            assert!(key.name.is_empty(), "a controller that panics");
            Ok(Requeue::Done)
        })
    });
    let running = Process::start(place.context("core"), vec![Box::new(does)]);
    sleep(SECOND).await;
    running.kill();
}
