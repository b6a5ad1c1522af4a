//! What holds for every set of objects: the order (rules O1-O4), batches (T8), the digest of a set
//! (H5).

#[path = "support/cases.rs"]
mod cases;
#[path = "support/reading.rs"]
mod reading;
#[path = "support/rendering.rs"]
mod rendering;

use std::collections::{BTreeMap, BTreeSet};

use fulcrum_model::batch::{Batch, Manifest, cut};
use fulcrum_model::digest::{Digest, SetDigest};
use fulcrum_model::graph::Graph;
use fulcrum_model::object::{Object, ObjectKey};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use self::cases::config;
use self::reading::read;
use self::rendering::rendering;

/// Every fixture that can be read as objects, orderly or not.
const FIXTURES: &[&str] = &[
    "graph/bad/cycle.yaml",
    "graph/bad/foreign-owner.yaml",
    "graph/bad/no-cluster.yaml",
    "graph/bad/orphan.yaml",
    "graph/bad/same-uid.yaml",
    "graph/bad/unselected.yaml",
    "graph/bad/virtual-owner.yaml",
    "graph/bad/wrong-name.yaml",
    "graph/cluster-class.yaml",
    "graph/cluster-resource-set.yaml",
    "graph/credentials.yaml",
    "graph/exercise-6.6-ha.yaml",
    "graph/exercise-6.6.yaml",
    "graph/ipam.yaml",
    "graph/machine-before.yaml",
    "graph/machine-health-check.yaml",
    "graph/machine-pool.yaml",
    "graph/prefix-neighbour.yaml",
    "graph/shared-template.yaml",
    "graph/topology-shim.yaml",
    "real-objects/capd-1cp-2md",
    "real-objects/dev-exercise-6.6",
];

/// Kinds to draw from: `apiVersion` and `kind`.
const KINDS: [(&str, &str); 6] = [
    ("cluster.x-k8s.io/v1beta2", "Machine"),
    ("cluster.x-k8s.io/v1beta2", "MachineSet"),
    ("bootstrap.cluster.x-k8s.io/v1beta2", "KubeadmConfig"),
    ("infrastructure.cluster.x-k8s.io/v1beta2", "DockerMachineTemplate"),
    ("v1", "Secret"),
    ("v1", "ConfigMap"),
];

/// An object to be: its kind, and which of the others own it or are named in its spec.
#[derive(Clone, Debug)]
struct Sketch {
    kind: usize,
    owners: Vec<Index>,
    refers: Vec<Index>,
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let parts = (0..KINDS.len(), vec(any::<Index>(), 0..3), vec(any::<Index>(), 0..3));
    parts.prop_map(|(kind, owners, refers)| Sketch { kind, owners, refers })
}

/// Objects whose owners come before them in the list, and who refer to any of the others.
fn forest() -> impl Strategy<Value = Vec<Value>> {
    vec(sketch(), 1..40).prop_map(|sketches| {
        (0..sketches.len()).map(|at| manifest(&sketches, at)).collect::<Vec<Value>>()
    })
}

fn forest_twice() -> impl Strategy<Value = (Vec<Value>, Vec<Value>)> {
    forest().prop_flat_map(|forest| (Just(forest.clone()), Just(forest).prop_shuffle()))
}

fn manifest(sketches: &[Sketch], at: usize) -> Value {
    let sketch = &sketches[at];
    let named = |other: usize| {
        let (api_version, kind) = KINDS[sketches[other].kind];
        json!({"apiVersion": api_version, "kind": kind, "name": format!("o{other}")})
    };
    let owner = |index: &Index| {
        let other = index.index(at);
        let mut owner = named(other);
        owner["uid"] = json!(format!("uid-{other}"));
        owner
    };
    let owners: Vec<Value> = match at {
        0 => Vec::new(),
        _ => sketch.owners.iter().map(owner).collect(),
    };
    let refs: Vec<Value> =
        sketch.refers.iter().map(|index| named(index.index(sketches.len()))).collect();
    let (api_version, kind) = KINDS[sketch.kind];
    json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "namespace": "default",
            "name": format!("o{at}"),
            "uid": format!("uid-{at}"),
            "ownerReferences": owners,
        },
        "spec": {"refs": refs},
    })
}

