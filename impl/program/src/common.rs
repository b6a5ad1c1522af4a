//! The arguments that both programs take.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use fulcrum_mover::Pace;

/// The arguments that both programs take.
#[derive(Args, Debug)]
pub struct Common {
    /// Where /healthz and /readyz are answered.
    #[arg(
        long,
        env = "FULCRUM_LISTEN_HEALTH",
        value_name = "ADDRESS",
        default_value = "[::]:8080"
    )]
    pub listen_health: SocketAddr,

    /// How many seconds an attempt to move may take before its commit.
    #[arg(long, env = "FULCRUM_BUDGET_SECONDS", value_name = "SECONDS", default_value_t = 300)]
    pub budget_seconds: u32,

    /// How many seconds controllers are given to see a pause where they do not show that they have.
    #[arg(long, env = "FULCRUM_QUIET_SECONDS", value_name = "SECONDS", default_value_t = 30)]
    pub quiet_seconds: u32,

    /// Which log lines are written, such as `info` or `fulcrum_mover=debug,info`.
    #[arg(long, env = "FULCRUM_LOG", value_name = "FILTER", default_value = "info")]
    pub log: String,

    /// How log lines are written.
    #[arg(long, env = "FULCRUM_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    pub log_format: Format,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For machines, one JSON object a line.
    Json,
}

impl Common {
    /// The times of a mover.
    #[must_use]
    pub fn pace(&self) -> Pace {
        Pace {
            budget: Duration::from_secs(self.budget_seconds.into()),
            quiet: Duration::from_secs(self.quiet_seconds.into()),
            ..Pace::default()
        }
    }

    /// Begins to write log lines to standard error. Once in the life of a program.
    pub fn start_log(&self) {
        let filter = tracing_subscriber::EnvFilter::new(&self.log);
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        match self.log_format {
            Format::Text => log.init(),
            Format::Json => log.json().init(),
        }
    }
}
