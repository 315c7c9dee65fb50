//! The pages over a filled and over an empty node: who may see what, and what reaches the page.

mod browser;
mod fixture;

use axum::http::StatusCode;
use axum::http::header::CONTENT_SECURITY_POLICY;
use browser::Browser;
use fixture::House;

const URL: &str = "http://portal.example";

/// Every page of an account.
const PAGES: [&str; 18] = [
    "/accounts/law-000",
    "/accounts/law-000/calls",
    "/accounts/law-000/calls?line=107&number=%2B355&verdict=refused&from=2020-01-01&to=2099-01-01",
    "/accounts/law-000/lines",
    "/accounts/law-000/incidents",
    "/accounts/law-000/money",
    "/accounts/law-000/guard",
    "/accounts/law-000/limits",
    "/accounts/law-000/calls?number=999",
    "/accounts/law-000/numbers",
    "/accounts/law-000/new-line",
    "/accounts/law-000/prices",
    "/accounts/law-000/prices?q=nowhere",
    "/accounts/law-000/settings",
    "/accounts/law-000/people",
    "/accounts/law-000/audit",
    "/accounts/law-000/webhooks",
    "/accounts/law-000/keys",
];

/// Those that need something to show.
const DETAILS: [&str; 9] = [
    "/accounts/law-000/calls/c0000000000004",
    "/accounts/law-000/calls/c0000000000003",
    "/accounts/law-000/lines/107",
    "/accounts/law-000/lines/140",
    "/accounts/law-000/lines/107/secret",
    "/accounts/law-000/lines/107/limits",
    "/accounts/law-000/incidents/i0000000000009",
    "/accounts/law-000/incidents/i0000000000009/lift",
    "/accounts/law-000/incidents/i0000000000009/ours",
];

#[tokio::test]
async fn every_page_needs_a_login_and_leads_back_after_it() {
    let house = House::full(URL);
    let mut browser = Browser::new(&house);
    for path in PAGES.iter().chain(&DETAILS).chain(&["/", "/lockout", "/accounts/nobody"]) {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{path}");
        assert!(page.location().starts_with("/login"), "{path}: {}", page.location());
    }
    let page = browser.get("/accounts/law-000/calls?line=107").await;
    assert_eq!(page.location(), "/login?next=/accounts/law-000/calls%3Fline%3D107");
    assert_eq!(browser.post_raw("/lockout/switch", "on=true").await.location(), "/login");
}

#[tokio::test]
async fn every_page_is_there_with_full_and_empty_tables() {
    for house in [House::full(URL), House::bare(URL)] {
        for login in ["ada", "dana", "vic"] {
            let mut browser = Browser::of(&house, login).await;
            for path in PAGES {
                let page = browser.get(path).await;
                assert_eq!(page.status, StatusCode::OK, "{login} {path}");
                assert!(page.text.contains("<h1>") && page.text.contains("</html>"), "{login} {path}");
            }
        }
    }
    let house = House::full(URL);
    for (login, paths) in [("dana", DETAILS.as_slice()), ("vic", DETAILS.as_slice()), ("ada", &["/", "/lockout"])] {
        let mut browser = Browser::of(&house, login).await;
        for path in paths {
            assert_eq!(browser.get(path).await.status, StatusCode::OK, "{login} {path}");
        }
    }
    let empty = House::empty(URL);
    let mut browser = Browser::of(&empty, "ada").await;
    assert!(browser.get("/").await.text.contains("No accounts yet"));
    assert!(browser.get("/lockout").await.text.contains("Nobody is locked out"));
    assert!(browser.get("/lockout").await.text.contains("24 failed passwords from 16 or more addresses"));
}

