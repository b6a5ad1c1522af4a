//! Processes in virtual time: what they see, when they act, and how they end.

mod caches;
mod determinism;
mod endings;
mod leaders;
mod place;
mod turns;
