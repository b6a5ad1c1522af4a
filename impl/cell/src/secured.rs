//! TLS over any stream of connections.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_util::StreamExt as _;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

/// How many handshakes are under way at once.
const HANDSHAKES: usize = 64;

/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection after its handshake.
pub(crate) struct Secured<I>(TlsStream<I>);

/// The certificates that a client showed, the leaf first; none where it showed none. Whether they
/// are any good is for the call to judge.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chain(pub(crate) Arc<[CertificateDer<'static>]>);

/// Shakes hands on every connection. One that fails is dropped, and said.
pub(crate) fn secured<S, I>(
    incoming: S,
    config: Arc<ServerConfig>,
) -> impl Stream<Item = io::Result<Secured<I>>>
where
    S: Stream<Item = io::Result<I>>,
    I: AsyncRead + AsyncWrite + Unpin,
{
    let acceptor = TlsAcceptor::from(config);
    let shaken = incoming.map(move |io| {
        let acceptor = acceptor.clone();
        async move {
            match tokio::time::timeout(PATIENCE, acceptor.accept(io?)).await {
                Ok(stream) => stream.map(Secured),
                Err(_) => {
                    Err(io::Error::new(io::ErrorKind::TimedOut, "the handshake took too long"))
                }
            }
        }
    });
    shaken.buffer_unordered(HANDSHAKES).filter_map(|stream| {
        if let Err(error) = &stream {
            tracing::info!(%error, "a connection was not accepted");
        }
        std::future::ready(stream.ok().map(Ok))
    })
}

impl<I> Connected for Secured<I> {
    type ConnectInfo = Chain;

    fn connect_info(&self) -> Chain {
        let (_, session) = self.0.get_ref();
        Chain(session.peer_certificates().unwrap_or_default().to_vec().into())
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncRead for Secured<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Secured<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
