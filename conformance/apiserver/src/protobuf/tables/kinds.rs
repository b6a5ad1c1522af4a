//! The kinds whose protobuf is known: those that `kubectl` and client libraries write.

use super::Type::{Bool, Bytes, Int, Items, Message, MicroTime, Text, Time};
use super::{
    DELETE_OPTIONS, Field, LABEL_SELECTOR, METADATA, PARTIAL, REQUIREMENT, STATUS, always, list,
    map, optional,
};

/// The fields of a kind. `DeleteOptions` are sent in the version of whatever is deleted.
pub(in crate::protobuf) fn of(api_version: &str, kind: &str) -> Option<&'static [Field]> {
    Some(match (api_version, kind) {
        (_, "DeleteOptions") => DELETE_OPTIONS,
        ("v1", "Status") => STATUS,
        ("v1", "ConfigMap") => CONFIG_MAP,
        ("v1", "Secret") => SECRET,
        ("v1", "ServiceAccount") => SERVICE_ACCOUNT,
        ("v1", "Namespace") => NAMESPACE,
        ("v1", "Event") => EVENT,
        ("meta.k8s.io/v1", "PartialObjectMetadata") => PARTIAL,
        ("events.k8s.io/v1", "Event") => NEW_EVENT,
        ("coordination.k8s.io/v1", "Lease") => LEASE,
        ("policy/v1", "Eviction") => EVICTION,
        ("authorization.k8s.io/v1", "SelfSubjectAccessReview") => SELF_ACCESS_REVIEW,
        ("authorization.k8s.io/v1", "SubjectAccessReview" | "LocalSubjectAccessReview") => {
            ACCESS_REVIEW
        }
        ("authorization.k8s.io/v1", "SelfSubjectRulesReview") => RULES_REVIEW,
        ("authentication.k8s.io/v1", "SelfSubjectReview") => SELF_REVIEW,
        ("authentication.k8s.io/v1", "TokenRequest") => TOKEN_REQUEST,
        ("authentication.k8s.io/v1", "TokenReview") => TOKEN_REVIEW,
        ("rbac.authorization.k8s.io/v1", "Role") => ROLE,
        ("rbac.authorization.k8s.io/v1", "ClusterRole") => CLUSTER_ROLE,
        ("rbac.authorization.k8s.io/v1", "RoleBinding" | "ClusterRoleBinding") => BINDING,
        _ => return None,
    })
}

const CONFIG_MAP: &[Field] =
    &[METADATA, map(2, "data", Text), map(3, "binaryData", Bytes), optional(4, "immutable", Bool)];

const SECRET: &[Field] = &[
    METADATA,
    map(2, "data", Bytes),
    always(3, "type", Text),
    map(4, "stringData", Text),
    optional(5, "immutable", Bool),
];

const SERVICE_ACCOUNT: &[Field] = &[
    METADATA,
    list(2, "secrets", Message(OBJECT_REFERENCE)),
    list(3, "imagePullSecrets", Message(LOCAL_REFERENCE)),
    optional(4, "automountServiceAccountToken", Bool),
];

const LOCAL_REFERENCE: &[Field] = &[always(1, "name", Text)];

const OBJECT_REFERENCE: &[Field] = &[
    always(1, "kind", Text),
    always(2, "namespace", Text),
    always(3, "name", Text),
    always(4, "uid", Text),
    always(5, "apiVersion", Text),
    always(6, "resourceVersion", Text),
    always(7, "fieldPath", Text),
];

const NAMESPACE: &[Field] = &[
    METADATA,
    always(2, "spec", Message(NAMESPACE_SPEC)),
    always(3, "status", Message(NAMESPACE_STATUS)),
];

const NAMESPACE_SPEC: &[Field] = &[list(1, "finalizers", Text)];

const NAMESPACE_STATUS: &[Field] =
    &[always(1, "phase", Text), list(2, "conditions", Message(NAMESPACE_CONDITION))];

const NAMESPACE_CONDITION: &[Field] = &[
    always(1, "type", Text),
    always(2, "status", Text),
    always(4, "lastTransitionTime", Time),
    always(5, "reason", Text),
    always(6, "message", Text),
];

