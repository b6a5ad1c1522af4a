//! Where results go: standard output, or a file.

use crate::failure::Failure;
use anyhow::Context;
use std::fs;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;

/// Writes to standard output. A reader that went away, such as `head`, is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::usage(anyhow::Error::new(error).context("write to standard output")))
        }
        _ => Ok(()),
    }
}

/// Writes to the file, or to standard output where none is named.
pub(crate) fn write(file: Option<&Path>, text: &str) -> Result<(), Failure> {
    match file {
        None => print(text),
        Some(file) => fs::write(file, text)
            .with_context(|| format!("write {}", file.display()))
            .map_err(Failure::usage),
    }
}

/// Whether standard output is a terminal that wants colours.
pub(crate) fn colour() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stdout().is_terminal() && !set("NO_COLOR") && !dumb
}
