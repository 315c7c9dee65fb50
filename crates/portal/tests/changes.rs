//! What people change: the command that is sent, and everything that must not lead to one.

mod browser;
mod fixture;

use account::{Actor, Change};
use axum::http::StatusCode;
use billing::{IncidentId, Money};
use browser::{Browser, Page};
use fixture::{House, id};
use node::{Command, CommandError, NodeChange};

const URL: &str = "http://portal.example";

/// A carrier as the form sends it.
const CARRIER: &str = "id=third&name=Third&address=198.51.100.9%3A5060&transport=udp&domain=&sources=&prefix=&plus=true&username=&secret=&register_s=&options_s=60&cost_deck=";

/// Every form of the portal, and a page that shows its token.
const FORMS: [(&str, &str); 45] = [
    ("/accounts/law-000/money/terms", "low_balance=5&monthly_limit=&auto_top_up_max="),
    ("/accounts/law-000/numbers", "number=%2B13035550100&line=118"),
    ("/accounts/law-000/new-line", "line=999&name=&kind=extension"),
    ("/accounts/law-000/webhooks", "url=https%3A%2F%2Fx.example%2F&format=json"),
    ("/accounts/law-000/webhooks/switch", "webhook=1"),
    ("/accounts/law-000/webhooks/remove", "webhook=1"),
    ("/accounts/law-000/webhooks/test", "webhook=1"),
    ("/accounts/law-000/webhooks/again", "delivery=1"),
    ("/accounts/law-000/keys", "name=pbx&scope=read&days="),
    ("/accounts/law-000/keys/revoke", "key=k1"),
    ("/keys", "name=billing&scope=read&days="),
    ("/keys/revoke", "key=k1"),
    ("/carriers", CARRIER),
    ("/carriers/wholesale", CARRIER),
    ("/carriers/wholesale/remove", ""),
    ("/decks/price", "account=law-000&deck=retail&markup=5"),
    ("/decks/retail/remove", ""),
    ("/accounts/law-000/settings", "contacts=x%40y.example"),
    ("/accounts/law-000/people/invite", "login=new&name=&email=new%40x.example&role=viewer"),
    ("/accounts/law-000/people/change", "login=vic&role=owner"),
    ("/accounts/law-000/people/remove", "login=vic"),
    ("/accounts/law-000/people/reset", "login=vic"),
    ("/accounts/law-000/people/factor-off", "login=vic"),
    ("/people/invite", "login=new&name=&email=new%40x.example&role=admin"),
    ("/people/change", "login=vic&role=owner"),
    ("/people/remove", "login=vic"),
    ("/people/reset", "login=vic"),
    ("/people/factor-off", "login=vic"),
    ("/accounts/law-000/calls/c00000000000w4/hangup", ""),
    ("/accounts/law-000/lines/107/secret", ""),
    ("/accounts/law-000/lines/107/binding", "contact=sip:107"),
    ("/accounts/law-000/lines/107/international", "allowed=false"),
    ("/accounts/law-000/lines/107/lift", ""),
    ("/accounts/law-000/lines/107/limits", "international=on&countries=but&country=CU"),
    ("/accounts/law-000/limits", "international=on&countries=but&ceiling=25"),
    ("/accounts/law-000/incidents/i0000000000009/lift", ""),
    ("/accounts/law-000/incidents/i0000000000009/ours", ""),
    ("/accounts/law-000/guard/act", ""),
    ("/accounts/law-000/guard/watch", ""),
    ("/accounts/law-000/money/topup", "amount=5&reference=x"),
    (
        "/lockout",
        "failures=3&window_min=10&ban_min=60&max_ban_h=24&line_day=30&address_day=20&network_day=60&asn_day=300&allow_list=",
    ),
    ("/lockout/switch", "on=true"),
    ("/lockout/ban", "prefix=192.0.2.7&hours=1&note="),
    ("/lockout/lift", "prefix=8.8.8.8"),
    ("/logout", ""),
];

/// The changes the node was asked for, by account or of itself.
fn changes(house: &House) -> Vec<Command> {
    let asks = |command: &Command| {
        !matches!(
            command,
            Command::Calls { .. }
                | Command::Exposure { .. }
                | Command::Locks { .. }
                | Command::Bans
                | Command::Guessed
                | Command::Carriers
        )
    };
    house.script.asked.lock().expect("no answer panicked").drain(..).filter(asks).collect()
}

