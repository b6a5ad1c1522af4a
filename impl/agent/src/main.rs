//! The program `fulcrum-agent`: sockets, the clock of the machine, its entropy, and an agent.
//!
//! Exit codes: 0, it was told to stop; 1, it could not start or could not go on; 2, it was called
//! wrongly.

mod args;
mod dial;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser as _;
use fulcrum_agent::{Agent, Invitation, Invited, Parts};
use fulcrum_identity::Secret;
use fulcrum_mover::NoWitness;
use fulcrum_program::machine::{MachineClock, MachineEntropy};
use fulcrum_program::{client, serve_health, tcp, told_to_stop};
use fulcrum_session::chain;

use crate::args::Args;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    args.common.start_log();
    match Box::pin(run(args)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = chain(&*error), "the agent ends");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> anyhow::Result<()> {
    let client = client(args.kubeconfig.as_deref()).await.context("reach the API server")?;
    let health = tcp::listen("health", args.common.listen_health).await?;
    let settings = args.settings();
    tracing::info!(cluster = %args.cluster, cell = args.cell, "the agent begins");
    let parts = Parts {
        client,
        clock: Arc::new(MachineClock),
        entropy: Arc::new(MachineEntropy),
        connect: Arc::new(dial::Tcp {
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
