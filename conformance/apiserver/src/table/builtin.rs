//! Which columns a built-in kind has, and what fills them.

use jiff::Timestamp;
use serde_json::Value;

use super::columns::workloads as heads;
use super::columns::{self, Column};
use super::{basic, workloads};

/// How a kind is shown.
pub(super) struct Printer {
    columns: &'static [Column],
    cells: fn(&Value, Timestamp) -> Vec<Value>,
    conditions: fn(&Value) -> Option<Value>,
}

impl Printer {
    const fn new(columns: &'static [Column], cells: fn(&Value, Timestamp) -> Vec<Value>) -> Self {
        Self { columns, cells, conditions: |_| None }
    }

    pub(super) fn heads(&self) -> Vec<Value> {
        self.columns.iter().map(Column::head).collect()
    }

    pub(super) fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        (self.cells)(object, now)
    }

    /// What is remarkable about a row, such as that a pod is done.
    pub(super) fn conditions(&self, object: &Value) -> Option<Value> {
        (self.conditions)(object)
    }
}

static NAMED: Printer = Printer::new(columns::NAMED, basic::named);
static UNPRINTED: Printer = Printer::new(columns::UNPRINTED, basic::unprinted);
static CONFIG_MAPS: Printer = Printer::new(columns::CONFIG_MAPS, basic::config_map);
static EVENTS: Printer = Printer::new(columns::EVENTS, basic::event);
static LEASES: Printer = Printer::new(columns::LEASES, basic::lease);
static NAMESPACES: Printer = Printer::new(columns::NAMESPACES, basic::namespace);
static POLICIES: Printer = Printer::new(columns::POLICIES, basic::policy);
static POLICY_BINDINGS: Printer = Printer::new(columns::POLICY_BINDINGS, basic::policy_binding);
static ROLE_BINDINGS: Printer = Printer::new(columns::ROLE_BINDINGS, basic::role_binding);
static CLUSTER_ROLE_BINDINGS: Printer =
    Printer::new(columns::CLUSTER_ROLE_BINDINGS, basic::role_binding);
static SECRETS: Printer = Printer::new(columns::SECRETS, basic::secret);
static SERVICE_ACCOUNTS: Printer = Printer::new(columns::SERVICE_ACCOUNTS, basic::service_account);
static SERVICES: Printer = Printer::new(heads::SERVICES, workloads::service);
static NODES: Printer = Printer::new(heads::NODES, workloads::node);
static PODS: Printer = Printer {
    columns: heads::PODS,
    cells: workloads::pods::cells,
    conditions: workloads::pods::conditions,
};
static DAEMON_SETS: Printer = Printer::new(heads::DAEMON_SETS, workloads::daemon_set);
static DEPLOYMENTS: Printer = Printer::new(heads::DEPLOYMENTS, workloads::deployment);
static REPLICA_SETS: Printer = Printer::new(heads::REPLICA_SETS, workloads::replica_set);
static STATEFUL_SETS: Printer = Printer::new(heads::STATEFUL_SETS, workloads::stateful_set);

/// How a built-in resource is shown.
pub(super) fn printer(group: &str, plural: &str) -> &'static Printer {
    match (group, plural) {
        ("", "configmaps") => &CONFIG_MAPS,
        ("", "namespaces") => &NAMESPACES,
        ("", "nodes") => &NODES,
        ("", "pods") => &PODS,
        ("", "secrets") => &SECRETS,
        ("", "serviceaccounts") => &SERVICE_ACCOUNTS,
        ("", "services") => &SERVICES,
        ("" | "events.k8s.io", "events") => &EVENTS,
        ("apps", "daemonsets") => &DAEMON_SETS,
        ("apps", "deployments") => &DEPLOYMENTS,
        ("apps", "replicasets") => &REPLICA_SETS,
        ("apps", "statefulsets") => &STATEFUL_SETS,
        ("coordination.k8s.io", "leases") => &LEASES,
        ("admissionregistration.k8s.io", "validatingadmissionpolicies") => &POLICIES,
        ("admissionregistration.k8s.io", "validatingadmissionpolicybindings") => &POLICY_BINDINGS,
        ("rbac.authorization.k8s.io", "rolebindings") => &ROLE_BINDINGS,
        ("rbac.authorization.k8s.io", "clusterrolebindings") => &CLUSTER_ROLE_BINDINGS,
        ("rbac.authorization.k8s.io", "roles" | "clusterroles")
        | ("apiextensions.k8s.io", "customresourcedefinitions") => &UNPRINTED,
        _ => &NAMED,
    }
}
