//! Orders built graphs of 1,000, 10,000 and 100,000 objects, beside petgraph's bare toposort of
//! the same graphs. The aim is at most three times its time, and linear growth.
//!
//! The two run by turns, so that a noisy machine disturbs both alike; medians are shown.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures")]
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use fulcrum_model::graph::Graph;
use fulcrum_model::object::Object;
use petgraph::algo::toposort;
use serde_json::{Value, json};

/// Objects of a Machine: itself, its bootstrap configuration and data, its infrastructure.
const OBJECTS_OF_A_MACHINE: usize = 4;

/// Machines of a MachineSet.
const MACHINES_OF_A_SET: usize = 25;

fn main() {
    println!("objects    edges  order() ms  toposort ms  ratio");
    for (size, runs) in [(1_000, 301), (10_000, 101), (100_000, 31)] {
        let graph = Graph::build(&cluster(size)).expect("the made graph has no cycle");
        let (ours, bare) = medians(&graph, runs);
        println!(
            "{:>7}  {:>7}  {:>10.3}  {:>11.3}  {:>5.2}",
            graph.len(),
            graph.as_petgraph().edge_count(),
            milliseconds(ours),
            milliseconds(bare),
            ours.as_secs_f64() / bare.as_secs_f64(),
        );
    }
}

fn medians(graph: &Graph, runs: usize) -> (Duration, Duration) {
    let mut ours = Vec::with_capacity(runs);
    let mut bare = Vec::with_capacity(runs);
    for _ in 0..runs {
        ours.push(timed(|| drop(black_box(graph.order()))));
        bare.push(timed(|| drop(black_box(toposort(graph.as_petgraph(), None)))));
    }
    (median(ours), median(bare))
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A Cluster of about `size` objects, in the shape that Cluster API gives it.
fn cluster(size: usize) -> Vec<Object> {
    let core = "cluster.x-k8s.io/v1beta2";
    let mut objects = vec![object(core, "Cluster", "c", None, Value::Null)];
    for set in 0.. {
        let name = format!("c-md-{set}");
        let refs = json!({
            "infrastructureRef": {"apiGroup": "infrastructure.cluster.x-k8s.io",
                                  "kind": "DockerMachineTemplate", "name": name},
        });
        let template = "infrastructure.cluster.x-k8s.io/v1beta2";
        let owner = Some((core, "Cluster", "c"));
        objects.push(object(template, "DockerMachineTemplate", &name, owner, Value::Null));
        objects.push(object(core, "MachineDeployment", &name, owner, refs.clone()));
        let owner = Some((core, "MachineDeployment", name.as_str()));
        objects.push(object(core, "MachineSet", &name, owner, refs));
        for machine in 0..MACHINES_OF_A_SET {
            if objects.len() + OBJECTS_OF_A_MACHINE > size {
                return objects;
            }
            objects.extend(machine_of(&name, machine));
        }
    }
    objects
}

fn machine_of(set: &str, number: usize) -> [Object; OBJECTS_OF_A_MACHINE] {
    let core = "cluster.x-k8s.io/v1beta2";
    let bootstrap = "bootstrap.cluster.x-k8s.io/v1beta2";
    let infrastructure = "infrastructure.cluster.x-k8s.io/v1beta2";
    let name = format!("{set}-{number}");
    let refs = json!({
        "bootstrap": {
            "configRef": {"apiGroup": "bootstrap.cluster.x-k8s.io", "kind": "KubeadmConfig",
                          "name": name},
            "dataSecretName": name,
        },
        "infrastructureRef": {"apiGroup": "infrastructure.cluster.x-k8s.io",
                              "kind": "DockerMachine", "name": name},
    });
    let machine = Some((core, "Machine", name.as_str()));
    let config = Some((bootstrap, "KubeadmConfig", name.as_str()));
    [
        object(core, "Machine", &name, Some((core, "MachineSet", set)), refs),
        object(bootstrap, "KubeadmConfig", &name, machine, Value::Null),
        object(infrastructure, "DockerMachine", &name, machine, Value::Null),
        object("v1", "Secret", &name, config, Value::Null),
    ]
}

fn object(
    api_version: &str,
    kind: &str,
    name: &str,
    owner: Option<(&str, &str, &str)>,
    spec: Value,
) -> Object {
    let owners: Vec<Value> = owner
        .into_iter()
        .map(|(api_version, kind, name)| {
            json!({"apiVersion": api_version, "kind": kind, "name": name})
        })
        .collect();
    let value = json!({
        "apiVersion": api_version, "kind": kind,
        "metadata": {"namespace": "default", "name": name, "ownerReferences": owners},
        "spec": spec,
    });
    Object::from_value(value).expect("a well-formed object")
}
