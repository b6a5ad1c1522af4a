//! Hooks around every write: what changes an object before it is judged, and what refuses it.
//!
//! The order on a write is that of [`crate::registry::Strategy`]. Two hooks come with the server:
//! the life of namespaces, which the operations know themselves, and [`Policies`], the
//! ValidatingAdmissionPolicies in the store.

mod matching;
mod params;
mod policy;
#[cfg(test)]
mod tests;
mod variables;

use jiff::Timestamp;
use serde_json::Value;

use crate::auth::User;
use crate::registry::Resource;
use crate::status::Status;

pub use policy::Policies;

/// What is done with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It comes to be.
    Create,
    /// It is replaced or patched; so it is when its last finalizer goes and takes it along.
    Update,
    /// It is deleted, alone or as one of a collection.
    Delete,
    /// Something is sent to what hangs below it, such as `token`.
    Connect,
}

impl Operation {
    /// As policies name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

/// A write that is to be judged.
#[derive(Clone, Copy)]
pub struct Review<'a> {
    /// What is done.
    pub operation: Operation,
    /// With which resource.
    pub resource: &'a Resource,
    /// Below the object, or empty.
    pub subresource: &'a str,
    /// The namespace, or empty.
    pub namespace: &'a str,
    /// The name; empty while it is not known, and for a collection.
    pub name: &'a str,
    /// By whom.
    pub user: &'a User,
    /// Nothing will be stored.
    pub dry_run: bool,
    /// The object as it is stored, in the version of the request.
    pub old: Option<&'a Value>,
    /// The present.
    pub now: Timestamp,
}

/// A hook.
pub trait Admission: Send + Sync {
    /// Changes an object before it is judged.
    ///
    /// # Errors
    /// As the hook refuses.
    fn mutate(&self, _review: &Review<'_>, _object: &mut Value) -> Result<(), Status> {
        Ok(())
    }

    /// Judges an object (`None`: it is deleted) and returns warnings.
    ///
    /// # Errors
    /// As the hook refuses.
    fn validate(
        &self,
        _review: &Review<'_>,
        _object: Option<&Value>,
    ) -> Result<Vec<String>, Status> {
        Ok(Vec::new())
    }
}
