//! Which fields an object has, which of them two objects differ in, and how they are merged.
//!
//! These are the semantics of structured merge: an object is read through its schema
//! ([`Type`]), a field is named by the steps that lead to it ([`path`]), and what a field
//! manager owns is a [`Set`] of such paths, written as `FieldsV1` ([`v1`]).
//!
//! **Invariant:** nothing here knows of managers, times or requests; that is `managers`.

pub mod check;
pub mod compare;
pub mod merge;
pub mod path;
pub mod remove;
pub mod set;
#[cfg(test)]
mod tests;
pub mod typed;
pub mod v1;

pub use self::check::check;
pub use self::compare::{Comparison, compare, equal};
pub use self::merge::{merge, named};
pub use self::path::{Element, Scalar};
pub use self::remove::remove;
pub use self::set::Set;
pub use self::typed::Type;
