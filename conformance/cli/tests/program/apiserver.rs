//! `fulcrum apiserver` as a program: what it says, leaves and refuses.

use crate::run::{fulcrum, root};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const TOKENS: &str = "admin-token,admin,uid-of-admin,\"system:masters\"\n";

/// A file of the test's own.
fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).expect("the folder is ours");
    path.display().to_string()
}

/// A server that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Starts a server on a free port; what it said first.
fn start(arguments: &[&str]) -> (Server, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_fulcrum"))
        .args(["apiserver", "--listen", "127.0.0.1:0"])
        .args(arguments)
        .current_dir(root())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program was built beside this test");
    let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
    let server = Server(child);
    let mut said = String::new();
    while !said.contains("Ctrl-C") {
        let read = out.read_line(&mut said).expect("we print UTF-8");
        assert_ne!(read, 0, "it ended: {said}");
    }
    (server, said)
}

/// The answer to a GET over plain HTTP.
fn get(said: &str, path: &str, headers: &str) -> String {
    let (_, rest) = said.split_once("http://").expect("it says where it listens");
    let address = rest.split_whitespace().next().expect("an address");
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

#[test]
fn a_server_without_tokens_lets_everybody_in() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let object = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "seed"}}"#;
    let objects = file(folder.path(), "objects.json", object);
    let (_server, said) = start(&["--plain-http", "--crds", &objects]);
    assert!(said.contains("Objects: 1 from 1 file(s)"), "{said}");
    let answer = get(&said, "/api/v1/namespaces/default/configmaps/seed", "");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("\"name\":\"seed\""), "{answer}");
}

#[test]
fn the_kubeconfig_holds_a_token_that_is_not_printed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tokens = file(folder.path(), "tokens.csv", TOKENS);
    let kubeconfig = folder.path().join("kubeconfig").display().to_string();
    let (_server, said) =
        start(&["--plain-http", "--tokens", &tokens, "--kubeconfig", &kubeconfig]);
    let config = fs::read_to_string(&kubeconfig).expect("it is there when the server is ready");
    let (_, token) = config.split_once("token: \"").expect("a token");
    let token = token.split('"').next().expect("a token");
    assert!(!said.contains(token) && !said.contains("admin-token"), "{said}");
    let path = "/api/v1/namespaces/default";
    for (headers, code) in [
        (format!("Authorization: Bearer {token}\r\n"), "200"),
        ("Authorization: Bearer admin-token\r\n".to_owned(), "200"),
        ("Authorization: Bearer other\r\n".to_owned(), "401"),
        (String::new(), "403"),
    ] {
        let answer = get(&said, path, &headers);
        assert!(answer.starts_with(&format!("HTTP/1.1 {code} ")), "{code}: {answer}");
    }
}

#[test]
fn with_tls_the_kubeconfig_holds_the_authority() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let kubeconfig = folder.path().join("kubeconfig").display().to_string();
    let (_server, said) = start(&["--kubeconfig", &kubeconfig]);
    assert!(said.contains("https://127.0.0.1:"), "{said}");
    let config = fs::read_to_string(&kubeconfig).expect("it is there when the server is ready");
    assert!(config.contains("certificate-authority-data: "), "{config}");
}

#[test]
fn what_is_wrong_with_a_file_has_its_name_and_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tokens = file(folder.path(), "tokens.csv", &format!("{TOKENS}alone\n"));
    let error = fulcrum(&["apiserver", "--tokens", &tokens]).failed(3);
    assert!(error.contains(&tokens) && error.contains("line 2"), "{error}");
    assert!(!error.contains("admin-token"), "{error}");
    let objects = file(folder.path(), "objects.yaml", "a: b\nc: [\n");
    let error = fulcrum(&["apiserver", "--crds", &objects]).failed(3);
    assert!(error.contains(&objects) && error.contains("line "), "{error}");
}

#[test]
fn a_kubeconfig_of_somebody_else_is_left_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let kubeconfig = file(folder.path(), "config", "apiVersion: v1\n");
    let error = fulcrum(&["apiserver", "--kubeconfig", &kubeconfig]).failed(2);
    assert!(error.contains(&kubeconfig) && error.contains("\n  try: "), "{error}");
    assert_eq!(fs::read_to_string(&kubeconfig).expect("it is there"), "apiVersion: v1\n");
}

#[test]
fn an_address_that_is_taken_is_usage() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it has one").to_string();
    let error = fulcrum(&["apiserver", "--listen", &address]).failed(2);
    assert!(error.contains(&address), "{error}");
}

#[test]
fn help_teaches_by_examples_and_lists_the_exit_codes() {
    let text = fulcrum(&["apiserver", "--help"]).fine();
    assert!(text.contains("\nExamples:\n") && text.contains("\nExit codes:\n"), "{text}");
}
