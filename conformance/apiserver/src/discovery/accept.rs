//! Which form of a document the header `accept` asks for.

/// A form of discovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A document for each version.
    Plain,
    /// One document for all.
    Aggregated(Aggregated),
}

/// A version of the document for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregated {
    /// `v2`.
    V2,
    /// `v2beta1`.
    V2Beta1,
}

impl Aggregated {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::V2 => "v2",
            Self::V2Beta1 => "v2beta1",
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::V2 => "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
            Self::V2Beta1 => {
                "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"
            }
        }
    }
}

/// One media type of the header, with its parameters.
struct Entry<'a> {
    media: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
}

impl<'a> Entry<'a> {
    fn read(text: &'a str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        let parameters = parts.filter_map(|part| part.split_once('=')).collect();
        Self { media, parameters }
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        self.parameters.iter().find(|(k, _)| *k == key).map(|(_, value)| *value)
    }

    fn quality(&self) -> f64 {
        self.get("q").and_then(|q| q.parse().ok()).unwrap_or(1.0)
    }

    fn is_json(&self) -> bool {
        matches!(self.media, "application/json" | "*/*")
    }

    fn wanted(&self) -> Option<Wanted> {
        if !self.is_json() {
            return None;
        }
        match (self.get("as"), self.get("g"), self.get("v")) {
            (None, _, _) => Some(Wanted::Plain),
            (Some("APIGroupDiscoveryList"), Some("apidiscovery.k8s.io"), Some("v2")) => {
                Some(Wanted::Aggregated(Aggregated::V2))
            }
            (Some("APIGroupDiscoveryList"), Some("apidiscovery.k8s.io"), Some("v2beta1")) => {
                Some(Wanted::Aggregated(Aggregated::V2Beta1))
            }
            _ => None,
        }
    }
}

/// The entries of a header, the most wanted first; anything without a header.
fn entries(header: &str) -> Vec<Entry<'_>> {
    let header = if header.trim().is_empty() { "*/*" } else { header };
    let mut entries: Vec<Entry<'_>> = header.split(',').map(Entry::read).collect();
    entries.sort_by(|a, b| b.quality().total_cmp(&a.quality()));
    entries
}

/// The first form of discovery in the header that can be given.
pub(super) fn discovery(header: &str) -> Option<Wanted> {
    entries(header).iter().find_map(Entry::wanted)
}

/// Whether JSON will do.
pub(super) fn json(header: &str) -> bool {
    entries(header).iter().any(Entry::is_json)
}

/// The first of the media types in the header for which `known` has an answer; `*/*` counts as
/// JSON.
pub(super) fn first<T>(header: &str, known: impl Fn(&str) -> Option<T>) -> Option<T> {
    let name = |entry: &Entry<'_>| match entry.media {
        "*/*" | "application/*" => known("application/json"),
        media => known(media),
    };
    entries(header).iter().find_map(name)
}
