//! Every page of the portal in its main states and every mail, on two screens, in light and in dark: looked over, and kept as
//! pictures under `target/screens` for people to judge.

#![allow(dead_code, reason = "what the tests with peers use besides")]
#![allow(clippy::unwrap_used, reason = "a page that is not as it should be fails the test")]

#[path = "../../tollguard/tests/e2e/support/browser.rs"]
mod browser;
mod fixture;
#[path = "../../tollguard/tests/e2e/support/hosts.rs"]
mod hosts;
#[path = "../../tollguard/tests/e2e/support/process.rs"]
mod process;
#[path = "../../tollguard/tests/e2e/support/record.rs"]
mod record;
#[path = "../../tollguard/tests/e2e/support/wait.rs"]
mod wait;

use std::collections::BTreeSet;
use std::future::pending;
use std::path::Path;

use node::CommandError;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use totp_rs::{Builder, Secret};

use browser::{Browser, Screen};
use fixture::House;
use hosts::Hosts;

const PASSWORD: &str = "correct horse";
const FIRM: &str = "/accounts/law-000";
/// Where each page's address stands.
const ROUTER: &str = include_str!("../src/router.rs");
/// What is no page, though it is read.
const NO_PAGES: [&str; 6] =
    ["/portal.css", "/icon.svg", "/live.js", "/live", "/calls.csv", "/incidents/{incident}/calls.csv"];

/// A portal over an invented firm.
struct Site {
    base: String,
    house: House,
    _runtime: Runtime,
}

impl Site {
    fn open(build: fn(&str) -> House) -> Self {
        let runtime = Runtime::new().unwrap();
        let address = (Hosts::new().host(80), 8080);
        let listener = runtime.block_on(TcpListener::bind(address)).unwrap();
        let base = format!("http://{}:{}", address.0, address.1);
        let house = runtime.block_on(async { build(&base) });
        let hash = store::hash_password(PASSWORD).unwrap();
        for login in ["ada", "dana", "vic", "hank"] {
            house.desk.set_password(login, &hash).unwrap();
        }
        runtime.spawn(portal::serve(listener, portal::router(house.state.clone()), pending()));
        Self { base, house, _runtime: runtime }
    }
}

/// Somebody who goes from page to page.
struct Visitor<'a> {
    browser: &'a Browser,
    site: &'a Site,
    seen: &'a mut BTreeSet<String>,
    wrong: &'a mut Vec<String>,
}

impl Visitor<'_> {
    fn go(&mut self, path: &str) {
        self.browser.go(&format!("{}{path}", self.site.base));
        self.seen.insert(path.split('?').next().unwrap().to_owned());
    }

    /// Keeps the page that is open.
    fn keep(&mut self, name: &str) {
        self.wrong.extend(self.browser.look_at_both(name));
    }

    fn see(&mut self, name: &str, path: &str) {
        self.go(path);
        self.keep(name);
    }

    /// The pages of the firm.
    fn see_all(&mut self, who: &str, pages: &[(&str, &str)]) {
        for (name, path) in pages {
            self.see(&format!("{name}{who}"), &format!("{FIRM}{path}"));
        }
    }

    fn log_in(&mut self, login: &str) {
        self.go("/login");
        self.browser.fill("login", login);
        self.browser.fill("password", PASSWORD);
        self.browser.press("Log in");
        self.browser.expect("Log out");
    }

    fn log_out(&mut self) {
        self.browser.submit(".who");
        self.browser.expect("Login name");
    }

    fn set(&mut self, fields: &[(&str, &str)]) {
        for (name, text) in fields {
            self.browser.run(&format!("document.querySelector('main .stack [name={name}]').value = '{text}'"));
        }
    }
}

/// What every account shows, whatever is in it.
const PAGES: [(&str, &str); 19] = [
    ("overview", ""),
    ("calls", "/calls"),
    ("calls-none", "/calls?number=999"),
    ("lines", "/lines"),
    ("new-line", "/new-line"),
    ("numbers", "/numbers"),
    ("incidents", "/incidents"),
    ("limits", "/limits"),
    ("money", "/money"),
    ("prices", "/prices"),
    ("prices-none", "/prices?q=nowhere"),
    ("guard", "/guard"),
    ("settings", "/settings"),
    ("people", "/people"),
    ("audit", "/audit"),
    ("webhooks", "/webhooks"),
    ("keys", "/keys"),
    ("no-such-line", "/lines/999"),
    ("no-such-day", "/calls?from=soon"),
];

