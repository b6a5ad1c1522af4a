//! ConfigMaps.

use serde_json::{Value, json};

use super::parts::{boolean, pointer, schema, texts};
use super::payload;
use super::usual::Usual;
use crate::registry::Resource;
use crate::status::FieldError;

pub(super) fn resources() -> Vec<Resource> {
    let schema = schema(json!({
        "data": texts(),
        "binaryData": texts(),
        "immutable": pointer(boolean()),
    }));
    let mut kind = Usual::new(schema, json!({}), &[]);
    kind.finish = |map| payload::normalise(map, "binaryData");
    kind.judge = judge;
    vec![kind.serve(super::resource(("", "v1"), "ConfigMap", "configmaps", &["cm"]))]
}

fn judge(map: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(old) = old {
        errors.extend(payload::frozen(map, old, &["data", "binaryData"]));
    }
    let (texts, bytes) = (payload::values(map, "data"), payload::values(map, "binaryData"));
    for key in texts.keys() {
        errors.extend(payload::key("data", key));
        if bytes.contains_key(key) {
            let why = "duplicate of key present in binaryData";
            errors.push(FieldError::invalid(format!("data[{key}]"), key, why));
        }
    }
    errors.extend(bytes.keys().flat_map(|key| payload::key("binaryData", key)));
    if payload::size(&texts, false) + payload::size(&bytes, true) > payload::MAX_SIZE {
        errors.push(FieldError::too_long("[]", payload::MAX_SIZE as u64));
    }
    errors
}
