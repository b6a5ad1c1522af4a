//! A sign of life for who waits at a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal};
use std::time::Duration;

/// Less is read before anybody would wonder.
const WORTH_SAYING: u64 = 64 << 20;

/// Reads that many bytes of logs, and shows on standard error that it does.
pub(crate) fn reading<T>(bytes: u64, read: impl FnOnce() -> T) -> T {
    if bytes < WORTH_SAYING || !io::stderr().is_terminal() {
        return read();
    }
    let style = ProgressStyle::with_template("{spinner} reading {msg} MB of logs, {elapsed}")
        .expect("the template is well formed");
    let spinner = ProgressBar::new_spinner().with_style(style);
    spinner.set_message((bytes >> 20).to_string());
    spinner.enable_steady_tick(Duration::from_millis(100));
    let result = read();
    spinner.finish_and_clear();
    result
}
