//! The checks of a request, in the order of the real server, and what carries it out.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use super::answer::{Answer, Content};
use super::negotiate::{self, Accepted};
use super::request::{Asked, Request};
use crate::auth::{self, Attributes, Decision, Refused, User};
use crate::clock;
use crate::discovery;
use crate::ops::options::Options;
use crate::ops::patch::Means;
use crate::ops::read::Delay;
use crate::ops::{Op, create, delete, patch, read, update, watching};
use crate::registry::Resource;
use crate::server::Inner;
use crate::status::{PAGE_NOT_FOUND, Status};

/// The largest body of a request, in bytes.
const MAX_BODY: usize = 3_145_728;
/// How long the server waits for a revision that nobody has seen.
const FUTURE: Duration = Duration::from_secs(3);

/// An answer, and how it is to be shown.
pub(crate) struct Served {
    pub(crate) answer: Answer,
    pub(crate) accepted: Accepted,
    pub(crate) resource: Option<Arc<Resource>>,
    pub(crate) warnings: Vec<String>,
    /// How long the client has to wait for it.
    pub(crate) delay: Duration,
}

/// Why a request ends before it is carried out.
enum Stop {
    Status(Status),
    Answer(Answer),
    Delay(Delay),
}

impl From<Status> for Stop {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<Delay> for Stop {
    fn from(delay: Delay) -> Self {
        Self::Delay(delay)
    }
}

/// Who asks: the user of the credentials, or the one that it speaks for.
pub(crate) fn user(server: &Inner, request: &Request) -> Result<User, Answer> {
    let user = server.tokens.authenticate(request.header("authorization")).map_err(Answer::from)?;
    auth::impersonate(&server.store, user, &request.headers, &request.path).map_err(|refused| {
        match refused {
            Refused::Status(status) => Answer::from(status),
            Refused::Text { code, body } => Answer::text(code, &body),
        }
    })
}

/// Carries out the request of a user. `trusted`: without asking for rights.
pub(crate) fn serve(server: &Inner, request: &Request, user: &User, trusted: bool) -> Served {
    let asked = Asked::of(request);
    let warnings = RefCell::new(Vec::new());
    let resource = server.registry.get(&asked.group, &asked.version, &asked.plural);
    let custom = resource.as_ref().is_some_and(|resource| resource.custom.is_some());
    let reads = matches!(asked.verb, "get" | "list" | "watch");
    let accept = negotiate::accept(request.header("accept"), custom, reads);
    let mut delay = Duration::ZERO;
    let answer = admitted(server, request, user, &asked, trusted)
        .and_then(|()| routed(server, request, &asked, resource.as_ref()))
        .and_then(|resource| {
            if let Some(text) = resource.custom.as_ref().and_then(|c| c.deprecated.clone()) {
                warnings.borrow_mut().push(text);
            }
            accept.clone()?;
            carried_out(server, request, user, &asked, resource, &warnings)
        })
        .unwrap_or_else(|stop| match stop {
            Stop::Status(status) => status.into(),
            Stop::Answer(answer) => answer,
            Stop::Delay(Delay::Refused(status)) => status.into(),
            Stop::Delay(Delay::Expired(status, resume)) => expired(&status, resume),
            Stop::Delay(Delay::Future(status)) => {
                delay = FUTURE;
                status.into()
            }
        });
    Served {
        answer,
        accepted: accept.unwrap_or_default(),
        resource,
        warnings: warnings.into_inner(),
        delay,
    }
}

/// The 410 of a page, with the token to go on.
fn expired(status: &Status, resume: Option<String>) -> Answer {
    let mut body = status.to_value();
    if let Some(token) = resume {
        body["metadata"]["continue"] = token.into();
    }
    Answer { code: status.code, content: Content::Status(body), retry_after: None }
}

/// Whether the user may.
fn admitted(
    server: &Inner,
    request: &Request,
    user: &User,
    asked: &Asked,
    trusted: bool,
) -> Result<(), Stop> {
    if trusted {
        return Ok(());
    }
    let method = request.method.as_str().to_lowercase();
    let attributes = Attributes {
        verb: if asked.is_resource { asked.verb } else { &method },
        group: &asked.group,
        version: &asked.version,
        resource: &asked.plural,
        subresource: &asked.subresource,
        namespace: &asked.namespace,
        name: &asked.name,
        path: if asked.is_resource { "" } else { &request.path },
    };
    match auth::authorize(&server.store, user, &attributes) {
        Decision::Allowed(_) => Ok(()),
        Decision::Denied(why) => Err(auth::refusal(user, &attributes, &why).into()),
    }
}

/// The resource of a request; documents about the server are answered here.
fn routed<'r>(
    server: &Inner,
    request: &Request,
    asked: &Asked,
    resource: Option<&'r Arc<Resource>>,
) -> Result<&'r Arc<Resource>, Stop> {
    if !asked.is_resource {
        let accept = request.header("accept").unwrap_or_default();
        let path = &request.path_and_query;
        let found = discovery::document(&server.registry, &request.method, path, accept);
        let answer = found.map_or_else(not_found_text, |document| Answer {
            code: document.code,
            content: Content::Raw(document.content_type, document.body),
            retry_after: None,
        });
        return Err(Stop::Answer(answer));
    }
    let nowhere = || {
        let all = server.registry.all();
        let mut there = all.iter().filter(|r| r.group == asked.group && r.version == asked.version);
        match there.any(|resource| resource.custom.is_none()) {
            true => Status::page_not_found().into(),
            false => not_found_text(),
        }
    };
    let Some(resource) = resource else {
        return Err(Stop::Answer(nowhere()));
    };
    let misplaced = if resource.namespaced {
        asked.namespace.is_empty() && !asked.name.is_empty()
    } else {
        !asked.namespace.is_empty() && asked.plural != "namespaces"
    };
    if misplaced {
        return Err(Stop::Answer(nowhere()));
    }
    check_subresource(resource, asked)?;
    check_method(resource, asked)?;
    Ok(resource)
}

