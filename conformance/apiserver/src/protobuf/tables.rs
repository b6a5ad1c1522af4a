//! What the fields of a message mean: number, name in JSON, how often, type; by ascending number.

mod kinds;

use self::Type::{Bool, Fields, Int, Message, Text, Time};

pub(super) use self::kinds::of;

/// A field of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) number: u32,
    pub(super) name: &'static str,
    pub(super) count: Count,
    pub(super) kind: Type,
}

/// How often a field is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// Once, also when it is empty; in JSON it is then left out.
    Always,
    /// Once, if it is there.
    Optional,
    /// For every element.
    List,
    /// For every key, with a message of key and value.
    Map,
}

/// The type of a field, of an element, or of the value of a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Type {
    Text,
    /// Base64 in JSON.
    Bytes,
    Int,
    Bool,
    /// A message of seconds and nanoseconds, shown in seconds.
    Time,
    /// The same, shown in microseconds.
    MicroTime,
    /// `FieldsV1`: JSON as bytes in a message.
    Fields,
    /// A list of texts in JSON, a message with that list here.
    Items,
    Message(&'static [Field]),
}

pub(super) const fn always(number: u32, name: &'static str, kind: Type) -> Field {
    Field { number, name, count: Count::Always, kind }
}

pub(super) const fn optional(number: u32, name: &'static str, kind: Type) -> Field {
    Field { number, name, count: Count::Optional, kind }
}

pub(super) const fn list(number: u32, name: &'static str, kind: Type) -> Field {
    Field { number, name, count: Count::List, kind }
}

pub(super) const fn map(number: u32, name: &'static str, kind: Type) -> Field {
    Field { number, name, count: Count::Map, kind }
}

/// The type in an envelope.
pub(super) const TYPE_META: &[Field] = &[always(1, "apiVersion", Text), always(2, "kind", Text)];

/// The message of [`Type::Items`].
pub(super) const ITEMS: &[Field] = &[list(1, "items", Text)];

/// The metadata of lists and of `Status`.
pub(super) const LIST_META: &[Field] = &[
    always(1, "selfLink", Text),
    always(2, "resourceVersion", Text),
    always(3, "continue", Text),
    optional(4, "remainingItemCount", Int),
];

const OBJECT_META: &[Field] = &[
    always(1, "name", Text),
    always(2, "generateName", Text),
    always(3, "namespace", Text),
    always(4, "selfLink", Text),
    always(5, "uid", Text),
    always(6, "resourceVersion", Text),
    always(7, "generation", Int),
    always(8, "creationTimestamp", Time),
    optional(9, "deletionTimestamp", Time),
    optional(10, "deletionGracePeriodSeconds", Int),
    map(11, "labels", Text),
    map(12, "annotations", Text),
    list(13, "ownerReferences", Message(OWNER_REFERENCE)),
    list(14, "finalizers", Text),
    list(17, "managedFields", Message(MANAGED_FIELDS_ENTRY)),
];

const OWNER_REFERENCE: &[Field] = &[
    always(1, "kind", Text),
    always(3, "name", Text),
    always(4, "uid", Text),
    always(5, "apiVersion", Text),
    optional(6, "controller", Bool),
    optional(7, "blockOwnerDeletion", Bool),
];

const MANAGED_FIELDS_ENTRY: &[Field] = &[
    always(1, "manager", Text),
    always(2, "operation", Text),
    always(3, "apiVersion", Text),
    optional(4, "time", Time),
    always(6, "fieldsType", Text),
    optional(7, "fieldsV1", Fields),
    always(8, "subresource", Text),
];

const STATUS: &[Field] = &[
    always(1, "metadata", Message(LIST_META)),
    always(2, "status", Text),
    always(3, "message", Text),
    always(4, "reason", Text),
    optional(5, "details", Message(STATUS_DETAILS)),
    always(6, "code", Int),
];

const STATUS_DETAILS: &[Field] = &[
    always(1, "name", Text),
    always(2, "group", Text),
    always(3, "kind", Text),
    list(4, "causes", Message(STATUS_CAUSE)),
    always(5, "retryAfterSeconds", Int),
    always(6, "uid", Text),
];

const STATUS_CAUSE: &[Field] =
    &[always(1, "reason", Text), always(2, "message", Text), always(3, "field", Text)];

const DELETE_OPTIONS: &[Field] = &[
    optional(1, "gracePeriodSeconds", Int),
    optional(2, "preconditions", Message(PRECONDITIONS)),
    optional(3, "orphanDependents", Bool),
    optional(4, "propagationPolicy", Text),
    list(5, "dryRun", Text),
    optional(6, "ignoreStoreReadErrorWithClusterBreakingPotential", Bool),
];

const PRECONDITIONS: &[Field] = &[optional(1, "uid", Text), optional(2, "resourceVersion", Text)];

const PARTIAL: &[Field] = &[METADATA];

/// The first field of every object.
const METADATA: Field = always(1, "metadata", Message(OBJECT_META));

const LABEL_SELECTOR: &[Field] =
    &[map(1, "matchLabels", Text), list(2, "matchExpressions", Message(REQUIREMENT))];

/// Of a label or of a field.
const REQUIREMENT: &[Field] =
    &[always(1, "key", Text), always(2, "operator", Text), list(3, "values", Text)];
