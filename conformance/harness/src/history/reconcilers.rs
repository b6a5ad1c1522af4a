//! Who is a controller, by what it does.
//!
//! Every contract of Cluster API asks a controller to report in the `status` of what it reconciles,
//! and nobody else has a reason to write there. So whoever writes to the status of a Cluster API
//! object at a side is a controller there, and whoever never does is none: a mover's agent under a
//! service account of its own, an applier such as Argo CD or Flux that writes labels and specs, a
//! user. Names show nothing: appliers call themselves controllers, and so may a mover.
//!
//! A log in which nobody writes to any status does not tell; see [`Actor::is_controller`].
//!
//! [`Actor::is_controller`]: super::Actor::is_controller

use super::facts::Fnv;
use super::{Actor, Entry, Side, Write};
use std::collections::{BTreeMap, BTreeSet};

/// Marks the actor of each write.
pub(super) fn mark(entries: &mut [Entry]) {
    let mut known: BTreeMap<Side, BTreeSet<u64>> = BTreeMap::new();
    for entry in &*entries {
        if let Entry::Write(write) = entry
            && reports(write)
        {
            known.entry(write.side).or_default().insert(digest(&write.actor));
        }
    }
    for entry in entries {
        if let Entry::Write(write) = entry {
            let all = known.get(&write.side);
            write.actor.reconciles = all.map(|all| all.contains(&digest(&write.actor)));
        }
    }
}

fn reports(write: &Write) -> bool {
    write.subresource == "status" && write.object.is_cluster_api()
}

fn digest(actor: &Actor) -> u64 {
    Fnv::new().text(&actor.user).text(actor.program()).finish()
}

#[cfg(test)]
mod tests {
    use crate::history::Side;
    use crate::history::build::{CONTROLLER, Story, pivot};

    const FLUX: &str = "system:serviceaccount:flux-system:kustomize-controller";

    /// Whether this user is a controller at the source.
    fn controls(story: Story, user: &str) -> bool {
        let history = story.history();
        let of_user =
            |write: &&crate::history::Write| write.side == Side::Source && write.actor.user == user;
        history.writes().find(of_user).expect("it wrote").actor.is_controller()
    }

    #[test]
    fn who_writes_to_status_is_a_controller_and_an_applier_is_none() {
        let story = || {
            pivot().at(500).edit(Side::Source, CONTROLLER, "MachineSet ms").at(600).edit(
                Side::Source,
                FLUX,
                "MachineDeployment md",
            )
        };
        assert!(controls(story(), CONTROLLER));
        assert!(!controls(story(), FLUX));
    }

    #[test]
    fn where_nobody_writes_to_status_the_name_is_all_there_is() {
        let story = pivot().without(|write| write.subresource == "status").at(500).edit(
            Side::Source,
            CONTROLLER,
            "MachineSet ms",
        );
        assert!(controls(story, CONTROLLER));
    }
}
