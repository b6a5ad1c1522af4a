//! Caches are behind, come after a store that went back, and reach to other servers.

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::place::{Does, MILLI, Place, SECOND, touch};
use crate::api::DeleteOptions;
use crate::api::resources::{CONFIG_MAPS, SECRETS};
use crate::net::Verdict;
use crate::runtime::{Caches, Key, Process, RemoteWatch, Requeue};

/// A controller that patches an object once and says what its cache shows then, and later.
fn writes_and_looks() -> Does {
    Does::on(&CONFIG_MAPS, |key, cx, log| {
        Box::pin(async move {
            let cached = || {
                let found = cx.caches.get(&CONFIG_MAPS, &key.namespace, &key.name);
                found.map_or_else(String::new, |map| map["data"]["k"].to_string())
            };
            if cached() != "\"0\"" {
                return Ok(Requeue::Done);
            }
            let patch = json!({"data": {"k": "own"}});
            cx.api.patch_merge(&CONFIG_MAPS, &key.namespace, &key.name, "", &patch).await?;
            log.say(&format!("written, cached {}", cached()));
            sleep(MILLI * 60).await;
            log.say(&format!("later, cached {}", cached()));
            Ok(Requeue::Done)
        })
    })
}

#[tokio::test(start_paused = true)]
async fn a_cache_does_not_show_ones_own_write_at_once() {
    let place = Place::new(7);
    let does = writes_and_looks();
    let log = does.log.clone();
    let _running = Process::start(place.context("core"), vec![Box::new(does)]);
    sleep(SECOND).await;
    for n in 0..20 {
        touch(&place.api("user"), &format!("map-{n}"), "0").await;
    }
    sleep(SECOND * 5).await;
    let said = log.said();
    let stale = said.iter().filter(|line| *line == "written, cached \"0\"").count();
    let fresh = said.iter().filter(|line| *line == "later, cached \"own\"").count();
    assert_eq!((stale, fresh), (20, 20), "{said:?}");
}

#[tokio::test(start_paused = true)]
async fn a_write_is_known_after_5_to_50_ms() {
    let place = Place::new(7);
    let does = Does::on(&CONFIG_MAPS, |_, _, _| Box::pin(async { Ok(Requeue::Done) }));
    let log = does.log.clone();
    let _running = Process::start(place.context("core"), vec![Box::new(does)]);
    sleep(SECOND).await;
    let mut delays = Vec::new();
    for n in 0..50 {
        sleep(SECOND).await;
        touch(&place.api("user"), &format!("map-{n}"), "0").await;
        let written = Instant::now();
        sleep(SECOND).await;
        let began = log.begun(&format!("default/map-{n}"))[0];
        delays.push(began.duration_since(written));
    }
    // The answer to the writer takes up to 4 ms, and timers are of whole milliseconds.
    assert!(delays.iter().all(|delay| *delay <= MILLI * 52), "{delays:?}");
    assert!(delays.iter().any(|delay| *delay > MILLI * 30), "{delays:?}");
    assert!(delays.iter().any(|delay| *delay < MILLI * 20), "{delays:?}");
}

#[tokio::test(start_paused = true)]
async fn a_cache_is_stale_while_the_link_is_cut_and_catches_up() {
    let place = Place::new(7);
    let does = Does::on(&CONFIG_MAPS, |key, cx, log| {
        Box::pin(async move {
            let there = cx.caches.get(&CONFIG_MAPS, &key.namespace, &key.name).is_some();
            log.say(&format!("{} {there}", key.name));
            Ok(Requeue::Done)
        })
    });
    let log = does.log.clone();
    touch(&place.api("user"), "a", "0").await;
    let _running = Process::start(place.context("core"), vec![Box::new(does)]);
    sleep(SECOND * 5).await;
    assert_eq!(log.said(), ["a true"]);
    place.net.set("core", "parent", Verdict::Cut);
    let user = place.api("user");
    touch(&user, "b", "0").await;
    user.delete(&CONFIG_MAPS, "default", "a", &DeleteOptions::default()).await.unwrap();
    sleep(SECOND * 60).await;
    assert_eq!(log.said(), ["a true"]);
    place.net.heal();
    sleep(SECOND * 40).await;
    assert_eq!(log.said(), ["a true", "b true", "a false"]);
}

