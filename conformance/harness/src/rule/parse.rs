//! The parser of the contract document.

use super::{Rule, Tag};
use std::collections::BTreeMap;
use thiserror::Error;

/// Why a contract cannot be read. Lines count from one.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum ContractError {
    /// A list item in bold whose first word is no rule id.
    #[error("line {line}: `{found}` is no rule id")]
    NotAnId {
        /// Where it stands.
        line: usize,
        /// What stands in place of the id.
        found: String,
    },
    /// A rule in the section of another area.
    #[error("line {line}: rule {id} stands in area {area}")]
    WrongArea {
        /// Where it stands.
        line: usize,
        /// The rule.
        id: String,
        /// The letter of the section.
        area: char,
    },
    /// Two rules of one id.
    #[error("line {line}: rule {id} stands in line {first} already")]
    Duplicate {
        /// Where the second stands.
        line: usize,
        /// The rule.
        id: String,
        /// Where the first stands.
        first: usize,
    },
    /// A rule that does not say how it can be seen.
    #[error("line {line}: rule {id} has no tag, or one that is not o, w or r")]
    BadTags {
        /// Where it stands.
        line: usize,
        /// The rule.
        id: String,
    },
    /// A rule without words.
    #[error("line {line}: rule {id} has no text")]
    NoText {
        /// Where it stands.
        line: usize,
        /// The rule.
        id: String,
    },
    /// A rule without its line of cases.
    #[error("line {line}: rule {id} has no line that starts `Cases:`")]
    NoCases {
        /// Where it stands.
        line: usize,
        /// The rule.
        id: String,
    },
    /// A line of cases that is neither ids in backquotes nor `none yet`.
    #[error("line {line}: the cases of rule {id} are neither ids in backquotes nor `none yet`")]
    BadCases {
        /// Where the rule stands.
        line: usize,
        /// The rule.
        id: String,
    },
}

/// Reads the rules of a contract document, in its order.
///
/// Prose, other lists and sections that are no area are skipped.
///
/// # Errors
///
/// A malformed rule, named with its line. Nothing is skipped because it is malformed.
pub fn parse(contract: &str) -> Result<Vec<Rule>, ContractError> {
    let mut parser = Parser::default();
    for (index, line) in contract.lines().enumerate() {
        parser.line(index + 1, line)?;
    }
    parser.close()?;
    Ok(parser.rules)
}

/// A section that holds rules.
#[derive(Clone)]
struct Area {
    letter: char,
    name: String,
}

/// A rule whose lines are still being read.
struct Draft {
    line: usize,
    id: String,
    area: String,
    body: String,
    cases: Option<String>,
}

#[derive(Default)]
struct Parser {
    area: Option<Area>,
    draft: Option<Draft>,
    seen: BTreeMap<String, usize>,
    rules: Vec<Rule>,
}

impl Parser {
    fn line(&mut self, number: usize, line: &str) -> Result<(), ContractError> {
        if let Some(heading) = line.strip_prefix("## ") {
            self.close()?;
            self.area = area(heading);
        } else if let Some(item) = line.strip_prefix("- **") {
            self.close()?;
            self.draft = self.open(number, item)?;
        } else if line.starts_with("  ") && !line.trim().is_empty() {
            if let Some(draft) = &mut self.draft {
                draft.take(line.trim());
            }
        } else {
            self.close()?;
        }
        Ok(())
    }

    /// Starts a rule; outside the areas a list item in bold is prose.
    fn open(&mut self, line: usize, item: &str) -> Result<Option<Draft>, ContractError> {
        let Some(area) = self.area.clone() else {
            return Ok(None);
        };
        let (id, body) = item.split_once("**").unwrap_or((item, ""));
        if !is_id(id) {
            return Err(ContractError::NotAnId { line, found: id.to_owned() });
        }
        let id = id.to_owned();
        if !id.starts_with(area.letter) {
            return Err(ContractError::WrongArea { line, id, area: area.letter });
        }
        if let Some(first) = self.seen.insert(id.clone(), line) {
            return Err(ContractError::Duplicate { line, id, first });
        }
        let body = body.trim().to_owned();
        Ok(Some(Draft { line, id, area: area.name, body, cases: None }))
    }

    fn close(&mut self) -> Result<(), ContractError> {
        if let Some(draft) = self.draft.take() {
            self.rules.push(draft.finish()?);
        }
        Ok(())
    }
}

impl Draft {
    fn take(&mut self, line: &str) {
        if let Some(cases) = &mut self.cases {
            append(cases, line);
        } else if let Some(cases) = line.strip_prefix("Cases:") {
            self.cases = Some(cases.trim().to_owned());
        } else {
            append(&mut self.body, line);
        }
    }

    fn finish(self) -> Result<Rule, ContractError> {
        let Self { line, id, area, body, cases } = self;
        let Some((tags, text)) = tags(&body) else {
            return Err(ContractError::BadTags { line, id });
        };
        let core = text.strip_prefix("core.");
        let text = core.unwrap_or(text).trim().to_owned();
        if text.is_empty() {
            return Err(ContractError::NoText { line, id });
        }
        let Some(cases) = cases else {
            return Err(ContractError::NoCases { line, id });
        };
        let Some(cases) = case_ids(&cases) else {
            return Err(ContractError::BadCases { line, id });
        };
        Ok(Rule { id, area, tags, core: core.is_some(), text, cases })
    }
}

/// Adds the words of a continuation line.
fn append(words: &mut String, line: &str) {
    if !words.is_empty() {
        words.push(' ');
    }
    words.push_str(line);
}

/// `T. Transport and identity` is an area; `Words` is none.
fn area(heading: &str) -> Option<Area> {
    let (letter, name) = heading.split_once(". ")?;
    let mut letters = letter.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if letter.is_ascii_uppercase() => {
            Some(Area { letter, name: name.trim().to_owned() })
        }
        _ => None,
    }
}

/// One capital, digits, and at most one small letter: `O1`, `H1a`, `T10`.
fn is_id(word: &str) -> bool {
    let Some(rest) = word.strip_prefix(|letter: char| letter.is_ascii_uppercase()) else {
        return false;
    };
    let digits = rest.strip_suffix(|letter: char| letter.is_ascii_lowercase()).unwrap_or(rest);
    !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
}

/// The tags that a rule opens with, `[o]` or `[o, w]`, and what follows them.
fn tags(body: &str) -> Option<(Vec<Tag>, &str)> {
    let (tags, text) = body.strip_prefix('[')?.split_once(']')?;
    let tags = tags.split(',').map(|tag| match tag.trim() {
        "o" => Some(Tag::Outcome),
        "w" => Some(Tag::Wire),
        "r" => Some(Tag::Reported),
        _ => None,
    });
    Some((tags.collect::<Option<Vec<Tag>>>()?, text.trim()))
}

/// The ids of a line of cases.
fn case_ids(cases: &str) -> Option<Vec<String>> {
    if cases == "none yet" {
        return Some(Vec::new());
    }
    let ids = cases.split(',').map(|case| {
        let id = case.trim().strip_prefix('`')?.strip_suffix('`')?;
        (!id.is_empty() && !id.contains(['`', ' '])).then(|| id.to_owned())
    });
    ids.collect()
}

#[cfg(test)]
mod tests;
