//! The child's half of the reference implementation: it dials its cell and is dialled by nobody
//! (rule T1).
//!
//! **Invariant:** its key never leaves the cluster: what crosses the wire is a signing request.
//!
//! **Invariant:** the mover runs whether or not a cell can be reached: the child manages itself
//! meanwhile (rules H9, T7).
//!
//! **Invariant:** no socket, no wall clock, no chance and no detached task: connections, time and
//! entropy are handed in. `main.rs`, `dial.rs` and `fulcrum-program`, which only the program has,
//! open sockets and read the clock.
//!
//! To read, in this order:
//!
//! 1. [`Settings`], [`Connect`] (how it dials), [`Invitation`] (a token and whom to trust);
//! 2. `keep`: key, certificate and CAs in a Secret; `enrol`: how they come, and come anew;
//! 3. `observe`: what a heartbeat tells; `session`: one session; [`Backoff`]: when the next one;
//! 4. `agent`: all of it together.
//!
//! Start from [`Agent`].

mod agent;
mod backoff;
mod connect;
mod enrol;
mod error;
mod keep;
mod observe;
mod session;
mod settings;

pub use agent::{Agent, Parts};
pub use backoff::Backoff;
pub use connect::{Connect, Connecting, Connection, Listener};
pub use enrol::{Invitation, Invited};
pub use error::AgentError;
pub use settings::Settings;
