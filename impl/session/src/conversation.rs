//! What one session says of a move, in both directions.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fulcrum_model::protocol::{Claim, Lineage, Message, Round};
use fulcrum_mover::{ClusterName, Parcel, ids};
use fulcrum_proto::v1::{self, move_message::Body};
use prost::Message as _;

use crate::assembly::Assembly;
use crate::error::SessionError;
use crate::limits::Limits;
use crate::moves::{self, Read};
use crate::names;
use crate::stage::Outgoing;

/// How many times the largest message a set may be.
const SETS: u64 = 64;

/// What a message of the other side comes to.
#[derive(Debug)]
pub enum Incoming {
    /// Something for the mover.
    Parcel(Parcel),
    /// Part of something that is not whole yet.
    Waiting,
    /// Nothing that the mover needs to hear: an answer that changes nothing, or a newer peer's.
    Passed,
}

/// The move messages of one session. What it remembers is what was said in this session: the next
/// one begins with a new conversation, and with whole sets.
pub struct Conversation {
    cluster: ClusterName,
    key: v1::ObjectKey,
    lineage: Option<Lineage>,
    limit: usize,
    outgoing: Mutex<Outgoing>,
    assembly: Mutex<Assembly>,
}

impl Conversation {
    /// A session about `cluster`. Where the certificate of the child names a lineage, messages of
    /// another one are refused (T2).
    #[must_use]
    pub fn new(cluster: ClusterName, lineage: Option<Lineage>, limits: &Limits) -> Self {
        let held = u64::from(limits.max_message_bytes).saturating_mul(SETS);
        Self {
            key: names::to_wire(&cluster.key()),
            cluster,
            lineage,
            limit: limits.message_bytes(),
            outgoing: Mutex::default(),
            assembly: Mutex::new(Assembly::new(held)),
        }
    }

    /// What goes out for a parcel of the mover, in order. `claim` is what this side says of itself.
    /// A claim gives nothing: it goes with a heartbeat, or with the answer to one.
    ///
    /// # Errors
    /// [`SessionError::Cut`], [`SessionError::NoManifest`], [`SessionError::WriteManifest`]: the
    /// set cannot be sent.
    pub fn send(
        &self,
        parcel: &Parcel,
        claim: Option<&Claim>,
    ) -> Result<Vec<v1::MoveMessage>, SessionError> {
        match &parcel.message {
            Message::Stage { mv, round, set } => {
                locked(&self.outgoing).stage(*mv, *round, set, &parcel.manifests, self.limit)
            }
            Message::StageReport { mv, round, digest, .. } => {
                let after = *round == Round::Last;
                let acks = locked(&self.assembly).acks(*mv, *round, *digest);
                let ack = |ack| moves::envelope(mv, after, Body::Ack(ack));
                let mut messages: Vec<_> = acks.into_iter().map(ack).collect();
                messages.extend(self.message(&parcel.message, claim));
                Ok(messages)
            }
            message => Ok(self.message(message, claim).into_iter().collect()),
        }
    }

    fn message(&self, message: &Message, claim: Option<&Claim>) -> Option<v1::MoveMessage> {
        moves::to_wire(message, &self.key, claim)
    }

    /// What a message of the other side comes to.
    ///
    /// # Errors
    /// [`SessionError::OtherCluster`] ends the session; every other error is answered with
    /// [`Conversation::refusal`].
    pub fn receive(&self, message: v1::MoveMessage) -> Result<Incoming, SessionError> {
        self.check_cluster(&message)?;
        let bytes = message.encoded_len();
        if bytes > self.limit {
            return Err(SessionError::TooLarge {
                what: "a message",
                size: u64::try_from(bytes).unwrap_or(u64::MAX),
                limit: u64::try_from(self.limit).unwrap_or(u64::MAX),
            });
        }
        Ok(match moves::from_wire(message)? {
            Read::Message(message) => {
                Incoming::Parcel(Parcel { message, manifests: BTreeMap::new() })
            }
            Read::Part(mv, position, part) => {
                match locked(&self.assembly).take(mv, &position, part)? {
                    Some(whole) => Incoming::Parcel(Parcel {
                        message: Message::Stage {
                            mv: whole.mv,
                            round: whole.round,
                            set: whole.set,
                        },
                        manifests: whole.manifests,
                    }),
                    None => Incoming::Waiting,
                }
            }
            Read::Again => {
                locked(&self.outgoing).begin_again();
                Incoming::Passed
            }
            Read::Passed => Incoming::Passed,
        })
    }

    /// The answer to a message that could not be read; nothing where it does not even say of which
    /// move it is, or is a refusal itself.
    #[must_use]
    pub fn refusal(about: &About, error: &SessionError) -> Option<v1::MoveMessage> {
        let identity = about.identity.clone()?;
        Some(moves::refusal(identity, about.epoch, about.number, error))
    }

    fn check_cluster(&self, message: &v1::MoveMessage) -> Result<(), SessionError> {
        let other = |named: String| {
            Err(SessionError::OtherCluster { expected: self.cluster.to_string(), named })
        };
        if let (Some(identity), Some(lineage)) = (&message.r#move, self.lineage)
            && ids::id_of(&identity.lineage).is_some_and(|named| named != lineage.0)
        {
            return other(format!("the lineage {}", identity.lineage));
        }
        if let Some(Body::Begin(v1::MoveBegin { cluster: Some(key), .. })) = &message.body
            && *key != self.key
        {
            return other(format!("{}/{}", key.namespace, key.name));
        }
        Ok(())
    }
}

/// What a refusal needs of a message, taken before the message is read.
#[derive(Clone, Debug, Default)]
pub struct About {
    identity: Option<v1::MoveIdentity>,
    epoch: u64,
    number: u64,
}

impl About {
    /// What a refusal of `message` would need.
    #[must_use]
    pub fn of(message: &v1::MoveMessage) -> Self {
        let position = match &message.body {
            // A refusal of a refusal would be refused in turn.
            Some(Body::Refused(_)) | None => return Self::default(),
            Some(Body::Batch(batch)) => batch.position.as_ref(),
            Some(Body::Delete(delete)) => delete.position.as_ref(),
            Some(_) => None,
        };
        Self {
            identity: message.r#move.clone(),
            epoch: message.epoch,
            number: position.map_or(0, |position| position.number),
        }
    }
}

impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversation").field("cluster", &self.cluster).finish_non_exhaustive()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
