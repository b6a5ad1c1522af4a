//! What was judged, as a report names it.

use super::ReportError;
use crate::evidence::Evidence;
use crate::input::Input;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::{self, BufRead};

/// One file that was judged: enough to know it again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InputReport {
    /// What it was given as: `source`, `target` or `infrastructure`.
    pub role: &'static str,
    /// Its path as it was given.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl InputReport {
    /// Describes everything that a judgement rests on; each file is read once from end to end.
    ///
    /// # Errors
    ///
    /// A file that cannot be read any more.
    pub fn all(evidence: &Evidence) -> Result<Vec<Self>, ReportError> {
        let roles = [
            ("source", &evidence.source),
            ("target", &evidence.target),
            ("infrastructure", &evidence.infrastructure),
        ];
        let inputs = roles
            .into_iter()
            .flat_map(|(role, inputs)| inputs.iter().map(move |input| (role, input)));
        inputs.map(|(role, input)| Self::of(role, input)).collect()
    }

    fn of(role: &'static str, input: &Input) -> Result<Self, ReportError> {
        let (bytes, sha256) =
            digest(input).map_err(|source| ReportError::Digest { file: input.name(), source })?;
        Ok(Self { role, file: input.name(), bytes, sha256 })
    }
}

fn digest(input: &Input) -> io::Result<(u64, String)> {
    let mut from = input.open()?;
    let mut sha256 = Sha256::new();
    let mut bytes = 0;
    loop {
        let chunk = from.fill_buf()?;
        if chunk.is_empty() {
            return Ok((bytes, hexadecimal(&sha256.finalize())));
        }
        let read = chunk.len();
        sha256.update(chunk);
        from.consume(read);
        bytes += read as u64;
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}
