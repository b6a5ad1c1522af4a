//! The controllers of Cluster API in the simulator, held against recordings of the real ones.
//!
//! A story is played again, with the objects that the user of the recording created, on a world
//! with fake machines of the same pace. Then each object is compared with those of its kind and
//! name pattern in the recording: the sequence of states of each condition (status and reason), of
//! phase, finalizers, owner references, counts and hand-overs must be one that was recorded.
//! States that only say that nothing is known yet come and go with the turn of the reconciles:
//! they are left out. Moments of the story must come within a factor of when they came.

#[path = "capi/compare.rs"]
mod compare;
#[path = "capi/facets.rs"]
mod facets;
#[path = "capi/imports.rs"]
mod imports;
#[path = "capi/play.rs"]
mod play;
#[path = "capi/stories.rs"]
mod stories;
#[path = "capi/trace.rs"]
mod trace;
