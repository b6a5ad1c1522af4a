use super::*;
use crate::key::Key;
use crate::name::ClusterName;

const HOUR: Duration = Duration::from_secs(60 * 60);

fn now() -> UnixTime {
    moment::at(1_800_000_000)
}

fn prod() -> Identity {
    let cluster = ClusterName::new("fleet", "prod").unwrap();
    Identity { cluster, lineage: Lineage::from_entropy([9; 16]) }
}

fn key(seed: u8) -> KeyDigest {
    Key::from_seed([seed; 32]).unwrap().digest()
}

fn shown(token: &Token, key: KeyDigest) -> Redemption<'_> {
    Redemption { token: token.expose(), cluster: "prod", lineage: None, key }
}

fn issued() -> (Tokens, Token) {
    let mut tokens = Tokens::default();
    let token = tokens.issue(prod(), [3; 32], now(), HOUR).unwrap();
    (tokens, token)
}

#[test]
fn a_token_is_used_once() {
    let (mut tokens, token) = issued();
    let first = moment::at(1_800_000_060);
    assert_eq!(tokens.redeem(&shown(&token, key(1)), first).unwrap(), prod());

    let used = tokens.clone();
    let error = tokens.redeem(&shown(&token, key(2)), moment::after(now(), HOUR / 2)).unwrap_err();
    assert!(matches!(error, Error::TokenUsed { at, .. } if at == first), "{error}");
    assert_eq!(
        error.to_string(),
        "redeem the token of fleet/prod of lineage 09090909090909090909090909090909: \
         it was used at 2027-01-15T08:01:00Z, for another key"
    );
    assert!(tokens == used, "a refusal changed {tokens:?}");
}

#[test]
fn a_lost_answer_is_given_again_to_the_same_key() {
    let (mut tokens, token) = issued();
    tokens.redeem(&shown(&token, key(1)), now()).unwrap();
    let used = tokens.clone();
    assert_eq!(
        tokens.redeem(&shown(&token, key(1)), moment::after(now(), HOUR / 2)).unwrap(),
        prod()
    );
    assert!(tokens == used, "the second time changed {tokens:?}");
    let error = tokens.redeem(&shown(&token, key(1)), moment::after(now(), HOUR)).unwrap_err();
    assert!(matches!(error, Error::TokenExpired { .. }), "{error}");
}

#[test]
fn a_token_is_for_one_cluster_of_one_lineage() {
    let (mut tokens, token) = issued();
    let right = shown(&token, key(1));
    let error = tokens.redeem(&Redemption { cluster: "staging", ..right }, now()).unwrap_err();
    assert!(matches!(error, Error::TokenOfOtherCluster { .. }), "{error}");
    let other = Some(Lineage::from_entropy([8; 16]));
    let error = tokens.redeem(&Redemption { lineage: other, ..right }, now()).unwrap_err();
    assert!(matches!(error, Error::TokenOfOtherLineage { .. }), "{error}");
    let error = tokens.redeem(&Redemption { token: "guess", ..right }, now()).unwrap_err();
    assert!(matches!(error, Error::TokenUnknown { .. }), "{error}");

    let same = Some(prod().lineage);
    tokens.redeem(&Redemption { lineage: same, ..right }, now()).unwrap();
}

#[test]
fn a_token_expires() {
    let (mut tokens, token) = issued();
    let end = moment::after(now(), HOUR);
    let error = tokens.redeem(&shown(&token, key(1)), end).unwrap_err();
    assert!(matches!(error, Error::TokenExpired { at, .. } if at == end), "{error}");
    tokens.forget_expired(now());
    assert_eq!(tokens.len(), 1);
    tokens.forget_expired(end);
    assert!(tokens.is_empty());
}

#[test]
fn a_token_can_be_revoked() {
    let (mut tokens, token) = issued();
    tokens.revoke(&prod());
    let error = tokens.redeem(&shown(&token, key(1)), now()).unwrap_err();
    assert!(matches!(error, Error::TokenUnknown { .. }), "{error}");
}

#[test]
fn entropy_is_used_once() {
    let (mut tokens, _) = issued();
    let error = tokens.issue(prod(), [3; 32], now(), HOUR).unwrap_err();
    assert!(matches!(error, Error::TokenRepeated { .. }), "{error}");
}

#[test]
fn the_state_is_read_back_and_holds_no_token() {
    let (mut tokens, token) = issued();
    tokens.issue(prod(), [4; 32], now(), HOUR).unwrap();
    tokens.redeem(&shown(&token, key(1)), now()).unwrap();
    let json = tokens.to_json();
    assert!(Tokens::from_json(&json).unwrap() == tokens);
    let text = String::from_utf8(json).unwrap();
    let digits = token.expose().strip_prefix(PREFIX).unwrap();
    assert!(!text.contains(digits), "{text}");
}

#[test]
fn a_state_that_is_none_is_refused() {
    let (tokens, _) = issued();
    let json = String::from_utf8(tokens.to_json()).unwrap();
    let read = |text: String| Tokens::from_json(text.as_bytes()).unwrap_err();

    let error = read("nonsense".to_owned());
    assert!(matches!(error, Error::ParseTokens { .. }), "{error}");
    let error = read(json.replace("\"version\":1", "\"version\":2"));
    assert!(matches!(error, Error::StoredVersion { found: 2, .. }), "{error}");
    let error = read(json.replace(&prod().lineage.to_string(), "x"));
    assert!(matches!(error, Error::StoredToken { index: 0, field: "lineage" }), "{error}");
}

#[test]
fn no_token_is_shown() {
    let (mut tokens, token) = issued();
    let shown = shown(&token, key(1));
    let error = tokens.redeem(&Redemption { cluster: "staging", ..shown }, now()).unwrap_err();
    let digits = token.expose().strip_prefix(PREFIX).unwrap();
    for told in [format!("{token:?} {shown:?} {tokens:?}"), format!("{error} {error:?}")] {
        assert!(!told.contains(digits), "{told}");
    }
}
