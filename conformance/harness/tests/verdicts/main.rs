//! Verdicts on real moves, on imports that went right and wrong, on hand-made movers, and on input
//! that is no good: from logs to judgement, through nothing but the public interface.

mod audit_log;
mod bad_input;
mod checked;
mod cluster;
mod imports;
mod judged;
mod open_questions;
mod other_movers;
mod recorded_moves;
mod story;
mod watch_trace;
mod who;
