//! Who gets through a handshake, and when: foreign CAs, expiry, rotation, revocation (rules T2, T3,
//! T6). In memory, at a virtual time.

#[path = "support/fleet.rs"]
mod fleet;
#[path = "support/wire.rs"]
mod wire;

use std::collections::BTreeSet;
use std::sync::Arc;

use fulcrum_identity::{
    ALPN, Ca, ClientAuth, Credentials, Error, Issued, Key, LiveTrust, Request, Trust,
    client_config, server_config,
};
use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, ClientConfig, Connection, ServerConfig};

use self::fleet::{CELL, DAY, START, ca, cell, key, prod, terms};
use self::wire::{Clock, Ends, Refusal, shake};

/// What both ends of a connection stand on, so that a test can change one thing of it.
struct Rig {
    clock: Clock,
    ca: Ca,
    cell_trust: LiveTrust,
    agent_trust: LiveTrust,
    agent: Credentials,
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

impl Rig {
    /// A cell and an agent of `fleet/prod` with one CA and certificates of today.
    fn new(auth: ClientAuth) -> Self {
        let clock = Clock::at(START);
        let ca = ca(clock.now(), 1);
        let (cell_trust, agent_trust) = (live(&[&ca]), live(&[&ca]));
        let agent = credentials(&issued(&ca, &clock, 2), 2);
        let cell = cell(&ca, clock.now());
        let server = server_config(&cell, &cell_trust, auth, clock.time()).expect("a server");
        let client = client_config(Some(&agent), &agent_trust, clock.time()).expect("a client");
        let (server, client) = (Arc::new(server), Arc::new(client));
        Self { clock, ca, cell_trust, agent_trust, agent, server, client }
    }

    fn shake(&self) -> Result<Ends, Refusal> {
        shake(&self.client, &self.server, CELL)
    }

    /// A client that comes with other credentials, or with none.
    fn shake_with(&self, credentials: Option<&Credentials>) -> Result<Ends, Refusal> {
        let client = client_config(credentials, &self.agent_trust, self.clock.time());
        shake(&Arc::new(client.expect("a client")), &self.server, CELL)
    }
}

fn trust(cas: &[&Ca]) -> Trust {
    Trust::new(cas.iter().map(|ca| ca.certificate().clone())).expect("CAs")
}

fn live(cas: &[&Ca]) -> LiveTrust {
    LiveTrust::new(trust(cas))
}

/// A certificate of `fleet/prod` for a day, whose key and number are of `seed`.
fn issued(ca: &Ca, clock: &Clock, seed: u8) -> Issued {
    let request = Request::sign(&key(seed), "prod").expect("a request");
    let request = Request::read(&request).expect("a request");
    ca.issue_client(&request, &prod(), &terms(clock.now(), seed, DAY)).expect("a certificate")
}

fn credentials(issued: &Issued, seed: u8) -> Credentials {
    Credentials::new(issued.chain.clone(), &key(seed)).expect("a pair")
}

fn shown(server: &Connection) -> &[CertificateDer<'static>] {
    server.peer_certificates().expect("a certificate")
}

/// The server ended it because of the certificate, and for that cause.
fn refused(result: Result<Ends, Refusal>, by: &str, cause: fn(&CertificateError) -> bool) {
    match result {
        Err((side, rustls::Error::InvalidCertificate(found))) if side == by && cause(&found) => {}
        Err(other) => panic!("refused for another reason: {other:?}"),
        Ok(_) => panic!("accepted"),
    }
}

fn is_expired(cause: &CertificateError) -> bool {
    matches!(cause, CertificateError::Expired | CertificateError::ExpiredContext { .. })
}

fn is_unknown(cause: &CertificateError) -> bool {
    *cause == CertificateError::UnknownIssuer
}

#[test]
fn both_sides_meet_and_know_each_other() {
    let rig = Rig::new(ClientAuth::Required);
    let (client, server) = rig.shake().expect("a handshake");
    assert_eq!((client.alpn_protocol(), server.alpn_protocol()), (Some(ALPN), Some(ALPN)));
    let peer = rig.cell_trust.current().peer(shown(&server), rig.clock.now()).expect("a peer");
    assert_eq!(*peer.identity(), prod());
}

#[test]
fn keys_of_the_operating_system_do_as_well() {
    let rig = Rig::new(ClientAuth::Required);
    let key = Key::generate().expect("a key");
    let request = Request::sign(&key, "prod").expect("a request");
    let request = Request::read(&request).expect("a request");
    let terms = terms(rig.clock.now(), 3, DAY);
    let issued = rig.ca.issue_client(&request, &prod(), &terms).expect("a certificate");
    let agent = Credentials::new(issued.chain, &key).expect("a pair");
    rig.shake_with(Some(&agent)).expect("a handshake");
}

#[test]
fn a_foreign_agent_is_refused() {
    let rig = Rig::new(ClientAuth::Required);
    let foreign = ca(rig.clock.now(), 50);
    let agent = credentials(&issued(&foreign, &rig.clock, 3), 3);
    refused(rig.shake_with(Some(&agent)), "server", is_unknown);
}

#[test]
fn a_foreign_cell_is_refused() {
    let rig = Rig::new(ClientAuth::Required);
    rig.agent_trust.replace(trust(&[&ca(rig.clock.now(), 50)]));
    refused(rig.shake(), "client", is_unknown);
}

#[test]
fn an_agent_cannot_play_the_cell() {
    let rig = Rig::new(ClientAuth::Required);
    let server = server_config(&rig.agent, &rig.cell_trust, ClientAuth::Required, rig.clock.time());
    let result = shake(&rig.client, &Arc::new(server.expect("a server")), "prod");
    refused(result, "client", |cause| {
        matches!(
            cause,
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. }
        )
    });
}

