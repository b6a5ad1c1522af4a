//! The program `fulcrum-cell`: sockets, the clock of the machine, its entropy, and a cell.
//!
//! Exit codes: 0, it was told to stop; 1, it could not start or could not go on; 2, it was called
//! wrongly.

mod args;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser as _;
use fulcrum_cell::{Cell, ManagedCluster, Parts, Witnesses};
use fulcrum_mover::{ClusterName, ConfigMapWitness, NoWitness, Witness};
use fulcrum_program::machine::{MachineClock, MachineEntropy};
use fulcrum_program::{client, serve_health, tcp, told_to_stop};
use fulcrum_session::chain;
use kube::{Client, CustomResourceExt as _};
use tokio::task::JoinSet;

use crate::args::Args;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    if args.print_crds {
        return print_crds();
    }
    args.common.start_log();
    match Box::pin(run(args)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = chain(&*error), "the cell ends");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "it is asked to print")]
fn print_crds() -> ExitCode {
    let crds = [ManagedCluster::crd(), fulcrum_mover::record::PivotRecord::crd()];
    for crd in crds {
        match serde_saphyr::to_string(&crd) {
            Ok(text) => println!("---\n{text}"),
            Err(error) => {
                eprintln!("write a CRD as YAML: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

async fn run(args: Args) -> anyhow::Result<()> {
    let client = client(args.kubeconfig.as_deref()).await.context("reach the API server")?;
    let witness = match &args.witness_kubeconfig {
        Some(path) => Some(fulcrum_program::client(Some(path)).await.context("reach the witness")?),
        None => None,
    };
    let settings = args.settings();
    let witnesses = ElsewhereOrNowhere {
        client: witness,
        namespace: args.witness_namespace.clone(),
        deadline: settings.pace.deadline,
    };
    let parts = Parts {
        client,
        clock: Arc::new(MachineClock),
        entropy: Arc::new(MachineEntropy),
        witnesses: Arc::new(witnesses),
    };
    let health = tcp::listen("health", args.common.listen_health).await?;
    let pivot = tcp::listen("agents", args.listen_pivot).await?;
    let enrolment = tcp::listen("enrolments", args.listen_enrolment).await?;
    let cell = Cell::open(parts, settings).await?;
    tracing::info!(pivot = %args.listen_pivot, enrolment = %args.listen_enrolment, "the cell begins");
    let mut probes = JoinSet::new();
    probes.spawn(serve_health(health, cell.readiness()));
    tokio::try_join!(
        async { cell.control().await.map_err(anyhow::Error::from) },
        async { cell.serve_pivot(tcp::connections(pivot)).await.map_err(anyhow::Error::from) },
        async {
            let incoming = tcp::connections(enrolment);
            cell.serve_enrolment(incoming).await.map_err(anyhow::Error::from)
        },
        async {
            told_to_stop().await?;
            tracing::info!("the cell stops");
            cell.stop();
            anyhow::Ok(())
        },
    )?;
    Ok(())
}

/// A witness in another cluster, or none.
struct ElsewhereOrNowhere {
    client: Option<Client>,
    namespace: String,
    deadline: std::time::Duration,
}

impl Witnesses for ElsewhereOrNowhere {
    fn witness(&self, cluster: &ClusterName) -> Arc<dyn Witness> {
        match &self.client {
            Some(client) => {
                let (client, namespace) = (client.clone(), self.namespace.clone());
                Arc::new(ConfigMapWitness::new(client, namespace, cluster.clone(), self.deadline))
            }
            None => Arc::new(NoWitness),
        }
    }
}
