//! A judgement as files for machines: `report.yaml`, `junit.xml` and `history.jsonl`.
//!
//! The bytes are a function of what was judged: no clock, no host, no random id. Two runs over the
//! same logs leave the same folder.

mod conformance;
mod input;
mod junit;

pub use conformance::{API_VERSION, ConformanceReport};
pub use input::InputReport;

use crate::evidence::Evidence;
use crate::history::History;
use crate::verdict::Judgement;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a report cannot be written; each names the path.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The folder cannot be made.
    #[error("make the report folder {}", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of the report cannot be written.
    #[error("write {}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that was judged cannot be read again for its digest.
    #[error("read {file} for its digest")]
    Digest {
        /// The file.
        file: String,
        /// What the system said.
        source: io::Error,
    },
}

/// Writes the three files into `folder`, which is made where it is missing.
///
/// A report that stands there is replaced, file by file and each at once; other files are left
/// alone. `report.yaml` comes last, so that it never describes a history that is not there.
///
/// # Errors
///
/// A folder or a file that cannot be written, or an input that cannot be read any more.
pub fn write(
    folder: &Path,
    judgement: &Judgement,
    history: &History,
    evidence: &Evidence,
) -> Result<(), ReportError> {
    let report = ConformanceReport::new(judgement, InputReport::all(evidence)?);
    fs::create_dir_all(folder)
        .map_err(|source| ReportError::Folder { path: folder.to_owned(), source })?;
    replace(&folder.join("history.jsonl"), |out| history.write_jsonl(out))?;
    replace(&folder.join("junit.xml"), |out| junit::write(judgement, out))?;
    replace(&folder.join("report.yaml"), |out| report.write(out))
}

/// Writes a file beside its place and moves it there.
fn replace(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), ReportError> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    fill(&partial, content)
        .and_then(|()| fs::rename(&partial, path))
        .map_err(|source| ReportError::Write { path: path.to_owned(), source })
}

fn fill(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    content(&mut out)?;
    out.flush()
}

#[cfg(test)]
mod tests;
