//! ServiceAccounts, and the tokens that they are asked for.

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::parts::{self, boolean, keyed, list, object, pointer, reference, string};
use crate::clock;
use crate::json::text_at;
use crate::registry::{Caller, Resource, Strategy, Subresource};
use crate::schema::Schema;
use crate::status::{FieldError, GroupKind, Status};

/// Who is to accept a token if nobody is named, and who issues it.
const SERVER: &str = "https://kubernetes.default.svc";
/// Seconds that a token is good for: the least, the usual, the most.
const LEAST: i64 = 600;
const USUAL: i64 = 3600;
const MOST: i64 = 1 << 32;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    parts::schema(json!({
        "secrets": keyed(&["name"], reference()),
        "imagePullSecrets": list(object(json!({"name": string()}))),
        "automountServiceAccountToken": pointer(boolean()),
    }))
});

pub(super) fn resources() -> Vec<Resource> {
    let mut resource = super::resource(("", "v1"), "ServiceAccount", "serviceaccounts", &["sa"]);
    resource.schema = SCHEMA.clone();
    let body = Some(("authentication.k8s.io", "v1", "TokenRequest"));
    resource.subresources = vec![Subresource { name: "token", body, verbs: &["create"] }];
    resource.strategy = Arc::new(ServiceAccount);
    vec![resource]
}

/// The schema and the zero value of the request for a token.
pub(super) fn token_request() -> (Schema, Value) {
    let bound = object(json!({
        "kind": string(),
        "apiVersion": string(),
        "name": string(),
        "uid": string(),
    }));
    let schema = parts::schema(json!({
        "spec": object(json!({
            "audiences": list(string()),
            "expirationSeconds": pointer(parts::integer()),
            "boundObjectRef": bound,
        })),
        "status": object(json!({"token": string(), "expirationTimestamp": string()})),
    }));
    let empty = json!({
        "spec": {"audiences": null, "boundObjectRef": null},
        "status": {"token": "", "expirationTimestamp": null},
    });
    (schema, empty)
}

/// The strategy of service accounts.
#[derive(Clone, Copy, Debug)]
struct ServiceAccount;

impl Strategy for ServiceAccount {
    fn returns_deleted(&self) -> bool {
        true
    }

    fn complete(&self, account: &mut Value) -> Result<(), Status> {
        super::complete(account, &SCHEMA, &self.empty())
    }

    /// A token. It is not signed: nobody but a test looks at it.
    fn connect(
        &self,
        by: &Caller<'_>,
        account: &Value,
        _subresource: &str,
        request: &Value,
    ) -> Result<Value, Status> {
        let seconds = request.pointer("/spec/expirationSeconds").and_then(Value::as_i64);
        let seconds = seconds.unwrap_or(USUAL);
        refuse_duration(seconds)?;
        let audiences = match super::list(request, "/spec/audiences") {
            [] => vec![json!(SERVER)],
            some => some.to_vec(),
        };
        let field = |name: &str| account["metadata"][name].clone();
        let mut metadata = json!({
            "name": field("name"),
            "namespace": field("namespace"),
            "uid": field("uid"),
            "creationTimestamp": by.now,
        });
        if let Some(entries) = request.pointer("/metadata/managedFields") {
            metadata["managedFields"] = entries.clone();
        }
        // the time of the request is one that the server wrote
        let now: Timestamp = by.now.parse().unwrap_or_default();
        let then = clock::later(now, SignedDuration::from_secs(seconds));
        Ok(json!({
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": metadata,
            "spec": {
                "expirationSeconds": seconds,
                "boundObjectRef": request.pointer("/spec/boundObjectRef"),
                "audiences": audiences,
            },
            "status": {
                "token": token(account, &audiences, now, then),
                "expirationTimestamp": clock::seconds(then),
            },
        }))
    }
}

fn refuse_duration(seconds: i64) -> Result<(), Status> {
    let why = match seconds {
        ..LEAST => "may not specify a duration less than 10 minutes",
        LEAST..=MOST => return Ok(()),
        _ => "may not specify a duration larger than 2^32 seconds",
    };
    let error = FieldError::invalid_value("spec.expirationSeconds", &json!(seconds), why);
    let kind = GroupKind::new("authentication.k8s.io", "TokenRequest");
    Err(Status::invalid(&kind, "", vec![error]))
}

/// A token of the form of JWT.
fn token(account: &Value, audiences: &[Value], from: Timestamp, until: Timestamp) -> String {
    let of = |field: &str| text_at(account, &format!("/metadata/{field}"));
    let (name, namespace) = (of("name"), of("namespace"));
    let claims = json!({
        "aud": audiences,
        "exp": until.as_second(),
        "iat": from.as_second(),
        "iss": SERVER,
        "kubernetes.io": {
            "namespace": namespace,
            "serviceaccount": {"name": name, "uid": of("uid")},
        },
        "nbf": from.as_second(),
        "sub": format!("system:serviceaccount:{namespace}:{name}"),
    });
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(json!({"alg": "none", "typ": "JWT"})), part(claims))
}
