//! What names, labels and keys may look like, with the texts for those that do not.
//!
//! Every function returns the complaints; none means that the text is good.

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
    characters, '-' or '.', and must start and end with an alphanumeric character (e.g. \
    'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric \
    characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  \
    or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or \
    '-', start with an alphabetic character, and end with an alphanumeric character (e.g. \
    'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must \
    start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', \
    regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric \
    characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. \
    'MyValue',  or 'my_value',  or '12345', regex used for validation is \
    '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const CONFIG_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' \
    or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is \
    '[-._a-zA-Z0-9]+')";

/// Which names a kind allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NameRule {
    /// An RFC 1123 subdomain: most kinds, and all custom resources.
    #[default]
    Subdomain,
    /// An RFC 1123 label: namespaces.
    Label,
    /// A DNS-1035 label: services.
    Label1035,
    /// Anything that can stand in a path: the kinds of RBAC.
    Path,
}

impl NameRule {
    /// The complaints about `name`; `prefix` when something will be appended to it.
    #[must_use]
    pub fn check(self, name: &str, prefix: bool) -> Vec<String> {
        if self == Self::Path {
            return path_segment(name, prefix);
        }
        let masked = match name.strip_suffix('-') {
            // the dash may stay, since something follows: judge the rest of it
            Some(rest) if prefix && !rest.is_empty() => {
                let mut chars = rest.chars();
                chars.next_back();
                format!("{}a", chars.as_str())
            }
            _ => name.to_owned(),
        };
        match self {
            Self::Label => label(&masked),
            Self::Label1035 => label_1035(&masked),
            Self::Subdomain | Self::Path => subdomain(&masked),
        }
    }
}

/// An RFC 1123 subdomain.
#[must_use]
pub fn subdomain(text: &str) -> Vec<String> {
    let mut found = longer_than(253, text);
    if !is_subdomain(text) {
        found.push(SUBDOMAIN.to_owned());
    }
    found
}

/// An RFC 1123 label.
#[must_use]
pub fn label(text: &str) -> Vec<String> {
    let mut found = longer_than(63, text);
    if !is_label(text) {
        if is_subdomain(text) {
            found.push("must not contain dots".to_owned());
        } else {
            found.push(LABEL.to_owned());
        }
    }
    found
}

/// A DNS-1035 label.
#[must_use]
pub fn label_1035(text: &str) -> Vec<String> {
    let mut found = longer_than(63, text);
    if !is_label(text) || !text.starts_with(|c: char| c.is_ascii_lowercase()) {
        found.push(LABEL_1035.to_owned());
    }
    found
}

/// The key of a label or annotation, or a finalizer: a name, perhaps after a domain and a slash.
#[must_use]
pub fn qualified(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let parts: Vec<&str> = text.split('/').collect();
    let name = match parts.as_slice() {
        [name] => name,
        [prefix, name] => {
            if prefix.is_empty() {
                found.push("prefix part must be non-empty".to_owned());
            } else {
                let all = subdomain(prefix).into_iter();
                found.extend(all.map(|text| format!("prefix part {text}")));
            }
            name
        }
        _ => {
            return vec![format!(
                "a qualified name {QUALIFIED} with an optional DNS subdomain prefix and '/' \
                 (e.g. 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        found.push("name part must be non-empty".to_owned());
    } else {
        let long = longer_than(63, name).into_iter();
        found.extend(long.map(|text| format!("name part {text}")));
    }
    if !is_word(name) {
        found.push(format!("name part {QUALIFIED}"));
    }
    found
}

/// The value of a label.
#[must_use]
pub fn label_value(text: &str) -> Vec<String> {
    let mut found = longer_than(63, text);
    if !text.is_empty() && !is_word(text) {
        found.push(LABEL_VALUE.to_owned());
    }
    found
}

/// A key of the data of a ConfigMap or Secret.
#[must_use]
pub fn config_key(text: &str) -> Vec<String> {
    let mut found = longer_than(253, text);
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if text.is_empty() || !text.chars().all(inner) {
        found.push(CONFIG_KEY.to_owned());
    }
    if text == "." {
        found.push("must not be '.'".to_owned());
    } else if text == ".." {
        found.push("must not be '..'".to_owned());
    } else if text.starts_with("..") {
        found.push("must not start with '..'".to_owned());
    }
    found
}

/// A name that can stand in a path.
#[must_use]
pub fn path_segment(text: &str, prefix: bool) -> Vec<String> {
    if !prefix && matches!(text, "." | "..") {
        return vec![format!("may not be '{text}'")];
    }
    ["/", "%"]
        .into_iter()
        .filter(|part| text.contains(part))
        .map(|part| format!("may not contain '{part}'"))
        .collect()
}

/// Whether the text is a subdomain, whatever its length.
#[must_use]
pub fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

/// Whether the text is a label, whatever its length.
#[must_use]
pub fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_word(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let edge = |c: char| c.is_ascii_alphanumeric();
    text.bytes().all(inner) && text.starts_with(edge) && text.ends_with(edge)
}

fn longer_than(max: usize, text: &str) -> Vec<String> {
    if text.len() > max {
        vec![format!("must be no more than {max} characters")]
    } else {
        Vec::new()
    }
}