fn objects(manifests: &[Value]) -> Vec<Object> {
    let object = |value: &Value| Object::from_value(value.clone()).expect("an object");
    manifests.iter().map(object).collect()
}

/// The names on each level, in import order.
fn levels(manifests: &[Value]) -> Vec<Vec<String>> {
    let graph = Graph::build(&objects(manifests)).expect("owners come first, so no cycle");
    let order = graph.order();
    let names = order.levels().map(|level| {
        level.iter().map(|&node| graph.key(node).name.clone()).collect::<Vec<String>>()
    });
    names.collect()
}

/// Owners and references of everything, in import order.
fn bytes(manifests: &[Value]) -> String {
    let graph = Graph::build(&objects(manifests)).expect("owners come first, so no cycle");
    let order = graph.order();
    let mut text = String::new();
    for &node in order.import() {
        let owners: Vec<&ObjectKey> =
            graph.owners(node).into_iter().map(|owner| graph.key(owner)).collect();
        let references: Vec<&ObjectKey> =
            graph.references(node).iter().map(|&target| graph.key(target)).collect();
        text += &format!("{} {owners:?} {references:?}\n", graph.key(node));
    }
    text
}

fn strings<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    let entries = list.as_array().expect("a list");
    entries.iter().map(|entry| entry[field].as_str().expect("a name")).collect()
}

fn name_of(manifest: &Value) -> &str {
    manifest["metadata"]["name"].as_str().expect("a name")
}

/// Which kinds refer to which, directly or around a corner.
fn kinds_reached(forest: &[Value]) -> BTreeSet<(&str, &str)> {
    let mut reached: BTreeSet<(&str, &str)> = BTreeSet::new();
    for manifest in forest {
        let from = manifest["kind"].as_str().expect("a kind");
        reached.extend(strings(&manifest["spec"]["refs"], "kind").into_iter().map(|to| (from, to)));
    }
    loop {
        let further: Vec<(&str, &str)> = reached
            .iter()
            .flat_map(|&(from, by)| {
                reached.iter().filter(move |pair| pair.0 == by).map(move |pair| (from, pair.1))
            })
            .collect();
        let before = reached.len();
        reached.extend(further);
        if reached.len() == before {
            return reached;
        }
    }
}

