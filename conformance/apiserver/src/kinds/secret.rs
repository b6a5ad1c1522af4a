//! Secrets.

use serde_json::{Map, Value, json};

use super::parts::{boolean, pointer, schema, string, texts};
use super::payload;
use super::usual::Usual;
use crate::json::text_at;
use crate::registry::Resource;
use crate::status::{FieldError, Status};

/// The annotation that a token of a service account wants.
const ACCOUNT: &str = "kubernetes.io/service-account.name";

pub(super) fn resources() -> Vec<Resource> {
    let schema = schema(json!({
        "data": texts(),
        "stringData": texts(),
        "type": string(),
        "immutable": pointer(boolean()),
    }));
    let mut kind = Usual::new(schema, json!({}), &[]);
    kind.finish = finish;
    kind.judge = judge;
    let mut resource = super::resource(("", "v1"), "Secret", "secrets", &[]);
    resource.selectable = super::owned(&["type"]);
    vec![kind.serve(resource)]
}

/// Texts become bytes, and win over those that are there.
fn finish(secret: &mut Value) -> Result<(), Status> {
    payload::normalise(secret, "data")?;
    let texts = secret.as_object_mut().and_then(|secret| secret.remove("stringData"));
    for (key, text) in texts.as_ref().and_then(Value::as_object).into_iter().flatten() {
        let bytes = text.as_str().unwrap_or_default().as_bytes();
        secret["data"][key] = payload::encode(bytes);
    }
    super::fill(secret, &json!({"type": "Opaque"}));
    Ok(())
}

fn judge(secret: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(old) = old {
        errors.extend(super::immutable(secret, old, "/type"));
        errors.extend(payload::frozen(secret, old, &["data"]));
    }
    let data = payload::values(secret, "data");
    errors.extend(data.keys().flat_map(|key| payload::key("data", key)));
    if payload::size(&data, true) > payload::MAX_SIZE {
        errors.push(FieldError::too_long("data", payload::MAX_SIZE as u64));
    }
    errors.extend(wanted(secret, &data));
    errors
}

/// What a type wants to be there.
fn wanted(secret: &Value, data: &Map<String, Value>) -> Vec<FieldError> {
    let lacks = |key: &&str| !data.contains_key(*key);
    let missing: Vec<&str> = match text_at(secret, "/type") {
        "kubernetes.io/service-account-token" => {
            let there = secret["metadata"]["annotations"][ACCOUNT].as_str();
            let field = format!("metadata.annotations[{ACCOUNT}]");
            let error = there.is_none_or(str::is_empty).then(|| FieldError::required(field, ""));
            return error.into_iter().collect();
        }
        "kubernetes.io/dockercfg" => return docker(data, ".dockercfg"),
        "kubernetes.io/dockerconfigjson" => return docker(data, ".dockerconfigjson"),
        "kubernetes.io/basic-auth" => {
            let all = ["username", "password"];
            if all.iter().all(lacks) { all.to_vec() } else { Vec::new() }
        }
        "kubernetes.io/ssh-auth" => {
            let empty = data.get("ssh-privatekey").is_none_or(|key| *key == "");
            if empty { vec!["ssh-privatekey"] } else { Vec::new() }
        }
        "kubernetes.io/tls" => ["tls.crt", "tls.key"].into_iter().filter(lacks).collect(),
        _ => Vec::new(),
    };
    missing.into_iter().map(|key| FieldError::required(format!("data[{key}]"), "")).collect()
}

/// The credentials of a registry have to be JSON.
fn docker(data: &Map<String, Value>, key: &str) -> Vec<FieldError> {
    let field = format!("data[{key}]");
    let Some(value) = data.get(key).and_then(Value::as_str) else {
        return vec![FieldError::required(field, "")];
    };
    let bytes = payload::decode(value.as_bytes()).unwrap_or_default();
    match serde_json::from_slice::<Map<String, Value>>(&bytes) {
        Ok(_) => Vec::new(),
        Err(why) => {
            let hidden = "<secret contents redacted>";
            vec![FieldError::invalid(field, hidden, why.to_string())]
        }
    }
}
