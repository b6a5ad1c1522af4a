//! The program `fulcrum-agent`: sockets, the clock of the machine, its entropy, and an agent.
//!
//! Exit codes: 0, it was told to stop; 1, it could not start or could not go on; 2, it was called
//! wrongly.

mod args;
mod tcp;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser as _;
use fulcrum_agent::{Agent, Invitation, Invited, Parts};
use fulcrum_identity::Secret;
use fulcrum_mover::{Clock, NoWitness};
use fulcrum_session::health::{Readiness, answer};
use fulcrum_session::{Entropy, chain};
use futures_util::StreamExt as _;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{Args, Format};

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    log(args.log_format, &args.log);
    match Box::pin(run(args)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = chain(&*error), "the agent ends");
            ExitCode::FAILURE
        }
    }
}

fn log(format: Format, filter: &str) {
    let filter = tracing_subscriber::EnvFilter::new(filter);
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        Format::Text => log.init(),
        Format::Json => log.json().init(),
    }
}

async fn run(args: Args) -> anyhow::Result<()> {
    let client = client(args.kubeconfig.as_deref()).await.context("reach the API server")?;
    let address = args.listen_health;
    let health = TcpListener::bind(address)
        .await
        .with_context(|| format!("listen for health on {address}"))?;
    let settings = args.settings();
    tracing::info!(cluster = %args.cluster, cell = args.cell, "the agent begins");
    let parts = Parts {
        client,
        clock: Arc::new(MachineClock),
        entropy: Arc::new(MachineEntropy),
        connect: Arc::new(tcp::Tcp {
            host: args.cell,
            pivot: args.pivot_port,
            enrolment: args.enrolment_port,
        }),
        invitation: Arc::new(Files { token: args.token_file, ca: args.ca_file }),
        witness: Arc::new(NoWitness),
    };
    let agent = Agent::new(parts, settings);
    let readiness = agent.readiness();
    tokio::select! {
        biased;
        told = told_to_stop() => {
            tracing::info!("the agent stops");
            told
        }
        () = serve_health(health, readiness) => Ok(()),
        end = agent.run() => match end {
            Ok(never) => match never {},
            Err(error) => Err(error.into()),
        },
    }
}

async fn client(kubeconfig: Option<&std::path::Path>) -> anyhow::Result<Client> {
    let config = match kubeconfig {
        Some(path) => {
            let read = Kubeconfig::read_from(path)?;
            Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await?
        }
        None => Config::incluster()?,
    };
    Ok(Client::try_from(config)?)
}

async fn told_to_stop() -> anyhow::Result<()> {
    let mut terminated = signal(SignalKind::terminate()).context("wait for SIGTERM")?;
    tokio::select! {
        _ = terminated.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted.context("wait for an interrupt"),
    }
}

/// Answers probes until it is dropped.
async fn serve_health(listener: TcpListener, readiness: Readiness) {
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

struct MachineClock;

impl Clock for MachineClock {
    #[expect(clippy::disallowed_methods, reason = "here is where the clock is read")]
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}

struct MachineEntropy;

impl Entropy for MachineEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives randomness");
    }
}

/// The token and the CAs in two files, as a Secret is mounted.
struct Files {
    token: PathBuf,
    ca: PathBuf,
}

impl Invitation for Files {
    fn read(&self) -> Option<Invited> {
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path)
                .inspect_err(
                    |error| tracing::warn!(path = %path.display(), %error, "no invitation"),
                )
                .ok()
        };
        let token = Secret::new(read(&self.token)?.trim().to_owned());
        Some(Invited { token, ca: read(&self.ca)? })
    }
}
