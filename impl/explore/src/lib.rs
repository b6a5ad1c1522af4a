//! The model checker of the hand-over: the very function that a cell and an agent run
//! ([`fulcrum_model::protocol::step`]), driven through every interleaving of two sides and all that
//! may go wrong around them.
//!
//! **Invariant:** nothing of the protocol is written here a second time. The world performs effects,
//! loses answers and messages, lets controllers act on stale caches, and looks on.
//!
//! Left out: time (waiting for a deadline, a lease or a quiet time is an oracle that knows), garbage
//! collection, several pause holders, library objects, certificates; a reading of all objects is one
//! step; a status write does not raise a version.
//!
//! Read [`scenario`] (what may happen), [`world`] (what happens), [`search`] (every order of it),
//! [`catalogue`] (what is explored), [`mutation`] (rules taken out). Start from [`explore`].

pub mod at;
pub mod catalogue;
pub mod mutation;
pub mod scenario;
pub mod search;
pub mod story;
pub mod world;

pub use mutation::Mutation;
pub use scenario::{Budget, Scenario};
pub use search::{Report, explore, seek};
pub use story::Story;
pub use world::Violation;
