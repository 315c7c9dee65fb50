//! The configuration: what a minimal file means, the template, and every mistake told at once.

use std::path::Path;

use super::template::{Answers, write};
use super::*;

const MINIMAL: &str = "data_dir = \"data\"\n[sip]\nlisten = [\"192.0.2.10:5060\"]\nrealm = \"voice.example.net\"\n";

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, Path::new("/etc/tollguard"))
        .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

#[test]
fn a_minimal_file_is_enough() {
    let config = parse(MINIMAL).unwrap();
    assert_eq!(config.data_dir, Path::new("/etc/tollguard/data"));
    assert_eq!(config.media.ip.to_string(), "192.0.2.10");
    assert_eq!(config.media.advertised, config.media.ip);
    assert_eq!(config.media.ports, (20_000, 29_999));
    assert_eq!(config.sip.expires_s, (60, 600, 3600));
    assert_eq!(config.lockout, lockout::Settings::default());
    let edge = config.edge(&["192.0.2.10:5060".parse().unwrap()]);
    assert_eq!(edge.advertised.to_string(), "192.0.2.10:5060");
    assert!(edge.relay && !edge.sha256 && edge.warning);
}

#[test]
fn all_mistakes_are_told_together() {
    let text = r#"dat_dir = "data"
[sip]
listen = ["192.0.2.10", "0.0.0.0:5060"]
ring_limit_s = "long"
max_calls = 0
lisen = 1
[media]
ports = "30000-20000"
[mail]
smtp = "mail.example.net"
from = "nobody"
[geo]
city = "nowhere.mmdb"
[[network]]
name = "Office"
range = "192.0.2.0/40"
country = "USA"
[lockout]
failures = 0
allow = ["192.0.2.0/24", "home"]
"#;
    same_lines(
        &parse(text).unwrap_err(),
        "line 1: dat_dir: there is no such option here; there are data_dir, name, role, user, workers, sip, tls, certificate, media, portal, mail, geo, network, retention, lockout
line 3: sip.listen: `192.0.2.10` is not an address with a port, such as 192.0.2.10:5060
line 3: sip.listen: 0.0.0.0:5060 listens on every address: set sip.advertised to the one that phones reach
line 4: sip.ring_limit_s: invalid type: string \"long\", expected u32
line 5: sip.max_calls: is 0: it must be 1 to 10000
line 6: sip.lisen: there is no such option here; there are listen, advertised, realm, dns, sha256, warning, ignored_agents, redirect, ring_limit_s, max_calls, \
drain_s, expires_min_s, expires_max_s, expires_default_s
line 8: media.ports: 30000-20000 is no range of at least 8 ports above 1023
line 10: mail.smtp: mails link to the portal: set portal.listen or portal.url
line 10: mail.smtp: the mail server's address must begin with smtp://, starttls:// or smtps://
line 13: geo.city: there is no file /etc/tollguard/nowhere.mmdb
line 16: network[1].range: `192.0.2.0/40` is neither an address nor a range such as 192.0.2.0/24
line 17: network[1].country: is not a two-letter country code such as \"US\"
line 18: lockout: failures is 0: it must be 1 to 100
line 20: lockout.allow: `home` is neither an address nor a range
data_dir: is missing: name the folder for journal and database
sip.realm: is missing: name this service, e.g. \"voice.example.net\"",
    );
}

#[test]
fn tls_needs_a_certificate_and_a_port_of_its_own() {
    let error = parse(&format!("{MINIMAL}[tls]\nlisten = [\"192.0.2.10:5061\"]\n")).unwrap_err();
    assert!(error.contains("tls.certificate: is missing") && error.contains("tls.key: is missing"), "{error}");
    let error = parse(&format!("{MINIMAL}[tls]\nlisten = [\"192.0.2.10:5060\"]\nkey = \"k.pem\"\n")).unwrap_err();
    assert!(error.contains("tls.key: there is no file"), "{error}");
    let listen = parse(MINIMAL).unwrap().sip.listen[0];
    let error = parse(&format!("{MINIMAL}[tls]\nlisten = [\"{listen}\"]\n")).unwrap_err();
    assert!(error.contains("is for TCP already"), "{error}");
}

