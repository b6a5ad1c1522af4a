//! What dumps of management clusters hold beside Cluster API's own objects.

use super::*;
use crate::manifest;

const CLUSTER: &str = "apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata: {name: c1, namespace: default, uid: u-c1}
spec: {}
";

fn read(documents: &[&str]) -> Vec<Object> {
    manifest::read("dump.yaml", documents.join("---\n").as_bytes()).expect("objects")
}

/// `kind name: reason` of each owner that is left off.
fn left_owners(objects: &[Object], name: &str) -> Vec<String> {
    let selection = select(objects, &key(name)).expect("a selection");
    let shown =
        |left: &LeftOwner| format!("{} {}: {}", left.owner.kind, left.owner.name, left.reason);
    selection.left_owners.iter().map(shown).collect()
}

/// A Secret in the namespace `default` with an owner.
fn owned_secret(name: &str, api_version: &str, kind: &str) -> String {
    format!(
        "apiVersion: v1
kind: Secret
metadata:
  name: {name}
  namespace: default
  ownerReferences:
  - {{apiVersion: {api_version}, kind: {kind}, name: made, uid: u-made, controller: true}}
"
    )
}

#[test]
fn a_secret_of_the_cluster_moves_whoever_made_it() {
    let secret = owned_secret("c1-ca", "external-secrets.io/v1", "ExternalSecret");
    let maker = "apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: made, namespace: default, uid: u-made}
";
    let owned = maker.replace(
        "u-made}",
        "u-made, ownerReferences: [{apiVersion: cluster.x-k8s.io/v1beta1, kind: Cluster, name: c1, \
         uid: u-c1}]}",
    );
    let there = read(&[CLUSTER, maker, &secret]);
    let absent = read(&[CLUSTER, &secret]);
    for objects in [&there, &absent, &read(&[CLUSTER, &owned, &secret])] {
        assert_eq!(
            chosen(objects, "c1"),
            ["Secret c1-ca: named for the Cluster, -ca", "Cluster c1: the Cluster itself"],
        );
        let selection = select(objects, &key("c1")).expect("a selection");
        let order = selection.graph(objects).expect("a graph").order();
        assert_eq!(order.levels().count(), 2, "the Secret comes after its Cluster");
    }
    assert_eq!(
        left_owners(&there, "c1"),
        ["ExternalSecret made: its type does not move: it is of no provider's group, and its CRD \
          is not in the input"],
    );
    assert_eq!(
        left_owners(&absent, "c1"),
        ["ExternalSecret made: it is not in the input, and its type does not move"],
    );
}

#[test]
fn a_secret_of_another_clusters_control_plane_keeps_its_owner() {
    let objects = [
        cluster("a"),
        cluster("a-user"),
        object("ControlPlane", "p", &[("Cluster", "a")]),
        core("Secret", "a-user-kubeconfig", &[("ControlPlane", "p")]),
    ];
    assert_eq!(chosen(&objects, "a-user"), ["Cluster a-user: the Cluster itself"]);
    assert!(chosen(&objects, "a")[0].starts_with("Secret a-user-kubeconfig: owned by"));
}

/// clusterctl labels the CRDs of cert-manager, whose objects no dump for a move need hold.
#[test]
fn an_owner_of_what_clusterctl_brings_along_may_be_absent() {
    let crd = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: certificates.cert-manager.io
  labels: {clusterctl.cluster.x-k8s.io: '', clusterctl.cluster.x-k8s.io/core: cert-manager}
spec: {group: cert-manager.io, scope: Namespaced, names: {kind: Certificate}}
";
    let objects =
        read(&[CLUSTER, crd, &owned_secret("c1-etcd", "cert-manager.io/v1", "Certificate")]);
    assert_eq!(chosen(&objects, "c1")[0], "Secret c1-etcd: named for the Cluster, -etcd");
    assert_eq!(
        left_owners(&objects, "c1"),
        ["Certificate made: it is not in the input, and its CRD names no provider"],
    );
}

