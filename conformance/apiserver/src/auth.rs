//! Who asks, and whether they may.
//!
//! Reading order: `tokens` turns a header into a [`User`], `impersonate` lets one speak for
//! another, `rbac` looks for the right in the roles and bindings of the store and in those that
//! every cluster has (`builtin`), `escalation` keeps users from granting what they do not hold.
//!
//! **Invariant:** no token is printed, neither by `Debug` nor in a failure.

mod builtin;
pub(crate) mod escalation;
mod impersonate;
pub(crate) mod rbac;
#[cfg(test)]
mod tests;
mod tokens;

use std::collections::BTreeMap;

use crate::status::{GroupResource, Status, quote};
use crate::store::Store;

pub use self::impersonate::impersonate;
pub use self::tokens::Tokens;

/// The group that may do everything.
const MASTERS: &str = "system:masters";
/// The group of all whose credentials are known.
const AUTHENTICATED: &str = "system:authenticated";
/// The group of all others.
const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The user without credentials.
const ANONYMOUS: &str = "system:anonymous";

/// Somebody who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The uid; may be empty.
    pub uid: String,
    /// The groups, in the order in which they were found out.
    pub groups: Vec<String>,
    /// More that is known, by key.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    fn of(name: &str, groups: &[&str]) -> Self {
        let groups = groups.iter().map(|&group| group.to_owned()).collect();
        Self { name: name.to_owned(), groups, ..Self::default() }
    }

    /// Somebody without credentials.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::of(ANONYMOUS, &[UNAUTHENTICATED])
    }

    /// An administrator, who may do everything.
    #[must_use]
    pub fn admin() -> Self {
        Self::of("kubernetes-admin", &[MASTERS, AUTHENTICATED])
    }

    /// A component of the control plane; `system:` is put in front of its name if it is not there.
    #[must_use]
    pub fn system(name: &str) -> Self {
        let name = name.strip_prefix("system:").unwrap_or(name);
        Self::of(&format!("system:{name}"), &[AUTHENTICATED])
    }

    /// Whether the user may do everything, whatever the roles say.
    pub(crate) fn is_master(&self) -> bool {
        self.is_in(MASTERS)
    }

    fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|one| one == group)
    }
}

/// What is asked for, as far as rights go.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attributes<'a> {
    /// `get`, `list`, ..., or the method in lower case where no resource is asked for.
    pub verb: &'a str,
    /// API group; empty for the core group.
    pub group: &'a str,
    /// Version.
    pub version: &'a str,
    /// The plural; empty where no resource is asked for.
    pub resource: &'a str,
    /// What hangs below the object, or empty.
    pub subresource: &'a str,
    /// The namespace, or empty. A Namespace is in the one of its name.
    pub namespace: &'a str,
    /// The name; empty for collections.
    pub name: &'a str,
    /// The path; empty where a resource is asked for.
    pub path: &'a str,
}

impl Attributes<'_> {
    fn is_resource(&self) -> bool {
        self.path.is_empty()
    }

    /// The plural and what hangs below, such as `widgets/status`.
    fn whole_resource(&self) -> String {
        if self.subresource.is_empty() {
            self.resource.to_owned()
        } else {
            format!("{}/{}", self.resource, self.subresource)
        }
    }
}

/// Whether somebody may do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// They may; by what binding, or empty where they may do everything.
    Allowed(String),
    /// They may not; what kept bindings from being looked at, mostly empty.
    Denied(String),
}

/// Why nobody may speak for somebody else.
#[derive(Clone, Debug, PartialEq)]
pub enum Refused {
    /// As the API refuses.
    Status(Status),
    /// In plain text: the headers make no sense.
    Text {
        /// The HTTP code.
        code: u16,
        /// The whole body.
        body: String,
    },
}

/// Whether the user may do this, by the store as it is now.
#[must_use]
pub fn authorize(store: &Store, user: &User, request: &Attributes<'_>) -> Decision {
    if user.is_master() {
        return Decision::Allowed(String::new());
    }
    rbac::authorize(store, user, request)
}

/// 403: the user may not, and `why` (may be empty).
#[must_use]
pub fn refusal(user: &User, request: &Attributes<'_>, why: &str) -> Status {
    let mut text = sanitized(&denial(user, request));
    if !why.is_empty() {
        text.push_str(": ");
        text.push_str(why);
    }
    if !request.is_resource() {
        return Status::forbidden_path(&text);
    }
    let resource = GroupResource::new(request.group, request.resource);
    Status::forbidden(&resource, request.name, &text, Vec::new())
}

fn denial(user: &User, request: &Attributes<'_>) -> String {
    let (user, verb) = (quote(&user.name), request.verb);
    if !request.is_resource() {
        return format!("User {user} cannot {verb} path {}", quote(request.path));
    }
    let (resource, group) = (quote(&request.whole_resource()), quote(request.group));
    let place = match request.namespace {
        "" => "at the cluster scope".to_owned(),
        namespace => format!("in the namespace {}", quote(namespace)),
    };
    format!("User {user} cannot {verb} resource {resource} in API group {group} {place}")
}

/// A text that repeats what was sent, safe where somebody takes it for HTML.
fn sanitized(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The name under which a service account asks.
fn service_account(namespace: &str, name: &str) -> String {
    format!("system:serviceaccount:{namespace}:{name}")
}
