//! The infrastructure as one process sees it.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::{
    Actor, BoxFuture, Flavour, InfraMachine, Infrastructure, LoadBalancer, MachineRef, MachineSpec,
    Provider, ProviderError,
};
use crate::net::{Broken, Link};

/// The infrastructure at the other end of a link.
pub(super) struct Seen {
    cloud: Infrastructure,
    flavour: Flavour,
    who: Actor,
    link: Link,
}

impl Seen {
    pub(super) fn new(cloud: Infrastructure, flavour: Flavour, who: Actor, link: Link) -> Self {
        Self { cloud, flavour, who, link }
    }

    /// Sends an act, and waits for its answer. It is on its way as soon as this is polled, and
    /// whoever drops this does not hold it up.
    fn act<'a, T: Send + 'static>(
        &'a self,
        act: impl FnOnce(&Infrastructure) -> Result<T, ProviderError> + Send + 'static,
    ) -> BoxFuture<'a, Result<T, ProviderError>> {
        let (cloud, link, call) = (self.cloud.clone(), self.link.clone(), self.cloud.pace().call);
        async move {
            let (answered, answer) = oneshot::channel();
            let here = cloud.clone();
            cloud.keep(async move {
                let outcome = link.request(here.latency(), halfway(call, || act(&here))).await;
                let outcome = outcome.map_err(ProviderError::Unreachable).flatten();
                // Whoever asked may be gone.
                let _heard = answered.send(outcome);
            });
            answer.await.unwrap_or(Err(ProviderError::Unreachable(Broken::AnswerLost)))
        }
        .boxed()
    }
}

/// Acts after half of the time, answers after all of it.
async fn halfway<T>(time: Duration, act: impl FnOnce() -> T) -> T {
    sleep(time / 2).await;
    let outcome = act();
    sleep(time - time / 2).await;
    outcome
}

/// A machine that is meant, for longer than the call.
enum Meant {
    Name(String),
    Id(String),
}

impl From<MachineRef<'_>> for Meant {
    fn from(machine: MachineRef<'_>) -> Self {
        match machine {
            MachineRef::Name(name) => Self::Name(name.to_owned()),
            MachineRef::Id(id) => Self::Id(id.to_owned()),
        }
    }
}

impl Meant {
    fn borrow(&self) -> MachineRef<'_> {
        match self {
            Self::Name(name) => MachineRef::Name(name),
            Self::Id(id) => MachineRef::Id(id),
        }
    }
}

impl Provider for Seen {
    fn flavour(&self) -> Flavour {
        self.flavour
    }

    fn actor(&self) -> Actor {
        self.who.clone()
    }

    fn create_machine<'a>(
        &'a self,
        who: &'a Actor,
        cluster: &'a str,
        name: &'a str,
        spec: MachineSpec,
    ) -> BoxFuture<'a, Result<InfraMachine, ProviderError>> {
        let (flavour, who) = (self.flavour, who.clone());
        let (cluster, name) = (cluster.to_owned(), name.to_owned());
        self.act(move |cloud| cloud.make_machine(flavour, &who, (&cluster, &name), spec))
    }

    fn get_machine<'a>(
        &'a self,
        who: &'a Actor,
        _cluster: &'a str,
        machine: MachineRef<'a>,
    ) -> BoxFuture<'a, Result<Option<InfraMachine>, ProviderError>> {
        let (flavour, who, meant) = (self.flavour, who.clone(), Meant::from(machine));
        self.act(move |cloud| cloud.look_up(flavour, &who, meant.borrow()))
    }

    fn delete_machine<'a>(
        &'a self,
        who: &'a Actor,
        _cluster: &'a str,
        machine: MachineRef<'a>,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        let (flavour, who, meant) = (self.flavour, who.clone(), Meant::from(machine));
        self.act(move |cloud| cloud.remove_machine(flavour, &who, meant.borrow()))
    }

    fn create_load_balancer<'a>(
        &'a self,
        who: &'a Actor,
        cluster: &'a str,
    ) -> BoxFuture<'a, Result<LoadBalancer, ProviderError>> {
        let (flavour, who, cluster) = (self.flavour, who.clone(), cluster.to_owned());
        self.act(move |cloud| cloud.make_balancer(flavour, &who, &cluster))
    }

    fn get_load_balancer<'a>(
        &'a self,
        who: &'a Actor,
        cluster: &'a str,
        host: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Option<LoadBalancer>, ProviderError>> {
        let (flavour, who, cluster) = (self.flavour, who.clone(), cluster.to_owned());
        let host = host.map(ToOwned::to_owned);
        self.act(move |cloud| cloud.find_balancer(flavour, &who, &cluster, host.as_deref()))
    }

    fn configure_load_balancer<'a>(
        &'a self,
        who: &'a Actor,
        _cluster: &'a str,
        host: &'a str,
        backends: Vec<String>,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        let (who, host) = (who.clone(), host.to_owned());
        self.act(move |cloud| cloud.tell_balancer(&who, &host, backends))
    }

    fn delete_load_balancer<'a>(
        &'a self,
        who: &'a Actor,
        _cluster: &'a str,
        host: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        let (who, host) = (who.clone(), host.to_owned());
        self.act(move |cloud| cloud.remove_balancer(&who, &host))
    }
}
