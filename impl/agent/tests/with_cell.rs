//! An agent and a cell over in-memory links in virtual time: it enrols, talks, and renews.

#[path = "../../cell/tests/support/api.rs"]
mod api;
#[path = "../../cell/tests/support/lab.rs"]
#[allow(dead_code, reason = "each test binary uses a part of the lab")]
mod lab;

use std::sync::Arc;
use std::time::Duration;

use api::Api;
use fulcrum_agent::Settings;
use fulcrum_agent::{Agent, Connect, Connecting, Connection, Invitation, Invited, Listener, Parts};
use fulcrum_identity::Secret;
use fulcrum_mover::{ClusterName, NoWitness};
use lab::{Lab, LabEntropy, wait};
use serde_json::json;
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Links to the listeners of a lab.
struct Links {
    pivot: UnboundedSender<DuplexStream>,
    enrolment: UnboundedSender<DuplexStream>,
}

impl Connect for Links {
    fn connect(&self, to: Listener) -> Connecting {
        let to = match to {
            Listener::Pivot => self.pivot.clone(),
            Listener::Enrolment => self.enrolment.clone(),
        };
        Box::pin(async move {
            let (near, far) = duplex(64 * 1024);
            to.send(far).map_err(std::io::Error::other)?;
            Ok(Box::new(near) as Box<dyn Connection>)
        })
    }
}

struct Letter(Invited);

impl Invitation for Letter {
    fn read(&self) -> Option<Invited> {
        Some(self.0.clone())
    }
}

async fn agent(lab: &Lab, child: &Api) -> Agent {
    let token = Secret::new(lab.token("c").await);
    let parts = Parts {
        client: child.client(),
        clock: lab.clock.clone(),
        entropy: LabEntropy::new(99),
        connect: Arc::new(Links { pivot: lab.pivot.clone(), enrolment: lab.enrolment.clone() }),
        invitation: Arc::new(Letter(Invited { token, ca: lab.cell.trust_bundle() })),
        witness: Arc::new(NoWitness),
    };
    let cluster = ClusterName { namespace: "default".to_owned(), name: "c".to_owned() };
    Agent::new(parts, Settings::new(cluster, "fulcrum-system", "cell.test", "agent-0"))
}

fn node(name: &str) -> serde_json::Value {
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"node-role.kubernetes.io/control-plane": ""}},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    })
}

#[tokio::test(start_paused = true)]
async fn an_agent_enrols_and_tells_of_its_nodes() {
    let (lab, child) = (Lab::new().await, Api::default());
    child.create("/api/v1/nodes", node("n1"));
    let mut tasks = JoinSet::new();
    let agent = agent(&lab, &child).await;
    tasks.spawn(async move { Box::pin(agent.run()).await.map(|never| match never {}) });
    wait(|| lab.status("c")["connected"].as_bool().filter(|connected| *connected)).await;
    wait(|| lab.status("c")["nodes"]["ready"].as_i64().filter(|ready| *ready == 1)).await;
    let kept = child.get("/api/v1/namespaces/fulcrum-system/secrets/fulcrum-agent");
    assert!(kept.is_some(), "the key and the certificate are kept");
}

#[tokio::test(start_paused = true)]
async fn an_agent_renews_its_certificate_and_stays_connected() {
    let (lab, child) = (Lab::new().await, Api::default());
    let mut tasks = JoinSet::new();
    let agent = agent(&lab, &child).await;
    tasks.spawn(async move { Box::pin(agent.run()).await.map(|never| match never {}) });
    let path = "/api/v1/namespaces/fulcrum-system/secrets/fulcrum-agent";
    let chain = || child.get(path).map(|secret| secret["data"]["chain"].clone());
    let first = wait(|| chain().filter(|chain| !chain.is_null())).await;
    // The certificate holds for an hour.
    for _ in 0..5 {
        sleep(Duration::from_secs(60 * 60)).await;
    }
    assert_ne!(chain(), Some(first));
    wait(|| lab.status("c")["connected"].as_bool().filter(|connected| *connected)).await;
}
