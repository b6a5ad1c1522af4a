//! One-time tokens in a Secret: what is used is recorded before it is of use.

use std::time::Duration;

use fulcrum_identity::{Identity, Redemption, Request, Token, Tokens};
use k8s_openapi::api::core::v1::Secret;
use rustls::pki_types::UnixTime;

use crate::error::CellError;
use crate::store::{Store, bytes};

/// The Secret that has the tokens, by their digests.
const SECRET: &str = "fulcrum-cell-tokens";

/// Its one key.
const KEY: &str = "tokens.json";

/// Why a token was not redeemed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// The token is not good for this. Which way is for the log alone.
    #[error("redeem a token")]
    Token(#[source] fulcrum_identity::Error),
    /// Whether it is good could not be found out.
    #[error(transparent)]
    Cell(#[from] CellError),
}

/// Makes a token for `identity` that holds for `lifetime` from `now`.
pub(crate) async fn issue(
    store: &Store,
    identity: &Identity,
    entropy: [u8; 32],
    now: UnixTime,
    lifetime: Duration,
) -> Result<Token, CellError> {
    let change = |secret: Option<&Secret>| {
        let mut tokens = read(secret)?;
        tokens.forget_expired(now);
        let token = tokens
            .issue(identity.clone(), entropy, now, lifetime)
            .map_err(CellError::identity("make a token"))?;
        Ok::<_, CellError>((vec![(KEY, tokens.to_json())], token))
    };
    store.change_secret(SECRET, change).await
}

/// Uses a token for the key of `request`, and says for which cluster. The use is stored before this
/// returns.
pub(crate) async fn redeem(
    store: &Store,
    shown: &Redemption<'_>,
    request: &Request,
    now: UnixTime,
) -> Result<Identity, Refused> {
    let change = |secret: Option<&Secret>| {
        let mut tokens = read(secret)?;
        let identity = tokens.redeem(shown, now).map_err(Refused::Token)?;
        request.check_names(&identity.cluster).map_err(Refused::Token)?;
        Ok::<_, Refused>((vec![(KEY, tokens.to_json())], identity))
    };
    store.change_secret(SECRET, change).await
}

/// Forgets the tokens of a cluster that is gone.
pub(crate) async fn revoke(store: &Store, identity: &Identity) -> Result<(), CellError> {
    let change = |secret: Option<&Secret>| {
        let mut tokens = read(secret)?;
        tokens.revoke(identity);
        Ok::<_, CellError>((vec![(KEY, tokens.to_json())], ()))
    };
    store.change_secret(SECRET, change).await
}

fn read(secret: Option<&Secret>) -> Result<Tokens, CellError> {
    match secret {
        Some(secret) => Tokens::from_json(bytes(secret, KEY)?)
            .map_err(CellError::identity("read the tokens of the cell")),
        None => Ok(Tokens::default()),
    }
}
