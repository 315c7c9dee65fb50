//! The administrator in a real browser, on a desk and on a phone: a carrier that is added, changed and removed, a deck that is
//! looked at and imported, a mark-up, an API key that opens what it says, and how the node fares.

use std::fs::write;

use crate::support::{Browser, Hosts, Node, NodeOptions, Office, Screen};

const PASSWORD: &str = "correct horse battery";

fn log_in(browser: &Browser, login: &str) {
    browser.fill("login", login);
    browser.fill("password", PASSWORD);
    browser.press("Log in");
}

fn the_administrator_sets_a_node_up(screen: Screen) {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "50").extension("101", "alice");
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    write(node.path("word"), PASSWORD).unwrap();
    let word = node.path("word").to_str().unwrap().to_owned();
    node.command(&["user", "add", "ada", "--role", "admin", "--password-file", &word]);
    let base = format!("http://{}:8080", node.ip());
    let browser = Browser::open(screen);
    browser.go(&format!("{base}/carriers"));
    log_in(&browser, "ada");
    browser.expect("Add a carrier");
    a_carrier(&browser, &node, &base);
    a_deck(&browser, &node, &base);
    a_key(&browser, &node, &base);
    browser.go(&format!("{base}/health"));
    browser.expect("Records in the journal");
    browser.expect("Free on the disk");
    browser.look("administrator-health");
    browser.go(&format!("{base}/audit"));
    for text in ["Carrier second is removed.", "Deck summer has 2 prices.", "(billing) is made."] {
        browser.expect(text);
    }
    browser.look("administrator-audit");
    node.check_books();
}

fn a_carrier(browser: &Browser, node: &Node, base: &str) {
    let server = node.hosts.sip(9).to_string();
    for (field, text) in [("id", "second"), ("name", "Second Voice"), ("address", "nowhere at all")] {
        browser.fill(field, text);
    }
    browser.press("Add it");
    browser.expect("neither an address with a port");
    browser.look("administrator-carrier-refused");
    for (field, text) in [("id", "second"), ("name", "Second Voice"), ("address", server.as_str())] {
        browser.fill(field, text);
    }
    browser.press("Add it");
    browser.expect("Carrier second is set up.");
    browser.look("administrator-carriers");
    browser.press("Second Voice");
    browser.expect("None does.");
    browser.fill("name", "Second Voice Ltd");
    browser.fill("username", "firm");
    browser.fill("secret", "a secret of ours");
    browser.press("Save");
    browser.expect("Second Voice Ltd");
    browser.fill("options_s", "30");
    browser.press("Save");
    // The secret was not typed again.
    browser.expect("Carrier second is set up.");
    browser.look("administrator-carrier");
    let told = node.command(&["carrier", "list", "--json"]);
    assert!(told.contains("\"username\": \"firm\"") && told.contains("\"options_s\": 30"), "{told}");
    assert!(!browser.source().contains("a secret of ours"));
    browser.press("Remove this carrier");
    browser.expect("Carrier second is removed.");
    assert!(!node.command(&["carrier", "list"]).contains("second"));
    browser.go(&format!("{base}/carriers/wholesale"));
    browser.expect("While accounts use it, it cannot be removed.");
}

fn a_deck(browser: &Browser, node: &Node, base: &str) {
    let table = node.path("summer.csv");
    write(&table, "prefix,destination,rate\n1,United States,0.01\n355,Albania,0.40\n").unwrap();
    browser.go(&format!("{base}/decks"));
    browser.look("administrator-decks");
    browser.fill("id", "summer");
    browser.choose("table", table.to_str().unwrap());
    browser.press("See what would change");
    browser.expect("2 prices of a new deck");
    browser.look("administrator-deck-preview");
    browser.press("Back to the decks");
    browser.fill("id", "summer");
    browser.choose("table", table.to_str().unwrap());
    browser.press("Import it");
    browser.expect("Deck summer has 2 prices.");
    browser.look("administrator-deck");
    browser.go(&format!("{base}/decks"));
    browser.run("document.querySelector('[name=deck]').value = 'summer'");
    browser.fill("markup", "25");
    browser.press("Save");
    browser.expect("mark-up from 0.00% to 25.00%");
    let account = node.command(&["account", "show", "firm", "--json"]);
    assert!(account.contains("\"markup_bp\": 2500") && account.contains("\"deck\": \"summer\""), "{account}");
}

fn a_key(browser: &Browser, node: &Node, base: &str) {
    browser.go(&format!("{base}/keys"));
    browser.fill("name", "billing");
    browser.press("Make it");
    browser.expect("It is shown this once");
    let key = browser.read("secret");
    browser.look("administrator-key");
    browser.press("I have kept it");
    browser.expect("never used");
    let accounts = format!("{base}/api/v1/accounts");
    let ask = || {
        let answer = ureq::get(&accounts).header("Authorization", format!("Bearer {key}")).call();
        answer.map(|mut answer| answer.body_mut().read_to_string().unwrap()).map_err(|error| error.to_string())
    };
    assert!(ask().unwrap().contains("\"id\":\"firm\""));
    browser.go(&format!("{base}/keys"));
    browser.expect("last used");
    browser.look("administrator-keys");
    browser.press("Revoke");
    browser.expect("(billing) is revoked.");
    assert!(ask().unwrap_err().contains("401"));
    assert!(node.command(&["api-key", "list"]).contains("There are no keys yet"));
}

#[test]
fn on_a_desk_the_administrator_sets_a_node_up() {
    the_administrator_sets_a_node_up(Screen::Desk);
}

#[test]
fn on_a_phone_the_administrator_sets_a_node_up() {
    the_administrator_sets_a_node_up(Screen::Phone);
}
