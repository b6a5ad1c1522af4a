//! How the program is called.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use fulcrum_cell::Settings;
use fulcrum_program::Common;

/// The parent's half of a distributed pivot.
///
/// A cell runs beside Cluster API on a management cluster. It hands a Cluster with all its objects
/// to the workload cluster that the Cluster describes, and takes it back, over a stream that an
/// agent in the workload cluster opens. It dials nobody.
///
/// For each ManagedCluster (see --print-crds) it writes a one-time token into a Secret. Give token
/// and CA to a fulcrum-agent in the workload cluster, wait until the ManagedCluster is connected,
/// and set `spec.pivot: true`. The status says how far it is; `pivotComplete: true` says that the
/// workload cluster owns itself and nothing is left here.
#[derive(Parser, Debug)]
#[command(
    name = "fulcrum-cell",
    version,
    after_help = "Exit codes: 0 told to stop, 1 could not start or go on, 2 called wrongly.\n\n\
        Without --witness-kubeconfig a management cluster that is restored from a backup can make \
        two owners of a cluster."
)]
pub(crate) struct Args {
    /// Print the definitions of the custom resources as YAML, and end.
    #[arg(long)]
    pub(crate) print_crds: bool,

    /// The kubeconfig of the management cluster. Absent: that of the pod.
    #[arg(long, env = "FULCRUM_KUBECONFIG", value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// The namespace for the CA, the tokens and the records of the cell.
    #[arg(long, env = "FULCRUM_NAMESPACE", value_name = "NAME", default_value = "fulcrum-system")]
    pub(crate) namespace: String,

    /// A host under which agents reach the cell, a DNS name or an IP address. May come again, or
    /// hold several with commas between them.
    #[arg(
        long = "host",
        env = "FULCRUM_HOSTS",
        value_name = "HOST",
        value_delimiter = ',',
        default_value = "localhost"
    )]
    pub(crate) hosts: Vec<String>,

    /// Where agents with a certificate are listened for.
    #[arg(long, env = "FULCRUM_LISTEN_PIVOT", value_name = "ADDRESS", default_value = "[::]:8443")]
    pub(crate) listen_pivot: SocketAddr,

    /// Where agents with a one-time token are listened for.
    #[arg(
        long,
        env = "FULCRUM_LISTEN_ENROLMENT",
        value_name = "ADDRESS",
        default_value = "[::]:8444"
    )]
    pub(crate) listen_enrolment: SocketAddr,

    /// The kubeconfig of a third cluster that remembers the highest epoch of each cluster.
    #[arg(long, env = "FULCRUM_WITNESS_KUBECONFIG", value_name = "FILE")]
    pub(crate) witness_kubeconfig: Option<PathBuf>,

    /// The namespace in that cluster.
    #[arg(
        long,
        env = "FULCRUM_WITNESS_NAMESPACE",
        value_name = "NAME",
        default_value = "fulcrum-system"
    )]
    pub(crate) witness_namespace: String,

    /// How many minutes a one-time token holds.
    #[arg(long, env = "FULCRUM_TOKEN_MINUTES", value_name = "MINUTES", default_value_t = 60)]
    pub(crate) token_minutes: u32,

    /// How many hours the certificate of an agent holds. It is renewed after two thirds.
    #[arg(long, env = "FULCRUM_CERTIFICATE_HOURS", value_name = "HOURS", default_value_t = 720)]
    pub(crate) certificate_hours: u32,

    #[command(flatten)]
    pub(crate) common: Common,
}

impl Args {
    /// The settings of the cell.
    pub(crate) fn settings(&self) -> Settings {
        let mut settings = Settings::new(&self.namespace, self.hosts.clone());
        settings.token_lifetime = Duration::from_secs(u64::from(self.token_minutes) * 60);
        settings.client_lifetime = Duration::from_secs(u64::from(self.certificate_hours) * 3600);
        settings.pace = self.common.pace();
        settings
    }
}
