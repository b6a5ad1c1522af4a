//! Speaking for somebody else: the headers `Impersonate-*`.

use http::{HeaderMap, HeaderValue};

use super::{
    ANONYMOUS, AUTHENTICATED, Attributes, Decision, Refused, UNAUTHENTICATED, User, authorize,
    refusal, sanitized, service_account,
};
use crate::meta::names;
use crate::status::quote;
use crate::store::Store;

const USER: &str = "impersonate-user";
const UID: &str = "impersonate-uid";
const GROUP: &str = "impersonate-group";
const EXTRA: &str = "impersonate-extra-";
/// The group of what is neither a user nor a group nor an account.
const AUTHENTICATION: &str = "authentication.k8s.io";

/// One thing that somebody wants to be, each of which is a right of its own.
#[derive(Clone, Debug)]
enum Wish {
    Account { namespace: String, name: String },
    User(String),
    Group(String),
    Extra { key: String, value: String },
    Uid(String),
}

impl Wish {
    fn attributes(&self) -> Attributes<'_> {
        let impersonate = Attributes { verb: "impersonate", version: "v1", ..Default::default() };
        let other = Attributes { group: AUTHENTICATION, ..impersonate };
        match self {
            Self::Account { namespace, name } => {
                Attributes { resource: "serviceaccounts", namespace, name, ..impersonate }
            }
            Self::User(name) => Attributes { resource: "users", name, ..impersonate },
            Self::Group(name) => Attributes { resource: "groups", name, ..impersonate },
            Self::Extra { key, value } => {
                Attributes { resource: "userextras", subresource: key, name: value, ..other }
            }
            Self::Uid(name) => Attributes { resource: "uids", name, ..other },
        }
    }

    /// As Go prints the object reference: kind, namespace, name, uid, apiVersion,
    /// resourceVersion and fieldPath, most of them empty.
    fn print(&self) -> String {
        let version = "authentication.k8s.io/v1";
        let (kind, namespace, name, version, key) = match self {
            Self::Account { namespace, name } => {
                ("ServiceAccount", namespace.as_str(), name, "", "")
            }
            Self::User(name) => ("User", "", name, "", ""),
            Self::Group(name) => ("Group", "", name, "", ""),
            Self::Extra { key, value } => ("UserExtra", "", value, version, key.as_str()),
            Self::Uid(name) => ("UID", "", name, version, ""),
        };
        format!("{{{kind} {namespace} {name}  {version}  {key}}}")
    }
}

/// The user for whom `user` wants to speak, by the headers of a request; `user` without them.
/// `path` is that of the request, for the failure.
///
/// # Errors
/// 403 if the user may not, 500 in plain text for headers without a user.
pub fn impersonate(
    store: &Store,
    user: User,
    headers: &HeaderMap,
    path: &str,
) -> Result<User, Refused> {
    let wishes = wishes(headers);
    if wishes.is_empty() {
        return Ok(user);
    }
    if !wishes.iter().any(|wish| matches!(wish, Wish::Account { .. } | Wish::User(_))) {
        let wishes: Vec<String> = wishes.iter().map(Wish::print).collect();
        let text = format!(
            "Internal Server Error: {}: requested [{}] without impersonating a user",
            quote(path),
            wishes.join(" ")
        );
        return Err(Refused::Text { code: 500, body: format!("{}\n", sanitized(&text)) });
    }
    for wish in &wishes {
        let attributes = wish.attributes();
        if let Decision::Denied(why) = authorize(store, &user, &attributes) {
            return Err(Refused::Status(refusal(&user, &attributes, &why)));
        }
    }
    Ok(become_user(wishes))
}

/// What the headers ask for, the user first.
fn wishes(headers: &HeaderMap) -> Vec<Wish> {
    let first = |name: &str| headers.get(name).map(text).filter(|value| !value.is_empty());
    let mut wishes: Vec<Wish> = first(USER).map(user_or_account).into_iter().collect();
    wishes.extend(headers.get_all(GROUP).iter().map(|group| Wish::Group(text(group))));
    for (name, value) in headers {
        if let Some(key) = name.as_str().strip_prefix(EXTRA) {
            wishes.push(Wish::Extra { key: unescaped(key), value: text(value) });
        }
    }
    wishes.extend(first(UID).map(Wish::Uid));
    wishes
}

fn user_or_account(name: String) -> Wish {
    let account = name.strip_prefix("system:serviceaccount:").and_then(|rest| {
        let (namespace, name) = rest.split_once(':')?;
        let fits = names::label(namespace).is_empty() && names::subdomain(name).is_empty();
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        fits.then_some(Wish::Account { namespace, name })
    });
    account.unwrap_or(Wish::User(name))
}

fn become_user(wishes: Vec<Wish>) -> User {
    let mut user = User::default();
    let mut of_account = Vec::new();
    for wish in wishes {
        match wish {
            Wish::Account { namespace, name } => {
                user.name = service_account(&namespace, &name);
                let own = format!("system:serviceaccounts:{namespace}");
                of_account = vec!["system:serviceaccounts".to_owned(), own];
            }
            Wish::User(name) => user.name = name,
            Wish::Group(name) => user.groups.push(name),
            Wish::Extra { key, value } => user.extra.entry(key).or_default().push(value),
            Wish::Uid(uid) => user.uid = uid,
        }
    }
    if user.groups.is_empty() {
        user.groups = of_account;
    }
    if user.name == ANONYMOUS {
        if !user.is_in(UNAUTHENTICATED) {
            user.groups.push(UNAUTHENTICATED.to_owned());
        }
    } else if !user.is_in(AUTHENTICATED) && !user.is_in(UNAUTHENTICATED) {
        user.groups.push(AUTHENTICATED.to_owned());
    }
    user
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// The key of an extra header without its `%xx`; as it is if they are malformed.
fn unescaped(key: &str) -> String {
    let decode = || {
        let mut bytes = Vec::with_capacity(key.len());
        let mut rest = key.as_bytes();
        while let [first, tail @ ..] = rest {
            rest = tail;
            if *first == b'%' {
                let (hex, after) = tail.split_at_checked(2)?;
                let hex = std::str::from_utf8(hex).ok()?;
                bytes.push(u8::from_str_radix(hex, 16).ok()?);
                rest = after;
            } else {
                bytes.push(*first);
            }
        }
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    decode().unwrap_or_else(|| key.to_owned())
}
