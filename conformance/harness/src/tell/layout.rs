//! Lines of a given width.

/// Breaks words into lines of at most `width` characters; a longer word gets a line of its own.
///
/// Line breaks of the text stay. Other control characters are dropped: what is told comes from logs
/// that anybody may have written, and a terminal obeys them.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    text.lines().flat_map(|line| wrap_line(line, width)).collect()
}

fn wrap_line(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word: String = word.chars().filter(|letter| !letter.is_control()).collect();
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// At most `most` lines; the last one says that there are more.
pub fn clip(mut lines: Vec<String>, most: usize) -> Vec<String> {
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            if let Some((kept, _)) = last.rsplit_once(' ') {
                *last = kept.to_owned();
            }
            last.push_str(" …");
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_fill_lines_and_a_long_word_stands_alone() {
        assert_eq!(wrap("one two three four", 9), ["one two", "three", "four"]);
        assert_eq!(wrap("a seventeen-letter b", 9), ["a", "seventeen-letter", "b"]);
        assert_eq!(wrap("one\ntwo three", 20), ["one", "two three"]);
        assert!(wrap("", 9).is_empty());
        assert_eq!(wrap("a\x1b[31mb", 9), ["a[31mb"]);
    }

    #[test]
    fn clipping_says_that_there_is_more() {
        let lines = wrap("one two three four", 9);
        assert_eq!(clip(lines.clone(), 3), lines);
        assert_eq!(clip(lines, 1), ["one …"]);
    }
}
