//! The controllers that every cluster has, as actors that are stepped from outside.
//!
//! A controller reads the log of the store, keeps its own picture of the world and, when stepped,
//! says what it wants done and when it wants to be stepped next. Whoever drives it carries the
//! actions out as the user `kube-controller-manager`, in order, through the same path as any
//! request, and tells it of those that failed.
//!
//! **Invariant:** a step neither waits, nor writes, nor reads a clock.

pub mod contents;
pub mod crd;
pub mod gc;
pub mod namespace;

use jiff::Timestamp;
use serde_json::Value;

use crate::status::GroupResource;
use crate::store::Key;

/// How dependents fare when their owner is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// They are collected afterwards.
    Background,
    /// They go first.
    Foreground,
    /// They stay.
    Orphan,
}

/// A write that a controller wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A DELETE.
    Delete {
        /// The object.
        key: Key,
        /// `propagationPolicy`.
        propagation: Propagation,
        /// The uid in the preconditions, or empty.
        uid: String,
        /// The resourceVersion in the preconditions, or empty.
        version: String,
    },
    /// A merge patch.
    Patch {
        /// The object.
        key: Key,
        /// The subresource, or empty.
        subresource: &'static str,
        /// The patch; it holds a resourceVersion when it depends on one.
        patch: Value,
    },
    /// A POST.
    Create {
        /// The object to be.
        key: Key,
        /// As sent.
        object: Value,
    },
}

/// What a step led to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// To be carried out in this order.
    pub actions: Vec<Action>,
    /// When to step next, if nothing is written before.
    pub next: Option<Timestamp>,
}

/// What discovery knows: the resource of a kind and whether it is namespaced.
pub trait Kinds {
    /// `None` when the group, version or kind is not served.
    fn find(&self, api_version: &str, kind: &str) -> Option<(GroupResource, bool)>;
}

impl<F: Fn(&str, &str) -> Option<(GroupResource, bool)>> Kinds for F {
    fn find(&self, api_version: &str, kind: &str) -> Option<(GroupResource, bool)> {
        self(api_version, kind)
    }
}

/// The finalizers of an object.
fn finalizers(object: &Value) -> impl Iterator<Item = &str> {
    object["metadata"]["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Whether an object is marked as deleted.
fn is_deleted(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}
