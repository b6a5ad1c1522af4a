//! `fulcrum apiserver`: a Kubernetes API server in memory, on a socket.

mod access;
mod kubeconfig;
mod manifest;
mod objects;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use access::{ANY_TOKEN, Access};
use anyhow::Context;
use clap::Args;
use fulcrum_apiserver::clock::Clock;
use fulcrum_apiserver::listen::{self, Identity, Listener, RealClock, RealEntropy};
use fulcrum_apiserver::{ApiServer, Options};
use manifest::Manifest;
use std::fmt::Write;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{self, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use tokio::runtime::Builder;

/// Serve a Kubernetes API from memory, for tests.
#[derive(Args, Debug)]
pub(crate) struct ApiserverArgs {
    /// Where to listen; port 0 takes one that is free.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:6443")]
    listen: SocketAddr,
    /// Who may come in: a line `token,user,uid,"group,group"` for each.
    ///
    /// Without it nobody is asked for a token, and everybody may do everything.
    #[arg(long, value_name = "FILE.csv")]
    tokens: Option<PathBuf>,
    /// Speak HTTP without TLS.
    #[arg(long)]
    plain_http: bool,
    /// Leave a kubeconfig of an administrator here, when the server is ready.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Objects to begin with, as kubectl's JSON or YAML: CustomResourceDefinitions first, then the
    /// others in their order.
    #[arg(long, alias = "objects", num_args = 1.., value_name = "FILE")]
    crds: Vec<PathBuf>,
}

/// Reads what it is given, listens, and answers until it is told to stop.
pub(crate) fn run(args: &ApiserverArgs) -> Result<Exit, Failure> {
    let access = Access::read(args.tokens.as_deref())?;
    let manifests = manifest::read(&args.crds)?;
    if let Some(file) = &args.kubeconfig {
        kubeconfig::check(file)?;
    }
    let runtime = Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("start the runtime").map_err(Failure::own_fault)?;
    runtime.block_on(serve(args, access, manifests))?;
    Ok(Exit::Fine)
}

async fn serve(
    args: &ApiserverArgs,
    access: Access,
    manifests: Vec<Manifest>,
) -> Result<(), Failure> {
    let stop = stop().context("listen to signals").map_err(Failure::own_fault)?;
    let address = args.listen.ip().to_string();
    let identity = match args.plain_http {
        true => None,
        false => Some(
            Identity::generate([address.as_str()], RealClock.now()).map_err(Failure::own_fault)?,
        ),
    };
    let options = listen::Options { address: args.listen, identity: identity.clone() };
    let listener = Listener::bind(options).await.map_err(|error| {
        Failure::usage(error).hint("another --listen; port 0 takes one that is free")
    })?;
    let url = url(listener.address(), identity.is_some());
    let server = ApiServer::new(Options {
        clock: Arc::new(RealClock),
        entropy: Arc::new(RealEntropy),
        tokens: access.tokens,
    });

    let mut serving = pin!(listener.serve(server.clone(), stop));
    tokio::select! {
        () = &mut serving => return Ok(()),
        created = objects::create(&server, &manifests) => created?,
    }
    let mut text = format!("A Kubernetes API server in memory listens at {url}\n");
    if !manifests.is_empty() {
        let (count, files) = (manifests.len(), args.crds.len());
        say(&mut text, format_args!("Objects: {count} from {files} file(s)"));
    }
    let authority = identity.as_ref().map(Identity::authority);
    if let Some(file) = &args.kubeconfig {
        kubeconfig::write(file, &url, authority, &access.own_token)?;
    }
    teach(&mut text, args, &url);
    output::print(&text)?;
    serving.await;
    output::print("Stopped; what it held is gone.\n")
}

fn say(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a String takes everything");
}

/// What the user can do now.
fn teach(text: &mut String, args: &ApiserverArgs, url: &str) {
    let open = args.tokens.is_none();
    if open {
        say(text, format_args!("Who may come in: everybody, as administrator, without a token"));
    }
    if open && !args.listen.ip().is_loopback() {
        say(text, format_args!("warning: that is everybody who reaches {}", args.listen.ip()));
    }
    match &args.kubeconfig {
        Some(file) => {
            // A relative name would point elsewhere from another folder.
            let file = path::absolute(file).unwrap_or_else(|_| file.clone());
            let kind = if open { "" } else { ", with a token: it is readable by you alone" };
            say(text, format_args!("Kubeconfig: {}{kind}", file.display()));
            say(text, format_args!("\n  export KUBECONFIG='{}'", file.display()));
            say(text, format_args!("  kubectl get namespaces"));
        }
        None if args.plain_http => {
            say(text, format_args!("\n  kubectl --server {url} get namespaces"));
        }
        None => {
            let token = if open { ANY_TOKEN } else { "TOKEN" };
            let kubectl =
                format!("kubectl --server {url} --insecure-skip-tls-verify --token {token}");
            say(text, format_args!("\n  {kubectl} get namespaces"));
            say(
                text,
                format_args!("\nWith --kubeconfig FILE clients get its certificate as well."),
            );
        }
    }
    say(text, format_args!("\nCtrl-C ends it. Nothing is kept."));
}

/// The URL for clients on this machine.
fn url(address: SocketAddr, tls: bool) -> String {
    let scheme = if tls { "https" } else { "http" };
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("{scheme}://{}", SocketAddr::new(ip, address.port()))
}

/// Is done when the user, or whoever runs the program, wants it to end.
#[cfg(unix)]
fn stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Is done when the user wants it to end.
#[cfg(not(unix))]
fn stop() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_one_that_a_client_can_dial() {
        let url = |address: &str, tls| url(address.parse().expect("an address"), tls);
        assert_eq!(url("127.0.0.1:6443", true), "https://127.0.0.1:6443");
        assert_eq!(url("0.0.0.0:80", false), "http://127.0.0.1:80");
        assert_eq!(url("[::]:6443", true), "https://[::1]:6443");
    }
}