#[test]
fn absent_owners_of_types_that_do_not_move_are_left_off() {
    let rancher = "apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata:
  name: c1
  namespace: default
  ownerReferences:
  - {apiVersion: provisioning.cattle.io/v1, kind: Cluster, name: c1, uid: u-r}
";
    let template = "apiVersion: infrastructure.cluster.x-k8s.io/v1beta1
kind: DockerMachineTemplate
metadata:
  name: unused
  namespace: default
  ownerReferences: [{apiVersion: argoproj.io/v1alpha1, kind: Application, name: a, uid: u-a}]
";
    let objects = read(&[rancher, template]);
    assert_eq!(
        left_owners(&objects, "c1"),
        ["Cluster c1: it is not in the input, and its type does not move"],
    );
    assert_eq!(Inventory::new(&objects).unselected().len(), 1, "no Cluster uses the template");
    let of_ours = template.replace("argoproj.io/v1alpha1", "cluster.x-k8s.io/v1beta1");
    let problems = problems(&read(&[rancher, &of_ours]), "c1");
    assert!(problems[0].contains("default/unused"), "{problems:?}");
}

#[test]
fn what_cannot_move_may_share_a_uid() {
    let event = |api_version: &str| {
        format!(
            "apiVersion: {api_version}\nkind: Event\n\
             metadata: {{name: e, namespace: default, uid: u-e}}\n"
        )
    };
    let objects = read(&[CLUSTER, &event("v1"), &event("events.k8s.io/v1")]);
    assert_eq!(chosen(&objects, "c1").len(), 1);
}

#[test]
fn a_clash_concerns_the_clusters_that_have_its_objects() {
    let twin = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: default, uid: u}}\n"
        )
    };
    let other = CLUSTER.replace("c1", "c2");
    let objects = read(&[CLUSTER, &other, &twin("c1-ca"), &twin("c1-sa")]);
    assert!(problems(&objects, "c1")[0].contains("have one uid"));
    assert_eq!(chosen(&objects, "c2").len(), 1);
    let objects = read(&[CLUSTER, &other, &twin("one"), &twin("two")]);
    for name in ["c1", "c2"] {
        assert!(problems(&objects, name)[0].contains("have one uid"), "it may be anybody's");
    }
}

/// Hosts of Metal3, one in use by a Machine of `c2` and one free.
const HOSTS: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: baremetalhosts.metal3.io
  labels: {clusterctl.cluster.x-k8s.io: '', clusterctl.cluster.x-k8s.io/move-hierarchy: ''}
