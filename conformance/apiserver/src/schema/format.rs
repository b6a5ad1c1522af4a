//! The formats of texts that the API server checks. The others (such as `int32`) mean nothing.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use jiff::civil::Date;
use regex::Regex;

use crate::meta::names;

/// Formats that are told by a pattern alone.
const PATTERNS: [(&str, &str); 17] = [
    ("bsonobjectid", r"^[0-9a-fA-F]{24}$"),
    ("byte", r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$"),
    ("creditcard", r"^[0-9 -]{13,23}$"),
    (
        "duration",
        concat!(
            r"^([-+]?((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+|[-+]?0|",
            r".*\d+\s*(?i:ns|nano|us|µs|micro|ms|milli|s|m|h|d|w)[A-Za-z]*.*)$",
        ),
    ),
    ("email", r"^[^\s@]+@[^\s@]+$|^.*<[^\s@]+@[^\s@]+>$"),
    ("hexcolor", r"^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"),
    ("isbn", r"^(97[89][- ]?)?[0-9][0-9 -]{8,12}[0-9X]$"),
    ("isbn10", r"^[0-9][0-9 -]{8,12}[0-9X]$"),
    ("isbn13", r"^97[89][- ]?[0-9][0-9 -]{8,12}[0-9]$"),
    (
        "mac",
        concat!(
            r"(?i)^([0-9a-f]{2}([:-][0-9a-f]{2}){5}|[0-9a-f]{2}([:-][0-9a-f]{2}){7}|",
            r"[0-9a-f]{4}(\.[0-9a-f]{4}){2,3})$",
        ),
    ),
    ("rgbcolor", r"^rgb\(\s*[0-9]{1,3}\s*,\s*[0-9]{1,3}\s*,\s*[0-9]{1,3}\s*\)$"),
    ("ssn", r"^\d{3}[- ]?\d{2}[- ]?\d{4}$"),
    ("uri", r"^(/.*|[A-Za-z][A-Za-z0-9+.-]*:[^\s]+)$"),
    ("uuid", r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$"),
    ("uuid3", r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$"),
    ("uuid4", r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$"),
    ("uuid5", r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$"),
];

/// Formats that are told by a function.
const OTHERS: [&str; 9] = [
    "cidr",
    "date",
    "datetime",
    "hostname",
    "ipv4",
    "ipv6",
    "k8slongname",
    "k8sshortname",
    "password",
];

static REGEXES: LazyLock<BTreeMap<&str, Regex>> = LazyLock::new(|| {
    let compile = |(name, pattern): (&'static str, &str)| {
        let regex = Regex::new(pattern).expect("the patterns of this file are valid");
        (name, regex)
    };
    PATTERNS.into_iter().map(compile).collect()
});

static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$")
        .expect("the pattern is valid")
});

/// Whether the format is one that is checked.
#[must_use]
pub fn is_known(format: &str) -> bool {
    let name = format.replace('-', "");
    OTHERS.contains(&name.as_str()) || PATTERNS.iter().any(|(known, _)| *known == name)
}

/// Whether the text has the format; any text has a format that is not known.
#[must_use]
pub fn fits(format: &str, text: &str) -> bool {
    let name = format.replace('-', "");
    match name.as_str() {
        "cidr" => is_cidr(text),
        "date" => is_date(text),
        "datetime" => is_date_time(text),
        "hostname" => is_hostname(text),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "k8slongname" => names::subdomain(text).is_empty(),
        "k8sshortname" => names::label(text).is_empty(),
        other => REGEXES.get(other).is_none_or(|regex| regex.is_match(text)),
    }
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else {
        return false;
    };
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    !bits.starts_with('+') && bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

fn is_date(text: &str) -> bool {
    let shaped = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    shaped && text.parse::<Date>().is_ok()
}

fn is_date_time(text: &str) -> bool {
    let lower = text.to_lowercase();
    let Some((date, time)) = lower.split_once('t') else {
        return false;
    };
    if !is_date(date) {
        return false;
    }
    TIME.captures(time).is_some_and(|found| {
        let at_most = |i: usize, max: &str| found.get(i).is_some_and(|m| m.as_str() <= max);
        at_most(1, "23") && at_most(2, "59") && at_most(3, "59")
    })
}

fn is_hostname(text: &str) -> bool {
    let part = |part: &str| {
        let inner = |c: char| c.is_alphanumeric() || c == '-';
        !part.is_empty()
            && part.len() <= 63
            && part.chars().all(inner)
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    text.len() <= 255 && text.split('.').all(part)
}
