//! Reads the audit logs of Kubernetes API servers: `audit.k8s.io/v1`, one event a line, of any
//! level.
//!
//! Only writes are kept. Reads are nine tenths of such a log and are passed over by a look at the
//! start of their line, so time and memory go with the writes. Of a request that is logged at
//! several stages the last one counts. The last line of a log may be cut short, as it is when its
//! node dies; a cut anywhere else is an error, since a write may be lost in it.

mod body;
mod event;
mod leaves;
mod lines;
mod patch;

use crate::history::facts::{Facts, Fnv, Leaves};
use crate::history::{Entry, Key, Side};
use crate::input::Input;
use lines::{LineError, Lines};
use std::collections::{HashMap, HashSet};
use std::io;

/// What one side's logs hold.
#[derive(Debug, Default)]
pub struct Reading {
    /// The writes, file by file in the order of their lines.
    pub entries: Vec<Entry>,
    /// What the logs could not tell.
    pub notes: Vec<String>,
}

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The file cannot be read.
    #[error("cannot read the audit log {file}")]
    Io {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// Nothing is in it.
    #[error("{file} is no audit log: it is empty")]
    Empty {
        /// The file.
        file: String,
    },
    /// It is something else.
    #[error("{file} is no audit log: line {line} is {found}, not an event of audit.k8s.io")]
    NoAuditLog {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// What stands there.
        found: String,
    },
    /// An event is broken, and others follow it.
    #[error("cannot read the audit log {file}: line {line} is {found}")]
    Broken {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// What stands there.
        found: String,
    },
}

/// Reads the logs of one side. Overlapping files are no harm: an event counts once.
///
/// # Errors
/// When a file cannot be read or is no audit log; the error names file and line, and quotes
/// nothing of what stands there, since a log can hold secrets.
pub fn read(side: Side, logs: &[Input]) -> Result<Reading, AuditError> {
    let mut collector = Collector::new(side);
    for log in logs {
        let file = log.name();
        let mut from =
            log.open().map_err(|source| AuditError::Io { file: file.clone(), source })?;
        let ended = lines::each(&mut *from, &mut collector).map_err(|error| named(&file, error))?;
        if let Some(line) = ended.cut {
            let note = format!("The last line of {file} ({line}) is cut short and was left out.");
            collector.reading.notes.push(note);
        }
    }
    Ok(collector.reading)
}

fn named(file: &str, error: LineError) -> AuditError {
    let file = file.to_owned();
    match error {
        LineError::Io(source) => AuditError::Io { file, source },
        LineError::Empty => AuditError::Empty { file },
        LineError::NoEvent { line, found } => AuditError::NoAuditLog { file, line, found },
        LineError::Broken { line, found } => AuditError::Broken { file, line, found },
    }
}

/// Gathers the writes of one side over all of its files.
struct Collector {
    side: Side,
    reading: Reading,
    seen: HashSet<u64>,
    known: HashMap<Key, Facts>,
}

impl Collector {
    fn new(side: Side) -> Self {
        Self { side, reading: Reading::default(), seen: HashSet::new(), known: HashMap::new() }
    }

    /// Shares what stayed the same since the object's last write, so that a history of many writes
    /// to few objects stays small.
    fn share(&mut self, object: &Key, told: &mut Facts) {
        if told.spec.is_none() && told.labels.is_none() && told.annotations.is_none() {
            return;
        }
        let known = self.known.entry(object.clone()).or_default();
        share_part(&mut told.spec, &mut known.spec);
        share_part(&mut told.labels, &mut known.labels);
        share_part(&mut told.label_keys, &mut known.label_keys);
        share_part(&mut told.annotations, &mut known.annotations);
    }
}

fn share_part(told: &mut Option<Leaves>, known: &mut Option<Leaves>) {
    let Some(new) = told.take() else {
        return;
    };
    let shared = match known {
        Some(known) => new.shared_with(known),
        None => new,
    };
    *known = Some(shared.clone());
    *told = Some(shared);
}

