//! Which objects of a collection a request means: `labelSelector` and `fieldSelector`.

use super::Key;
use super::facts::{Facts, key_of_leaf, leaf};
use serde::Serialize;

/// The selectors of one request.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Selector {
    /// All of these hold for the labels.
    labels: Vec<Requirement>,
    /// All of these hold for the fields.
    fields: Vec<Requirement>,
}

/// What one label or field has to be.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
    /// One that is not understood, such as `>`.
    Other,
}

impl Selector {
    /// The selectors in the URI of a request, if there are any.
    #[must_use]
    pub fn of_uri(uri: &str) -> Option<Self> {
        let (_, query) = uri.split_once('?')?;
        let mut selector = Self::default();
        for (name, value) in query.split('&').filter_map(|part| part.split_once('=')) {
            match name {
                "labelSelector" => selector.labels.extend(requirements(&decoded(value))),
                "fieldSelector" => selector.fields.extend(requirements(&decoded(value))),
                _ => {}
            }
        }
        (selector != Self::default()).then_some(selector)
    }

    /// Whether an object is meant, by its name alone: `None` where that does not tell.
    #[must_use]
    pub fn takes_named(&self, key: &Key) -> Option<bool> {
        let fields = self.fields.iter().map(|field| field.holds_for_field(key));
        let labels = (!self.labels.is_empty()).then_some(None);
        all(fields.chain(labels))
    }

    /// Whether an object of which this is known is meant: `None` where that does not tell.
    #[must_use]
    pub fn takes(&self, key: &Key, known: &Facts) -> Option<bool> {
        let fields = self.fields.iter().map(|field| field.holds_for_field(key));
        all(fields.chain(self.labels.iter().map(|label| label.holds_for_label(known))))
    }
}

/// Whether all hold: one that does not hold decides, else one that is not known.
fn all(mut each: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    each.try_fold(Some(true), |sum, one| match one {
        Some(false) => Err(()),
        Some(true) => Ok(sum),
        None => Ok(None),
    })
    .unwrap_or(Some(false))
}

impl Requirement {
    fn holds_for_field(&self, key: &Key) -> Option<bool> {
        let value = match self.key.as_str() {
            "metadata.name" => &key.name,
            "metadata.namespace" => &key.namespace,
            _ => return None,
        };
        match &self.test {
            Test::In(values) => Some(values.contains(value)),
            Test::NotIn(values) => Some(!values.contains(value)),
            _ => None,
        }
    }

    fn holds_for_label(&self, known: &Facts) -> Option<bool> {
        let has_one_of = |values: &[String]| {
            let labels = known.labels.as_ref()?;
            Some(values.iter().any(|value| labels.contains(leaf(&self.key, value))))
        };
        let has_key = || Some(known.label_keys.as_ref()?.contains(key_of_leaf(&self.key)));
        match &self.test {
            Test::In(values) => has_one_of(values),
            // An object without the label is meant, too.
            Test::NotIn(values) => has_one_of(values).map(|has| !has),
            Test::Exists => has_key(),
            Test::Absent => has_key().map(|has| !has),
            Test::Other => None,
        }
    }
}

/// The requirements of a selector: parted by commas, but for those inside of a set.
fn requirements(selector: &str) -> Vec<Requirement> {
    let mut deep = false;
    let parts = selector.split(move |letter: char| {
        deep = match letter {
            '(' => true,
            ')' => false,
            _ => deep,
        };
        letter == ',' && !deep
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).map(requirement).collect()
}

fn requirement(text: &str) -> Requirement {
    let of = |key: &str, test: Test| Requirement { key: key.trim().to_owned(), test };
    if let Some((key, values)) = text.split_once('(') {
        let values = values.trim_end().trim_end_matches(')');
        let values = values.split(',').map(|value| value.trim().to_owned()).collect();
        return match key.trim().rsplit_once(char::is_whitespace) {
            Some((key, "in")) => of(key, Test::In(values)),
            Some((key, "notin")) => of(key, Test::NotIn(values)),
            _ => of(text, Test::Other),
        };
    }
    let one = |value: &str| vec![value.trim().to_owned()];
    if let Some((key, value)) = text.split_once("!=") {
        return of(key, Test::NotIn(one(value)));
    }
    if let Some((key, value)) = text.split_once('=') {
        return of(key, Test::In(one(value.trim_start_matches('='))));
    }
    match text.strip_prefix('!') {
        Some(key) => of(key, Test::Absent),
        None if text.contains(['<', '>']) => of(text, Test::Other),
        None => of(text, Test::Exists),
    }
}

/// A value of a query: `+` is a space, `%3D` an equals sign.
fn decoded(value: &str) -> String {
    let bytes = value.as_bytes();
    let mut text = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match (byte, digits.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(letter)) => {
                text.push(letter);
                at += 2;
            }
            (b'+', _) => text.push(b' '),
            (byte, _) => text.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::facts::Leaves;

    /// Whether an object `m` with the label `owner=helm` is meant.
    fn takes(query: &str) -> Option<bool> {
        let known = Facts {
            labels: Some(Leaves::new(vec![leaf("owner", "helm")])),
            label_keys: Some(Leaves::new(vec![key_of_leaf("owner")])),
            ..Facts::default()
        };
        selector(query).takes(&named("m"), &known)
    }

    fn selector(query: &str) -> Selector {
        Selector::of_uri(&format!("/api/v1/secrets?limit=5&{query}")).expect("a selector")
    }

    fn named(name: &str) -> Key {
        Key { name: name.to_owned(), namespace: "default".to_owned(), ..Key::default() }
    }

    #[test]
    fn equality_and_sets_on_labels() {
        for (query, taken) in [
            ("labelSelector=owner%3Dhelm", true),
            ("labelSelector=owner%3D%3Dhelm", true),
            ("labelSelector=owner%21%3Dhelm", false),
            ("labelSelector=owner%3Dflux", false),
            ("labelSelector=owner+in+%28flux%2Chelm%29%2Cowner", true),
            ("labelSelector=owner%20notin%20(flux,helm)", false),
            ("labelSelector=team%20notin%20(flux)", true),
            ("labelSelector=owner%2C%21team", true),
            ("labelSelector=team", false),
            ("labelSelector=owner%3Dhelm%2Cteam%3Dblue", false),
        ] {
            assert_eq!(takes(query), Some(taken), "{query}");
        }
        assert_eq!(takes("labelSelector=owner%3E5"), None, "no such form");
    }

    #[test]
    fn names_are_known_and_other_fields_are_not() {
        assert_eq!(takes("fieldSelector=metadata.name%3Dm"), Some(true));
        assert_eq!(takes("fieldSelector=metadata.namespace!=default"), Some(false));
        assert_eq!(takes("fieldSelector=type%3DOpaque"), None);
        assert_eq!(takes("fieldSelector=type%3DOpaque,metadata.name%3Dother"), Some(false));
        let by_label = selector("labelSelector=owner");
        assert_eq!(by_label.takes_named(&named("m")), None);
        assert_eq!(by_label.takes(&named("m"), &Facts::default()), None, "labels are not known");
    }

    #[test]
    fn without_a_selector_there_is_none() {
        assert_eq!(Selector::of_uri("/api/v1/secrets"), None);
        assert_eq!(Selector::of_uri("/api/v1/secrets?labelSelector=&dryRun=All"), None);
    }
}
