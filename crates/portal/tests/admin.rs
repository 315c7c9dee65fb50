//! What administrators do on pages: keys, carriers, decks, health.
#![allow(clippy::unwrap_used, reason = "the helpers of a test stop it as the test itself does")]

mod browser;
mod fixture;

use axum::http::StatusCode;
use browser::Browser;
use fixture::{House, now_ms};
use node::{Command, CommandError, NodeChange};
use store::{ApiKey, KeyScope, Reader};

const URL: &str = "http://portal.example";
/// What only administrators see.
const PAGES: [&str; 6] = ["/keys", "/carriers", "/carriers/wholesale", "/decks", "/decks/retail", "/health"];

fn audit(house: &House) -> Vec<(String, String)> {
    let reader = Reader::open(&house.database()).unwrap();
    reader.audit(None, 50).unwrap().into_iter().map(|row| (row.by, row.text)).collect()
}

fn node_changes(house: &House) -> Vec<NodeChange> {
    let asked: Vec<Command> = house.script.asked.lock().unwrap().drain(..).collect();
    let change = |command: Command| match command {
        Command::Node { change, .. } => Some(change),
        _ => None,
    };
    asked.into_iter().filter_map(change).collect()
}

#[tokio::test]
async fn they_are_there_for_administrators_alone() {
    for house in [House::full(URL), House::empty(URL)] {
        let mut ada = Browser::of(&house, "ada").await;
        for path in ["/keys", "/carriers", "/decks", "/health"] {
            assert_eq!(ada.get(path).await.status, StatusCode::OK, "{path}");
        }
    }
    let house = House::full(URL);
    let (mut ada, mut dana) = (Browser::of(&house, "ada").await, Browser::of(&house, "dana").await);
    for path in PAGES {
        assert_eq!(ada.get(path).await.status, StatusCode::OK, "{path}");
        assert_eq!(dana.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/carriers/none", "/decks/none", "/carriers/No%20name"] {
        assert_eq!(ada.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_key_is_made_on_a_page_shown_once_and_revoked() {
    let house = House::full(URL);
    let (mut dana, mut hank) = (Browser::of(&house, "dana").await, Browser::of(&house, "hank").await);
    let page = "/accounts/law-000/keys";
    for (form, why) in [
        ("name=&scope=read&days=", "1 to 100 characters"),
        ("name=x&days=", "needs a scope"),
        ("name=x&scope=everything&days=", "is no scope"),
        ("name=x&scope=money&days=", "whole node"),
        ("name=x&scope=read&days=0", "1 to 36500 days"),
    ] {
        dana.post(page, page, form).await;
        assert!(dana.get(page).await.text.contains(why), "{form}");
    }
    let text = dana.post(page, page, "name=office+PBX&scope=screen&scope=read&days=30").await.text;
    let key = text.split_once("class=\"secret\">").unwrap().1.split_once('<').unwrap().0.to_owned();
    let kept = house.desk.api_key(&ApiKey::hash(&key), now_ms()).unwrap().unwrap();
    assert_eq!(
        (kept.scopes.as_slice(), kept.created_by.as_str()),
        ([KeyScope::Read, KeyScope::Screen].as_slice(), "dana")
    );
    let shown = dana.get(page).await.text;
    assert!(shown.contains("office PBX") && shown.contains("never used") && !shown.contains(&key), "{shown}");
    assert!(!hank.get("/accounts/harbor/keys").await.text.contains(&kept.id));
    let form = format!("key={}", kept.id);
    assert_eq!(hank.post("/me", "/accounts/harbor/keys/revoke", &form).await.status, StatusCode::NOT_FOUND);
    dana.post(page, &format!("{page}/revoke"), &form).await;
    assert_eq!(house.desk.api_key(&ApiKey::hash(&key), now_ms()).unwrap(), None);
    let log = audit(&house);
    assert!(log[0].1.ends_with("(office PBX) is revoked.") && log[1].1.ends_with("(office PBX) is made."), "{log:?}");

    let mut ada = Browser::of(&house, "ada").await;
    ada.post("/keys", "/keys", "name=billing&scope=money&days=").await;
    let made = house.desk.api_keys().unwrap().pop().unwrap();
    assert_eq!((made.account, made.expires_ms), (None, None));
    assert!(!dana.get(page).await.text.contains("billing"));
}

#[tokio::test]
async fn carriers_are_added_changed_and_removed() {
    let house = House::full(URL);
    let mut ada = Browser::of(&house, "ada").await;
    let form = |id: &str, address: &str, options_s: &str| {
        format!(
            "id={id}&name=Third+Voice&address={address}&transport=tcp&domain=sip.third.example&sources=192.0.2.9%0A192.0.2.10\
             &prefix=99&plus=true&username=law&secret=a+secret+word&register_s=300&options_s={options_s}&cost_deck=retail"
        )
    };
    for (form, why) in [
        (form("Not+a+name", "192.0.2.1%3A5060", "60"), "a-z, 0-9"),
        (form("wholesale", "192.0.2.1%3A5060", "60"), "already"),
        (form("third", "nowhere+at+all", "60"), "neither an address"),
        (form("third", "192.0.2.1%3A5060", "5"), "10 to 86400 seconds"),
    ] {
        ada.post("/carriers", "/carriers", &form).await;
        let text = ada.get("/carriers").await.text;
        assert!(text.contains(why), "{why} in {text}");
    }
    assert_eq!(node_changes(&house), []);
    ada.post("/carriers", "/carriers", &form("third", "192.0.2.1%3A5060", "60")).await;
    let [NodeChange::PutCarrier(carrier)] = &node_changes(&house)[..] else { panic!("one carrier") };
    let auth = carrier.auth.as_ref().unwrap();
    assert_eq!((auth.username.as_str(), auth.secret.as_str(), auth.register_s), ("law", "a secret word", Some(300)));
    assert_eq!((carrier.sources.len(), carrier.prefix.as_str(), carrier.plus), (2, "99", true));
    let text = ada.get("/carriers/third").await.text;
    assert!(text.contains("sip.third.example") && !text.contains("a secret word"), "{text}");
    assert!(text.contains("Remove this carrier") && text.contains("No call has gone there yet"), "{text}");

    let changed =
        form("", "192.0.2.1%3A5060", "0").replace("secret=a+secret+word", "secret=").replace("&plus=true", "");
    ada.post("/carriers/third", "/carriers/third", &changed).await;
    let [NodeChange::PutCarrier(carrier)] = &node_changes(&house)[..] else { panic!("one carrier") };
    assert_eq!((carrier.options_s, carrier.plus), (0, false));
    assert_eq!(carrier.auth.as_ref().unwrap().secret, "", "the node keeps the one it has");
    let signed = format!("csrf={}&{changed}", ada.get("/carriers").await.csrf());
    *house.script.refuse.lock().unwrap() = Some(CommandError::NoSecret("third".parse().unwrap()));
    ada.post_raw("/carriers/third", &signed).await;
    *house.script.refuse.lock().unwrap() = None;
    assert!(ada.get("/carriers/third").await.text.contains("give its secret, too"));

    ada.post("/carriers/third", "/carriers/third/remove", "").await;
    assert_eq!(ada.get("/carriers/third").await.status, StatusCode::NOT_FOUND);
    let log = audit(&house);
    assert_eq!(log[0], ("ada".to_owned(), "Carrier third is removed.".to_owned()));
    let text = ada.get("/carriers/wholesale").await.text;
    assert!(text.contains("Cole &amp; Partners") || text.contains("Cole &#38; Partners"), "{text}");
    assert!(text.contains("answered") && !text.contains("Remove this carrier"), "{text}");
}

/// A form with a file, as browsers send it.
fn upload(csrf: &str, id: &str, what: &str, table: &str) -> String {
    let field =
        |name: &str, text: &str| format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
    let file = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"table\"; filename=\"r.csv\"\r\nContent-Type: text/csv\r\n\r\n{table}\r\n"
    );
    format!("{}{}{file}{}--edge--\r\n", field("csrf", csrf), field("id", id), field("do", what))
}

#[tokio::test]
async fn decks_are_looked_at_imported_and_removed() {
    let house = House::full(URL);
    let mut ada = Browser::of(&house, "ada").await;
    let csrf = ada.get("/decks").await.csrf();
    let table = "prefix,destination,rate\n355,Albania,0.30\n44,United Kingdom,0.02\n";
    let page = ada.post_form("/decks", &upload("", "new", "import", table)).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "without its token");
    let text = ada.post_form("/decks", &upload(&csrf, "new", "look", table)).await.text;
    assert!(text.contains("2 prices of a new deck") && text.contains("Nothing has been changed"), "{text}");
    let text = ada.post_form("/decks", &upload(&csrf, "new", "import", "prefix,rate\n355,dear\n")).await.text;
    assert!(text.contains("cannot be imported") && text.contains("dear"), "{text}");
    assert_eq!(node_changes(&house), []);
    let page = ada.post_form("/decks", &upload(&csrf, "new", "import", table)).await;
    assert_eq!(page.location(), "/decks/new");
    let text = ada.get("/decks/new?q=albania").await.text;
    assert!(text.contains("+355") && !text.contains("+44") && text.contains("Remove this deck"), "{text}");
    let dearer = table.replace("0.30", "0.45");
    let text = ada.post_form("/decks", &upload(&csrf, "new", "look", &dearer)).await.text;
    assert!(text.contains("2 prices: 0 new, 1 dearer, 0 cheaper, 0 changed otherwise, 0 go."), "{text}");

    ada.post("/decks", "/decks/price", "account=law-000&deck=new&markup=12.5").await;
    let reader = Reader::open(&house.database()).unwrap();
    let account = reader.account(&"law-000".parse().unwrap()).unwrap().unwrap();
    assert_eq!((account.settings.deck.as_str(), account.settings.terms.markup_bp), ("new", 1_250));
    ada.post("/decks", "/decks/price", "account=law-000&deck=new&markup=a+lot").await;
    assert!(ada.get("/decks").await.text.contains("is no percentage"));
    ada.post("/decks", "/decks/new/remove", "").await;
    assert!(matches!(&node_changes(&house)[..], [.., NodeChange::RemoveDeck(_)]));
}

#[tokio::test]
async fn health_is_told_in_figures_and_in_words() {
    let house = House::full(URL);
    let mut ada = Browser::of(&house, "ada").await;
    let text = ada.get("/health").await.text;
    for words in [
        "for 3 days 0 h",
        "41.2 GB of 80.0 GB",
        "7 records",
        "Carrier backup: does not answer.",
        "up to record 1150000",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    *house.script.refuse.lock().unwrap() = Some(CommandError::ShuttingDown);
    assert!(ada.get("/health").await.text.contains("The node does not answer"));
}
