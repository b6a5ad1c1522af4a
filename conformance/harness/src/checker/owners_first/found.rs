//! What was found about the owners of a move, and what it says of the rule.

use crate::checker::{Verdict, count, names, plural};
use crate::verdict::Line;

/// What was found about the owners of the objects of one move.
#[derive(Default)]
pub(super) struct Found {
    /// How many objects were created with owner references that are known, or without any.
    pub(super) judged: usize,
    /// Of how many the owners are known by what can own them.
    pub(super) inferred: usize,
    /// The objects that were created without a reference to what owns their original.
    pub(super) bare: Vec<String>,
    /// What is wrong, as a sentence without its end, and the events that show it.
    pub(super) wrong: Vec<(String, Vec<Line>)>,
    /// What the log does not tell.
    pub(super) untold: Vec<String>,
}

impl Found {
    pub(super) fn verdict(mut self) -> Verdict {
        self.wrong.sort_by_key(|(_, lines)| lines.iter().map(|line| line.at).min());
        if let Some((first, _)) = self.wrong.first() {
            let more = match self.wrong.len() - 1 {
                0 => String::new(),
                more => format!(", and {} like it", count(more, "reference")),
            };
            let says = format!("{first}{more}; expected every owner to be there first.");
            return Verdict::failed(says).with(self.wrong.into_iter().flat_map(|(_, lines)| lines));
        }
        if !self.untold.is_empty() {
            return Verdict::unknown(format!(
                "The target's log does not tell when these came into being, or under which UID: {}.",
                names(&self.untold)
            ));
        }
        let inferred = match self.inferred {
            0 => String::new(),
            some => format!(
                " The {} of {} {} not in the log; everything that can own {} was there.",
                plural(some, "body", "bodies"),
                count(some, "Secret"),
                plural(some, "is", "are"),
                plural(some, "it", "them")
            ),
        };
        let bare = match self.bare.len() {
            0 => String::new(),
            some => format!(
                " {} created without a reference to what owns {}: {}.",
                plural(some, "One was", "Some were"),
                plural(some, "its original", "their originals"),
                names(&self.bare)
            ),
        };
        Verdict::passed(format!(
            "Each of {} was created after its owners, and refers to them by the target's \
             UIDs.{bare}{inferred}",
            count(self.judged, "object")
        ))
    }
}
