//! Facts from the bodies of a request and its answer.
//!
//! A body that does not read as an object tells nothing; it never stops the reading of a log.

use super::leaves::{Kind, digest_of, leaves_of};
use crate::history::facts::{Area, Conditions, Facts, Fnv, Leaves, Owner, key_of_leaf};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The annotation that pauses one object.
pub(crate) const PAUSED: &str = "cluster.x-k8s.io/paused";
/// The label that says to which Cluster an object belongs.
pub(crate) const CLUSTER_NAME: &str = "cluster.x-k8s.io/cluster-name";
/// Annotations that are a tool's own notes, or the pause that is a fact by itself.
const UNCOMPARED: [&str; 2] = [PAUSED, "kubectl.kubernetes.io/last-applied-configuration"];
/// Fields of `status` that are looked at by themselves, or say nothing.
const BESIDE: [&str; 4] = ["conditions", "observedGeneration", "lastUpdated", "v1beta2"];

/// What a body stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reading {
    /// The whole object: what is absent from a part that is there is not on the object.
    Whole,
    /// A merge patch: what is absent is left as it was, null removes.
    Merge,
    /// The intent of a server-side apply: what is absent may be there for others.
    Apply,
}

/// What a body says about itself and of its object.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) kind: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) uid: Option<String>,
    pub(crate) resource_version: Option<u64>,
    /// The `status` of a `Status`.
    pub(crate) outcome: Option<String>,
    pub(crate) facts: Facts,
}

/// `None`: not there; `Some(None)`: null.
pub(crate) type Field<T> = Option<Option<T>>;

fn field<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Field<T>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    kind: Option<String>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "field")]
    spec: Field<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "field")]
    data: Field<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "field")]
    string_data: Field<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Metadata<'a> {
    name: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    deletion_timestamp: Option<String>,
    #[serde(borrow, deserialize_with = "field")]
    labels: Field<&'a RawValue>,
    #[serde(borrow, deserialize_with = "field")]
    annotations: Field<&'a RawValue>,
    #[serde(deserialize_with = "field")]
    finalizers: Field<Vec<String>>,
    #[serde(deserialize_with = "field")]
    owner_references: Field<Vec<OwnerReference>>,
}

/// An owner reference as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnerReference {
    #[serde(default)]
    api_version: String,
    kind: String,
    name: String,
    #[serde(default)]
    uid: String,
}

impl From<OwnerReference> for Owner {
    fn from(reference: OwnerReference) -> Self {
        let (group, _) = reference.api_version.split_once('/').unwrap_or(("", ""));
        Self {
            group: group.to_owned(),
            kind: reference.kind,
            name: reference.name,
            uid: reference.uid,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Spec<'a> {
    #[serde(deserialize_with = "field")]
    paused: Field<bool>,
    #[serde(borrow)]
    cluster_name: Option<Cow<'a, str>>,
    replicas: Option<i64>,
    #[serde(rename = "providerID")]
    provider_id: Option<String>,
}

#[derive(Deserialize)]
struct Condition<'a> {
    #[serde(borrow, rename = "type")]
    name: Cow<'a, str>,
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(borrow, default)]
    reason: Cow<'a, str>,
    #[serde(borrow, default)]
    message: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContainerStatus {
    #[serde(default)]
    restart_count: u64,
}

/// What `raw` tells, or nothing when it does not read as an object.
pub(crate) fn tell(raw: &RawValue, reading: Reading) -> Option<Told> {
    let body: Body<'_> = serde_json::from_str(raw.get()).ok()?;
    let mut told = Told { kind: body.kind, ..Told::default() };
    told.facts.touched = Some(BTreeSet::new());
    if let Some(metadata) = body.metadata {
        metadata_facts(&mut told, metadata, reading);
    }
    if told.kind.as_deref() == Some("Status") {
        told.outcome = body.status.and_then(|raw| serde_json::from_str(raw.get()).ok());
        return Some(told);
    }
    match body.spec {
        Some(Some(spec)) => spec_facts(&mut told.facts, spec, reading),
        Some(None) => touch(&mut told.facts, Area::Spec),
        None => data_facts(&mut told, body.data, body.string_data, reading),
    }
    if let Some(status) = body.status {
        status_facts(&mut told.facts, status);
    }
    Some(told)
}

pub(crate) fn touch(facts: &mut Facts, area: Area) {
    facts.touched.get_or_insert_default().insert(area);
}

fn metadata_facts(told: &mut Told, raw: &RawValue, reading: Reading) {
    let Ok(metadata) = serde_json::from_str::<Metadata<'_>>(raw.get()) else {
        return;
    };
    told.name = metadata.name;
    told.uid = metadata.uid;
    told.resource_version = metadata.resource_version.and_then(|version| version.parse().ok());
    let facts = &mut told.facts;
    let whole = reading == Reading::Whole;
    if whole {
        facts.deleting = Some(metadata.deletion_timestamp.is_some());
    }
    if let Some(finalizers) = metadata.finalizers.or(whole.then_some(None)) {
        touch(facts, Area::Finalizers);
        set_unless_apply(&mut facts.finalizers, finalizers.unwrap_or_default(), reading);
    }
    if let Some(owners) = metadata.owner_references.or(whole.then_some(None)) {
        touch(facts, Area::Owners);
        let owners = owners.unwrap_or_default().into_iter().map(Owner::from).collect();
        set_unless_apply(&mut facts.owners, owners, reading);
    }
    if let Some(labels) = metadata.labels.or(whole.then_some(None)) {
        label_facts(facts, labels, reading);
    }
    if let Some(annotations) = metadata.annotations.or(whole.then_some(None)) {
        annotation_facts(facts, annotations, reading);
    }
}

