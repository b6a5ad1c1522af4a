//! Sets of fields.

use std::collections::{BTreeMap, BTreeSet};

use super::path::Element;
use super::typed::Type;

/// A set of paths, as a tree: at each level the fields that belong to it, and below them the
/// sets of what is inside. A container and its contents are members independently.
///
/// **Invariant:** no child is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set {
    members: BTreeSet<Element>,
    children: BTreeMap<Element, Set>,
}

impl Set {
    /// The set of these dotted paths of fields, such as `metadata.name`.
    #[must_use]
    pub fn of_fields(paths: &[&str]) -> Self {
        let mut set = Self::default();
        for path in paths {
            let steps: Vec<Element> = path.split('.').map(Element::field).collect();
            set.insert(&steps);
        }
        set
    }

    /// Adds `path`, and none of its parents. The empty path is nobody's and not added.
    pub fn insert(&mut self, path: &[Element]) {
        match path {
            [] => {}
            [last] => {
                self.members.insert(last.clone());
            }
            [first, rest @ ..] => self.children.entry(first.clone()).or_default().insert(rest),
        }
    }

    /// Puts `child` below `element`; an empty one leaves no trace.
    pub(super) fn graft(&mut self, element: Element, child: Set) {
        if !child.is_empty() {
            self.children.insert(element, child);
        }
    }

    /// Whether there is no path in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.is_empty()
    }

    /// Whether `element` itself is a member of this level.
    #[must_use]
    pub fn has(&self, element: &Element) -> bool {
        self.members.contains(element)
    }

    /// What is in the set below `element`.
    #[must_use]
    pub fn below(&self, element: &Element) -> Option<&Set> {
        self.children.get(element)
    }

    /// The members of this level, in order.
    pub(super) fn members(&self) -> impl Iterator<Item = &Element> {
        self.members.iter()
    }

    /// The sets below, in order.
    pub(super) fn children(&self) -> impl Iterator<Item = (&Element, &Set)> {
        self.children.iter()
    }

    /// Whether `path` is in the set.
    #[must_use]
    pub fn contains(&self, path: &[Element]) -> bool {
        match path {
            [] => false,
            [last] => self.has(last),
            [first, rest @ ..] => self.below(first).is_some_and(|set| set.contains(rest)),
        }
    }

    /// All paths: at each level first its members, then what is below.
    #[must_use]
    pub fn paths(&self) -> Vec<Vec<Element>> {
        let mut paths = Vec::new();
        self.collect(&mut Vec::new(), &mut paths);
        paths
    }

    fn collect(&self, prefix: &mut Vec<Element>, paths: &mut Vec<Vec<Element>>) {
        for member in &self.members {
            let mut path = prefix.clone();
            path.push(member.clone());
            paths.push(path);
        }
        for (element, child) in &self.children {
            prefix.push(element.clone());
            child.collect(prefix, paths);
            prefix.pop();
        }
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Set) -> Set {
        let mut union = self.clone();
        union.absorb(other);
        union
    }

    fn absorb(&mut self, other: &Set) {
        self.members.extend(other.members.iter().cloned());
        for (element, child) in &other.children {
            self.children.entry(element.clone()).or_default().absorb(child);
        }
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Set) -> Set {
        let mut both = Set {
            members: self.members.intersection(&other.members).cloned().collect(),
            children: BTreeMap::new(),
        };
        for (element, child) in &self.children {
            if let Some(twin) = other.children.get(element) {
                both.graft(element.clone(), child.intersection(twin));
            }
        }
        both
    }

    /// What is in this and not in `other`, path by path: a container that is in `other` does
    /// not take its contents with it.
    #[must_use]
    pub fn difference(&self, other: &Set) -> Set {
        self.without(other, false)
    }

    /// What is in this and neither in `other` nor below a member of it.
    #[must_use]
    pub fn difference_with_contents(&self, other: &Set) -> Set {
        self.without(other, true)
    }

    fn without(&self, other: &Set, contents: bool) -> Set {
        let mut rest = Set {
            members: self.members.difference(&other.members).cloned().collect(),
            children: BTreeMap::new(),
        };
        for (element, child) in &self.children {
            if contents && other.members.contains(element) {
                continue;
            }
            let child = match other.children.get(element) {
                Some(twin) => child.without(twin, contents),
                None => child.clone(),
            };
            rest.graft(element.clone(), child);
        }
        rest
    }

    /// The same with every declared field on the way to a member as a member of its own.
    #[must_use]
    pub fn with_named_fields(&self, kind: Type<'_>) -> Set {
        let mut all = Set { members: self.members.clone(), children: BTreeMap::new() };
        for (element, child) in &self.children {
            if let Element::Field(name) = element
                && kind.field(name).is_some_and(|(_, declared)| declared)
            {
                all.members.insert(element.clone());
            }
            let child = child.with_named_fields(kind.below(element));
            all.graft(element.clone(), child);
        }
        all
    }
}
