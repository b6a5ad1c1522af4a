//! Handshakes in memory, at a time that the test tells.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustls::pki_types::{ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};

/// A clock that stands still until it is moved. Clones are one clock.
#[derive(Clone, Debug)]
pub(crate) struct Clock(Arc<AtomicU64>);

impl Clock {
    /// Shows the second `seconds` after 1970 began.
    pub(crate) fn at(seconds: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seconds)))
    }

    /// Moves to `time`.
    pub(crate) fn set(&self, time: UnixTime) {
        self.0.store(time.as_secs(), Ordering::SeqCst);
    }

    /// The time it shows.
    pub(crate) fn now(&self) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(self.0.load(Ordering::SeqCst)))
    }

    /// The clock as TLS takes it.
    pub(crate) fn time(&self) -> Arc<dyn TimeProvider> {
        Arc::new(self.clone())
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.now())
    }
}

/// The two ends of a connection after a handshake: the client's and the server's.
pub(crate) type Ends = (Connection, Connection);

/// Who ended a handshake, and why.
pub(crate) type Refusal = (&'static str, rustls::Error);

/// Lets a client dial `host` at a server until both are content or one ends it.
pub(crate) fn shake(
    client: &Arc<ClientConfig>,
    server: &Arc<ServerConfig>,
    host: &'static str,
) -> Result<Ends, Refusal> {
    let host = ServerName::try_from(host).expect("a host");
    let mut client: Connection =
        ClientConnection::new(Arc::clone(client), host).expect("a client").into();
    let mut server: Connection =
        ServerConnection::new(Arc::clone(server)).expect("a server").into();
    while client.wants_write() || server.wants_write() {
        carry(&mut client, &mut server).map_err(|error| ("server", error))?;
        carry(&mut server, &mut client).map_err(|error| ("client", error))?;
    }
    assert!(!client.is_handshaking() && !server.is_handshaking(), "the handshake got stuck");
    Ok((client, server))
}

/// Hands over all that one end has to say; the error is the other end's.
fn carry(from: &mut Connection, to: &mut Connection) -> Result<(), rustls::Error> {
    let mut wire = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut wire).expect("a Vec takes every write");
    }
    let mut rest = wire.as_slice();
    while !rest.is_empty() {
        to.read_tls(&mut rest).expect("a slice can always be read");
        to.process_new_packets()?;
    }
    Ok(())
}