fn set_unless_apply<T>(fact: &mut Option<T>, value: T, reading: Reading) {
    if reading != Reading::Apply {
        *fact = Some(value);
    }
}

fn label_facts(facts: &mut Facts, labels: Option<&RawValue>, reading: Reading) {
    touch(facts, Area::Labels);
    let mut all = entries(labels);
    if reading == Reading::Whole {
        facts.label_keys = Some(Leaves::new(all.keys().map(|key| key_of_leaf(key)).collect()));
    }
    if let Some(name) = all.remove(CLUSTER_NAME).flatten() {
        facts.cluster_name = Some(name);
    }
    if reading == Reading::Whole {
        facts.labels = leaves_or_none(labels, Kind::Plain, &[]);
    }
}

/// What setting these annotations tells. Also for a JSON patch that replaces all of them.
pub(crate) fn annotation_facts(facts: &mut Facts, raw: Option<&RawValue>, reading: Reading) {
    touch(facts, Area::Annotations);
    let annotations = entries(raw);
    match (annotations.get(PAUSED), reading) {
        (Some(value), _) => facts.paused_annotation = Some(value.is_some()),
        (None, Reading::Whole) => facts.paused_annotation = Some(false),
        (None, _) => {}
    }
    if reading == Reading::Whole {
        facts.annotations = leaves_or_none(raw, Kind::Plain, &UNCOMPARED);
    } else {
        let set = annotations.into_iter().filter(|(_, value)| value.is_some());
        facts.sets_annotations.extend(set.map(|(key, _)| key));
    }
}

/// Labels or annotations: names with their values, null where one is removed.
fn entries(raw: Option<&RawValue>) -> BTreeMap<String, Option<String>> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

fn leaves_or_none(raw: Option<&RawValue>, kind: Kind, skip: &[&str]) -> Option<Leaves> {
    match raw {
        Some(raw) => leaves_of(raw, kind, skip).ok(),
        None => Some(Leaves::none()),
    }
}

fn spec_facts(facts: &mut Facts, raw: &RawValue, reading: Reading) {
    let Ok(spec) = serde_json::from_str::<Spec<'_>>(raw.get()) else {
        touch(facts, Area::Spec);
        return;
    };
    match (spec.paused, reading) {
        (Some(paused), _) => {
            touch(facts, Area::Pause);
            facts.spec_paused = Some(paused.unwrap_or(false));
        }
        (None, Reading::Whole) => {
            touch(facts, Area::Pause);
            facts.spec_paused = Some(false);
        }
        (None, _) => {}
    }
    facts.cluster_name = facts.cluster_name.take().or(spec.cluster_name.map(Cow::into_owned));
    facts.replicas = spec.replicas;
    facts.provider_id = spec.provider_id.filter(|id| !id.is_empty());
    let Ok(rest) = leaves_of(raw, Kind::Plain, &["paused"]) else {
        return;
    };
    let unset_something = raw.get().contains("null") && spec.paused != Some(None);
    if rest != Leaves::none() || unset_something {
        touch(facts, Area::Spec);
    }
    if reading == Reading::Whole {
        facts.spec = Some(rest);
    }
}

fn data_facts(
    told: &mut Told,
    data: Field<&RawValue>,
    string_data: Field<&RawValue>,
    reading: Reading,
) {
    if data.is_none() && string_data.is_none() {
        return;
    }
    touch(&mut told.facts, Area::Spec);
    let whole = reading == Reading::Whole && string_data.is_none();
    if let (true, Some(Some(data))) = (whole, data) {
        told.facts.spec = leaves_of(data, Kind::Secret, &[]).ok();
    }
}

/// What a `status` tells, whole or as a merge patch: lists are replaced by either.
fn status_facts(facts: &mut Facts, raw: &RawValue) {
    let Ok(fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(raw.get()) else {
        return;
    };
    let newer = fields.get("v1beta2").copied().and_then(nested_conditions);
    let conditions = newer.or(fields.get("conditions").copied());
    if let Some(raw) = conditions {
        touch(facts, Area::Conditions);
        condition_facts(facts, raw);
    }
    if let Some(raw) = fields.get("observedGeneration") {
        facts.observed_generation = serde_json::from_str(raw.get()).ok();
    }
    if let Some(raw) = fields.get("containerStatuses") {
        let containers = serde_json::from_str::<Vec<ContainerStatus>>(raw.get());
        facts.restarts = containers.ok().map(|all| all.iter().map(|one| one.restart_count).sum());
    }
    if fields.keys().any(|key| !BESIDE.contains(&key.as_str())) {
        touch(facts, Area::Status);
    }
    facts.status = digest_of(raw, &BESIDE).ok();
}

/// The conditions of the contract v1beta2 in an object of the API version v1beta1.
fn nested_conditions(raw: &RawValue) -> Option<&RawValue> {
    serde_json::from_str::<BTreeMap<String, &RawValue>>(raw.get()).ok()?.remove("conditions")
}

fn condition_facts(facts: &mut Facts, raw: &RawValue) {
    let Ok(mut all) = serde_json::from_str::<Vec<Condition<'_>>>(raw.get()) else {
        return;
    };
    all.sort_by(|a, b| a.name.cmp(&b.name));
    let (paused, others): (Vec<_>, Vec<_>) = all.iter().partition(|one| one.name == "Paused");
    facts.paused_condition = paused.first().map(|one| one.status == "True");
    let digest = others.iter().fold(Fnv::new(), |hash, one| {
        hash.text(&one.name).text(&one.status).text(&one.reason).text(&one.message)
    });
    facts.conditions = Some(Conditions { count: others.len(), digest: digest.finish() });
}
