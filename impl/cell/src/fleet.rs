//! What agents told, as rows (rules F1, F2, F3). Nothing here asks anybody.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use fulcrum_identity::ClusterName;
use fulcrum_proto::v1;
use jiff::Timestamp;

/// The last that a child told of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// When it was heard, by the clock of the cell.
    pub observed: Timestamp,
    /// The session in which it was.
    pub session: u64,
    /// What the child says of ownership.
    pub state: v1::OwnershipState,
    /// Whether its Cluster API controllers are Available; not known before its first heartbeat.
    pub capi_controllers_ready: Option<bool>,
    /// How many nodes it has.
    pub node_count: u32,
    /// How many of them are Ready.
    pub nodes_ready: u32,
    /// Its nodes, by name, as in its last complete list.
    pub nodes: Vec<v1::NodeState>,
    /// Its Cluster was asked to be deleted.
    pub deletion: Option<v1::ClusterDeletion>,
}

/// The rows of all children.
#[derive(Debug, Default)]
pub struct Fleet(Mutex<BTreeMap<ClusterName, Row>>);

impl Fleet {
    /// The row of a cluster; none where nothing was heard since the cell started.
    #[must_use]
    pub fn row(&self, cluster: &ClusterName) -> Option<Row> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(cluster).cloned()
    }

    /// Every row, by cluster.
    #[must_use]
    pub fn rows(&self) -> BTreeMap<ClusterName, Row> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A session began.
    pub(crate) fn ready(
        &self,
        cluster: &ClusterName,
        session: u64,
        ready: &v1::AgentReady,
        now: Timestamp,
    ) {
        self.change(cluster, session, now, |row| row.state = ready.state());
    }

    /// A heartbeat came.
    pub(crate) fn heartbeat(
        &self,
        cluster: &ClusterName,
        session: u64,
        beat: &v1::Heartbeat,
        now: Timestamp,
    ) {
        self.change(cluster, session, now, |row| {
            row.state = beat.state();
            row.capi_controllers_ready = Some(beat.capi_controllers_ready);
            row.node_count = beat.node_count;
            row.nodes_ready = beat.nodes_ready;
            if beat.nodes_complete {
                row.nodes.clone_from(&beat.nodes);
            }
        });
    }

    /// The Cluster was asked to be deleted.
    pub(crate) fn deleting(
        &self,
        cluster: &ClusterName,
        session: u64,
        deletion: v1::ClusterDeletion,
        now: Timestamp,
    ) {
        self.change(cluster, session, now, |row| row.deletion = Some(deletion));
    }

    /// Forgets a cluster that is managed no more.
    pub(crate) fn forget(&self, cluster: &ClusterName) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(cluster);
    }

    /// What an older session still brings changes nothing (F3).
    fn change(
        &self,
        cluster: &ClusterName,
        session: u64,
        now: Timestamp,
        change: impl FnOnce(&mut Row),
    ) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let row = rows.entry(cluster.clone()).or_insert_with(|| Row {
            observed: now,
            session,
            state: v1::OwnershipState::Unspecified,
            capi_controllers_ready: None,
            node_count: 0,
            nodes_ready: 0,
            nodes: Vec::new(),
            deletion: None,
        });
        if session < row.session {
            return;
        }
        row.observed = now;
        row.session = session;
        change(row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_session_overwrites_nothing() {
        let fleet = Fleet::default();
        let cluster = ClusterName::new("default", "c").unwrap();
        let beat = |nodes| v1::Heartbeat { node_count: nodes, ..v1::Heartbeat::default() };
        fleet.heartbeat(&cluster, 2, &beat(3), Timestamp::UNIX_EPOCH);
        fleet.heartbeat(&cluster, 1, &beat(9), Timestamp::UNIX_EPOCH);
        assert_eq!(fleet.row(&cluster).map(|row| (row.session, row.node_count)), Some((2, 3)));
    }
}
