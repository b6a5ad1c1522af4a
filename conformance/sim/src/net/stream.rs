//! Byte streams over links, so that a real server and a real client can speak TLS.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::{Link, Net, TIMEOUT, Verdict};

/// How much may be under way in one direction.
const WINDOW: usize = 64 * 1024;
/// How long a piece takes.
const LATENCY: Duration = Duration::from_millis(1);

/// A connection that somebody opened.
#[derive(Debug)]
pub struct Incoming {
    /// The place from which it comes.
    pub from: String,
    /// The stream.
    pub stream: DuplexStream,
}

/// Takes the connections to a place; nobody is there any more when it is dropped.
#[derive(Debug)]
pub struct Listener {
    net: Net,
    name: String,
    id: u64,
    incoming: mpsc::UnboundedReceiver<Incoming>,
}

impl Listener {
    /// The next connection. Can be dropped at any time.
    ///
    /// # Errors
    /// When somebody else listens there now.
    pub async fn accept(&mut self) -> io::Result<Incoming> {
        self.incoming.recv().await.ok_or_else(|| io::ErrorKind::ConnectionAborted.into())
    }

    /// The place.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut state = self.net.lock();
        if state.listeners.get(&self.name).is_some_and(|(id, _)| *id == self.id) {
            state.listeners.remove(&self.name);
        }
    }
}

impl Net {
    /// Takes connections to a place, in place of whoever did so before: a process that starts
    /// again does not wait for its predecessor's socket.
    #[must_use]
    pub fn listen(&self, name: &str) -> Listener {
        let (sender, incoming) = mpsc::unbounded_channel();
        let mut state = self.lock();
        state.opened += 1;
        let id = state.opened;
        state.listeners.insert(name.to_owned(), (id, sender));
        drop(state);
        Listener { net: self.clone(), name: name.to_owned(), id, incoming }
    }

    /// Opens a connection on behalf of `program`. It breaks, for both ends, when the link is cut
    /// or the place goes down.
    ///
    /// # Errors
    /// `ConnectionRefused` where nobody listens, `TimedOut` on a link that is cut.
    pub async fn dial(&self, from: &str, to: &str, program: &str) -> io::Result<DuplexStream> {
        let link = self.link(from, to);
        match link.verdict() {
            Verdict::Cut => {
                sleep(TIMEOUT).await;
                return Err(io::ErrorKind::TimedOut.into());
            }
            Verdict::Delay(time) => sleep(time).await,
            Verdict::Open | Verdict::DropAnswers => {}
        }
        sleep(LATENCY).await;
        let listener = self.lock().listeners.get(to).map(|(_, sender)| sender.clone());
        let Some(listener) = listener.filter(|_| link.carries()) else {
            return Err(io::ErrorKind::ConnectionRefused.into());
        };
        let (near, far) = self.pipe(link);
        let incoming = Incoming { from: from.to_owned(), stream: far };
        listener.send(incoming).map_err(|_| io::Error::from(io::ErrorKind::ConnectionRefused))?;
        if let Some(recorder) = &self.0.recorder {
            recorder.connection(from, to, program, false);
        }
        Ok(near)
    }

    /// Both ends of a stream over a link, without anybody who listens.
    #[must_use]
    pub fn stream(&self, from: &str, to: &str) -> (DuplexStream, DuplexStream) {
        self.pipe(self.link(from, to))
    }

    fn pipe(&self, link: Link) -> (DuplexStream, DuplexStream) {
        let (near, inner) = duplex(WINDOW);
        let (outer, far) = duplex(WINDOW);
        self.0.tasks.spawn(carry(inner, outer, link));
        (near, far)
    }
}

/// Carries bytes in both directions until the link breaks or both directions have ended.
async fn carry(near: DuplexStream, far: DuplexStream, link: Link) {
    let (near_read, near_write) = split(near);
    let (far_read, far_write) = split(far);
    let both = async {
        tokio::join!(
            pump(near_read, far_write, &link, false),
            pump(far_read, near_write, &link, true)
        )
    };
    tokio::select! {
        biased;
        () = link.broken() => {}
        _ = both => {}
    }
}

/// Carries bytes in one direction; `answers` are those of the one who was dialled.
async fn pump(
    mut from: ReadHalf<DuplexStream>,
    mut to: WriteHalf<DuplexStream>,
    link: &Link,
    answers: bool,
) {
    let mut piece = vec![0; WINDOW];
    loop {
        let length = from.read(&mut piece).await.unwrap_or(0);
        if length == 0 {
            // The other end may be gone already: there is nobody left to tell.
            let _told = to.shutdown().await;
            return;
        }
        sleep(LATENCY).await;
        match link.verdict() {
            Verdict::Delay(time) => sleep(time).await,
            Verdict::DropAnswers if answers => continue,
            Verdict::Open | Verdict::DropAnswers | Verdict::Cut => {}
        }
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
