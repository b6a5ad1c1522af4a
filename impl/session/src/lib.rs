//! What both ends of a session share: the messages of the model to and from the wire, objects cut
//! into batches and put together again, the terms of a session, and what goes out first.
//!
//! **Invariant:** no socket, no clock and no task of its own. Bytes come from a transport that is
//! handed in, and time passes in tokio.
//!
//! **Invariant:** nothing here decides. What a side answers is the model's, what it does is the
//! mover's; here a message is only read, and refused where it cannot be.
//!
//! To read, in this order:
//!
//! 1. [`record`]: a [`Claim`](fulcrum_model::protocol::Claim) and the record on the wire;
//! 2. `moves`: every [`Message`](fulcrum_model::protocol::Message) but the set of objects;
//! 3. `stage` (a set becomes batches) and `assembly` (batches become a set);
//! 4. [`Conversation`]: all of that for one session;
//! 5. [`Limits`], [`Terms`]: what both agree on; [`flow`]: heartbeats overtake batches;
//! 6. [`health`]: the answers to `/healthz` and `/readyz`; [`Entropy`] and [`time`]: chance and time
//!    that are handed in.
//!
//! Start from [`Conversation`].

mod assembly;
mod chain;
mod conversation;
mod entropy;
mod error;
mod fields;
pub mod flow;
pub mod health;
mod limits;
mod moves;
mod names;
pub mod record;
mod stage;
mod terms;
pub mod time;

pub use chain::chain;
pub use conversation::{About, Conversation, Incoming};
pub use entropy::{Entropy, Uniform};
pub use error::SessionError;
pub use limits::Limits;
pub use terms::{DIGEST_FORM, MAX_VERSION, MIN_VERSION, Terms};
