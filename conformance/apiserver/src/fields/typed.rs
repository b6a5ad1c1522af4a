//! A schema as merging sees it: what is a leaf, what a map, what a list with keys.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::path::{Element, Scalar};
use crate::schema::{Kind, ListType, Schema};

/// The type of a place in an object. Without a schema the type is deduced from the value:
/// objects by key, lists as a whole.
#[derive(Clone, Copy)]
pub struct Type<'a> {
    schema: Option<&'a Schema>,
    /// Whether apiVersion, kind and metadata are known here.
    object: bool,
    /// Whether a schema above lets unknown fields be.
    preserve: bool,
}

/// How a place is to be handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A value without parts.
    Scalar,
    /// A list, of whatever relation.
    List,
    /// A struct or a map.
    Map,
}

static METADATA: LazyLock<Schema> = LazyLock::new(|| {
    let text = json!({"type": "string"});
    let number = json!({"type": "integer"});
    let texts = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let owner = json!({"type": "object", "x-kubernetes-map-type": "atomic", "properties": {
        "apiVersion": text, "kind": text, "name": text, "uid": text,
        "controller": {"type": "boolean"}, "blockOwnerDeletion": {"type": "boolean"}}});
    let anything = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    Schema::parse(&json!({"type": "object", "properties": {
        "name": text, "generateName": text, "namespace": text, "selfLink": text, "uid": text,
        "resourceVersion": text, "generation": number, "creationTimestamp": text,
        "deletionTimestamp": text, "deletionGracePeriodSeconds": number,
        "clusterName": text, "labels": texts, "annotations": texts,
        "finalizers": {"type": "array", "x-kubernetes-list-type": "set", "items": text},
        "ownerReferences": {"type": "array", "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["uid"], "items": owner},
        "managedFields": {"type": "array", "x-kubernetes-list-type": "atomic",
            "items": anything}}}))
    .expect("the schema of metadata is written above and valid")
});

static TEXT: LazyLock<Schema> = LazyLock::new(|| {
    Schema::parse(&json!({"type": "string"})).expect("the schema of a string is valid")
});

impl<'a> Type<'a> {
    /// The type of whole objects of this schema.
    #[must_use]
    pub fn root(schema: &'a Schema) -> Self {
        Self { schema: Some(schema), object: true, preserve: false }
    }

    fn deduced() -> Self {
        Self { schema: None, object: false, preserve: true }
    }

    fn declared(schema: &'a Schema, preserve: bool) -> Self {
        Self { schema: Some(schema), object: schema.is_embedded(), preserve }
    }

    /// The kind of value the schema wants; `None` if any will do.
    pub(super) fn kind(self) -> Option<Kind> {
        let kind = self.schema?.kind();
        (!matches!(kind, Kind::Any | Kind::IntOrString)).then_some(kind)
    }

    /// How `value` is handled here. Where the schema leaves it open the value decides, and
    /// something absent or null counts as a map.
    #[must_use]
    pub fn form(self, value: Option<&Value>) -> Form {
        match self.kind() {
            Some(Kind::Object) => Form::Map,
            Some(Kind::Array) => Form::List,
            Some(_) => Form::Scalar,
            None if self.object => Form::Map,
            None => match value {
                None | Some(Value::Null | Value::Object(_)) => Form::Map,
                Some(Value::Array(_)) => Form::List,
                Some(_) => Form::Scalar,
            },
        }
    }

    /// Whether an object is one leaf here.
    #[must_use]
    pub fn atomic_map(self) -> bool {
        self.schema.is_some_and(Schema::map_type_atomic)
    }

    /// How the items of a list are told apart here.
    #[must_use]
    pub fn list(self) -> ListType {
        self.schema.map_or(ListType::Atomic, Schema::list_type)
    }

    /// Whether a list is one leaf here.
    #[must_use]
    pub fn atomic_list(self) -> bool {
        matches!(self.list(), ListType::Atomic)
    }

    /// The type of the field `name` and whether the schema declares it by name; `None` if it
    /// does not allow it.
    #[must_use]
    pub fn field(self, name: &str) -> Option<(Self, bool)> {
        let Some(schema) = self.schema else {
            return Some((Self::deduced(), false));
        };
        if self.object {
            match name {
                "apiVersion" | "kind" => return Some((Self::declared(&TEXT, false), true)),
                "metadata" => return Some((Self::declared(&METADATA, false), true)),
                _ => {}
            }
        }
        let preserve = self.preserve || schema.preserves_unknown();
        if let Some(property) = schema.property(name) {
            return Some((Self::declared(property, preserve), true));
        }
        if let Some(additional) = schema.additional() {
            return Some((Self::declared(additional, preserve), false));
        }
        let free = preserve || schema.properties().next().is_none();
        free.then(|| (Self::deduced(), false))
    }

    /// The type of the items of a list.
    #[must_use]
    pub fn item(self) -> Self {
        let Some(schema) = self.schema else {
            return Self::deduced();
        };
        let preserve = self.preserve || schema.preserves_unknown();
        schema.items().map_or_else(Self::deduced, |items| Self::declared(items, preserve))
    }

    /// The type of what `element` leads to.
    #[must_use]
    pub fn below(self, element: &Element) -> Self {
        match element {
            Element::Field(name) => self.field(name).map_or_else(Self::deduced, |(t, _)| t),
            Element::Key(_) | Element::Value(_) | Element::Index(_) => self.item(),
        }
    }

    /// The step to `item` in a list of this type.
    ///
    /// # Errors
    /// If the item has none of the keys, or is none that a set may have.
    pub fn step(self, item: &Value) -> Result<Element, String> {
        match self.list() {
            ListType::Map(keys) => self.keyed(&keys, item),
            ListType::Set => match item {
                Value::Object(_) => Err("associative list without keys has an element that's \
                                         a map type"
                    .to_owned()),
                Value::Array(_) => {
                    Err("not supported: associative list with lists as elements".to_owned())
                }
                Value::Null => Err("associative list without keys has an element that's an \
                                    explicit null"
                    .to_owned()),
                _ => Ok(Element::Value(Scalar(item.clone()))),
            },
            ListType::Atomic => Err("invalid indexing of non-associative list".to_owned()),
        }
    }

    fn keyed(self, keys: &[String], item: &Value) -> Result<Element, String> {
        let Some(fields) = item.as_object() else {
            let what = if item.is_null() { "a null" } else { "non-map" };
            let plural = if item.is_null() { "" } else { "s" };
            return Err(format!("associative list with keys may not have {what} element{plural}"));
        };
        let types = self.item();
        let mut found = Vec::new();
        for key in keys {
            let default = || types.field(key)?.0.schema?.default();
            if let Some(value) = fields.get(key).or_else(default) {
                found.push((key.clone(), Scalar(value.clone())));
            }
        }
        if found.is_empty() {
            let quoted: Vec<String> = keys.iter().map(|key| crate::status::quote(key)).collect();
            return Err(format!(
                "associative list with keys has an element that omits all key fields [{}] (and \
                 doesn't have default values for any key fields)",
                quoted.join(" ")
            ));
        }
        found.sort();
        Ok(Element::Key(found))
    }
}
