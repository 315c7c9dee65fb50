//! People: who is invited, how they choose passwords, the second step, sessions, links in mails, and the audit log of it all.
#![allow(clippy::unwrap_used, reason = "the helpers of a test stop it as the test itself does")]

mod browser;
mod fixture;

use std::net::SocketAddr;

use account::{Actor, Change};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, StatusCode};
use billing::IncidentId;
use browser::Browser;
use fixture::{House, id, now_ms};
use node::{Command, CommandError};
use store::{Deed, LetterKind, Link, Reader, Role};
use totp_rs::{Builder, Secret};
use tower::ServiceExt;

const URL: &str = "http://portal.example";
const WORD: &str = "correct+horse";

fn link(house: &House, deed: Deed) -> String {
    format!("/once/{}", Link { deed, expires_ms: now_ms() + 60_000 }.token(&house.vault))
}

fn not_us(house: &House) -> String {
    link(house, Deed::NotUs { account: id("law-000"), incident: IncidentId(9) })
}

fn changes(house: &House) -> Vec<Command> {
    house.script.asked.lock().unwrap().drain(..).collect()
}

fn audit(house: &House) -> Vec<String> {
    let reader = Reader::open(&house.database()).unwrap();
    reader.audit(None, 50).unwrap().into_iter().map(|row| format!("{}: {}", row.by, row.text)).collect()
}

#[tokio::test]
async fn a_link_in_a_mail_does_one_thing_once_and_nothing_when_it_is_opened() {
    let house = House::full(URL);
    let mut anybody = Browser::new(&house);
    let path = not_us(&house);
    for _ in 0..3 {
        let page = anybody.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        assert!(page.text.contains("No, that was not us") && page.text.contains("Extension 107"), "{}", page.text);
    }
    assert_eq!(changes(&house), [], "whoever follows links does nothing");
    let page = anybody.post_raw(&path, "").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert!(page.text.contains("does nothing more"), "{}", page.text);
    let asked = changes(&house);
    let [Command::Account { by: Actor::Link, change: Change::ThatWasNotUs { incident }, .. }] = &asked[..] else {
        panic!("{asked:?}");
    };
    assert_eq!(*incident, IncidentId(9));
    for _ in 0..2 {
        assert_eq!(anybody.post_raw(&path, "").await.status, StatusCode::GONE);
        assert_eq!(anybody.get(&path).await.status, StatusCode::GONE);
    }
    assert_eq!(changes(&house), []);
    assert!(audit(&house)[0].starts_with("the link in a mail: "), "{:?}", audit(&house));
    assert_eq!(anybody.get("/accounts/law-000").await.status, StatusCode::SEE_OTHER, "it logs nobody in");
}

#[tokio::test]
async fn a_line_is_shut_by_its_link_and_its_secret_shown_to_nobody() {
    let house = House::full(URL);
    let mut anybody = Browser::new(&house);
    let path = link(&house, Deed::ShutOut { account: id("law-000"), incident: IncidentId(9) });
    assert!(anybody.get(&path).await.text.contains("not even for help"));
    let page = anybody.post_raw(&path, "").await;
    let asked = changes(&house);
    assert!(matches!(&asked[..], [Command::Account { change: Change::SetSecret { .. }, .. }]), "{asked:?}");
    assert!(!page.text.contains("class=\"secret\""), "{}", page.text);
    let mut dana = Browser::of(&house, "dana").await;
    let text = dana.get("/accounts/law-000/incidents/i0000000000009").await.text;
    assert!(text.contains("nobody knows the new one"), "the step is not done yet");
}

