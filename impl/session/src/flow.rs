//! What goes out of a session: small messages overtake batches (rule T8).

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use tokio::sync::mpsc;

/// How many small messages may wait.
const URGENT: usize = 64;

/// How many batches may wait. The rest waits where it is made, so that memory holds few of them.
const BULK: usize = 2;

/// A pair of the end that is written to and the stream that a transport drains.
#[must_use]
pub fn flow<T>() -> (Outbox<T>, Outflow<T>) {
    let (urgent, urgent_flow) = mpsc::channel(URGENT);
    let (bulk, bulk_flow) = mpsc::channel(BULK);
    (Outbox { urgent, bulk }, Outflow { urgent: urgent_flow, bulk: bulk_flow })
}

/// Where messages are put.
#[derive(Debug)]
pub struct Outbox<T> {
    urgent: mpsc::Sender<T>,
    bulk: mpsc::Sender<T>,
}

impl<T> Clone for Outbox<T> {
    fn clone(&self) -> Self {
        Self { urgent: self.urgent.clone(), bulk: self.bulk.clone() }
    }
}

/// The transport is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("send a message: the session has ended")]
pub struct Closed;

impl<T> Outbox<T> {
    /// Sends ahead of every batch that waits: heartbeats, their answers, the end of a session.
    ///
    /// # Errors
    /// [`Closed`]: the session has ended.
    pub async fn urgent(&self, message: T) -> Result<(), Closed> {
        self.urgent.send(message).await.map_err(|_| Closed)
    }

    /// Sends after everything that was sent like this before: the steps of a move.
    ///
    /// # Errors
    /// [`Closed`]: the session has ended.
    pub async fn bulk(&self, message: T) -> Result<(), Closed> {
        self.bulk.send(message).await.map_err(|_| Closed)
    }
}

/// What is to be sent, the small messages first. It ends when every [`Outbox`] is gone.
#[derive(Debug)]
pub struct Outflow<T> {
    urgent: mpsc::Receiver<T>,
    bulk: mpsc::Receiver<T>,
}

impl<T> Stream for Outflow<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let urgent_ended = match self.urgent.poll_recv(cx) {
            Poll::Ready(Some(message)) => return Poll::Ready(Some(message)),
            Poll::Ready(None) => true,
            Poll::Pending => false,
        };
        match self.bulk.poll_recv(cx) {
            Poll::Ready(Some(message)) => Poll::Ready(Some(message)),
            Poll::Ready(None) if urgent_ended => Poll::Ready(None),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}
