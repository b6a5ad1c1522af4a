//! The same seed gives the same order, to the microsecond; another seed another one.

use serde_json::json;
use tokio::runtime::Builder;
use tokio::time::sleep;

use super::place::{Does, MILLI, Place, SECOND, touch};
use crate::api::resources::{CONFIG_MAPS, SECRETS};
use crate::net::Verdict;
use crate::runtime::{Election, Key, Process, Requeue};

/// Two processes that make work for each other, a cut, a death; what happened.
async fn story(seed: u64) -> Vec<String> {
    let place = Place::new(seed);
    let makes = Does::on(&CONFIG_MAPS, |key, cx, log| {
        Box::pin(async move {
            log.say(&format!("makes for {key}"));
            let name = format!("{}-{}", key.name, cx.entropy.suffix());
            let secret = json!({"metadata": {"name": name}});
            let made = cx.api.create(&SECRETS, "default", &secret).await?;
            log.say(&format!("made {}", Key::of(&made)));
            Ok(Requeue::After(SECOND * 3))
        })
    });
    let counts = Does::on(&SECRETS, |_, cx, log| {
        Box::pin(async move {
            let known = cx.caches.list(&SECRETS, "").len();
            log.say(&format!("knows {known}"));
            let patch = json!({"data": {"k": known.to_string()}});
            cx.api.patch_merge(&CONFIG_MAPS, "default", "b", "", &patch).await?;
            Ok(Requeue::Done)
        })
    });
    let counts = counts.logging(&makes.log);
    let log = makes.log.clone();
    let election = |name: &str| Election::new("kube-system", "leader", name);
    let cx = place.context("one").electing(election("one"));
    let one = Process::start(cx, vec![Box::new(makes.again()), Box::new(counts.named("counts"))]);
    let cx = place.context("two").electing(election("two"));
    let _two = Process::start(cx, vec![Box::new(makes)]);
    for n in 0..5 {
        touch(&place.api("user"), &char::from(b'a' + n).to_string(), "0").await;
        sleep(MILLI * 700).await;
    }
    place.net.set("one", "parent", Verdict::Cut);
    sleep(SECOND * 5).await;
    place.net.heal();
    sleep(SECOND * 10).await;
    one.kill();
    sleep(SECOND * 60).await;
    log.timed()
}

fn played(seed: u64) -> Vec<String> {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(story(seed))
}

#[test]
fn the_same_seed_gives_the_same_order() {
    let first = played(7);
    assert!(first.len() > 50, "{first:?}");
    assert_eq!(first, played(7));
    assert_ne!(first, played(8));
}
