//! What a user of the built program sees: text, files and exit codes.

mod apiserver;
mod graph;
mod graph_input;
mod judge;
mod rehearse;
mod run;
mod unasked;
