//! Who may come in.

use crate::failure::Failure;
use anyhow::{Context, anyhow};
use fulcrum_apiserver::auth::{Tokens, User};
use fulcrum_apiserver::entropy::Entropy;
use fulcrum_apiserver::listen::RealEntropy;
use std::fs;
use std::path::Path;

const FORMAT: &str = "a line `token,user,uid,\"group,group\"` for each; uid may be empty, groups may \
                      be left out, and system:masters may do everything";
/// What a kubeconfig holds where no token is asked for: kubectl asks its user if it has none.
pub(super) const ANY_TOKEN: &str = "any";

/// The tokens that are known, and the one that is made for the kubeconfig.
pub(super) struct Access {
    pub(super) tokens: Tokens,
    /// Of an administrator.
    pub(super) own_token: String,
}

impl Access {
    /// From the file, or for everybody.
    pub(super) fn read(file: Option<&Path>) -> Result<Self, Failure> {
        let Some(file) = file else {
            return Ok(Self { tokens: Tokens::none_needed(), own_token: ANY_TOKEN.to_owned() });
        };
        let text = fs::read_to_string(file)
            .with_context(|| format!("read {}", file.display()))
            .map_err(Failure::bad_input)?;
        let mut tokens = Tokens::parse_csv(&text).map_err(|why| {
            Failure::bad_input(anyhow!("read {}: {why}", file.display())).hint(FORMAT)
        })?;
        let token = format!("{:016x}{:016x}", RealEntropy.bits(), RealEntropy.bits());
        tokens.insert(&token, User::admin());
        Ok(Self { tokens, own_token: token })
    }
}
