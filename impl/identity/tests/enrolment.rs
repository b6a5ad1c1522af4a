//! How a cluster gets its first certificate, the next one, and one after it was cut off for too
//! long (rules T2, T6, T7).

#[path = "support/fleet.rs"]
mod fleet;
#[path = "support/wire.rs"]
mod wire;

use std::sync::Arc;
use std::time::Duration;

use fulcrum_identity::{
    Ca, ClientAuth, Credentials, Error, Identity, Issued, Key, LiveTrust, Peer, Redemption,
    Request, Token, Tokens, Trust, client_config, server_config,
};
use rustls::pki_types::UnixTime;

use self::fleet::{CELL, DAY, START, ca, cell, key, prod, terms};
use self::wire::{Clock, shake};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// A cell that keeps its tokens as bytes between any two steps, as in a Secret.
struct Cell {
    clock: Clock,
    ca: Ca,
    trust: LiveTrust,
    stored: Vec<u8>,
    numbers: u8,
}

impl Cell {
    fn new(clock: &Clock) -> Self {
        let ca = ca(clock.now(), 1);
        let trust = LiveTrust::new(Trust::new([ca.certificate().clone()]).expect("a CA"));
        let stored = Tokens::default().to_json();
        Self { clock: clock.clone(), ca, trust, stored, numbers: 10 }
    }

    fn issue(&mut self, identity: &Identity, request: &Request) -> Result<Issued, Error> {
        self.numbers += 1;
        self.ca.issue_client(request, identity, &terms(self.clock.now(), self.numbers, DAY))
    }

    fn token(&mut self, entropy: [u8; 32]) -> Token {
        let mut tokens = Tokens::from_json(&self.stored).expect("tokens");
        let token = tokens.issue(prod(), entropy, self.clock.now(), HOUR).expect("a token");
        self.stored = tokens.to_json();
        token
    }

    /// The body of the call `Enrol`.
    fn enrol(&mut self, token: &Token, cluster: &str, signed: &[u8]) -> Result<Issued, Error> {
        let request = Request::read(signed)?;
        let mut tokens = Tokens::from_json(&self.stored)?;
        let shown =
            Redemption { token: token.expose(), cluster, lineage: None, key: request.key() };
        let identity = tokens.redeem(&shown, self.clock.now())?;
        self.stored = tokens.to_json();
        self.issue(&identity, &request)
    }

    /// The body of the call `Renew`: who asks is in the certificate of the connection.
    fn renew(&mut self, peer: &Peer, signed: &[u8]) -> Result<Issued, Error> {
        self.issue(peer.identity(), &Request::read(signed)?)
    }

    /// Lets an agent dial the listener that asks for certificates, and judges it.
    fn attach(&self, agent: &Credentials) -> Result<Peer, Error> {
        let time = self.clock.time();
        let own = cell(&self.ca, self.clock.now());
        let server = server_config(&own, &self.trust, ClientAuth::Deferred, Arc::clone(&time))?;
        let client = client_config(Some(agent), &self.trust, time)?;
        let (client, server) = (Arc::new(client), Arc::new(server));
        let (_, server) = shake(&client, &server, CELL).expect("a handshake");
        let chain = server.peer_certificates().expect("a certificate");
        self.trust.current().peer(chain, self.clock.now())
    }
}

fn signed(key: &Key) -> Vec<u8> {
    Request::sign(key, "prod").expect("a request")
}

fn shows(issued: &Issued, key: &Key) -> Credentials {
    Credentials::new(issued.chain.clone(), key).expect("a pair")
}

fn later(time: UnixTime, seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(time.as_secs() + seconds))
}

#[test]
fn a_token_becomes_a_certificate_and_the_next() {
    let clock = Clock::at(START);
    let mut cell = Cell::new(&clock);
    let token = cell.token([3; 32]);

    let first = cell.enrol(&token, "prod", &signed(&key(2))).expect("a certificate");
    let agent = shows(&first, &key(2));
    let peer = cell.attach(&agent).expect("a peer");
    assert_eq!(*peer.identity(), prod());

    clock.set(first.validity.renew_after());
    let next = cell.renew(&peer, &signed(&key(3))).expect("a certificate");
    agent.replace(next.chain.clone(), &key(3)).expect("a pair");
    clock.set(later(first.validity.not_after(), 1));
    let peer = cell.attach(&agent).expect("a peer, after the first certificate has expired");
    assert_eq!((peer.identity(), peer.serial()), (&prod(), &next.serial));
}

#[test]
fn a_token_that_was_used_is_no_use_to_another() {
    let clock = Clock::at(START);
    let mut cell = Cell::new(&clock);
    let token = cell.token([3; 32]);
    cell.enrol(&token, "prod", &signed(&key(2))).expect("a certificate");
    let used_at = clock.now();
    clock.set(later(used_at, 60));
    let error = cell.enrol(&token, "prod", &signed(&key(3))).expect_err("a second use");
    assert!(matches!(error, Error::TokenUsed { at, .. } if at == used_at), "{error}");
}

#[test]
fn a_lost_answer_is_given_again() {
    let clock = Clock::at(START);
    let mut cell = Cell::new(&clock);
    let token = cell.token([3; 32]);
    cell.enrol(&token, "prod", &signed(&key(2))).expect("a certificate that gets lost");
    let again = cell.enrol(&token, "prod", &signed(&key(2))).expect("a certificate");
    cell.attach(&shows(&again, &key(2))).expect("a peer");
}

#[test]
fn a_token_opens_no_other_cluster() {
    let clock = Clock::at(START);
    let mut cell = Cell::new(&clock);
    let token = cell.token([3; 32]);
    let staging = Request::sign(&key(2), "staging").expect("a request");
    let error = cell.enrol(&token, "staging", &staging).expect_err("another cluster");
    assert!(matches!(error, Error::TokenOfOtherCluster { .. }), "{error}");
    let error = cell.enrol(&token, "prod", &staging).expect_err("another name");
    assert!(matches!(error, Error::RequestNames { .. }), "{error}");
}

#[test]
fn the_way_back_keeps_the_lineage() {
    let clock = Clock::at(START);
    let mut cell = Cell::new(&clock);
    let token = cell.token([3; 32]);
    let first = cell.enrol(&token, "prod", &signed(&key(2))).expect("a certificate");
    let agent = shows(&first, &key(2));

    clock.set(later(first.validity.not_after(), 30 * DAY.as_secs()));
    let error = cell.attach(&agent).expect_err("an expired agent");
    assert!(matches!(error, Error::CertificateExpired { .. }), "{error}");

    let token = cell.token([4; 32]);
    let back = cell.enrol(&token, "prod", &signed(&key(2))).expect("a certificate");
    let peer = cell.attach(&shows(&back, &key(2))).expect("a peer");
    assert_eq!(*peer.identity(), prod());
}
