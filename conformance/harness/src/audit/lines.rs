//! Cuts a log into its lines, passes over reads, and says what is wrong with the others.

use super::event::Event;
use memchr::{memchr, memmem};
use serde::Deserialize;
use serde_json::error::Category;
use std::io::{self, BufRead};

/// The verbs that change nothing, with the quote that ends them.
const READS: [&[u8]; 3] = [b"get\"", b"list\"", b"watch\""];

/// Takes the events of a log.
pub(crate) trait Lines {
    /// Takes one.
    ///
    /// # Errors
    /// Names the field that an event lacks.
    fn event(&mut self, event: Event<'_>) -> Result<(), &'static str>;
}

/// What some editors put before a text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What is wrong with a log.
#[derive(Debug)]
pub(crate) enum LineError {
    Io(io::Error),
    Empty,
    NoEvent { line: u64, found: String },
    Broken { line: u64, found: String },
}

/// How a log ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The last line, when it was cut short.
    pub(crate) cut: Option<u64>,
}

/// Hands every event of `log` to `lines`.
pub(crate) fn each(log: &mut dyn BufRead, lines: &mut dyn Lines) -> Result<Ended, LineError> {
    let mut reader = Reader { lines, reads: Reads::new(), recognised: false, cut: None };
    let mut buffer = Vec::new();
    let mut number = 0;
    loop {
        buffer.clear();
        if log.read_until(b'\n', &mut buffer).map_err(LineError::Io)? == 0 {
            break;
        }
        number += 1;
        let mark = if number == 1 { BYTE_ORDER_MARK } else { b"" };
        let line = buffer.strip_prefix(mark).unwrap_or(&buffer).trim_ascii();
        if !line.is_empty() {
            reader.line(number, line)?;
        }
    }
    if !reader.recognised {
        return Err(LineError::Empty);
    }
    Ok(Ended { cut: reader.cut })
}

struct Reader<'l> {
    lines: &'l mut dyn Lines,
    reads: Reads,
    /// Whether the log has shown that it is one.
    recognised: bool,
    /// A line that was cut short, until another one follows it.
    cut: Option<u64>,
}

impl Reader<'_> {
    fn line(&mut self, number: u64, line: &[u8]) -> Result<(), LineError> {
        if let Some(line) = self.cut {
            return Err(LineError::Broken { line, found: "cut short, and more follows".into() });
        }
        if self.recognised && self.reads.is_read(line) {
            return Ok(());
        }
        match serde_json::from_slice::<Event<'_>>(line) {
            Ok(event) if event.is_audit() => self.take(number, event),
            Ok(event) => Err(LineError::NoEvent { line: number, found: kind_of(&event) }),
            Err(error) if error.is_eof() && (self.recognised || begins_as_event(line)) => {
                self.recognised = true;
                self.cut = Some(number);
                Ok(())
            }
            Err(error) => Err(self.broken(number, line, &error)),
        }
    }

    fn take(&mut self, number: u64, mut event: Event<'_>) -> Result<(), LineError> {
        self.recognised = true;
        let missing = |field: &'static str| LineError::Broken {
            line: number,
            found: format!("the event of a write without {field}"),
        };
        let Some(items) = event.items.take() else {
            return self.lines.event(event).map_err(missing);
        };
        for item in items {
            let item = serde_json::from_str(item.get())
                .map_err(|error| self.broken(number, item.get().as_bytes(), &error))?;
            self.lines.event(item).map_err(missing)?;
        }
        Ok(())
    }

    fn broken(&self, line: u64, text: &[u8], error: &serde_json::Error) -> LineError {
        let found = match error.classify() {
            Category::Data => what_else(text),
            _ if error.is_eof() => "cut short".to_owned(),
            _ => format!("no JSON from column {} on", error.column()),
        };
        if self.recognised {
            return LineError::Broken { line, found };
        }
        LineError::NoEvent { line, found }
    }
}

/// Knows a read by the start of its line.
struct Reads {
    verb: memmem::Finder<'static>,
    another: memmem::Finder<'static>,
}

impl Reads {
    fn new() -> Self {
        Self {
            verb: memmem::Finder::new(b"\"verb\":\""),
            another: memmem::Finder::new(b"{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/"),
        }
    }

    /// Whether this is the whole event of a read. The first `"verb"` is the event's own when no
    /// other object has begun before it: inside of a text its quotes would be escaped. A second
    /// event in the line means that the first was cut, and must not be passed over.
    fn is_read(&self, line: &[u8]) -> bool {
        let Some(inside) = line.strip_prefix(b"{").filter(|rest| rest.ends_with(b"}")) else {
            return false;
        };
        let Some(at) = self.verb.find(inside) else {
            return false;
        };
        let (before, after) = inside.split_at(at);
        let verb = &after[self.verb.needle().len()..];
        memchr(b'{', before).is_none()
            && READS.iter().any(|read| verb.starts_with(read))
            && self.another.find(verb).is_none()
    }
}

fn begins_as_event(line: &[u8]) -> bool {
    line.starts_with(b"{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/")
}

fn kind_of(event: &Event<'_>) -> String {
    describe(&event.kind, &event.api_version)
}

/// What JSON that is no event seems to be, without quoting any of its values.
fn what_else(text: &[u8]) -> String {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Head {
        #[serde(default)]
        kind: String,
        #[serde(default)]
        api_version: String,
    }
    match serde_json::from_slice::<Head>(text) {
        Ok(head) => describe(&head.kind, &head.api_version),
        Err(_) => "JSON of another shape".to_owned(),
    }
}

fn describe(kind: &str, api_version: &str) -> String {
    match (kind, api_version) {
        ("", _) => "JSON without a kind".to_owned(),
        ("Event", version) if version.starts_with("audit.k8s.io/") => {
            "an audit event with a field of another type".to_owned()
        }
        (kind, "") => format!("a {kind}"),
        (kind, version) => format!("a {kind} of {version}"),
    }
}
