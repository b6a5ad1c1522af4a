//! How the cell is dialled over TCP.

use fulcrum_agent::{Connect, Connecting, Connection, Listener};
use tokio::net::TcpStream;

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
