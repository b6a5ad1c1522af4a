//! How the program is called.

use std::path::PathBuf;

use clap::Parser;
use fulcrum_agent::Settings;
use fulcrum_mover::ClusterName;
use fulcrum_program::Common;

/// The child's half of a distributed pivot.
///
/// An agent runs in a workload cluster that has Cluster API. It enrols once with a one-time token,
/// dials the cell of its management cluster and keeps a session open, over which it takes over the
/// objects that describe its own cluster, and gives them back when asked. Nobody dials it.
///
/// Its key, its certificate and its record are kept in --namespace. The certificate is renewed in
/// time; one that expired while the cluster was cut off is replaced with a new token, which the cell
/// writes when `spec.enrolment.request` of the ManagedCluster changes.
#[derive(Parser, Debug)]
#[command(
    name = "fulcrum-agent",
    version,
    after_help = "Exit codes: 0 told to stop, 1 could not start or go on, 2 called wrongly.\n\n\
        Run one replica: a second one takes the session away from the first."
)]
pub(crate) struct Args {
    /// The kubeconfig of the agent's own cluster. Absent: that of the pod.
    #[arg(long, env = "FULCRUM_KUBECONFIG", value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// The Cluster that describes the agent's cluster, `namespace/name`.
    #[arg(long, env = "FULCRUM_CLUSTER", value_name = "NAMESPACE/NAME", value_parser = cluster)]
    pub(crate) cluster: ClusterName,

    /// The namespace for the certificate and the record of the agent.
    #[arg(long, env = "FULCRUM_NAMESPACE", value_name = "NAME", default_value = "fulcrum-system")]
    pub(crate) namespace: String,

    /// The host of the cell, a DNS name or an IP address that its certificate names.
    #[arg(long, env = "FULCRUM_CELL", value_name = "HOST")]
    pub(crate) cell: String,

    /// The port at which the cell listens for agents with a certificate.
    #[arg(long, env = "FULCRUM_PIVOT_PORT", value_name = "PORT", default_value_t = 8443)]
    pub(crate) pivot_port: u16,

    /// The port at which the cell listens for agents with a one-time token.
    #[arg(long, env = "FULCRUM_ENROLMENT_PORT", value_name = "PORT", default_value_t = 8444)]
    pub(crate) enrolment_port: u16,

    /// The file that has the one-time token. It is read when a token is needed.
    #[arg(
        long,
        env = "FULCRUM_TOKEN_FILE",
        value_name = "FILE",
        default_value = "/etc/fulcrum/enrolment/token"
    )]
    pub(crate) token_file: PathBuf,

    /// The file that has the CAs of the cell, PEM. It is read with the token.
    #[arg(
        long,
        env = "FULCRUM_CA_FILE",
        value_name = "FILE",
        default_value = "/etc/fulcrum/enrolment/ca.crt"
    )]
    pub(crate) ca_file: PathBuf,

    /// The name of this replica.
    #[arg(long, env = "FULCRUM_INSTANCE", value_name = "NAME", default_value = "fulcrum-agent")]
    pub(crate) instance: String,

    #[command(flatten)]
    pub(crate) common: Common,
}

fn cluster(text: &str) -> Result<ClusterName, String> {
    let fault = || format!("{text:?} is not NAMESPACE/NAME");
    let (namespace, name) = text.split_once('/').ok_or_else(fault)?;
    // The same names as in certificates.
    fulcrum_identity::ClusterName::new(namespace, name).map_err(|error| error.to_string())?;
    Ok(ClusterName { namespace: namespace.to_owned(), name: name.to_owned() })
}

impl Args {
    /// The settings of the agent.
    pub(crate) fn settings(&self) -> Settings {
        let cluster = self.cluster.clone();
        let mut settings = Settings::new(cluster, &self.namespace, &self.cell, &self.instance);
        settings.pace = self.common.pace();
        settings
    }
}
