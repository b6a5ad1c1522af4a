//! The API server of a simulated cluster as a client of `kube` reaches it: on the record.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use fulcrum_apiserver::auth::User;
use fulcrum_apiserver::http::Body;
use fulcrum_apiserver::inject::Broken;
use fulcrum_mover::Clock;
use fulcrum_sim::clock::SharedClock;
use fulcrum_sim::history::Door;
use fulcrum_sim::world::{World, WorldError};
use http::{Request, Response};
use http_body_util::BodyExt;
use jiff::Timestamp;
use kube::Client;

use crate::pair::{NAMESPACE, Site};

/// A user behind a door.
#[derive(Clone)]
struct Visitor {
    door: Door,
    user: User,
}

type Answered = Pin<Box<dyn Future<Output = Result<Response<Body>, Broken>> + Send>>;

impl tower::Service<Request<kube::client::Body>> for Visitor {
    type Response = Response<Body>;
    type Error = Broken;
    type Future = Answered;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<kube::client::Body>) -> Self::Future {
        let Self { door, user } = self.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            // A body that breaks off is one that is not there: the client is gone.
            let bytes: Bytes = body.collect().await.map(|it| it.to_bytes()).unwrap_or_default();
            if let Ok(agent) = format!("{}/0.1", user.name).parse() {
                parts.headers.insert(http::header::USER_AGENT, agent);
            }
            Broken::check(door.handle(&user, Request::from_parts(parts, bytes)).await)
        })
    }
}

/// The clock of a world, for cell and agent.
struct WorldClock(SharedClock);

impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        fulcrum_apiserver::clock::Clock::now(&self.0)
    }
}

/// A cluster of a world, as a side of the reference reaches it.
///
/// # Errors
/// When the cluster has no API server.
pub fn site(world: &World, cluster: &str) -> Result<Site, WorldError> {
    let door = world.door(cluster)?;
    let client = move |user: &str| {
        let user = User { name: user.to_owned(), ..User::admin() };
        Client::new(Visitor { door: door.clone(), user }, NAMESPACE)
    };
    Ok(Site::new(client, WorldClock(world.clock().clone())))
}
