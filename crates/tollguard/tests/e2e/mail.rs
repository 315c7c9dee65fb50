//! Warnings as a real mail server receives them.

use std::time::Duration;

use billing::{Cdr, Decision, HungUpBy};
use guard::{Action, Incident};

use crate::support::{
    CONTACT, Hosts, Mail, MailServer, Node, NodeOptions, Office, SOON, Sipp, secret, wait_for, wait_until,
};

/// What the thief's tool calls itself.
const SCANNER: &str = "friendly-scanner";

/// A node that mails through `server` and has its portal at a name.
fn options(server: &MailServer) -> NodeOptions {
    let options = NodeOptions::default().set("smtp", &server.url()).set("from", "\"Tollguard <guard@sip.test>\"");
    options.set("url", "\"https://portal.sip.test\"")
}

#[test]
fn a_hijacked_trunk_is_cut_and_its_owner_told() {
    let hosts = Hosts::new();
    let server = MailServer::start((hosts.host(25), 2525).into());
    let office = Office::new(hosts.sip(2), "50").trunk("pbx", "firm-pbx");
    let node = Node::start(hosts, &options(&server).set("enabled", "false"), &office);
    let _carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).calls(1_000, 1).start();
    let pbx = |number: &str| {
        let pbx = Sipp::calling("call", hosts.sip(20), node.ip()).dial(number);
        pbx.login("firm-pbx", &secret("firm-pbx")).run()
    };
    pbx("13035550123");
    let guesses = Sipp::calling("register_wrong", hosts.sip(66), node.ip()).calls(30, 100);
    guesses.login("firm-pbx", "guess").agent(SCANNER).run();
    let attack = |port, number: &str| {
        let thief = Sipp::calling("call_until_bye", (hosts.host(66), port).into(), node.ip()).dial(number);
        thief.login("firm-pbx", &secret("firm-pbx")).agent(SCANNER).calls(8, 4).start()
    };
    let attacks = [attack(5060, "011355691234567"), attack(5062, "011355687654321")];
    let incident =
        wait_for(SOON, "a cut", || node.incidents().into_iter().find(|incident| incident.action > Action::Alert));
    // Running calls are hung up and further ones refused, so that all of them end.
    for attack in attacks {
        attack.end();
    }
    let mail = server.expect("international calling");
    assert_eq!(mail.from, "Tollguard <guard@sip.test>");
    assert!(mail.to.contains(CONTACT) && !mail.message_id.is_empty(), "{mail:?}");
    let (link, thief) = (format!("https://portal.sip.test/accounts/firm/incidents/{}", incident.id), hosts.host(66));
    let facts = ["+355691234567", "Albania", "pbx", &thief.to_string(), "hung up by the guard", &link];
    for part in [&mail.text, &mail.html] {
        for fact in facts {
            assert!(part.contains(fact), "`{fact}` is not in\n{part}");
        }
    }
    let cdrs = node.cdrs();
    let cut = |cdr: &&Cdr| cdr.result.hung_up_by == HungUpBy::Node { why: "cut by the guard".into() };
    assert!(cdrs.iter().any(|cdr| cut(&cdr)), "{cdrs:#?}");
    assert!(cdrs.iter().any(|cdr| cdr.verdict.decision == Decision::Refused), "{cdrs:#?}");
    one_sentence_everywhere(&node, &incident, &mail);
    pbx("13035550123");
    let at_home = |cdr: &&Cdr| cdr.number.dialled == "13035550123" && cdr.result.sip_status == 200;
    wait_until(SOON, "home calls to go on", || node.cdrs().iter().filter(at_home).count() == 2);
}

/// The thief tries once more, and everybody who asks why is told the same: the caller in SIP (Reason of RFC 3326, Warning
/// 399 of RFC 3261 section 20.43), the call record, the mail and the command line.
fn one_sentence_everywhere(node: &Node, incident: &Incident, mail: &Mail) {
    let thief = Sipp::calling("call_refused", (node.hosts.host(66), 5070).into(), node.ip()).dial("011355691234567");
    let heard = thief.login("firm-pbx", &secret("firm-pbx")).agent(SCANNER).run();
    let (why, sentence) = (incident.why(), incident.refusal());
    assert!(why.starts_with("stopped by the guard at ") && sentence.ends_with(&why), "{sentence}");
    let reason = format!("Reason: Q.850;cause=21;text=\"{sentence}\"");
    let has = |header: &str, text: &str| heard.lines().any(|line| line.starts_with(header) && line.contains(text));
    assert!(has("Reason:", &reason), "{reason} is not among\n{heard}");
    assert!(has("Warning: 399 ", &sentence), "{heard}");
    let cdr = node.cdrs().into_iter().rfind(|cdr| cdr.verdict.decision == Decision::Refused).unwrap();
    assert_eq!((cdr.result.reason.as_str(), cdr.verdict.reasons[0].as_str()), (sentence.as_str(), sentence.as_str()));
    assert!(node.command(&["cdr", "show", &cdr.call.to_string()]).contains(&sentence));
    assert!(node.command(&["incident", "show", &incident.id.to_string()]).contains(&why));
    let flat = mail.text.split_whitespace().collect::<Vec<_>>().join(" ");
    // A sentence of its own in the mail: it begins with a capital letter.
    assert!(flat.contains(why.trim_start_matches('s')), "`{why}` is not in\n{}", mail.text);
}

#[test]
fn an_emergency_call_is_told_also_when_the_mail_server_was_away() {
    let hosts = Hosts::new();
    let mut server = MailServer::start((hosts.host(25), 2525).into());
    server.stop();
    let office = Office::new(hosts.sip(2), "0").extension("101", "alice");
    let mut node = Node::start(hosts, &options(&server), &office);
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).start();
    Sipp::calling("call", hosts.sip(10), node.ip()).dial("911").login("alice", &secret("alice")).run();
    carrier.finish();
    node.expect_cdr();
    node.kill();
    server.restart();
    node.serve();
    // The second try comes half a minute after the first.
    let mail = server.expect_within(Duration::from_secs(60), "911");
    assert!(mail.to.contains(CONTACT), "{mail:?}");
    for part in [&mail.text, &mail.html] {
        for fact in ["911", "101"] {
            assert!(part.contains(fact), "`{fact}` is not in\n{part}");
        }
    }
}