#[test]
fn proxies_are_addresses_or_networks_and_payments_have_a_file() {
    let portal = |option: &str| parse(&format!("{MINIMAL}[portal]\n{option}\n"));
    let config = portal("proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]").unwrap();
    let proxies: Vec<String> = config.portal.proxies.iter().map(ToString::to_string).collect();
    assert_eq!(proxies, ["127.0.0.1/32", "10.0.0.0/8"]);
    let error = portal("proxies = [\"proxy.example\"]").unwrap_err();
    assert!(error.contains("portal.proxies: `proxy.example` is not an IP address or a network"), "{error}");
    let error = portal("payment_secret_file = \"nowhere\"").unwrap_err();
    assert!(error.contains("portal.payment_secret_file: there is no file"), "{error}");
}

#[test]
fn mail_needs_a_sender_and_a_portal_to_link_to() {
    let error = parse(&format!("{MINIMAL}[mail]\nsmtp = \"smtp://localhost\"\n")).unwrap_err();
    assert_eq!(error, "mail.from: is missing: mail needs a sender");
    let mail = "[mail]\nsmtp = \"smtp://localhost\"\nfrom = \"Tollguard <t@example.net>\"\n";
    assert!(parse(&format!("{MINIMAL}{mail}")).unwrap_err().contains("mails link to the portal"));
    parse(&format!("{MINIMAL}{mail}[portal]\nlisten = \"127.0.0.1:0\"\n")).unwrap();
    let error = parse(&format!("{MINIMAL}[portal]\nlisten = \"0.0.0.0:80\"\n")).unwrap_err();
    assert!(error.starts_with("portal.url: is missing"), "{error}");
}

/// Compares line by line, so that a difference is easy to see.
fn same_lines(found: &str, expected: &str) {
    let (found, expected): (Vec<&str>, Vec<&str>) = (found.lines().collect(), expected.lines().collect());
    assert_eq!(found, expected);
}

#[test]
fn what_is_not_toml_is_told_with_its_line() {
    let error = parse("data_dir = \"data\"\n[sip\n").unwrap_err();
    assert!(error.starts_with("line 2: "), "{error}");
}

#[test]
fn a_section_must_be_one() {
    let error = parse(&format!("mail = 3\nnetwork = \"x\"\n{MINIMAL}")).unwrap_err();
    assert!(error.contains("line 1: mail: is a section: write [mail]"), "{error}");
    assert!(error.contains("line 2: network: can stand several times: write [[network]]"), "{error}");
}

#[test]
fn listening_everywhere_needs_an_advertised_address() {
    let text = "data_dir = \"d\"\n[sip]\nlisten = [\"0.0.0.0:5060\"]\nadvertised = \"198.51.100.7\"\nrealm = \"r\"\n";
    let config = parse(text).unwrap();
    assert_eq!(config.media.ip.to_string(), "0.0.0.0");
    assert_eq!(config.media.advertised.to_string(), "198.51.100.7");
    assert_eq!(config.edge(&["0.0.0.0:5060".parse().unwrap()]).advertised.to_string(), "198.51.100.7:5060");
}

#[test]
fn voice_has_an_address_of_either_family_where_sip_has() {
    let text = MINIMAL.replace("5060\"]", "5060\", \"[2001:db8::1]:5060\"]");
    let other = |text: &str| parse(text).map(|config| config.media.other_ip.map(|ip| ip.to_string()));
    assert_eq!(other(MINIMAL), Ok(None));
    assert_eq!(other(&text), Ok(Some("2001:db8::1".into())));
    assert_eq!(other(&format!("{text}[media]\nother_ip = \"2001:db8::2\"\n")), Ok(Some("2001:db8::2".into())));
    assert_eq!(other(&format!("{text}[media]\nip = \"2001:db8::3\"\n")), Ok(Some("192.0.2.10".into())));
    for wrong in ["192.0.2.11", "::"] {
        let error = other(&format!("{MINIMAL}[media]\nother_ip = \"{wrong}\"\n")).unwrap_err();
        assert!(error.contains("media.other_ip: must be one IPv6 address"), "{error}");
    }
}

