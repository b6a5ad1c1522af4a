//! Whose turn it is: one reconcile of a key at a time, at its pace, later after errors.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::place::{Does, MILLI, Place, SECOND, touch};
use crate::api::resources::CONFIG_MAPS;
use crate::runtime::{Process, ReconcileError, Requeue};

/// The times between moments.
fn gaps(times: &[Instant]) -> Vec<Duration> {
    times.windows(2).map(|two| two[1].duration_since(two[0])).collect()
}

#[tokio::test(start_paused = true)]
async fn a_key_is_never_in_flight_twice_and_other_keys_are_beside_it() {
    let place = Place::new(7);
    let counts = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let both = Arc::new(AtomicUsize::new(0));
    let (counted, met) = (Arc::clone(&counts), Arc::clone(&both));
    let does = Does::on(&CONFIG_MAPS, move |key, _, _| {
        let (counts, both) = (Arc::clone(&counted), Arc::clone(&met));
        Box::pin(async move {
            let own = usize::from(key.name == "b");
            assert_eq!(counts[own].fetch_add(1, Ordering::SeqCst), 0, "{key} is in flight");
            both.fetch_max(counts[1 - own].load(Ordering::SeqCst), Ordering::SeqCst);
            sleep(SECOND * 3).await;
            counts[own].fetch_sub(1, Ordering::SeqCst);
            Ok(Requeue::Done)
        })
    });
    let log = does.log.clone();
    let _running = Process::start(place.context("core"), vec![Box::new(does)]);
    let user = place.api("user");
    for n in 0..100 {
        touch(&user, "a", &n.to_string()).await;
        touch(&user, "b", &n.to_string()).await;
        sleep(MILLI * 100).await;
    }
    sleep(SECOND * 10).await;
    assert_eq!(both.load(Ordering::SeqCst), 1, "the two keys were never in flight together");
    let times = log.begun("default/a");
    assert!((4..=6).contains(&times.len()), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn an_object_has_one_turn_a_second_and_an_idle_one_has_it_at_once() {
    let place = Place::new(7);
    let does = Does::on(&CONFIG_MAPS, |_, _, _| Box::pin(async { Ok(Requeue::Done) }));
    let log = does.log.clone();
    let _running = Process::start(place.context("core"), vec![Box::new(does)]);
    let user = place.api("user");
    sleep(SECOND).await;
    for n in 0..100 {
        touch(&user, "a", &n.to_string()).await;
        sleep(MILLI * 97).await;
    }
    sleep(SECOND * 5).await;
    let times = log.begun("default/a");
    assert!((10..=12).contains(&times.len()), "{times:?}");
    let gaps = gaps(&times);
    assert!(gaps.iter().all(|gap| *gap >= SECOND && *gap <= SECOND + MILLI * 5), "{gaps:?}");
    let written = Instant::now();
    touch(&user, "a", "idle").await;
    sleep(SECOND).await;
    let last = log.begun("default/a").pop().unwrap();
    assert!(last.duration_since(written) < MILLI * 70);
}

#[tokio::test(start_paused = true)]
async fn controllers_of_one_process_have_their_own_pace() {
    let place = Place::new(7);
    let quick = Does::on(&CONFIG_MAPS, |_, _, _| Box::pin(async { Ok(Requeue::Done) }));
    let slow = Does::on(&CONFIG_MAPS, |_, _, _| Box::pin(async { Ok(Requeue::Done) }));
    let slow = slow.named("slow").paced(SECOND * 15);
    let (quick_log, slow_log) = (quick.log.clone(), slow.log.clone());
    let _running = Process::start(place.context("core"), vec![Box::new(quick), Box::new(slow)]);
    let user = place.api("user");
    for n in 0..60 {
        touch(&user, "a", &n.to_string()).await;
        sleep(MILLI * 500).await;
    }
    let (quick, slow) = (quick_log.begun("default/a"), slow_log.begun("default/a"));
    assert!((28..=32).contains(&quick.len()), "{quick:?}");
    assert!((2..=3).contains(&slow.len()), "{slow:?}");
    assert!(gaps(&slow).iter().all(|gap| *gap >= SECOND * 15), "{slow:?}");
}

#[tokio::test(start_paused = true)]
async fn errors_are_tried_again_later_each_time() {
    let place = Place::new(7);
    let does = Does::on(&CONFIG_MAPS, |_, _, _| {
        Box::pin(async { Err(ReconcileError::Failed("always".to_owned())) })
    });
    let does = does.paced(Duration::ZERO);
    let log = does.log.clone();
    touch(&place.api("user"), "a", "0").await;
    let _running = Process::start(place.context("core"), vec![Box::new(does)]);
    sleep(SECOND * 3).await;
    let gaps = gaps(&log.begun("default/a"));
    for (at, gap) in gaps.iter().enumerate() {
        let wait = MILLI * 5 * 2_u32.pow(u32::try_from(at).unwrap());
        assert!(*gap >= wait && *gap <= wait + MILLI * 2, "{gaps:?}");
    }
    assert_eq!(gaps.len(), 9, "5 ms and 8 doublings of it fit into 3 s: {gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn a_reconcile_asks_for_the_next_one_or_puts_it_off() {
    let place = Place::new(7);
    let does = Does::on(&CONFIG_MAPS, |key, cx, _| {
        Box::pin(async move {
            if key.name == "deferred" {
                cx.defer(&key, SECOND * 5);
                return Ok(Requeue::Done);
            }
            Ok(Requeue::After(SECOND * 20))
        })
    });
    let log = does.log.clone();
    let user = place.api("user");
    touch(&user, "again", "0").await;
    touch(&user, "deferred", "0").await;
    let _running = Process::start(place.context("core"), vec![Box::new(does)]);
    sleep(SECOND).await;
    touch(&user, "deferred", "1").await;
    sleep(SECOND * 90).await;
    let again = log.begun("default/again");
    assert_eq!(again.len(), 5, "{again:?}");
    let deferred = gaps(&log.begun("default/deferred"));
    assert_eq!(deferred.len(), 1, "{deferred:?}");
    assert!(deferred[0] >= SECOND * 5 && deferred[0] <= SECOND * 5 + MILLI * 5, "{deferred:?}");
}