fn only_change(house: &House) -> Change {
    let [Command::Account { account, by, change }] = <[Command; 1]>::try_from(changes(house)).expect("one change")
    else {
        panic!("one change of an account");
    };
    assert_eq!((account, by), (id("law-000"), Actor::User("dana".into())));
    change
}

async fn note_after(browser: &mut Browser, page: &Page) -> String {
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let text = browser.get(page.location()).await.text;
    let (_, rest) = text.split_once("role=\"status\">").expect("a note");
    rest.split_once("</p>").expect("its end").0.to_owned()
}

#[tokio::test]
async fn a_form_without_its_token_changes_nothing() {
    let house = House::full(URL);
    let mut browser = Browser::of(&house, "ada").await;
    let mut other = Browser::of(&house, "ada").await;
    let stolen = other.get("/lockout").await.csrf();
    for (path, form) in FORMS {
        for csrf in ["", "csrf=&", "csrf=00&", &format!("csrf={stolen}&")] {
            let page = browser.post_raw(path, &format!("{csrf}{form}")).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{path} {csrf}");
        }
        assert_ne!(browser.get(path).await.status, StatusCode::SEE_OTHER, "GET {path} does nothing");
    }
    assert_eq!(changes(&house), []);
    assert_eq!(browser.get("/").await.status, StatusCode::OK, "still logged in");
}

#[tokio::test]
async fn a_viewer_and_a_stranger_change_nothing() {
    let house = House::full(URL);
    for (login, shown) in [("vic", "/accounts/law-000"), ("hank", "/accounts/harbor")] {
        let mut browser = Browser::of(&house, login).await;
        for (path, form) in FORMS.iter().filter(|(path, _)| *path != "/logout") {
            let page = browser.post(shown, path, form).await;
            let refused = [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND].contains(&page.status);
            assert!(refused, "{login} {path}: {}", page.status);
        }
    }
    assert_eq!(changes(&house), []);
}

#[tokio::test]
async fn a_cut_is_lifted_where_the_incident_made_it() {
    let house = House::full(URL);
    let mut browser = Browser::of(&house, "dana").await;
    let path = "/accounts/law-000/incidents/i0000000000009/lift";
    assert!(browser.get(path).await.text.contains("turned back on for line 107"));
    let page = browser.post(path, path, "").await;
    assert_eq!(only_change(&house), Change::LiftCut { line: Some(id("107")) });
    assert_eq!(page.location(), "/accounts/law-000/incidents/i0000000000009");
    assert_eq!(note_after(&mut browser, &page).await, "Extension 107 may call abroad again.");
    let after = browser.get("/accounts/law-000").await.text;
    assert!(!after.contains("class=\"alarm\"") && !after.contains("role=\"status\""), "the tables show it, once told");

    let mut hank = Browser::of(&house, "hank").await;
    let path = "/accounts/harbor/incidents/i000000000000c/lift";
    hank.post(path, path, "").await;
    let asked = changes(&house);
    assert!(matches!(&asked[..], [Command::Account { change: Change::LiftCut { line: None }, .. }]), "{asked:?}");
}

