//! The files that hold the objects.

use crate::failure::Failure;
use anyhow::{Context, anyhow};
use fulcrum_reference::graph::Source;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// What a file must be called to be read from a folder.
const EXTENSIONS: [&str; 3] = ["json", "yaml", "yml"];

/// Reads files, folders and standard input.
pub(crate) fn read(inputs: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::new();
    for input in inputs {
        sources.extend(one(input).map_err(|error| {
            Failure::bad_input(error).hint("a file or folder of kubectl's JSON or YAML")
        })?);
    }
    Ok(sources)
}

fn one(input: &Path) -> anyhow::Result<Vec<Source>> {
    if input == Path::new("-") {
        return Ok(vec![standard_input()?]);
    }
    if !input.is_dir() {
        return Ok(vec![file(input)?]);
    }
    let files = manifests(input)?;
    if files.is_empty() {
        return Err(anyhow!("folder {} holds no .json, .yaml or .yml file", input.display()));
    }
    files.iter().map(|path| file(path)).collect()
}

fn standard_input() -> anyhow::Result<Source> {
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes).context("read standard input")?;
    Ok(Source { file: "standard input".to_owned(), bytes })
}

fn file(path: &Path) -> anyhow::Result<Source> {
    let bytes = fs::read(path).with_context(|| format!("read {}", path.display()))?;
    Ok(Source { file: path.display().to_string(), bytes })
}

/// The manifests of a folder and the folders below it, by path; links to folders are not followed.
fn manifests(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let reading = || format!("read folder {}", folder.display());
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).with_context(reading)? {
        let entry = entry.with_context(reading)?;
        let is_folder = entry.file_type().with_context(reading)?.is_dir();
        entries.push((entry.path(), is_folder));
    }
    entries.sort();
    let mut files = Vec::new();
    for (path, is_folder) in entries {
        if is_folder {
            files.extend(manifests(&path)?);
        } else if is_manifest(&path) && path.is_file() {
            files.push(path);
        }
    }
    Ok(files)
}

fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
}