/// What administrators see of the node.
const OF_THE_NODE: [(&str, &str); 8] = [
    ("node", "/"),
    ("lockout", "/lockout"),
    ("node-people", "/people"),
    ("node-audit", "/audit"),
    ("node-keys", "/keys"),
    ("health", "/health"),
    ("carriers", "/carriers"),
    ("decks", "/decks"),
];

/// What docs/portal.md shows; `UPDATE_GOLDEN=1` puts them there.
const PICTURES: [&str; 19] = [
    "login",
    "overview",
    "incident",
    "calls-filtered",
    "call",
    "lines",
    "line-old-secret",
    "secret",
    "numbers",
    "limits",
    "money",
    "prices",
    "settings",
    "people",
    "audit",
    "webhooks-tested",
    "keys-one",
    "lockout",
    "me-with-second-step",
];

/// What the hijacked firm has besides.
const DETAILS: [(&str, &str); 14] = [
    ("calls-filtered", "/calls?line=107&number=%2B355&country=AL&verdict=refused&from=2020-01-01&to=2099-01-01"),
    ("calls-older", "/calls?before=1.c0000000000001"),
    ("call", "/calls/c0000000000004"),
    ("call-refused", "/calls/c0000000000003"),
    ("call-ordinary", "/calls/c0000000000001"),
    ("line-cut", "/lines/107"),
    ("line-spare", "/lines/140"),
    ("line-old-secret", "/lines/101"),
    ("line-limits", "/lines/107/limits"),
    ("ask-secret", "/lines/107/secret"),
    ("incident", "/incidents/i0000000000009"),
    ("ask-lift", "/incidents/i0000000000009/lift"),
    ("ask-ours", "/incidents/i0000000000009/ours"),
    ("ask-theirs", "/incidents/i0000000000009/theirs"),
];

fn without_a_login(visitor: &mut Visitor<'_>) {
    visitor.see("login", "/login");
    visitor.browser.fill("login", "dana");
    visitor.browser.fill("password", "a wrong guess");
    visitor.browser.press("Log in");
    visitor.browser.expect("do not go together");
    visitor.keep("login-wrong");
    visitor.see("forgot", "/forgot");
    visitor.browser.fill("login", "dana");
    visitor.browser.press("Send the mail");
    visitor.browser.expect("on its way");
    visitor.keep("forgot-asked");
    visitor.see("once-unreadable", "/once/nonsense");
}

fn the_owner(visitor: &mut Visitor<'_>) {
    visitor.log_in("dana");
    visitor.see_all("", &PAGES);
    visitor.see_all("", &DETAILS);
    visitor.see("ask-take-back", &format!("{FIRM}/incidents/i0000000000009/take-back"));
    visitor.see("me", "/me");
    visitor.see("nowhere", "/nowhere");
    visitor.go(FIRM);
    visitor.browser.press("Hang up");
    visitor.browser.expect("changed");
    visitor.keep("overview-hung-up");
    visitor.go(&format!("{FIRM}/new-line"));
    visitor.set(&[("line", "108"), ("name", "Back office")]);
    visitor.browser.press("Add the line");
    visitor.browser.expect("shown this once");
    visitor.browser.run("document.querySelectorAll('details').forEach(one => one.open = true)");
    visitor.keep("secret");
    visitor.go(&format!("{FIRM}/webhooks"));
    visitor.set(&[("url", "https://hooks.example.com/tollguard")]);
    visitor.browser.press("Add it");
    visitor.browser.expect("shown this once");
    visitor.keep("webhook-secret");
    visitor.see("webhooks-one", &format!("{FIRM}/webhooks"));
    visitor.browser.press("Send a test");
    visitor.keep("webhooks-tested");
    visitor.go(&format!("{FIRM}/keys"));
    visitor.set(&[("name", "office PBX")]);
    visitor.browser.press("Make it");
    visitor.browser.expect("shown this once");
    visitor.keep("key");
    visitor.see("keys-one", &format!("{FIRM}/keys"));
    visitor.go(&format!("{FIRM}/people"));
    visitor.set(&[("login", "eve"), ("email", "eve@example.com")]);
    visitor.browser.press("Send the invitation");
    visitor.browser.expect("invited");
    visitor.keep("people-invited");
    visitor.go(&format!("{FIRM}/limits"));
    visitor.browser.run("document.querySelector('[name=max_rate]').value = 'cheap'");
    visitor.browser.press("Save the limits");
    visitor.browser.expect("cheap");
    visitor.keep("limits-wrong");
    visitor.go(&format!("{FIRM}/incidents/i0000000000009/lift"));
    visitor.browser.submit("main form");
    visitor.browser.expect("may call abroad again");
    visitor.keep("incident-lifted");
    the_second_step(visitor);
}

