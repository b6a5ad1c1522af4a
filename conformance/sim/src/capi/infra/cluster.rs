//! The infrastructure of a cluster: its load balancer.

use serde_json::{Value, json};

use super::{actor, clusters, refused};
use crate::api::Res;
use crate::api::resources::{CLUSTERS, SECRETS};
use crate::capi::draft::Draft;
use crate::capi::object::{at, flag, is_deleting, name, owner_of, put, remove_finalizer, text};
use crate::capi::{INFRASTRUCTURE, Outcome, Pass, failed, paused, read, wake};
use crate::infrastructure::Flavour;
use crate::runtime::{BoxFuture, Concern, Context, Key, ReconcileError, Reconciler, Requeue};

/// The port of every endpoint.
const PORT: u16 = 6443;

/// The controller of `DockerClusters` or `CloudClusters`.
#[derive(Debug)]
pub(crate) struct InfraClusters {
    flavour: Flavour,
}

impl InfraClusters {
    pub(crate) fn new(flavour: Flavour) -> Self {
        Self { flavour }
    }

    fn res(&self) -> &'static Res {
        clusters(self.flavour)
    }

    fn finalizer(&self) -> &'static str {
        match self.flavour {
            Flavour::ByName => "dockercluster.infrastructure.cluster.x-k8s.io",
            Flavour::ById => "cloudcluster.infrastructure.cluster.x-k8s.io",
        }
    }
}

impl Reconciler for InfraClusters {
    fn name(&self) -> &'static str {
        match self.flavour {
            Flavour::ByName => "dockercluster",
            Flavour::ById => "cloudcluster",
        }
    }

    fn agent(&self) -> &'static str {
        INFRASTRUCTURE
    }

    fn concerns(&self) -> Vec<Concern> {
        let map = match self.flavour {
            Flavour::ByName => wake::docker_cluster_of_cluster,
            Flavour::ById => wake::cloud_cluster_of_cluster,
        };
        vec![Concern::own(self.res()), Concern { res: &CLUSTERS, map }]
    }

    fn reads(&self) -> Vec<&'static Res> {
        vec![&SECRETS]
    }

    fn reconcile<'a>(
        &'a self,
        key: &'a Key,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Requeue, ReconcileError>> {
        Box::pin(self.run(key, cx))
    }
}

impl InfraClusters {
    async fn run(&self, key: &Key, cx: &Context) -> Outcome<Requeue> {
        let object = read::one(cx, self.res(), &key.namespace, &key.name);
        let Some(object) = object else { return Ok(Requeue::Done) };
        // Until the Cluster has made itself its owner, it is nobody's.
        let Some(owner) = owner_of(&object, &CLUSTERS) else { return Ok(Requeue::Done) };
        let cluster = read::one(cx, &CLUSTERS, &key.namespace, text(owner, "name"));
        let Some(cluster) = cluster else {
            return Err(failed(format!("{} {key}: its Cluster was not found", self.res().kind)));
        };
        if paused::adds_finalizer(cx, self.res(), &object, self.finalizer()).await? {
            return Ok(Requeue::Done);
        }
        let mut object = Draft::new(self.res(), object);
        if paused::is_held(cx, Some(&cluster), &mut object).await? {
            return Ok(Requeue::Done);
        }
        let mut pass = Pass::default();
        pass.written(match is_deleting(&object) {
            true => self.go(cx, &cluster, &mut object).await,
            false => self.live(cx, &cluster, &mut object).await,
        });
        pass.written(object.write(cx, false).await);
        pass.end()
    }

    async fn live(&self, cx: &Context, cluster: &Value, object: &mut Draft) -> Outcome<()> {
        let known = text(object, "spec.controlPlaneEndpoint.host").to_owned();
        if !known.is_empty() && flag(object, "status.initialization.provisioned") {
            return Ok(());
        }
        let host = self.balancer(cx, cluster, object, &known).await?;
        if at(object, "spec.controlPlaneEndpoint.host") != &json!(host) {
            put(object, "spec.controlPlaneEndpoint", json!({"host": host, "port": PORT}));
        }
        put(object, "status.initialization.provisioned", json!(true));
        Ok(())
    }

    /// The host of the load balancer, which is made if there is none. By id, one that was known
    /// and is gone is not made again: its host would be another.
    async fn balancer(
        &self,
        cx: &Context,
        cluster: &Value,
        object: &Value,
        known: &str,
    ) -> Outcome<String> {
        let who = actor(cx, object)?;
        let infrastructure = &cx.infrastructure;
        let cluster = name(cluster);
        let host = Some(known).filter(|known| !known.is_empty());
        let found = infrastructure.get_load_balancer(&who, cluster, host).await;
        if let Some(found) = found.map_err(|error| refused(&error))? {
            return Ok(found.host);
        }
        if self.flavour == Flavour::ById && host.is_some() {
            return Err(failed(format!("the load balancer {known} does not exist any more")));
        }
        let made = infrastructure.create_load_balancer(&who, cluster).await;
        made.map(|made| made.host).map_err(|error| refused(&error))
    }

    async fn go(&self, cx: &Context, cluster: &Value, object: &mut Draft) -> Outcome<()> {
        let host = text(object, "spec.controlPlaneEndpoint.host").to_owned();
        if !host.is_empty() {
            let who = actor(cx, object)?;
            let gone = cx.infrastructure.delete_load_balancer(&who, name(cluster), &host).await;
            gone.map_err(|error| refused(&error))?;
        }
        remove_finalizer(object, self.finalizer());
        Ok(())
    }
}
