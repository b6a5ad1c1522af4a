use super::*;

#[test]
fn a_seed_gives_the_same_key_again() {
    let [one, two] = [Key::from_seed([7; 32]).unwrap(), Key::from_seed([7; 32]).unwrap()];
    assert_eq!(one.digest(), two.digest());
    assert_ne!(one.digest(), Key::from_seed([8; 32]).unwrap().digest());
}

#[test]
fn pem_is_read_back() {
    for key in [Key::generate().unwrap(), Key::from_seed([7; 32]).unwrap()] {
        let text = key.to_pem();
        let again = Key::from_pem("the agent", text.expose().as_bytes()).unwrap();
        assert_eq!(again.digest(), key.digest());
    }
}

#[test]
fn what_is_no_key_is_named_and_not_quoted() {
    let broken = "-----BEGIN PRIVATE KEY-----\nY29ycmVjdC1ob3JzZQ==\n-----END PRIVATE KEY-----\n";
    for text in ["", "correct-horse", broken] {
        let error = Key::from_pem("the agent", text.as_bytes()).unwrap_err();
        let told = format!("{error} {error:?}");
        assert!(told.contains("the agent"), "{told}");
        assert!(!told.contains("Y29ycmVj") && !told.contains("correct-horse"), "{told}");
    }
}

#[test]
fn no_key_is_shown() {
    let key = Key::from_seed([7; 32]).unwrap();
    let pem = key.to_pem();
    let body = pem.expose().lines().nth(1).unwrap();
    for told in [format!("{key:?}"), format!("{pem:?}"), format!("{key:#?}")] {
        assert!(!told.contains(body), "{told}");
        assert!(!told.contains("7, 7"), "{told}");
    }
}