const EVENT: &[Field] = &[
    METADATA,
    always(2, "involvedObject", Message(OBJECT_REFERENCE)),
    always(3, "reason", Text),
    always(4, "message", Text),
    always(5, "source", Message(EVENT_SOURCE)),
    always(6, "firstTimestamp", Time),
    always(7, "lastTimestamp", Time),
    always(8, "count", Int),
    always(9, "type", Text),
    always(10, "eventTime", MicroTime),
    optional(11, "series", Message(EVENT_SERIES)),
    always(12, "action", Text),
    optional(13, "related", Message(OBJECT_REFERENCE)),
    always(14, "reportingComponent", Text),
    always(15, "reportingInstance", Text),
];

const EVENT_SOURCE: &[Field] = &[always(1, "component", Text), always(2, "host", Text)];

const EVENT_SERIES: &[Field] = &[always(1, "count", Int), always(2, "lastObservedTime", MicroTime)];

const NEW_EVENT: &[Field] = &[
    METADATA,
    always(2, "eventTime", MicroTime),
    optional(3, "series", Message(EVENT_SERIES)),
    always(4, "reportingController", Text),
    always(5, "reportingInstance", Text),
    always(6, "action", Text),
    always(7, "reason", Text),
    always(8, "regarding", Message(OBJECT_REFERENCE)),
    optional(9, "related", Message(OBJECT_REFERENCE)),
    always(10, "note", Text),
    always(11, "type", Text),
    always(12, "deprecatedSource", Message(EVENT_SOURCE)),
    always(13, "deprecatedFirstTimestamp", Time),
    always(14, "deprecatedLastTimestamp", Time),
    always(15, "deprecatedCount", Int),
];

const LEASE: &[Field] = &[METADATA, always(2, "spec", Message(LEASE_SPEC))];

const LEASE_SPEC: &[Field] = &[
    optional(1, "holderIdentity", Text),
    optional(2, "leaseDurationSeconds", Int),
    optional(3, "acquireTime", MicroTime),
    optional(4, "renewTime", MicroTime),
    optional(5, "leaseTransitions", Int),
    optional(6, "strategy", Text),
    optional(7, "preferredHolder", Text),
];

const EVICTION: &[Field] = &[METADATA, optional(2, "deleteOptions", Message(DELETE_OPTIONS))];

const SELF_ACCESS_REVIEW: &[Field] = &[
    METADATA,
    always(2, "spec", Message(SELF_ACCESS_SPEC)),
    always(3, "status", Message(ACCESS_STATUS)),
];

const SELF_ACCESS_SPEC: &[Field] = &[RESOURCE_ATTRIBUTES, NON_RESOURCE_ATTRIBUTES];

const RESOURCE_ATTRIBUTES: Field = optional(1, "resourceAttributes", Message(ATTRIBUTES));

const NON_RESOURCE_ATTRIBUTES: Field = optional(2, "nonResourceAttributes", Message(PATH));

const PATH: &[Field] = &[always(1, "path", Text), always(2, "verb", Text)];

const ATTRIBUTES: &[Field] = &[
    always(1, "namespace", Text),
    always(2, "verb", Text),
    always(3, "group", Text),
    always(4, "version", Text),
    always(5, "resource", Text),
    always(6, "subresource", Text),
    always(7, "name", Text),
    optional(8, "fieldSelector", Message(SELECTOR_ATTRIBUTES)),
    optional(9, "labelSelector", Message(SELECTOR_ATTRIBUTES)),
];

const SELECTOR_ATTRIBUTES: &[Field] =
    &[always(1, "rawSelector", Text), list(2, "requirements", Message(REQUIREMENT))];

const ACCESS_REVIEW: &[Field] = &[
    METADATA,
    always(2, "spec", Message(ACCESS_SPEC)),
    always(3, "status", Message(ACCESS_STATUS)),
];

const ACCESS_SPEC: &[Field] = &[
    RESOURCE_ATTRIBUTES,
    NON_RESOURCE_ATTRIBUTES,
    always(3, "user", Text),
    list(4, "groups", Text),
    map(5, "extra", Items),
    always(6, "uid", Text),
];

