//! A server on a socket: HTTP/1.1 and HTTP/2, over TLS with a certificate of its own or plain.
//!
//! [`Listener::bind`] takes the address, [`Listener::serve`] answers until it is told to stop and
//! drives the controllers meanwhile. [`Identity`] is the certificate; [`RealClock`] and
//! [`RealEntropy`] are what a server in real time is made of.
//!
//! **Invariant:** this is the only room of the crate that opens a socket, reads the clock of the
//! machine or takes its chance.

mod connection;
mod tls;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use tls::Identity;

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::server::ApiServer;

/// How long requests that are under way may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(2);
/// How long to wait after a connection could not be taken, for want of files mostly.
const PAUSE: Duration = Duration::from_millis(50);

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealClock;

impl Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "the clock that is handed in, in real time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The chance of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealEntropy;

impl Entropy for RealEntropy {
    fn bits(&self) -> u64 {
        getrandom::u64().expect("the system has randomness: TLS could not do without either")
    }
}

/// What keeps a server from its socket.
#[derive(Debug, Error)]
pub enum Error {
    /// The address cannot be had.
    #[error("listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// No certificate could be made.
    #[error("make a certificate")]
    Certificate(#[from] rcgen::Error),
    /// TLS does not take the certificate.
    #[error("prepare TLS")]
    Tls(#[from] tokio_rustls::rustls::Error),
}

/// Where and how to listen.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address; port 0 takes one that is free.
    pub address: SocketAddr,
    /// The certificate; without one it is plain HTTP.
    pub identity: Option<Identity>,
}

/// A socket that is listened on.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    identity: Option<Identity>,
}

impl Listener {
    /// Takes the address. Connections wait from now on.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn bind(options: Options) -> Result<Self, Error> {
        let Options { address, identity } = options;
        let refused = |source| Error::Bind { address, source };
        let socket = TcpListener::bind(address).await.map_err(refused)?;
        let address = socket.local_addr().map_err(refused)?;
        Ok(Self { socket, address, identity })
    }

    /// The address, with the port that was taken.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown`, and then for at most two seconds more what is under way. Watches
    /// end then. The controllers of the server run meanwhile.
    pub async fn serve(self, server: ApiServer, shutdown: impl Future<Output = ()>) {
        let (close, closing) = watch::channel(false);
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        let mut controllers = pin!(server.run());
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut shutdown => break,
                () = &mut controllers => break,
                Some(_) = connections.join_next() => continue,
                accepted = self.socket.accept() => accepted,
            };
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let identity = self.identity.clone();
            connections.spawn(one(stream, identity, server.clone(), closing.clone()));
        }
        close.send_replace(true);
        let drained = async { while connections.join_next().await.is_some() {} };
        // What is left after the grace is cut off with the set.
        let _in_time = tokio::time::timeout(GRACE, drained).await.is_ok();
    }
}

/// A connection from its beginning to its end.
async fn one(
    stream: TcpStream,
    identity: Option<Identity>,
    server: ApiServer,
    closing: watch::Receiver<bool>,
) {
    // Without it answers wait for each other; a socket that cannot is served all the same.
    let _prompt = stream.set_nodelay(true).is_ok();
    match identity {
        None => connection::serve(stream, server, closing).await,
        // Whoever cannot agree on TLS is told so by TLS.
        Some(identity) => {
            if let Some(stream) = identity.accept(stream).await {
                connection::serve(stream, server, closing).await;
            }
        }
    }
}

/// [`Listener::bind`] and [`Listener::serve`] in one.
///
/// # Errors
/// When the address cannot be had.
pub async fn serve(
    server: ApiServer,
    options: Options,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    Listener::bind(options).await?.serve(server, shutdown).await;
    Ok(())
}
