//! References in the specs of kinds that providers have.

use serde_json::json;

use super::*;

fn found(kind: &str, api_version: &str, spec: Value) -> Vec<String> {
    let object = Object::from_value(json!({
        "apiVersion": api_version, "kind": kind,
        "metadata": {"name": "x", "namespace": "default"}, "spec": spec,
    }))
    .expect("an object");
    let shown = |reference: &Reference| format!("{:?}: {reference}", reference.role);
    object.references().iter().map(shown).collect()
}

#[test]
fn machines_name_their_parts_and_their_data() {
    let spec = json!({
        "bootstrap": {
            "configRef": {
                "apiGroup": "bootstrap.cluster.x-k8s.io", "kind": "KubeadmConfig", "name": "m",
            },
            "dataSecretName": "m",
        },
        "infrastructureRef": {
            "apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1",
            "kind": "DockerMachine", "name": "m",
        },
    });
    assert_eq!(
        found("Machine", "cluster.x-k8s.io/v1beta2", spec),
        [
            "BootstrapData: Secret m at spec.bootstrap.dataSecretName",
            "Part: KubeadmConfig.bootstrap.cluster.x-k8s.io m at spec.bootstrap.configRef",
            "Part: DockerMachine.infrastructure.cluster.x-k8s.io m at spec.infrastructureRef",
        ],
    );
}

#[test]
fn credentials_and_contents_are_told_apart() {
    let spec = json!({
        "identityRef": {"kind": "AWSClusterRoleIdentity", "name": "role"},
        "credentialsRef": {"name": "login", "namespace": "keys"},
        "files": [{"contentFrom": {"secret": {"name": "file", "key": "k"}}}],
    });
    assert_eq!(
        found("AWSCluster", "infrastructure.cluster.x-k8s.io/v1beta2", spec),
        [
            "Content: Secret file at spec.files[0].contentFrom.secret",
            "Credentials: Secret login at spec.credentialsRef",
            "Credentials: AWSClusterRoleIdentity.infrastructure.cluster.x-k8s.io role \
             at spec.identityRef",
        ],
    );
}

/// A field of each provider, as its objects have it.
#[test]
fn providers_name_their_credentials_in_fields_of_their_own() {
    let secret = json!({"name": "login", "namespace": "default"});
    for (kind, path, spec) in [
        (
            "CloudStackCluster",
            "spec.failureDomains[0].acsEndpoint",
            json!({"failureDomains": [{"name": "fd1", "acsEndpoint": secret}]}),
        ),
        ("HarvesterCluster", "spec.identitySecret", json!({"identitySecret": secret})),
        (
            "KubevirtCluster",
            "spec.infraClusterSecretRef",
            json!({"infraClusterSecretRef": {
                "apiVersion": "v1", "kind": "Secret", "name": "login", "namespace": "default",
            }}),
        ),
        ("OCIClusterIdentity", "spec.principalSecret", json!({"principalSecret": secret})),
        (
            "RKE2ControlPlane",
            "spec.serverConfig.etcd.backupConfig.s3.s3CredentialSecret",
            json!({"serverConfig": {"etcd": {"backupConfig": {"s3": {
                "s3CredentialSecret": {"name": "login"},
            }}}}}),
        ),
        (
            "BareMetalHost",
            "spec.bmc.credentialsName",
            json!({"bmc": {"address": "ipmi://10.0.0.1", "credentialsName": "login"}}),
        ),
    ] {
        assert_eq!(
            found(kind, "infrastructure.cluster.x-k8s.io/v1beta1", spec),
            [format!("Credentials: Secret login at {path}")],
            "{kind}",
        );
    }
}

#[test]
fn a_consumer_is_no_part() {
    let spec = json!({"consumerRef": {
        "apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1",
        "kind": "Metal3Machine", "name": "m", "namespace": "default",
    }});
    assert_eq!(
        found("BareMetalHost", "metal3.io/v1alpha1", spec),
        ["Consumer: Metal3Machine.infrastructure.cluster.x-k8s.io m at spec.consumerRef"],
    );
}

#[test]
fn classes_are_found_in_both_shapes() {
    let new = json!({"topology": {"classRef": {"name": "c", "namespace": "n"}}});
    let old = json!({"topology": {"class": "c"}});
    let cluster = |spec| found("Cluster", "cluster.x-k8s.io/v1beta2", spec);
    assert_eq!(cluster(new), ["Part: ClusterClass.cluster.x-k8s.io c at spec.topology.classRef"],);
    assert_eq!(cluster(old), ["Part: ClusterClass.cluster.x-k8s.io c at spec.topology.class"]);
}

#[test]
fn a_selector_of_a_patch_is_no_reference() {
    let spec = json!({
        "patches": [{"definitions": [{"selector": {
            "apiVersion": "infrastructure.cluster.x-k8s.io/v1beta2",
            "kind": "DockerMachineTemplate", "matchResources": {"controlPlane": true},
        }}]}],
    });
    assert!(found("ClusterClass", "cluster.x-k8s.io/v1beta2", spec).is_empty());
}