fn answers() -> Answers {
    Answers {
        name: "Example Voice".into(),
        data_dir: "data".into(),
        listen: vec!["192.0.2.10:5060".parse().unwrap(), "[2001:db8::1]:5060".parse().unwrap()],
        advertised: None,
        realm: "voice.example.net".into(),
        portal: "127.0.0.1:8080".parse().unwrap(),
    }
}

#[test]
fn the_template_is_a_configuration_with_the_defaults() {
    let text = write(&answers());
    let config = parse(&text).unwrap();
    assert_eq!(config.sip.listen, answers().listen);
    let mut minimal = parse(MINIMAL).unwrap();
    minimal.sip.listen = answers().listen;
    minimal.media.other_ip = Some(answers().listen[1].ip());
    minimal.name = answers().name;
    minimal.portal.listen = Some(answers().portal);
    assert_eq!(config, minimal);
}

/// Every option that the template shows in a comment is read, and shows its default.
#[test]
fn what_the_template_shows_is_the_default() {
    let text = write(&answers());
    let mut shown = String::new();
    for line in text.lines() {
        let option = line.strip_prefix("# ").filter(|rest| {
            rest.split_once(" = ").is_some_and(|(key, _)| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        });
        let example = [
            "role",
            "user",
            "workers",
            "listen",
            "certificate",
            "key",
            "file",
            "clients",
            "trusted",
            "advertised",
            "ip",
            "other_ip",
            "url",
            "proxies",
            "warning",
            "dns",
            "rtpengine",
            "payment_secret_file",
            "smtp",
            "from",
            "city",
            "asn",
            "country",
            "name",
            "range",
            "network",
            "numbers_days",
            "calls_days",
            "incidents_days",
            "mails_days",
            "audit_days",
        ];
        match option {
            Some(option) if !example.iter().any(|key| option.starts_with(&format!("{key} ="))) => {
                shown.push_str(option)
            }
            _ => shown.push_str(line),
        }
        shown.push('\n');
    }
    let mut config = parse(&shown).unwrap();
    assert_eq!(config.lockout.allow_list.len(), 1, "the example was read");
    config.lockout.allow_list.clear();
    assert_eq!(config, parse(&text).unwrap());
}

#[test]
fn the_mail_password_is_not_shown() {
    let mail = Mail { smtp: "smtps://user:pa@ss@mail.example.net".into(), from: "a@b".into() };
    assert_eq!(format!("{mail:?}"), "Mail(smtps://mail.example.net, from a@b)");
}

#[test]
fn accounts_and_lines_that_only_ask_are_named() {
    let text = "data_dir = \"data\"\n[sip]\nlisten = [\"192.0.2.10:5060\"]\nrealm = \"x\"\nredirect = ";
    let config = parse(&format!("{text}[\"law-000\", \"harbor/trunk-1\"]")).unwrap();
    let named: Vec<_> =
        config.sip.redirect.iter().map(|asking| (asking.account.as_str(), asking.line.is_some())).collect();
    assert_eq!(named, [("law-000", false), ("harbor", true)]);
    same_lines(
        &parse(&format!("{text}[\"law/\", \"A B\"]")).unwrap_err(),
        "line 5: sip.redirect: `law/` is neither an account, such as law-000, nor a line of one, such as law-000/trunk-1
line 5: sip.redirect: `A B` is neither an account, such as law-000, nor a line of one, such as law-000/trunk-1",
    );
}
