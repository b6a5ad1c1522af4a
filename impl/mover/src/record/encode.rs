//! A record as text.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fulcrum_model::protocol::{
    Activation, Entry, Epoch, LateWrite, Lineage, Move, Name, Phase, Reading, Record, Version,
};
use serde::{Deserialize, Serialize};

use crate::ids;

/// From this size on a body is packed.
const LARGE: usize = 512 * 1024;

/// The most that a packed body may unpack to.
const MOST: usize = 256 * 1024 * 1024;

/// How hard to pack.
const LEVEL: u8 = 6;

/// Why a body is no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// It cannot be unpacked.
    #[error("unpack the record")]
    Packed,
    /// It is no JSON of the form of a record.
    #[error("parse the record: {0}")]
    Json(String),
    /// A field has a value that it cannot have.
    #[error("read `{0}` of the record")]
    Field(&'static str),
    /// The custom resource has no version that the protocol can hold.
    #[error("read the resourceVersion of the record")]
    Version,
}

#[derive(Serialize, Deserialize)]
struct Body {
    lineage: String,
    epoch: u32,
    phase: PhaseBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<MoveBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activation: Option<ActivationBody>,
    unproven: bool,
    late: Vec<LateBody>,
    marked: bool,
    starts: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "name")]
enum PhaseBody {
    Owner,
    Copying,
    Quiescing,
    Aborting { paused: bool },
    Committed,
    Completing { reading: ReadingBody },
    Cleaning { reading: ReadingBody, deleting: bool },
    Released,
    Staging,
    Staged { count: usize, digest: String },
    Discarding,
    Activating { count: usize, digest: String },
    Verifying { count: usize, digest: String },
    Held,
}

#[derive(Serialize, Deserialize)]
struct MoveBody {
    lineage: String,
    epoch: u32,
    attempt: u32,
    id: String,
}

#[derive(Serialize, Deserialize)]
struct ActivationBody {
    #[serde(rename = "move")]
    mv: MoveBody,
    count: usize,
    digest: String,
}

#[derive(Serialize, Deserialize)]
struct LateBody {
    name: String,
    digest: String,
    deleted: bool,
}

#[derive(Serialize, Deserialize)]
struct ReadingBody {
    digest: String,
    /// Owners first.
    entries: Vec<EntryBody>,
}

/// Name, uid, version, digest, applied, deleting.
type EntryBody = (String, String, u64, String, Option<String>, bool);

/// The text of a record, and whether it is packed.
#[must_use]
pub fn encode(record: &Record) -> (String, bool) {
    let text = serde_json::to_string(&body(record)).expect("texts and numbers are JSON");
    if text.len() < LARGE {
        return (text, false);
    }
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(text.as_bytes(), LEVEL);
    (STANDARD.encode(packed), true)
}

/// The record of a text.
///
/// # Errors
/// [`RecordError`] if it is none. What is not understood is never passed over.
pub fn decode(text: &str, packed: bool) -> Result<Record, RecordError> {
    let unpacked;
    let text = if packed {
        let bytes = STANDARD.decode(text).map_err(|_| RecordError::Packed)?;
        unpacked = miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(&bytes, MOST)
            .map_err(|_| RecordError::Packed)?;
        std::str::from_utf8(&unpacked).map_err(|_| RecordError::Packed)?
    } else {
        text
    };
    let body: Body =
        serde_json::from_str(text).map_err(|error| RecordError::Json(error.to_string()))?;
    record(body)
}

fn body(record: &Record) -> Body {
    Body {
        lineage: ids::hex(record.lineage.0),
        epoch: record.epoch.0,
        phase: phase_body(&record.phase),
        last: record.last.map(move_body),
        activation: record.activation.as_ref().map(|done| ActivationBody {
            mv: move_body(done.mv),
            count: done.count,
            digest: done.digest.to_string(),
        }),
        unproven: record.unproven,
        late: record.late.iter().map(late_body).collect(),
        marked: record.marked,
        starts: record.starts,
    }
}

fn move_body(mv: Move) -> MoveBody {
    let (lineage, id) = (ids::hex(mv.lineage.0), ids::hex(mv.id));
    MoveBody { lineage, epoch: mv.epoch.0, attempt: mv.attempt, id }
}

fn late_body(late: &LateWrite) -> LateBody {
    let (name, digest) = (late.name.0.to_string(), late.digest.to_string());
    LateBody { name, digest, deleted: late.deleted }
}

