//! Logging in and out, with real passwords.

mod browser;
mod fixture;

use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use browser::Browser;
use fixture::House;

const URL: &str = "http://portal.example";

#[tokio::test]
async fn the_right_password_opens_a_session_under_a_new_token() {
    let house = House::full(URL);
    house.desk.set_password("dana", &store::hash_password("correct horse").unwrap()).unwrap();
    let mut browser = Browser::new(&house);
    let csrf = browser.get("/login").await.csrf();
    let before = browser.cookies.clone();
    let form =
        |login: &str, password: &str| format!("csrf={csrf}&next=%2Flockout%3Fx&login={login}&password={password}");

    let wrong = browser.post_raw("/login", &form("dana", "wrong+horse")).await;
    let unknown = browser.post_raw("/login", &form("nobody", "correct+horse")).await;
    assert_eq!((wrong.status, unknown.status), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
    assert_eq!(wrong.text.replace("dana", ""), unknown.text.replace("nobody", ""), "the same to both");

    let page = browser.post_raw("/login", &form("dana", "correct+horse")).await;
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/lockout?x"));
    let cookie = page.headers.get(SET_COOKIE).unwrap().to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && !cookie.contains("Secure"), "{cookie}");
    assert_ne!(browser.cookies, before);
    assert_eq!(browser.get("/accounts/law-000").await.status, StatusCode::OK);

    let kept = browser.cookies.clone();
    let page = browser.post("/accounts/law-000", "/logout", "").await;
    assert_eq!(page.location(), "/login");
    browser.cookies = kept;
    assert_eq!(browser.get("/accounts/law-000").await.status, StatusCode::SEE_OTHER, "the session has ended");
}

#[tokio::test]
async fn guessing_ends_after_ten_tries() {
    let house = House::full(URL);
    let mut browser = Browser::new(&house);
    let csrf = browser.get("/login").await.csrf();
    // A hash nobody can read fits no password, and keeps the test quick.
    let form = format!("csrf={csrf}&login=dana&password=guess");
    for n in 0..10 {
        assert_eq!(browser.post_raw("/login", &form).await.status, StatusCode::UNAUTHORIZED, "{n}");
    }
    let page = browser.post_raw("/login", &form).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(page.text.contains("Try again in 10 minutes"));
}

#[tokio::test]
async fn a_login_form_from_elsewhere_is_refused() {
    let house = House::full(URL);
    let mut browser = Browser::new(&house);
    let page = browser.post_raw("/login", "login=dana&password=x&csrf=00").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    browser.get("/login").await;
    let page = browser.post_raw("/login", "login=dana&password=x").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
}
