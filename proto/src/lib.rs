//! The wire protocol of the distributed pivot, `fulcrum.pivot.v1`, and the contract it serves.
//!
//! **Invariant:** this crate decides nothing. It holds messages as they are on the wire; what a
//! side answers to one is the business of a state machine elsewhere, which converts at its boundary
//! and derives nothing from these types.
//!
//! **Invariant:** no secret is shown by `Debug`. Manifests, patches and tokens print as a length.
//!
//! To read, in this order:
//!
//! 1. `CONTRACT.md`, here as [`CONTRACT`]: the rules of a pivot, each with an id that the comments
//!    of the protocol cite;
//! 2. `pivot/v1/pivot.proto`: the two services and the envelopes, here as
//!    [`v1::pivot_server::Pivot`], [`v1::FromAgent`] and [`v1::FromCell`];
//! 3. [`v1::Record`]: what each side states of ownership;
//! 4. [`v1::MoveMessage`]: the steps of a move, the same in both directions.
//!
//! Start from [`v1::MoveMessage`] to follow a move, from [`v1::AgentReady`] to follow a session.

mod redacted;

/// The messages and services of `fulcrum.pivot.v1`, generated from `pivot/v1/*.proto`.
///
/// Every item bears the comment of its source, which names the rules that it serves.
#[allow(
    missing_docs,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::too_many_lines,
    reason = "generated code; its sources are held to their own standard by tests/documented.rs"
)]
pub mod v1 {
    tonic::include_proto!("fulcrum.pivot.v1");
}

/// The rules that a conformant pivot keeps, as the Markdown of `CONTRACT.md`.
///
/// An area is a heading such as `## O. Order`. A rule is a list item that starts with its id, its
/// tags and, in the core-safety profile, the word `core`; its last line names the cases that show
/// it.
pub const CONTRACT: &str = include_str!("../CONTRACT.md");