/// Set up, and asked for at the next login.
fn the_second_step(visitor: &mut Visitor<'_>) {
    visitor.go("/me");
    visitor.browser.press("Set it up");
    visitor.browser.expect("Set up the second step");
    visitor.seen.insert("/me/second-factor".into());
    visitor.keep("second-step");
    let secret = visitor.browser.read("secret").replace(' ', "");
    let totp = Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).build().unwrap();
    let now_s = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    visitor.browser.fill("code", &totp.generate(now_s).to_string());
    visitor.browser.press("Turn it on");
    visitor.browser.expect("Your recovery codes");
    visitor.keep("recovery-codes");
    visitor.see("me-with-second-step", "/me");
    visitor.log_out();
    visitor.go("/login");
    visitor.browser.fill("login", "dana");
    visitor.browser.fill("password", PASSWORD);
    visitor.browser.press("Log in");
    visitor.browser.expect("The second step");
    visitor.seen.insert("/login/code".into());
    visitor.keep("code");
}

fn the_viewer(visitor: &mut Visitor<'_>) {
    visitor.log_in("vic");
    let own = ["overview", "new-line", "numbers", "limits", "money", "guard", "settings", "people", "webhooks"];
    let of_lines = ["line-cut", "line-spare", "ask-secret", "incident", "ask-lift"];
    for page in PAGES
        .iter()
        .filter(|page| own.contains(&page.0))
        .chain(DETAILS.iter().filter(|page| of_lines.contains(&page.0)))
    {
        visitor.see_all("-viewer", &[*page]);
    }
    visitor.log_out();
}

fn the_other_owner(visitor: &mut Visitor<'_>) {
    visitor.log_in("hank");
    visitor.see("trunk-overview", "/accounts/harbor");
    visitor.see("trunk-incident", "/accounts/harbor/incidents/i000000000000c");
    visitor.see("trunk", "/accounts/harbor/lines/hq");
    visitor.see("trunk-by-address", "/accounts/harbor/lines/annex");
    visitor.see("lines-trunks", "/accounts/harbor/lines");
    visitor.log_out();
}

/// A table that is looked at before it is imported, and one that cannot be.
fn a_new_deck(visitor: &mut Visitor<'_>) {
    for (name, table) in [
        ("deck-preview", "prefix,destination,rate\\n1,USA,0.02\\n355,Albania,0.40\\n"),
        ("deck-faults", "prefix,rate\\nx,cheap\\n"),
    ] {
        visitor.go("/decks");
        visitor.browser.run(&format!(
            "const all = new DataTransfer(); all.items.add(new File(['{table}'], 'rates.csv', {{type: 'text/csv'}})); \
             document.querySelector('[name=table]').files = all.files; document.querySelector('.stack [name=id]').value = 'retail'"
        ));
        visitor.browser.press("See what would change");
        visitor.browser.expect("Nothing has been changed");
        visitor.keep(name);
    }
}

