//! People in a real browser, with real mails: invited, with a second step, with a forgotten password.

use std::fs::write;

use totp_rs::{Builder, Secret};

use crate::support::{Browser, Hosts, MailServer, Node, NodeOptions, Office, Screen};

const PASSWORD: &str = "correct horse battery";
const CHOSEN: &str = "a staple of my own";

fn link_in(text: &str) -> String {
    text.split_whitespace().find(|word| word.contains("/once/")).expect("a link that works once").to_owned()
}

fn log_in(browser: &Browser, login: &str, password: &str) {
    browser.fill("login", login);
    browser.fill("password", password);
    browser.press("Log in");
}

fn log_out(browser: &Browser) {
    browser.submit(".who");
    browser.expect("Login name");
}

#[test]
fn a_colleague_is_invited_has_a_second_step_and_forgets_the_password() {
    let hosts = Hosts::new();
    let server = MailServer::start((hosts.host(25), 2525).into());
    let office = Office::new(hosts.sip(2), "50").extension("101", "alice");
    let options = NodeOptions::default().set("smtp", &server.url()).set("from", "\"Tollguard <guard@sip.test>\"");
    let node = Node::start(hosts, &options, &office);
    write(node.path("word"), PASSWORD).unwrap();
    let word = node.path("word").to_str().unwrap().to_owned();
    node.command(&["user", "add", "ann", "--role", "owner", "--account", "firm", "--password-file", &word]);
    let base = format!("http://{}:8080", node.ip());
    let browser = Browser::open(Screen::Phone);

    browser.go(&format!("{base}/accounts/firm/people"));
    log_in(&browser, "ann", PASSWORD);
    browser.expect("Invite somebody");
    for (name, text) in [("login", "ben"), ("name", "Ben Baker"), ("email", "ben@firm.test")] {
        browser.run(&format!("document.querySelector('.stack [name={name}]').value = '{text}'"));
    }
    browser.press("Send the invitation");
    browser.expect("ben is invited by mail");
    browser.look("people-invited");
    log_out(&browser);

    let mail = server.expect("You are invited");
    assert!(mail.to.contains("ben@firm.test") && mail.html.contains("Choose a password"), "{mail:?}");
    browser.go(&link_in(&mail.text));
    browser.expect("Welcome, Ben Baker");
    browser.look("choose-password");
    browser.fill("password", CHOSEN);
    browser.fill("again", CHOSEN);
    browser.press("Take this password");
    browser.expect("Your password is set");
    browser.look("login-after-password");
    log_in(&browser, "ben", CHOSEN);
    browser.expect("Balance");

    browser.go(&format!("{base}/me"));
    browser.press("Set it up");
    browser.expect("Set up the second step");
    browser.look("second-step");
    let secret = browser.read("secret").replace(' ', "");
    let totp = Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).build().unwrap();
    let now_s = || std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    // One code counts once: the next one is left for the login. Each is taken half a minute early or late.
    let set_up_s = now_s();
    browser.fill("code", &totp.generate(set_up_s).to_string());
    browser.press("Turn it on");
    browser.expect("Your recovery codes");
    browser.look("recovery-codes");
    browser.press("I have kept them");
    browser.expect("10 recovery codes left");
    browser.look("me-with-second-step");
    log_out(&browser);
    log_in(&browser, "ben", CHOSEN);
    browser.expect("The second step");
    browser.look("code");
    browser.fill("code", &totp.generate(set_up_s + 30).to_string());
    browser.press("Go on");
    browser.expect("Balance");
    log_out(&browser);
    server.expect("Your login was changed");

    forgets_the_password(&browser, &server);
}

fn forgets_the_password(browser: &Browser, server: &MailServer) {
    browser.press("Forgotten your password?");
    browser.look("forgot");
    browser.fill("login", "ben");
    browser.press("Send the mail");
    browser.expect("a mail is on its way");
    browser.look("forgot-asked");
    browser.go(&link_in(&server.expect("Choose a new password").text));
    browser.expect("Choose another password");
    browser.fill("password", PASSWORD);
    browser.fill("again", PASSWORD);
    browser.press("Take this password");
    log_in(browser, "ben", PASSWORD);
    browser.expect("The second step");
}
