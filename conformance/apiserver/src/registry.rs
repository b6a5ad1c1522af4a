//! Which resources are served, and what is special about each.
//!
//! A [`Resource`] is a resource at one version. Those that are built in come from
//! [`crate::kinds`]; the others are made of the CustomResourceDefinitions in the store.
//!
//! **Invariant:** what is served is a function of the built-in kinds and of the stored
//! definitions, so a store that is restored serves what it served.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::auth::User;
use crate::controllers::Kinds;
use crate::meta::NameRule;
use crate::schema::Schema;
use crate::status::{FieldError, GroupKind, GroupResource, Status};
use crate::store::Store;

/// Verbs of a built-in resource, in the order of discovery.
pub const STANDARD: &[&str] =
    &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// A resource at a version.
#[derive(Clone)]
pub struct Resource {
    /// API group; empty for the core group.
    pub group: String,
    /// Version in the path.
    pub version: String,
    /// The plural, as in the path.
    pub plural: String,
    /// The singular.
    pub singular: String,
    /// The kind.
    pub kind: String,
    /// The kind of lists.
    pub list_kind: String,
    /// Short names.
    pub short_names: Vec<String>,
    /// Categories, such as `all`.
    pub categories: Vec<String>,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// What may be done, in the order of discovery.
    pub verbs: &'static [&'static str],
    /// What an object may hold, at this version.
    pub schema: Schema,
    /// What hangs below an object.
    pub subresources: Vec<Subresource>,
    /// Fields other than name and namespace that a field selector may name, dotted.
    pub selectable: Vec<String>,
    /// Under which resource objects are stored, if not under their own.
    pub stored: Option<GroupResource>,
    /// What only custom resources have.
    pub custom: Option<Custom>,
    /// What is special about the kind.
    pub strategy: Arc<dyn Strategy>,
}

/// Something that hangs below an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subresource {
    /// As in the path: `status`, `scale`, `token`, `finalize`, `eviction`.
    pub name: &'static str,
    /// Group, version and kind of the body, if it is not that of the object.
    pub body: Option<(&'static str, &'static str, &'static str)>,
    /// What may be done, in the order of discovery.
    pub verbs: &'static [&'static str],
}

impl Subresource {
    /// The subresource `status`.
    pub const STATUS: Self =
        Self { name: "status", body: None, verbs: &["get", "patch", "update"] };
    /// The subresource `scale`.
    pub const SCALE: Self = Self {
        name: "scale",
        body: Some(("autoscaling", "v1", "Scale")),
        verbs: &["get", "patch", "update"],
    };
}

/// What only a custom resource has.
#[derive(Clone, Debug)]
pub struct Custom {
    /// The version in which objects are stored.
    pub storage_version: String,
    /// The schema of that version.
    pub storage_schema: Schema,
    /// All served versions with their schemas, by apiVersion.
    pub served: Vec<(String, Schema)>,
    /// Columns that `kubectl get` shows, as in the definition.
    pub columns: Vec<Value>,
    /// Text of the warning of a deprecated version.
    pub deprecated: Option<String>,
    /// Where the number of replicas stands, if there is a subresource `scale`.
    pub scale: Option<ScalePaths>,
    /// The definition is being deleted: nothing may be created.
    pub terminating: bool,
}

/// Paths of the subresource `scale`, such as `.spec.replicas`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScalePaths {
    /// Wanted number.
    pub spec: String,
    /// Number that is there.
    pub status: String,
    /// Selector; empty without one.
    pub selector: String,
}

impl Resource {
    /// A built-in resource with the standard verbs, an open schema and nothing special.
    #[must_use]
    pub fn builtin(group: &str, version: &str, kind: &str, plural: &str) -> Self {
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: plural.to_owned(),
            singular: kind.to_lowercase(),
            kind: kind.to_owned(),
            list_kind: format!("{kind}List"),
            short_names: Vec::new(),
            categories: Vec::new(),
            namespaced: true,
            verbs: STANDARD,
            schema: Schema::open(),
            subresources: Vec::new(),
            selectable: Vec::new(),
            stored: None,
            custom: None,
            strategy: Arc::new(Plain),
        }
    }

    /// `v1`, `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Group and plural.
    #[must_use]
    pub fn group_resource(&self) -> GroupResource {
        GroupResource::new(&self.group, &self.plural)
    }

    /// Group and kind.
    #[must_use]
    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(&self.group, &self.kind)
    }

    /// Group and kind as refusals of an object name them: those of the stored form.
    #[must_use]
    pub fn judged_as(&self) -> GroupKind {
        GroupKind::new(&self.stored_as().group, &self.kind)
    }

    /// Whether finalizers may be without a domain: the rule is one of the core kinds, and
    /// definitions are judged as custom resources are.
    #[must_use]
    pub fn frees_finalizers(&self) -> bool {
        self.custom.is_some() || self.group == "apiextensions.k8s.io"
    }

    /// Under which resource the objects are stored.
    #[must_use]
    pub fn stored_as(&self) -> GroupResource {
        self.stored.clone().unwrap_or_else(|| self.group_resource())
    }

    /// The subresource of this name.
    #[must_use]
    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|s| s.name == name)
    }

    /// Whether `status` is written on its own.
    #[must_use]
    pub fn has_status(&self) -> bool {
        self.subresource("status").is_some()
    }
}

/// What a write may look at, beside the objects.
pub struct Caller<'a> {
    /// Who writes.
    pub user: &'a User,
    /// The store, to read.
    pub store: &'a Store,
    /// What is served.
    pub registry: &'a Registry,
    /// The time, RFC 3339 with seconds.
    pub now: &'a str,
}

