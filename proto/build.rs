//! Generates the Rust of `pivot/v1/*.proto` without protoc: protox reads, prost and tonic write.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Messages whose bytes can hold a secret; `src/redacted.rs` writes their `Debug` by hand.
const REDACTED: [&str; 5] = [
    ".fulcrum.pivot.v1.Difference",
    ".fulcrum.pivot.v1.Distributable",
    ".fulcrum.pivot.v1.EnrolRequest",
    ".fulcrum.pivot.v1.ObjectCopy",
    ".fulcrum.pivot.v1.OutsideWrite",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=pivot/v1");
    let descriptors = protox::compile(sources(Path::new("pivot/v1"))?, ["."])?;
    tonic_prost_build::configure()
        .build_transport(false)
        .skip_debug(REDACTED)
        .compile_fds(descriptors)?;
    Ok(())
}

/// The sources of the package, sorted: the order in which a directory lists them is chance.
fn sources(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<PathBuf>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "proto"));
    paths.sort();
    Ok(paths)
}