#[tokio::test]
async fn a_new_secret_is_strong_and_shown_once() {
    let house = House::full(URL);
    let mut browser = Browser::of(&house, "dana").await;
    let path = "/accounts/law-000/lines/107/secret";
    let page = browser.post(path, path, "").await;
    assert_eq!(page.status, StatusCode::OK);
    let (_, rest) = page.text.split_once("class=\"secret\">").unwrap();
    let secret = rest.split_once('<').unwrap().0;
    assert_eq!(secret.len(), 23, "{secret}");
    for words in ["law-107", "sip.rockymtn.example", "192.0.2.1:5060", "2 bindings dropped, 1 call hung up"] {
        assert!(page.text.contains(words), "{words}");
    }
    let Change::SetSecret { line, secrets } = only_change(&house) else { panic!("a new secret") };
    assert_eq!(line, id("107"));
    let ha1 = sip::digest::Ha1Set::new(b"law-107", b"sip.rockymtn.example", secret.as_bytes());
    assert_eq!((secrets.ha1_md5, secrets.ha1_sha256), ha1.parts());
    for path in ["/accounts/law-000/lines/107", "/accounts/law-000/incidents/i0000000000009"] {
        let text = browser.get(path).await.text;
        assert!(!text.contains(secret), "{path}");
    }
    assert!(browser.get("/accounts/law-000/incidents/i0000000000009").await.text.contains("Done on"));
    // A trunk that is known by its address has none to change.
    let mut hank = Browser::of(&house, "hank").await;
    assert_eq!(hank.get("/accounts/harbor/lines/annex/secret").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn each_step_of_an_incident_is_done_there_and_leads_back() {
    let house = House::full(URL);
    let mut ada = Browser::of(&house, "ada").await;
    let incident = "/accounts/law-000/incidents/i0000000000009";
    let text = ada.get(incident).await.text;
    assert_eq!(text.matches(">to do</span>").count(), 5, "{text}");
    for (form, fields) in [
        ("/accounts/law-000/lines/107/binding", "contact=sip%3A107%40198.18.0.9%3A31022%3Bob"),
        ("/lockout/ban", "prefix=198.18.0.9%2F32&hours=168&note=calls+of+incident+i0000000000009"),
        ("/lockout/switch", "on=true"),
        ("/accounts/law-000/lines/107/international", "allowed=true"),
    ] {
        let action = format!("{form}?back={incident}");
        assert!(text.contains(&format!("action=\"{action}\"")) || form.ends_with("international"), "{action}");
        assert_eq!(ada.post(incident, &action, fields).await.location(), incident, "{form}");
    }
    let asked = changes(&house);
    assert!(matches!(&asked[1], Command::Ban { prefix, length_s: 604_800, .. } if *prefix == id("198.18.0.9/32")));
    let page = ada.post(incident, &format!("/accounts/law-000/lines/107/secret?back={incident}"), "").await;
    assert!(page.text.contains(&format!("href=\"{incident}\">Done, go on")), "{}", page.text);
    let page = ada.post(incident, "/lockout/switch?back=//evil.example/", "on=true").await;
    assert_eq!(page.location(), "/lockout", "to our own pages alone");
    ada.post(incident, &format!("{incident}/lift"), "").await;
    let text = ada.get(incident).await.text;
    assert!(text.contains("by ada. Whoever knew the old one is out") && text.contains("calls abroad go through"));
    // An owner who shares the node with others asks whoever runs it.
    let text = Browser::of(&house, "dana").await.get(incident).await.text;
    assert!(text.contains("Whoever runs this node can lock these addresses out") && !text.contains("/lockout/ban"));
}

#[tokio::test]
async fn lines_are_changed_by_their_buttons() {
    let house = House::full(URL);
    let mut browser = Browser::of(&house, "dana").await;
    let line = "/accounts/law-000/lines/118";
    browser.post(line, &format!("{line}/international"), "allowed=false").await;
    let Change::PutLine(put) = only_change(&house) else { panic!("a line") };
    assert!(put.id == id("118") && !put.international && put.secrets.is_none() && put.name == "Bat phone");
    let page = browser.post(line, &format!("{line}/binding"), "contact=sip%3A107%40203.0.113.77%3A5062%3Bob").await;
    let contact = "sip:107@203.0.113.77:5062;ob".to_owned();
    assert_eq!(only_change(&house), Change::DropBinding { line: id("118"), contact });
    assert!(note_after(&mut browser, &page).await.contains("no longer registered"));
    browser.post(line, "/accounts/law-000/incidents/i0000000000009/ours", "").await;
    assert_eq!(only_change(&house), Change::ThatWasUs { incident: IncidentId(9) });
    browser.post(line, "/accounts/law-000/incidents/i0000000000009/theirs", "").await;
    assert_eq!(only_change(&house), Change::ThatWasNotUs { incident: IncidentId(9) });
    browser.post(line, "/accounts/law-000/incidents/i0000000000009/take-back", "").await;
    assert_eq!(only_change(&house), Change::TakeBack { incident: IncidentId(9) });
    let ask = browser.get("/accounts/law-000/incidents/i0000000000009/theirs").await.text;
    assert!(ask.contains("speak against whoever uses them again") && ask.contains("take this answer back"));
    browser.post(line, "/accounts/law-000/calls/c00000000000w4/hangup", "").await;
    assert!(matches!(only_change(&house), Change::HangUp { .. }));
}

#[tokio::test]
async fn limits_are_set_by_their_forms() {
    let house = House::full(URL);
    let mut browser = Browser::of(&house, "dana").await;
    let line = "/accounts/law-000/lines/107/limits";
    let form = "international=on&countries=only&country=GB&country=DE&max_rate=0.50&max_calls=2&minutes_a_day=&hours=";
    assert_eq!(browser.post(line, line, form).await.location(), line);
    let Change::PutLine(put) = only_change(&house) else { panic!("a line") };
    assert_eq!((put.international, put.max_calls, put.limits.allowed.len()), (true, Some(2), 2));
    assert!(
        put.secrets.is_none() && put.limits.max_rate == Some(Money::from_cents(50)) && put.name == "Conference room"
    );
    let text = browser.get(line).await.text;
    assert!(text.contains("value=\"only\" checked") && text.contains("value=\"GB\" checked"), "as it was set");

    let account = "/accounts/law-000/limits";
    let form = "countries=but&country=CU&ceiling=12.50&max_calls=10&money_a_day=40&hours=Mon-Fri+08%3A00-18%3A00";
    browser.post(account, account, form).await;
    let Change::Settings(settings) = only_change(&house) else { panic!("settings") };
    assert_eq!((settings.international, settings.max_calls, settings.limits.denied.len()), (false, 10, 1));
    assert_eq!((settings.exposure_ceiling, settings.numbers.len()), (Money::from_cents(1_250), 1));
    for (wrong, why) in [
        ("countries=but&hours=always", "is not hours such as"),
        ("countries=but&max_calls=21", "nly whoever runs this node"),
        ("countries=but&ceiling=-1", "must not be below zero"),
    ] {
        let page = browser.post(account, account, wrong).await;
        let note = note_after(&mut browser, &page).await;
        assert!(note.contains(why), "{note}");
    }
    assert_eq!(changes(&house), []);
}

#[tokio::test]
async fn a_refusal_of_the_node_is_told_in_its_words() {
    let house = House::full(URL);
    let mut browser = Browser::of(&house, "dana").await;
    *house.script.refuse.lock().unwrap() = Some(CommandError::Account(account::ChangeError::NotCut));
    let path = "/accounts/law-000/lines/107";
    let page = browser.post(path, &format!("{path}/lift"), "").await;
    assert_eq!(note_after(&mut browser, &page).await, "International calling is not cut there.");
}

#[tokio::test]
async fn money_is_booked_by_administrators_alone() {
    let house = House::full(URL);
    let (path, top_up) = ("/accounts/law-000/money", "/accounts/law-000/money/topup");
    let mut dana = Browser::of(&house, "dana").await;
    assert_eq!(dana.post(path, top_up, "amount=5&reference=x").await.status, StatusCode::FORBIDDEN);
    let mut ada = Browser::of(&house, "ada").await;
    let page = ada.post(path, top_up, "amount=five&reference=x").await;
    assert!(note_after(&mut ada, &page).await.contains("five"), "what was typed is told back");
    assert_eq!(changes(&house), []);
    ada.post(path, top_up, "amount=50.00&reference=invoice+7").await;
    let asked = changes(&house);
    let [Command::Account { change: Change::TopUp { amount, reference }, .. }] = &asked[..] else {
        panic!("{asked:?}")
    };
    assert_eq!((*amount, reference.as_str()), (Money::from_cents(5_000), "invoice 7"));
}

#[tokio::test]
async fn the_lock_out_is_switched_set_and_lifted() {
    let house = House::full(URL);
    let mut ada = Browser::of(&house, "ada").await;
    let page = ada.post("/lockout", "/lockout/switch", "on=true").await;
    assert_eq!(note_after(&mut ada, &page).await, "Lock-out is on.");
    let asked = changes(&house);
    assert!(matches!(&asked[..], [Command::Node { change: NodeChange::Lockout(s), .. }] if s.enabled), "{asked:?}");
    let form = "failures=3&window_min=5&ban_min=30&max_ban_h=24&line_day=30&address_day=20&network_day=60&asn_day=300&allow_list=192.0.2.0%2F24%0D%0A198.51.100.7";
    ada.post("/lockout", "/lockout", form).await;
    let asked = changes(&house);
    let [Command::Node { change: NodeChange::Lockout(settings), .. }] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!((settings.enabled, settings.failures, settings.window_s, settings.allow_list.len()), (true, 3, 300, 2));
    assert_eq!((settings.line_day, settings.asn_day), (30, 300));
    let page = ada.post("/lockout", "/lockout/ban", "prefix=office&hours=1&note=").await;
    assert!(note_after(&mut ada, &page).await.contains("is not an address"));
    ada.post("/lockout", "/lockout/lift", "prefix=8.8.8.8").await;
    ada.post("/lockout", "/lockout/ban", "prefix=203.0.113.0%2F24&hours=2&note=scanner").await;
    let asked = changes(&house);
    let [Command::LiftBan { prefix: lifted, .. }, Command::Ban { prefix, length_s: 7200, .. }] = &asked[..] else {
        panic!("{asked:?}");
    };
    assert_eq!((*lifted, *prefix), (id("8.8.8.8/32"), id("203.0.113.0/24")));
}
