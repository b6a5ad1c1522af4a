//! GET of a watch.

use std::time::Duration;

use futures_util::StreamExt;

use super::Op;
use super::read::{self, check_match, number};
use crate::http::answer::Answer;
use crate::status::{Status, quote};
use crate::watch::{self, Options, Start};

/// Opens a watch.
///
/// # Errors
/// As the API refuses; what is too old is an event of the watch.
pub(crate) fn watch(op: &Op<'_>) -> Result<Answer, Status> {
    let query = &op.request.query;
    let seconds = number(op, "timeoutSeconds")?;
    let mut selectors = read::selectors(op)?;
    check_match(op, true)?;
    if !op.asked.name.is_empty() {
        let name = crate::selector::Fields::parse(&format!("metadata.name={}", op.asked.name))?;
        selectors.fields = name;
    }
    let options = Options {
        start: start(op)?,
        bookmarks: query.flag("allowWatchBookmarks"),
        timeout: Some(timeout(op, seconds)),
        api_version: op.resource.api_version(),
        kind: op.resource.kind.clone(),
    };
    let namespace = read::namespace(op);
    let resource = op.resource.stored_as();
    let events = watch::open(&op.server.store, &resource, namespace.as_deref(), options, selectors);
    let strategy = std::sync::Arc::clone(&op.resource.strategy);
    let shown = events.map(move |(event, object)| {
        let is_object = !matches!(event, "BOOKMARK" | "ERROR");
        (event, if is_object { strategy.to_served(object) } else { object })
    });
    Ok(Answer::watch(Box::pin(shown)))
}

fn start(op: &Op<'_>) -> Result<Start, Status> {
    let query = &op.request.query;
    let text = query.get("resourceVersion").unwrap_or_default();
    if query.flag("sendInitialEvents") {
        return Ok(Start::Streaming);
    }
    if text.is_empty() || text == "0" {
        return Ok(Start::Present);
    }
    let quoted = quote(text);
    text.parse().map(Start::After).map_err(|_| {
        Status::internal(format!(
            "resourceVersion: Invalid value: {quoted}: strconv.ParseUint: parsing {quoted}: \
             invalid syntax"
        ))
    })
}

/// As long as asked for, or between half an hour and an hour.
fn timeout(op: &Op<'_>, seconds: Option<i64>) -> Duration {
    let asked = seconds.and_then(|seconds| u64::try_from(seconds).ok()).filter(|s| *s > 0);
    Duration::from_secs(asked.unwrap_or_else(|| 1800 + op.server.entropy.below(1800)))
}
