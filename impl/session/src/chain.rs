//! An error with its causes, in one line.

use std::error::Error;

/// What went wrong, and why: `a: b: c`.
#[must_use]
pub fn chain(error: &(dyn Error + '_)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::SessionError;
    use fulcrum_model::batch::BatchError;

    #[test]
    fn causes_follow() {
        let source = BatchError { limit: 3, oversized: Vec::new() };
        let text = chain(&SessionError::Cut { source });
        assert_eq!(text, "cut a set into batches: larger than the 3 bytes of a batch: ");
    }
}
