//! What two API servers and the infrastructure saw of a hand-over, and the checkers that judge it.
//!
//! **Invariant:** it knows nothing of any implementation. A checker states a property of a history
//! and never computes what an implementation should have done; it reads owners and pauses for
//! itself.
//!
//! In reading order: [`history`] (what was seen), [`audit`] and [`infrastructure`] (where it comes
//! from), [`evidence`] (which files), [`checker`] (the rules, one file each), [`judge`](mod@judge)
//! (all of them), [`verdict`] (what comes out), [`rule`] (the contract's own words), [`report`] and
//! [`tell`] (for machines and for people), [`recorded`] (real moves that are bundled).
//!
//! Start from [`judge::judge`].

pub mod audit;
pub mod checker;
pub mod evidence;
pub mod history;
pub mod infrastructure;
pub mod input;
pub mod judge;
pub mod recorded;
pub mod report;
pub mod rule;
pub mod tell;
pub mod verdict;
