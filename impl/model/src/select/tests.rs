//! Each rule of selection on a handful of objects; the shapes of whole clusters are snapshots.

mod dumps;

use serde_json::{Value, json};

use super::*;
use crate::object::CLUSTER_NAME_LABEL;
use crate::object::fixture::{core, object, with_spec};

const INFRA: &str = "infrastructure.cluster.x-k8s.io/v1beta2";

fn cluster(name: &str) -> Object {
    object("Cluster", name, &[])
}

fn key(name: &str) -> ObjectKey {
    cluster_key(Some("default"), name)
}

fn chosen(objects: &[Object], name: &str) -> Vec<String> {
    let selection = select(objects, &key(name)).expect("a selection");
    let shown = |(key, selected): (&ObjectKey, &Selected)| {
        let library = if selected.library { " (library)" } else { "" };
        format!("{} {}: {}{library}", key.kind, key.name, selected.why)
    };
    selection.selected.iter().map(shown).collect()
}

fn problems(objects: &[Object], name: &str) -> Vec<String> {
    match select(objects, &key(name)) {
        Err(SelectError::Unplaceable { error, .. }) => {
            error.problems().iter().map(ToString::to_string).collect()
        }
        other => panic!("not unplaceable: {other:?}"),
    }
}

fn refer(kind: &str, name: &str) -> Value {
    json!({"apiGroup": "infrastructure.cluster.x-k8s.io", "kind": kind, "name": name})
}

#[test]
fn secrets_are_named_exactly() {
    let objects = [
        cluster("a"),
        cluster("a-b"),
        core("Secret", "a-ca", &[]),
        core("Secret", "a-b-ca", &[]),
        core("Secret", "a-b-apiserver-etcd-client", &[]),
        core("Secret", "a-notes", &[]),
        core("ConfigMap", "a-etcd", &[]),
    ];
    assert_eq!(
        chosen(&objects, "a"),
        ["Secret a-ca: named for the Cluster, -ca", "Cluster a: the Cluster itself"],
    );
    assert_eq!(chosen(&objects, "a-b").len(), 3);
    assert_eq!(Inventory::new(&objects).unselected().len(), 2, "the notes and the ConfigMap");
}

#[test]
fn a_name_that_fits_two_clusters_is_a_problem() {
    let objects = [cluster("a"), cluster("a-user"), core("Secret", "a-user-kubeconfig", &[])];
    assert!(problems(&objects, "a")[0].contains("fits several Clusters"));
    assert!(problems(&objects, "a-user")[0].contains("default/a-user-kubeconfig"));
}

#[test]
fn late_owners_are_made_up_for() {
    let spec = json!({"infrastructureRef": refer("DockerCluster", "a")});
    let check = json!({"clusterName": "a"});
    let objects = [
        with_spec("cluster.x-k8s.io/v1beta2", "Cluster", "a", &[], &spec),
        with_spec(INFRA, "DockerCluster", "a", &[], &json!({})),
        with_spec("cluster.x-k8s.io/v1beta2", "MachineHealthCheck", "mhc", &[], &check),
    ];
    assert_eq!(
        chosen(&objects, "a"),
        [
            "Cluster a: the Cluster itself",
            "MachineHealthCheck mhc: spec.clusterName is the Cluster's",
            "DockerCluster a: Cluster.cluster.x-k8s.io default/a refers to it at \
             spec.infrastructureRef",
        ],
    );
    let selection = select(&objects, &key("a")).expect("a selection");
    let order = selection.graph(&objects).expect("a graph").order();
    let sizes: Vec<usize> = order.levels().map(<[_]>::len).collect();
    assert_eq!(sizes, [1, 2], "nothing of the Cluster exists before it");
}

#[test]
fn templates_of_two_clusters_are_library() {
    let objects = [
        cluster("a"),
        cluster("b"),
        with_spec(
            INFRA,
            "DockerMachineTemplate",
            "t",
            &[("Cluster", "a"), ("Cluster", "b")],
            &json!({}),
        ),
    ];
    assert_eq!(
        chosen(&objects, "a")[1],
        "DockerMachineTemplate t: used by more than one Cluster: default/a, default/b (library)",
    );
    let selection = select(&objects, &key("a")).expect("a selection");
    assert_eq!(selection.left_owners.len(), 1);
    assert_eq!(selection.left_owners[0].reason, "it is another Cluster");
    assert_eq!(selection.graph(&objects).expect("a graph").len(), 2);
}

#[test]
fn a_machine_of_two_clusters_is_a_problem() {
    let owners = [("Cluster", "a"), ("Cluster", "b")];
    let objects = [cluster("a"), cluster("b"), object("Machine", "m", &owners)];
    assert!(problems(&objects, "a")[0].contains("belongs to several Clusters"));
}

