//! The mails against golden files, and with hostile text.

use std::path::Path;

use account::LineKind;
use billing::{Country, Money};
use guard::Action;

use super::*;
use crate::testing::*;

/// Compares with the files in `golden/`; `UPDATE_GOLDEN=1` writes them.
fn check(name: &str, mail: &Mail) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let text = format!("Subject: {}\n\n{}", mail.subject, mail.text);
    for (file, now) in [(format!("{name}.txt"), &text), (format!("{name}.html"), &mail.html)] {
        let path = folder.join(&file);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, now).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(golden == *now, "{file} differs; look at it, then run with UPDATE_GOLDEN=1:\n{now}");
    }
    for line in mail.text.lines() {
        assert!(line.chars().count() < 78 || line.trim_start().starts_with("https://"), "{name}: {line}");
    }
    assert!(mail.html.len() < 90_000, "{name}: mail programs clip at about 100 KB");
    for fetched in ["<img", "<script", "url(", "<link", "@import", "src="] {
        assert!(!mail.html.contains(fetched), "{name}: {fetched}");
    }
}

fn trunk() -> MailContext {
    context("main-trunk", LineKind::Trunk, "Office PBX")
}

fn extension() -> MailContext {
    MailContext { node: "pbx.smith.example".into(), ..context("107", LineKind::Extension, "Spare") }
}

fn mail(incident: guard::Incident, context: &MailContext) -> Mail {
    render(&Notice::Incident(Box::new(incident)), context, OPENED_MS).unwrap()
}

#[test]
fn the_providers_mail() {
    let mail = mail(trunk_incident(), &trunk());
    assert_eq!(
        mail.subject,
        "Tollguard: international calling on trunk main-trunk was stopped at 04:12 (10 calls to Albania)"
    );
    assert!(mail.urgent);
    check("trunk-cut", &mail);
}

#[test]
fn the_mail_of_the_pbx_in_shadow_mode() {
    let mail = mail(extension_incident(), &extension());
    assert!(mail.subject.contains("nothing was stopped"), "{}", mail.subject);
    assert!(mail.html.contains("203.0.113.9, Khan Yunis, Palestine (AS12975 PalTel)"), "{}", mail.text);
    check("extension-shadow", &mail);
}

#[test]
fn the_mail_of_the_pbx_whose_guard_acts() {
    let mut incident = extension_incident();
    incident.shadow = false;
    incident.calls = calls();
    check("extension-cut", &mail(incident, &extension()));
}

#[test]
fn an_alert_stops_nothing_else() {
    let mut incident = extension_incident();
    incident.shadow = false;
    incident.action = Action::Alert;
    incident.calls = calls().split_off(8);
    let mail = mail(incident, &extension());
    assert!(!mail.text.contains("/lift"), "nothing to turn back on: {}", mail.text);
    check("alert", &mail);
}

#[test]
fn the_whole_account_is_cut_over_midnight_with_calls_still_running() {
    let mut incident = trunk_incident();
    incident.action = Action::CutInternational;
    for (at, call) in incident.calls.iter_mut().enumerate() {
        call.start_ms -= 5 * 3_600_000;
        call.number = ["+355691234567", "+38344123456", "+8816123456789", "+23276123456"][at % 4].parse().unwrap();
        call.destination = billing::Destination::of(call.number).name(call.number);
    }
    incident.calls[9].result = "running".into();
    incident.calls[9].charge = None;
    let mut context = trunk();
    context.facts.held = Money::from_cents(120);
    check("account-cut", &mail(incident, &context));
}

#[test]
fn an_emergency_call_is_told() {
    let mut context = context("104", LineKind::Extension, "Reception");
    context.line.caller_id = Some("+13035550104".parse().unwrap());
    let mail = render(&emergency(), &context, OPENED_MS).unwrap();
    assert_eq!(mail.subject, "Tollguard: 911 was dialled on extension 104 at 04:12");
    check("emergency", &mail);
    let test = account::Notice::Emergency {
        line: billing::LineId::new("104").unwrap(),
        number: "933".into(),
        place: "unknown place".into(),
    };
    let mail = render(&test, &context, OPENED_MS).unwrap();
    assert!(!mail.urgent && mail.text.contains("planned test"), "{}", mail.text);
}

