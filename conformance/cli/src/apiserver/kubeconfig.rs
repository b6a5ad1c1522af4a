//! The file that tells clients how to reach the server.

use crate::failure::Failure;
use anyhow::anyhow;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

/// The first line: a file without it is somebody else's.
const MARK: &str = "# Written by fulcrum apiserver, and overwritten by it.";

/// A file that is not ours is not overwritten.
pub(super) fn check(file: &Path) -> Result<(), Failure> {
    match fs::read(file) {
        Ok(bytes) if bytes.is_empty() || bytes.starts_with(MARK.as_bytes()) => Ok(()),
        Ok(_) => Err(Failure::usage(anyhow!(
            "{} is there already, and was not written by fulcrum",
            file.display()
        ))
        .hint("another --kubeconfig, or remove the file")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unwritten(file, error)),
    }
}

/// Writes the file, readable by its owner alone.
pub(super) fn write(
    file: &Path,
    url: &str,
    authority: Option<&str>,
    token: &str,
) -> Result<(), Failure> {
    check(file)?;
    // A file that was there keeps its mode: it is made anew.
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(unwritten(file, error)),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(file)
        .and_then(|mut opened| opened.write_all(render(url, authority, token).as_bytes()))
        .map_err(|error| unwritten(file, error))
}

fn unwritten(file: &Path, error: std::io::Error) -> Failure {
    Failure::usage(anyhow::Error::new(error).context(format!("write {}", file.display())))
}

fn render(url: &str, authority: Option<&str>, token: &str) -> String {
    let trust = authority.map_or_else(String::new, |pem| {
        format!("\n    certificate-authority-data: {}", STANDARD.encode(pem))
    });
    format!(
        "{MARK}
apiVersion: v1
kind: Config
clusters:
- name: fulcrum
  cluster:
    server: {url}{trust}
users:
- name: fulcrum
  user:
    token: \"{token}\"
contexts:
- name: fulcrum
  context:
    cluster: fulcrum
    user: fulcrum
current-context: fulcrum
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_what_the_server_needs_and_no_more() {
        let open = render("http://127.0.0.1:80", None, "any");
        assert!(open.contains("\n    server: http://127.0.0.1:80\n"), "{open}");
        assert!(!open.contains("certificate-authority-data"), "{open}");
        let closed = render("https://127.0.0.1:80", Some("PEM"), "t");
        assert!(closed.contains("\n    certificate-authority-data: UEVN\n"), "{closed}");
        assert!(closed.contains("\n  user:\n    token: \"t\"\n"), "{closed}");
    }

    #[test]
    fn it_overwrites_its_own_file_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("config");
        write(&file, "http://a", None, "any").expect("it is new");
        write(&file, "http://b", None, "t").expect("it is ours");
        assert!(fs::read_to_string(&file).expect("it is there").contains("http://b"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&file).expect("it is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(&file, "apiVersion: v1\n").expect("the folder is ours");
        assert!(write(&file, "http://c", None, "any").is_err());
    }
}
