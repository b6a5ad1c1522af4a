//! A request taken apart: path, query, what it asks for.

use bytes::Bytes;
use http::{HeaderMap, Method};

/// Parameters of a query, decoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    fn parse(text: &str) -> Self {
        let pair = |part: &str| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(key, true), decode(value, true))
        };
        Self(text.split('&').filter(|part| !part.is_empty()).map(pair).collect())
    }

    /// The first value of a parameter.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// All values of a parameter.
    pub(crate) fn all(&self, key: &str) -> Vec<&str> {
        self.0.iter().filter(|(k, _)| k == key).map(|(_, value)| value.as_str()).collect()
    }

    /// Whether a parameter says yes, as Go reads it.
    pub(crate) fn flag(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| !matches!(value, "0" | "false" | "False" | "FALSE"))
    }
}

/// Decodes `%xx` and, in a query, `+`.
fn decode(text: &str, plus: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let hex = match (first, tail) {
            (b'%', [a, b, ..]) => {
                std::str::from_utf8(&[*a, *b]).ok().and_then(|two| u8::from_str_radix(two, 16).ok())
            }
            _ => None,
        };
        match (hex, first) {
            (Some(byte), _) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (None, b'+') if plus => bytes.push(b' '),
            (None, byte) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) path_and_query: String,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    pub(crate) fn new(request: http::Request<Bytes>) -> Self {
        let (parts, body) = request.into_parts();
        Self {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            path_and_query: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            query: Query::parse(parts.uri.query().unwrap_or_default()),
            headers: parts.headers,
            body,
        }
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The program that asks, as the first word of its user agent: the default field manager.
    pub(crate) fn agent(&self) -> &str {
        let agent = self.header("user-agent").unwrap_or_default();
        agent.split('/').next().unwrap_or_default()
    }
}

/// What a request asks for, by its path and method alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Below `/api` or `/apis` with a resource.
    pub(crate) is_resource: bool,
    /// The verb of authorization.
    pub(crate) verb: &'static str,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) subresource: String,
    /// More parts than a path may have.
    pub(crate) beyond: bool,
}

impl Asked {
    pub(crate) fn of(request: &Request) -> Self {
        let parts: Vec<String> = request
            .path
            .split('/')
            .filter(|part| !part.is_empty())
            .map(|part| decode(part, false))
            .collect();
        let mut asked = Self { verb: method_verb(&request.method), ..Self::default() };
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let rest = match parts.as_slice() {
            ["api", version, rest @ ..] if !rest.is_empty() => {
                (asked.version) = (*version).to_owned();
                rest
            }
            ["apis", group, version, rest @ ..] if !rest.is_empty() => {
                (asked.group, asked.version) = ((*group).to_owned(), (*version).to_owned());
                rest
            }
            _ => return asked,
        };
        asked.is_resource = true;
        asked.below(rest, request);
        asked
    }

    fn below(&mut self, rest: &[&str], request: &Request) {
        let (rest, watch_path) = match rest {
            ["watch", tail @ ..] => (tail, true),
            rest => (rest, false),
        };
        let rest = match rest {
            ["namespaces", name, below @ ..] => {
                self.namespace = (*name).to_owned();
                match below {
                    [] | ["status" | "finalize"] => rest,
                    below => below,
                }
            }
            rest => rest,
        };
        let text = |at: usize| rest.get(at).map(|part| (*part).to_owned()).unwrap_or_default();
        (self.plural, self.name, self.subresource) = (text(0), text(1), text(2));
        self.beyond = rest.len() > 3;
        let watches = watch_path || (self.name.is_empty() && request.query.flag("watch"));
        self.verb = match (self.verb, self.name.is_empty()) {
            ("get", _) if watches => "watch",
            ("get", true) => "list",
            ("delete", true) => "deletecollection",
            (verb, _) => verb,
        };
    }
}

fn method_verb(method: &Method) -> &'static str {
    match method.as_str() {
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "get",
    }
}
