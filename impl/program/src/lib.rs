//! What the programs of cell and agent have in common, around the libraries that do the work.
//!
//! **Invariant:** no library depends on this: here, and in the two `main.rs`, sockets are opened and
//! the clock and the entropy of the machine are read. Errors are `anyhow`'s, as in the programs.
//!
//! Reading order: [`Common`] (arguments), [`machine`] (time and chance), [`tcp`] (sockets), then
//! what a program does at its start and end.

mod common;
pub mod machine;
pub mod tcp;

use std::path::Path;

use anyhow::Context as _;
pub use common::{Common, Format};
use fulcrum_session::health::{Readiness, answer};
use futures_util::StreamExt as _;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// A client of the API server of a kubeconfig, or of that around the pod.
///
/// # Errors
/// If there is none, or it cannot be read.
pub async fn client(kubeconfig: Option<&Path>) -> anyhow::Result<Client> {
    let config = match kubeconfig {
        Some(path) => {
            let read = Kubeconfig::read_from(path)?;
            Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await?
        }
        None => Config::incluster()?,
    };
    Ok(Client::try_from(config)?)
}

/// Waits until the program is told to stop.
///
/// # Errors
/// If signals cannot be waited for.
pub async fn told_to_stop() -> anyhow::Result<()> {
    let mut terminated = signal(SignalKind::terminate()).context("wait for SIGTERM")?;
    tokio::select! {
        _ = terminated.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted.context("wait for an interrupt"),
    }
}

/// Answers probes until it is dropped.
pub async fn serve_health(listener: TcpListener, readiness: Readiness) {
    let answers = tcp::connections(listener).for_each_concurrent(16, |stream| {
        let readiness = readiness.clone();
        async move {
            if let Ok(stream) = stream
                && let Err(error) = answer(stream, readiness).await
            {
                tracing::debug!(%error, "a probe broke off");
            }
        }
    });
    answers.await;
}
