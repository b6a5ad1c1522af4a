//! The strategy of custom resources: everything that their definition says.

use serde_json::{Value, json};

use crate::cel;
use crate::meta::Meta;
use crate::registry::{ScalePaths, Strategy};
use crate::schema::{self, Schema};
use crate::status::{FieldError, print};

/// A custom resource at a version.
#[derive(Clone, Debug)]
pub struct CustomKind {
    /// API group.
    pub group: String,
    /// Version of the request.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The plural.
    pub plural: String,
    /// Whether `status` is written on its own.
    pub status: bool,
    /// The schema of this version.
    pub schema: Schema,
    /// The version in which objects are stored.
    pub storage_version: String,
    /// The schema of that version.
    pub storage_schema: Schema,
    /// Where the number of replicas stands, if there is a subresource `scale`.
    pub scale: Option<ScalePaths>,
}

impl CustomKind {
    /// Between versions nothing changes but what the schema of the other one does not know.
    fn convert(&self, mut object: Value, version: &str, schema: &Schema) -> Value {
        let api_version = json!(format!("{}/{version}", self.group));
        if object["apiVersion"] != api_version {
            object["apiVersion"] = api_version;
            schema::prune(&mut object, schema);
        }
        object
    }

    /// The number of replicas has to be a number.
    fn scale_errors(&self, object: &Value) -> Option<FieldError> {
        let path = &self.scale.as_ref()?.spec;
        let value = object.pointer(&path.replace('.', "/"))?;
        if value.is_i64() || value.is_null() {
            return None;
        }
        let (shown, kind) = match value {
            Value::String(text) => (text.clone(), "string"),
            Value::Bool(flag) => (flag.to_string(), "bool"),
            Value::Number(number) => (number.to_string(), "float64"),
            other => (print(other), "map[string]interface {}"),
        };
        let why = format!("{path} accessor error: {shown} is of the type {kind}, expected int64");
        Some(FieldError::invalid_printed(path.clone(), "0", &why))
    }

    /// Adds to the errors of the schema those of its rules.
    fn rules(
        &self,
        mut errors: Vec<FieldError>,
        object: &Value,
        old: Option<&Value>,
    ) -> Vec<FieldError> {
        match schema::rules_unchecked(&self.schema, &errors) {
            Some(unchecked) => errors.push(unchecked),
            None => errors.extend(cel::judge(&self.schema, object, old)),
        }
        errors
    }
}

impl Strategy for CustomKind {
    fn reset_fields(&self, subresource: &str) -> &'static [&'static str] {
        match (self.status, subresource) {
            (true, "status") => &["spec"],
            (true, _) => &["status"],
            (false, _) => &[],
        }
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn unconditional_update(&self) -> bool {
        false
    }

    fn prepare_create(&self, object: &mut Value) {
        if let (true, Value::Object(map)) = (self.status, object) {
            map.remove("status");
        }
    }

    fn prepare_update(&self, new: &mut Value, old: &Value, subresource: &str) {
        if !self.status {
            return;
        }
        if subresource == "status" {
            let managed = new["metadata"]["managedFields"].take();
            let status = new.get("status").cloned();
            *new = old.clone();
            put(new, "status", status);
            if let Ok((mut meta, _)) = Meta::parse(new) {
                meta.managed_fields = managed.as_array().cloned().unwrap_or_default();
                meta.print(new);
            }
        } else {
            put(new, "status", old.get("status").cloned());
        }
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let mut errors = self.rules(schema::validate(object, &self.schema), object, None);
        errors.extend(self.scale_errors(object));
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value, subresource: &str) -> Vec<FieldError> {
        if subresource == "status" {
            let errors = schema::validate_status(new, old, &self.schema);
            return self.rules(errors, new, Some(old));
        }
        let errors = schema::validate_update(new, old, &self.schema);
        let mut errors = self.rules(errors, new, Some(old));
        errors.extend(self.scale_errors(new));
        errors
    }

    fn to_stored(&self, object: Value) -> Value {
        self.convert(object, &self.storage_version, &self.storage_schema)
    }

    fn to_served(&self, mut object: Value) -> Value {
        schema::default(&mut object, &self.storage_schema);
        self.convert(object, &self.version, &self.schema)
    }
}

/// Sets or removes a field.
fn put(object: &mut Value, field: &str, value: Option<Value>) {
    if let Value::Object(map) = object {
        match value {
            Some(value) => map.insert(field.to_owned(), value),
            None => map.remove(field),
        };
    }
}
