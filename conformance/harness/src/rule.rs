//! The rules of the contract, read from `proto/CONTRACT.md`.
//!
//! The document is the only place where a rule is worded; everything that prints one takes it from
//! here. A rule is a list item in a section whose heading starts with the letter of its area:
//!
//! ```text
//! ## T. Transport and identity
//!
//! - **T1** [o] core. The pivot opens no connection to the child;
//!   the child dials out.
//!   Cases: `checker/no-dial-in`
//! ```

mod parse;

pub use parse::{ContractError, parse};

use std::sync::LazyLock;

/// How a rule can be seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tag {
    /// `[o]`: at an API server, in the infrastructure or on the network.
    Outcome,
    /// `[w]`: in the messages of the wire protocol.
    Wire,
    /// `[r]`: in what the subject reports of itself.
    Reported,
}

/// One rule of the contract.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    /// Its id, such as `H1a`: kept for good once a case cites it.
    pub id: String,
    /// The area that it stands in, such as `Order`.
    pub area: String,
    /// How it can be seen; at least one.
    pub tags: Vec<Tag>,
    /// Whether it belongs to the core-safety profile.
    pub core: bool,
    /// Its words, on one line, with the document's emphasis.
    pub text: String,
    /// The ids of the cases that show it; empty where there is none yet.
    pub cases: Vec<String>,
}

impl Rule {
    /// The words without the document's emphasis, for a terminal.
    pub fn plain_text(&self) -> String {
        self.text.split('`').enumerate().fold(String::new(), |mut plain, (index, part)| {
            if index > 0 {
                plain.push('`');
            }
            let in_code = index % 2 == 1;
            plain.extend(part.chars().filter(|&letter| in_code || letter != '*'));
            plain
        })
    }
}

/// Every rule of the contract that this build carries, in the order of the document.
pub fn all() -> &'static [Rule] {
    static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
        parse(include_str!("../../../proto/CONTRACT.md"))
            .unwrap_or_else(|error| panic!("the contract of this build is malformed: {error}"))
    });
    &RULES
}

/// The rule of that id.
pub fn find(id: &str) -> Option<&'static Rule> {
    all().iter().find(|rule| rule.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_of_this_build_parses() {
        assert!(all().len() > 50, "{} rules", all().len());
        assert!(find("H1a").is_some_and(|rule| rule.core && rule.area.contains("owns")));
        assert_eq!(find("H0"), None);
    }

    #[test]
    fn plain_text_drops_emphasis_and_keeps_code() {
        let rule = Rule {
            id: "X1".to_owned(),
            area: "Example".to_owned(),
            tags: vec![Tag::Outcome],
            core: false,
            text: "*Never* send `a*b`, **ever**.".to_owned(),
            cases: Vec::new(),
        };
        assert_eq!(rule.plain_text(), "Never send `a*b`, ever.");
    }
}
