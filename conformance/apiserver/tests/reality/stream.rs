//! The events of an open watch.

use std::time::Duration;

use http_body_util::BodyExt;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, timeout_at};

use crate::reality::play::BoxBody;

/// Of a `collect` that does not say.
const COLLECT_MS: u64 = 15_000;

/// An open watch, read in a task of its own as a client does.
pub(crate) struct Watch {
    events: UnboundedReceiver<Value>,
    /// The server has ended the stream, and its last event was taken.
    pub(crate) ended: bool,
}

impl Watch {
    /// A watch whose request was refused.
    pub(crate) fn refused() -> Self {
        Self { events: unbounded_channel().1, ended: true }
    }

    /// Starts to read the body of an answer.
    pub(crate) fn read(body: BoxBody) -> Self {
        let (sender, events) = unbounded_channel();
        tokio::spawn(read_lines(body, sender));
        Self { events, ended: false }
    }

    async fn take(&mut self) -> Option<Value> {
        if self.ended {
            return None;
        }
        let event = self.events.recv().await;
        self.ended = event.is_none();
        event
    }

    /// Takes events until a condition of the recording holds, or its time is over.
    pub(crate) async fn collect(&mut self, until: &Value) -> Vec<Value> {
        let number = |key: &str| until.get(key).and_then(Value::as_u64);
        let within = Duration::from_millis(number("within_ms").unwrap_or(COLLECT_MS));
        let limit = Instant::now() + within;
        let count = number("count");
        let to_bookmark = until.get("initial_events_end").is_some();
        let mut events: Vec<Value> = Vec::new();
        while count.is_none_or(|count| (events.len() as u64) < count) {
            let Ok(taken) = timeout_at(limit, self.take()).await else {
                return events;
            };
            let Some(event) = taken else { break };
            if is_plain_bookmark(&event) {
                if count.is_some() {
                    continue;
                }
                if events.last().is_some_and(is_plain_bookmark) {
                    events.pop();
                }
            }
            let is_last = to_bookmark && ends_initial_events(&event);
            events.push(event);
            if is_last {
                break;
            }
        }
        let quiet = Instant::now() + Duration::from_millis(number("quiet_ms").unwrap_or(0));
        while number("quiet_ms").is_some() {
            let Ok(Some(event)) = timeout_at(quiet, self.take()).await else {
                break;
            };
            if !is_plain_bookmark(&event) {
                events.push(event);
            }
        }
        events
    }
}

/// A server may send these when it likes.
fn is_plain_bookmark(event: &Value) -> bool {
    let annotations = event.pointer("/object/metadata/annotations").and_then(Value::as_object);
    event["type"] == "BOOKMARK" && annotations.is_none_or(|annotations| annotations.is_empty())
}

fn ends_initial_events(event: &Value) -> bool {
    let annotations = event.pointer("/object/metadata/annotations");
    let has = annotations.and_then(|a| a.get("k8s.io/initial-events-end")).is_some();
    has && event["type"] == "BOOKMARK"
}

/// Sends on each line of a stream; one that is no JSON as a string, for the comparer to refuse.
async fn read_lines(mut body: BoxBody, sender: UnboundedSender<Value>) {
    let mut buffer: Vec<u8> = Vec::new();
    let forward = |line: &[u8]| {
        let text = String::from_utf8_lossy(line);
        let event = serde_json::from_str(&text).unwrap_or_else(|_| Value::from(&*text));
        // Nobody listens any more when the conversation is over.
        text.trim().is_empty() || sender.send(event).is_ok()
    };
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(data) = frame.into_data() else {
            continue;
        };
        buffer.extend_from_slice(&data);
        while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = buffer.drain(..=end).collect();
            if !forward(&line) {
                return;
            }
        }
    }
    forward(&buffer);
}
