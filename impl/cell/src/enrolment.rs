//! The service `Enrolment`: a one-time token and a signing request become a certificate (rule T7).

use std::sync::Arc;

use fulcrum_identity::{Lineage, Redemption, Request as SigningRequest};
use fulcrum_proto::v1;
use fulcrum_proto::v1::enrolment_server::Enrolment;
use fulcrum_session::{chain, time};
use tonic::{Request, Response, Status};

use crate::cell::Shared;
use crate::tokens::{self, Refused};

/// The service.
pub(crate) struct EnrolmentService {
    shared: Arc<Shared>,
}

impl EnrolmentService {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

#[tonic::async_trait]
impl Enrolment for EnrolmentService {
    async fn enrol(
        &self,
        request: Request<v1::EnrolRequest>,
    ) -> Result<Response<v1::EnrolResponse>, Status> {
        let request = request.into_inner();
        let shared = &self.shared;
        let signing = SigningRequest::read(&request.signing_request)
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        let lineage = match request.lineage.as_str() {
            "" => None,
            text => Some(
                Lineage::parse(text)
                    .map_err(|error| Status::invalid_argument(error.to_string()))?,
            ),
        };
        let shown = Redemption {
            token: &request.token,
            cluster: &request.cluster,
            lineage,
            key: signing.key(),
        };
        let now = time::unix(shared.clock.now());
        let identity =
            tokens::redeem(&shared.store, &shown, &signing, now).await.map_err(refused)?;
        if shared.registry.managed(&identity.cluster).is_none() {
            tracing::warn!(%identity, "a token of a cluster that is managed no more was shown");
            return Err(denied());
        }
        let certificate = shared
            .authority
            .issue(&signing, &identity, &shared.settings, now)
            .map_err(|error| refused(Refused::Cell(error)))?;
        tracing::info!(%identity, "a cluster was enrolled");
        Ok(Response::new(v1::EnrolResponse {
            lineage: identity.lineage.to_string(),
            certificate: Some(certificate),
        }))
    }
}

/// What the caller is told. Why a token is no good is for the log.
fn refused(refused: Refused) -> Status {
    match &refused {
        Refused::Token(_) => {
            tracing::warn!(error = chain(&refused), "an enrolment was refused");
            denied()
        }
        Refused::Cell(_) => {
            tracing::error!(error = chain(&refused), "an enrolment failed");
            Status::unavailable("the cell cannot tell now: ask again")
        }
    }
}

fn denied() -> Status {
    Status::permission_denied("the token is not good for this")
}
