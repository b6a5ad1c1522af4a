//! The two sides of a world.

use std::fmt;

use fulcrum_model::protocol::Place;

/// A side by its place in the arrays.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum At {
    /// The parent.
    Parent,
    /// The child.
    Child,
}

impl At {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Parent, Self::Child];

    /// The index into the arrays of a world.
    #[must_use]
    pub fn index(self) -> usize {
        match self {
            Self::Parent => 0,
            Self::Child => 1,
        }
    }

    /// The other side.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Parent => Self::Child,
            Self::Child => Self::Parent,
        }
    }

    pub(crate) fn place(self) -> Place {
        match self {
            Self::Parent => Place::Parent,
            Self::Child => Place::Child,
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parent => "parent",
            Self::Child => "child",
        })
    }
}
