//! Long lists in few words.

use std::fmt::Display;

/// How many entries of a list are shown.
const SHOWN: usize = 3;

/// The first entries of a list and how many more there are: `a, b, c and 397 more`.
pub(crate) fn listed<T: Display>(entries: impl ExactSizeIterator<Item = T>) -> String {
    let more = entries.len().saturating_sub(SHOWN);
    let shown: Vec<String> = entries.take(SHOWN).map(|entry| entry.to_string()).collect();
    match more {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_are_shown_and_the_rest_is_counted() {
        let words = |count: usize| listed(1..count + 1);
        assert_eq!(words(0), "");
        assert_eq!(words(3), "1, 2, 3");
        assert_eq!(words(400), "1, 2, 3 and 397 more");
    }
}
