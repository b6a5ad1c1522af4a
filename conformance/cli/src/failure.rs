//! The one way in which an error reaches the user: what failed, because of what, and what to try.

use crate::exit::Exit;
use std::fmt;

/// Why the program stops.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    error: anyhow::Error,
    hint: Option<String>,
}

impl Failure {
    /// An input that cannot be read, or is not what it should be.
    pub(crate) fn bad_input(error: impl Into<anyhow::Error>) -> Self {
        Self::new(Exit::BadInput, error)
    }

    /// Arguments that are wrong, or name a place that cannot be written.
    pub(crate) fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self::new(Exit::Usage, error)
    }

    /// What should not happen.
    pub(crate) fn own_fault(error: impl Into<anyhow::Error>) -> Self {
        Self::new(Exit::OwnFault, error)
    }

    fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self { exit, error: error.into(), hint: None }
    }

    /// Adds what the user can try.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chain = self.error.chain().map(|error| printable(&error.to_string()));
        for (index, words) in chain.enumerate() {
            let lead = if index == 0 { "error:" } else { "\n  caused by:" };
            write!(f, "{lead} {words}")?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\n  try: {}", printable(hint)),
            None => Ok(()),
        }
    }
}

/// Further lines stand under their first one; a terminal must not obey what an input says.
fn printable(words: &str) -> String {
    let lines = words.trim_end().lines().map(|line| {
        let kept = line.chars().filter(|letter| !letter.is_control());
        kept.collect::<String>()
    });
    lines.collect::<Vec<String>>().join("\n    ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_because_of_what_and_what_to_try() {
        let error = anyhow::anyhow!("no such file").context("read a.json\nand b\x1b.json");
        let failure = Failure::bad_input(error).hint("fulcrum --help");
        assert_eq!(
            failure.to_string(),
            "error: read a.json\n    and b.json\n  caused by: no such file\n  try: fulcrum --help"
        );
        assert_eq!(failure.exit(), Exit::BadInput);
    }
}