fn not_found_text() -> Answer {
    Answer::text(404, PAGE_NOT_FOUND)
}

fn check_subresource(resource: &Resource, asked: &Asked) -> Result<(), Status> {
    let known = asked.subresource.is_empty() || resource.subresource(&asked.subresource).is_some();
    if known && !asked.beyond {
        return Ok(());
    }
    if resource.custom.is_some() {
        return Err(Status::not_found(&resource.group_resource(), &asked.name));
    }
    Err(Status::page_not_found())
}

fn check_method(resource: &Resource, asked: &Asked) -> Result<(), Status> {
    let custom = resource.custom.is_some();
    if let Some(subresource) = resource.subresource(&asked.subresource) {
        return if subresource.verbs.contains(&asked.verb) {
            Ok(())
        } else if custom {
            Err(Status::not_supported(&resource.group_resource(), asked.verb))
        } else {
            Err(Status::method_not_allowed())
        };
    }
    let whole = asked.name.is_empty();
    let fits = match asked.verb {
        "create" => whole || custom,
        "update" | "patch" => !whole,
        _ => true,
    };
    if fits && resource.verbs.contains(&asked.verb) {
        return Ok(());
    }
    if custom && ["update", "patch"].contains(&asked.verb) {
        return Err(Status::bad_request("name is required"));
    }
    Err(Status::method_not_allowed())
}

fn carried_out(
    server: &Inner,
    request: &Request,
    user: &User,
    asked: &Asked,
    resource: &Arc<Resource>,
    warnings: &RefCell<Vec<String>>,
) -> Result<Answer, Stop> {
    let content_type = request.header("content-type").unwrap_or_default();
    let means = (asked.verb == "patch").then(|| patch::means(resource, content_type));
    let writes = ["create", "update", "patch"].contains(&asked.verb);
    let options = if writes {
        let apply = matches!(means, Some(Ok(Means::Apply)));
        Options::of(request, asked.verb, apply)?
    } else {
        Options::default()
    };
    let means = means.transpose()?;
    if request.body.len() > MAX_BODY {
        return Err(Status::too_large().into());
    }
    let moment = server.clock.now();
    let op = Op {
        server,
        resource: Arc::clone(resource),
        asked,
        request,
        user,
        moment,
        now: clock::seconds(moment),
        options,
        warnings,
    };
    let answer = match (asked.verb, means) {
        ("create", _) => create::post(&op)?,
        ("update", _) => update::put(&op)?,
        ("patch", Some(means)) => patch::patch(&op, means)?,
        ("delete", _) => delete::one(&op)?,
        ("deletecollection", _) => delete::collection(&op)?,
        ("watch", _) => watching::watch(&op)?,
        ("list", _) => read::list(&op)?,
        _ => read::get(&op)?,
    };
    Ok(answer)
}

impl Served {
    /// A refusal before anything is known of the request.
    pub(crate) fn refused(answer: Answer) -> Self {
        Self {
            answer,
            accepted: Accepted::default(),
            resource: None,
            warnings: Vec::new(),
            delay: Duration::ZERO,
        }
    }
}
