//! Digest against the examples of the RFCs, and server against client.

use super::*;
use crate::limits::MAX_AUTH_PARAMS;

const RFC2617: &[u8] = br#"Digest username="Mufasa", realm="testrealm@host.com",
    nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", qop=auth, nc=00000001,
    cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41""#;

#[test]
fn rfc_2617_section_3_5() {
    let ha1 = Ha1Set::new(b"Mufasa", b"testrealm@host.com", b"Circle Of Life");
    let credentials = Authorization::parse(RFC2617).unwrap();
    assert_eq!((credentials.algorithm, credentials.nonce_count()), (Algorithm::Md5, Some(1)));
    assert!(credentials.verify(&ha1, b"GET"));
    assert!(!credentials.verify(&ha1, b"POST"));
    assert!(!credentials.verify(&Ha1Set::new(b"Mufasa", b"testrealm@host.com", b"circle of life"), b"GET"));
}

#[test]
fn rfc_7616_section_3_9_1() {
    let ha1 = Ha1Set::new(b"Mufasa", b"http-auth@example.org", b"Circle of Life");
    let credentials = |algorithm: &str, response: &str| {
        format!(
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
             cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, response=\"{response}\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        )
    };
    for (algorithm, response) in [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ("sha-256", "753927FA0E85D155564E2E272A28D1802CA10DAF4496794697CF8DB5856CB6C1"),
    ] {
        let text = credentials(algorithm, response);
        assert!(Authorization::parse(text.as_bytes()).unwrap().verify(&ha1, b"GET"), "{algorithm}");
    }
    let short = credentials("SHA-256", "753927fa");
    assert!(!Authorization::parse(short.as_bytes()).unwrap().verify(&ha1, b"GET"));
}

#[test]
fn the_form_of_rfc_2069_without_qop() {
    // MD5(HA1:nonce:HA2) with the values of RFC 2617 section 3.5.
    let text = br#"Digest username="Mufasa",realm="testrealm@host.com",nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",uri="/dir/index.html",response="670fd8c2df070c60b045671b8b24ff02""#;
    let ha1 = Ha1Set::new(b"Mufasa", b"testrealm@host.com", b"Circle Of Life");
    let credentials = Authorization::parse(text).unwrap();
    assert_eq!(credentials.nonce_count(), None);
    assert!(credentials.verify(&ha1, b"GET"));
}

#[test]
fn credentials_that_cannot_be_used() {
    let good = String::from_utf8(RFC2617.to_vec()).unwrap();
    let cases = [
        (good.replace("Digest", "Basic"), DigestError::Scheme),
        (good.replace("qop=auth", "qop=auth-int"), DigestError::Qop),
        (good.replace("qop=auth", "qop=auth, algorithm=MD5-sess"), DigestError::Algorithm),
        (good.replace("nc=00000001", "nc=1"), DigestError::Malformed),
        (good.replace("nc=00000001,", ""), DigestError::Missing("nc")),
        (good.replace("username=\"Mufasa\",", ""), DigestError::Missing("username")),
        (good.replace("qop=auth", "qop=auth, realm=x"), DigestError::Repeated),
        (good.replace("Mufasa\"", "Mufasa"), DigestError::Malformed),
        (format!("{good}{}", ", a=b".repeat(MAX_AUTH_PARAMS)), DigestError::Malformed),
        (String::new(), DigestError::Scheme),
    ];
    for (text, error) in cases {
        assert_eq!(Authorization::parse(text.as_bytes()).err(), Some(error), "{text}");
    }
}

#[test]
fn of_several_challenges_the_strongest() {
    let values: [&[u8]; 5] = [
        b"Basic realm=\"x\"",
        b"Digest realm=\"m\", nonce=\"1\"",
        b"Digest realm=\"t\", nonce=\"2\", algorithm=SHA-512-256, qop=\"auth\"",
        b"Digest realm=\"s\", nonce=\"3\", algorithm=SHA-256, qop=\"auth-int, auth\", stale=TRUE",
        b"Digest realm=\"s2\", nonce=\"4\", algorithm=SHA-256, qop=\"auth\"",
    ];
    let best = Challenge::strongest(values.into_iter()).unwrap();
    assert_eq!((best.realm.as_ref(), best.qop_auth, best.stale), (&b"s"[..], true, true));
    let only = Challenge::strongest(values.into_iter().take(2)).unwrap();
    assert_eq!((only.algorithm, only.qop_auth), (Algorithm::Md5, false));
    assert!(Challenge::strongest(values.into_iter().take(1)).is_none());
}

/// Challenges, answers and judges once; returns the judgement.
fn round(server: &mut Authenticator, secret: &str, now_ms: u64) -> Judgement {
    let values = server.challenge(now_ms, now_ms.to_le_bytes(), false);
    let challenge = Challenge::strongest(values.iter().map(Vec::as_slice)).unwrap();
    let mut client = ClientAuth::new(&challenge);
    let value = client.answer(Credentials { username: "a\"b", secret }, b"INVITE", b"sip:x@h", "c\\n");
    let credentials = Authorization::parse(&value).unwrap();
    assert_eq!(credentials.username.as_ref(), b"a\"b");
    server.judge(&credentials, &Ha1Set::new(b"a\"b", b"re\"alm", b"right"), b"INVITE", 0, now_ms)
}

fn server(algorithms: &[Algorithm]) -> Authenticator {
    Authenticator::new("re\"alm", algorithms, NonceMint::new([9; 16], 60_000))
}

#[test]
fn our_client_satisfies_our_server() {
    for algorithms in [&Algorithm::ALL[..], &[Algorithm::Md5]] {
        assert_eq!(round(&mut server(algorithms), "right", 1_000), Judgement::Accepted);
        assert_eq!(round(&mut server(algorithms), "wrong", 1_000), Judgement::Wrong);
    }
}

#[test]
fn challenges_stand_strongest_first() {
    let values = challenge_values("r", "n", &Algorithm::ALL, true);
    assert_eq!(values[0], br#"Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth", stale=true"#);
    assert_eq!(values[1], br#"Digest realm="r", nonce="n", algorithm=MD5, qop="auth", stale=true"#);
}

#[test]
fn replayed_old_and_void_nonces_are_stale_and_guesses_stay_wrong() {
    let mut server = server(&Algorithm::ALL);
    let ha1 = Ha1Set::new(b"u", b"re\"alm", b"s");
    let credentials = Credentials { username: "u", secret: "s" };
    let values = server.challenge(1_000, [1; 8], false);
    let mut client = ClientAuth::new(&Challenge::parse(&values[0]).unwrap());
    let first = client.answer(credentials, b"REGISTER", b"sip:h", "c");
    let second = client.answer(credentials, b"REGISTER", b"sip:h", "c");
    let mut judge = |value: &[u8], changed_ms, now_ms| {
        server.judge(&Authorization::parse(value).unwrap(), &ha1, b"REGISTER", changed_ms, now_ms)
    };
    assert_eq!(judge(&first, 0, 2_000), Judgement::Accepted);
    assert_eq!(judge(&first, 0, 2_000), Judgement::Stale, "overheard and sent again");
    assert_eq!(judge(&second, 1_001, 2_000), Judgement::Stale, "the secret changed since");
    assert_eq!(judge(&second, 0, 90_000), Judgement::Stale, "too old");
    let text = String::from_utf8(second).unwrap();
    let wrong = text.replace("response=\"", "response=\"0");
    assert_eq!(judge(wrong.as_bytes(), 0, 90_000), Judgement::Wrong, "a guess with a stale nonce is a guess");
    let mut md5_only = Authenticator::new("re\"alm", &[Algorithm::Md5], NonceMint::new([9; 16], 60_000));
    let not_offered = md5_only.judge(&Authorization::parse(text.as_bytes()).unwrap(), &ha1, b"REGISTER", 0, 1_000);
    assert_eq!(not_offered, Judgement::Wrong);
}

#[test]
fn secrets_are_not_shown() {
    let server = server(&Algorithm::ALL);
    let shown = format!("{:?} {server:?}", Ha1Set::new(b"u", b"r", b"s"));
    assert!(shown.contains("Ha1Set(secret)") && !shown.contains("9, 9"), "{shown}");
}
