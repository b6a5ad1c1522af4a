//! The strategy of kinds that differ from each other in what a table can say.

use std::sync::Arc;

use serde_json::Value;

use super::restore;
use crate::meta::NameRule;
use crate::registry::{Resource, Strategy, Subresource};
use crate::schema::Schema;
use crate::status::{FieldError, Status};

/// What a kind has that others have not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trait {
    /// `status` is written on its own.
    Status,
    /// Changes of `spec` are counted.
    Generation,
    /// A PUT needs a resourceVersion.
    Conditional,
    /// A PUT creates what is not there.
    CreateOnUpdate,
    /// A DELETE answers with the object.
    ReturnsDeleted,
}

/// A kind.
pub(super) struct Usual {
    schema: Schema,
    empty: Value,
    traits: &'static [Trait],
    /// What a name may be.
    pub(super) name_rule: NameRule,
    /// The status of a new object; `None`: as it was sent.
    pub(super) first_status: fn(&Value) -> Option<Value>,
    /// What else completes a decoded object.
    pub(super) finish: fn(&mut Value) -> Result<(), Status>,
    /// What is wrong with an object, or with the change from an old one.
    pub(super) judge: fn(&Value, Option<&Value>) -> Vec<FieldError>,
}

impl Usual {
    /// A kind with nothing special but its traits. `empty`: its zero value.
    pub(super) fn new(schema: Schema, empty: Value, traits: &'static [Trait]) -> Self {
        Self {
            schema,
            empty,
            traits,
            name_rule: NameRule::Subdomain,
            first_status: |_| None,
            finish: |_| Ok(()),
            judge: |_, _| Vec::new(),
        }
    }

    fn has(&self, feature: Trait) -> bool {
        self.traits.contains(&feature)
    }

    /// The resource with this kind's schema, strategy and `status`.
    pub(super) fn serve(self, mut resource: Resource) -> Resource {
        resource.schema = self.schema.clone();
        if self.has(Trait::Status) {
            resource.subresources.push(Subresource::STATUS);
        }
        resource.strategy = Arc::new(self);
        resource
    }
}

impl Strategy for Usual {
    fn name_rule(&self) -> NameRule {
        self.name_rule
    }

    fn empty(&self) -> Value {
        self.empty.clone()
    }

    fn reset_fields(&self, subresource: &str) -> &'static [&'static str] {
        match subresource {
            _ if !self.has(Trait::Status) => &[],
            "status" => &["spec"],
            _ => &["status"],
        }
    }

    fn has_generation(&self) -> bool {
        self.has(Trait::Generation)
    }

    fn unconditional_update(&self) -> bool {
        !self.has(Trait::Conditional)
    }

    fn create_on_update(&self) -> bool {
        self.has(Trait::CreateOnUpdate)
    }

    fn returns_deleted(&self) -> bool {
        self.has(Trait::ReturnsDeleted)
    }

    fn complete(&self, object: &mut Value) -> Result<(), Status> {
        super::complete(object, &self.schema, &self.empty)?;
        (self.finish)(object)
    }

    fn prepare_create(&self, object: &mut Value) {
        if let Some(status) = (self.first_status)(object) {
            object["status"] = status;
        }
    }

    fn prepare_update(&self, new: &mut Value, old: &Value, subresource: &str) {
        if self.has(Trait::Status) {
            restore(new, old, if subresource == "status" { "spec" } else { "status" });
        }
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        (self.judge)(object, None)
    }

    fn validate_update(&self, new: &Value, old: &Value, subresource: &str) -> Vec<FieldError> {
        if subresource == "status" { Vec::new() } else { (self.judge)(new, Some(old)) }
    }
}
