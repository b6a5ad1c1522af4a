//! Carries requests that are on their way, whether or not their sender still waits.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fulcrum_apiserver::ApiServer;
use fulcrum_apiserver::auth::User;
use fulcrum_apiserver::inject;
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::ApiError;
use crate::entropy::SharedEntropy;
use crate::net::tasks::Tasks;
use crate::net::{Broken, Link, Verdict};

/// The least and the greatest time of a call, there and back.
const LATENCY: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(5));

/// The requests on their way to a server. Clones share them.
#[derive(Clone)]
pub(super) struct Wire {
    tasks: Arc<Tasks>,
    entropy: SharedEntropy,
}

/// A request and where it goes.
pub(super) struct Call {
    pub(super) server: ApiServer,
    pub(super) user: User,
    pub(super) link: Link,
    pub(super) request: http::Request<Bytes>,
}

impl Wire {
    pub(super) fn new(entropy: SharedEntropy) -> Self {
        Self { tasks: Arc::default(), entropy }
    }

    /// The same wire, with latencies from another stream.
    pub(super) fn seeded(&self, entropy: SharedEntropy) -> Self {
        Self { tasks: Arc::clone(&self.tasks), entropy }
    }

    /// Sends a request and waits for its answer.
    pub(super) async fn carry(&self, call: Call, patience: Duration) -> Result<Value, ApiError> {
        let latency = self.entropy.between(LATENCY.0, LATENCY.1);
        // Who dials into nothing knows that nothing was sent.
        let unanswered = match call.link.verdict() {
            Verdict::Cut => ApiError::Unreachable,
            _ => ApiError::Lost,
        };
        let (answer, comes) = oneshot::channel();
        self.tasks.spawn(async move {
            // Whoever waited may be gone.
            let _ = answer.send(call.carry_out(latency).await);
        });
        match timeout(patience, comes).await {
            Ok(Ok(Ok((code, body)))) if code < 300 => {
                serde_json::from_slice(&body).map_err(|e| ApiError::Other(code, e.to_string()))
            }
            Ok(Ok(Ok((code, body)))) => Err(ApiError::of(code, &body)),
            Ok(Ok(Err(Broken::Refused))) => Err(ApiError::Unreachable),
            Ok(Ok(Err(Broken::TimedOut))) => Err(unanswered),
            Ok(Ok(Err(Broken::AnswerLost)) | Err(_)) => Err(ApiError::Lost),
            Err(_) => Err(unanswered),
        }
    }
}

impl Call {
    async fn carry_out(self, latency: Duration) -> Result<(u16, Bytes), Broken> {
        let Self { server, user, link, request } = self;
        let handled = async {
            let response = server.handle_as(&user, request).await;
            match inject::Broken::of(&response) {
                Some(inject::Broken::Refused) => return Err(Broken::Refused),
                Some(inject::Broken::AnswerLost) => return Err(Broken::AnswerLost),
                None => {}
            }
            let code = response.status().as_u16();
            let body = response.into_body().collect().await;
            Ok((code, body.map_err(|_| Broken::AnswerLost)?.to_bytes()))
        };
        link.request(latency, handled).await?
    }
}
