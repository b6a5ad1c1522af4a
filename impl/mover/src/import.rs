//! Copies are made or brought up to date, owners first (rules I1-I4, I6).
//!
//! A copy is created paused, bears the mark of its move and the UID of its source, and then gets the
//! field managers of its source back. Its status is not copied: controllers rebuild it.

use std::collections::BTreeMap;
use std::sync::Arc;

use fulcrum_model::digest::covers;
use fulcrum_model::object::{Object, ObjectKey, Uid as ObjectUid};
use fulcrum_model::protocol::{Entry, Name, Outcome, Uid, Version};
use fulcrum_model::transform::{self, MOVE_ID, SOURCE_UID, UidMap};
use serde_json::{Value, json};

use crate::api::{Api, ApiError};
use crate::catalog::Catalog;
use crate::ids;
use crate::parcel::SentObject;
use crate::read::{APPLIED, content};
use crate::settings::ClusterName;

/// One run of writes at a target.
pub(crate) struct Import<'a> {
    pub(crate) api: &'a Api,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) cluster: &'a ClusterName,
    /// The id of the move, as it stands in marks.
    pub(crate) move_id: String,
    /// What the source sent.
    pub(crate) sent: &'a BTreeMap<Name, SentObject>,
    /// The copies that are there.
    pub(crate) uids: UidMap,
}

/// Why a copy is not made.
enum Stop {
    /// As the protocol says it.
    Ended(Outcome),
    /// It cannot be made: said to the source as an object that is not ours.
    Hopeless(&'static str),
}

impl Import<'_> {
    /// Makes what is missing of the library objects; one that differs is refused (rule D4).
    pub(crate) async fn library(&mut self, names: &[Name]) -> Result<(), Outcome> {
        for name in names {
            let Some(sent) = self.sent.get(name) else { continue };
            match self.library_object(sent).await {
                Ok(()) => {}
                Err(stop) => return Err(said(&sent.key, stop)),
            }
        }
        Ok(())
    }

    /// Makes the copy of an entry, or replaces the one that is there.
    pub(crate) async fn put(&mut self, entry: &Entry, replaces: Option<(Uid, Version)>) -> Outcome {
        let Some(sent) = self.sent.get(&entry.name) else {
            tracing::warn!(object = %entry.name.0, "its manifest did not come");
            return Outcome::Foreign;
        };
        match self.copy(sent, entry, replaces).await {
            Ok(()) => Outcome::Ok,
            Err(stop) => said(&sent.key, stop),
        }
    }

    async fn copy(
        &mut self,
        sent: &SentObject,
        entry: &Entry,
        replaces: Option<(Uid, Version)>,
    ) -> Result<(), Stop> {
        if content::digest(&sent.manifest) != entry.digest {
            return Err(Stop::Hopeless("its manifest is not what was read at the source"));
        }
        let source = self.source(sent)?;
        if sent.key.namespace.as_deref() != Some(self.cluster.namespace.as_str()) {
            return Err(Stop::Hopeless("it is not of the namespace of the cluster"));
        }
        let mut value = transform::copy(&source, &[], &self.uids, &self.move_id)
            .map_err(|_| Stop::Hopeless("an owner of it has no copy"))?;
        value["metadata"]["annotations"][APPLIED] = json!(entry.digest.to_string());
        let collection = self.collection(&source)?;
        let path = format!("{collection}/{}", sent.key.name);
        let written = match replaces {
            Some((uid, version)) => {
                value["metadata"]["uid"] = json!(ids::uid_text(uid));
                value["metadata"]["resourceVersion"] = json!(ids::version_text(version));
                self.api.replace(&path, &value).await
            }
            None => self.api.create(&collection, &value).await,
        };
        let written = match written {
            Err(error) if error.is_conflict() && replaces.is_none() => {
                return Err(self.taken(&path).await);
            }
            written => written.map_err(stopped)?,
        };
        self.remember(sent, &written);
        self.give_managers_back(sent, &path, &written).await
    }

    /// Whose the object is that has the name already.
    async fn taken(&self, path: &str) -> Stop {
        match self.api.find(path).await {
            Ok(Some(live)) if live["metadata"]["annotations"][MOVE_ID].is_null() => {
                Stop::Hopeless("an object of that name is there that is no copy")
            }
            // The next reading finds it.
            _ => Stop::Ended(Outcome::Conflict),
        }
    }

