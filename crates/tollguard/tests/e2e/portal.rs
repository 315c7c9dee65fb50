//! The owner puts it right alone, in a real browser: from the link in the mail to the working international call; and every
//! page of the portal looked over.

use std::fs::write;
use std::time::Duration;

use geo::fixture::{Value, database, map};
use guard::{Action, Incident};
use tempfile::TempDir;

use crate::support::sipp::SippOptions;
use crate::support::{
    Browser, Hosts, Mail, MailServer, Node, NodeOptions, Office, SOON, Screen, Sipp, secret, wait_for,
};

const PASSWORD: &str = "correct horse battery";
/// How long all of it may take.
const STORY: Duration = Duration::from_secs(300);
/// What the thief's tool calls itself.
const SCANNER: &str = "friendly-scanner";

/// A firm whose spare extension was hijacked, cut, and told by mail.
struct Hijacked {
    node: Node,
    incident: Incident,
    mail: Mail,
    _carrier: Sipp,
    _databases: TempDir,
}

/// Databases that know where the thief and the office are.
fn databases(hosts: Hosts) -> TempDir {
    let place = |city, country, latitude, longitude| {
        let (latitude, longitude) = (Value::Double(latitude), Value::Double(longitude));
        map([
            ("city", Value::Text(city)),
            ("country_code", Value::Text(country)),
            ("latitude", latitude),
            ("longitude", longitude),
        ])
    };
    let network = |number, name| {
        let name = Value::Text(name);
        map([("autonomous_system_number", Value::Whole(number)), ("autonomous_system_organization", name)])
    };
    let (thief, office) = (format!("{}/32", hosts.host(66)), format!("{}/30", hosts.host(8)));
    let (gaza, denver) = (place("Khan Yunis", "PS", 31.3462, 34.3025), place("Denver", "US", 39.7392, -104.9903));
    let (paltel, cable) = (network(12_975, "PalTel"), network(7_922, "Comcast"));
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("city.mmdb"), database(vec![(&thief, gaza), (&office, denver)])).unwrap();
    write(folder.path().join("asn.mmdb"), database(vec![(&thief, paltel), (&office, cable)])).unwrap();
    folder
}

impl Hijacked {
    fn new() -> Self {
        let hosts = Hosts::new();
        let server = MailServer::start((hosts.host(25), 2525).into());
        let office = Office::new(hosts.sip(2), "50").extension("101", "alice").extension("107", "spare");
        let options = NodeOptions::default().set("smtp", &server.url()).set("from", "\"Tollguard <guard@sip.test>\"");
        let databases = databases(hosts);
        let file = |name: &str| format!("{:?}", databases.path().join(name));
        let options = options.set("city", &file("city.mmdb")).set("asn", &file("asn.mmdb"));
        let node = Node::start(hosts, &options.set("enabled", "false"), &office);
        write(node.path("word"), PASSWORD).unwrap();
        let word = node.path("word").to_str().unwrap().to_owned();
        for user in
            [&["ann", "--role", "owner", "--account", "firm", "--name", "Ann Baker"][..], &["ada", "--role", "admin"]]
        {
            node.command(&[&["user", "add"], user, &["--password-file", &word]].concat());
        }
        let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).calls(1_000, 1).within(STORY).start();
        Sipp::calling("call", hosts.sip(10), node.ip()).dial("13035550123").login("alice", &secret("alice")).run();
        let guesses = Sipp::calling("register_wrong", hosts.sip(66), node.ip()).calls(30, 100);
        guesses.login("spare", "guess").agent(SCANNER).run();
        Sipp::calling("register", hosts.sip(66), node.ip()).login("spare", &secret("spare")).agent(SCANNER).run();
        let attack = Sipp::calling("call_until_bye", (hosts.host(66), 5070).into(), node.ip()).dial("011355691234567");
        let attack = attack.login("spare", &secret("spare")).agent(SCANNER).calls(8, 4).start();
        let incident =
            wait_for(SOON, "a cut", || node.incidents().into_iter().find(|incident| incident.action > Action::Alert));
        attack.end();
        let mail = server.expect("international calling");
        Self { node, incident, mail, _carrier: carrier, _databases: databases }
    }

    /// What became of the incident.
    fn state(&self) -> String {
        self.node.command(&["incident", "show", &self.incident.id.to_string(), "--json"])
    }

    /// The spare extension in the office, which calls abroad.
    fn phone(&self, scenario: &str, secret: &str) -> SippOptions {
        let phone = Sipp::calling(scenario, self.node.hosts.sip(11), self.node.ip()).dial("011442079460000");
        phone.login("spare", secret)
    }
}

fn log_in(browser: &Browser, login: &str) {
    browser.fill("login", login);
    browser.fill("password", PASSWORD);
    browser.press("Log in");
}

