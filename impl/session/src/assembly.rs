//! Batches and deletions become the set that they describe (rules R2, T8).
//!
//! Batches may come twice and in any order inside their round. A round that begins with number 1 is
//! the whole set, any other is what changed since the round before. A round may come again, and is
//! told again. What cannot be put together is an error, and the sender begins anew.

mod piece;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fulcrum_model::digest::{Digest, SetDigest};
use fulcrum_model::object::ObjectKey;
use fulcrum_model::protocol::{Move, Name, Reading, Round};
use fulcrum_mover::SentObject;
use fulcrum_proto::v1;

use self::piece::{Arrived, Piece};
use crate::error::{SessionError, malformed};
use crate::fields;
use crate::moves::Part;

/// The most messages that a round may have.
const PARTS: u32 = 100_000;

/// Objects in import order.
type Held = Vec<Arc<Arrived>>;

/// A set that is whole.
pub(crate) struct Whole {
    pub(crate) mv: Move,
    pub(crate) round: Round,
    pub(crate) set: Reading,
    pub(crate) manifests: BTreeMap<Name, SentObject>,
}

/// What came in this session.
pub(crate) struct Assembly {
    /// The most bytes of manifests that are held.
    limit: u64,
    running: Option<Running>,
}

/// The round that is being put together, or was last.
struct Running {
    mv: Move,
    round: Round,
    first: u64,
    total: u32,
    before: Held,
    pieces: BTreeMap<u32, Piece>,
    /// The whole, once every piece was there.
    done: Option<Done>,
}

struct Done {
    held: Held,
    digest: Digest,
    /// What came again since.
    again: BTreeSet<u32>,
}

impl Assembly {
    /// Holds at most `limit` bytes of manifests.
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, running: None }
    }

    /// Takes one message, and gives the set when it was the last that was missing.
    pub(crate) fn take(
        &mut self,
        mv: Move,
        position: &v1::Position,
        part: Part,
    ) -> Result<Option<Whole>, SessionError> {
        let place = Placed::read(position)?;
        let piece = Piece::read(part)?;
        let limit = self.limit;
        let Some(running) = self.round(mv, &place)? else {
            // A round before the one that runs: it was taken.
            return Ok(None);
        };
        running.put(place.index, piece)?;
        let size = running.bytes();
        if size > limit {
            self.running = None;
            return Err(SessionError::TooLarge { what: "a set", size, limit });
        }
        Ok(self.running.as_mut().and_then(Running::whole))
    }

    /// The answers to the messages of a round, once the target's API server has what they hold: its
    /// objects read back equal, and what is gone is gone (I5).
    pub(crate) fn acks(&self, mv: Move, round: Round, digest: Digest) -> Vec<v1::MoveObjectAck> {
        let reported = |running: &&Running| {
            running.mv == mv
                && running.round == round
                && running.done.as_ref().is_some_and(|done| done.digest == digest)
        };
        let Some(running) = self.running.as_ref().filter(reported) else {
            return Vec::new();
        };
        let ack = |(index, piece): (&u32, &Piece)| v1::MoveObjectAck {
            number: running.first + u64::from(*index),
            results: piece.results(),
        };
        running.pieces.iter().map(ack).collect()
    }

    /// The round of a message; nothing where it is an earlier one.
    fn round(&mut self, mv: Move, place: &Placed) -> Result<Option<&mut Running>, SessionError> {
        let begins = match &self.running {
            Some(running) if running.mv == mv => {
                let next = running.first + u64::from(running.total);
                if place.first == running.first {
                    running.agrees(place)?;
                    false
                } else if place.first < running.first {
                    return Ok(None);
                } else if place.first == next && running.done.is_some() {
                    true
                } else {
                    return Err(SessionError::Gap { number: place.number, expected: next });
                }
            }
            _ if place.first == 1 => true,
            _ => return Err(SessionError::Gap { number: place.number, expected: 1 }),
        };
        if begins {
            let before = match self.running.take() {
                Some(running) if running.mv == mv => running.done.map(|done| done.held),
                _ => None,
            };
            self.running = Some(Running {
                mv,
                round: place.round,
                first: place.first,
                total: place.total,
                before: before.unwrap_or_default(),
                pieces: BTreeMap::new(),
                done: None,
            });
        }
        Ok(self.running.as_mut())
    }
}

/// A position that was read.
struct Placed {
    number: u64,
    first: u64,
    round: Round,
    index: u32,
    total: u32,
}

