//! Objects by key and by UID, and who owns whom.

use std::collections::HashMap;

use thiserror::Error;

use super::{GroupKind, Object, ObjectKey, OwnerReference, Reference, Uid};

/// Why an owner reference leads nowhere. Kubernetes' garbage collector would delete the dependent
/// in each of these cases but the last, in which it would never delete it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OwnerFault {
    /// Nothing in the input is the owner.
    #[error("it is not in the input")]
    Absent,
    /// An object of that name is there, but it is another one: it was deleted and made again.
    #[error("the {name} of that name has uid {uid}")]
    OtherUid {
        /// The object that has the name.
        name: ObjectKey,
        /// Its UID.
        uid: Uid,
    },
    /// The UID is that of an object with another kind or name.
    #[error("that uid belongs to {0}")]
    OtherName(ObjectKey),
    /// The owner lies in another namespace.
    #[error("it lies in another namespace: {0}")]
    OtherNamespace(ObjectKey),
    /// The dependent belongs to the whole cluster, its owner to a namespace.
    #[error("it lies in a namespace and cannot own an object of the whole cluster: {0}")]
    Namespaced(ObjectKey),
}

/// Objects in the order of their keys, found by key or UID.
///
/// Positions are those of that order, so whatever is made of them does not depend on the order
/// in which the objects were read.
pub struct Index<'a> {
    objects: Vec<&'a Object>,
    by_key: HashMap<&'a ObjectKey, usize>,
    by_uid: HashMap<&'a Uid, usize>,
    by_name: HashMap<(&'a str, &'a str, &'a str), usize>,
}

impl<'a> Index<'a> {
    /// Indexes `objects`. Of several objects with one key or one UID the first in order is found;
    /// [`Index::clashes`] says which they are.
    pub fn new(objects: impl IntoIterator<Item = &'a Object>) -> Self {
        let mut objects: Vec<&Object> = objects.into_iter().collect();
        objects.sort_by(|a, b| (a.key(), a.uid()).cmp(&(b.key(), b.uid())));
        let mut index = Self {
            by_key: HashMap::with_capacity(objects.len()),
            by_uid: HashMap::with_capacity(objects.len()),
            by_name: HashMap::with_capacity(objects.len()),
            objects: Vec::new(),
        };
        for (at, &object) in objects.iter().enumerate() {
            let key = object.key();
            index.by_key.entry(key).or_insert(at);
            let name = (key.group.as_str(), key.kind.as_str(), key.name.as_str());
            index.by_name.entry(name).or_insert(at);
            if let Some(uid) = object.uid() {
                index.by_uid.entry(uid).or_insert(at);
            }
        }
        index.objects = objects;
        index
    }

    /// The objects, in the order of their keys.
    #[must_use]
    pub fn objects(&self) -> &[&'a Object] {
        &self.objects
    }

