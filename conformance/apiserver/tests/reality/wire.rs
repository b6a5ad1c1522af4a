//! Requests and answers between the form of the recordings and that of `http`, and what is asked
//! of an answer: conditions and narrowing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    ALLOW, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, USER_AGENT, WARNING,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use crate::reality::format::Json;

/// A translated request as it goes to the server.
pub(crate) fn wire(request: &Json) -> Result<http::Request<Bytes>, String> {
    let text = |key: &str| request.get(key).and_then(Json::as_str);
    let method = text("method").ok_or("a request without method")?;
    let mut uri = quoted(text("path").ok_or("a request without path")?, PATH_SAFE, "%20");
    if let Some(Json::Map(query)) = request.get("query") {
        uri.push_str(&query_string(query));
    }
    let data = if let Some(body) = request.get("body") {
        Some(fill(body).to_string().into_bytes())
    } else if let Some(raw) = text("raw") {
        let raw = fill(&Json::Scalar(raw.into()));
        Some(raw.as_str().unwrap_or_default().as_bytes().to_vec())
    } else if let Some(encoded) = text("base64") {
        Some(STANDARD.decode(encoded).map_err(|e| format!("base64 of a request: {e}"))?)
    } else {
        None
    };
    let mut headers = headers(request, data.is_some())?;
    if data.is_some() || ["POST", "PUT", "PATCH"].contains(&method) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(data.as_ref().map_or(0, Vec::len)));
    }
    let mut out = http::Request::builder()
        .method(method)
        .uri(&uri)
        .body(Bytes::from(data.unwrap_or_default()))
        .map_err(|e| format!("{method} {uri}: {e}"))?;
    *out.headers_mut() = headers;
    Ok(out)
}

fn headers(request: &Json, has_body: bool) -> Result<HeaderMap, String> {
    let parse = |value: &str| {
        HeaderValue::from_str(value.trim()).map_err(|e| format!("header {value:?}: {e}"))
    };
    let mut out = HeaderMap::new();
    out.insert(USER_AGENT, HeaderValue::from_static("corpus/1.0 (linux)"));
    if has_body {
        out.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let mut user = "admin";
    let recorded = match request.get("headers") {
        Some(Json::Map(members)) => members.as_slice(),
        _ => &[],
    };
    for (key, value) in recorded {
        if key == "user" {
            user = value.as_str().unwrap_or("none");
            continue;
        }
        let name = HeaderName::from_bytes(key.as_bytes()).map_err(|e| format!("{key}: {e}"))?;
        match value.as_str() {
            Some(value) => out.insert(name, parse(value)?),
            None => out.remove(name),
        };
    }
    let token = match user {
        "admin" | "plain" | "editor" => format!("{user}-token"),
        other => other.to_owned(),
    };
    if user != "none" {
        out.insert(AUTHORIZATION, parse(&format!("Bearer {token}"))?);
    }
    Ok(out)
}

const PATH_SAFE: &str = "/:@!$&'()*+,;=-._~%";
const QUERY_SAFE: &str = "-._~";

fn query_string(query: &[(String, Json)]) -> String {
    let mut out = String::new();
    for (key, value) in query {
        let one = std::slice::from_ref(value);
        let values = if let Json::List(list) = value { list.as_slice() } else { one };
        for value in values {
            let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            out.push(if out.is_empty() { '?' } else { '&' });
            out.push_str(&quoted(key, QUERY_SAFE, "+"));
            out.push('=');
            out.push_str(&quoted(&text, QUERY_SAFE, "+"));
        }
    }
    out
}

fn quoted(text: &str, safe: &str, blank: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        let c = char::from(byte);
        if c == ' ' {
            out.push_str(blank);
        } else if c.is_ascii_alphanumeric() || (byte.is_ascii() && safe.contains(c)) {
            out.push(c);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// `"$fill:x:100"` stands for a string of 100 x, `"$many:JSON:100"` for a list of 100 copies.
fn fill(json: &Json) -> Json {
    match json {
        Json::Map(map) => Json::Map(map.iter().map(|(k, v)| (k.clone(), fill(v))).collect()),
        Json::List(list) => Json::List(list.iter().map(fill).collect()),
        Json::Scalar(_) => {
            let text = json.as_str().unwrap_or_default();
            filled(text).or_else(|| copied(text)).unwrap_or_else(|| json.clone())
        }
    }
}

fn filled(text: &str) -> Option<Json> {
    let (piece, count) = text.strip_prefix("$fill:")?.split_once(':')?;
    Some(Json::Scalar(piece.repeat(count.parse().ok()?).into()))
}

fn copied(text: &str) -> Option<Json> {
    let (item, count) = text.strip_prefix("$many:")?.rsplit_once(':')?;
    let item: Json = serde_json::from_str(item).ok()?;
    Some(Json::List(vec![item; count.parse().ok()?]))
}

/// The headers of an answer that are compared.
pub(crate) fn answer_headers(headers: &HeaderMap) -> Map<String, Value> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut out = Map::new();
    for name in [CONTENT_TYPE, RETRY_AFTER, ALLOW] {
        if let Some(value) = headers.get(&name) {
            out.insert(name.to_string(), text(value).into());
        }
    }
    let warnings: Vec<_> = headers.get_all(WARNING).iter().map(text).collect();
    if !warnings.is_empty() {
        out.insert(WARNING.to_string(), warnings.into());
    }
    out
}

/// An answer as it would have been recorded: `{code, headers, body}`.
pub(crate) fn answer(code: u16, headers: &HeaderMap, body: &[u8]) -> Value {
    let headers = answer_headers(headers);
    let media = headers.get("content-type").and_then(Value::as_str).unwrap_or_default();
    let text = String::from_utf8_lossy(body);
    let body = if media.contains("protobuf") {
        Some(json!({"protobuf": STANDARD.encode(body)}))
    } else if media.contains("json") {
        Some(serde_json::from_str(&text).unwrap_or_else(|_| Value::from(&*text)))
    } else if text.is_empty() {
        None
    } else {
        Some(Value::from(&*text))
    };
    let mut out = json!({"code": code, "headers": headers});
    if let Some(body) = body {
        out["body"] = body;
    }
    out
}

/// The value at a JSON pointer in which `-` is the last element.
fn at<'a>(value: &'a Value, pointer: &str) -> Option<&'a Value> {
    pointer.split('/').skip(1).try_fold(value, |value, part| match value {
        Value::Array(list) if part == "-" => list.last(),
        Value::Array(list) => list.get(part.parse::<usize>().ok()?),
        Value::Object(map) => map.get(&part.replace("~1", "/").replace("~0", "~")),
        _ => None,
    })
}

