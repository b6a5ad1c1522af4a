//! The documents of the fence.

use fulcrum_model::protocol::Fence;
use fulcrum_model::transform::MOVE_ID;
use serde_json::{Value, json};

use crate::settings::ClusterName;

/// The annotation of the probe: the revision that is to refuse it.
const PROBE: &str = "fulcrum.dev/fence-probe";

/// Who collects garbage, with credentials of its own or with those of all controllers.
const COLLECTORS: [&str; 2] = [
    "system:serviceaccount:kube-system:generic-garbage-collector",
    "system:kube-controller-manager",
];

/// The suffixes of the Secrets that belong to a Cluster by their name.
const SECRETS: [&str; 7] =
    ["apiserver-etcd-client", "ca", "etcd", "kubeconfig", "proxy", "sa", "user-kubeconfig"];

/// A revision of the policy of one cluster.
pub(super) struct Policy<'a> {
    pub(super) cluster: &'a ClusterName,
    /// The groups of the types that move.
    pub(super) groups: Vec<String>,
    pub(super) fence: Fence,
    /// The user that the mover is.
    pub(super) mover: String,
    pub(super) revision: u64,
}

impl Policy<'_> {
    /// The name of the policy, and of its binding.
    pub(super) fn name(&self) -> String {
        format!("fulcrum-fence.{}.{}", self.cluster.namespace, self.cluster.name)
    }

    /// The policy.
    pub(super) fn document(&self) -> Value {
        let mut validations = vec![json!({
            "expression": self.is_no_probe(),
            "message": "the fence of a hand-over is in force",
        })];
        if let Some((expression, message)) = self.guard() {
            validations.push(json!({"expression": expression, "message": message}));
        }
        let operations = ["CREATE", "UPDATE", "DELETE"];
        let core = json!({
            "apiGroups": [""], "apiVersions": ["*"], "operations": operations,
            "resources": ["secrets", "configmaps"], "scope": "Namespaced",
        });
        let mut rules = vec![core];
        let groups: Vec<&String> = self.groups.iter().filter(|group| !group.is_empty()).collect();
        if !groups.is_empty() {
            // No subresource: whoever writes a status may go on.
            rules.push(json!({
                "apiGroups": groups, "apiVersions": ["*"], "operations": operations,
                "resources": ["*"], "scope": "Namespaced",
            }));
        }
        let namespace = &self.cluster.namespace;
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": self.name()},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {
                    "resourceRules": rules,
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                },
                "variables": [
                    {"name": "it", "expression": IT},
                    {"name": "belongs", "expression": self.belongs()},
                ],
                "validations": validations,
            },
        })
    }

    /// The binding.
    pub(super) fn binding(&self) -> Value {
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": self.name()},
            "spec": {"policyName": self.name(), "validationActions": ["Deny"]},
        })
    }

    /// What this revision refuses, whoever asks for it.
    pub(super) fn probe(&self) -> Value {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {
                "name": format!("{}.probe", self.name()), "namespace": self.cluster.namespace,
                "annotations": {PROBE: self.revision.to_string()},
            },
        })
    }

    fn is_no_probe(&self) -> String {
        let revision = self.revision;
        format!(
            "!(has(variables.it.metadata.annotations) && \
             '{PROBE}' in variables.it.metadata.annotations && \
             variables.it.metadata.annotations['{PROBE}'] == '{revision}')"
        )
    }

    /// What is allowed while the fence stands.
    fn guard(&self) -> Option<(String, &'static str)> {
        let users: Vec<String> =
            [self.mover.as_str()].iter().chain(&COLLECTORS).map(|user| quoted(user)).collect();
        let allowed = format!("request.userInfo.username in [{}]", users.join(", "));
        match self.fence {
            Fence::Down => None,
            Fence::Up => Some((
                format!("{allowed} || !variables.belongs || ({ADDS_A_FINALIZER})"),
                "the cluster is being handed over: nothing of it may change",
            )),
            Fence::Tombstone => Some((
                format!("{allowed} || request.operation != 'CREATE' || !variables.belongs"),
                "the cluster is owned elsewhere: nothing of it may be made here",
            )),
        }
    }

    /// Whether the object is one of the Cluster.
    fn belongs(&self) -> String {
        let name = quoted(&self.cluster.name);
        let secrets: Vec<String> = SECRETS
            .iter()
            .map(|suffix| quoted(&format!("{}-{suffix}", self.cluster.name)))
            .collect();
        let secrets = secrets.join(", ");
        let (it, label) = ("variables.it.metadata", "cluster.x-k8s.io/cluster-name");
        [
            format!(
                "(request.kind.kind == 'Cluster' && request.kind.group == 'cluster.x-k8s.io' && \
                 has({it}.name) && {it}.name == {name})"
            ),
            format!(
                "(has({it}.labels) && '{label}' in {it}.labels && \
                 {it}.labels['{label}'] == {name})"
            ),
            format!("(has({it}.annotations) && '{MOVE_ID}' in {it}.annotations)"),
            format!(
                "(request.kind.group == 'cluster.x-k8s.io' && has(variables.it.spec) && \
                 has(variables.it.spec.clusterName) && variables.it.spec.clusterName == {name})"
            ),
            format!(
                "(request.kind.kind == 'Secret' && has({it}.name) && {it}.name in [{secrets}])"
            ),
        ]
        .join(" || ")
    }
}

