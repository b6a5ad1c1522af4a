use super::*;
use crate::moment;
use crate::name::{ClusterName, Lineage};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn now() -> UnixTime {
    moment::at(1_800_000_000)
}

fn terms(number: u8, lifetime: Duration) -> Terms {
    Terms { now: now(), lifetime, serial: Serial::from_entropy([number; 16]) }
}

fn ca() -> Ca {
    Ca::create(Key::from_seed([1; 32]).unwrap(), &terms(1, 30 * DAY)).unwrap()
}

fn identity(name: &str) -> Identity {
    let cluster = ClusterName::new("fleet", name).unwrap();
    Identity { cluster, lineage: Lineage::from_entropy([9; 16]) }
}

fn request(key: &Key, name: &str) -> Request {
    Request::read(&Request::sign(key, name).unwrap()).unwrap()
}

#[test]
fn a_ca_is_read_back() {
    for key in [Key::generate().unwrap(), Key::from_seed([1; 32]).unwrap()] {
        let ca = Ca::create(key, &terms(1, 30 * DAY)).unwrap();
        let (certificate, key) = (ca.certificate_pem(), ca.key_pem());
        let again =
            Ca::from_pem("fleet/ca", certificate.as_bytes(), key.expose().as_bytes()).unwrap();
        assert_eq!(again.certificate(), ca.certificate());
        assert_eq!(again.validity(), ca.validity());
        let agent = Key::generate().unwrap();
        again.issue_client(&request(&agent, "prod"), &identity("prod"), &terms(2, DAY)).unwrap();
    }
}

#[test]
fn what_was_handed_in_decides_every_byte() {
    assert_eq!(ca().certificate(), ca().certificate());
    let agent = Key::from_seed([2; 32]).unwrap();
    let issue = || {
        let request = request(&agent, "prod");
        ca().issue_client(&request, &identity("prod"), &terms(2, DAY)).unwrap().chain
    };
    assert_eq!(issue(), issue());
}

#[test]
fn what_cannot_be_loaded_is_named() {
    let ca = ca();
    let (certificate, key) = (ca.certificate_pem(), ca.key_pem());
    let load = |certificate: &str, key: &str| {
        Ca::from_pem("fleet/ca", certificate.as_bytes(), key.as_bytes()).unwrap_err()
    };

    let error = load("nonsense", key.expose());
    assert!(matches!(error, Error::ParseCertificate { .. }), "{error}");
    assert!(error.to_string().contains("fleet/ca"), "{error}");

    let error = load(&certificate, "nonsense");
    assert!(matches!(error, Error::ParseKey { .. }), "{error}");
    assert!(error.to_string().contains("fleet/ca"), "{error}");

    let other = Key::from_seed([2; 32]).unwrap();
    let error = load(&certificate, other.to_pem().expose());
    assert!(matches!(error, Error::MatchKey { .. }), "{error}");

    let leaf = ca.issue_server(&other, &["cell.example"], &terms(2, DAY)).unwrap();
    let error = load(&leaf.to_pem(), other.to_pem().expose());
    assert!(matches!(error, Error::NotACa { .. }), "{error}");
}

#[test]
fn a_request_is_for_the_cluster_that_it_names() {
    let key = Key::from_seed([2; 32]).unwrap();
    let error = ca()
        .issue_client(&request(&key, "staging"), &identity("prod"), &terms(2, DAY))
        .unwrap_err();
    assert!(matches!(error, Error::RequestNames { .. }), "{error}");
    assert!(error.to_string().contains("staging"), "{error}");
}

#[test]
fn a_request_that_was_changed_is_refused() {
    let key = Key::from_seed([2; 32]).unwrap();
    let mut der = Request::sign(&key, "prod").unwrap();
    let last = der.len() - 1;
    der[last] ^= 1;
    assert!(matches!(Request::read(&der), Err(Error::ReadRequest { .. })));
    assert!(matches!(Request::read(b"nonsense"), Err(Error::ReadRequest { .. })));
}

#[test]
fn nothing_outlives_its_ca() {
    let ca = ca();
    let key = Key::from_seed([2; 32]).unwrap();
    let issued = ca.issue_server(&key, &["cell.example"], &terms(2, 365 * DAY)).unwrap();
    assert_eq!(issued.validity.not_after(), ca.validity().not_after());

    let late = Terms { now: moment::after(now(), 31 * DAY), ..terms(3, DAY) };
    let error = ca.issue_server(&key, &["cell.example"], &late).unwrap_err();
    assert!(matches!(error, Error::CaExpired { .. }), "{error}");
}

#[test]
fn a_server_has_hosts() {
    let (ca, key) = (ca(), Key::from_seed([2; 32]).unwrap());
    let issue = |hosts: &[&str]| ca.issue_server(&key, hosts, &terms(2, DAY));
    issue(&["cell.example", "127.0.0.1", "fd00::1"]).unwrap();
    assert!(matches!(issue(&[]), Err(Error::NoHost)));
    assert!(matches!(issue(&["cell.example", "a b"]), Err(Error::ParseHost { .. })));
}

#[test]
fn a_certificate_in_der_states_what_was_issued() {
    let ca = ca();
    let key = Key::from_seed([2; 32]).unwrap();
    let issued =
        ca.issue_client(&request(&key, "prod"), &identity("prod"), &terms(2, DAY)).unwrap();
    let stated = Stated::read("it", &issued.chain[0]).unwrap();
    assert_eq!(stated.validity, issued.validity);
    assert_eq!(stated.serial, issued.serial);
    assert_eq!(stated.common_name(), Some("prod"));
    assert_eq!(stated.dns_names, ["prod"]);
    assert_eq!(stated.uris, [identity("prod").uri()]);
    assert_eq!(stated.key(), key.digest());
    assert!(!stated.is_ca);
}

#[test]
fn no_key_is_shown() {
    let ca = ca();
    let pem = ca.key_pem();
    let body = pem.expose().lines().nth(1).unwrap();
    let told = format!("{ca:?} {pem:?}");
    assert!(!told.contains(body), "{told}");
}
