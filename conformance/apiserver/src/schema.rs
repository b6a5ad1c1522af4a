//! The structural schema of a version of a kind: what its objects may hold.
//!
//! Reading order: [`structural`] reads the schema, [`mod@prune`] takes away what is not in it,
//! [`mod@default`] fills in, [`mod@validate`] judges (with [`checks`] and [`mod@format`] for
//! single values, `lists` and `embedded` for what the schema says beyond JSON schema),
//! [`ratchet`] forgives on an update what was wrong before.
//!
//! **Invariant:** rules in CEL (`x-kubernetes-validations`) are kept and not judged here.

pub mod checks;
pub mod default;
mod embedded;
pub mod format;
mod lists;
pub mod prune;
pub mod ratchet;
pub mod structural;
#[cfg(test)]
mod tests;
pub mod validate;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde_json::Value;

pub use self::checks::Rules;
pub use self::default::default;
pub use self::prune::{integral, prune};
pub use self::ratchet::{validate_status, validate_update};
pub use self::validate::{rules_unchecked, validate};

/// A schema; cheap to clone.
#[derive(Clone, Debug)]
pub struct Schema(Arc<Node>);

#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) nullable: bool,
    pub(crate) preserve: bool,
    pub(crate) embedded: bool,
    pub(crate) map_atomic: bool,
    pub(crate) list_type: ListType,
    pub(crate) properties: BTreeMap<String, Schema>,
    pub(crate) items: Option<Schema>,
    pub(crate) additional: Option<Schema>,
    pub(crate) default: Option<Value>,
    pub(crate) validations: Vec<Value>,
    pub(crate) has_validations: bool,
    pub(crate) rules: Rules,
    pub(crate) all_of: Vec<Schema>,
    pub(crate) any_of: Vec<Schema>,
    pub(crate) one_of: Vec<Schema>,
    pub(crate) not: Option<Schema>,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A map with named fields or free keys.
    Object,
    /// A list.
    Array,
    /// A text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A whole number or a text.
    IntOrString,
    /// Anything: the schema names no type.
    #[default]
    Any,
}

/// How the entries of a list are told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ListType {
    /// Not at all: the list is one value.
    #[default]
    Atomic,
    /// By their value.
    Set,
    /// By these fields.
    Map(Vec<String>),
}

static OPEN: LazyLock<Schema> =
    LazyLock::new(|| Schema::from(Node { preserve: true, nullable: true, ..Node::default() }));

impl From<Node> for Schema {
    fn from(node: Node) -> Self {
        Self(Arc::new(node))
    }
}

impl Schema {
    /// Reads an `openAPIV3Schema`.
    ///
    /// # Errors
    /// A text that names the path of the first thing that cannot be read.
    pub fn parse(openapi_v3: &Value) -> Result<Self, String> {
        structural::parse(openapi_v3, "")
    }

    /// The schema that allows and keeps everything.
    #[must_use]
    pub fn open() -> Self {
        OPEN.clone()
    }

    /// The schema of the field `name`, where there is one of its own.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&Self> {
        self.0.properties.get(name)
    }

    /// The fields with a schema of their own, by name.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.0.properties.iter().map(|(k, v)| (k.as_str(), v))
    }

    /// The schema of the entries of a list.
    #[must_use]
    pub fn items(&self) -> Option<&Self> {
        self.0.items.as_ref()
    }

    /// The schema of the values of free keys.
    #[must_use]
    pub fn additional(&self) -> Option<&Self> {
        self.0.additional.as_ref()
    }

    /// The schema of the value under `key`: its own, or that of free keys.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&Self> {
        self.property(key).or(self.additional())
    }

    /// Whether fields outside the schema are kept here.
    #[must_use]
    pub fn preserves_unknown(&self) -> bool {
        self.0.preserve
    }

    /// Whether `null` is a value of its own.
    #[must_use]
    pub fn is_nullable(&self) -> bool {
        self.0.nullable
    }

    /// How the entries of this list are told apart.
    #[must_use]
    pub fn list_type(&self) -> ListType {
        self.0.list_type.clone()
    }

    /// Whether this map is one value for the field managers.
    #[must_use]
    pub fn map_type_atomic(&self) -> bool {
        self.0.map_atomic
    }

    /// The value for an absent field.
    #[must_use]
    pub fn default(&self) -> Option<&Value> {
        self.0.default.as_ref()
    }

    /// Whether a whole object, with kind and metadata, stands here.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        self.0.embedded
    }

    /// The type of the value.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The rules in CEL at this place, as they stand in the CRD.
    #[must_use]
    pub fn validations(&self) -> &[Value] {
        &self.0.validations
    }

    /// Whether there are rules in CEL here or anywhere below.
    #[must_use]
    pub fn has_validations(&self) -> bool {
        self.0.has_validations
    }

    pub(crate) fn node(&self) -> &Node {
        &self.0
    }
}
