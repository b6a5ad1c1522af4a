//! One way from a place to another, and what becomes of a call over it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::time::sleep;

use super::{Net, Verdict};

/// After so long a call that nobody answers is given up, as Cluster API's clients do.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Why a call has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Broken {
    /// Nobody answers there: the call was not carried out.
    #[error("connection refused")]
    Refused,
    /// The call did not arrive.
    #[error("connection timed out")]
    TimedOut,
    /// It was carried out, and its answer is lost: whoever called does not know it from
    /// [`Broken::TimedOut`].
    #[error("the connection broke before the answer came")]
    AnswerLost,
}

/// A way from one place to another. Cheap to clone.
#[derive(Clone)]
pub struct Link {
    net: Net,
    from: Arc<str>,
    to: Arc<str>,
}

impl Link {
    pub(super) fn new(net: Net, from: &str, to: &str) -> Self {
        Self { net, from: from.into(), to: to.into() }
    }

    /// Where it begins.
    #[must_use]
    pub fn from(&self) -> &str {
        &self.from
    }

    /// Where it leads.
    #[must_use]
    pub fn to(&self) -> &str {
        &self.to
    }

    /// The verdict at present.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.net.verdict(&self.from, &self.to)
    }

    /// Whether the other end answers.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.net.finds(&self.from, &self.to)
    }

    /// Whether what is sent arrives at somebody.
    #[must_use]
    pub fn carries(&self) -> bool {
        self.is_up() && self.verdict() != Verdict::Cut
    }

    /// Waits until it does not carry any more.
    pub async fn broken(&self) {
        self.until(|link| !link.carries()).await;
    }

    /// Waits until it carries.
    pub async fn open(&self) {
        self.until(Self::carries).await;
    }

    async fn until(&self, holds: impl Fn(&Self) -> bool) {
        let mut changed = self.net.subscribe();
        loop {
            changed.mark_unchanged();
            // The sender lives as long as `net`, which is borrowed.
            if holds(self) || changed.changed().await.is_err() {
                return;
            }
        }
    }

    /// Carries out a call at the other end: half of `latency` on the way there, half on the way
    /// back. It is carried out in one instant in the middle, unless `call` itself waits.
    ///
    /// Dropped before the middle, it was never sent; dropped after it, it was carried out.
    ///
    /// # Errors
    /// As the link fails, on either way.
    pub async fn request<T>(
        &self,
        latency: Duration,
        call: impl Future<Output = T>,
    ) -> Result<T, Broken> {
        if let Verdict::Delay(time) = self.verdict() {
            sleep(time).await;
        }
        sleep(latency / 2).await;
        if self.verdict() == Verdict::Cut {
            sleep(TIMEOUT).await;
            return Err(Broken::TimedOut);
        }
        if !self.is_up() {
            return Err(Broken::Refused);
        }
        let answer = call.await;
        sleep(latency - latency / 2).await;
        if !self.is_up() {
            return Err(Broken::AnswerLost);
        }
        if matches!(self.verdict(), Verdict::Cut | Verdict::DropAnswers) {
            sleep(TIMEOUT).await;
            return Err(Broken::AnswerLost);
        }
        Ok(answer)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({} -> {})", self.from, self.to)
    }
}
