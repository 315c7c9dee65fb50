//! Credentials and challenges from the other side: nothing panics, nobody gets in without the secret.

use sip::digest::{
    Algorithm, Authenticator, Authorization, Challenge, ClientAuth, Credentials, Ha1Set, Judgement, NonceMint,
};

const NOW_MS: u64 = 1_700_000_000_000;
const VALIDITY_MS: u64 = 300_000;

/// The target.
///
/// # Panics
/// If credentials are accepted that nobody made with the secret.
pub fn run(data: &[u8]) {
    if let Ok(given) = Authorization::parse(data) {
        let mut authenticator = Authenticator::new("r", &Algorithm::ALL, NonceMint::new([9; 16], VALIDITY_MS));
        let ha1 = Ha1Set::new(b"101", b"r", b"a secret no fuzzer guesses");
        let judgement = authenticator.judge(&given, &ha1, b"REGISTER", 0, NOW_MS);
        assert_ne!(judgement, Judgement::Accepted, "{}", data.escape_ascii());
    }
    if let Ok(challenge) = Challenge::parse(data) {
        let mut auth = ClientAuth::new(&challenge);
        let credentials = Credentials { username: "us\"er", secret: "secret" };
        let answer = auth.answer(credentials, b"INVITE", b"sip:1@h", "0123456789abcdef");
        let read = Authorization::parse(&answer);
        assert!(read.is_ok(), "{read:?}: {} answers {}", answer.escape_ascii(), data.escape_ascii());
    }
}
