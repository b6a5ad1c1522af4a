//! ANSI colours, when they are asked for.

use crate::verdict::Outcome;

/// Paints words, or leaves them as they are.
#[derive(Clone, Copy)]
pub(super) struct Paint {
    colour: bool,
}

impl Paint {
    pub(super) fn new(colour: bool) -> Self {
        Self { colour }
    }

    pub(super) fn bold(self, words: &str) -> String {
        self.with("1", words)
    }

    pub(super) fn dim(self, words: &str) -> String {
        self.with("2", words)
    }

    pub(super) fn outcome(self, outcome: Outcome, words: &str) -> String {
        let code = match outcome {
            Outcome::Passed => "1;32",
            Outcome::Failed => "1;31",
            Outcome::Unknown => "1;33",
        };
        self.with(code, words)
    }

    fn with(self, code: &str, words: &str) -> String {
        if self.colour { format!("\x1b[{code}m{words}\x1b[0m") } else { words.to_owned() }
    }
}
