//! A world of clusters in one process, in virtual time and from one seed: API servers, the
//! controllers of Cluster API on them, machines, and the network between.
//!
//! Its controllers do what the real ones do, held to recordings of them: they read caches that are
//! behind, act in steps that can be cut between any two, wait for their turn and fail over.
//!
//! **Invariant:** no clock is read and no chance taken that was not handed in, so the same seed
//! gives the same history; no task outlives the process that it belongs to; nothing here knows an
//! implementation of the pivot.
//!
//! Reading order:
//! 1. [`clock`] and [`entropy`] are what is handed in, [`net`] is what lies between two parties,
//!    [`history`] is what is kept of it all.
//! 2. [`api`] is how everybody speaks to an API server.
//! 3. [`runtime`] is what a manager process is made of: caches, queues, a lease.
//! 4. [`infrastructure`] and [`workload`] are the machines, and what runs on them; [`remote`] is
//!    the way from a manager to the cluster that it manages.
//! 5. [`capi`] are the controllers.
//! 6. [`world`] puts it all together; start there.

pub mod api;
pub mod capi;
pub mod clock;
pub mod entropy;
pub mod history;
pub mod infrastructure;
pub mod net;
pub mod remote;
pub mod runtime;
pub mod workload;
pub mod world;