impl Placed {
    fn read(position: &v1::Position) -> Result<Self, SessionError> {
        const MESSAGE: &str = "Position";
        let v1::Position { number, index, total, .. } = *position;
        if total > PARTS {
            let (size, limit) = (total.into(), PARTS.into());
            return Err(SessionError::TooLarge { what: "a round of batches", size, limit });
        }
        if index >= total {
            return Err(malformed(MESSAGE, "index", format!("{index} of {total}")));
        }
        let first = number.checked_sub(index.into()).filter(|first| *first > 0);
        let first = first.ok_or_else(|| malformed(MESSAGE, "number", "numbers count from 1"))?;
        if first > u64::MAX - u64::from(PARTS) {
            return Err(malformed(MESSAGE, "number", "too large"));
        }
        Ok(Self { number, first, round: fields::round_of(MESSAGE, position.round)?, index, total })
    }
}

impl Running {
    fn agrees(&self, place: &Placed) -> Result<(), SessionError> {
        if self.total == place.total && self.round == place.round {
            return Ok(());
        }
        Err(malformed("Position", "total", "contradicts another message of the round"))
    }

    fn put(&mut self, index: u32, piece: Piece) -> Result<(), SessionError> {
        if let Some(known) = self.pieces.get(&index) {
            if known.same(&piece) {
                if let Some(done) = &mut self.done {
                    done.again.insert(index);
                }
                return Ok(());
            }
            return Err(malformed("Position", "number", "was used for other objects before"));
        }
        self.pieces.insert(index, piece);
        Ok(())
    }

    fn bytes(&self) -> u64 {
        let pieces = self.pieces.values().flat_map(Piece::copies);
        self.before.iter().chain(pieces).map(|arrived| arrived.bytes).sum()
    }

    /// The set, if the message that was put last was the last one missing, or the last one of a
    /// round that came again.
    fn whole(&mut self) -> Option<Whole> {
        let total = usize::try_from(self.total).ok()?;
        match &mut self.done {
            Some(done) if done.again.len() == total => done.again.clear(),
            Some(_) => return None,
            None if self.pieces.len() < total => return None,
            None => {
                let held = self.overlay();
                let digest = digest(&held);
                self.done = Some(Done { held, digest, again: BTreeSet::new() });
            }
        }
        let done = self.done.as_ref()?;
        let moving = done.held.iter().filter(|arrived| !arrived.library);
        let entries = moving.map(|arrived| arrived.entry.clone()).collect();
        let manifest =
            |arrived: &Arc<Arrived>| (arrived.entry.name.clone(), arrived.object.clone());
        Some(Whole {
            mv: self.mv,
            round: self.round,
            set: Reading::new(entries, done.digest),
            manifests: done.held.iter().map(manifest).collect(),
        })
    }

    /// What was held before, changed by this round. What is new, and what has a new owner, stands
    /// behind everything else, so that owners stay first.
    fn overlay(&self) -> Held {
        let mut gone = BTreeSet::new();
        let mut sent: BTreeMap<&Name, &Arc<Arrived>> = BTreeMap::new();
        let mut order = Vec::new();
        for piece in self.pieces.values() {
            for arrived in piece.copies() {
                if sent.insert(&arrived.entry.name, arrived).is_none() {
                    order.push(&arrived.entry.name);
                }
            }
            gone.extend(piece.removals().iter().map(|(name, _)| name));
        }
        let mut known: BTreeSet<&Name> =
            self.before.iter().map(|arrived| &arrived.entry.name).collect();
        for name in &order {
            if sent[name].owners.iter().any(|owner| !known.contains(owner)) {
                known.remove(name);
            }
        }
        let stays = |arrived: &&Arc<Arrived>| {
            let name = &arrived.entry.name;
            known.contains(name) && (sent.contains_key(name) || !gone.contains(name))
        };
        let mut held: Held = self
            .before
            .iter()
            .filter(stays)
            .map(|arrived| Arc::clone(sent.get(&arrived.entry.name).unwrap_or(&arrived)))
            .collect();
        let last = order.iter().filter(|name| !known.contains(*name));
        held.extend(last.map(|name| Arc::clone(sent[name])));
        held
    }
}

fn digest(held: &Held) -> Digest {
    let moving = held.iter().filter(|arrived| !arrived.library);
    let digests: BTreeMap<ObjectKey, Digest> =
        moving.map(|arrived| (arrived.object.key.clone(), arrived.entry.digest)).collect();
    SetDigest::of(&digests).digest
}
