//! The parent's half of the reference implementation: a server for many children that opens no
//! connection to any of them (rule T1).
//!
//! **Invariant:** who is calling is what the certificate says, judged at every call and again while
//! a session lasts (rules T2, T3). A message that names another cluster ends the session.
//!
//! **Invariant:** one live session per cluster, the newest; what an older one still does disturbs
//! nobody (rule T4).
//!
//! **Invariant:** no socket, no wall clock, no chance and no detached task: connections, time and
//! entropy are handed in, tasks are owned. `main.rs` and `fulcrum-program`, which only the program
//! has, open sockets and read the clock.
//!
//! To read, in this order:
//!
//! 1. [`ManagedCluster`]: what an operator writes and reads; [`Settings`];
//! 2. `authority` and `tokens`: the CA and the one-time tokens, each in a Secret;
//! 3. `enrolment` and `pivot`: the two services; `session`: one session from its first message on;
//! 4. `registry`: who is connected, and which mover is whose; `fleet`: what agents told;
//! 5. `controller`: from `ManagedCluster` to movers, tokens, moves and status.
//!
//! Start from [`Cell`].

mod authority;
mod cell;
mod controller;
mod enrolment;
mod error;
mod fleet;
mod pivot;
mod refusal;
mod registry;
mod resource;
mod secured;
mod session;
mod settings;
mod status;
mod store;
mod tokens;

pub use cell::{Cell, Parts, Witnesses};
pub use error::CellError;
pub use fleet::{Fleet, Row};
pub use resource::{
    ClusterCondition, ClusterReference, Enrolment, ManagedCluster, ManagedClusterSpec,
    ManagedClusterStatus, Nodes,
};
pub use settings::Settings;