    async fn library_object(&mut self, sent: &SentObject) -> Result<(), Stop> {
        let source = self.source(sent)?;
        let collection = self.collection(&source)?;
        let path = format!("{collection}/{}", sent.key.name);
        if let Some(live) = self.api.find(&path).await.map_err(stopped)? {
            let wanted = without_owners(&sent.manifest);
            if !covers(&wanted, &without_owners(&live)).is_empty() {
                return Err(Stop::Hopeless("a library object that is there differs"));
            }
            self.remember(sent, &live);
            return Ok(());
        }
        let mut value = self.library_copy(sent);
        value["metadata"]["annotations"][SOURCE_UID] = json!(sent.source_uid);
        let made = self.api.create(&collection, &value).await.map_err(stopped)?;
        self.remember(sent, &made);
        self.give_managers_back(sent, &path, &made).await
    }

    /// A library object is nobody's copy: it bears no mark of a move. Its owners are those that are
    /// there; a Cluster that uses it becomes one by its controllers.
    fn library_copy(&self, sent: &SentObject) -> Value {
        let mut value = sent.manifest.clone();
        transform::strip(&mut value);
        let owners = value.pointer_mut("/metadata/ownerReferences").and_then(Value::as_array_mut);
        if let Some(owners) = owners {
            owners.retain_mut(|owner| {
                let source = owner.get("uid").and_then(Value::as_str).map(ObjectUid::new);
                let local = source.and_then(|source| self.uids.local(&source).cloned());
                if let Some(local) = &local {
                    owner["uid"] = json!(local.as_str());
                }
                local.is_some()
            });
        }
        value
    }

    fn source(&self, sent: &SentObject) -> Result<Object, Stop> {
        let mut manifest = sent.manifest.clone();
        if let Some(metadata) = manifest.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("uid".to_owned(), json!(sent.source_uid));
        }
        let object = Object::from_value(manifest);
        let object = object.map_err(|_| Stop::Hopeless("its manifest is no object"))?;
        match *object.key() == sent.key {
            true => Ok(object),
            false => Err(Stop::Hopeless("its manifest is of another object")),
        }
    }

    /// Where the object is created; what does not move has no such place (rule I6).
    fn collection(&self, source: &Object) -> Result<String, Stop> {
        let system = source.key().namespace.as_deref().is_some_and(|it| it.starts_with("kube-"));
        let place = self.catalog.collection(source.key(), source.version());
        place
            .filter(|_| !system)
            .ok_or(Stop::Hopeless("its type does not move here at that version"))
    }

    fn remember(&mut self, sent: &SentObject, written: &Value) {
        if let Some(uid) = written.pointer("/metadata/uid").and_then(Value::as_str) {
            self.uids.insert(ObjectUid::new(sent.source_uid.as_str()), ObjectUid::new(uid));
        }
    }

    /// The mover owns no field of a copy: its managers are those of the source (rule I3).
    async fn give_managers_back(
        &self,
        sent: &SentObject,
        path: &str,
        written: &Value,
    ) -> Result<(), Stop> {
        let managers = managers(&sent.manifest);
        if managers.is_empty() {
            return Ok(());
        }
        let patch = json!({
            "metadata": {
                "uid": written["metadata"]["uid"],
                "resourceVersion": written["metadata"]["resourceVersion"],
                "managedFields": managers,
            },
        });
        match self.api.patch(path, &patch).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_lost() => Err(Stop::Ended(Outcome::Unknown)),
            Err(error) if error.is_conflict() || error.is_absent() => {
                Err(Stop::Ended(Outcome::Conflict))
            }
            Err(error) => {
                tracing::warn!(object = %sent.key, %error, "its managers are not given back");
                Ok(())
            }
        }
    }
}

/// The managers of an object, but for those of its status.
fn managers(manifest: &Value) -> Vec<&Value> {
    let managers = manifest.pointer("/metadata/managedFields").and_then(Value::as_array);
    let own = |manager: &&Value| manager["subresource"].as_str().is_none_or(str::is_empty);
    managers.into_iter().flatten().filter(own).collect()
}

fn without_owners(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("ownerReferences");
        metadata.remove("finalizers");
    }
    value
}

fn stopped(error: ApiError) -> Stop {
    tracing::warn!(%error, "an object is not written");
    if error.is_lost() {
        Stop::Ended(Outcome::Unknown)
    } else if error.is_conflict() || error.is_absent() {
        Stop::Ended(Outcome::Conflict)
    } else {
        Stop::Hopeless("the server refuses it")
    }
}

fn said(object: &ObjectKey, stop: Stop) -> Outcome {
    match stop {
        Stop::Ended(outcome) => outcome,
        Stop::Hopeless(why) => {
            tracing::warn!(%object, why, "an object cannot be staged");
            Outcome::Foreign
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn managers_of_the_status_stay_behind() {
        let manifest = json!({"metadata": {"managedFields": [
            {"manager": "kubectl", "operation": "Apply"},
            {"manager": "manager", "subresource": "status"},
        ]}});
        let managers = managers(&manifest);
        assert_eq!(managers.len(), 1);
        assert_eq!(managers[0]["manager"], "kubectl");
    }
}
