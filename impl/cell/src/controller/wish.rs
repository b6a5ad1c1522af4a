//! What `spec.pivot` asks: a move of the mover, or an unpivot of the child.

use std::time::Duration;

use fulcrum_identity::ClusterName;
use fulcrum_model::protocol::{Claim, Phase, Request};
use fulcrum_mover::ids;
use fulcrum_proto::v1::{self, from_cell};
use fulcrum_session::Uniform as _;
use tokio::time::Instant;

use super::Controller;

/// How long the second request waits for the first one; it doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(30);

/// The longest pause between two requests: each attempt pauses the cluster for a while (Q3).
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// When something was asked for, and how often.
pub(super) struct Asked {
    at: Instant,
    times: u32,
}

impl Asked {
    fn is_due(&self, now: Instant) -> bool {
        let doubled = 2_u32.saturating_pow(self.times.saturating_sub(1).min(16));
        let pause = FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE);
        now.duration_since(self.at) >= pause
    }
}

impl Controller {
    /// Asks for what is wished and not so, when a session is open and it is time.
    pub(super) async fn wish(&mut self, name: &ClusterName) {
        let Some(child_is_to_own) = self.known.get(name).and_then(|object| object.spec.pivot)
        else {
            self.asked.remove(name);
            return;
        };
        let Some(managed) = self.shared.registry.managed(name) else { return };
        let Some(claim) = managed.handle.claim() else { return };
        let wanted = match (&claim.phase, child_is_to_own) {
            (Phase::Owner, true) | (Phase::Released, false) => true,
            (Phase::Owner | Phase::Released, _) => {
                self.asked.remove(name);
                false
            }
            // Something is under way.
            _ => false,
        };
        let Some(outbox) = self.shared.registry.outbox(name).filter(|_| wanted) else { return };
        let now = Instant::now();
        if self.asked.get(name).is_some_and(|asked| !asked.is_due(now)) {
            return;
        }
        let times = self.asked.get(name).map_or(0, |asked| asked.times).saturating_add(1);
        self.asked.insert(name.clone(), Asked { at: now, times });
        tracing::info!(cluster = %name, child_is_to_own, times, "a move is asked for");
        if child_is_to_own {
            let id = u128::from_be_bytes(self.shared.entropy.bytes16());
            managed.handle.request(Request::Move(id)).await;
        } else {
            // Where the session ends before, it is asked again.
            let _ = outbox.urgent(Ok(unpivot(&claim))).await;
        }
    }
}

fn unpivot(claim: &Claim) -> v1::FromCell {
    let request = v1::UnpivotRequest {
        lineage: ids::hex(claim.lineage.0),
        epoch: claim.epoch.0.into(),
        delete_afterwards: false,
        requested_by: "spec.pivot of the ManagedCluster".to_owned(),
    };
    v1::FromCell { body: Some(from_cell::Body::UnpivotRequest(request)) }
}