spec: {group: metal3.io, scope: Namespaced, names: {kind: BareMetalHost}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: hostfirmwaresettings.metal3.io
  labels: {clusterctl.cluster.x-k8s.io: ''}
spec: {group: metal3.io, scope: Namespaced, names: {kind: HostFirmwareSettings}}
---
apiVersion: infrastructure.cluster.x-k8s.io/v1beta1
kind: Metal3Machine
metadata:
  name: m2
  namespace: default
  ownerReferences: [{apiVersion: cluster.x-k8s.io/v1beta1, kind: Cluster, name: c2, uid: u-c2}]
spec: {}
---
apiVersion: metal3.io/v1alpha1
kind: BareMetalHost
metadata: {name: free, namespace: default}
spec: {}
---
apiVersion: metal3.io/v1alpha1
kind: BareMetalHost
metadata: {name: used, namespace: default, uid: u-used}
spec:
  bmc: {credentialsName: used-bmc}
  consumerRef:
    apiVersion: infrastructure.cluster.x-k8s.io/v1beta1
    kind: Metal3Machine
    name: m2
    namespace: default
---
apiVersion: metal3.io/v1alpha1
kind: HostFirmwareSettings
metadata:
  name: used
  namespace: default
  ownerReferences: [{apiVersion: metal3.io/v1alpha1, kind: BareMetalHost, name: used, uid: u-used}]
spec: {}
---
apiVersion: v1
kind: Secret
metadata: {name: used-bmc, namespace: default}
";

#[test]
fn hosts_go_with_the_cluster_that_uses_them() {
    let objects = read(&[CLUSTER, &CLUSTER.replace("c1", "c2"), HOSTS]);
    assert_eq!(
        chosen(&objects, "c1"),
        ["Cluster c1: the Cluster itself", "BareMetalHost free: labelled to move (library)"],
    );
    assert_eq!(
        chosen(&objects, "c2"),
        [
            "Secret used-bmc: credentials of BareMetalHost.metal3.io default/used (library)",
            "Cluster c2: the Cluster itself",
            "Metal3Machine m2: owned by Cluster.cluster.x-k8s.io default/c2",
            "BareMetalHost free: labelled to move (library)",
            "BareMetalHost used: labelled to move",
            "HostFirmwareSettings used: labelled to move",
        ],
    );
}

/// A label on an object takes nothing from the Cluster that owns what the object refers to.
#[test]
fn a_labelled_object_takes_no_part_of_a_cluster() {
    let note = json!({"partRef": {"kind": "Machine", "name": "m"}});
    let mut note = with_spec("cluster.x-k8s.io/v1beta2", "Note", "n", &[], &note).into_value();
    note["metadata"]["labels"] = json!({"clusterctl.cluster.x-k8s.io/move": ""});
    let objects = [
        cluster("a"),
        cluster("b"),
        object("Machine", "m", &[("Cluster", "b")]),
        Object::from_value(note).expect("a note"),
    ];
    assert_eq!(
        chosen(&objects, "a"),
        ["Cluster a: the Cluster itself", "Note n: labelled to move (library)"],
    );
    assert_eq!(chosen(&objects, "b").len(), 3);
}

#[test]
fn what_owns_its_cluster_comes_before_it() {
    let objects = [
        object("Cluster", "c1", &[("Managed", "x")]),
        with_spec("cluster.x-k8s.io/v1", "Managed", "x", &[], &json!({"clusterName": "c1"})),
        core("Secret", "c1-ca", &[]),
    ];
    let selection = select(&objects, &key("c1")).expect("a selection");
    let graph = selection.graph(&objects).expect("an owner outweighs a name");
    let order = graph.order();
    let names: Vec<&str> =
        order.import().iter().map(|&node| graph.key(node).name.as_str()).collect();
    assert_eq!(names, ["x", "c1", "c1-ca"]);
}

#[test]
fn a_cluster_whose_crd_has_no_label_is_told_what_is_missing() {
    let crd = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: clusters.cluster.x-k8s.io}
spec: {group: cluster.x-k8s.io, scope: Namespaced, names: {kind: Cluster}}
";
    let error = select(&read(&[crd, CLUSTER]), &key("c1")).expect_err("no label");
    assert_eq!(error, SelectError::Unlabelled);
    let labelled =
        crd.replace("s.io}\nspec", "s.io, labels: {clusterctl.cluster.x-k8s.io: ''}}\nspec");
    assert_eq!(chosen(&read(&[labelled.as_str(), CLUSTER]), "c1").len(), 1);
}

#[test]
fn many_clusters_are_counted() {
    let mut objects: Vec<Object> = (1..6).map(|number| cluster(&format!("c{number}"))).collect();
    let owners = ["c1", "c2", "c3", "c4", "c5"].map(|name| ("Cluster", name));
    objects.push(with_spec(INFRA, "DockerMachineTemplate", "t", &owners, &json!({})));
    assert_eq!(
        chosen(&objects, "c1")[1],
        "DockerMachineTemplate t: used by more than one Cluster: default/c1, default/c2, \
         default/c3 and 2 more (library)",
    );
    objects.pop();
    objects.push(object("Machine", "m", &owners));
    let problems = problems(&objects, "c1");
    assert!(problems[0].ends_with("default/c3 and 2 more"), "{problems:?}");
}
