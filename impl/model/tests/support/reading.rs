//! The fixtures, read as `fulcrum graph` reads what a user hands it.

use std::fs;
use std::path::{Path, PathBuf};

use fulcrum_model::manifest::{self, ManifestErrors};
use fulcrum_model::object::Object;

/// The objects of `fixtures/<path>`, a file or a folder of files. Errors name the file alone.
pub(crate) fn read(path: &str) -> Result<Vec<Object>, ManifestErrors> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path);
    let read: Vec<(String, Vec<u8>)> = files(&root).iter().map(|file| named(file)).collect();
    manifest::read_all(read.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())))
}

fn files(root: &Path) -> Vec<PathBuf> {
    if root.is_file() {
        return vec![root.to_owned()];
    }
    let entries = fs::read_dir(root).expect("a fixture is a file or a folder");
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a folder that can be listed").path()).collect();
    files.sort();
    files
}

fn named(file: &Path) -> (String, Vec<u8>) {
    let name = file.file_name().expect("a file has a name").to_string_lossy().into_owned();
    (name, fs::read(file).expect("a fixture can be read"))
}
