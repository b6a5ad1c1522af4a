//! Listeners on sockets.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use futures_core::Stream;
use futures_util::stream::unfold;
use tokio::net::{TcpListener, TcpStream};

/// How long to wait where no connection can be taken, such as for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Listens on `address`; `what` names the listener in an error.
///
/// # Errors
/// If the address cannot be had.
pub async fn listen(what: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("listen for {what} on {address}"))
}

/// Every connection that comes.
pub fn connections(listener: TcpListener) -> impl Stream<Item = io::Result<TcpStream>> {
    unfold(listener, |listener| async move {
        let accepted = match listener.accept().await {
            Ok((stream, _)) => stream.set_nodelay(true).map(|()| stream),
            Err(error) => {
                tokio::time::sleep(PAUSE).await;
                Err(error)
            }
        };
        Some((accepted, listener))
    })
}
