//! API keys, and requests that may be repeated.

use super::*;

fn key(id: &str, expires_ms: Option<u64>) -> ApiKey {
    ApiKey {
        id: id.into(),
        account: Some(law()),
        name: "the PBX".into(),
        scopes: vec![KeyScope::Read, KeyScope::Screen],
        created_by: "the command line".into(),
        created_ms: 1_000,
        expires_ms,
        last_used_ms: None,
    }
}

#[test]
fn a_key_is_found_by_its_text_until_it_ends() {
    let place = Place::new();
    let desk = place.desk();
    let (kept, hash) = (key("k1", Some(2_000)), ApiKey::hash("tg_k1_secret"));
    assert!(desk.add_api_key(&kept, &hash).unwrap());
    assert_eq!(desk.api_key(&hash, 1_999).unwrap(), Some(kept));
    assert_eq!(desk.api_key(&hash, 2_000).unwrap(), None);
    assert_eq!(desk.api_key(&ApiKey::hash("tg_k1_other"), 1_000).unwrap(), None);
    desk.touch_api_key("k1", 1_500).unwrap();
    assert_eq!(desk.api_keys().unwrap()[0].last_used_ms, Some(1_500));
    assert!(desk.remove_api_key("k1").unwrap() && !desk.remove_api_key("k1").unwrap());
    let file = std::fs::read(&place.path).unwrap();
    assert!(!file.windows(9).any(|bytes| bytes == b"k1_secret"), "the text of a key is nowhere");
}

#[test]
fn an_account_has_so_many_keys_and_no_more() {
    let place = Place::new();
    let desk = place.desk();
    let add = |n: u32, expires_ms| desk.add_api_key(&key(&format!("k{n}"), expires_ms), &ApiKey::hash(&n.to_string()));
    // The first has ended when the others are made, and counts no more.
    assert!(add(0, Some(1_000)).unwrap());
    assert!((1..=MAX_API_KEYS).all(|n| add(n, None).unwrap()));
    assert!(!add(MAX_API_KEYS + 1, None).unwrap());
    let node = ApiKey { account: None, ..key("knode", None) };
    assert!(desk.add_api_key(&node, &ApiKey::hash("node")).unwrap(), "the node has its own");
}

#[test]
fn a_request_is_done_once_and_forgotten_after_a_day() {
    let place = Place::new();
    let desk = place.desk();
    let (key, request, other) = ([1; 32], [2; 32], [3; 32]);
    let begin = |request, now_ms| desk.begin_request(&key, request, now_ms).unwrap();
    assert_eq!(begin(&request, 1_000), Repeat::New);
    assert_eq!((begin(&request, 1_001), begin(&other, 1_001)), (Repeat::UnderWay, Repeat::Other));
    assert_eq!(begin(&request, 61_000), Repeat::New, "its node died in the middle of it");
    desk.end_request(&key, 201, b"sealed").unwrap();
    let done = Repeat::Done { status: 201, answer: b"sealed".to_vec() };
    assert_eq!((begin(&request, 62_000), begin(&other, 62_000)), (done, Repeat::Other));
    assert_eq!(begin(&other, 61_000 + REPEATABLE_MS), Repeat::New);
    desk.forget_request(&key).unwrap();
    assert_eq!(begin(&request, 61_000 + REPEATABLE_MS), Repeat::New, "what was refused may be tried again");
}