#[tokio::test]
async fn links_that_are_old_changed_or_for_nothing_do_nothing() {
    let house = House::full(URL);
    let mut anybody = Browser::new(&house);
    let deed = Deed::NotUs { account: id("law-000"), incident: IncidentId(9) };
    let old = format!("/once/{}", Link { deed, expires_ms: now_ms() - 1 }.token(&house.vault));
    assert_eq!(anybody.post_raw(&old, "").await.status, StatusCode::GONE);
    let elsewhere = link(&house, Deed::NotUs { account: id("harbor"), incident: IncidentId(9) });
    let mut forged = not_us(&house);
    forged.replace_range(6..7, if forged.as_bytes()[6] == b'f' { "e" } else { "f" });
    for path in [elsewhere.as_str(), forged.as_str(), "/once/00", "/once/x"] {
        assert_eq!(anybody.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(anybody.post_raw(path, "").await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(changes(&house), []);
    // What the node refuses may be tried again.
    *house.script.refuse.lock().unwrap() = Some(CommandError::ShuttingDown);
    let path = not_us(&house);
    assert_eq!(anybody.post_raw(&path, "").await.status, StatusCode::SERVICE_UNAVAILABLE);
    *house.script.refuse.lock().unwrap() = None;
    assert_eq!(anybody.post_raw(&path, "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_invited_user_chooses_a_password_once() {
    let house = House::full(URL);
    let mut dana = Browser::of(&house, "dana").await;
    let people = "/accounts/law-000/people";
    for (wrong, status) in [
        ("login=a+b&name=&email=x%40y.example&role=viewer", StatusCode::SEE_OTHER),
        ("login=eve&name=&email=nonsense&role=viewer", StatusCode::SEE_OTHER),
        ("login=vic&name=&email=x%40y.example&role=viewer", StatusCode::SEE_OTHER),
        ("login=eve&name=&email=x%40y.example&role=admin", StatusCode::FORBIDDEN),
    ] {
        assert_eq!(dana.post(people, &format!("{people}/invite"), wrong).await.status, status, "{wrong}");
        assert!(!dana.get(people).await.text.contains("is invited"), "{wrong}");
    }
    assert_eq!(house.desk.user("eve").unwrap(), None);
    let form = "login=eve&name=Eve+Cole&email=eve%40law.example&role=viewer";
    dana.post(people, &format!("{people}/invite"), form).await;
    let page = dana.get(people).await.text;
    assert!(page.contains("eve is invited by mail") && page.contains("Eve Cole"), "{page}");
    let letter = house.desk.next_letter(now_ms()).unwrap().unwrap();
    assert_eq!((letter.login.as_str(), letter.kind), ("eve", LetterKind::Invitation));
    assert!(letter.text.starts_with("Dana Cole invites you"), "{}", letter.text);

    let user = house.desk.user("eve").unwrap().unwrap();
    assert_eq!((user.role, user.account.clone()), (Role::Viewer, Some(id("law-000"))));
    let path = format!("/once/{}", Link::password(&user, letter.created_ms).token(&house.vault));
    let mut eve = Browser::new(&house);
    assert!(eve.get(&path).await.text.contains("Welcome, Eve Cole"));
    for (form, why) in
        [("password=short&again=short", "at least 10"), ("password=a-good-one&again=other", "not the same")]
    {
        let page = eve.post_raw(&path, form).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.text.contains(why), "{}", page.text);
    }
    let chosen = format!("password={WORD}&again={WORD}");
    assert_eq!(eve.post_raw(&path, &chosen).await.location(), "/login");
    assert!(eve.get("/login").await.text.contains("Your password is set"));
    assert_eq!(eve.post_raw(&path, &chosen).await.status, StatusCode::GONE);
    let page = eve.post("/login", "/login", &format!("login=eve&password={WORD}")).await;
    assert_eq!(page.location(), "/", "logged in");
    assert!(audit(&house).contains(&"dana: eve was invited as viewer.".to_owned()), "{:?}", audit(&house));

    dana.post(people, &format!("{people}/change"), "login=eve&role=owner").await;
    assert_eq!(house.desk.user("eve").unwrap().unwrap().role, Role::Owner);
    for form in ["login=dana&role=viewer", "login=ada&role=viewer", "login=hank&role=viewer"] {
        dana.post(people, &format!("{people}/change"), form).await;
    }
    let roles = ["dana", "ada", "hank"].map(|login| house.desk.user(login).unwrap().unwrap().role);
    assert_eq!(roles, [Role::Owner, Role::Admin, Role::Owner], "neither oneself nor others' people");
    dana.post(people, &format!("{people}/remove"), "login=eve").await;
    assert_eq!(eve.get("/accounts/law-000").await.status, StatusCode::SEE_OTHER, "logged out at once");
    let text = dana.get("/accounts/law-000/audit").await.text;
    assert!(text.contains("<del>viewer</del>") && text.contains("<ins>owner</ins>"), "before and after: {text}");
    assert!(!Browser::of(&house, "hank").await.get("/accounts/harbor/audit").await.text.contains("eve"));
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_mail_and_nobody_learns_who_exists() {
    let house = House::full(URL);
    house.desk.set_password("dana", &store::hash_password("correct horse").unwrap()).unwrap();
    let mut browser = Browser::new(&house);
    let known = browser.post("/forgot", "/forgot", "login=dana").await;
    let unknown = browser.post("/forgot", "/forgot", "login=nobody").await;
    assert_eq!((known.status, &known.text), (unknown.status, &unknown.text));
    let letter = house.desk.next_letter(now_ms()).unwrap().unwrap();
    assert_eq!((letter.login.as_str(), letter.kind), ("dana", LetterKind::Reset));
    house.desk.letter_sent(letter.id).unwrap();
    assert_eq!(house.desk.next_letter(now_ms()).unwrap(), None);

    let user = house.desk.user("dana").unwrap().unwrap();
    let token = |user| format!("/once/{}", Link::password(user, letter.created_ms).token(&house.vault));
    let (path, other) = (token(&user), token(&user));
    let mut logged_in = Browser::of(&house, "dana").await;
    browser.post_raw(&path, "password=another+horse&again=another+horse").await;
    assert!(store::verify_password(Some(&house.desk.user("dana").unwrap().unwrap().password_hash), "another horse"));
    assert_eq!(logged_in.get("/accounts/law-000").await.status, StatusCode::SEE_OTHER, "all sessions end");
    assert_eq!(browser.get(&other).await.status, StatusCode::GONE, "links for the old password are void");
    assert_eq!(house.desk.next_letter(now_ms()).unwrap().unwrap().kind, LetterKind::Security, "and dana is told");
    for _ in 0..5 {
        browser.post("/login", "/forgot", "login=dana").await;
    }
    assert_eq!(browser.post("/login", "/forgot", "login=dana").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

/// The codes of a secret as the page shows it.
fn codes(page: &str) -> impl Fn(u64) -> String {
    let text = page.split_once("class=\"secret\">").unwrap().1.split_once('<').unwrap().0.replace(' ', "");
    let totp = Builder::new().with_secret(Secret::try_from_base32(text).unwrap()).build().unwrap();
    move |at_s| totp.generate(at_s).to_string()
}

#[tokio::test]
async fn the_second_step_is_asked_for_and_a_code_works_once() {
    let house = House::full(URL);
    house.desk.set_password("dana", &store::hash_password("correct horse").unwrap()).unwrap();
    let mut dana = Browser::of(&house, "dana").await;
    let mut elsewhere = Browser::of(&house, "dana").await;
    dana.post("/me", "/me/second-factor/begin", "").await;
    let page = dana.get("/me/second-factor").await;
    assert!(page.text.contains("<svg class=\"qr\""), "{}", page.text);
    let code = codes(&page.text);
    dana.post("/me", "/me/second-factor", "code=000000").await;
    assert!(dana.get("/me").await.text.contains("code is wrong"));
    let now_s = now_ms() / 1000;
    // A step early, so that the present one is left for the login.
    let page = dana.post("/me", "/me/second-factor", &format!("code={}", code(now_s - 30))).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    let recovery: Vec<String> =
        page.text.split("<li><code>").skip(1).map(|rest| rest.split_once('<').unwrap().0.to_owned()).collect();
    assert_eq!(recovery.len(), 10);
    assert_eq!(elsewhere.get("/accounts/law-000").await.status, StatusCode::SEE_OTHER, "other sessions end");
    assert!(dana.get("/me").await.text.contains("10 recovery codes left"));

    let log_in = format!("login=dana&password={WORD}&next=%2Flockout");
    let mut again = Browser::new(&house);
    let page = again.post("/login", "/login", &log_in).await;
    assert_eq!(page.location(), "/login/code?next=/lockout");
    assert_eq!(again.get("/accounts/law-000").await.status, StatusCode::SEE_OTHER, "not in yet");
    assert_eq!(again.post("/login/code", "/login/code", "code=123456").await.status, StatusCode::UNAUTHORIZED);
    let form = format!("code={}&next=%2Flockout", code(now_s));
    let page = again.post("/login/code", "/login/code", &form).await;
    assert_eq!(page.location(), "/lockout", "{}", page.text);
    assert_eq!(again.get("/accounts/law-000").await.status, StatusCode::OK);

    let mut thief = Browser::new(&house);
    thief.post("/login", "/login", &log_in).await;
    let page = thief.post("/login/code", "/login/code", &form).await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED, "a code works once");
    let form = format!("code={}", recovery[3].to_uppercase());
    assert_eq!(thief.post("/login/code", "/login/code", &form).await.status, StatusCode::SEE_OTHER);
    assert!(thief.get("/me").await.text.contains("9 recovery codes left"));
    let mut third = Browser::new(&house);
    third.post("/login", "/login", &log_in).await;
    assert_eq!(third.post("/login/code", "/login/code", &form).await.status, StatusCode::UNAUTHORIZED, "once, too");

    // An administrator helps whoever has lost everything.
    let mut ada = Browser::of(&house, "ada").await;
    ada.post("/people", "/people/factor-off", "login=dana").await;
    let mut fourth = Browser::new(&house);
    assert_eq!(fourth.post("/login", "/login", &log_in).await.location(), "/lockout");
    let log = audit(&house);
    assert!(log[0].starts_with("ada: dana logs in with the password alone"), "{log:?}");
    assert!(log.contains(&"dana: dana has a second step at the login.".to_owned()), "{log:?}");
}

#[tokio::test]
async fn codes_are_not_guessed() {
    let house = House::full(URL);
    house.desk.set_password("dana", &store::hash_password("correct horse").unwrap()).unwrap();
    let secret = house.vault.seal(b"12345678901234567890").unwrap();
    house.desk.begin_second_factor("dana", &secret).unwrap();
    house.desk.confirm_second_factor("dana", 1, &[], &[0; 32]).unwrap();
    let mut thief = Browser::new(&house);
    thief.post("/login", "/login", &format!("login=dana&password={WORD}")).await;
    for _ in 0..9 {
        let page = thief.post("/login/code", "/login/code", "code=000000").await;
        assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    }
    let page = thief.post("/login/code", "/login/code", "code=000000").await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS, "the right password does not begin anew");
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let house = House::full(URL);
    let (mut here, mut there) = (Browser::of(&house, "dana").await, Browser::of(&house, "dana").await);
    let page = here.get("/me").await.text;
    assert!(page.contains("Firefox on Windows") && page.matches("192.0.2.7").count() >= 2, "{page}");
    assert_eq!(page.matches("this one").count(), 1);
    let id = page.split_once("name=\"session\" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    let mut vic = Browser::of(&house, "vic").await;
    vic.post("/me", "/me/sessions/end", &format!("session={id}")).await;
    assert_eq!(there.get("/me").await.status, StatusCode::OK, "not by others");
    here.post("/me", "/me/sessions/end", &format!("session={id}")).await;
    assert_eq!(there.get("/me").await.status, StatusCode::SEE_OTHER);
    let mut third = Browser::of(&house, "dana").await;
    here.post("/me", "/me/sessions/end-others", "").await;
    assert_eq!(third.get("/me").await.status, StatusCode::SEE_OTHER);
    assert_eq!(here.get("/me").await.status, StatusCode::OK);
}

#[tokio::test]
async fn changes_stand_in_the_audit_log_with_before_and_after() {
    let house = House::full(URL);
    let mut dana = Browser::of(&house, "dana").await;
    let form = "countries=but&country=CU&ceiling=12.50&max_calls=10&money_a_day=40&hours=";
    dana.post("/accounts/law-000/limits", "/accounts/law-000/limits", form).await;
    let text = dana.get("/accounts/law-000/audit").await.text;
    for words in
        ["account › exposure ceiling", "<ins>$12.50</ins>", "account › limits › money a day", "<ins>$40.00</ins>"]
    {
        assert!(text.contains(words), "{words} in {text}");
    }
    dana.post("/accounts/law-000/settings", "/accounts/law-000/settings", "contacts=Jo+%3Cjo%40law.example%3E").await;
    let text = dana.get("/accounts/law-000/audit").await.text;
    assert!(text.contains("<ins>jo@law.example</ins>"), "{text}");
    let all = Browser::of(&house, "ada").await.get("/audit").await;
    assert!(all.text.contains("exposure ceiling"), "administrators see all");
    assert_eq!(dana.get("/audit").await.status, StatusCode::NOT_FOUND);
    assert_eq!(dana.get("/people").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn logins_are_limited_by_who_asks_and_not_by_their_proxy() {
    let house = House::full(URL);
    let mut browser = Browser::new(&house);
    let csrf = browser.get("/login").await.csrf();
    let cookie = format!("{}={}", browser.cookies[0].0, browser.cookies[0].1);
    let router = portal::router(house.state.clone());
    let tries = async |peer: [u8; 4], told: &str| {
        let mut request = Request::post("/login")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("cookie", &cookie)
            .header("x-forwarded-for", told)
            .body(Body::from(format!("csrf={csrf}&login={told}&password=guess")))
            .unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((peer, 1))));
        router.clone().oneshot(request).await.unwrap().status()
    };
    let proxy = [127, 0, 0, 1];
    for _ in 0..10 {
        assert_eq!(tries(proxy, "198.51.100.7").await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(tries(proxy, "198.51.100.7").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(tries(proxy, "198.51.100.8").await, StatusCode::UNAUTHORIZED, "another caller of the same proxy");
    for n in 0..10 {
        assert_eq!(tries([192, 0, 2, 1], &format!("198.51.100.{}", 100 + n)).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(
        tries([192, 0, 2, 1], "198.51.100.9").await,
        StatusCode::TOO_MANY_REQUESTS,
        "a stranger's word is nothing"
    );
}

#[tokio::test]
async fn webhooks_are_added_tried_and_sent_again_by_their_owner_alone() {
    let house = House::full(URL);
    let (mut dana, mut hank) = (Browser::of(&house, "dana").await, Browser::of(&house, "hank").await);
    let page = "/accounts/law-000/webhooks";
    dana.post(page, page, "url=ftp%3A%2F%2Fx&format=json").await;
    assert!(dana.get(page).await.text.contains("begins with https://"));
    let form = "url=https%3A%2F%2Fhooks.example%2Fx&format=json&event=balance.low&event=incident.opened";
    let text = dana.post(page, page, form).await.text;
    let secret = text.split_once("class=\"secret\">").unwrap().1.split_once('<').unwrap().0;
    let hook = house.desk.webhooks(None).unwrap().pop().unwrap();
    assert_eq!((hook.account.clone(), hook.events.len()), (id("law-000"), 2));
    assert_eq!(house.vault.open_sealed(&hook.secret).unwrap(), secret.as_bytes());
    assert!(!dana.get(page).await.text.contains(secret), "shown once");
    dana.post(page, &format!("{page}/test"), &format!("webhook={}", hook.id)).await;
    let (delivery, _) = house.desk.next_delivery(now_ms()).unwrap().unwrap();
    house.desk.delivered(delivery.id, "200 OK", now_ms()).unwrap();
    assert!(dana.get(page).await.text.contains("200 OK"));
    let again = format!("delivery={}", delivery.id);
    assert_eq!(hank.post("/me", "/accounts/harbor/webhooks/again", &again).await.status, StatusCode::NOT_FOUND);
    let form = format!("webhook={}", hook.id);
    assert_eq!(hank.post("/me", "/accounts/harbor/webhooks/remove", &form).await.status, StatusCode::NOT_FOUND);
    assert_eq!(house.desk.next_delivery(now_ms()).unwrap(), None);
    dana.post(page, &format!("{page}/again"), &again).await;
    assert_eq!(house.desk.next_delivery(now_ms()).unwrap().unwrap().0.id, delivery.id);
    dana.post(page, &format!("{page}/switch"), &form).await;
    assert!(!house.desk.webhook(hook.id).unwrap().unwrap().is_on);
    dana.post(page, &format!("{page}/remove"), &form).await;
    assert_eq!(house.desk.webhooks(None).unwrap(), []);
    let log = audit(&house);
    assert!(log[0].contains("No more events are sent to https://hooks.example/x"), "{log:?}");
}

#[tokio::test]
async fn a_new_line_comes_with_its_settings() {
    let house = House::full(URL);
    let mut dana = Browser::of(&house, "dana").await;
    let page = "/accounts/law-000/new-line";
    for (form, why) in [("line=107&name=&kind=extension", "already"), ("line=a+b&name=&kind=extension", "cannot be")] {
        dana.post(page, page, form).await;
        assert!(dana.get(page).await.text.contains(why), "{form}");
    }
    assert_eq!(changes_of_lines(&house), 0);
    let text = dana.post(page, page, "line=119&name=Front+desk&kind=trunk").await.text;
    for words in ["law-000-119", "pjsip.conf", "FreePBX", "FreeSWITCH", "3CX", "Yealink", "Grandstream"] {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert_eq!(changes_of_lines(&house), 1);
    assert!(dana.get("/accounts/law-000/lines").await.text.contains("Front desk"));
}

fn changes_of_lines(house: &House) -> usize {
    let put = |command: &Command| matches!(command, Command::Account { change: Change::PutLine(_), .. });
    changes(house).iter().filter(|command| put(command)).count()
}
