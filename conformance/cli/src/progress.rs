//! How far a long reading is, for who waits at a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};

/// Inputs of fewer bytes are read before a bar would be seen.
const WORTH_SHOWING: u64 = 32 << 20;

/// A bar on standard error that counts bytes; none when nobody watches, or the work is short.
pub(crate) fn bytes(total: u64) -> ProgressBar {
    if total < WORTH_SHOWING || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
            .expect("the template is well formed");
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    bar.with_style(style)
}
