//! Where in the input an object stands.

use std::fmt;
use std::sync::Arc;

/// A place in the input: `dump.yaml, document 2, item 3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as the user named it.
    pub file: Arc<str>,
    /// The document of the file, from 1.
    pub document: usize,
    /// The line at which the document begins, from 1.
    pub line: usize,
    /// The items of the lists around the object, outermost first, each from 1.
    pub items: Vec<usize>,
}

impl Place {
    /// The place of the `item`th item (from 1) of the list that stands here.
    #[must_use]
    pub fn item(&self, item: usize) -> Self {
        let mut place = self.clone();
        place.items.push(item);
        place
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, document {}", self.file, self.document)?;
        if self.line > 1 {
            write!(f, " (line {})", self.line)?;
        }
        for item in &self.items {
            write!(f, ", item {item}")?;
        }
        Ok(())
    }
}
