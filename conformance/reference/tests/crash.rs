//! A crash of the cell or of the agent right behind each of their durable writes, whose answer is
//! lost: the move ends as it does undisturbed (rule R1).

#[path = "support/dump.rs"]
mod dump;

use std::time::Duration;

use fulcrum_apiserver::inject::{Fault, Match, Times};
use fulcrum_model::object::Object;
use fulcrum_reference::graph::{ClusterPlan, plan};
use fulcrum_reference::pair::{AGENT_USER, CELL_USER};
use fulcrum_reference::rehearse::{Course, Ending, objects};
use tokio::time::sleep;

use crate::dump::{dump, sources};

/// How long a side is down.
const DOWN: Duration = Duration::from_secs(45);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Cell,
    Agent,
}

/// A cluster of few objects: one control plane machine.
fn small() -> (Vec<Object>, ClusterPlan) {
    let mut files = dump("capd-1cp-2md");
    let of_worker = |name: &str| name.contains("-md-") || name.ends_with("-mhc");
    for (_, list) in &mut files {
        let items = list["items"].as_array_mut().expect("a list has items");
        items.retain(|item| !of_worker(item["metadata"]["name"].as_str().unwrap_or_default()));
    }
    let sources = sources(&files);
    let objects = objects(&sources).expect("the dump can be read");
    let plan = plan(sources, &[]).expect("it has a plan").clusters.remove(0);
    (objects, plan)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime of one thread needs nothing that could be missing")
}

/// A move in which a side crashes behind its nth write; `None` if it has fewer writes. `u64::MAX`
/// never comes.
async fn crashed(objects: &[Object], plan: &ClusterPlan, side: Side, nth: u64) -> Option<Ending> {
    let mut course = Course::prepare(objects, plan).await.expect("both clusters are there");
    let (server, user) = match side {
        Side::Cell => (&course.parent, CELL_USER),
        Side::Agent => (&course.child, AGENT_USER),
    };
    let writes = Match::writes().user(user).times(Times::Nth(nth));
    let rule = server.injections().rule(writes, [Fault::AnswerLost]);
    course.begin().await.expect("it can be asked for");
    let met = tokio::select! {
        biased;
        met = rule.hit(1) => met,
        _ = course.ending() => false,
    };
    drop(rule);
    if !met {
        course.end().await;
        return None;
    }
    match side {
        Side::Cell => course.pair.kill_cell().await,
        Side::Agent => course.pair.kill_agent().await,
    }
    sleep(DOWN).await;
    course.pair.start_cell().await.expect("the cell starts again");
    course.pair.start_agent().await.expect("the agent starts again");
    let mut ending = course.ending().await;
    // What was given up before the commit is begun again: the wish stands.
    if matches!(ending, Ending::Refused { .. }) {
        sleep(Duration::from_secs(600)).await;
        ending = course.ending().await;
    }
    let (mapped, behind) = course.outcome().await;
    let owner = if ending.is_moved() { "child" } else { "parent" };
    match owner {
        "child" => {
            assert_eq!(behind, Vec::<String>::new(), "{side:?} {nth}");
            for object in &mapped {
                assert!(object.same, "{side:?} {nth}: {object:?}");
            }
        }
        _ => {
            assert_eq!(behind.len(), mapped.len(), "{side:?} {nth}: {ending:?}");
            for object in &mapped {
                assert!(object.target_uid.is_empty(), "{side:?} {nth}: {object:?} {ending:?}");
            }
        }
    }
    course.end().await;
    Some(ending)
}

/// Crashes behind each write; returns how many there are, and how many moves did not end.
fn sweep(side: Side) -> (u64, Vec<(u64, Ending)>) {
    let (objects, plan) = small();
    let runtime = runtime();
    let mut open = Vec::new();
    for nth in 1.. {
        let Some(ending) = runtime.block_on(crashed(&objects, &plan, side, nth)) else {
            return (nth - 1, open);
        };
        if !ending.is_moved() {
            open.push((nth, ending));
        }
    }
    unreachable!("a move has an end")
}

#[test]
fn a_crash_of_the_cell_behind_any_write_changes_nothing_of_the_end() {
    let (writes, open) = sweep(Side::Cell);
    println!("{writes} durable writes, a crash behind each");
    assert!(writes > 10, "{writes} writes");
    assert!(open.is_empty(), "{writes} writes: {open:#?}");
}

#[test]
fn a_crash_of_the_agent_behind_any_write_changes_nothing_of_the_end() {
    let (writes, open) = sweep(Side::Agent);
    println!("{writes} durable writes, a crash behind each");
    assert!(writes > 10, "{writes} writes");
    assert!(open.is_empty(), "{writes} writes: {open:#?}");
}
