//! The programs around a small cluster, and the steps of which the stories about movers are made.

use crate::audit_log::{ApiServer, Client, instant, key};
use crate::cluster::{cluster, stripped, with_local_owners};
use serde_json::{Value, json};

/// Somebody with kubectl.
pub(crate) const USER: Client =
    Client { user: "alice", agent: "kubectl/v1.34.4", address: "10.9.0.4" };

/// Cluster API's core controllers; both clusters' are called so.
pub(crate) const CORE: Client = Client {
    user: "system:serviceaccount:capi-system:capi-manager",
    agent: "manager/v1.14.2",
    address: "10.1.0.4",
};

/// The controllers of the infrastructure provider.
pub(crate) const INFRA: Client = Client {
    user: "system:serviceaccount:capd-system:capd-manager",
    agent: "manager/v1.14.2",
    address: "10.1.0.5",
};

/// The half of a pivot that lives on the source.
pub(crate) const CELL: Client = Client {
    user: "system:serviceaccount:pivot-system:cell",
    agent: "pivot-cell/0.3",
    address: "10.1.0.9",
};

/// The half of a pivot that lives on the target.
pub(crate) const AGENT: Client = Client {
    user: "system:serviceaccount:pivot-system:agent",
    agent: "pivot-agent/0.3",
    address: "10.2.0.9",
};

/// Somebody's program with a kubeconfig for both clusters.
pub(crate) const DIALLER: Client =
    Client { user: "kubernetes-admin", agent: "pivotctl/0.3", address: "10.9.0.5" };

/// Two API servers and what was done to the infrastructure.
#[derive(Clone)]
pub(crate) struct Story {
    pub(crate) source: ApiServer,
    pub(crate) target: ApiServer,
    infrastructure: Option<String>,
}

impl Story {
    /// The cluster `c1`, made at the source ten minutes before the beginning and healthy.
    pub(crate) fn provisioned() -> Self {
        let mut story = Self {
            source: ApiServer::new("source"),
            target: ApiServer::new("target"),
            infrastructure: None,
        };
        for (step, object) in cluster("c1").iter().enumerate() {
            let at = -600_000 + 100 * i64::try_from(step).expect("the cluster is small");
            let object = with_local_owners(object, &story.source);
            story.source.create(at, USER, &object);
            show_paused(&mut story.source, at + 40, &key(&object), false);
        }
        story
    }

    /// Copies everything that is on the source now, as the agent of a pivot does: paused, owners
    /// first, by server-side apply, 20 ms apart.
    pub(crate) fn copy(&mut self, at: i64, by: Client) {
        let everything: Vec<String> = cluster("c1").iter().map(key).collect();
        self.copy_these(at, by, &everything);
    }

    /// Copies these objects, in this order.
    pub(crate) fn copy_these(&mut self, at: i64, by: Client, keys: &[String]) {
        for (step, key) in keys.iter().enumerate() {
            let at = at + 20 * i64::try_from(step).expect("the cluster is small");
            let mut copy = with_local_owners(&stripped(self.source.object(key)), &self.target);
            if copy["kind"] == "Cluster" {
                copy["spec"]["paused"] = json!(true);
            }
            let is_new = !self.target.has(key);
            self.target.apply(at, by, &copy);
            if is_new {
                show_paused(&mut self.target, at + 10, key, true);
            }
        }
    }

    /// A move that creates this Machine, of which it makes one from the source's, before the
    /// MachineSet that owns it, and then puts right what it will.
    pub(crate) fn with_a_machine_first(
        machine: impl FnOnce(&Self) -> Value,
        put_right: impl FnOnce(&mut Self),
    ) -> Self {
        let mut story = Self::provisioned();
        story.pause_source(1_000, CELL);
        let mut keys: Vec<String> = cluster("c1").iter().map(key).collect();
        keys.retain(|key| key != "MachineSet/c1-md-1");
        let (early, late) = keys.split_at(keys.len() - 4);
        story.copy_these(3_000, AGENT, early);
        let machine = machine(&story);
        story.target.create(4_000, AGENT, &machine);
        story.copy_these(4_500, AGENT, &["MachineSet/c1-md-1".to_owned()]);
        put_right(&mut story);
        story.copy_these(5_000, AGENT, late);
        story.unpause_target(8_000, AGENT);
        story.clean_up(12_000, CELL);
        story
    }

