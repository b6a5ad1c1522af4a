//! A file, or bytes that are already there.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;

/// How much of a file is read at once.
const BUFFER: usize = 1 << 20;

/// Something to read, with a name for messages.
#[derive(Clone, Debug)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// Bytes that are already there.
    Bytes {
        /// What messages call them.
        name: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

impl Input {
    /// What messages call it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Bytes { name, .. } => name.clone(),
        }
    }

    pub(crate) fn open(&self) -> io::Result<Box<dyn BufRead + '_>> {
        Ok(match self {
            Self::File(path) => Box::new(BufReader::with_capacity(BUFFER, File::open(path)?)),
            Self::Bytes { bytes, .. } => Box::new(bytes.as_slice()),
        })
    }
}
