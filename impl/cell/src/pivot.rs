//! The service `Pivot`: sessions, and the next certificate. Every call is judged by its certificate.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use fulcrum_identity::{Peer, Request as SigningRequest};
use fulcrum_proto::v1::pivot_server::Pivot;
use fulcrum_proto::v1::{self, SessionEndReason as Reason};
use fulcrum_session::{chain, flow, time};
use futures_core::Stream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::{Extensions, Request, Response, Status, Streaming};

use crate::cell::Shared;
use crate::refusal::Refusal;
use crate::secured::Chain;
use crate::session::Call;

/// The service. Its sessions end when every clone of it is gone.
pub(crate) struct PivotService {
    shared: Arc<Shared>,
    stop: watch::Receiver<bool>,
    sessions: Mutex<JoinSet<()>>,
}

impl PivotService {
    pub(crate) fn new(shared: Arc<Shared>, stop: watch::Receiver<bool>) -> Self {
        Self { shared, stop, sessions: Mutex::default() }
    }

    /// Who is calling.
    fn peer(&self, extensions: &Extensions) -> Result<Peer, Status> {
        let chain = extensions.get::<Chain>().cloned().unwrap_or_default();
        let now = time::unix(self.shared.clock.now());
        self.shared.authority.trust().current().peer(&chain.0, now).map_err(|error| {
            tracing::info!(%error, "a call is refused");
            Refusal::of_identity(&error).status()
        })
    }

    fn spawn(&self, call: Call) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that ended make room.
        while sessions.try_join_next().is_some() {}
        sessions.spawn(call.run());
    }
}

#[tonic::async_trait]
impl Pivot for PivotService {
    type AttachStream = Pin<Box<dyn Stream<Item = Result<v1::FromCell, Status>> + Send>>;

    async fn attach(
        &self,
        request: Request<Streaming<v1::FromAgent>>,
    ) -> Result<Response<Self::AttachStream>, Status> {
        let peer = self.peer(request.extensions())?;
        let (outbox, outflow) = flow::flow();
        self.spawn(Call {
            shared: Arc::clone(&self.shared),
            peer,
            inbound: request.into_inner(),
            outbox,
            stop: self.stop.clone(),
        });
        Ok(Response::new(Box::pin(outflow)))
    }

    async fn renew(
        &self,
        request: Request<v1::RenewRequest>,
    ) -> Result<Response<v1::RenewResponse>, Status> {
        let peer = self.peer(request.extensions())?;
        let signing = SigningRequest::read(&request.get_ref().signing_request)
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        signing
            .check_names(&peer.identity().cluster)
            .map_err(|error| Refusal::new(Reason::OtherCluster, error.to_string()).status())?;
        let now = time::unix(self.shared.clock.now());
        let issued =
            self.shared.authority.issue(&signing, peer.identity(), &self.shared.settings, now);
        match issued {
            Ok(certificate) => {
                tracing::info!(peer = %peer.identity(), "a certificate was renewed");
                Ok(Response::new(v1::RenewResponse { certificate: Some(certificate) }))
            }
            Err(error) => {
                tracing::error!(peer = %peer.identity(), error = chain(&error),
                    "a certificate was not renewed");
                Err(Status::internal("the certificate was not issued"))
            }
        }
    }
}
