//! The independence test in the simulated world: a cluster is provisioned, given to itself, and its
//! parent dies. Its workloads run on, it scales, and the node on which its own controllers run is
//! replaced (rule L1).

use std::time::Duration;

use fulcrum_harness::judge::judge;
use fulcrum_harness::verdict::Outcome;
use fulcrum_mover::ClusterName;
use fulcrum_reference::door::site;
use fulcrum_reference::pair::{self, Pair};
use fulcrum_sim::api::resources::{
    CUSTOM_RESOURCE_DEFINITIONS, MACHINE_DEPLOYMENTS, MACHINES, NAMESPACES,
};
use fulcrum_sim::api::{Api, Res};
use fulcrum_sim::workload::App;
use fulcrum_sim::world::{Manager, Options, PARENT, Topology, World};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

const CLUSTER: &str = "c1";
const NS: &str = "default";
/// How long anything may take in the time of the world.
const PATIENCE: Duration = Duration::from_hours(2);

/// Waits until it is so.
async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let waited = timeout(PATIENCE, async {
        while !is_so().await {
            sleep(Duration::from_secs(1)).await;
        }
    });
    assert!(waited.await.is_ok(), "not within two hours: {what}");
}

async fn list(api: &Api, res: &Res) -> Vec<Value> {
    api.list(res, Some(NS), "").await.unwrap_or_default()
}

/// Whether so many Machines are there and all of them run.
async fn run(api: &Api, count: usize) -> bool {
    let machines = list(api, &MACHINES).await;
    machines.len() == count && machines.iter().all(|it| it["status"]["phase"] == "Running")
}

/// The definitions and the namespace that cell and agent need.
async fn prepare(world: &World, cluster: &str) {
    let api = world.api(cluster, "operator").expect("it is up");
    for definition in pair::definitions() {
        api.create(&CUSTOM_RESOURCE_DEFINITIONS, "", &definition).await.expect("taken");
    }
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": pair::NAMESPACE},
    });
    api.create(&NAMESPACES, "", &namespace).await.expect("taken");
    sleep(Duration::from_secs(2)).await;
}

/// Provisions a cluster of three control plane machines and two workers with a workload on it.
async fn provisioned(world: &World) {
    world.start_managers();
    let topology = Topology { control_planes: 3, checked: true, ..Topology::small(CLUSTER, 2) };
    world.create_cluster(&topology).await.expect("taken");
    let parent = world.parent();
    until("the cluster is provisioned", async || run(&parent, 5).await).await;
    world.install_managers(CLUSTER).await.expect("taken");
    let child = world.child(CLUSTER);
    child.deploy(&App::new(NS, "web", 2)).await.expect("taken");
    until("the workload runs", async || child.serving(NS, "web") == 2).await;
    child.watch_serving(NS, "web", 1);
    for manager in Manager::all(world.flavour()) {
        until("the managers run", async || {
            child.serving(manager.namespace, manager.deployment) == 1
        })
        .await;
    }
}

/// Gives the cluster to itself, and ends the parent.
async fn independent(world: &World) {
    prepare(world, PARENT).await;
    prepare(world, CLUSTER).await;
    let (parent, child) =
        (site(world, PARENT).expect("it is up"), site(world, CLUSTER).expect("it is up"));
    let cluster = ClusterName { namespace: NS.to_owned(), name: CLUSTER.to_owned() };
    let pair = Pair::start(parent, child, cluster).await.expect("both run");
    pair.pivot().await.expect("it can be asked for");
    let moved = timeout(PATIENCE, async {
        while !pair.is_moved().await {
            sleep(Duration::from_secs(1)).await;
        }
    });
    let moved = moved.await.is_ok();
    assert!(moved, "{:?} {:?}", pair.phases().await, pair.status().await);
    assert!(list(&world.parent(), &MACHINES).await.is_empty());
    pair.stop().await;
    world.kill_managers();
    world.net().isolate(PARENT, &[]);
}

async fn story(seed: u64) -> World {
    let world = World::new(Options { seed, ..Options::default() }).await.expect("a world");
    provisioned(&world).await;
    independent(&world).await;
    let api = world.api(CLUSTER, "user").expect("it is up");
    let child = world.child(CLUSTER);

    let scaled = json!({"spec": {"replicas": 3}});
    api.patch_merge(&MACHINE_DEPLOYMENTS, NS, "c1-md-0", "", &scaled).await.expect("taken");
    until("it scales", async || run(&api, 6).await).await;

    let core = Manager::all(world.flavour())[0];
    let placed = || child.placed(core.namespace, core.deployment);
    let node = placed().remove(0);
    assert!(world.infrastructure().kill(&child.machines_of(&node)[0]), "{node} was a machine");
    until("its controllers run elsewhere", async || {
        placed().first().is_some_and(|other| *other != node)
    })
    .await;
    let was_worker = node.contains("-md-");
    until("the failed node is replaced", async || {
        let machines = list(&api, &MACHINES).await;
        let gone = !machines.iter().any(|it| it["metadata"]["name"] == node.as_str());
        !was_worker || gone && machines.iter().all(|it| it["status"]["phase"] == "Running")
    })
    .await;
    assert_eq!(child.disturbances().len(), 0, "{:?}", child.disturbances());
    world
}

#[test]
fn a_cluster_outlives_its_parent() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime of one thread needs nothing that could be missing");
    runtime.block_on(async {
        let world = story(1).await;
        let judgement = judge(&world.history(CLUSTER));
        let failed: Vec<_> =
            judgement.findings.iter().filter(|it| it.outcome == Outcome::Failed).collect();
        assert!(failed.is_empty(), "{failed:#?}");
    });
}
