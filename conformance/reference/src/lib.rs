//! The one adapter between the suite and the reference implementation: what the suite and the
//! `fulcrum` program know of `impl/`, they know through here.
//!
//! **Invariant:** nothing else under `conformance/` or `scenarios/` depends on `impl/`. An oracle
//! that shares code with what it judges shares its bugs.
//!
//! [`graph`] is what `fulcrum graph` shows, [`rehearse`] what `fulcrum rehearse` does; [`pair`] is
//! the reference between two API servers, [`door`] its way to those of a simulated world; [`cases`] names the cases that the reference answers
//! for by itself.

pub mod cases;
pub mod door;
pub mod graph;
pub mod pair;
pub mod rehearse;
