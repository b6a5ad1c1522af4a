//! How long ago something was, in the words of `kubectl`.

use jiff::Timestamp;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// Two or three significant figures of a span of seconds, as `duration.HumanDuration`.
pub(super) fn human(seconds: i64) -> String {
    let pair = |large: i64, name: &str, small: i64, small_name: &str| match small {
        0 => format!("{large}{name}"),
        _ => format!("{large}{name}{small}{small_name}"),
    };
    let (minutes, hours, days) = (seconds / MINUTE, seconds / HOUR, seconds / DAY);
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => pair(minutes, "m", seconds % MINUTE, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => pair(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => pair(days, "d", hours % 24, "h"),
        _ if seconds < 2 * YEAR => format!("{days}d"),
        _ if seconds < 8 * YEAR => pair(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

/// The time since `moment`, if it is one. An absent moment is unknown.
pub(super) fn parse(moment: &str, now: Timestamp) -> Option<String> {
    if matches!(moment, "" | "null") {
        return Some("<unknown>".to_owned());
    }
    let moment: Timestamp = moment.parse().ok()?;
    Some(human(now.duration_since(moment).as_secs()))
}

/// The time since `moment`; unknown if that is absent or no moment.
pub(super) fn since(moment: &str, now: Timestamp) -> String {
    parse(moment, now).unwrap_or_else(|| "<unknown>".to_owned())
}
