//! The names of objects in the model and on the wire.

use fulcrum_model::object::ObjectKey;
use fulcrum_proto::v1;

use crate::error::{SessionError, malformed};

/// A key on the wire.
pub(crate) fn to_wire(key: &ObjectKey) -> v1::ObjectKey {
    v1::ObjectKey {
        group: key.group.clone(),
        kind: key.kind.clone(),
        namespace: key.namespace.clone().unwrap_or_default(),
        name: key.name.clone(),
    }
}

/// A key of the wire.
pub(crate) fn from_wire(
    message: &'static str,
    field: &'static str,
    key: Option<&v1::ObjectKey>,
) -> Result<ObjectKey, SessionError> {
    let key = key.ok_or_else(|| malformed(message, field, "missing"))?;
    if key.kind.is_empty() || key.name.is_empty() {
        return Err(malformed(message, field, "a key without kind or name"));
    }
    Ok(ObjectKey {
        group: key.group.clone(),
        kind: key.kind.clone(),
        namespace: Some(key.namespace.clone()).filter(|namespace| !namespace.is_empty()),
        name: key.name.clone(),
    })
}
