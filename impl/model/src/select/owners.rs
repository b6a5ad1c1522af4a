//! Owners that do not move with what they own, and owners that are missing or foreign.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::graph::Problem;
use crate::object::{OwnerFault, OwnerReference};

use super::claim::Claim;
use super::inventory::Inventory;
use super::{LeftOwner, Why, left};

impl Inventory<'_> {
    /// For what is claimed: owners that do not move, and owners that are missing or foreign.
    pub(super) fn owners_outside(
        &self,
        claims: &BTreeMap<usize, Claim>,
    ) -> (Vec<LeftOwner>, Vec<Problem>) {
        let mut left = Vec::new();
        let mut problems = Vec::new();
        for (&at, claim) in claims {
            let object = self.index.object(at);
            let owners = object.owners().iter().zip(&self.owners[at]);
            for (position, (reference, owner)) in owners.enumerate() {
                let reason = match owner {
                    Ok(owner) if claims.contains_key(owner) => continue,
                    Ok(owner) => self.why_not(*owner),
                    Err(fault) => match self.excuse(reference, fault) {
                        Some(reason) => reason,
                        None => {
                            problems.push(Problem::owner(object, reference, fault.clone()));
                            continue;
                        }
                    },
                };
                left.push(LeftOwner {
                    object: object.key().clone(),
                    position,
                    owner: reference.clone(),
                    reason,
                });
            }
            problems.extend(self.foreign(at, claim));
        }
        (left, problems)
    }

    /// The problem of each owner of the object at a position.
    pub(super) fn owner_problems(&self, at: usize) -> Vec<Problem> {
        let object = self.index.object(at);
        let mut problems = Vec::new();
        for (reference, owner) in object.owners().iter().zip(&self.owners[at]) {
            if let Err(fault) = owner
                && self.excuse(reference, fault).is_none()
            {
                problems.push(Problem::owner(object, reference, fault.clone()));
            }
        }
        problems
    }

    /// Why an object does not move with a Cluster that does not claim it.
    fn why_not(&self, at: usize) -> String {
        match self.claimed_by[at].first() {
            Some(&cluster) if cluster == at => "it is another Cluster".to_owned(),
            Some(&cluster) => format!("it moves with {}", self.key(cluster)),
            None => left::reason(self, at),
        }
    }

    /// Why an owner may be missing, if it may: what does not move, such as Rancher's objects, is in
    /// no dump of what does.
    fn excuse(&self, reference: &OwnerReference, fault: &OwnerFault) -> Option<String> {
        let is_missing = matches!(fault, OwnerFault::Absent | OwnerFault::OtherUid { .. });
        let reason = self.types.may_be_missing(&reference.group_kind());
        reason.filter(|_| is_missing).map(|reason| format!("{fault}, and {reason}"))
    }

    /// An object of several Clusters that is no library object.
    fn foreign(&self, at: usize, claim: &Claim) -> Option<Problem> {
        let may_be = claim.why == Why::LabelledToMove || self.is_shareable(at);
        let clusters = self.shared.get(&at).filter(|_| !may_be)?;
        Some(Problem::Shared { object: self.key(at).clone(), clusters: Arc::clone(clusters) })
    }
}
