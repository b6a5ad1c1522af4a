//! The operations: what a request does to the store.
//!
//! An [`Op`] is a request whose resource is known and whose user may ask. [`create`], [`update`]
//! and [`patch`] end in the same two places: a new object goes through [`create::insert`], a
//! changed one through [`update::replace`]. [`delete`], [`read`] and [`watching`] are the rest;
//! [`decode`] and [`options`] take apart what was sent, [`scale`] is the subresource of that name.
//!
//! **Invariant:** an operation runs alone from its first read to its last write.

pub(crate) mod create;
pub(crate) mod decode;
pub(crate) mod delete;
pub(crate) mod options;
pub(crate) mod patch;
pub(crate) mod read;
pub(crate) mod scale;
pub(crate) mod update;
pub(crate) mod watching;

use std::cell::RefCell;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::admission::{Operation, Review};
use crate::auth::User;
use crate::http::request::{Asked, Request};
use crate::managers::{self, Tracked, Who};
use crate::ops::options::Options;
use crate::registry::{Caller, Resource};
use crate::server::Inner;
use crate::status::{GroupResource, Status};
use crate::store::Key;

/// A request that is about to be carried out.
pub(crate) struct Op<'a> {
    pub(crate) server: &'a Inner,
    pub(crate) resource: Arc<Resource>,
    pub(crate) asked: &'a Asked,
    pub(crate) request: &'a Request,
    pub(crate) user: &'a User,
    pub(crate) moment: Timestamp,
    /// The same, as objects show it.
    pub(crate) now: String,
    pub(crate) options: Options,
    pub(crate) warnings: &'a RefCell<Vec<String>>,
}

impl Op<'_> {
    /// How failures name the resource.
    pub(crate) fn group_resource(&self) -> GroupResource {
        self.resource.group_resource()
    }

    /// Whether the kind comes from a definition.
    pub(crate) fn is_custom(&self) -> bool {
        self.resource.custom.is_some()
    }

    /// The namespace of the request; empty for objects of the cluster.
    pub(crate) fn namespace(&self) -> &str {
        if self.resource.namespaced { &self.asked.namespace } else { "" }
    }

    /// Where an object of this name is stored.
    pub(crate) fn key(&self, name: &str) -> Key {
        Key::new(&self.resource.stored_as(), self.namespace(), name)
    }

    /// The stored object of this name, in the version of the request.
    pub(crate) fn live(&self, name: &str) -> Option<Value> {
        let stored = self.server.store.get(&self.key(name))?;
        Some(self.show(Value::clone(&stored)))
    }

    /// The object of the request.
    ///
    /// # Errors
    /// 404.
    pub(crate) fn existing(&self) -> Result<Value, Status> {
        let name = &self.asked.name;
        self.live(name).ok_or_else(|| Status::not_found(&self.group_resource(), name))
    }

    /// A stored object in the version of the request.
    pub(crate) fn show(&self, stored: Value) -> Value {
        self.resource.strategy.to_served(stored)
    }

    pub(crate) fn caller(&self) -> Caller<'_> {
        Caller {
            user: self.user,
            store: &self.server.store,
            registry: &self.server.registry,
            now: &self.now,
        }
    }

    pub(crate) fn warn(&self, text: impl Into<String>) {
        self.warnings.borrow_mut().push(text.into());
    }

    pub(crate) fn review<'r>(
        &'r self,
        operation: Operation,
        name: &'r str,
        old: Option<&'r Value>,
    ) -> Review<'r> {
        Review {
            operation,
            resource: &self.resource,
            subresource: &self.asked.subresource,
            namespace: self.namespace(),
            name,
            user: self.user,
            dry_run: self.options.dry_run,
            old,
            now: self.moment,
        }
    }

    /// Lets the hooks change an object.
    ///
    /// # Errors
    /// As the hooks refuse.
    pub(crate) fn mutate(&self, review: &Review<'_>, object: &mut Value) -> Result<(), Status> {
        self.server.hooks().iter().try_for_each(|hook| hook.mutate(review, object))
    }

    /// Asks the hooks.
    ///
    /// # Errors
    /// As the hooks refuse.
    pub(crate) fn admit(&self, review: &Review<'_>, object: Option<&Value>) -> Result<(), Status> {
        for hook in &*self.server.hooks() {
            for warning in hook.validate(review, object)? {
                self.warn(warning);
            }
        }
        Ok(())
    }

    /// Hands the kind's ownership of fields to `act`.
    pub(crate) fn tracked<T>(&self, act: impl FnOnce(&Tracked<'_>, &Who<'_>) -> T) -> T {
        let api_version = self.resource.api_version();
        let subresource = self.asked.subresource.as_str();
        let others: Vec<(&str, &crate::schema::Schema)> = self
            .resource
            .custom
            .iter()
            .flat_map(|custom| &custom.served)
            .map(|(version, schema)| (version.as_str(), schema))
            .collect();
        let empty = self.resource.strategy.empty();
        let tracked = Tracked {
            schema: &self.resource.schema,
            reset: self.resource.strategy.reset_fields(subresource),
            others: &others,
            empty: (!self.is_custom()).then_some(&empty),
        };
        let who = Who {
            manager: &self.options.manager,
            operation: managers::Operation::Update,
            version: &api_version,
            subresource,
            time: &self.now,
        };
        act(&tracked, &who)
    }
}
