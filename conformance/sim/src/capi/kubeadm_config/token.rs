//! Bootstrap tokens in the workload cluster: made, and kept good until the machine has joined.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fulcrum_apiserver::clock::seconds;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::api::Api;
use crate::api::resources::SECRETS;
use crate::capi::{Outcome, failed, link};
use crate::runtime::{Context, Requeue};
use crate::workload::{token_secret, token_secret_name};

/// Where it stands in a configuration.
pub(super) const PATH: &str = "spec.joinConfiguration.discovery.bootstrapToken.token";
/// How long a token is good.
const TTL: Duration = Duration::from_secs(15 * 60);
/// How often it is looked at.
pub(super) const INTERVAL: Duration = Duration::from_secs(TTL.as_secs() / 3);
/// A token that is good for longer than this is left alone.
const ENOUGH: Duration = Duration::from_secs(TTL.as_secs() * 5 / 6);

const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const NAMESPACE: &str = "kube-system";

async fn workload(cx: &Context, cluster: &Value) -> Outcome<Api> {
    link::dial(cx, cluster).await.map_err(|error| failed(error.to_string()))
}

fn end(cx: &Context) -> Timestamp {
    cx.clock.now().checked_add(TTL).unwrap_or(Timestamp::MAX)
}

/// Makes a token.
pub(super) async fn create(cx: &Context, cluster: &Value) -> Outcome<String> {
    let api = workload(cx, cluster).await?;
    let letter = |_| {
        let at = cx.entropy.below(LETTERS.len() as u64);
        char::from(LETTERS[usize::try_from(at).unwrap_or_default()])
    };
    let id: String = (0..6).map(letter).collect();
    let secret: String = (0..16).map(letter).collect();
    let token = format!("{id}.{secret}");
    api.create(&SECRETS, NAMESPACE, &token_secret(&token, end(cx))).await?;
    Ok(token)
}

/// Makes a token good for longer, if it will soon not be.
pub(super) async fn refresh(cx: &Context, cluster: &Value, token: &str) -> Outcome<Requeue> {
    let api = workload(cx, cluster).await?;
    let Some(mut secret) = api.get(&SECRETS, NAMESPACE, &token_secret_name(token)).await? else {
        return Err(failed("failed to get bootstrap token secret in order to refresh it"));
    };
    let expiration = secret["data"]["expiration"].as_str().and_then(|text| {
        let text = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
        text.parse::<Timestamp>().ok()
    });
    let enough = cx.clock.now().checked_add(ENOUGH).unwrap_or(Timestamp::MAX);
    if expiration.is_none_or(|expiration| expiration <= enough) {
        let until = seconds(end(cx));
        secret["data"]["expiration"] = json!(STANDARD.encode(until));
        api.update(&SECRETS, &secret).await?;
    }
    Ok(Requeue::After(INTERVAL))
}