/// What the plainest kinds have in common, and where a kind differs. The name follows Kubernetes.
///
/// The order on a write: decode, prune, [`Strategy::complete`], ownership of fields, mutating
/// admission, metadata of the server, `prepare_*`, `validate*`, [`Strategy::admit`], validating
/// admission, store.
pub trait Strategy: Send + Sync {
    /// What a name may be.
    fn name_rule(&self) -> NameRule {
        NameRule::Subdomain
    }

    /// The zero value of the kind as JSON: fields that are there before anything is set.
    fn empty(&self) -> Value {
        json!({})
    }

    /// Dotted paths that nobody gains by a write to `subresource` (empty: the object).
    fn reset_fields(&self, _subresource: &str) -> &'static [&'static str] {
        &[]
    }

    /// Whether objects count their changes in `metadata.generation`.
    fn has_generation(&self) -> bool {
        false
    }

    /// Whether a PUT without resourceVersion is accepted.
    fn unconditional_update(&self) -> bool {
        true
    }

    /// Whether a PUT creates what is not there.
    fn create_on_update(&self) -> bool {
        false
    }

    /// Whether a DELETE that takes effect at once answers with the object.
    fn returns_deleted(&self) -> bool {
        false
    }

    /// Completes a decoded object: defaults, conversions (`stringData`), empty fields that are
    /// not written.
    ///
    /// # Errors
    /// 400 for what Go's decoder would refuse.
    fn complete(&self, _object: &mut Value) -> Result<(), Status> {
        Ok(())
    }

    /// Sets what the server decides when an object is created.
    fn prepare_create(&self, _object: &mut Value) {}

    /// Sets back what a write to `subresource` does not change.
    fn prepare_update(&self, _new: &mut Value, _old: &Value, _subresource: &str) {}

    /// What is wrong with a new object, apart from its metadata.
    fn validate(&self, _object: &Value) -> Vec<FieldError> {
        Vec::new()
    }

    /// What is wrong with a change, apart from the common rules of metadata.
    fn validate_update(&self, _new: &Value, _old: &Value, _subresource: &str) -> Vec<FieldError> {
        Vec::new()
    }

    /// Whether the caller may write this object (`old`: what it replaces), as escalation of
    /// rights forbids.
    ///
    /// # Errors
    /// As the API refuses.
    fn admit(&self, _by: &Caller<'_>, _new: &Value, _old: Option<&Value>) -> Result<(), Status> {
        Ok(())
    }

    /// Whether an object may be deleted, such as a protected namespace.
    ///
    /// # Errors
    /// As the API refuses.
    fn admit_delete(&self, _by: &Caller<'_>, _object: &Value) -> Result<(), Status> {
        Ok(())
    }

    /// Marks an object as deleted in the kind's own way; `false`: in the common way.
    fn begin_deletion(&self, _object: &mut Value, _now: &str) -> bool {
        false
    }

    /// The answer to a POST of a kind that is not stored, such as a review.
    fn answer(&self, _by: &Caller<'_>, _object: &Value) -> Option<Result<Value, Status>> {
        None
    }

    /// The answer to a POST below an object, such as `token`.
    ///
    /// # Errors
    /// As the API refuses.
    fn connect(
        &self,
        _by: &Caller<'_>,
        _object: &Value,
        subresource: &str,
        _body: &Value,
    ) -> Result<Value, Status> {
        Err(Status::internal(format!("{subresource} cannot be created")))
    }

    /// From the form of this version to the stored one.
    fn to_stored(&self, object: Value) -> Value {
        object
    }

    /// From the stored form to that of this version.
    fn to_served(&self, object: Value) -> Value {
        object
    }
}

/// The strategy of kinds with nothing special.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl Strategy for Plain {}

/// What is served.
#[derive(Default)]
pub struct Registry {
    served: Mutex<BTreeMap<(String, String, String), Arc<Resource>>>,
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<(String, String, String), Arc<Resource>>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A registry that serves these.
    #[must_use]
    pub fn new(builtin: Vec<Resource>) -> Self {
        let registry = Self::default();
        for resource in builtin {
            let path = (resource.group.clone(), resource.version.clone(), resource.plural.clone());
            registry.lock().insert(path, Arc::new(resource));
        }
        registry
    }

    /// The resource at a path.
    #[must_use]
    pub fn get(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Resource>> {
        let path = (group.to_owned(), version.to_owned(), plural.to_owned());
        self.lock().get(&path).cloned()
    }

    /// All that is served, by group, version and plural.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Resource>> {
        self.lock().values().cloned().collect()
    }

    /// The resource of a kind.
    #[must_use]
    pub fn of_kind(&self, api_version: &str, kind: &str) -> Option<Arc<Resource>> {
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        let served = self.lock();
        let mut found = served.values().filter(|r| r.group == group && r.version == version);
        found.find(|r| r.kind == kind).cloned()
    }

    /// Replaces all custom resources; those in the list are served from now on.
    pub fn set_custom(&self, resources: Vec<Resource>) {
        let mut served = self.lock();
        served.retain(|_, resource| resource.custom.is_none());
        for resource in resources {
            let path = (resource.group.clone(), resource.version.clone(), resource.plural.clone());
            served.insert(path, Arc::new(resource));
        }
    }
}

impl Kinds for Registry {
    fn find(&self, api_version: &str, kind: &str) -> Option<(GroupResource, bool)> {
        let resource = self.of_kind(api_version, kind)?;
        Some((resource.stored_as(), resource.namespaced))
    }
}