    /// Pauses the source's Cluster; its controllers show it within a second.
    pub(crate) fn pause_source(&mut self, at: i64, by: Client) {
        let mark = json!({"metadata": {"annotations": {"pivot.example.com/paused-by": "move-1"}},
            "spec": {"paused": true}});
        self.source.patch(at, by, "Cluster/c1", &mark);
        self.seen_on_source(at + 100);
    }

    /// Unpauses the target's Cluster; its controllers take everything up within two seconds.
    pub(crate) fn unpause_target(&mut self, at: i64, by: Client) {
        self.target.patch(at, by, "Cluster/c1", &json!({"spec": {"paused": null}}));
        let there = present(&self.target);
        for (step, key) in there.iter().enumerate() {
            let step = i64::try_from(step).expect("the cluster is small");
            show_paused(&mut self.target, at + 200 + 50 * step, key, false);
        }
    }

    /// Deletes the source's copies as the contract asks: reverse order, with preconditions,
    /// orphaning said, finalizers taken off.
    pub(crate) fn clean_up(&mut self, at: i64, by: Client) {
        let reverse: Vec<String> = cluster("c1").iter().rev().map(key).collect();
        self.delete_these(at, by, &reverse);
    }

    /// Deletes these objects of the source, in this order, 30 ms apart. Secrets own nothing, so
    /// there is nothing to orphan.
    pub(crate) fn delete_these(&mut self, at: i64, by: Client, keys: &[String]) {
        for (step, key) in keys.iter().enumerate() {
            let at = at + 30 * i64::try_from(step).expect("the cluster is small");
            let policy = if key.starts_with("Secret/") { "Background" } else { "Orphan" };
            self.delete_one(at, by, key, policy);
        }
    }

    /// Deletes an object of the source, and takes its finalizers off if it has any.
    pub(crate) fn delete_one(&mut self, at: i64, by: Client, key: &str, policy: &str) {
        let metadata = &self.source.object(key)["metadata"];
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1",
            "propagationPolicy": policy, "preconditions": {
                "uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}});
        self.source.delete(at, by, key, &options);
        if self.source.has(key) {
            self.source.patch(at + 8, by, key, &json!({"metadata": {"finalizers": []}}));
        }
    }

    /// What was done to the infrastructure, if that is on record.
    pub(crate) fn infrastructure(&self) -> Option<String> {
        self.infrastructure.clone()
    }

    /// There is a record of the infrastructure, and both machines were made long ago.
    pub(crate) fn quiet_infrastructure(&mut self) {
        self.act_on_machine(-590_000, "create", "c1-cp-1", Some("source"));
        self.act_on_machine(-580_000, "create", "c1-md-1-a", Some("source"));
    }

    /// Something is done to a machine on behalf of a side, or of nobody who is named.
    pub(crate) fn act_on_machine(&mut self, at: i64, action: &str, name: &str, by: Option<&str>) {
        let at = format!("{:.3}", instant(at));
        let mut act = json!({"at": at, "action": action, "kind": "machine", "name": name,
            "providerId": format!("docker:////{name}"), "cluster": "c1"});
        if let Some(side) = by {
            act["onBehalfOf"] = json!(side);
        }
        let record = self.infrastructure.get_or_insert_default();
        record.push_str(&format!("{act}\n"));
    }

    fn seen_on_source(&mut self, at: i64) {
        let there = present(&self.source);
        for (step, key) in there.iter().enumerate() {
            let step = i64::try_from(step).expect("the cluster is small");
            show_paused(&mut self.source, at + 20 * step, key, true);
        }
    }
}

/// What of the cluster `c1` a server has.
fn present(server: &ApiServer) -> Vec<String> {
    let all = cluster("c1");
    let keys = all.iter().map(key);
    keys.filter(|key| server.has(key)).collect()
}

/// The controller of an object writes its `Paused` condition, if its kind has one.
pub(crate) fn show_paused(server: &mut ApiServer, at: i64, key: &str, paused: bool) {
    let kind = key.split('/').next().unwrap_or_default();
    let by = if kind.starts_with("Docker") { INFRA } else { CORE };
    if kind == "Secret" || kind.ends_with("Template") {
        return;
    }
    let (status, reason) = if paused { ("True", "Paused") } else { ("False", "NotPaused") };
    let since = format!("{:.0}", instant(at));
    let conditions = json!({"status": {"conditions": [
        {"type": "Ready", "status": "True", "reason": "Ready", "message": "",
            "lastTransitionTime": "2026-03-01T09:55:00Z"},
        {"type": "Paused", "status": status, "reason": reason, "message": "",
            "lastTransitionTime": since},
    ]}});
    server.patch_status(at, by, key, &conditions);
}