fn the_administrator(visitor: &mut Visitor<'_>) {
    visitor.log_in("ada");
    for (name, path) in OF_THE_NODE {
        visitor.see(name, path);
    }
    for (name, path) in [("carrier", "/carriers/wholesale"), ("carrier-silent", "/carriers/backup")] {
        visitor.see(name, path);
    }
    visitor.see("deck", "/decks/retail");
    visitor.see("deck-none", "/decks/retail?q=nowhere");
    a_new_deck(visitor);
    visitor.go("/carriers");
    visitor.set(&[("id", "third"), ("address", "nowhere at all")]);
    visitor.browser.press("Add it");
    visitor.keep("carrier-wrong");
    visitor.go("/keys");
    visitor.set(&[("name", "billing")]);
    visitor.browser.press("Make it");
    visitor.browser.expect("shown this once");
    visitor.keep("node-key-text");
    visitor.see("node-keys-one", "/keys");
    visitor.see_all("-admin", &[("money", "/money"), ("numbers", "/numbers"), ("overview", "")]);
    visitor.go("/lockout");
    visitor.browser.press("Turn it on");
    visitor.browser.expect("Lock-out is on");
    visitor.keep("lockout-on");
    // The node is restarted meanwhile.
    *visitor.site.house.script.refuse.lock().unwrap() = Some(CommandError::ShuttingDown);
    visitor.see("node-silent", "/");
    visitor.see("lockout-silent", "/lockout");
    visitor.see_all("-silent", &[("overview", ""), ("incident", "/incidents/i0000000000009"), ("line", "/lines/107")]);
    visitor.see("health-silent", "/health");
    visitor.see("carriers-silent", "/carriers");
    *visitor.site.house.script.refuse.lock().unwrap() = None;
    visitor.log_out();
}

/// Every mail as it is sent: the golden files of the notices.
fn the_mails(visitor: &mut Visitor<'_>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../notify/golden").canonicalize().unwrap();
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut mails: Vec<_> = files.filter(|file| file.extension().is_some_and(|end| end == "html")).collect();
    mails.sort();
    assert!(mails.len() >= 12, "{mails:?}");
    for mail in mails {
        visitor.browser.go(&format!("file://{}", mail.display()));
        visitor.keep(&format!("mail-{}", mail.file_stem().unwrap().to_str().unwrap()));
    }
}

/// Puts the pictures of docs/portal.md in place.
fn update_the_pictures() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let screens = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("screens/desk/light");
    for name in PICTURES {
        std::fs::copy(screens.join(format!("{name}.webp")), root.join(format!("docs/pictures/{name}.webp"))).unwrap();
    }
}

/// Every address that is read leads to a page that was looked at.
fn nothing_is_left_out(seen: &BTreeSet<String>) {
    let flat: String = ROUTER.split_whitespace().collect();
    let routes = flat.split(".route(\"").skip(1).filter_map(|rest| rest.split_once("\","));
    let read = routes.filter(|(_, rest)| rest.starts_with("get(")).map(|(route, _)| route);
    for route in read.filter(|route| !NO_PAGES.contains(route)) {
        let parts: Vec<&str> = route.split('/').skip(1).collect();
        let fits = |path: &String| {
            let path: Vec<&str> = path.split('/').skip(1).collect();
            let tail = path.len().checked_sub(parts.len()).map(|from| &path[from..]);
            tail.is_some_and(|tail| parts.iter().zip(tail).all(|(part, of)| part.starts_with('{') || part == of))
        };
        assert!(route == "/" || seen.iter().any(fits), "nobody has looked at {route}");
    }
}

fn everything_is_looked_at(screen: Screen) {
    fixture::world::IS_POLITE.store(true, std::sync::atomic::Ordering::Relaxed);
    let browser = Browser::open(screen);
    let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
    let mut round = |site: &Site, rounds: &[fn(&mut Visitor<'_>)]| {
        for walk in rounds {
            walk(&mut Visitor { browser: &browser, site, seen: &mut seen, wrong: &mut wrong });
        }
    };
    let full = Site::open(House::full);
    round(&full, &[without_a_login, the_viewer, the_other_owner, the_administrator, the_owner, the_mails]);
    round(
        &Site::open(House::bare),
        &[|visitor| {
            visitor.log_in("dana");
            visitor.see_all("-empty", &PAGES);
            visitor.see("lockout-of-the-only-owner", "/lockout");
            visitor.log_out();
        }],
    );
    round(
        &Site::open(House::empty),
        &[|visitor| {
            visitor.log_in("ada");
            for (name, path) in OF_THE_NODE {
                visitor.see(&format!("{name}-empty"), path);
            }
            visitor.log_out();
        }],
    );
    nothing_is_left_out(&seen);
    if screen == Screen::Desk && std::env::var_os("UPDATE_GOLDEN").is_some() {
        update_the_pictures();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn on_a_desk_every_page_is_looked_at() {
    everything_is_looked_at(Screen::Desk);
}

#[test]
fn on_a_phone_every_page_is_looked_at() {
    everything_is_looked_at(Screen::Phone);
}