proptest! {
    #![proptest_config(config(256))]

    /// Rule O3.
    #[test]
    fn shuffled_input_gives_the_same_bytes((forest, shuffled) in forest_twice()) {
        prop_assert_eq!(bytes(&forest), bytes(&shuffled));
    }

    /// Rule O1. The forest has owners first, so one pass over it finds every level.
    #[test]
    fn a_level_is_one_more_than_the_highest_owner(forest in forest()) {
        let mut expected: BTreeMap<String, usize> = BTreeMap::new();
        for manifest in &forest {
            let owners = strings(&manifest["metadata"]["ownerReferences"], "name");
            let level = owners.iter().map(|owner| expected[*owner] + 1).max().unwrap_or(0);
            expected.insert(name_of(manifest).to_owned(), level);
        }
        let levels = levels(&forest);
        let placed: usize = levels.iter().map(Vec::len).sum();
        prop_assert_eq!(placed, forest.len());
        for (level, names) in levels.iter().enumerate() {
            for name in names {
                prop_assert_eq!(expected[name], level, "{}", name);
            }
        }
    }

    /// Rule O2: inside a level a kind that is referred to comes before the kinds that refer to it
    /// and to which it does not refer back; objects of one kind stand by name.
    #[test]
    fn what_is_referred_to_comes_first_inside_a_level(forest in forest()) {
        let reached = kinds_reached(&forest);
        let kind_of: BTreeMap<&str, &str> = forest
            .iter()
            .map(|manifest| (name_of(manifest), manifest["kind"].as_str().expect("a kind")))
            .collect();
        for level in levels(&forest) {
            for (at, later) in level.iter().enumerate() {
                for earlier in &level[..at] {
                    let (first, second) = (kind_of[earlier.as_str()], kind_of[later.as_str()]);
                    let back = reached.contains(&(second, first));
                    prop_assert!(
                        !reached.contains(&(first, second)) || back || first == second,
                        "{first} {earlier} refers to {second} {later} and comes before it"
                    );
                    prop_assert!(first != second || earlier < later, "{earlier} before {later}");
                }
            }
        }
    }

    /// Rule O4.
    #[test]
    fn deletion_is_the_exact_reverse(forest in forest()) {
        let graph = Graph::build(&objects(&forest)).expect("no cycle");
        let order = graph.order();
        let mut deletion: Vec<_> = order.deletion().collect();
        deletion.reverse();
        prop_assert_eq!(deletion.as_slice(), order.import());
    }

    /// Rule T8: no batch is over the limit, none could have been filled further, and the order
    /// stays.
    #[test]
    fn batches_keep_the_limit_and_the_order(forest in forest(), spare in 0_usize..2_000) {
        let manifests: Vec<Manifest> = objects(&forest).iter().map(Manifest::of).collect();
        let largest = manifests.iter().map(|manifest| manifest.json.len()).max().unwrap_or(0);
        let limit = largest + spare;
        let batches = cut(manifests.clone(), limit).expect("every object fits");
        for (at, batch) in batches.iter().enumerate() {
            prop_assert_eq!((batch.index, batch.total), (at, batches.len()));
            prop_assert!(batch.bytes() <= limit && !batch.manifests.is_empty());
        }
        for pair in batches.windows(2) {
            prop_assert!(pair[0].bytes() + pair[1].manifests[0].json.len() > limit);
        }
        let again: Vec<Manifest> =
            batches.into_iter().flat_map(|batch: Batch| batch.manifests).collect();
        prop_assert_eq!(again, manifests);
    }

    #[test]
    fn what_fits_into_no_batch_is_named(forest in forest(), limit in 100_usize..600) {
        let manifests: Vec<Manifest> = objects(&forest).iter().map(Manifest::of).collect();
        let large: Vec<ObjectKey> = manifests
            .iter()
            .filter(|manifest| manifest.json.len() > limit)
            .map(|manifest| manifest.key.clone())
            .collect();
        let named: Vec<ObjectKey> = match cut(manifests, limit) {
            Ok(_) => Vec::new(),
            Err(error) => error.oversized.into_iter().map(|oversized| oversized.object).collect(),
        };
        prop_assert_eq!(named, large);
    }

    /// Rule H5: a set has one digest, however it is listed.
    #[test]
    fn the_digest_of_a_set_does_not_depend_on_its_order((forest, shuffled) in forest_twice()) {
        prop_assert_eq!(set_digest(&forest), set_digest(&shuffled));
        let fewer = set_digest(&forest[1..]);
        prop_assert_ne!(fewer, set_digest(&forest));
    }
}

proptest! {
    #![proptest_config(config(64))]

    /// Rule O3 on what users have: selection, reasons, problems and order are one text.
    #[test]
    fn shuffled_fixtures_give_the_same_bytes((path, shuffled) in shuffled_fixture()) {
        let objects = read(path).expect("objects");
        prop_assert_eq!(rendering(&objects), rendering(&shuffled));
    }
}

fn shuffled_fixture() -> impl Strategy<Value = (&'static str, Vec<Object>)> {
    select(FIXTURES)
        .prop_flat_map(|path| (Just(path), Just(read(path).expect("objects")).prop_shuffle()))
}

fn set_digest(manifests: &[Value]) -> SetDigest {
    let entry = |object: &Object| (object.key().clone(), Digest::of(object.value()));
    SetDigest::of(&objects(manifests).iter().map(entry).collect())
}
