//! What cannot be placed, and why (rule D5).

use std::fmt;
use std::sync::Arc;

use crate::object::{Index, Object, ObjectKey, OwnerFault, OwnerReference, Place, listed};

/// Why an object cannot be placed. Its text names every object, and where it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// An owner is missing or foreign.
    Owner {
        /// The dependent.
        object: ObjectKey,
        /// Where it was read.
        place: Option<Place>,
        /// The owner reference.
        owner: Box<OwnerReference>,
        /// What is wrong with it.
        fault: Box<OwnerFault>,
    },
    /// Objects own each other: each is owned by the next, the last by the first.
    Cycle(Vec<ObjectKey>),
    /// Two objects have one key.
    SameKey {
        /// The key.
        object: ObjectKey,
        /// Where the two were read.
        places: [Option<Place>; 2],
    },
    /// Two objects have one UID: they cannot come from one API server.
    SameUid {
        /// The UID.
        uid: String,
        /// The two objects.
        objects: [ObjectKey; 2],
        /// Where the two were read.
        places: [Option<Place>; 2],
    },
    /// An object belongs to several Clusters, and is not of a kind that several may use.
    Shared {
        /// The object.
        object: ObjectKey,
        /// The Clusters.
        clusters: Arc<[ObjectKey]>,
    },
    /// The name of a Secret that no Cluster owns fits several Clusters.
    Ambiguous {
        /// The Secret.
        object: ObjectKey,
        /// The Clusters.
        clusters: Arc<[ObjectKey]>,
    },
}

impl Problem {
    /// The owner reference of `object` that leads nowhere.
    pub(crate) fn owner(object: &Object, owner: &OwnerReference, fault: OwnerFault) -> Self {
        Self::Owner {
            object: object.key().clone(),
            place: object.place().cloned(),
            owner: Box::new(owner.clone()),
            fault: Box::new(fault),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner { object, place, owner, fault } => {
                write!(f, "{object}{}: owner {owner}: {fault}", Read(place.as_ref()))
            }
            Self::Cycle(path) => cycle(f, path),
            Self::SameKey { object, places } => {
                write!(f, "{object} is there twice{}", Both(places))
            }
            Self::SameUid { uid, objects: [one, two], places } => {
                write!(f, "{one} and {two} have one uid, {uid}{}", Both(places))
            }
            Self::Shared { object, clusters } => {
                write!(f, "{object} belongs to several Clusters: {}", listed(clusters.iter()))
            }
            Self::Ambiguous { object, clusters } => {
                let clusters = listed(clusters.iter());
                write!(f, "no Cluster owns {object}, whose name fits several Clusters: {clusters}")
            }
        }
    }
}

fn cycle(f: &mut fmt::Formatter<'_>, path: &[ObjectKey]) -> fmt::Result {
    f.write_str("owner cycle: ")?;
    for key in path {
        write!(f, "{key} is owned by ")?;
    }
    match path.first() {
        Some(first) => write!(f, "{first}"),
        None => Ok(()),
    }
}

/// ` (dump.yaml, document 2)`, or nothing.
struct Read<'a>(Option<&'a Place>);

impl fmt::Display for Read<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(place) => write!(f, " ({place})"),
            None => Ok(()),
        }
    }
}

/// `: in a.yaml, document 1, and in b.yaml, document 1`, or nothing.
struct Both<'a>(&'a [Option<Place>; 2]);

impl fmt::Display for Both<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [Some(one), Some(two)] => write!(f, ": in {one}, and in {two}"),
            _ => Ok(()),
        }
    }
}

/// The problem of two objects of `index` that share a key or a UID.
pub(crate) fn clash(index: &Index<'_>, (one, two): (usize, usize)) -> Problem {
    let (one, two) = (index.object(one), index.object(two));
    let places = [one.place().cloned(), two.place().cloned()];
    if one.key() == two.key() {
        return Problem::SameKey { object: one.key().clone(), places };
    }
    Problem::SameUid {
        uid: one.uid().map(ToString::to_string).unwrap_or_default(),
        objects: [one.key().clone(), two.key().clone()],
        places,
    }
}

/// Everything that keeps a set of objects from being ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphError {
    problems: Vec<Problem>,
}

impl GraphError {
    /// The error of these problems.
    pub(crate) fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// What is wrong, one entry for each object, owner and cycle.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these objects cannot be placed:")?;
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for GraphError {}
