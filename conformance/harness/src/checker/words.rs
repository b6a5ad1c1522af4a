//! Words for sentences: numbers that agree with their nouns and verbs, names, durations.

use std::time::Duration;

/// `1 object`, `2 objects`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", plural(number, "", "s"))
}

/// The word that agrees with a number: `was` or `were`.
pub(crate) fn plural<'w>(number: usize, one: &'w str, many: &'w str) -> &'w str {
    if number == 1 { one } else { many }
}

/// The first few names, and how many more there are.
pub(crate) fn names(all: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = all.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A duration for a sentence.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.3} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        assert_eq!(count(0, "object"), "0 objects");
        assert_eq!(count(1, "more thing"), "1 more thing");
        assert_eq!(format!("{} {}", count(1, "copy"), plural(1, "was", "were")), "1 copy was");
        assert_eq!(plural(2, "was", "were"), "were");
    }

    #[test]
    fn a_long_list_is_cut() {
        let all: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).into();
        assert_eq!(names(&all), "a, b, c and 1 more");
        assert_eq!(names(&all[..2]), "a, b");
    }
}
