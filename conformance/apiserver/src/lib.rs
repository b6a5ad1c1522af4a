//! A Kubernetes API server in memory, for tests: a [`tower::Service`] in virtual or real time.
//!
//! It stores objects, tracks the owners of their fields, serves custom resources from their
//! definitions, watches, collects garbage and empties namespaces as the real server and its
//! controller manager do, and is held to recordings of them (`tests/reality.rs`, `REALITY.md`).
//! [`ApiServer`] is the type to start from.
//!
//! ```
//! # use std::sync::Arc;
//! # use fulcrum_apiserver::{ApiServer, Options};
//! # use fulcrum_apiserver::{auth::Tokens, clock::RuntimeClock, entropy::Seeded};
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let server = ApiServer::new(Options {
//!     clock: Arc::new(RuntimeClock::starting_at("2026-01-01T00:00:00Z".parse()?)),
//!     entropy: Arc::new(Seeded::new(1)),
//!     tokens: Tokens::none_needed(),
//! });
//! // kube::Client::new(server.clone(), "default") talks to it; the collector runs beside it:
//! let running = server.clone();
//! let controllers = tokio::spawn(async move { running.run().await });
//! # controllers.abort();
//! # Ok(())
//! # }
//! ```
//!
//! Reading order:
//! 1. [`server`] is what all requests share, [`http`] takes one from bytes to an answer.
//! 2. `ops` carries it out: one file a verb.
//! 3. [`registry`] says which resources there are and what a kind may decide, [`kinds`] decides.
//! 4. [`store`] keeps every version, [`watch`] and [`selector`] read it.
//! 5. [`meta`], [`schema`], [`cel`], [`fields`], [`managers`] and [`mod@patch`] know objects;
//!    [`status`] knows every text of a refusal.
//! 6. [`auth`] and [`admission`] say no, [`discovery`] and [`table`] tell and show,
//!    [`protobuf`] speaks what `kubectl` speaks.
//! 7. [`controllers`] are the collector and its like, [`driver`] carries out what they want.
//! 8. [`inject`] makes it fail; [`clock`] and [`entropy`] are handed in.
//!
//! **Invariant:** no clock is read, no chance taken and no socket opened that was not handed in,
//! but for `listen`, which is there to do that.

pub mod admission;
pub mod auth;
pub mod cel;
pub mod clock;
pub mod controllers;
pub mod discovery;
pub mod driver;
pub mod entropy;
pub mod fields;
pub mod http;
pub mod inject;
mod json;
pub mod kinds;
#[cfg(feature = "listen")]
pub mod listen;
pub mod managers;
pub mod meta;
mod ops;
pub mod patch;
pub mod protobuf;
pub mod registry;
pub mod schema;
pub mod selector;
pub mod server;
pub mod status;
pub mod store;
pub mod table;
pub mod watch;

pub use server::{ApiServer, Options};
