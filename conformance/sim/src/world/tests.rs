//! A parent, a child and its managers.

mod made;
mod two_owners;

use std::time::Duration;

use fulcrum_harness::history::InfrastructureVerb;
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep};

use super::*;
use crate::api::resources::{LEASES, NODES};
use crate::capi;
use crate::workload::{EVICTION, GRACE, LEASE_PERIOD};
use made::{made, until};

/// The holders of the managers' leases at a cluster, by name.
async fn holders(world: &World, cluster: &str) -> Vec<String> {
    let api = world.api(cluster, "test").expect("it is up");
    let leases = api.list(&LEASES, None, "").await.expect("an answer");
    let mut held: Vec<(String, String)> = leases
        .iter()
        .filter_map(|lease| {
            let name = lease["metadata"]["name"].as_str()?;
            Some((name.to_owned(), lease["spec"]["holderIdentity"].as_str()?.to_owned()))
        })
        .collect();
    held.sort();
    held.into_iter().map(|(_, holder)| holder).collect()
}

#[tokio::test(start_paused = true)]
async fn managers_on_the_parent_lead() {
    let world = World::new(Options::default()).await.expect("a world");
    world.start_managers();
    sleep(Duration::from_secs(5)).await;
    assert_eq!(holders(&world, PARENT).await.len(), 4);
    assert!(world.kill_manager(capi::CORE));
    assert!(!world.kill_manager(capi::CORE), "once");
}

#[tokio::test(start_paused = true)]
async fn managers_on_a_child_die_with_their_node_and_come_back_elsewhere() {
    let world = World::new(Options::default()).await.expect("a world");
    made(&world, 3).await;
    world.install_managers("c1").await.expect("taken");
    let child = world.child("c1");
    let core = Manager::all(Flavour::ByName)[0];
    let placed = || child.placed(core.namespace, core.deployment);
    until("it runs", || placed().len() == 1).await;
    sleep(Duration::from_secs(10)).await;
    let before = holders(&world, "c1").await;
    assert_eq!(before.len(), 4);

    let node = placed().remove(0);
    let killed = Instant::now();
    world.infrastructure().kill(&child.machines_of(&node)[0]);
    assert!(placed().is_empty());
    until("it runs elsewhere", || placed().len() == 1).await;
    let gone = killed.elapsed();
    assert!(gone >= GRACE - LEASE_PERIOD + EVICTION, "{gone:?}");
    assert_ne!(placed(), [node]);
    sleep(Duration::from_secs(30)).await;
    let after = holders(&world, "c1").await;
    assert_eq!(after.len(), 4);
    assert_ne!(before, after, "another process leads");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_lost_its_control_plane_has_no_managers_that_act() {
    let world = World::new(Options::default()).await.expect("a world");
    made(&world, 1).await;
    let child = world.child("c1");
    let api = world.api("c1", "test").expect("it is up");
    world.infrastructure().kill("docker:////cp-0");
    assert!(!child.is_up());
    assert!(api.list(&NODES, None, "").await.is_err());
    assert!(world.server("c1").is_ok(), "its disk is still there");
    let killed = world.history("c1").infrastructure().any(|act| {
        act.action == InfrastructureVerb::Kill && act.belongs_to.as_deref() == Some("c1")
    });
    assert!(killed);
}

/// The history of a child whose managers fail over, as bytes.
fn story(seed: u64) -> Vec<u8> {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let options = Options { seed, ..Options::default() };
        let world = World::new(options).await.expect("a world");
        world.start_managers();
        made(&world, 2).await;
        world.install_managers("c1").await.expect("taken");
        let child = world.child("c1");
        let core = Manager::all(Flavour::ByName)[0];
        let placed = || child.placed(core.namespace, core.deployment);
        until("it runs", || placed().len() == 1).await;
        world.infrastructure().kill(&child.machines_of(&placed()[0])[0]);
        sleep(GRACE + EVICTION + Duration::from_secs(60)).await;
        let mut bytes = Vec::new();
        world.history("c1").write_jsonl(&mut bytes).expect("memory takes it");
        bytes
    })
}

#[test]
fn a_history_is_a_function_of_the_seed() {
    let one = story(7);
    assert!(one == story(7), "the same seed gives the same bytes");
    assert!(one != story(8), "another seed gives others");
}