    /// The object at a position.
    #[must_use]
    pub fn object(&self, at: usize) -> &'a Object {
        self.objects[at]
    }

    /// The one object of that kind and name in the namespace of a provider, which an identity of
    /// the whole cluster does not name: `capa-system`, `capv-system`.
    fn of_provider(&self, identity: &Object, reference: &Reference) -> Option<usize> {
        if !identity.key().kind.ends_with("Identity") {
            return None;
        }
        let found = self.sole(reference)?;
        let namespace = self.objects[found].key().namespace.as_deref().unwrap_or_default();
        let is_of_provider = namespace.starts_with("cap") && namespace.ends_with("-system");
        is_of_provider.then_some(found)
    }

    /// The one object of that kind and name in any namespace.
    fn sole(&self, reference: &Reference) -> Option<usize> {
        let is_meant = |at: &usize| {
            let key = self.objects[*at].key();
            (&key.group, &key.kind, &key.name)
                == (&reference.group, &reference.kind, &reference.name)
        };
        let name = (reference.group.as_str(), reference.kind.as_str(), reference.name.as_str());
        let first = *self.by_name.get(&name)?;
        // Objects of one kind lie together, in the order of namespaces.
        let kind = self.objects[first + 1..].iter().zip(first + 1..);
        let mut others = kind
            .take_while(|(object, _)| object.key().kind == reference.kind)
            .map(|(_, at)| at)
            .filter(is_meant);
        others.next().is_none().then_some(first)
    }

    /// The position of an object.
    #[must_use]
    pub fn find(&self, key: &ObjectKey) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    /// Pairs of positions of objects that share a key or a UID.
    #[must_use]
    pub fn clashes(&self) -> Vec<(usize, usize)> {
        let mut clashes = Vec::new();
        for (at, object) in self.objects.iter().enumerate() {
            let same_key = self.by_key[object.key()];
            let same_uid = object.uid().map_or(at, |uid| self.by_uid[uid]);
            for first in [same_key, same_uid] {
                if first != at && clashes.last() != Some(&(first, at)) {
                    clashes.push((first, at));
                }
            }
        }
        clashes
    }

    /// The owner that `reference` of `dependent` means.
    ///
    /// UID, kind and name must agree; where the input has no UIDs, kind and name decide. The
    /// version is not looked at: an owner may be referred to at any version.
    ///
    /// # Errors
    /// [`OwnerFault`] if there is no such owner, or it cannot own `dependent`.
    pub fn owner(
        &self,
        dependent: &Object,
        reference: &OwnerReference,
    ) -> Result<usize, OwnerFault> {
        let wanted = reference.group_kind();
        let by_uid = reference.uid.as_ref().and_then(|uid| self.by_uid.get(uid));
        let at = match by_uid {
            Some(&at) => at,
            None => self.owner_by_name(dependent, reference, &wanted)?,
        };
        let key = self.objects[at].key();
        if key.group != wanted.group || key.kind != wanted.kind || key.name != reference.name {
            return Err(OwnerFault::OtherName(key.clone()));
        }
        match (&key.namespace, &dependent.key().namespace) {
            (None, _) => Ok(at),
            (Some(_), None) => Err(OwnerFault::Namespaced(key.clone())),
            (Some(owner), Some(own)) if owner == own => Ok(at),
            (Some(_), Some(_)) => Err(OwnerFault::OtherNamespace(key.clone())),
        }
    }

    fn owner_by_name(
        &self,
        dependent: &Object,
        reference: &OwnerReference,
        wanted: &GroupKind,
    ) -> Result<usize, OwnerFault> {
        let in_namespace = |namespace: Option<&String>| {
            self.find(&ObjectKey {
                group: wanted.group.clone(),
                kind: wanted.kind.clone(),
                namespace: namespace.cloned(),
                name: reference.name.clone(),
            })
        };
        let name = (wanted.group.as_str(), wanted.kind.as_str(), reference.name.as_str());
        let at = in_namespace(dependent.key().namespace.as_ref())
            .or_else(|| in_namespace(None))
            .or_else(|| self.by_name.get(&name).copied())
            .ok_or(OwnerFault::Absent)?;
        let owner = self.objects[at];
        let elsewhere =
            owner.key().namespace.is_some() && owner.key().namespace != dependent.key().namespace;
        match (owner.uid(), &reference.uid) {
            (Some(_), Some(_)) if elsewhere => Err(OwnerFault::Absent),
            (Some(uid), Some(_)) => {
                Err(OwnerFault::OtherUid { name: owner.key().clone(), uid: uid.clone() })
            }
            _ => Ok(at),
        }
    }

    /// The object that a reference of `referrer` means, if it is there: in the namespace that it
    /// says, or that of the referrer, or of the whole cluster.
    #[must_use]
    pub fn target(&self, referrer: &Object, reference: &Reference) -> Option<usize> {
        let namespace = reference.namespace.as_ref().or(referrer.key().namespace.as_ref());
        self.find(&reference.key_in(namespace.map(String::as_str)))
            .or_else(|| self.find(&reference.key_in(None)))
            .or_else(|| match namespace {
                None => self.of_provider(referrer, reference),
                Some(_) => None,
            })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn object(kind: &str, namespace: &str, name: &str, uid: Option<&str>, owners: Value) -> Object {
        let mut value = json!({
            "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": kind,
            "metadata": {"namespace": namespace, "name": name, "ownerReferences": owners},
        });
        if let Some(uid) = uid {
            value["metadata"]["uid"] = json!(uid);
        }
        Object::from_value(value).expect("an object")
    }

    fn owned_by(name: &str, uid: Option<&str>) -> Value {
        json!([{
            "apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Cluster", "name": name, "uid": uid,
        }])
    }

    fn owner_of(dependent: &Object, owner: &Object) -> Result<usize, OwnerFault> {
        Index::new([dependent, owner]).owner(dependent, &dependent.owners()[0])
    }

    #[test]
    fn uid_kind_and_name_must_agree() {
        let cluster = object("Cluster", "a", "c", Some("u-c"), json!([]));
        let machine = |name, uid| object("Machine", "a", "m", Some("u-m"), owned_by(name, uid));
        assert_eq!(owner_of(&machine("c", Some("u-c")), &cluster), Ok(0));
        assert_eq!(
            owner_of(&machine("c", Some("u-old")), &cluster),
            Err(OwnerFault::OtherUid { name: cluster.key().clone(), uid: Uid::new("u-c") }),
        );
        assert_eq!(
            owner_of(&machine("d", Some("u-c")), &cluster),
            Err(OwnerFault::OtherName(cluster.key().clone())),
        );
        assert_eq!(owner_of(&machine("d", Some("u-d")), &cluster), Err(OwnerFault::Absent));
    }

    #[test]
    fn an_owner_lies_in_the_same_namespace() {
        let machine = object("Machine", "a", "m", None, owned_by("c", None));
        let elsewhere = object("Cluster", "b", "c", None, json!([]));
        assert_eq!(
            owner_of(&machine, &elsewhere),
            Err(OwnerFault::OtherNamespace(elsewhere.key().clone())),
        );
        let elsewhere = object("Cluster", "b", "c", Some("u-c"), json!([]));
        let machine = object("Machine", "a", "m", None, owned_by("c", Some("u-c")));
        assert_eq!(
            owner_of(&machine, &elsewhere),
            Err(OwnerFault::OtherNamespace(elsewhere.key().clone())),
        );
    }

    #[test]
    fn without_uids_names_decide() {
        let cluster = object("Cluster", "a", "c", None, json!([]));
        let machine = object("Machine", "a", "m", None, owned_by("c", None));
        assert_eq!(owner_of(&machine, &cluster), Ok(0));
    }

    #[test]
    fn an_identity_of_the_whole_cluster_finds_its_secret() {
        let secret = |namespace| {
            let value = json!({
                "apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": "account", "namespace": namespace},
            });
            Object::from_value(value).expect("a Secret")
        };
        let identity = Object::from_value(json!({
            "apiVersion": "infrastructure.cluster.x-k8s.io/v1beta2",
            "kind": "AWSClusterStaticIdentity",
            "metadata": {"name": "account"},
            "spec": {"secretRef": "account"},
        }))
        .expect("an identity");
        let reference = identity.references().pop().expect("it names a Secret");
        let (one, two) = (secret("capa-system"), secret("elsewhere"));
        let index = Index::new([&identity, &one]);
        assert!(index.target(&identity, &reference).is_some());
        let index = Index::new([&identity, &two]);
        assert_eq!(index.target(&identity, &reference), None, "somebody else's");
        let three = secret("capz-system");
        let index = Index::new([&identity, &one, &three]);
        assert_eq!(index.target(&identity, &reference), None, "either may be meant");
    }

    #[test]
    fn clashes_are_found() {
        let one = object("Cluster", "a", "c", Some("u"), json!([]));
        let two = object("Machine", "a", "m", Some("u"), json!([]));
        let three = object("Cluster", "a", "c", None, json!([]));
        assert_eq!(Index::new([&one, &two, &three]).clashes(), [(0, 1), (1, 2)]);
    }
}
