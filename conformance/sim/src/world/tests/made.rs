//! A child whose machines were made by hand, and not by Cluster API.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::sleep;

use super::super::{PARENT, World};
use crate::api::resources::{NODES, SECRETS};
use crate::infrastructure::{Actor, MachineSpec};
use crate::workload::{Bootstrap, BootstrapRole, ca_hash, token_secret};

const TOKEN: &str = "abcdef.0123456789abcdef";

/// Waits until something holds.
pub(super) async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..3600 {
        if holds() {
            return;
        }
        sleep(Duration::from_secs(1)).await;
    }
    panic!("an hour has passed, and still not: {what}");
}

/// Makes the child `c1`: the control plane machine `cp-0` and so many workers.
pub(super) async fn made(world: &World, workers: usize) {
    let who =
        Actor { on_behalf_of: PARENT.to_owned(), agent: "test".to_owned(), credentials: None };
    let provider = world.infrastructure().provider(world.net(), world.flavour(), who.clone());
    let balancer = provider.create_load_balancer(&who, "c1").await.expect("made");
    let spec = |role: BootstrapRole, node: &str, token: &str| {
        let bootstrap = Bootstrap {
            role,
            node: node.to_owned(),
            version: "v1.34.4".to_owned(),
            endpoint: balancer.host.clone(),
            ca_hash: ca_hash("the CA of c1"),
            token: token.to_owned(),
        };
        let version = bootstrap.version.clone();
        MachineSpec { version, bootstrap: bootstrap.text(), ..MachineSpec::default() }
    };
    let first = spec(BootstrapRole::Init, "cp-0", "");
    provider.create_machine(&who, "c1", "cp-0", first).await.expect("made");
    world.child("c1").up().await;
    let admin = world.api("c1", "test").expect("it is up");
    let secret = token_secret(TOKEN, Timestamp::MAX);
    admin.create(&SECRETS, "kube-system", &secret).await.expect("taken");
    for number in 0..workers {
        let name = format!("w-{number}");
        let worker = spec(BootstrapRole::Join, &name, TOKEN);
        provider.create_machine(&who, "c1", &name, worker).await.expect("made");
    }
    let server = world.server("c1").expect("it is up");
    let nodes = || {
        let all = server.store().list(&NODES.group_resource(), None, None);
        all.map(|(nodes, _)| nodes.len()).unwrap_or_default()
    };
    until("all machines are nodes", || nodes() == workers + 1).await;
}