#[test]
fn a_low_balance_is_told() {
    let notice = Notice::LowBalance { balance: Money::from_cents(4_72), threshold: Money::from_cents(5_00) };
    let mut context = context("104", LineKind::Extension, "Reception");
    context.line = crate::outbox::LineFacts::default();
    let mail = render(&notice, &context, OPENED_MS).unwrap();
    assert!(!mail.urgent && mail.text.contains("below $5.00"), "{}", mail.text);
    check("low-balance", &mail);
}

#[test]
fn each_fact_stands_in_both_alternatives() {
    let mail = mail(trunk_incident(), &trunk());
    for fact in [
        "main-trunk",
        "192.0.2.10",
        "Denver",
        "+355691234567",
        "04:05:10",
        "MDT, America/Denver",
        "answered 31 s",
        "$0.28",
        "$0.35",
        "$49.72",
        "told by your PBX, not proven",
        "203.0.113.9",
        "Khan Yunis",
        "911",
        "https://portal.frontrange.example/accounts/smith-law/incidents/i0000000000qqd",
        "https://portal.frontrange.example/accounts/smith-law/incidents/i0000000000qqd/lift",
        "https://portal.frontrange.example/accounts/smith-law/lines/main-trunk/secret",
        "https://portal.frontrange.example/lockout",
    ] {
        let (text, html) = (mail.text.to_lowercase(), mail.html.to_lowercase());
        assert!(text.contains(&fact.to_lowercase()), "{fact} in\n{text}");
        assert!(html.contains(&fact.to_lowercase()), "{fact} in\n{html}");
    }
}

#[test]
fn markup_and_control_characters_of_others_stay_text() {
    let mut incident = trunk_incident();
    let evil = "<script>alert(1)</script>\r\nBcc: x@y\u{202e}\" onload='x' &amp; \u{0}";
    incident.told = vec![evil.into()];
    incident.evidence[0].text = evil.into();
    incident.calls[0].result = evil.into();
    incident.calls[0].destination = evil.into();
    incident.origins[0].1.city = Some(evil.into());
    incident.origins[0].1.network = Some(evil.into());
    let mut context = trunk();
    context.line.name = evil.into();
    context.facts.settings.name = evil.into();
    context.facts.settings.time_zone = evil.into();
    let plain = mail(trunk_incident(), &trunk());
    for action in [Action::Alert, Action::CutLine, Action::CutInternational] {
        incident.action = action;
        let mail = mail(incident.clone(), &context);
        assert!(!mail.html.contains("<script"), "{}", mail.html);
        assert!(!mail.html.contains("onload='"), "quotes are escaped");
        for text in [&mail.subject, &mail.text, &mail.html] {
            assert!(!text.contains(['\r', '\u{0}', '\u{202e}']), "{text}");
        }
        assert!(!mail.subject.contains('\n'), "{}", mail.subject);
        assert!(!mail.text.contains("\nBcc:"), "{}", mail.text);
        assert_eq!(mail.html.matches("<h1").count(), plain.html.matches("<h1").count());
    }
}

#[test]
fn long_text_and_many_calls_are_cut_short() {
    let mut incident = trunk_incident();
    incident.told = vec!["x".repeat(100_000)];
    let first = incident.calls[0].clone();
    incident.calls = vec![first; 100];
    let mut more = incident.origins[0].clone();
    more.0 = "192.0.2.11".parse().unwrap();
    incident.origins = vec![more; 5];
    let mail = mail(incident, &trunk());
    assert!(mail.subject.contains("(100 or more calls to Albania)"), "{}", mail.subject);
    assert!(mail.text.contains("The first 40 of 100 or more calls"), "{}", mail.text);
    assert!(mail.html.contains("and 2 more addresses"), "{}", mail.html);
    assert!(mail.html.len() < 90_000, "{}", mail.html.len());
}

