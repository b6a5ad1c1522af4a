//! From an HTTP request to an HTTP answer.
//!
//! `request` takes a request apart, `serve` puts the checks in the order of the real server
//! and carries it out, `answer` is what comes back, `show` gives it its media type with
//! [`negotiate`] and [`yaml`].
//!
//! **Invariant:** no socket is opened here.

pub(crate) mod answer;
pub mod negotiate;
pub(crate) mod request;
pub(crate) mod serve;
pub(crate) mod show;
pub mod yaml;

pub use answer::Body;
