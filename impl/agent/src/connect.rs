//! How an agent reaches its cell: a stream of bytes that is handed in, TLS, HTTP/2.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use crate::error::AgentError;

/// Which listener of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Listener {
    /// For agents with a certificate.
    Pivot,
    /// For agents with a one-time token.
    Enrolment,
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pivot => "pivot listener",
            Self::Enrolment => "enrolment listener",
        })
    }
}

/// A stream of bytes to a cell.
pub trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

/// A connection that is being made.
pub type Connecting = Pin<Box<dyn Future<Output = io::Result<Box<dyn Connection>>> + Send>>;

/// How a cell is dialled: over TCP in the program, in memory in a test.
pub trait Connect: Send + Sync {
    /// Dials a listener of the cell. The connection is in the clear: TLS comes on top.
    fn connect(&self, to: Listener) -> Connecting;
}

/// How a connection is kept alive.
#[derive(Clone, Copy)]
pub(crate) struct KeepAlive {
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
}

/// A connection to `to`, whose certificate must be for `host`.
pub(crate) async fn dial(
    connect: &Arc<dyn Connect>,
    to: Listener,
    host: &str,
    tls: ClientConfig,
    patience: Duration,
    keep: KeepAlive,
) -> Result<Channel, AgentError> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| AgentError::Host { host: host.to_owned() })?;
    let (connect, tls) = (Arc::clone(connect), TlsConnector::from(Arc::new(tls)));
    let connector = service_fn(move |_: http::Uri| {
        let (connecting, tls, name) = (connect.connect(to), tls.clone(), name.clone());
        async move {
            let stream = tls.connect(name, connecting.await?).await?;
            Ok::<_, io::Error>(TokioIo::new(stream))
        }
    });
    // The scheme is the transport's word for "TLS is not yours"; the host is in the handshake.
    let endpoint = Endpoint::from_static("http://cell")
        .connect_timeout(patience)
        .http2_keep_alive_interval(keep.interval)
        .keep_alive_timeout(keep.timeout)
        .keep_alive_while_idle(true);
    endpoint.connect_with_connector(connector).await.map_err(|source| AgentError::Dial {
        listener: to,
        host: host.to_owned(),
        source,
    })
}
