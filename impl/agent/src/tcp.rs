//! Sockets: how the cell is dialled, and where probes are answered.

use std::io;
use std::time::Duration;

use fulcrum_agent::{Connect, Connecting, Connection, Listener};
use futures_core::Stream;
use futures_util::stream::unfold;
use tokio::net::{TcpListener, TcpStream};

/// How long to wait where no connection can be taken, such as for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// A cell at a host and two ports.
pub(crate) struct Tcp {
    pub(crate) host: String,
    pub(crate) pivot: u16,
    pub(crate) enrolment: u16,
}

impl Connect for Tcp {
    fn connect(&self, to: Listener) -> Connecting {
        let port = match to {
            Listener::Pivot => self.pivot,
            Listener::Enrolment => self.enrolment,
        };
        let host = self.host.clone();
        Box::pin(async move {
            let stream = TcpStream::connect((host.as_str(), port)).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Connection>)
        })
    }
}

/// Every connection that comes.
pub(crate) fn connections(listener: TcpListener) -> impl Stream<Item = io::Result<TcpStream>> {
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