/// What the request is about.
const IT: &str = "request.operation == 'DELETE' ? oldObject : object";

/// A controller that adds its finalizer, and changes nothing else, may do so.
const ADDS_A_FINALIZER: &str = "request.operation == 'UPDATE' && \
    has(object.spec) == has(oldObject.spec) && \
    (!has(object.spec) || object.spec == oldObject.spec) && \
    has(object.data) == has(oldObject.data) && \
    (!has(object.data) || object.data == oldObject.data) && \
    has(object.metadata.labels) == has(oldObject.metadata.labels) && \
    (!has(object.metadata.labels) || object.metadata.labels == oldObject.metadata.labels) && \
    has(object.metadata.annotations) == has(oldObject.metadata.annotations) && \
    (!has(object.metadata.annotations) || \
    object.metadata.annotations == oldObject.metadata.annotations) && \
    has(object.metadata.ownerReferences) == has(oldObject.metadata.ownerReferences) && \
    (!has(object.metadata.ownerReferences) || \
    object.metadata.ownerReferences == oldObject.metadata.ownerReferences) && \
    has(object.metadata.finalizers) && (!has(oldObject.metadata.finalizers) || \
    oldObject.metadata.finalizers.all(held, held in object.metadata.finalizers))";

/// A text of CEL.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(cluster: &ClusterName, fence: Fence) -> Policy<'_> {
        let groups = vec![String::new(), "cluster.x-k8s.io".to_owned()];
        Policy { cluster, groups, fence, mover: "o'mover".to_owned(), revision: 3 }
    }

    fn cluster() -> ClusterName {
        ClusterName { namespace: "n".to_owned(), name: "c".to_owned() }
    }

    #[test]
    fn a_fence_that_is_down_refuses_its_probe_alone() {
        let cluster = cluster();
        let down = policy(&cluster, Fence::Down);
        let document = down.document();
        let validations = document["spec"]["validations"].as_array().expect("a list");
        assert_eq!(validations.len(), 1);
        let expression = validations[0]["expression"].as_str().expect("a text");
        assert!(expression.contains("== '3'"), "{expression}");
        assert_eq!(down.probe()["metadata"]["annotations"][PROBE], "3");
    }

    #[test]
    fn a_fence_lets_the_mover_and_the_collector_through() {
        let cluster = cluster();
        for fence in [Fence::Up, Fence::Tombstone] {
            let document = policy(&cluster, fence).document();
            let expression = document["spec"]["validations"][1]["expression"].as_str();
            let expression = expression.expect("a text");
            assert!(expression.starts_with("request.userInfo.username in ['o\\'mover', "));
            assert!(expression.contains("generic-garbage-collector"));
            assert_eq!(expression.contains("'CREATE'"), fence == Fence::Tombstone);
        }
    }

    #[test]
    fn it_looks_at_the_namespace_and_at_no_subresource() {
        let cluster = cluster();
        let document = policy(&cluster, Fence::Up).document();
        let constraints = &document["spec"]["matchConstraints"];
        let selector = &constraints["namespaceSelector"]["matchLabels"];
        assert_eq!(selector["kubernetes.io/metadata.name"], "n");
        assert_eq!(constraints["resourceRules"][1]["apiGroups"], json!(["cluster.x-k8s.io"]));
        assert_eq!(constraints["resourceRules"][1]["resources"], json!(["*"]));
        let belongs = document["spec"]["variables"][1]["expression"].as_str().expect("a text");
        assert!(belongs.contains("'c-kubeconfig'") && belongs.contains("labels['cluster.x-k8s.io"));
    }
}