#[test]
fn an_expired_certificate_is_refused_and_no_session_is_resumed() {
    let rig = Rig::new(ClientAuth::Required);
    rig.shake().expect("a handshake before the end");
    rig.clock.set(rig.agent.validity().not_after());
    rig.shake().expect("a handshake in the last second");
    let end = rig.agent.validity().not_after().as_secs();
    rig.clock.set(Clock::at(end + 1).now());
    refused(rig.shake(), "server", is_expired);
}

#[test]
fn a_client_without_a_certificate_is_refused_where_one_is_required() {
    let rig = Rig::new(ClientAuth::Required);
    match rig.shake_with(None) {
        Err(("server", rustls::Error::NoCertificatesPresented)) => {}
        Err(other) => panic!("refused for another reason: {other:?}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn where_it_is_optional_one_that_is_shown_is_judged() {
    let rig = Rig::new(ClientAuth::Optional);
    let (_, server) = rig.shake_with(None).expect("a handshake");
    assert!(server.peer_certificates().is_none());
    let foreign = ca(rig.clock.now(), 50);
    let agent = credentials(&issued(&foreign, &rig.clock, 3), 3);
    refused(rig.shake_with(Some(&agent)), "server", is_unknown);
}

#[test]
fn a_deferred_judgement_says_why() {
    let rig = Rig::new(ClientAuth::Deferred);
    let trust = rig.cell_trust.current();
    let (_, server) = rig.shake_with(None).expect("a handshake");
    assert!(server.peer_certificates().is_none());

    let foreign = ca(rig.clock.now(), 50);
    let agent = credentials(&issued(&foreign, &rig.clock, 3), 3);
    let (_, server) = rig.shake_with(Some(&agent)).expect("a handshake");
    let error = trust.peer(shown(&server), rig.clock.now()).expect_err("a foreign agent");
    assert!(matches!(error, Error::UnknownCa { .. }), "{error}");

    rig.clock.set(Clock::at(START + 2 * DAY.as_secs()).now());
    let (_, server) = rig.shake().expect("a handshake");
    let error = trust.peer(shown(&server), rig.clock.now()).expect_err("an expired agent");
    assert!(matches!(error, Error::CertificateExpired { .. }), "{error}");
}

#[test]
fn a_ca_is_replaced_under_running_configurations() {
    let rig = Rig::new(ClientAuth::Required);
    let new = ca(rig.clock.now(), 51);
    let agent_of_new = credentials(&issued(&new, &rig.clock, 3), 3);
    refused(rig.shake_with(Some(&agent_of_new)), "server", is_unknown);

    let both = rig.cell_trust.current().with(new.certificate().clone()).expect("two CAs");
    rig.cell_trust.replace(both.clone());
    rig.shake_with(Some(&agent_of_new)).expect("an agent of the new CA");
    rig.shake().expect("an agent of the old CA");

    rig.agent_trust.replace(both.clone());
    rig.shake().expect("an agent that has the bundle");

    rig.cell_trust.replace(both.without(rig.ca.certificate()).expect("one CA"));
    rig.shake_with(Some(&agent_of_new)).expect("an agent of the new CA");
    refused(rig.shake(), "server", is_unknown);
}

#[test]
fn a_certificate_is_replaced_under_running_configurations() {
    let rig = Rig::new(ClientAuth::Required);
    rig.clock.set(rig.agent.validity().renew_after());
    let next = issued(&rig.ca, &rig.clock, 4);
    rig.agent.replace(next.chain.clone(), &key(4)).expect("a pair");
    let (_, server) = rig.shake().expect("a handshake");
    assert_eq!(shown(&server), next.chain);

    let error = rig.agent.replace(next.chain.clone(), &key(5)).expect_err("another key");
    assert!(matches!(error, Error::MatchKey { .. }), "{error}");
    let (_, server) = rig.shake().expect("a handshake with what was there before");
    assert_eq!(shown(&server), next.chain);
}

#[test]
fn a_revoked_certificate_is_refused() {
    let rig = Rig::new(ClientAuth::Required);
    let number = terms(rig.clock.now(), 2, DAY).serial;
    rig.cell_trust.replace(trust(&[&rig.ca]).with_revoked(BTreeSet::from([number])));
    refused(rig.shake(), "server", |cause| *cause == CertificateError::Revoked);
}
