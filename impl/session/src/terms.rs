//! What both sides agree on when a session opens (rules H5, T9).

use fulcrum_proto::v1;

use crate::error::SessionError;

/// The lowest minor version of `pivot.v1` that is spoken here.
pub const MIN_VERSION: u32 = 1;

/// The highest minor version of `pivot.v1` that is spoken here.
pub const MAX_VERSION: u32 = 1;

/// The canonical form of objects over which digests are computed here: that of
/// [`fulcrum_model::digest`].
pub const DIGEST_FORM: &str = "fulcrum.dev/canonical-v1";

/// The version and the canonical form of a session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Terms {
    /// The minor version of `pivot.v1`.
    pub version: u32,
    /// The canonical form.
    pub digest_form: String,
}

impl Terms {
    /// What a cell chooses of what an agent offers.
    ///
    /// # Errors
    /// [`SessionError::NoCommon`]: there is nothing to choose.
    pub fn choose(ready: &v1::AgentReady) -> Result<Self, SessionError> {
        let version = ready.max_version.min(MAX_VERSION);
        if version < ready.min_version || version < MIN_VERSION {
            return Err(SessionError::NoCommon {
                what: "a version",
                theirs: format!("{} to {}", ready.min_version, ready.max_version),
                ours: format!("{MIN_VERSION} to {MAX_VERSION}"),
            });
        }
        if !ready.digest_forms.iter().any(|form| form == DIGEST_FORM) {
            return Err(no_form(ready.digest_forms.join(", ")));
        }
        Ok(Self { version, digest_form: DIGEST_FORM.to_owned() })
    }

    /// Whether the agent speaks what the cell has chosen.
    ///
    /// # Errors
    /// [`SessionError::NoCommon`]: it does not.
    pub fn check(accepted: &v1::SessionAccepted) -> Result<Self, SessionError> {
        if !(MIN_VERSION..=MAX_VERSION).contains(&accepted.version) {
            return Err(SessionError::NoCommon {
                what: "a version",
                theirs: format!("{MIN_VERSION} to {MAX_VERSION}"),
                ours: accepted.version.to_string(),
            });
        }
        if accepted.digest_form != DIGEST_FORM {
            return Err(no_form(accepted.digest_form.clone()));
        }
        Ok(Self { version: accepted.version, digest_form: accepted.digest_form.clone() })
    }
}

fn no_form(theirs: String) -> SessionError {
    SessionError::NoCommon {
        what: "a canonical form of digests",
        theirs,
        ours: DIGEST_FORM.to_owned(),
    }
}