#[test]
fn classes_bring_their_templates_from_another_namespace() {
    let topology = json!({"topology": {"classRef": {"name": "c", "namespace": "classes"}}});
    let templates = json!({"infrastructure": {"templateRef": refer("DockerClusterTemplate", "t")}});
    let move_away = |object: Object| {
        let mut value = object.into_value();
        value["metadata"]["namespace"] = json!("classes");
        Object::from_value(value).expect("an object")
    };
    let class = with_spec("cluster.x-k8s.io/v1beta2", "ClusterClass", "c", &[], &templates);
    let template =
        with_spec(INFRA, "DockerClusterTemplate", "t", &[("ClusterClass", "c")], &json!({}));
    let objects = [
        with_spec("cluster.x-k8s.io/v1beta2", "Cluster", "a", &[], &topology),
        move_away(class),
        move_away(template),
    ];
    assert_eq!(
        chosen(&objects, "a"),
        [
            "Cluster a: the Cluster itself",
            "ClusterClass c: the ClusterClass of the Cluster (library)",
            "DockerClusterTemplate t: part of ClusterClass.cluster.x-k8s.io classes/c (library)",
        ],
    );
}

#[test]
fn resource_sets_come_with_their_binding() {
    let addons = "addons.cluster.x-k8s.io/v1beta2";
    let binding = json!({
        "clusterName": "a", "bindings": [{"clusterResourceSetName": "cni"}],
    });
    let other = json!({"clusterName": "b", "bindings": [{"clusterResourceSetName": "cni"}]});
    let set = json!({"resources": [{"kind": "ConfigMap", "name": "cni"}]});
    let objects = [
        cluster("a"),
        with_spec(addons, "ClusterResourceSetBinding", "a", &[], &binding),
        with_spec(addons, "ClusterResourceSetBinding", "b", &[], &other),
        with_spec(addons, "ClusterResourceSet", "cni", &[], &set),
        core("ConfigMap", "cni", &[]),
    ];
    assert_eq!(
        chosen(&objects, "a"),
        [
            "ConfigMap cni: part of ClusterResourceSet.addons.cluster.x-k8s.io default/cni \
             (library)",
            "ClusterResourceSet cni: a ClusterResourceSet is bound to the Cluster (library)",
            "ClusterResourceSetBinding a: a ClusterResourceSet is bound to the Cluster",
            "Cluster a: the Cluster itself",
        ],
    );
}

#[test]
fn credentials_are_copied() {
    let login = json!({"identityRef": {"kind": "Secret", "name": "login"}});
    let objects = [
        cluster("a"),
        with_spec(INFRA, "VSphereCluster", "a", &[("Cluster", "a")], &login),
        core("Secret", "login", &[]),
    ];
    assert_eq!(
        chosen(&objects, "a")[0],
        "Secret login: credentials of VSphereCluster.infrastructure.cluster.x-k8s.io default/a \
         (library)",
    );
}

#[test]
fn a_label_is_no_ownership_but_the_label_to_move_is_enough() {
    let labelled = |name: &str, label: &str| {
        let mut value = core("Secret", name, &[]).into_value();
        value["metadata"]["labels"] = json!({label: "a"});
        Object::from_value(value).expect("a Secret")
    };
    let objects = [
        cluster("a"),
        labelled("stray", CLUSTER_NAME_LABEL),
        labelled("moving", "clusterctl.cluster.x-k8s.io/move"),
    ];
    let selection = select(&objects, &key("a")).expect("a selection");
    assert_eq!(selection.selected[objects[2].key()].why, Why::LabelledToMove);
    let unselected = Inventory::new(&objects).unselected();
    assert!(unselected[objects[1].key()].contains("a label is no ownership"));
}

#[test]
fn what_cannot_be_placed_is_named_with_all_the_rest() {
    let objects = [
        cluster("a"),
        object("Machine", "orphan", &[("MachineSet", "gone")]),
        object("MachineSet", "x", &[("MachineSet", "y")]),
        object("MachineSet", "y", &[("MachineSet", "x")]),
        core("Secret", "a-ca", &[("Cluster", "gone")]),
        core("Secret", "other", &[("Cluster", "gone")]),
    ];
    let problems = problems(&objects, "a");
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(problems[0].contains("Secret default/a-ca"), "{problems:?}");
    assert!(problems[1].contains("Machine.cluster.x-k8s.io default/orphan"), "{problems:?}");
    assert!(problems[2].contains("owner cycle: MachineSet"), "{problems:?}");
}

#[test]
fn no_cluster_is_an_error() {
    let objects = [core("Secret", "a-ca", &[])];
    let error = select(&objects, &key("a")).expect_err("no Cluster");
    assert_eq!(error, SelectError::NoCluster { objects: 1 });
    let objects = [cluster("b")];
    assert!(matches!(select(&objects, &key("a")), Err(SelectError::NotFound { .. })));
}