fn phase_body(phase: &Phase) -> PhaseBody {
    match phase {
        Phase::Owner => PhaseBody::Owner,
        Phase::Copying => PhaseBody::Copying,
        Phase::Quiescing => PhaseBody::Quiescing,
        Phase::Aborting { paused } => PhaseBody::Aborting { paused: *paused },
        Phase::Committed => PhaseBody::Committed,
        Phase::Completing { reading } => PhaseBody::Completing { reading: reading_body(reading) },
        Phase::Cleaning { reading, deleting } => {
            PhaseBody::Cleaning { reading: reading_body(reading), deleting: *deleting }
        }
        Phase::Released => PhaseBody::Released,
        Phase::Staging => PhaseBody::Staging,
        Phase::Staged { count, digest } => {
            PhaseBody::Staged { count: *count, digest: digest.to_string() }
        }
        Phase::Discarding => PhaseBody::Discarding,
        Phase::Activating { count, digest } => {
            PhaseBody::Activating { count: *count, digest: digest.to_string() }
        }
        Phase::Verifying { count, digest } => {
            PhaseBody::Verifying { count: *count, digest: digest.to_string() }
        }
        Phase::Held => PhaseBody::Held,
    }
}

fn reading_body(reading: &Reading) -> ReadingBody {
    let entry = |entry: &Entry| -> EntryBody {
        (
            entry.name.0.to_string(),
            ids::uid_text(entry.uid),
            entry.version.0,
            entry.digest.to_string(),
            entry.applied.map(|digest| digest.to_string()),
            entry.deleting,
        )
    };
    ReadingBody {
        digest: reading.digest().to_string(),
        entries: reading.entries().iter().map(entry).collect(),
    }
}

fn record(body: Body) -> Result<Record, RecordError> {
    Ok(Record {
        lineage: lineage(&body.lineage)?,
        epoch: Epoch(body.epoch),
        phase: phase(body.phase)?,
        last: body.last.map(mv).transpose()?,
        activation: body.activation.map(activation).transpose()?,
        unproven: body.unproven,
        late: body.late.into_iter().map(late).collect::<Result<_, _>>()?,
        marked: body.marked,
        starts: body.starts,
    })
}

fn activation(done: ActivationBody) -> Result<Activation, RecordError> {
    let digest = digest(&done.digest, "activation.digest")?;
    Ok(Activation { mv: mv(done.mv)?, count: done.count, digest })
}

fn late(late: LateBody) -> Result<LateWrite, RecordError> {
    let digest = digest(&late.digest, "late.digest")?;
    Ok(LateWrite { name: Name(Arc::from(late.name)), digest, deleted: late.deleted })
}

fn lineage(text: &str) -> Result<Lineage, RecordError> {
    ids::id_of(text).map(Lineage).ok_or(RecordError::Field("lineage"))
}

fn digest(text: &str, field: &'static str) -> Result<fulcrum_model::digest::Digest, RecordError> {
    ids::digest_of(text).ok_or(RecordError::Field(field))
}

fn mv(body: MoveBody) -> Result<Move, RecordError> {
    let id = ids::id_of(&body.id).ok_or(RecordError::Field("move.id"))?;
    let lineage = lineage(&body.lineage)?;
    Ok(Move { lineage, epoch: Epoch(body.epoch), attempt: body.attempt, id })
}

fn phase(body: PhaseBody) -> Result<Phase, RecordError> {
    let known = |text: &str| digest(text, "phase.digest");
    Ok(match body {
        PhaseBody::Owner => Phase::Owner,
        PhaseBody::Copying => Phase::Copying,
        PhaseBody::Quiescing => Phase::Quiescing,
        PhaseBody::Aborting { paused } => Phase::Aborting { paused },
        PhaseBody::Committed => Phase::Committed,
        PhaseBody::Completing { reading: body } => Phase::Completing { reading: reading(body)? },
        PhaseBody::Cleaning { reading: body, deleting } => {
            Phase::Cleaning { reading: reading(body)?, deleting }
        }
        PhaseBody::Released => Phase::Released,
        PhaseBody::Staging => Phase::Staging,
        PhaseBody::Staged { count, digest } => Phase::Staged { count, digest: known(&digest)? },
        PhaseBody::Discarding => Phase::Discarding,
        PhaseBody::Activating { count, digest } => {
            Phase::Activating { count, digest: known(&digest)? }
        }
        PhaseBody::Verifying { count, digest } => {
            Phase::Verifying { count, digest: known(&digest)? }
        }
        PhaseBody::Held => Phase::Held,
    })
}

fn reading(body: ReadingBody) -> Result<Reading, RecordError> {
    let entries = body.entries.into_iter().map(entry).collect::<Result<_, _>>()?;
    Ok(Reading::new(entries, digest(&body.digest, "reading.digest")?))
}

fn entry(body: EntryBody) -> Result<Entry, RecordError> {
    let (name, uid, version, content, applied, deleting) = body;
    let applied = applied.map(|text| digest(&text, "reading.applied")).transpose()?;
    Ok(Entry {
        name: Name(Arc::from(name)),
        uid: ids::uid_of(&uid).ok_or(RecordError::Field("reading.uid"))?,
        version: Version(version),
        digest: digest(&content, "reading.digest")?,
        applied,
        deleting,
    })
}

#[cfg(test)]
mod tests;
