//! What an apply would take from others.

use std::fmt::Write as _;

use super::Operation;
use super::entry::Entry;
use crate::fields::path::show;
use crate::fields::{Element, Set};
use crate::status::{Cause, Details, Status, quote};

/// A field that another manager owns with another value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Conflict {
    /// The other one, as it is printed.
    pub(super) owner: String,
    pub(super) path: Vec<Element>,
}

/// The conflicts over the fields `wanted` of `entry`.
pub(super) fn over(entry: &Entry, wanted: &Set) -> Vec<Conflict> {
    let owner = owner(entry);
    let paths = wanted.paths().into_iter();
    paths.map(|path| Conflict { owner: owner.clone(), path }).collect()
}

fn owner(entry: &Entry) -> String {
    let mut owner = quote(&entry.manager);
    if !entry.subresource.is_empty() {
        let _ = write!(owner, " with subresource {}", quote(&entry.subresource));
    }
    if entry.operation == Operation::Update {
        let _ = write!(owner, " using {}", entry.version);
    }
    owner
}

/// The answer 409, its causes in the order of `conflicts`, which are sorted by owner.
pub(super) fn refuse(conflicts: &[Conflict]) -> Status {
    let causes = conflicts.iter().map(|conflict| Cause {
        reason: "FieldManagerConflict".to_owned(),
        message: format!("conflict with {}", conflict.owner),
        field: show(&conflict.path),
    });
    let details = Details { causes: causes.collect(), ..Details::default() };
    Status::new(409, "Conflict", message(conflicts)).about(details)
}

fn message(conflicts: &[Conflict]) -> String {
    if let [Conflict { owner, path }] = conflicts {
        let path = show(path);
        return format!("Apply failed with 1 conflict: conflict with {owner}: {path}");
    }
    let mut lines = Vec::new();
    let mut last = "";
    for Conflict { owner, path } in conflicts {
        if owner != last {
            lines.push(format!("conflicts with {owner}:"));
            last = owner;
        }
        lines.push(format!("- {}", show(path)));
    }
    let count = conflicts.len();
    format!("Apply failed with {count} conflicts: {}", lines.join("\n"))
}
