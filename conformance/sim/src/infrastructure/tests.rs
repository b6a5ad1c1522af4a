//! One infrastructure and two owners.

use fulcrum_harness::history::Side::{Source, Target};
use jiff::Timestamp;

use super::*;
use crate::clock::SharedClock;
use crate::entropy::SharedEntropy;
use crate::history::Recorder;
use crate::net::{Net, TIMEOUT, Verdict};

/// A network and an infrastructure in it.
fn scene() -> (Net, Infrastructure, Recorder) {
    let entropy = SharedEntropy::new(7);
    let recorder = Recorder::new(SharedClock::starting_at(Timestamp::UNIX_EPOCH));
    (Net::new(), Infrastructure::new(&entropy, recorder.clone()), recorder)
}

fn actor(cluster: &str) -> Actor {
    let (on_behalf_of, agent) = (cluster.to_owned(), "capi-infra".to_owned());
    Actor { on_behalf_of, agent, credentials: None }
}

async fn create(provider: &dyn Provider, name: &str) -> Result<InfraMachine, ProviderError> {
    let who = provider.actor();
    provider.create_machine(&who, "c1", name, MachineSpec::default()).await
}

#[tokio::test(start_paused = true)]
async fn two_owners_double_a_machine_in_a_cloud() {
    let (net, cloud, recorder) = scene();
    let parent = cloud.provider(&net, Flavour::ById, actor("parent"));
    let child = cloud.provider(&net, Flavour::ById, actor("c1"));
    let one = create(&*parent, "m1").await.expect("made");
    let other = create(&*child, "m1").await.expect("made once more");
    assert_ne!(one.id, other.id);
    assert_eq!(cloud.machines("c1").len(), 2);
    let made: Vec<_> = recorder
        .history("parent", "c1")
        .infrastructure()
        .map(|act| (act.name.clone(), act.on_behalf_of))
        .collect();
    assert_eq!(made, [("m1".to_owned(), Some(Source)), ("m1".to_owned(), Some(Target))]);
}

#[tokio::test(start_paused = true)]
async fn two_owners_fight_over_a_name() {
    let (net, cloud, recorder) = scene();
    let parent = cloud.provider(&net, Flavour::ByName, actor("parent"));
    let child = cloud.provider(&net, Flavour::ByName, actor("c1"));
    create(&*parent, "m1").await.expect("made");
    let taken = create(&*child, "m1").await;
    assert_eq!(taken, Err(ProviderError::Exists("m1".to_owned())));
    let who = child.actor();
    child.delete_machine(&who, "c1", MachineRef::Name("m1")).await.expect("removed");
    let who = parent.actor();
    let seen = parent.get_machine(&who, "c1", MachineRef::Name("m1")).await;
    assert_eq!(seen, Ok(None), "the other one has lost it");
    create(&*parent, "m1").await.expect("and makes it again");
    let history = recorder.history("parent", "c1");
    let acts: Vec<String> = history
        .infrastructure()
        .map(|act| format!("{:?} {:?}", act.action, act.on_behalf_of))
        .collect();
    assert_eq!(acts, ["Create Some(Source)", "Delete Some(Target)", "Create Some(Source)"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_sent_takes_effect_though_its_caller_died() {
    let (net, cloud, _) = scene();
    cloud.set_pace(Pace { call: Duration::from_secs(30), ..Pace::default() });
    let parent = cloud.provider(&net, Flavour::ById, actor("parent"));
    let dies = tokio::time::timeout(Duration::from_secs(1), create(&*parent, "m1"));
    assert!(dies.await.is_err());
    assert!(cloud.machines("c1").is_empty());
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(cloud.machines("c1").len(), 1, "it is there, and nobody knows its id");
}

#[tokio::test(start_paused = true)]
async fn a_machine_runs_after_its_time_unless_it_is_gone() {
    let (net, cloud, _) = scene();
    let parent = cloud.provider(&net, Flavour::ByName, actor("parent"));
    create(&*parent, "m1").await.expect("made");
    create(&*parent, "m2").await.expect("made");
    let who = parent.actor();
    parent.delete_machine(&who, "c1", MachineRef::Name("m2")).await.expect("removed");
    assert_eq!(cloud.machines("c1")[0].state, MachineState::Starting);
    tokio::time::sleep(Duration::from_secs(7)).await;
    let machines = cloud.machines("c1");
    assert_eq!(machines.len(), 1);
    assert_eq!(machines[0].state, MachineState::Running);
    assert!(cloud.kill("docker:////m1"));
    assert!(!cloud.kill("docker:////m1"), "once");
    assert!(cloud.restart("docker:////m1"));
}

#[tokio::test(start_paused = true)]
async fn a_cloud_does_not_find_by_name() {
    let (net, cloud, _) = scene();
    let parent = cloud.provider(&net, Flavour::ById, actor("parent"));
    let made = create(&*parent, "m1").await.expect("made");
    let who = parent.actor();
    let by_name = parent.get_machine(&who, "c1", MachineRef::Name("m1")).await;
    assert_eq!(by_name, Ok(None));
    let by_id = parent.get_machine(&who, "c1", MachineRef::Id(&made.id)).await;
    assert_eq!(by_id.expect("an answer").map(|machine| machine.id), Some(made.id.clone()));
}

#[tokio::test(start_paused = true)]
async fn credentials_images_and_the_link_are_needed() {
    let (net, cloud, _) = scene();
    let parent = cloud.provider(&net, Flavour::ByName, actor("parent"));
    cloud.accept_credentials(Some(&["new"]));
    assert!(matches!(create(&*parent, "m1").await, Err(ProviderError::Denied(_))));
    let who = parent.actor().with_credentials("new");
    let spec = MachineSpec { image: "v2".into(), ..MachineSpec::default() };
    cloud.set_image("v2", false);
    let missing = parent.create_machine(&who, "c1", "m1", spec.clone()).await;
    assert_eq!(missing, Err(ProviderError::NoImage("v2".to_owned())));
    cloud.set_image("v2", true);
    net.set("parent", Infrastructure::PLACE, Verdict::Cut);
    let began = tokio::time::Instant::now();
    let cut = parent.create_machine(&who, "c1", "m1", spec.clone()).await;
    assert!(matches!(cut, Err(ProviderError::Unreachable(_))));
    assert!(began.elapsed() >= TIMEOUT);
    net.heal();
    parent.create_machine(&who, "c1", "m1", spec).await.expect("made");
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_leads_to_its_cluster() {
    let (net, cloud, _) = scene();
    let parent = cloud.provider(&net, Flavour::ByName, actor("parent"));
    let who = parent.actor();
    let made = parent.create_load_balancer(&who, "c1").await.expect("made");
    assert_eq!(cloud.resolve(&made.host).as_deref(), Some("c1"));
    assert!(parent.create_load_balancer(&who, "c1").await.is_err(), "there is one");
    parent.delete_load_balancer(&who, "c1", &made.host).await.expect("removed");
    assert_eq!(cloud.resolve(&made.host), None);
    let cloudy = cloud.provider(&net, Flavour::ById, actor("parent"));
    let one = cloudy.create_load_balancer(&who, "c1").await.expect("made");
    let other = cloudy.create_load_balancer(&who, "c1").await.expect("made once more");
    assert_ne!(one.host, other.host);
}
