//! The pure half of the reference implementation: what a hand-over of Cluster API objects is,
//! without a cluster, a clock or a network.
//!
//! **Invariant:** nothing here does I/O, reads a clock, draws a random number or awaits.
//!
//! The objects, in reading order: [`manifest`] (kubectl's JSON and YAML), [`object`], [`select`]
//! (what belongs to a Cluster), [`graph`] (who owns whom), [`order`] (levels and import order),
//! [`batch`], [`transform`] (a source object becomes a copy), [`digest`].
//!
//! The hand-over: [`protocol`], one function that drivers, the simulator and a model checker run.
//!
//! Start from [`graph::Graph`] for the objects and from [`protocol::step`] for the hand-over.

pub mod batch;
pub mod digest;
pub mod graph;
pub mod manifest;
pub mod object;
pub mod order;
pub mod protocol;
pub mod select;
pub mod transform;