#[tokio::test]
async fn an_owner_sees_no_other_account() {
    let house = House::full(URL);
    let mut browser = Browser::of(&house, "hank").await;
    for path in PAGES.iter().chain(&DETAILS).chain(&["/lockout", "/accounts/nobody"]) {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    // Nor through the address of one's own account.
    for path in ["calls/c0000000000004", "incidents/i0000000000009", "lines/107"] {
        assert_eq!(browser.get(&format!("/accounts/harbor/{path}")).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let page = browser.get("/").await;
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/accounts/harbor"));
}

#[tokio::test]
async fn the_lock_out_is_the_only_owners_too() {
    let full = House::full(URL);
    assert_eq!(Browser::of(&full, "dana").await.get("/lockout").await.status, StatusCode::NOT_FOUND);
    let alone = House::bare(URL);
    assert_eq!(Browser::of(&alone, "dana").await.get("/lockout").await.status, StatusCode::OK);
    assert_eq!(Browser::of(&alone, "hank").await.get("/lockout").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn hostile_texts_stay_texts() {
    let house = House::full(URL);
    let mut browser = Browser::of(&house, "ada").await;
    let trunk = "/accounts/harbor/incidents/i000000000000c";
    for path in DETAILS.iter().chain(&[trunk, "/lockout", "/accounts/law-000/calls?number=%3Cscript%3E"]) {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(!page.text.contains("<script") && !page.text.contains("<img src=x"), "{path}");
    }
    for path in [DETAILS[0], DETAILS[2], trunk, "/lockout"] {
        assert!(browser.get(path).await.text.contains("&#60;script&#62;"), "{path} shows the text itself");
    }
}

#[tokio::test]
async fn pages_load_nothing_from_elsewhere() {
    let house = House::full("https://portal.example");
    let mut browser = Browser::of(&house, "dana").await;
    assert!(browser.cookies[0].0.starts_with("__Host-"));
    let style = browser.get("/portal.css").await;
    assert!(style.text.len() < 40 * 1024 && style.status == StatusCode::OK);
    let others = ["/me", "/login", "/login/code", "/forgot", "/once/nonsense", "/nowhere", "/", "/accounts/harbor"];
    for path in PAGES.iter().chain(&DETAILS).chain(&others) {
        let page = browser.get(path).await;
        let policy = page.headers.get(CONTENT_SECURITY_POLICY).unwrap().to_str().unwrap();
        for part in
            ["default-src 'none'", "style-src 'self'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
        {
            assert!(policy.contains(part) && !policy.contains("unsafe"), "{path}: {policy}");
        }
        assert_eq!(page.headers.get("cache-control").unwrap(), "no-store", "{path}");
        assert!(page.headers.contains_key("strict-transport-security"), "{path}");
        let text = page.text;
        assert!(text.len() + style.text.len() < 300_000, "{path}: {} bytes", text.len());
        let scripts = text.matches("<script").count();
        assert_eq!(scripts, text.matches("<script src=\"/live.js\" defer></script>").count(), "{path}");
        assert!(!text.contains("style=") && !text.contains("http://"), "{path}");
    }
}

#[tokio::test]
async fn pages_are_found_below_a_path() {
    let house = House::full("https://portal.example/phones");
    let mut browser = Browser::of(&house, "dana").await;
    for path in ["/phones/accounts/law-000", "/accounts/law-000"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.text.contains("href=\"/phones/portal.css\"") && !page.text.contains("href=\"/accounts"), "{path}");
    }
    assert_eq!(browser.get("/phones/").await.location(), "/phones/accounts/law-000");
    let lost = browser.get("/phones/nowhere").await;
    assert_eq!(lost.status, StatusCode::NOT_FOUND);
    assert!(lost.text.contains("There is no such page") && lost.text.contains("href=\"/phones/portal.css\""));
}

#[tokio::test]
async fn calls_are_paged_filtered_and_added_up() {
    let house = House::full(URL);
    let mut browser = Browser::of(&house, "dana").await;
    let first = browser.get("/accounts/law-000/calls").await.text;
    assert!(first.contains("70 calls"), "all are added up");
    assert_eq!(first.matches("data-name=\"When\"").count(), 50);
    let line = browser.get("/accounts/law-000/calls?line=107&from=2020-01-01&to=2099-01-01").await.text;
    assert!(
        line.contains("3 calls, 2 answered, 1 min 2 s talked") && line.contains("<b>$0.40</b>"),
        "from the sums: {line}"
    );
    let (_, rest) = first.split_once("href=\"/accounts/law-000/calls?before=").unwrap();
    let next = format!("/accounts/law-000/calls?before={}", rest.split_once('"').unwrap().0);
    let second = browser.get(&next).await.text;
    assert_eq!(second.matches("data-name=\"When\"").count(), 20);
    assert!(!second.contains("rel=\"next\"") && second.contains("Newest"));
    let stolen = browser.get("/accounts/law-000/calls?number=%2B355").await.text;
    assert!(stolen.contains("3 calls") && stolen.contains("Khan Yunis"));
    let sheet = browser.get("/accounts/law-000/calls.csv?number=%2B355").await.text;
    assert_eq!((sheet.lines().count(), sheet.matches("Khan Yunis").count()), (4, 3), "{sheet}");
    assert_eq!(browser.get("/accounts/law-000/calls.csv").await.text.lines().count(), 71);
    assert_eq!(browser.get("/accounts/law-000/calls?from=soon").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_incident_is_told_with_its_steps() {
    let house = House::full(URL);
    let text = Browser::of(&house, "dana").await.get("/accounts/law-000/incidents/i0000000000009").await.text;
    for words in ["Extension 107 placed 3 calls to Albania mobile", "Khan Yunis", "$0.40", "41.2 decibans"] {
        assert!(text.contains(words), "{words}");
    }
    assert!(text.contains("MST") || text.contains("MDT"), "times have their zone");
    let text = Browser::of(&house, "hank").await.get("/accounts/harbor/incidents/i000000000000c").await.text;
    for words in ["Find the extension in your PBX", "not proven", "extension 214", "on the whole account"] {
        assert!(text.contains(words), "{words}");
    }
    let text = Browser::of(&house, "vic").await.get("/accounts/law-000/incidents/i0000000000009").await.text;
    assert!(!text.contains("i0000000000009/lift"), "a viewer is shown no buttons");
}

#[tokio::test]
async fn the_overview_says_what_is_usual_and_where_the_money_goes() {
    let house = House::full(URL);
    let mut browser = Browser::of(&house, "dana").await;
    let text = browser.get("/accounts/law-000").await.text;
    for words in
        ["at the usual $", "is usual for a whole day", "Spending on the last 14 days: ", "Albania <small>3 calls"]
    {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    let text = Browser::of(&House::bare(URL), "dana").await.get("/accounts/law-000").await.text;
    for words in ["Nothing was spent in the last two weeks", "what is usual is not known yet", "Nobody is talking"] {
        assert!(text.contains(words), "{words}");
    }
}

#[tokio::test]
async fn running_calls_are_told_as_they_are() {
    let house = House::full(URL);
    let mut browser = Browser::of(&house, "dana").await;
    let events = browser.events("/accounts/law-000/live", 2).await;
    assert_eq!(events[0], "event: incidents\ndata: 1\n\n");
    assert!(
        events[1].starts_with("event: calls\n") && events[1].contains("/calls/c00000000000w4/hangup"),
        "{events:?}"
    );
    let events = Browser::of(&house, "vic").await.events("/accounts/law-000/live", 2).await;
    assert!(!events[1].contains("hangup"), "a viewer has no buttons: {events:?}");
    assert_eq!(Browser::of(&house, "hank").await.get("/accounts/law-000/live").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn lines_tell_what_an_owner_should_look_at() {
    let house = House::full(URL);
    let mut browser = Browser::of(&house, "dana").await;
    let text = browser.get("/accounts/law-000/lines").await.text;
    assert!(text.contains("spare: never used") && text.contains("secret is 400 days old"), "{text}");
    let text = browser.get("/accounts/law-000/lines/107").await.text;
    assert!(text.contains("Locked to strangers") && text.contains("by its ceiling"));
    let text = browser.get("/accounts/law-000/lines/140").await.text;
    assert!(!text.contains("Locked to strangers") && text.contains("nothing abroad: it may not call there"));
}

#[tokio::test]
async fn an_incident_is_drawn_and_added_up() {
    let house = House::full(URL);
    let mut browser = Browser::of(&house, "dana").await;
    let text = browser.get("/accounts/law-000/incidents/i0000000000009").await.text;
    for words in [
        "aria-label=\"Map: calls from Khan Yunis, Palestine to Albania, 3 calls.\"",
        "aria-label=\"Timeline: 3 calls between ",
        "the evidence reached 41.2 decibans",
        "$23.10 an hour",
        "one call at a time at $0.385 a minute; the ceiling of $50.00 a day",
        "would have ended it after 2 h 9 min",
        "1 hung up while talking, 1 refused before anybody was called",
    ] {
        assert!(text.contains(words), "{words}");
    }
    assert!(text.len() < 100_000, "{} bytes", text.len());
    let sheet = browser.get("/accounts/law-000/incidents/i0000000000009/calls.csv").await;
    assert_eq!(sheet.headers.get("content-type").unwrap(), "text/csv; charset=utf-8");
    let rows: Vec<&str> = sheet.text.split("\r\n").collect();
    assert!(rows.len() == 5 && rows[0].starts_with("call,start_utc,start_local,line,ip,port"), "{rows:?}");
    for cell in ["198.18.0.9", "Khan Yunis", "+355691234567", "Albania mobile", "USD", "13.1"] {
        assert!(rows[1].contains(cell), "{cell} is not in {}", rows[1]);
    }
    assert_eq!(
        Browser::of(&house, "hank").await.get("/accounts/harbor/incidents/i0000000000009/calls.csv").await.status,
        StatusCode::NOT_FOUND
    );
}