/// Does a condition (`until`, `while`) hold for an answer?
pub(crate) fn holds(condition: &Value, answer: &Value) -> bool {
    if condition.get("code").is_some_and(|code| answer.get("code") != Some(code)) {
        return false;
    }
    let Some(field) = condition.get("field").and_then(Value::as_str) else {
        return true;
    };
    let present = condition.get("present").and_then(Value::as_bool).unwrap_or(true);
    let Some(found) = answer.get("body").and_then(|body| at(body, field)) else {
        return condition.get("present").is_some() && !present;
    };
    if let Some(wanted) = condition.get("equals") {
        return found == wanted;
    }
    if let Some(wanted) = condition.get("length").and_then(Value::as_u64) {
        return found.as_array().is_some_and(|list| list.len() as u64 == wanted);
    }
    if let Some(Value::Object(wanted)) = condition.get("any") {
        let fits = |element: &Value| wanted.iter().all(|(k, v)| element.get(k) == Some(v));
        return found.as_array().is_some_and(|list| list.iter().any(fits));
    }
    present
}

/// Narrows an answer to the part that was recorded.
pub(crate) fn pick(mut answer: Value, pick: Option<&Value>) -> Value {
    let (Some(pick), Some(body)) = (pick, answer.get("body")) else {
        return answer;
    };
    let parsed = body.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let body = parsed.unwrap_or_else(|| body.clone());
    let text = |key: &str| pick.get(key).and_then(Value::as_str).unwrap_or_default();
    let narrowed: Map<String, Value> = if !body.is_object() {
        answer["body"] = body;
        return answer;
    } else if let Some(Value::Array(fields)) = pick.get("fields") {
        let fields = fields.iter().filter_map(Value::as_str);
        fields.filter_map(|field| Some((field.to_owned(), at(&body, field)?.clone()))).collect()
    } else {
        let list = at(&body, text("list")).and_then(Value::as_array);
        let fits = |element: &&Value| at(element, text("where")) == pick.get("equals");
        let found: Vec<_> = list.into_iter().flatten().filter(fits).cloned().collect();
        Map::from_iter([(text("list").to_owned(), Value::from(found))])
    };
    answer["body"] = narrowed.into();
    answer
}
