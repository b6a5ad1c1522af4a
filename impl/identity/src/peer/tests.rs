use std::collections::BTreeSet;
use std::time::Duration;

use rcgen::string::Ia5String;
use rcgen::{CertificateParams, SanType};
use rustls::pki_types::UnixTime;

use super::*;
use crate::ca::{Ca, Terms};
use crate::key::Key;
use crate::moment;
use crate::name::ClusterName;
use crate::request::{Request, common_name};
use crate::trust::Trust;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn now() -> UnixTime {
    moment::at(1_800_000_000)
}

fn terms(number: u8) -> Terms {
    Terms { now: now(), lifetime: DAY, serial: Serial::from_entropy([number; 16]) }
}

/// CAs of different seeds have the same name.
fn ca(seed: u8) -> Ca {
    let terms = Terms { lifetime: 30 * DAY, ..terms(1) };
    Ca::create(Key::from_seed([seed; 32]).unwrap(), &terms).unwrap()
}

fn trust(ca: &Ca) -> Trust {
    Trust::new([ca.certificate().clone()]).unwrap()
}

fn prod() -> Identity {
    let cluster = ClusterName::new("fleet", "prod").unwrap();
    Identity { cluster, lineage: Lineage::from_entropy([9; 16]) }
}

fn chain(ca: &Ca) -> Vec<CertificateDer<'static>> {
    let request = Request::sign(&Key::from_seed([5; 32]).unwrap(), "prod").unwrap();
    ca.issue_client(&Request::read(&request).unwrap(), &prod(), &terms(2)).unwrap().chain
}

/// A certificate with these names, of nobody.
fn named(name: &str, hosts: &[&str], uris: &[&str]) -> CertificateDer<'static> {
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(name);
    let ascii = |text: &&str| Ia5String::try_from(*text).unwrap();
    params.subject_alt_names = hosts.iter().map(ascii).map(SanType::DnsName).collect();
    params.subject_alt_names.extend(uris.iter().map(ascii).map(SanType::URI));
    params.self_signed(Key::from_seed([6; 32]).unwrap().pair()).unwrap().into()
}

#[test]
fn a_peer_is_what_its_certificate_says() {
    let ca = ca(1);
    let peer = trust(&ca).peer(&chain(&ca), now()).unwrap();
    assert_eq!(*peer.identity(), prod());
    assert_eq!(peer.key(), Key::from_seed([5; 32]).unwrap().digest());
    assert_eq!(Peer::of_verified(&chain(&ca)).unwrap(), peer);
}

#[test]
fn a_message_that_names_another_cluster_is_refused() {
    let ca = ca(1);
    let peer = trust(&ca).peer(&chain(&ca), now()).unwrap();
    peer.check_name("prod").unwrap();
    peer.check_lineage(prod().lineage).unwrap();
    let error = peer.check_name("staging").unwrap_err();
    assert!(matches!(&error, Error::OtherCluster { named, .. } if named == "staging"), "{error}");
    let error = peer.check_lineage(Lineage::from_entropy([8; 16])).unwrap_err();
    assert!(matches!(error, Error::OtherCluster { .. }), "{error}");
}

#[test]
fn a_foreign_ca_is_unknown_even_under_the_same_name() {
    let error = trust(&ca(1)).peer(&chain(&ca(2)), now()).unwrap_err();
    assert!(matches!(error, Error::UnknownCa { .. }), "{error}");
}

#[test]
fn time_ends_it() {
    let ca = ca(1);
    let (trust, chain) = (trust(&ca), chain(&ca));
    let late = moment::after(now(), 2 * DAY);
    let error = trust.peer(&chain, late).unwrap_err();
    assert!(matches!(error, Error::CertificateExpired { .. }), "{error}");
    assert!(error.to_string().contains("2027-01-17T08:00:00Z"), "{error}");
    let error = trust.peer(&chain, moment::before(now(), DAY)).unwrap_err();
    assert!(matches!(error, Error::CertificateNotYetValid { .. }), "{error}");

    let peer = trust.peer(&chain, now()).unwrap();
    trust.recheck(&peer, now()).unwrap();
    let error = trust.recheck(&peer, late).unwrap_err();
    assert!(matches!(error, Error::CertificateExpired { .. }), "{error}");
}

#[test]
fn revocation_ends_it() {
    let ca = ca(1);
    let (trust, chain) = (trust(&ca), chain(&ca));
    let peer = trust.peer(&chain, now()).unwrap();
    let trust = trust.with_revoked(BTreeSet::from([peer.serial().clone()]));
    for error in [trust.peer(&chain, now()).unwrap_err(), trust.recheck(&peer, now()).unwrap_err()]
    {
        assert!(matches!(error, Error::CertificateRevoked { .. }), "{error}");
    }
}

#[test]
fn a_cell_is_no_agent() {
    let ca = ca(1);
    let key = Key::from_seed([5; 32]).unwrap();
    let chain = ca.issue_server(&key, &["prod"], &terms(2)).unwrap().chain;
    let error = trust(&ca).peer(&chain, now()).unwrap_err();
    assert!(matches!(error, Error::VerifyCertificate { .. }), "{error}");
}

#[test]
fn names_must_be_there_and_agree() {
    let uri = prod().uri();
    Peer::of_verified(&[named("prod", &["prod"], &[&uri])]).unwrap();
    for wrong in [
        named("prod", &["prod"], &[]),
        named("prod", &["prod"], &["https://prod.example"]),
        named("prod", &["prod"], &["fulcrum://cluster/prod"]),
        named("prod", &["prod"], &[&uri, &uri]),
        named("staging", &["prod"], &[&uri]),
        named("prod", &["staging"], &[&uri]),
        named("prod", &["prod", "staging"], &[&uri]),
        named("prod", &[], &[&uri]),
    ] {
        let error = Peer::of_verified(&[wrong]).unwrap_err();
        assert!(matches!(error, Error::UnnamedPeer { .. }), "{error}");
    }
    assert!(matches!(Peer::of_verified(&[]), Err(Error::NoCertificate)));
}

#[test]
fn a_bundle_has_cas() {
    let ca = ca(1);
    assert!(matches!(Trust::new([]), Err(Error::NoCa)));
    let error = Trust::new(chain(&ca)).unwrap_err();
    assert!(matches!(error, Error::NotACa { .. }), "{error}");

    let both = trust(&ca).with(self::ca(2).certificate().clone()).unwrap();
    let again = Trust::from_pem("fleet/trust", both.to_pem().as_bytes()).unwrap();
    assert!(again.certificates().eq(both.certificates()));
    let twice = both.with(ca.certificate().clone()).unwrap();
    assert_eq!(twice.certificates().count(), 2);
    assert!(matches!(both.without_ended(moment::after(now(), 31 * DAY)), Err(Error::NoCa)));
}