const ACCESS_STATUS: &[Field] = &[
    always(1, "allowed", Bool),
    always(2, "reason", Text),
    always(3, "evaluationError", Text),
    always(4, "denied", Bool),
];

const RULES_REVIEW: &[Field] =
    &[METADATA, always(2, "spec", Message(RULES_SPEC)), always(3, "status", Message(RULES_STATUS))];

const RULES_SPEC: &[Field] = &[always(1, "namespace", Text)];

const RULES_STATUS: &[Field] = &[
    list(1, "resourceRules", Message(RESOURCE_RULE)),
    list(2, "nonResourceRules", Message(NON_RESOURCE_RULE)),
    always(3, "incomplete", Bool),
    always(4, "evaluationError", Text),
];

const RESOURCE_RULE: &[Field] = &[
    list(1, "verbs", Text),
    list(2, "apiGroups", Text),
    list(3, "resources", Text),
    list(4, "resourceNames", Text),
];

const NON_RESOURCE_RULE: &[Field] = &[list(1, "verbs", Text), list(2, "nonResourceURLs", Text)];

const SELF_REVIEW: &[Field] = &[METADATA, always(2, "status", Message(SELF_REVIEW_STATUS))];

const SELF_REVIEW_STATUS: &[Field] = &[always(1, "userInfo", Message(USER_INFO))];

const USER_INFO: &[Field] = &[
    always(1, "username", Text),
    always(2, "uid", Text),
    list(3, "groups", Text),
    map(4, "extra", Items),
];

const TOKEN_REQUEST: &[Field] = &[
    METADATA,
    always(2, "spec", Message(TOKEN_REQUEST_SPEC)),
    always(3, "status", Message(TOKEN_REQUEST_STATUS)),
];

const TOKEN_REQUEST_SPEC: &[Field] = &[
    list(1, "audiences", Text),
    optional(3, "boundObjectRef", Message(BOUND_OBJECT)),
    optional(4, "expirationSeconds", Int),
];

const BOUND_OBJECT: &[Field] = &[
    always(1, "kind", Text),
    always(2, "apiVersion", Text),
    always(3, "name", Text),
    always(4, "uid", Text),
];

const TOKEN_REQUEST_STATUS: &[Field] =
    &[always(1, "token", Text), always(2, "expirationTimestamp", Time)];

const TOKEN_REVIEW: &[Field] = &[
    METADATA,
    always(2, "spec", Message(TOKEN_REVIEW_SPEC)),
    always(3, "status", Message(TOKEN_REVIEW_STATUS)),
];

const TOKEN_REVIEW_SPEC: &[Field] = &[always(1, "token", Text), list(2, "audiences", Text)];

const TOKEN_REVIEW_STATUS: &[Field] = &[
    always(1, "authenticated", Bool),
    always(2, "user", Message(USER_INFO)),
    always(3, "error", Text),
    list(4, "audiences", Text),
];

const ROLE: &[Field] = &[METADATA, RULES];

const RULES: Field = list(2, "rules", Message(POLICY_RULE));

const POLICY_RULE: &[Field] = &[
    list(1, "verbs", Text),
    list(2, "apiGroups", Text),
    list(3, "resources", Text),
    list(4, "resourceNames", Text),
    list(5, "nonResourceURLs", Text),
];

const CLUSTER_ROLE: &[Field] =
    &[METADATA, RULES, optional(3, "aggregationRule", Message(AGGREGATION_RULE))];

const AGGREGATION_RULE: &[Field] = &[list(1, "clusterRoleSelectors", Message(LABEL_SELECTOR))];

const BINDING: &[Field] =
    &[METADATA, list(2, "subjects", Message(SUBJECT)), always(3, "roleRef", Message(ROLE_REF))];

const SUBJECT: &[Field] = &[
    always(1, "kind", Text),
    always(2, "apiGroup", Text),
    always(3, "name", Text),
    always(4, "namespace", Text),
];

const ROLE_REF: &[Field] =
    &[always(1, "apiGroup", Text), always(2, "kind", Text), always(3, "name", Text)];