fn the_owner_puts_it_right(screen: Screen) {
    let firm = Hijacked::new();
    let (node, incident) = (&firm.node, format!("/accounts/firm/incidents/{}", firm.incident.id));
    let base = format!("http://{}:8080", node.ip());
    let link =
        firm.mail.text.split_whitespace().find(|word| word.ends_with(&incident)).expect("a link to the incident");
    assert!(firm.phone("call_refused", &secret("spare")).run().contains("SIP/2.0 403"), "cut");

    let browser = Browser::open(screen);
    let not_us = stop_it_from_the_mail(&browser, &firm);
    browser.go(link);
    browser.look("login");
    log_in(&browser, "ann");
    browser.expect("Extension 107 may have been hijacked");
    browser.expect("from Khan Yunis, Palestine");
    browser.expect("nobody knows the new one");
    assert_eq!(browser.url(), format!("{base}{incident}"), "the link leads on after the login");
    browser.look("incident");

    browser.press("Change the secret now");
    browser.expect("The secret is shown this once");
    let new = browser.read("secret");
    browser.look("secret");
    browser.press("Done, go on");
    browser.expect("Whoever knew the old one is out");
    browser.press(&format!("Lock out {} for a week", node.hosts.host(66)));
    browser.expect(&format!("{}/32 locked out until", node.hosts.host(66)));
    browser.press("Turn lock-out on");
    browser.expect("Lock-out is on: addresses that fail too often are refused.");
    browser.press("Turn it back on");
    browser.expect("calls abroad go through");
    browser.look("incident-put-right");

    browser.go(&base);
    browser.expect("Nobody is talking.");
    // What comes and goes is seen without loading the page again.
    let call = firm.phone("call_until_bye", &new).start();
    browser.expect("talking for");
    browser.look("overview-talking");
    browser.press("Hang up");
    browser.expect("Nobody is talking.");
    call.finish();
    firm.phone("call", &new).run();
    let cdr = node.cdrs().pop().unwrap();
    assert_eq!((cdr.number.e164.unwrap().to_string().as_str(), cdr.result.sip_status), ("+442079460000", 200));
    browser.go(&base);
    browser.expect("+442079460000");
    answer_from_the_mail(&browser, &firm, &not_us);
    every_page(&browser, &base, &incident, &cdr.call.to_string());
}

/// The owner has no password at hand: links in the mail stop the thief, each once, and open nothing. A scanner has followed
/// them all before.
fn stop_it_from_the_mail(browser: &Browser, firm: &Hijacked) -> String {
    let links: Vec<&str> = firm.mail.text.split_whitespace().filter(|word| word.starts_with("http")).collect();
    let once: Vec<&str> = links.iter().copied().filter(|link| link.contains("/once/")).collect();
    assert_eq!(once.len(), 2, "{links:?}");
    assert!(once.iter().all(|link| firm.mail.html.contains(link)), "in both parts");
    for link in &links {
        assert!(ureq::get(*link).call().is_ok(), "{link}");
    }
    assert!(firm.state().contains("\"state\": \"open\""), "{}", firm.state());

    browser.go(once[1]);
    browser.look("once-shut");
    browser.press("Shut the line now");
    browser.expect("has a new secret");
    browser.go(&format!("http://{}:8080/accounts/firm", firm.node.ip()));
    browser.expect("Login name");
    once[0].to_owned()
}

/// The owner answers by the link in the mail, once.
fn answer_from_the_mail(browser: &Browser, firm: &Hijacked, not_us: &str) {
    browser.go(not_us);
    browser.expect("Extension 107");
    browser.look("once-not-us");
    browser.press("No, that was not us");
    browser.expect("This link has done its work");
    browser.look("once-done");
    assert!(firm.state().contains("\"state\": \"theirs\""), "{}", firm.state());
    browser.go(not_us);
    browser.expect("This link has been used");
    browser.look("once-used");
}

/// Every page there is, as the owner and as the administrator see it.
fn every_page(browser: &Browser, base: &str, incident: &str, call: &str) {
    let see = |name: &str, page: &str| {
        browser.go(&format!("{base}{page}"));
        browser.look(name);
    };
    see("overview", "/accounts/firm");
    for page in [
        "calls",
        "lines",
        "limits",
        "incidents",
        "money",
        "guard",
        "settings",
        "keys",
        "people",
        "audit",
        "webhooks",
        "numbers",
        "new-line",
    ] {
        see(page, &format!("/accounts/firm/{page}"));
    }
    see("calls-none", "/accounts/firm/calls?number=999");
    see("call", &format!("/accounts/firm/calls/{call}"));
    see("line", "/accounts/firm/lines/107");
    see("line-101", "/accounts/firm/lines/101");
    see("line-limits", "/accounts/firm/lines/107/limits");
    see("ask-secret", "/accounts/firm/lines/107/secret");
    for page in ["lift", "ours", "theirs", "take-back"] {
        see(&format!("ask-{page}"), &format!("{incident}/{page}"));
    }
    see("lockout", "/lockout");
    see("me", "/me");
    see("nowhere", "/nowhere");
    browser.run("document.body.insertAdjacentHTML('beforeend', '<img src=\"/icon.svg\">')");
    let fault = browser.faults()[0].to_string();
    assert!(fault.contains("image-alt"), "a fault is seen: {fault}");
    browser.go(base);
    browser.submit(".who");
    browser.expect("Login name");
    log_in(browser, "ada");
    browser.expect("All accounts");
    browser.look("node");
    for page in ["people", "audit", "keys", "carriers", "carriers/wholesale", "decks", "health"] {
        see(&format!("node-{}", page.replace('/', "-")), &format!("/{page}"));
    }
}

#[test]
fn on_a_desk_the_owner_puts_it_right_from_the_mail_to_the_call_abroad() {
    the_owner_puts_it_right(Screen::Desk);
}

#[test]
fn on_a_phone_the_owner_puts_it_right_from_the_mail_to_the_call_abroad() {
    the_owner_puts_it_right(Screen::Phone);
}