impl Lines for Collector {
    fn event(&mut self, event: event::Event<'_>) -> Result<(), &'static str> {
        let named = !event.audit_id.is_empty();
        let id = named.then(|| Fnv::new().text(&event.audit_id).finish());
        let Some(mut write) = event.write(self.side)? else {
            return Ok(());
        };
        if id.is_some_and(|id| !self.seen.insert(id)) {
            return Ok(());
        }
        self.share(&write.object, &mut write.told);
        self.reading.entries.push(Entry::Write(Box::new(write)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Verb, Write};

    const HEAD: &str = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata""#;

    fn line(verb: &str, rest: &str) -> String {
        format!(
            r#"{HEAD},"stage":"ResponseComplete","requestURI":"/x","verb":"{verb}","user":{{"username":"u"}},"objectRef":{{"resource":"machines","namespace":"default","name":"m","apiGroup":"cluster.x-k8s.io"}},"responseStatus":{{"code":200}},"requestReceivedTimestamp":"2026-11-24T13:00:00.000001Z","stageTimestamp":"2026-11-24T13:00:00.5Z"{rest}}}"#
        )
    }

    fn read_text(text: &str) -> Result<Reading, AuditError> {
        let bytes = text.as_bytes().to_vec();
        read(Side::Source, &[Input::Bytes { name: "audit.log".into(), bytes }])
    }

    fn writes(text: &str) -> Vec<Write> {
        let entries = read_text(text).expect("a log").entries;
        let write = |entry| match entry {
            Entry::Write(write) => Some(*write),
            _ => None,
        };
        entries.into_iter().filter_map(write).collect()
    }

    #[test]
    fn reads_are_passed_over_and_writes_kept() {
        let text = [line("update", ""), line("get", ""), line("delete", "")].join("\n");
        let verbs: Vec<Verb> = writes(&text).iter().map(|write| write.verb).collect();
        assert_eq!(verbs, [Verb::Update, Verb::Delete]);
    }

    #[test]
    fn the_uid_of_a_create_is_the_servers() {
        let create = line("create", r#","responseObject":{"kind":"Machine","metadata":{"name":"m","uid":"theirs","resourceVersion":"7"}}"#)
            .replace(r#""name":"m","apiGroup""#, r#""name":"m","uid":"ours","apiGroup""#);
        let write = writes(&create).remove(0);
        assert_eq!(write.named_uid.as_deref(), Some("ours"));
        assert_eq!(write.uid.as_deref(), Some("theirs"));
        assert_eq!(write.resource_version, Some(7));
    }

    #[test]
    fn a_patch_that_creates_is_an_apply_and_a_dry_run_changes_nothing() {
        let apply = line("patch", "").replace(r#""code":200"#, r#""code":201"#);
        assert!(writes(&apply)[0].creates());
        let dry = apply.replace("/x", "/x?dryRun=All&fieldManager=kubectl");
        assert!(!writes(&dry)[0].creates());
        assert!(!writes(&dry)[0].took_effect());
    }

    #[test]
    fn unpausing_by_null_is_unpausing() {
        let patch = line("patch", r#","requestObject":{"spec":{"paused":null}}"#);
        assert_eq!(writes(&patch)[0].told.spec_paused, Some(false));
    }

    #[test]
    fn a_body_of_another_shape_tells_nothing() {
        let patch = line("patch", r#","requestObject":{"metadata":{"managedFields":"(trimmed)"}}"#);
        let told = &writes(&patch)[0].told;
        assert_eq!(told.spec_paused, None);
        assert!(told.touches_only(&[]), "and touches nothing that counts");
    }

    #[test]
    fn a_list_holds_events() {
        let list = format!(
            r#"{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{},{}]}}"#,
            line("update", ""),
            line("get", "")
        );
        assert_eq!(writes(&list).len(), 1);
    }

    #[test]
    fn an_event_in_two_files_counts_once() {
        let one = line("update", r#","auditID":"a""#);
        assert_eq!(writes(&[one.clone(), one].join("\n")).len(), 1);
    }

    #[test]
    fn a_cut_last_line_is_a_note() {
        let text = format!("{}\n{}", line("update", ""), &line("update", "")[..120]);
        let reading = read_text(&text).expect("a log");
        assert_eq!(reading.entries.len(), 1);
        assert_eq!(
            reading.notes,
            ["The last line of audit.log (2) is cut short and was left out."]
        );
    }

    #[test]
    fn a_cut_middle_line_is_an_error_that_names_it() {
        let text = format!("{}\n{}\n{}", line("get", ""), &line("get", "")[..120], line("get", ""));
        let error = read_text(&text).expect_err("cut");
        assert_eq!(
            error.to_string(),
            "cannot read the audit log audit.log: line 2 is cut short, and more follows"
        );
    }

    #[test]
    fn a_read_that_was_cut_and_continued_is_not_passed_over() {
        let whole = line("update", "");
        let text = format!("{whole}\n{}{whole}\n{whole}", &line("get", "")[..200]);
        assert!(matches!(read_text(&text), Err(AuditError::Broken { line: 2, .. })));
    }

    #[test]
    fn what_is_no_log_is_named() {
        let pod = read_text(r#"{"kind":"Pod","apiVersion":"v1","password":"secret"}"#);
        assert_eq!(
            pod.expect_err("no log").to_string(),
            "audit.log is no audit log: line 1 is a Pod of v1, not an event of audit.k8s.io"
        );
        let text = read_text("hello\n").expect_err("no log").to_string();
        assert!(text.contains("line 1 is no JSON"), "{text}");
        assert!(read_text("\n").expect_err("no log").to_string().contains("is empty"));
    }

    #[test]
    fn a_secret_leaves_a_digest_only() {
        let secret = line(
            "create",
            r#","responseObject":{"kind":"Secret","metadata":{"name":"m","uid":"u"},"data":{"key":"c2VjcmV0"}}"#,
        );
        let write = writes(&secret).remove(0);
        assert!(write.told.spec.is_some());
        assert!(!format!("{write:?}").contains("c2VjcmV0"));
    }
}
