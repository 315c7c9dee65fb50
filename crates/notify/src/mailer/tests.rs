//! The message as it goes out.

use super::*;
use crate::testing::smtp::{Act, Server};
use crate::testing::{OPENED_MS, account_id};

fn mail() -> Mail {
    Mail {
        subject: "Tollguard: ä\r\nBcc: x@y.z".into(),
        text: "Grüße\n".into(),
        html: "<p>Grüße</p>".into(),
        urgent: true,
    }
}

fn mailer(url: &str) -> Mailer {
    Mailer::new(&Settings::parse(url, "Tollguard <alerts@front.example>", "https://p.example").unwrap()).unwrap()
}

fn contact(name: &str, email: &str) -> Contact {
    Contact { name: name.into(), email: email.into() }
}

#[test]
fn text_and_html_are_alternatives_and_headers_cannot_be_smuggled_in() {
    let to = contact("Ann\r\nBcc: evil@x.y", "ann@smith.example");
    let message = mailer("smtp://127.0.0.1").message(&to, &mail(), "<1@front.example>", OPENED_MS).unwrap();
    let text = String::from_utf8(message.formatted()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    for line in [
        "From: Tollguard <alerts@front.example>",
        "Date: Sun, 22 Mar 2026 10:12:05 +0000",
        "Message-ID: <1@front.example>",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "Importance: high",
        "MIME-Version: 1.0",
    ] {
        assert!(head.lines().any(|have| have == line), "{line} in\n{head}");
    }
    assert!(!head.lines().any(|line| line.to_lowercase().starts_with("bcc")), "{head}");
    assert!(head.contains("multipart/alternative"), "{head}");
    let plain = body.find("Content-Type: text/plain; charset=utf-8").unwrap();
    let html = body.find("Content-Type: text/html; charset=utf-8").unwrap();
    assert!(plain < html, "the last alternative is the richest (RFC 2046 section 5.1.4)");
    assert!(text.lines().all(|line| line.len() <= 998), "RFC 5322 section 2.1.1");
}

#[test]
fn a_message_id_is_the_same_on_every_try_and_differs_between_copies() {
    let id = |node, email, notice| message_id(node, "front.example", account_id(), notice, email);
    let first = id("front", "ann@smith.example", (7, 1000));
    assert_eq!(first, id("front", " Ann@Smith.example", (7, 1000)));
    // Written out, so that no change of ours makes a waiting mail look like another one.
    assert_eq!(first, "<tollguard.1000.7.a3d25dc1449f6e06@front.example>");
    for other in [
        id("pbx", "ann@smith.example", (7, 1000)),
        id("front", "x@y.z", (7, 1000)),
        id("front", "ann@smith.example", (8, 1000)),
    ] {
        assert_ne!(first, other);
    }
}

#[tokio::test]
async fn answers_of_the_server_are_final_or_not() {
    let script = [
        Act::AnswerRcpt("550 5.1.1 no such user"),
        Act::AnswerRcpt("452 4.2.2 mailbox full"),
        Act::AnswerData("451 4.7.1 greylisted"),
        Act::Drop,
        Act::Take,
    ];
    let server = Server::start(&script).await;
    let mailer = mailer(&format!("smtp://{}", server.addr));
    let to = contact("Ann", "ann@smith.example");
    for is_final in [true, false, false, false] {
        let error = mailer.send(&to, &mail(), "<1@front.example>", OPENED_MS).await.unwrap_err();
        assert_eq!(error.is_final(), is_final, "{error:?}");
    }
    mailer.send(&to, &mail(), "<1@front.example>", OPENED_MS).await.unwrap();
    let taken = server.taken();
    assert_eq!(taken.len(), 1);
    assert!(taken[0].from.contains("<alerts@front.example>") && taken[0].to.contains("<ann@smith.example>"));
    let error = mailer.send(&contact("", "nobody"), &mail(), "<1@x>", OPENED_MS).await.unwrap_err();
    assert!(error.is_final() && error.to_string() == "nobody is not an e-mail address", "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    // The port was free a moment ago; the listener is gone.
    let addr = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mailer = mailer(&format!("smtp://{addr}"));
    let error = mailer.send(&contact("", "a@b.c"), &mail(), "<1@x>", OPENED_MS).await.unwrap_err();
    assert!(!error.is_final(), "{error:?}");
}

#[test]
fn tls_can_be_set_up() {
    for url in ["smtps://u:p@mail.front.example", "starttls://mail.front.example", "smtps://[::1]:4650"] {
        mailer(url);
    }
}