#[tokio::test(start_paused = true)]
async fn a_cache_follows_a_store_that_went_back() {
    let place = Place::new(7);
    let does = Does::on(&CONFIG_MAPS, |key, cx, log| {
        Box::pin(async move {
            let found = cx.caches.get(&CONFIG_MAPS, &key.namespace, &key.name);
            let value = found.map_or_else(|| "gone".to_owned(), |map| map["data"]["k"].to_string());
            log.say(&format!("{} {value}", key.name));
            Ok(Requeue::Done)
        })
    });
    let log = does.log.clone();
    let user = place.api("user");
    touch(&user, "a", "1").await;
    let _running = Process::start(place.context("core"), vec![Box::new(does)]);
    let backup = place.server.snapshot();
    touch(&user, "a", "2").await;
    touch(&user, "b", "2").await;
    sleep(SECOND * 5).await;
    let before = log.said().len();
    place.server.restore(&backup);
    // As many writes as were lost, so that the revision alone tells nothing.
    touch(&user, "c", "3").await;
    touch(&user, "c", "4").await;
    sleep(SECOND * 5).await;
    let mut after = log.said().split_off(before);
    after.sort();
    after.dedup();
    assert_eq!(after, ["a \"1\"", "b gone", "c \"4\""]);
}

#[tokio::test(start_paused = true)]
async fn everything_is_reconciled_every_ten_minutes() {
    let place = Place::new(7);
    let does = Does::on(&CONFIG_MAPS, |_, _, _| Box::pin(async { Ok(Requeue::Done) }));
    let log = does.log.clone();
    touch(&place.api("user"), "a", "0").await;
    let _running = Process::start(place.context("core"), vec![Box::new(does)]);
    sleep(SECOND * 3600).await;
    let times = log.begun("default/a");
    assert!((6..=7).contains(&times.len()), "{times:?}");
    let gaps = times.windows(2).map(|two| two[1].duration_since(two[0]).as_secs());
    assert!(gaps.into_iter().all(|gap| (540..=661).contains(&gap)), "{times:?}");
}

/// Whatever changes there is a reason to reconcile this.
fn kubeconfig(_: &Value, _: &Caches) -> Vec<Key> {
    vec![Key::new("default", "kubeconfig")]
}

#[tokio::test(start_paused = true)]
async fn a_controller_is_woken_by_another_server_until_it_looks_away() {
    let (place, child) = (Place::new(7), Place::new(8));
    let api = child.api("core");
    let does = Does::on(&SECRETS, move |key, cx, log| {
        let api = api.clone();
        Box::pin(async move {
            let cluster = Key::new("default", "c1");
            if key.name == "stop" {
                cx.watches.unwatch(&cluster);
                return Ok(Requeue::Done);
            }
            let watch = RemoteWatch { api, res: &CONFIG_MAPS, map: kubeconfig };
            let known = cx.watches.watch(&cluster, watch);
            log.say(&format!("knows {}", known.list("").len()));
            Ok(Requeue::Done)
        })
    });
    let log = does.log.clone();
    let _running = Process::start(place.context("core"), vec![Box::new(does)]);
    let secret = |name: &str| json!({"metadata": {"name": name}});
    let user = place.api("user");
    user.create(&SECRETS, "default", &secret("kubeconfig")).await.unwrap();
    sleep(SECOND * 5).await;
    touch(&child.api("user"), "node-1", "0").await;
    sleep(SECOND * 5).await;
    touch(&child.api("user"), "node-2", "0").await;
    sleep(SECOND * 5).await;
    assert_eq!(log.said(), ["knows 0", "knows 1", "knows 2"]);
    user.create(&SECRETS, "default", &secret("stop")).await.unwrap();
    sleep(SECOND * 5).await;
    touch(&child.api("user"), "node-3", "0").await;
    sleep(SECOND * 60).await;
    assert_eq!(log.said().len(), 3);
}
