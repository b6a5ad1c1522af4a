//! A store that goes back to an earlier day, as from a backup of etcd.

use fulcrum_apiserver::store::Snapshot;

use super::{Manager, PARENT, World, WorldError};

impl World {
    /// The store of a cluster as it is now.
    ///
    /// # Errors
    /// When it has no API server.
    pub fn backup(&self, cluster: &str) -> Result<Snapshot, WorldError> {
        Ok(self.server(cluster)?.snapshot())
    }

    /// Puts the store of a cluster back. Whatever runs at it is killed and starts again with it:
    /// the managers that run on the parent at once, the pods of a child after their time. A
    /// subject at it is not: whoever runs it decides when it comes back.
    ///
    /// # Errors
    /// When it has no API server.
    pub fn restore(&self, cluster: &str, backup: &Snapshot) -> Result<(), WorldError> {
        let server = self.server(cluster)?;
        self.0.recorder.fault(&format!("the store of {cluster} is put back"));
        if cluster != PARENT {
            self.child(cluster).kill_pods();
            server.restore(backup);
            return Ok(());
        }
        let ran: Vec<Manager> = Manager::all(self.flavour())
            .into_iter()
            .filter(|manager| self.managers().remove(manager.agent).is_some())
            .collect();
        server.restore(backup);
        ran.into_iter().for_each(|manager| self.start_manager(manager));
        Ok(())
    }
}
