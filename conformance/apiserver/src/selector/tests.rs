use serde_json::json;

use super::{Fields, Labels};

fn chosen(selector: &str) -> String {
    let labels = Labels::parse(selector).unwrap();
    let objects = [
        ("a", json!({"metadata": {"labels": {"tier": "x", "n": "1"}}})),
        ("b", json!({"metadata": {"labels": {"tier": "y", "n": "2"}}})),
        ("c", json!({"metadata": {"labels": {"tier": "x"}}})),
        ("d", json!({"metadata": {}})),
    ];
    objects
        .iter()
        .filter(|(_, object)| labels.matches_object(object))
        .map(|(name, _)| *name)
        .collect()
}

#[test]
fn labels_select_as_recorded() {
    for (selector, names) in [
        ("", "abcd"),
        ("tier=x", "ac"),
        ("tier==x", "ac"),
        ("tier!=x", "bd"),
        ("tier in (x,y)", "abc"),
        ("tier in (z)", ""),
        ("tier in ()", ""),
        ("tier notin (x)", "bd"),
        ("n", "ab"),
        ("!n", "cd"),
        ("tier=x,n", "a"),
        ("tier=x,!n", "c"),
        ("n>1", "b"),
        ("n<2", "a"),
        ("tier=", ""),
    ] {
        assert_eq!(chosen(selector), names, "{selector}");
    }
}

#[test]
fn malformed_labels_are_refused() {
    for selector in [
        "tier in x",
        "tier=x=y",
        ",",
        "bad key=x",
        "tier=bad value!",
        "=x",
        "a in b",
        "a,",
        "a in (b",
        "n>x",
    ] {
        let error = Labels::parse(selector).unwrap_err();
        assert_eq!((error.code, error.reason), (400, "BadRequest"), "{selector}");
    }
    assert_eq!(
        Labels::parse("tier in x").unwrap_err().message,
        "unable to parse requirement: found 'x' expected: '('"
    );
}

#[test]
fn fields_select_and_refuse() {
    let secret = json!({"metadata": {"name": "a", "namespace": "n"}, "type": "Opaque"});
    for (selector, matches) in [
        ("metadata.name=a", true),
        ("metadata.name==a", true),
        ("metadata.name!=a", false),
        ("metadata.name=a,metadata.namespace=n", true),
        ("type!=Opaque", false),
        ("", true),
    ] {
        let fields = Fields::parse(selector).unwrap();
        assert_eq!(fields.matches(&secret), matches, "{selector}");
        assert!(fields.check(&["type"]).is_ok());
    }
    let spec = Fields::parse("spec.size=1").unwrap();
    assert_eq!(spec.check(&[]).unwrap_err().message, "field label not supported: spec.size");
    assert!(spec.check(&[".spec.size"]).is_ok());
    assert!(spec.matches(&json!({"spec": {"size": 1}})));
    assert_eq!(
        Fields::parse("nonsense").unwrap_err().message,
        "invalid selector: 'nonsense'; can't understand 'nonsense'"
    );
}