#[test]
fn an_incident_without_calls_or_line_is_still_told() {
    let mut incident = trunk_incident();
    incident.calls.clear();
    incident.origins.clear();
    incident.evidence.clear();
    let mut context = trunk();
    context.line.kind = None;
    let mail = mail(incident, &context);
    assert!(mail.subject.contains("on line main-trunk"), "{}", mail.subject);
}

#[test]
fn home_is_the_accounts_own() {
    let mut context = trunk();
    context.facts.settings.country = "GB".parse().unwrap();
    let british = mail(trunk_incident(), &context);
    assert!(british.text.contains("Calls at home (United Kingdom):"), "{}", british.text);
    assert!(british.text.contains("999"), "{}", british.text);
    assert!(!british.text.contains("Jamaica"), "{}", british.text);
    context.facts.settings.country = Country::CA;
    let canadian = mail(trunk_incident(), &context);
    assert!(canadian.text.contains("(Canada and United States)"), "{}", canadian.text);
}

fn waiting(id: i64, notice: Notice) -> crate::Waiting {
    let created_ms = OPENED_MS + 60_000 * id as u64;
    crate::Waiting { id, account: account_id(), created_ms, notice, attempts: 0 }
}

#[test]
fn news_comes_in_one_mail() {
    let line = || billing::LineId::new("107").unwrap();
    let mut closed = trunk_incident();
    closed.closed_ms = Some(OPENED_MS);
    closed.state = guard::IncidentState::Lifted;
    let country = Notice::NewCountry { line: line(), country: "AL".into(), number: "+355691234567".into() };
    let place = "Khan Yunis, Palestine (AS12975 PalTel)".to_owned();
    let network = Notice::NewNetwork { line: line(), ip: "203.0.113.9".parse().unwrap(), place };
    let told = [waiting(1, country.clone()), waiting(2, network), waiting(3, Notice::IncidentClosed(Box::new(closed)))];
    let mail = render_news(&told, &extension()).unwrap();
    assert_eq!(mail.subject, "Tollguard: 3 things are new on your account");
    let flat = mail.text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("Albania") && flat.contains("international calling is back on"), "{flat}");
    check("news", &mail);
    let one = render_news(&[waiting(1, country)], &extension()).unwrap();
    assert!(one.subject.contains("Line 107 called Albania"), "{}", one.subject);
    let mut further = trunk_incident();
    further.action = guard::Action::CutInternational;
    check(
        "incident-updated",
        &render_news(&[waiting(1, Notice::IncidentUpdated(Box::new(further)))], &extension()).unwrap(),
    );
    let mut closed = trunk_incident();
    closed.state = guard::IncidentState::Theirs;
    check(
        "incident-closed",
        &render_news(&[waiting(1, Notice::IncidentClosed(Box::new(closed)))], &extension()).unwrap(),
    );
}

#[test]
fn administrators_are_told_of_the_disk() {
    use crate::render::{DiskAlarm, render_alarm};
    let portal = trunk().portal;
    for (alarm, name) in
        [(DiskAlarm::Full, "disk-full"), (DiskAlarm::Hung, "disk-hung"), (DiskAlarm::Over, "disk-over")]
    {
        check(name, &render_alarm(alarm, "Front Range Telecom", &portal, OPENED_MS).unwrap());
    }
}

#[test]
fn users_are_written_to() {
    for (kind, name, text) in [
        (store::LetterKind::Invitation, "invitation", "Ann Smith invites you to Front Range Telecom."),
        (store::LetterKind::Reset, "reset", "Somebody at 203.0.113.9 asked for it."),
        (store::LetterKind::Security, "security", "Your password was changed."),
    ] {
        let facts = LetterFacts {
            kind,
            text: text.into(),
            login: "ben".into(),
            node: "Front Range Telecom".into(),
            url: "https://portal.frontrange.example/once/0102".into(),
            until_ms: OPENED_MS + store::RESET_MS,
            time_zone: "America/Denver".into(),
        };
        check(name, &letter(&facts).unwrap());
    }
}
