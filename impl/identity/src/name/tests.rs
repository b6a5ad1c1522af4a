use super::*;

fn identity() -> Identity {
    Identity {
        cluster: ClusterName::new("fleet", "eu-1.prod").unwrap(),
        lineage: Lineage::from_entropy([0xab; 16]),
    }
}

#[test]
fn a_uri_is_read_back() {
    let uri = identity().uri();
    assert_eq!(uri, "fulcrum://cluster/fleet/eu-1.prod?lineage=abababababababababababababababab");
    assert_eq!(Identity::of_uri(&uri), Some(identity()));
}

#[test]
fn a_uri_with_anything_else_is_none() {
    let uri = identity().uri();
    for wrong in [
        uri.replace("fulcrum", "spiffe"),
        uri.replace("?lineage=", "/"),
        uri.replace("fleet/", ""),
        uri.to_uppercase(),
        format!("{uri}&lineage=1"),
        format!("{uri} "),
    ] {
        assert_eq!(Identity::of_uri(&wrong), None, "{wrong}");
    }
}

#[test]
fn names_are_those_of_kubernetes() {
    let longest = "a".repeat(63);
    for right in ["a", "a-b", "a.b", "0", longest.as_str()] {
        assert!(ClusterName::new("default", right).is_ok(), "{right}");
    }
    let longer = "a".repeat(64);
    for wrong in ["", "-a", "a-", "a..b", ".a", "A", "a/b", "ä", longer.as_str()] {
        let error = ClusterName::new("default", wrong).unwrap_err();
        assert!(matches!(error, Error::ParseName { part: "name", .. }), "{wrong}: {error}");
    }
    let error = ClusterName::new("a.b", "a").unwrap_err();
    assert!(matches!(error, Error::ParseName { part: "namespace", .. }), "{error}");
}

#[test]
fn a_lineage_keeps_its_leading_zeros() {
    let lineage = Lineage::from_entropy([0; 16]);
    assert_eq!(lineage.to_string(), "0".repeat(32));
    assert_eq!(Lineage::parse(&lineage.to_string()).unwrap(), lineage);
    let upper = "A".repeat(32);
    for wrong in ["", "0", upper.as_str()] {
        assert!(matches!(Lineage::parse(wrong), Err(Error::ParseLineage { .. })), "{wrong}");
    }
}
