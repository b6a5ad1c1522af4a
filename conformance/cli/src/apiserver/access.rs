//! Who may come in.

use crate::failure::Failure;
use anyhow::{Context, anyhow};
use fulcrum_apiserver::auth::{Tokens, User};
use fulcrum_apiserver::entropy::Entropy;
use fulcrum_apiserver::listen::RealEntropy;
use std::fs;
use std::path::Path;

const FORMAT: &str = "a line `token,user,uid,\"group,group\"` for each; uid and groups may be left \
                      out, and system:masters may do everything";

/// The tokens that are known, and the one that is made for the kubeconfig.
pub(super) struct Access {
    pub(super) tokens: Tokens,
    /// Of an administrator; none where nobody needs one.
    pub(super) own_token: Option<String>,
}

impl Access {
    /// From the file, or for everybody.
    pub(super) fn read(file: Option<&Path>) -> Result<Self, Failure> {
        let Some(file) = file else {
            return Ok(Self { tokens: Tokens::none_needed(), own_token: None });
        };
        let text = fs::read_to_string(file)
            .with_context(|| format!("read {}", file.display()))
            .map_err(Failure::bad_input)?;
        let mut tokens = Tokens::parse_csv(&text).map_err(|why| {
            Failure::bad_input(anyhow!("read {}: {why}", file.display())).hint(FORMAT)
        })?;
        let token = format!("{:016x}{:016x}", RealEntropy.bits(), RealEntropy.bits());
        tokens.insert(&token, User::admin());
        Ok(Self { tokens, own_token: Some(token) })
    }
}
